"""What the filters for duplicates remember, and how it is forgotten."""

from __future__ import annotations

from typing import Any

from lorakeeper.py.app import App
from lorakeeper.testing.pictures import photograph


async def test_a_memory_is_counted_and_forgotten_alone(door: Any, app: App) -> None:
    pictures = [photograph(seed) for seed in range(2)]
    assert {each["name"]: each["pictures"] for each in (await door("GET", "image-filters")).json["items"]} == {
        "session": 0,
        "ever": 0,
    }
    await app.filters.compare(pictures, scope="session")
    await app.filters.compare(pictures[:1], scope="ever")

    left = (await door("DELETE", "image-filters/session")).json["items"]

    assert left == [{"name": "session", "pictures": 0}, {"name": "ever", "pictures": 1}]
    assert (await door("GET", "image-filters")).json["items"] == left
    assert [each.is_new for each in await app.filters.compare(pictures, scope="session")] == [True, True]
    assert [each.is_new for each in await app.filters.compare(pictures, scope="ever")] == [False, True]


async def test_a_memory_that_there_is_none_of_is_422(door: Any) -> None:
    for name in ("batch", "all", "..%2f"):
        assert (await door("DELETE", f"image-filters/{name}")).status == 422
