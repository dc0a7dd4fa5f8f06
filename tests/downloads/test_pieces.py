"""The small parts of a download, each by itself."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest

from lorakeeper.py.downloads import DiskSpace, Progress
from lorakeeper.py.downloads.placement import candidates, check_name, install
from lorakeeper.py.downloads.progress import Meter
from lorakeeper.py.errors import SpaceError

MARGIN = 64 << 20


@pytest.mark.parametrize("name", ["cat.safetensors", ".hidden", "a.b.c", "夢.safetensors", "console.txt", "a b (1).pt"])
def test_usual_names_are_accepted(name: str) -> None:
    check_name(name)


def test_names_to_choose_from(tmp_path: Path) -> None:
    names = [path.name for path in islice(candidates(tmp_path, "a.b.safetensors", 7), 4)]

    assert names == ["a.b.safetensors", "a.b-v7.safetensors", "a.b-v7-2.safetensors", "a.b-v7-3.safetensors"]


def test_installing_moves_and_replaces_nothing(tmp_path: Path) -> None:
    part = tmp_path / "part"
    part.write_bytes(b"new")
    (tmp_path / "a.pt").write_bytes(b"old")

    assert install(part, tmp_path, "a.pt", 7, lambda _: False) == (tmp_path / "a-v7.pt", False)
    assert (tmp_path / "a.pt").read_bytes() == b"old"
    assert not part.exists()


async def test_room_is_given_back(tmp_path: Path) -> None:
    space = DiskSpace(lambda _: MARGIN + 100)
    with space.reservation(tmp_path, lambda: 0) as first:
        await first.need(60)
        with space.reservation(tmp_path, lambda: 0) as second:
            with pytest.raises(SpaceError):
                await second.need(60)
            await second.need(40)
    with space.reservation(tmp_path, lambda: 0) as third:
        await third.need(100)


async def test_room_shrinks_as_bytes_are_written(tmp_path: Path) -> None:
    written = 0
    space = DiskSpace(lambda _: MARGIN + 100)
    with space.reservation(tmp_path, lambda: written) as first, space.reservation(tmp_path, lambda: 0) as second:
        await first.need(100)
        with pytest.raises(SpaceError):
            await second.need(50)
        written = 50
        await second.need(50)


async def test_bytes_that_are_there_need_no_room(tmp_path: Path) -> None:
    with DiskSpace(lambda _: MARGIN + 10).reservation(tmp_path, lambda: 95) as room:
        await room.need(105)


async def test_asking_again_does_not_count_twice(tmp_path: Path) -> None:
    with DiskSpace(lambda _: MARGIN + 100).reservation(tmp_path, lambda: 0) as room:
        await room.need(90)
        await room.need(90)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_rate_follows_slowly_and_ignores_what_was_there_before() -> None:
    told: list[Progress] = []
    clock = Clock()
    meter = Meter(told.append, 10_000, clock)
    meter.begin(5000, "transfer")
    for second in range(1, 5):
        clock.now = float(second)
        meter.reach(5000 + second * 100)
    assert told[-1].rate == pytest.approx(100)
    assert told[-1].eta == pytest.approx(46)

    clock.now = 5.0
    meter.reach(6400)
    assert 100 < told[-1].rate < 1000


def test_meter_keeps_quiet_between_but_not_at_the_end() -> None:
    told: list[Progress] = []
    clock = Clock()
    meter = Meter(told.append, 100, clock)
    for received in range(1, 101):
        meter.reach(received)
    assert [progress.received for progress in told] == [100]
