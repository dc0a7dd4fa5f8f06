"""A file over several connections: whole and right whatever breaks, and no byte fetched twice without need."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lorakeeper.py.downloads.segments import Cut
from lorakeeper.py.downloads.spans import Spans
from lorakeeper.py.errors import CivitaiError, NetworkError, RateLimitError, SpaceError
from lorakeeper.testing import samples
from lorakeeper.testing.fake_civitai import ChangedEtag, Corrupt, Drop, NoEtag, NoRange, Pace, Stall, Status

from .conftest import KEY, SIZE, disk_that_is_full_after, stopped

CUT = Cut(smallest=200_000, shortest=150_000, longest=400_000, least=20_000)
TOO_MANY = Status(429, {"Retry-After": "30"})


@pytest.fixture
def rig(make_rig: Callable[..., Any]) -> Any:
    return make_rig(connections=4, cut=CUT)


def asked(rig: Any) -> list[tuple[int, int]]:
    """The ranges that the storage was asked for."""
    found = []
    for text in rig.ranges():
        assert text is not None
        start, end = text.removeprefix("bytes=").split("-")
        found.append((int(start), int(end) + 1))
    return found


def known(path: Path) -> Spans:
    """What the journal says is there of a part."""
    journal = json.loads(path.with_suffix(".json").read_text())
    return Spans([(0, journal["written"]), *map(tuple, journal["beyond"])])


async def partly(rig: Any, source: Any) -> Path:
    """The part of a download that was stopped in its middle, with bytes here and there."""
    rig.civitai.faults.storage.append(Pace(SIZE / 8))
    task = asyncio.create_task(rig.fetch(source))
    while not any(progress.received > SIZE / 3 for progress in rig.seen):
        await asyncio.sleep(0.01)
    await stopped(task)
    rig.civitai.faults.storage.clear()
    rig.civitai.storage.requests.clear()
    path: Path = next(rig.folder.glob("*.part"))
    return path


async def test_file_arrives_whole_over_several_connections(rig: Any, sample: samples.Sample) -> None:
    rig.civitai.faults.storage.append(Pace(SIZE * 2))
    outcome = await rig.fetch(rig.add(sample))

    assert outcome.path.read_bytes() == sample.content()
    assert rig.files() == {"cat.safetensors"}
    ranges = asked(rig)
    assert len(ranges) > 4
    assert ranges[0] == (0, 150_000)
    assert rig.civitai.storage.highest >= 3
    assert len(rig.civitai.site.requests) == 1  # the others go where the first was led to
    assert rig.seen[-1].received == sample.size


async def test_a_small_file_comes_over_one(rig: Any) -> None:
    small = samples.lora("small", size=100_000)
    await rig.fetch(rig.add(small))

    assert rig.ranges() == [None]


async def test_a_file_of_unknown_size_comes_over_one(rig: Any, sample: samples.Sample) -> None:
    outcome = await rig.fetch(rig.add(sample, size=None))

    assert rig.ranges() == [None]
    assert outcome.path.read_bytes() == sample.content()


async def test_a_server_without_ranges_sends_one_stream(rig: Any, sample: samples.Sample) -> None:
    rig.civitai.faults.storage.append(NoRange())
    outcome = await rig.fetch(rig.add(sample))

    assert len(rig.ranges()) == 1
    assert outcome.path.read_bytes() == sample.content()


async def test_what_a_break_left_is_all_that_is_asked_for_again(rig: Any, sample: samples.Sample) -> None:
    rig.civitai.faults.storage += [Drop(40_000), Drop(0), Drop(100_000), Pace(SIZE * 2)]
    outcome = await rig.fetch(rig.add(sample))

    assert outcome.path.read_bytes() == sample.content()
    ranges = asked(rig)
    assert any(start == 40_000 for start, _ in ranges)


async def test_a_slow_connection_is_relieved_of_its_rest(rig: Any, sample: samples.Sample) -> None:
    rig.civitai.faults.storage.append(Pace(20_000, times=1))
    outcome = await asyncio.wait_for(rig.fetch(rig.add(sample)), 6)  # alone it would take 7.5 s for its piece

    assert outcome.path.read_bytes() == sample.content()
    assert any(0 < start < 150_000 for start, _ in asked(rig))


async def test_a_stalled_connection_holds_nobody_up(rig: Any, sample: samples.Sample) -> None:
    rig.civitai.faults.storage.append(Stall(50_000, 20))
    outcome = await asyncio.wait_for(rig.fetch(rig.add(sample)), 10)

    assert outcome.path.read_bytes() == sample.content()


async def test_breaks_everywhere_are_survived_as_long_as_bytes_come(rig: Any, sample: samples.Sample) -> None:
    rig.civitai.faults.storage.append(Drop(60_000, times=None))
    outcome = await rig.fetch(rig.add(sample))

    assert outcome.path.read_bytes() == sample.content()


async def test_breaks_that_bring_nothing_end_in_an_error_and_keep_the_part(rig: Any, sample: samples.Sample) -> None:
    source = rig.add(sample)
    rig.civitai.faults.storage += [Drop(90_000, times=4), Drop(0, times=200)]
    with pytest.raises(NetworkError):
        await rig.fetch(source)
    missing = known(next(rig.folder.glob("*.part"))).gaps(sample.size)
    rig.civitai.faults.storage.clear()
    rig.civitai.storage.requests.clear()
    rig.renew()
    outcome = await rig.fetch(source)

    assert outcome.path.read_bytes() == sample.content()
    assert missing != [(0, sample.size)]
    assert list(Spans(asked(rig))) == missing


async def test_too_many_requests_cost_connections_and_not_the_file(rig: Any, sample: samples.Sample) -> None:
    source = rig.add(sample)
    rig.civitai.faults.storage.append(Pace(SIZE * 2))
    task = asyncio.create_task(rig.fetch(source))
    while len(rig.civitai.storage.requests) < 1:
        await asyncio.sleep(0.001)
    rig.civitai.faults.storage[:0] = [replace(TOO_MANY), replace(TOO_MANY)]
    outcome = await task

    assert outcome.path.read_bytes() == sample.content()


async def test_too_many_requests_at_once_end_in_their_own_error(rig: Any, sample: samples.Sample) -> None:
    rig.civitai.faults.storage.append(replace(TOO_MANY, times=None))
    with pytest.raises(RateLimitError):
        await rig.fetch(rig.add(sample))


async def test_an_expired_link_is_resolved_anew(rig: Any, sample: samples.Sample) -> None:
    expired = Status(403, {"Content-Type": "application/xml"}, b"<Error><Code>AccessDenied</Code></Error>")
    source = rig.add(sample)
    rig.civitai.faults.storage.append(Pace(SIZE))
    task = asyncio.create_task(rig.fetch(source))
    while len(rig.civitai.storage.requests) < 4:
        await asyncio.sleep(0.001)
    rig.civitai.faults.storage.insert(0, replace(expired, times=4))
    outcome = await task

    assert outcome.path.read_bytes() == sample.content()
    assert len(rig.civitai.site.requests) > 1


@pytest.mark.parametrize("fault", [NoEtag(), ChangedEtag()], ids=["none", "changing"])
async def test_tags_that_say_nothing_or_change_lose_no_file(rig: Any, sample: samples.Sample, fault: Any) -> None:
    rig.civitai.faults.storage.append(replace(fault))
    outcome = await rig.fetch(rig.add(sample))

    assert outcome.path.read_bytes() == sample.content()


async def test_a_damaged_piece_is_fetched_again_over_one_connection(rig: Any, sample: samples.Sample) -> None:
    rig.civitai.faults.storage.append(Corrupt(700_000, times=6))
    outcome = await rig.fetch(rig.add(sample))

    assert outcome.path.read_bytes() == sample.content()
    assert rig.ranges()[-1] is None


async def test_it_goes_on_with_what_is_missing_alone(rig: Any, sample: samples.Sample) -> None:
    source = rig.add(sample)
    path = await partly(rig, source)
    there = known(path)
    assert path.stat().st_size == sample.size > there.total > there.prefix
    rig.renew()
    outcome = await rig.fetch(source)

    assert outcome.path.read_bytes() == sample.content()
    assert list(Spans(asked(rig))) == there.gaps(sample.size)


async def test_only_what_the_journal_knows_is_trusted(rig: Any, sample: samples.Sample) -> None:
    source = rig.add(sample)
    path = await partly(rig, source)
    with path.open("r+b") as file:
        for start, end in known(path).gaps(sample.size):
            file.seek(start)
            file.write(b"?" * (end - start))
    rig.renew()
    outcome = await rig.fetch(source)

    assert outcome.path.read_bytes() == sample.content()
    assert len(rig.refreshed) == 0


@pytest.mark.parametrize("beyond", [5, [1], [[5, 1]], [[0, 5]], [["a", "b"]], [[1, 2, 3]], [[10, SIZE * 9]]], ids=str)
async def test_a_journal_of_nonsense_starts_again(rig: Any, sample: samples.Sample, beyond: object) -> None:
    source = rig.add(sample)
    path = await partly(rig, source)
    journal = path.with_suffix(".json")
    journal.write_text(json.dumps({**json.loads(journal.read_text()), "beyond": beyond}))
    rig.renew()
    outcome = await rig.fetch(source)

    assert outcome.path.read_bytes() == sample.content()
    assert asked(rig)[0][0] == 0


async def test_gaps_are_filled_over_one_connection_too(rig: Any, sample: samples.Sample) -> None:
    source = rig.add(sample)
    await partly(rig, source)
    rig.connections, rig.civitai.storage.highest = 1, 0
    rig.renew()
    outcome = await rig.fetch(source)

    assert outcome.path.read_bytes() == sample.content()
    assert rig.civitai.storage.highest == 1


async def test_the_key_goes_to_the_site_only(rig: Any, sample: samples.Sample) -> None:
    rig.civitai.require_key = {KEY}
    rig.civitai.faults.storage += [Pace(SIZE * 2), Drop(1000)]
    outcome = await rig.fetch(rig.add(sample))

    assert outcome.status == "installed"
    assert all("Authorization" not in each.headers for each in rig.civitai.storage.requests)


async def test_no_room_is_said_before_anything_is_asked(make_rig: Callable[..., Any], sample: samples.Sample) -> None:
    from lorakeeper.py.downloads import DiskSpace

    rig = make_rig(connections=4, cut=CUT, space=DiskSpace(lambda _: 1000))
    with pytest.raises(SpaceError):
        await rig.fetch(rig.add(sample))

    assert not rig.civitai.storage.requests


async def test_a_refusal_ends_all_connections(rig: Any, sample: samples.Sample) -> None:
    rig.civitai.faults.storage += [Pace(SIZE / 4), Status(404, times=None)]
    rig.civitai.faults.storage[1].times = None
    with pytest.raises(CivitaiError):
        await asyncio.wait_for(rig.fetch(rig.add(sample)), 5)


async def test_connections_end_at_once_when_fewer_are_wanted(rig: Any, sample: samples.Sample) -> None:
    source = rig.add(sample)
    rig.civitai.faults.storage.append(Pace(SIZE / 8))
    task = asyncio.create_task(rig.fetch(source))
    while rig.civitai.storage.highest < 4:
        await asyncio.sleep(0.01)
    rig.connections = 1
    await asyncio.sleep(0.5)
    rig.civitai.faults.storage.clear()
    rig.civitai.storage.highest = 0
    before = len(rig.civitai.storage.requests)
    outcome = await task

    assert outcome.path.read_bytes() == sample.content()
    assert rig.civitai.storage.highest == 1
    assert len(rig.civitai.storage.requests) > before
    assert len(rig.civitai.site.requests) == 1  # nobody had to begin anew


async def test_a_prompt_that_ends_lets_others_in(rig: Any, sample: samples.Sample) -> None:
    source = rig.add(sample)
    rig.busy = True
    rig.civitai.faults.storage.append(Pace(SIZE))
    task = asyncio.create_task(rig.fetch(source))
    while not any(progress.received > SIZE / 10 for progress in rig.seen):
        await asyncio.sleep(0.01)
    assert rig.civitai.storage.highest == 1
    rig.busy = False
    outcome = await task

    assert outcome.path.read_bytes() == sample.content()
    assert rig.civitai.storage.highest > 1


async def test_a_full_disk_keeps_what_is_whole(rig: Any, sample: samples.Sample) -> None:
    source = rig.add(sample)
    rig.civitai.faults.storage.append(Pace(SIZE / 2))
    with disk_that_is_full_after(900_000), pytest.raises(SpaceError, match="full"):
        await rig.fetch(source)
    missing = known(next(rig.folder.glob("*.part"))).gaps(sample.size)
    rig.civitai.faults.storage.clear()
    rig.civitai.storage.requests.clear()
    outcome = await rig.fetch(source)

    assert outcome.path.read_bytes() == sample.content()
    assert missing != [(0, sample.size)]
    assert list(Spans(asked(rig))) == missing
