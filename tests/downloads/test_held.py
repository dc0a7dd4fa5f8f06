"""What a download waited for: each second once, and under the name of what it was."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable
from typing import Any

import pytest

from lorakeeper.py.downloads import RetryPolicy, part
from lorakeeper.py.downloads.held import Held
from lorakeeper.py.downloads.segments import Cut
from lorakeeper.testing import samples
from lorakeeper.testing.fake_civitai import Pace, Status

from .conftest import SIZE, running, stopped


class Scene:
    """A stopwatch whose time passes by the test's hand, beside a thread that wrote and hashed for so long."""

    def __init__(self) -> None:
        self.now = 100.0
        self.threads = (0.0, 0.0)
        self.held = Held(lambda: self.threads, lambda: self.now)


def test_without_a_word_it_is_the_network() -> None:
    scene = Scene()
    scene.now += 3

    assert scene.held.seconds() == {"network": 3, "disk": 0, "cpu": 0, "site": 0}


def test_waits_of_several_connections_at_once_count_once_and_are_split_by_what_the_thread_did() -> None:
    scene = Scene()
    first, second = scene.held.behind(), scene.held.behind()
    scene.now += 1
    first.__enter__()
    scene.now += 2
    second.__enter__()
    scene.now += 3
    first.__exit__(None, None, None)
    scene.now += 1
    second.__exit__(None, None, None)
    scene.now += 4
    scene.threads = (1.5, 0.5)

    assert scene.held.seconds() == {"network": 5, "disk": 4.5, "cpu": 1.5, "site": 0}


def test_a_refusal_takes_the_time_since_bytes_came_last_and_the_wait_after_it() -> None:
    scene = Scene()
    scene.now += 2
    scene.held.refused(since=101.5)
    scene.now += 10
    scene.held.by("network")
    scene.now += 1

    assert scene.held.seconds() == {"network": 2.5, "disk": 0, "cpu": 0, "site": 10.5}


async def timed(rig: Any, source: Any) -> tuple[dict[str, float], float]:
    began = time.monotonic()
    outcome = await rig.fetch(source)
    return outcome.held, time.monotonic() - began


@pytest.mark.parametrize("connections", [1, 4])
async def test_a_slow_disk_shows(
    make_rig: Callable[..., Any], sample: samples.Sample, connections: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = make_rig(connections=connections, cut=Cut(100_000, 100_000, 200_000, 50_000))
    write = part.write_whole

    def slowly(file: Any, chunk: bytes) -> None:
        time.sleep(len(chunk) / SIZE)
        write(file, chunk)

    monkeypatch.setattr(part, "write_whole", slowly)
    held, passed = await timed(rig, rig.add(sample))

    assert held["disk"] > 0.7
    assert held["disk"] > held["network"] + held["cpu"] + held["site"]
    assert sum(held.values()) == pytest.approx(passed, abs=0.2)


async def test_a_slow_processor_shows(rig: Any, sample: samples.Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow:
        def __init__(self) -> None:
            self._sha = hashlib.sha256()
            self.hexdigest = self._sha.hexdigest

        def update(self, data: bytes) -> None:
            time.sleep(len(data) / SIZE)
            self._sha.update(data)

    class Hashlib:
        sha256 = Slow

    monkeypatch.setattr(part, "hashlib", Hashlib)
    held, _ = await timed(rig, rig.add(sample))

    assert held["cpu"] > 0.7
    assert held["cpu"] > held["network"] + held["disk"] + held["site"]


async def test_a_slow_line_shows(rig: Any, sample: samples.Sample) -> None:
    rig.civitai.faults.storage.append(Pace(SIZE))
    held, passed = await timed(rig, rig.add(sample))

    assert held["network"] > 0.7
    assert held["disk"] + held["cpu"] + held["site"] < 0.3
    assert sum(held.values()) == pytest.approx(passed, abs=0.2)


@pytest.mark.parametrize("connections", [1, 4])
async def test_a_site_that_refuses_shows(
    make_rig: Callable[..., Any], sample: samples.Sample, connections: int
) -> None:
    rig = make_rig(connections=connections, cut=Cut(100_000, 100_000, 200_000, 50_000))
    rig.retry = RetryPolicy(attempts=4, wait_initial=0.001, wait_max=2, wait_jitter=0)
    rig.renew()
    rig.civitai.faults.storage.append(Status(429, {"Retry-After": "1"}))
    held, passed = await timed(rig, rig.add(sample))

    assert 0.9 < held["site"] < 1.5
    assert sum(held.values()) == pytest.approx(passed, abs=0.2)


async def test_a_download_that_is_stopped_says_what_it_has_waited_for(rig: Any, sample: samples.Sample) -> None:
    task = await running(rig, rig.add(sample))
    await asyncio.sleep(0.3)
    rig.seen.clear()

    await stopped(task)

    assert rig.seen[-1].held["network"] > 0.3
