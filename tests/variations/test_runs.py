"""Runs for a page: begun, followed, looked at, kept as files, stopped and forgotten; and how much is remembered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from PIL import Image

from lorakeeper.py.errors import ConflictError, MissingError, StorageError
from lorakeeper.py.events import Event, Events
from lorakeeper.py.storage.database import Database
from lorakeeper.py.variations import runs as module
from lorakeeper.py.variations.cache import VariationCache
from lorakeeper.py.variations.cache_table import CacheIndex
from lorakeeper.py.variations.gemini import Gemini
from lorakeeper.py.variations.pace import Pace
from lorakeeper.py.variations.places import Places
from lorakeeper.py.variations.processor import ImageVariationProcessor
from lorakeeper.py.variations.requests import VariationRequest
from lorakeeper.py.variations.runs import RunView, VariationRuns
from lorakeeper.testing.fake_gemini import KEY, FakeGemini, faults
from lorakeeper.testing.pictures import blurred, photograph, png

ORIGINAL = photograph(1, (192, 192))
GOOD = [photograph(seed, (192, 192)) for seed in range(10, 16)]


@dataclass
class Rig:
    fake: FakeGemini
    processor: ImageVariationProcessor
    places: Places
    runs: VariationRuns
    output: Path
    events: list[Event] = field(default_factory=list)

    def gives(self, *images: Image.Image) -> None:
        self.fake.faults += [faults.Given(png(image)) for image in images]

    async def until(self, run: RunView, fits: Callable[[RunView], bool]) -> RunView:
        async def look() -> RunView:
            while not fits(view := self.runs.get(run.id)):
                await asyncio.sleep(0.01)
            return view

        return await asyncio.wait_for(look(), 20)

    async def over(self, run: RunView) -> RunView:
        return await self.until(run, lambda view: view.state != "running")

    async def made(self, count: int = 1, title: str = "") -> RunView:
        """A run of ``count`` good pictures, over."""
        self.gives(*GOOD[:count])
        return await self.over(self.runs.begin(wanted(count), title))


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    database = Database(tmp_path / "library.db")
    await database.open()
    async with FakeGemini(side=64) as fake:
        gemini = Gemini(fake.url, lambda _: KEY, timeout=20)
        events = Events()
        processor = ImageVariationProcessor(
            gemini,
            VariationCache(tmp_path / "cache", CacheIndex(database)),
            Pace(at_once=lambda: 1, per_minute=lambda: 6000),
            events,
        )
        places = Places(lambda: {"output": tmp_path / "output"})
        rig = Rig(fake, processor, places, VariationRuns(processor, places), tmp_path / "output")
        events.subscribe(rig.events.append)
        yield rig
        await rig.runs.close()
        await gemini.close()
    await database.close()


def wanted(count: int = 2, prompt: str = "a hill", *, keep: bool = False) -> VariationRequest:
    return VariationRequest(prompt, images=(ORIGINAL,), count=count, size="512", keep=keep)


async def test_run_is_followed_to_its_end(rig: Rig) -> None:
    rig.gives(GOOD[0], blurred(GOOD[1]), GOOD[2])

    begun = rig.runs.begin(wanted(2), "Hills")
    done = await rig.over(begun)

    assert (begun.state, begun.title, begun.count, begun.pictures) == ("running", "Hills", 2, [])
    assert (done.state, done.error, done.report.successful, done.report.rejected) == ("done", "", 2, 1)
    assert [each.accepted for each in done.pictures] == [True, False, True]
    assert [each.number for each in done.pictures] == [0, 1, 2]
    assert rig.runs.picture(begun.id, 1).content == png(blurred(GOOD[1]))
    assert {event.subject for event in rig.events} == {begun.id}
    assert [event.final for event in rig.events][-1]


async def test_without_a_title_the_prompt_is_one(rig: Rig) -> None:
    long = rig.runs.begin(wanted(1, "a  hill\nunder " + "the wide sky " * 10))

    assert long.title.startswith("a hill under the wide sky")
    assert len(long.title) <= 60


async def test_why_nothing_came_is_told(rig: Rig) -> None:
    rig.fake.faults.append(faults.BlockedPrompt())

    failed = await rig.over(rig.runs.begin(wanted(1)))

    assert failed.state == "failed"
    assert failed.error.endswith(".")
    assert failed.report.failed == 1
    assert failed.pictures == []


async def test_what_has_arrived_stays_when_it_is_stopped(rig: Rig) -> None:
    rig.gives(GOOD[0])
    rig.fake.faults.append(faults.Delay(30, times=9))
    run = rig.runs.begin(wanted(3))
    await rig.until(run, lambda view: len(view.pictures) == 1)

    stopped = await rig.runs.stop(run.id)

    assert (stopped.state, len(stopped.pictures)) == ("stopped", 1)
    assert rig.runs.picture(run.id, 0).content == png(GOOD[0])
    assert rig.events[-1].data["state"] == "stopped"
    assert (await rig.runs.stop(run.id)).state == "stopped"


async def test_stopping_twice_at_once_is_stopping_once(rig: Rig) -> None:
    rig.fake.faults.append(faults.Delay(30))
    run = rig.runs.begin(wanted(1))
    await asyncio.sleep(0.05)

    views = await asyncio.gather(*(rig.runs.stop(run.id) for _ in range(3)))

    assert [view.state for view in views] == ["stopped"] * 3
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("lorakeeper variation")]


async def test_one_that_had_not_begun_is_stopped_too(rig: Rig) -> None:
    run = rig.runs.begin(wanted(1))

    assert (await rig.runs.stop(run.id)).state == "stopped"
    assert not rig.fake.requests


async def test_accepted_pictures_become_files_beside_others(rig: Rig) -> None:
    rig.gives(GOOD[0], blurred(GOOD[1]), GOOD[2])
    run = await rig.over(rig.runs.begin(wanted(2), "Hills"))
    folder = rig.output / "lorakeeper" / "Hills"
    folder.mkdir(parents=True)
    (folder / "Hills-001.png").write_bytes(b"mine")

    names = await rig.runs.keep(run.id)

    assert names == ["output/lorakeeper/Hills/Hills-002.png", "output/lorakeeper/Hills/Hills-003.png"]
    assert [rig.places.path(name).read_bytes() for name in names] == [png(GOOD[0]), png(GOOD[2])]
    assert (folder / "Hills-001.png").read_bytes() == b"mine"


async def test_keeping_twice_writes_once_unless_the_file_is_gone(rig: Rig) -> None:
    run = await rig.made(2, "Hills")

    first, again = await asyncio.gather(rig.runs.keep(run.id, [1]), rig.runs.keep(run.id, [1]))
    assert first == again
    rig.places.path(first[0]).unlink()

    assert await rig.runs.keep(run.id, [1]) == first
    assert len(list((rig.output / "lorakeeper" / "Hills").iterdir())) == 1


async def test_a_rejected_picture_is_kept_where_its_number_is_given(rig: Rig) -> None:
    rig.gives(blurred(GOOD[1]), GOOD[2])
    run = await rig.over(rig.runs.begin(wanted(1), "Hills"))

    (name,) = await rig.runs.keep(run.id, [0])

    assert rig.places.path(name).read_bytes() == png(blurred(GOOD[1]))


async def test_trouble_with_the_disk_is_told(rig: Rig) -> None:
    run = await rig.made(1, "Hills")
    rig.output.write_bytes(b"a file where the folder should be")

    with pytest.raises(StorageError, match="can't be written"):
        await rig.runs.keep(run.id)


async def test_unknown_runs_and_numbers_are_missing(rig: Rig) -> None:
    run = await rig.made(1)

    for number in (-1, 1):
        with pytest.raises(MissingError, match="no picture"):
            rig.runs.picture(run.id, number)
    with pytest.raises(MissingError, match="no run"):
        rig.runs.get("nothing")
    with pytest.raises(MissingError):
        await rig.runs.keep(run.id, [0, 7])
    assert not rig.output.exists()


async def test_forgetting_stops_and_leaves_files(rig: Rig) -> None:
    kept = await rig.made(1, "Hills")
    (name,) = await rig.runs.keep(kept.id)
    rig.fake.faults.append(faults.Delay(30, times=None))
    running = rig.runs.begin(wanted(1))

    await rig.runs.forget(kept.id)
    await rig.runs.forget(running.id)

    assert rig.runs.summaries() == []
    assert rig.places.path(name).is_file()
    assert rig.events[-1].data["state"] in ("stopped", "done")


async def test_pictures_of_older_runs_make_room_and_their_scores_stay(rig: Rig) -> None:
    most = int(2.5 * max(len(png(image)) for image in GOOD))
    rig.runs = VariationRuns(rig.processor, rig.places, most=most)
    first, second, third = [await rig.made(1) for _ in range(3)]

    assert [rig.runs.get(run.id).dropped for run in (first, second, third)] == [True, False, False]
    assert len(rig.runs.get(first.id).pictures) == 1
    with pytest.raises(MissingError, match="make room"):
        rig.runs.picture(first.id, 0)
    with pytest.raises(MissingError, match="make room"):
        await rig.runs.keep(first.id)
    assert rig.runs.picture(second.id, 0).content


async def test_the_last_run_keeps_its_pictures_however_large(rig: Rig) -> None:
    rig.runs = VariationRuns(rig.processor, rig.places, most=1)

    run = await rig.made(2)

    assert rig.runs.picture(run.id, 1).content == png(GOOD[1])


async def test_the_last_ones_are_remembered_and_running_ones_always(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT", 3)
    rig.fake.faults.append(faults.Delay(30))
    running = rig.runs.begin(wanted(1))
    ended = []
    for _ in range(4):
        ended.append(run := rig.runs.begin(wanted(1)))
        await rig.runs.stop(run.id)

    assert [run.id for run in rig.runs.summaries()] == [ended[3].id, ended[2].id, running.id]


async def test_only_so_many_run_at_once(rig: Rig) -> None:
    rig.fake.faults.append(faults.Delay(30, times=None))
    runs = [rig.runs.begin(wanted(1)) for _ in range(module.AT_ONCE)]

    with pytest.raises(ConflictError, match="wait for one"):
        rig.runs.begin(wanted(1))
    await rig.runs.stop(runs[0].id)

    assert rig.runs.begin(wanted(1)).state == "running"


async def test_closing_ends_all_and_begins_no_more(rig: Rig) -> None:
    rig.fake.faults.append(faults.Delay(30, times=None))
    runs = [rig.runs.begin(wanted(1)) for _ in range(3)]
    await asyncio.sleep(0.05)

    await rig.runs.close()

    assert {rig.runs.get(run.id).state for run in runs} == {"stopped"}
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("lorakeeper variation")]
    with pytest.raises(ConflictError):
        rig.runs.begin(wanted(1))
