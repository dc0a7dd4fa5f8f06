"""Plans of variations: what they would make and cost, and that they make it once, within the budget."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from lorakeeper.py.app import App
from lorakeeper.py.bulk.instructions import (
    Instruction,
    InstructionKind,
    InstructionStatus,
    NewInstruction,
    Validation,
    VariationsKind,
)
from lorakeeper.py.bulk.instructions.documents import Line
from lorakeeper.py.bulk.instructions.ledger import Ledger, Shelf, opened
from lorakeeper.py.errors import InvalidOperationError, UsageError
from lorakeeper.py.variations.outcomes import Picture
from lorakeeper.py.variations.requests import Variation, VariationReport
from lorakeeper.testing.fake_gemini import KEY, FakeGemini, faults
from lorakeeper.testing.pictures import blurred, photograph

STATES = InstructionStatus
PRICE = 0.045  # of the smallest image of the usual model
SIZE = (192, 192)
GOOD = [photograph(seed, SIZE) for seed in range(10, 16)]
FOLDER = "output/lorakeeper/Hills"


def png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


@dataclass
class Rig:
    app: App
    fake: FakeGemini

    @property
    def kind(self) -> VariationsKind:
        return VariationsKind(self.app.variations, self.app.pictures, self.app.space, lambda: True)

    @property
    def output(self) -> Path:
        return self.app.pictures.results("Hills")

    @property
    def files(self) -> list[str]:
        return sorted(path.name for path in self.output.glob("*.png"))

    def puts(self, name: str, content: Image.Image | bytes) -> Path:
        path = self.app.home / "pictures" / "input" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else png(content))
        return path

    def gives(self, *images: Image.Image) -> None:
        self.fake.faults += [faults.Given(png(image)) for image in images]

    async def plan(self, *names: str, **fields: Any) -> Instruction:
        """A draft; ``a.png`` and ``b.png`` are there."""
        payload = {
            "images": [f"input/{name}" for name in names],
            "prompt": "a hill",
            "size": "512",
            "title": "Hills",
            **{"count": 1, **fields},
        }
        return await self.app.instructions.create(
            NewInstruction(title="Many hills", kind=InstructionKind.VARIATIONS, payload=payload)
        )

    async def looked(self, *names: str, **fields: Any) -> Validation:
        validated = await self.app.instructions.validate((await self.plan(*names, **fields)).id)
        assert validated.validation
        return validated.validation

    async def approved(self, *names: str, **fields: Any) -> Instruction:
        plan = await self.plan(*names, **fields)
        await self.app.instructions.validate(plan.id)
        return await self.app.instructions.approve(plan.id)

    async def again(self, plan: Instruction, news: Callable[[dict[str, Any]], None] = lambda facts: None) -> Any:
        """Carries it out by its kind alone, as after a crash: with the same key."""
        payload = self.kind.payload.model_validate(plan.payload)
        assert plan.validation
        return await self.kind.execute(payload, plan.validation, plan.id, news)


@pytest.fixture
async def rig(app: App) -> AsyncIterator[Rig]:
    async with FakeGemini(side=64) as fake:
        app.store.update({"gemini_url": fake.url, "gemini_concurrency": 1})
        app.credentials.set("gemini", KEY)
        rig = Rig(app, fake)
        rig.puts("a.png", photograph(1, SIZE))
        rig.puts("b.png", photograph(2, SIZE))
        yield rig


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

    assert (done.status, done.error) == (STATES.EXECUTED, None)
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


# -- Carried out -----------------------------------------------------------------------------------------------------


async def test_changed_file_is_refused_and_the_others_are_made(rig: Rig) -> None:
    plan = await rig.approved("a.png", "b.png")
    rig.puts("a.png", photograph(3, SIZE))
    rig.gives(GOOD[0])

    done = await rig.app.instructions.execute(plan.id)

    assert done.status is STATES.EXECUTED
    assert done.result
    assert (done.result["files"], done.result["without_any"], rig.files) == (1, 1, ["b-001.png"])
    assert "changed since" in str(done.result["problems"])
    assert len(rig.fake.requests) == 1


async def test_changed_reference_is_refused(rig: Rig) -> None:
    plan = await rig.approved("a.png", references=["input/b.png"])
    rig.puts("b.png", photograph(3, SIZE))

    done = await rig.app.instructions.execute(plan.id)

    assert (done.status, "changed since" in str(done.error)) == (STATES.FAILED, True)
    assert not rig.fake.requests


async def test_what_was_not_shown_as_to_do_is_not_done(rig: Rig) -> None:
    plan = await rig.approved("a.png", "c.png")
    rig.puts("c.png", photograph(4, SIZE))
    rig.gives(GOOD[0])

    await rig.app.instructions.execute(plan.id)

    assert rig.files == ["a-001.png"]
    assert len(rig.fake.requests) == 1


async def test_one_that_is_forbidden_never_stops_the_others(rig: Rig) -> None:
    plan = await rig.approved("a.png", "b.png")
    rig.fake.faults.append(faults.BlockedPrompt())
    rig.gives(GOOD[0])

    done = await rig.app.instructions.execute(plan.id)

    assert done.result
    assert (done.status, done.result["failed"], rig.files) == (STATES.EXECUTED, 1, ["b-001.png"])
    assert str(done.result["problems"]).startswith("[\"input/a.png: Gemini's rules")


async def test_where_nothing_comes_the_plan_has_failed(rig: Rig) -> None:
    plan = await rig.approved("a.png", "b.png")
    rig.fake.faults.append(faults.BlockedPrompt(times=2))

    done = await rig.app.instructions.execute(plan.id)

    assert done.status is STATES.FAILED
    assert done.error
    assert not rig.files


async def test_budget_is_for_the_whole_plan(rig: Rig) -> None:
    rig.puts("c.png", photograph(5, SIZE))
    plan = await rig.approved("a.png", "b.png", "c.png", budget=2.5 * PRICE)
    rig.gives(*GOOD[:3])

    done = await rig.app.instructions.execute(plan.id)

    assert done.result
    assert len(rig.fake.requests) == 2
    assert rig.files == ["a-001.png", "b-001.png"]
    assert float(str(done.result["estimated_cost"])) <= 2.5 * PRICE
    assert "budget" in str(done.result["problems"])


async def test_what_is_kept_comes_although_the_budget_is_used_up(rig: Rig) -> None:
    rig.gives(GOOD[0])
    await rig.app.instructions.execute((await rig.approved("b.png", title="Before")).id)
    plan = await rig.approved("a.png", "b.png", budget=1.2 * PRICE)
    rig.gives(GOOD[1])

    await rig.app.instructions.execute(plan.id)

    assert rig.files == ["a-001.png", "b-001.png"]
    assert len(rig.fake.requests) == 2


async def test_files_of_others_are_left_alone(rig: Rig) -> None:
    plan = await rig.approved("a.png")
    rig.output.mkdir(parents=True)
    (rig.output / "a-001.png").write_bytes(b"mine")
    rig.gives(GOOD[0])

    await rig.app.instructions.execute(plan.id)

    assert (rig.output / "a-001.png").read_bytes() == b"mine"
    assert (rig.output / "a-002.png").read_bytes() == png(GOOD[0])


async def test_disk_that_takes_nothing_ends_it_with_a_sentence(rig: Rig) -> None:
    plan = await rig.approved("a.png", "b.png")
    rig.output.parent.mkdir(parents=True)
    rig.output.write_bytes(b"a file where the folder should be")

    done = await rig.app.instructions.execute(plan.id)

    assert (done.status, "can't be written" in str(done.error)) == (STATES.FAILED, True)
    assert len(rig.fake.requests) == 1


# -- Once more with the same key -------------------------------------------------------------------------------------


@pytest.mark.parametrize("use_cache", [True, False])
async def test_twice_with_one_key_pays_and_writes_once(rig: Rig, use_cache: bool) -> None:
    plan = await rig.approved("a.png", "b.png", count=2, use_cache=use_cache)
    rig.gives(*GOOD[:4])
    first = await rig.again(plan)

    second = await rig.again(plan)

    assert len(rig.fake.requests) == 4
    assert rig.files == ["a-001.png", "a-002.png", "b-001.png", "b-002.png"]
    assert second == first


async def stopped_in_the_middle(rig: Rig, plan: Instruction, files: int) -> None:
    """Carries ``plan`` out until so many files are there and one more is asked for, and cancels it."""
    task = asyncio.create_task(rig.again(plan))

    async def enough() -> None:
        while len(rig.files) < files or len(rig.fake.requests) <= files:
            await asyncio.sleep(0.01)

    await asyncio.wait_for(enough(), 20)
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled()


@pytest.mark.parametrize("use_cache", [True, False])
async def test_stopped_in_the_middle_it_goes_on_there(rig: Rig, use_cache: bool) -> None:
    plan = await rig.approved("a.png", "b.png", count=2, use_cache=use_cache)
    rig.gives(*GOOD[:3])
    rig.fake.faults.append(faults.Delay(30, times=1))
    await stopped_in_the_middle(rig, plan, 3)
    sent = len(rig.fake.requests)
    rig.gives(GOOD[3])

    result = await rig.again(plan)

    assert len(rig.fake.requests) == sent + 1
    assert rig.files == ["a-001.png", "a-002.png", "b-001.png", "b-002.png"]
    assert {(rig.output / name).read_bytes() for name in rig.files} == {png(image) for image in GOOD[:4]}
    assert (result["files"], result["without_any"]) == (4, 0)
    assert result["estimated_cost"] == pytest.approx(4 * PRICE, rel=0.1)


async def test_stopped_while_it_is_written_down_it_is_written_down_and_stops(tmp_path: Path) -> None:
    ledger = Ledger(key="key")
    entry = ledger.entry(1, "input/a.png", "print", "wish")
    variation = Variation(0, Picture(png(GOOD[0]), "image/png", *SIZE), None, (), "a model", from_cache=False)

    async def work() -> None:
        async with Shelf(ledger, entry, tmp_path, "a") as shelf:
            shelf.take(VariationReport(requested=1), variation)
            shelf.complete = True
        await asyncio.sleep(30)

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait({task})

    assert task.cancelled()
    assert (tmp_path / "a-001.png").read_bytes() == png(GOOD[0])
    assert opened(tmp_path, "key").entries[0].done


async def test_file_written_just_before_a_crash_is_not_written_again(rig: Rig) -> None:
    plan = await rig.approved("a.png", count=2)
    rig.gives(*GOOD[:2])
    await rig.again(plan)
    (rig.output / f"plan-{plan.id}.json").unlink()  # as if it had not been written yet

    result = await rig.again(plan)

    assert (len(rig.fake.requests), rig.files, result["files"]) == (2, ["a-001.png", "a-002.png"], 2)


@pytest.mark.parametrize("content", [b"{", b'{"key": "another"}', b'{"key": 1, "entries": [{}]}'])
async def test_ledger_that_is_none_is_begun_anew(rig: Rig, content: bytes) -> None:
    plan = await rig.approved("a.png")
    rig.gives(GOOD[0])
    rig.output.mkdir(parents=True)
    (rig.output / f"plan-{plan.id}.json").write_bytes(content)

    result = await rig.again(plan)

    assert (result["files"], rig.files) == (1, ["a-001.png"])


async def test_budget_holds_over_a_crash(rig: Rig) -> None:
    plan = await rig.approved("a.png", count=3, budget=2.5 * PRICE, use_cache=False)
    rig.gives(GOOD[0])
    rig.fake.faults.append(faults.Delay(30, times=1))
    await stopped_in_the_middle(rig, plan, 1)
    sent = len(rig.fake.requests)
    rig.gives(GOOD[1], GOOD[2])

    result = await rig.again(plan)

    assert len(rig.fake.requests) == sent + 1
    assert (rig.files, "budget" in str(result["problems"])) == (["a-001.png", "a-002.png"], True)


async def test_plan_that_was_changed_is_not_taken_for_done(rig: Rig) -> None:
    plan = await rig.approved("a.png")
    rig.gives(GOOD[0])
    await rig.again(plan)
    await rig.app.instructions.change(plan.id, payload={**plan.payload, "count": 2})
    await rig.app.instructions.validate(plan.id)
    changed = await rig.app.instructions.approve(plan.id)
    rig.gives(GOOD[1])

    result = await rig.again(changed)

    assert (result["files"], len(rig.fake.requests), rig.files) == (2, 2, ["a-001.png", "a-002.png"])


async def test_stopped_by_the_user_it_stays_approved_and_goes_on(rig: Rig) -> None:
    rig.gives(GOOD[0])
    rig.fake.faults.append(faults.Delay(30, times=1))
    plan = await rig.approved("a.png", count=2)
    waiting = asyncio.create_task(rig.app.instructions.execute(plan.id))
    while len(rig.fake.requests) < 2:
        await asyncio.sleep(0.02)

    stopped = await rig.app.instructions.stop(plan.id)

    assert (stopped.status, stopped.running) == (InstructionStatus.APPROVED, False)
    assert (await waiting).status is InstructionStatus.APPROVED
    with pytest.raises(InvalidOperationError, match="not being carried out"):
        await rig.app.instructions.stop(plan.id)
    rig.gives(GOOD[1])
    done = await rig.app.instructions.execute(plan.id)
    assert done.result is not None
    assert (done.status, done.result["files"]) == (InstructionStatus.EXECUTED, 2)
    assert len(rig.fake.requests) == 3
