"""Plans of variations: from a draft to pictures, and what is said before of what they would make and cost."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lorakeeper.py.bulk.instructions import InstructionKind, InstructionStatus, NewInstruction, Validation
from lorakeeper.py.bulk.instructions.documents import Line
from lorakeeper.py.errors import InvalidOperationError, UsageError
from lorakeeper.testing.fake_gemini import KEY
from lorakeeper.testing.pictures import blurred, photograph, png

from .variation_rig import FOLDER, GOOD, PRICE, SIZE, Rig


def kinds(of: Line | Validation) -> set[str]:
    return {remark.kind for remark in of.remarks}


# -- The life of one -------------------------------------------------------------------------------------------------


async def test_from_draft_to_pictures(rig: Rig) -> None:
    plan = await rig.plan("a.png", "b.png", count=2)
    validated = await rig.app.instructions.validate(plan.id)
    assert validated.validation
    assert not rig.fake.requests
    assert [line.outcome for line in validated.validation.lines] == ["do", "do"]
    assert {line.folder for line in validated.validation.lines} == {FOLDER}
    await rig.app.instructions.approve(plan.id)
    rig.gives(GOOD[0], blurred(GOOD[1]), GOOD[2], GOOD[3], GOOD[4])
    news: list[dict[str, Any]] = []

    done = await rig.app.instructions.execute(plan.id, progress=news.append)

    assert (done.status, done.error) == (InstructionStatus.EXECUTED, None)
    assert done.result
    told = ("folder", "images", "files", "successful", "rejected", "failed", "attempts", "problems")
    assert [done.result[name] for name in told] == [FOLDER, 2, 4, 4, 1, 0, 5, []]
    assert done.result["estimated_cost"] == pytest.approx(5 * PRICE, rel=0.1)
    assert rig.files == ["a-001.png", "a-002.png", "b-001.png", "b-002.png"]
    assert (rig.output / "b-002.png").read_bytes() == png(GOOD[4])
    assert [(each["images"], each["of"]) for each in news] == [(0, 2), (1, 2), (2, 2)]
    report = json.loads(rig.app.pictures.path(str(done.result["report"])).read_text("utf-8"))
    assert [[file["name"] for file in entry["files"]] for entry in report["entries"]] == [rig.files[:2], rig.files[2:]]
    assert KEY not in json.dumps(report)


async def test_through_the_file_of_a_friend(rig: Rig) -> None:
    plan = await rig.plan("a.png", count=3, thresholds={"diversity": 0.2}, seed=4)

    (copy,) = await rig.app.instructions.read(await rig.app.instructions.write([plan.id]))

    assert (copy.kind, copy.title, copy.payload) == (plan.kind, plan.title, plan.payload)
    with pytest.raises(UsageError, match="no download"):
        await rig.app.instructions.write([plan.id], as_list=True)


async def test_names_are_kept_with_slashes(rig: Rig) -> None:
    plan = await rig.plan(" sub\\c.png ")

    assert plan.payload["images"] == ["input/ sub/c.png"]


@pytest.mark.parametrize(
    "payload", [{}, {"images": []}, {"images": ["input/a.png"], "count": 0}, {"images": ["input/a.png"], "key": "x"}]
)
async def test_payload_that_makes_no_sense_is_refused(rig: Rig, payload: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="payload"):
        await rig.app.instructions.create(NewInstruction(kind=InstructionKind.VARIATIONS, payload=payload))


# -- What is said before ---------------------------------------------------------------------------------------------


async def test_every_image_has_its_line(rig: Rig) -> None:
    rig.puts("text.png", b"no picture at all")
    rig.puts("cut.png", png(GOOD[0])[:900])
    rig.puts("copy.png", photograph(1, SIZE))

    found = await rig.looked("a.png", "none.png", "text.png", "../../settings.json", "copy.png", "cut.png", "b.png")

    outcomes = ["do", "refused", "refused", "refused", "owned", "refused", "do"]
    assert [line.outcome for line in found.lines] == outcomes
    remarks = [set(), {"missing"}, {"picture"}, {"outside"}, {"twice"}, {"picture"}, set()]
    assert [kinds(line) for line in found.lines] == remarks
    assert [line.number for line in found.lines] == [1, 2, 3, 4, 5, 6, 7]
    assert (found.files, found.owned, found.refused) == (2, 1, 4)
    assert all(remark.text.endswith(".") for line in found.lines for remark in line.remarks)


async def test_cost_is_told_at_least_and_at_most(rig: Rig) -> None:
    found = await rig.looked("a.png", "b.png", count=2, attempts=2)

    assert found.cost == pytest.approx(2 * 2 * 2 * PRICE, rel=0.05)
    assert kinds(found) == {"cost"}
    assert "at least $0.18" in found.remarks[0].text
    assert "at most $0.37" in found.remarks[0].text


async def test_budget_bounds_the_cost_and_may_not_be_enough(rig: Rig) -> None:
    enough = await rig.looked("a.png", "b.png", budget=0.2)
    short = await rig.looked("a.png", "b.png", budget=0.05)

    assert (enough.cost, kinds(enough)) == (0.2, {"cost"})
    assert (short.cost, kinds(short)) == (0.05, {"cost", "budget"})


async def test_what_is_kept_costs_nothing_and_needs_no_key(rig: Rig) -> None:
    rig.gives(GOOD[0])
    plan = await rig.approved("a.png")
    await rig.app.instructions.execute(plan.id)
    rig.app.credentials.forget("gemini")

    found = await rig.looked("a.png", "b.png")

    assert [(line.outcome, kinds(line)) for line in found.lines] == [("do", {"kept"}), ("refused", {"key"})]
    assert "at least $0.00" in next(remark.text for remark in found.remarks if remark.kind == "cost")


async def test_without_a_key_nothing_can_be_approved(rig: Rig) -> None:
    rig.app.credentials.forget("gemini")
    plan = await rig.plan("a.png")
    validated = await rig.app.instructions.validate(plan.id)

    assert validated.validation
    assert kinds(validated.validation.lines[0]) == {"key"}
    with pytest.raises(InvalidOperationError, match="can't be approved"):
        await rig.app.instructions.approve(plan.id)


async def test_model_without_a_price(rig: Rig) -> None:
    free = await rig.looked("a.png", model="gemini-9-image")
    bounded = await rig.looked("a.png", model="gemini-9-image", budget=1)

    assert (free.cost, free.lines[0].outcome, kinds(free)) == (None, "do", {"model"})
    assert (bounded.lines[0].outcome, kinds(bounded.lines[0])) == ("refused", {"model"})


async def test_wish_that_makes_no_sense(rig: Rig) -> None:
    found = await rig.looked("a.png", thresholds={"similarity_min": 0.9, "similarity_max": 0.1})

    assert (found.lines[0].outcome, kinds(found.lines[0])) == ("refused", {"wish"})


async def test_references_are_looked_at(rig: Rig) -> None:
    missing = await rig.looked("a.png", references=["input/none.png"])
    many = await rig.looked("a.png", references=["input/b.png"] * 3, model="gemini-2.5-flash-image", size=None)

    assert (missing.lines[0].outcome, kinds(missing.lines[0])) == ("refused", {"reference"})
    assert (many.lines[0].outcome, kinds(many)) == ("do", {"references", "cost"})


async def test_room_for_the_pictures_is_looked_for(rig: Rig) -> None:
    rig.app.space.free = lambda folder: 1_000_000

    plan = await rig.plan("a.png", "b.png", count=3)
    validated = await rig.app.instructions.validate(plan.id)

    assert validated.validation
    assert kinds(validated.validation) >= {"space"}
    assert validated.validation.rooms[0].needed > 1_000_000
    with pytest.raises(InvalidOperationError, match="free some space"):
        await rig.app.instructions.approve(plan.id)
