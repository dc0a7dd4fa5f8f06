"""Instructions that are done again and again: when they are due, by whom they are done, and how they end."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from lorakeeper.py.app import App
from lorakeeper.py.bulk.instructions import Every, Instruction, InstructionKind, InstructionStatus, NewInstruction
from lorakeeper.py.bulk.instructions import service as service_module
from lorakeeper.py.bulk.instructions.documents import following
from lorakeeper.py.bulk.instructions.timetable import Timetable
from lorakeeper.py.errors import InvalidOperationError


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    if not hasattr(time, "tzset"):
        pytest.skip("this system can't change its time zone for one program")
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.skipif(os.name == "nt", reason="the time zone can't be set for one program")
@pytest.mark.parametrize(
    ("every", "at", "after", "next_one"),
    [
        (Every.DAY, "06:00", "2026-03-18T04:59:59+00:00", "2026-03-18T05:00:00+00:00"),
        (Every.DAY, "06:00", "2026-03-18T05:00:00+00:00", "2026-03-19T05:00:00+00:00"),
        (Every.WEEK, "06:00", "2026-03-18T12:00:00+00:00", "2026-03-23T05:00:00+00:00"),
        (Every.MONTH, "23:30", "2026-03-18T12:00:00+00:00", "2026-04-01T21:30:00+00:00"),
        # Half past two comes twice on that day, and counts once.
        (Every.DAY, "02:30", "2026-10-24T12:00:00+00:00", "2026-10-25T00:30:00+00:00"),
        (Every.DAY, "02:30", "2026-10-25T00:30:00+00:00", "2026-10-26T01:30:00+00:00"),
        (Every.MONTH, "00:00", "2026-12-31T22:59:59+00:00", "2026-12-31T23:00:00+00:00"),
    ],
)
def test_the_next_time_is_by_the_machines_own_clock(
    berlin: None, every: Every, at: str, after: str, next_one: str
) -> None:
    assert following(every, at, datetime.fromisoformat(after)) == datetime.fromisoformat(next_one)


@pytest.mark.skipif(os.name == "nt", reason="the time zone can't be set for one program")
def test_an_hour_that_a_clock_change_leaves_out_is_about_then(berlin: None) -> None:
    found = following(Every.DAY, "02:30", datetime(2026, 3, 28, 12, tzinfo=timezone.utc))

    assert found in [datetime(2026, 3, 29, hour, 30, tzinfo=timezone.utc) for hour in (0, 1)]


def test_once_is_never_again() -> None:
    assert following(Every.ONCE, "06:00", datetime.now(timezone.utc)) is None


@pytest.mark.parametrize("kind", ["download", "variations"])
def test_what_stays_done_is_not_repeated(kind: str) -> None:
    with pytest.raises(ValidationError, match="again and again"):
        NewInstruction(kind=InstructionKind(kind), payload={}, every=Every.DAY)


@pytest.mark.parametrize("at", ["24:00", "6:00", "06:60", "06:00:00", "", "noon"])
def test_an_hour_is_an_hour(at: str) -> None:
    with pytest.raises(ValidationError):
        NewInstruction(kind=InstructionKind.SCAN, payload={}, every=Every.DAY, at=at)


class Clock:
    """Stands in for the moment, which tests move."""

    def __init__(self) -> None:
        self.moment = datetime.now(timezone.utc)

    def __call__(self) -> datetime:
        return self.moment


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(service_module, "now", clock)
    return clock


async def approved(app: App, **more: Any) -> Instruction:
    wanted = {"kind": InstructionKind.REPORT, "payload": {"period": "7d", "format": "json"}, "every": Every.DAY, **more}
    new = NewInstruction(title="Weekly", **wanted)
    instruction = await app.instructions.create(new)
    await app.instructions.validate(instruction.id)
    return await app.instructions.approve(instruction.id)


async def test_a_report_is_made_each_time_it_is_due(app: App, clock: Clock) -> None:
    instruction = await approved(app)
    timetable = Timetable(app.instructions)
    assert instruction.due
    assert await timetable.look() == []
    assert not (app.home / "reports").exists()

    for _ in range(2):
        clock.moment = (await app.instructions.get(instruction.id)).due or clock.moment
        [done] = await timetable.look()
        assert await timetable.look() == []

    assert done.status is InstructionStatus.APPROVED
    assert done.due
    assert clock.moment < done.due <= clock.moment + timedelta(hours=25)
    files = sorted((app.home / "reports").iterdir())
    assert len(files) == 2
    assert (done.result or {})["file"] in [str(path) for path in files]


async def test_what_fell_due_while_nothing_ran_is_done_once(app: App, clock: Clock) -> None:
    await approved(app)
    clock.moment += timedelta(days=30)

    assert len(await Timetable(app.instructions).look()) == 1
    assert await Timetable(app.instructions).look() == []


async def test_two_programs_make_one_report(app: App, clock: Clock) -> None:
    instruction = await approved(app)
    clock.moment += timedelta(days=2)
    other = App.standalone(home=app.home)
    await other.start(adopt=False)  # else its timetable might take the turn
    try:
        first = await app.instructions.take_turn(instruction.id)
        second = await other.instructions.take_turn(instruction.id)
    finally:
        await other.close()

    assert (first, second) == (True, False)


async def test_a_failure_is_told_and_the_next_time_comes_all_the_same(app: App, clock: Clock) -> None:
    instruction = await approved(app)
    (app.home / "reports").write_text("in the way")
    clock.moment += timedelta(days=2)

    [done] = await Timetable(app.instructions).look()

    assert done.status is InstructionStatus.APPROVED
    assert done.error
    assert done.due
    (app.home / "reports").unlink()
    clock.moment += timedelta(days=2)
    [done] = await Timetable(app.instructions).look()
    assert done.error is None
    assert instruction.id == done.id


async def test_rejecting_ends_it(app: App, clock: Clock) -> None:
    instruction = await approved(app)

    rejected = await app.instructions.reject(instruction.id)
    clock.moment += timedelta(days=2)

    assert rejected.due is None
    assert await Timetable(app.instructions).look() == []
    with pytest.raises(InvalidOperationError):
        await app.instructions.execute(instruction.id)


async def test_another_payload_has_to_be_approved_again(app: App, clock: Clock) -> None:
    instruction = await approved(app)

    changed = await app.instructions.change(instruction.id, payload={"period": "30d"})
    clock.moment += timedelta(days=2)

    assert (changed.status, changed.due) == (InstructionStatus.DRAFT, None)
    assert await Timetable(app.instructions).look() == []


async def test_once_it_is_carried_out_and_done(app: App) -> None:
    instruction = await approved(app, every=Every.ONCE)

    done = await app.instructions.execute(instruction.id)

    assert (done.status, done.due) == (InstructionStatus.EXECUTED, None)
    assert Path(str((done.result or {})["file"])).read_bytes().startswith(b"{")


async def test_a_bad_period_is_refused_before_approval(app: App) -> None:
    new = NewInstruction(kind=InstructionKind.REPORT, payload={"period": "someday"})
    instruction = await app.instructions.create(new)

    validated = await app.instructions.validate(instruction.id)

    assert validated.validation
    assert validated.validation.lines[0].outcome == "refused"
    with pytest.raises(InvalidOperationError):
        await app.instructions.approve(instruction.id)


async def test_a_file_for_friends_keeps_how_often(app: App) -> None:
    instruction = await approved(app, every=Every.MONTH, at="07:15")

    [copy] = await app.instructions.read(await app.instructions.write([instruction.id]))

    assert (copy.every, copy.at, copy.due, copy.status) == (Every.MONTH, "07:15", None, InstructionStatus.DRAFT)
