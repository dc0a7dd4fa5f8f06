"""The insert button's route."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"prompt": "a cat", "words": ["ink wash"], "placement": "before"}, "ink wash, a cat"),
        ({"prompt": "a cat", "words": ["ink wash"], "placement": "after", "separator": " | "}, "a cat | ink wash"),
        ({"prompt": "a cat", "words": ["Cat, \\(kitty\\)"], "weight": 1.2}, "(\\(kitty\\):1.2), a cat"),
    ],
)
async def test_words_are_put_in_once(door: Any, body: dict[str, Any], expected: str) -> None:
    assert (await door("POST", "prompt/trigger-words", body)).json == {"prompt": expected}


async def test_unknown_placement_is_named(door: Any) -> None:
    answer = await door("POST", "prompt/trigger-words", {"prompt": "", "words": [], "placement": "middle"})

    assert answer.status == 422
    assert "placement" in answer.message
