"""Plans of variations, carried out: what they make is made once and within the budget, also where they are stopped."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from lorakeeper.py.bulk.instructions import Instruction, InstructionStatus
from lorakeeper.py.bulk.instructions.ledger import Ledger, Shelf, opened
from lorakeeper.py.errors import InvalidOperationError
from lorakeeper.py.variations.outcomes import Picture
from lorakeeper.py.variations.requests import Variation, VariationReport
from lorakeeper.testing.fake_gemini import faults
from lorakeeper.testing.pictures import photograph, png

from .variation_rig import GOOD, PRICE, SIZE, Rig

# -- Carried out -----------------------------------------------------------------------------------------------------


async def test_changed_file_is_refused_and_the_others_are_made(rig: Rig) -> None:
    plan = await rig.approved("a.png", "b.png")
    rig.puts("a.png", photograph(3, SIZE))
    rig.gives(GOOD[0])

    done = await rig.app.instructions.execute(plan.id)

    assert done.status is InstructionStatus.EXECUTED
    assert done.result
    assert (done.result["files"], done.result["without_any"], rig.files) == (1, 1, ["b-001.png"])
    assert "changed since" in str(done.result["problems"])
    assert len(rig.fake.requests) == 1


async def test_changed_reference_is_refused(rig: Rig) -> None:
    plan = await rig.approved("a.png", references=["input/b.png"])
    rig.puts("b.png", photograph(3, SIZE))

    done = await rig.app.instructions.execute(plan.id)

    assert (done.status, "changed since" in str(done.error)) == (InstructionStatus.FAILED, True)
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
    assert (done.status, done.result["failed"], rig.files) == (InstructionStatus.EXECUTED, 1, ["b-001.png"])
    assert str(done.result["problems"]).startswith("[\"input/a.png: Gemini's rules")


async def test_where_nothing_comes_the_plan_has_failed(rig: Rig) -> None:
    plan = await rig.approved("a.png", "b.png")
    rig.fake.faults.append(faults.BlockedPrompt(times=2))

    done = await rig.app.instructions.execute(plan.id)

    assert done.status is InstructionStatus.FAILED
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

    assert (done.status, "can't be written" in str(done.error)) == (InstructionStatus.FAILED, True)
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
