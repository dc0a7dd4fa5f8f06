"""``instruct`` with a plan of variations: from a file to pictures, the same words as for every other kind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lorakeeper.testing.fake_gemini import KEY, FakeGemini, faults
from lorakeeper.testing.pictures import photograph, png


def photo(seed: int) -> bytes:
    return png(photograph(seed, (192, 192)))


async def test_plan_of_variations_from_file_to_pictures(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = tmp_path / "data" / "pictures"
    (pictures / "input").mkdir(parents=True)
    (pictures / "input" / "cat.png").write_bytes(photo(1))
    payload = {"images": ["input/cat.png"], "count": 2, "size": "512", "title": "Cats"}
    plan = tmp_path / "plan.json"
    plan.write_text(
        json.dumps({"lorakeeper": 1, "instructions": [{"title": "Cats", "kind": "variations", "payload": payload}]})
    )
    async with FakeGemini(side=64) as gemini:
        monkeypatch.setenv("LORAKEEPER_GEMINI_URL", gemini.url)
        monkeypatch.setenv("GEMINI_API_KEY", KEY)
        gemini.faults += [faults.Given(photo(10)), faults.Given(photo(11))]

        [made] = (await run("instruct", "import", plan, "--json")).json
        validated = await run("instruct", "validate", made["id"])
        assert (await run("instruct", "approve", made["id"])).code == 0
        done = await run("instruct", "execute", made["id"], "--wait")
        shown = await run("instruct", "show", made["id"])

    assert validated.code == 0
    assert "at most $0.27" in validated.out
    assert "at least $0.09" in validated.out
    assert (done.code, "executed" in done.out) == (0, True)
    assert "folder: output/lorakeeper/Cats" in shown.out
    assert len(list((pictures / "output" / "lorakeeper" / "Cats").glob("*.png"))) == 2
    assert KEY not in validated.out + done.out + shown.out
