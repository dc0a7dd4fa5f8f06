"""Downloads that stop: what is left behind, who may take it up, and two that want the same file."""

from __future__ import annotations

import asyncio
import json
import os
import time
from dataclasses import replace
from typing import Any

import pytest
from filelock import FileLock

from lorakeeper.py.civitai.schemas import VersionFile
from lorakeeper.py.downloads import part
from lorakeeper.py.downloads.part import part_path
from lorakeeper.py.errors import (
    ConflictError,
    NetworkError,
)
from lorakeeper.testing import samples
from lorakeeper.testing.fake_civitai import Delay, Pace

from .conftest import MEGABYTE, SIZE, SOME, broken_off, let_go, running, stopped

# -- The journal -----------------------------------------------------------------------------------------------------


async def test_part_is_taken_up_by_another_process(rig: Any, sample: samples.Sample) -> None:
    source = rig.add(sample)
    path = await broken_off(rig, source)
    size = path.stat().st_size
    rig.renew()
    outcome = await rig.fetch(source)

    assert rig.ranges() == [f"bytes={size}-"]
    assert outcome.path.read_bytes() == sample.content()
    assert rig.files() == {"cat.safetensors"}


async def test_bytes_that_the_journal_does_not_know_are_dropped(rig: Any, sample: samples.Sample) -> None:
    source = rig.add(sample)
    path = await broken_off(rig, source)
    size = path.stat().st_size
    with path.open("ab") as file:
        file.write(b"written in the last moment")
    outcome = await rig.fetch(source)

    assert rig.ranges() == [f"bytes={size}-"]
    assert outcome.path.read_bytes() == sample.content()


@pytest.mark.parametrize(
    "change",
    [
        {"sha256": "0" * 64},
        {"size": SIZE + 1},
        {"version_id": 1},
        {"file_id": 1},
        {"journal": 2},
        {"written": -5},
        {"written": SIZE * 9},
        {"written": True},
        {"written": "1000"},
        {"etag": 5},
        {"more": 1},
    ],
    ids=str,
)
async def test_part_of_another_file_is_never_spliced_in(
    rig: Any, sample: samples.Sample, change: dict[str, object]
) -> None:
    source = rig.add(sample)
    path = await broken_off(rig, source)
    path.write_bytes(bytes(path.stat().st_size))
    journal = path.with_suffix(".json")
    journal.write_text(json.dumps({**json.loads(journal.read_text()), **change}))
    outcome = await rig.fetch(source)

    assert rig.ranges() == [None]
    assert outcome.path.read_bytes() == sample.content()


@pytest.mark.parametrize("text", [None, "", "{", "[]", "null", "{}", "\udcff"], ids=repr)
async def test_missing_or_broken_journal_starts_again(rig: Any, sample: samples.Sample, text: str | None) -> None:
    source = rig.add(sample)
    path = await broken_off(rig, source)
    journal = path.with_suffix(".json")
    journal.unlink() if text is None else journal.write_bytes(text.encode("utf-8", "surrogateescape"))
    outcome = await rig.fetch(source)

    assert rig.ranges() == [None]
    assert outcome.path.read_bytes() == sample.content()


async def test_journal_holds_no_key(rig: Any, sample: samples.Sample) -> None:
    source = rig.add(sample, sha256=None)
    source = replace(source, urls=(f"{source.urls[0]}&token=secret-key-0123456789",))
    path = await broken_off(rig, source)

    assert json.loads(path.with_suffix(".json").read_text())["url"].startswith("http")
    assert "secret" not in path.with_suffix(".json").read_text()


async def test_part_that_is_also_the_finished_file_is_not_touched(rig: Any, sample: samples.Sample) -> None:
    """As a kill between link and unlink leaves it, with the journal of a moment before."""
    source = replace(rig.add(sample), sha256=None, file=VersionFile(id=7))
    path = await broken_off(rig, source)
    path.write_bytes(sample.content())
    os.link(path, rig.folder / "cat.safetensors")
    outcome = await rig.fetch(source)

    assert (rig.folder / "cat.safetensors").read_bytes() == sample.content()
    assert outcome.path.read_bytes() == sample.content()
    assert rig.ranges() == [None]


async def test_complete_part_is_installed_without_a_request(rig: Any, sample: samples.Sample) -> None:
    """As a kill between the last byte and the new name leaves it."""
    source = rig.add(sample)
    path = await broken_off(rig, source)
    path.write_bytes(sample.content())
    journal = path.with_suffix(".json")
    journal.write_text(json.dumps({**json.loads(journal.read_text()), "written": SIZE}))
    outcome = await rig.fetch(source)

    assert outcome.status == "installed"
    assert outcome.path.read_bytes() == sample.content()
    assert not rig.civitai.storage.requests


async def test_part_that_another_process_fills_is_left_to_it(rig: Any, sample: samples.Sample) -> None:
    source = rig.add(sample)
    path = await broken_off(rig, source)
    before = path.read_bytes()
    with FileLock(path.with_suffix(".lock")), pytest.raises(ConflictError):
        await rig.fetch(source)

    assert path.read_bytes() == before
    assert (await rig.fetch(source)).status == "installed"
    assert rig.files() == {"cat.safetensors"}


# -- Stopped ---------------------------------------------------------------------------------------------------------


async def test_cancelled_download_goes_on_where_it_was(rig: Any, sample: samples.Sample) -> None:
    source = rig.add(sample)
    await stopped(await running(rig, source))
    rig.civitai.faults.storage.clear()
    size = next(rig.folder.glob("*.part")).stat().st_size
    assert size > SOME
    assert "cat.safetensors" not in rig.files()

    rig.civitai.storage.requests.clear()
    outcome = await rig.fetch(source)

    assert rig.ranges() == [f"bytes={size}-"]
    assert outcome.path.read_bytes() == sample.content()


async def test_cancelled_while_the_part_is_read_again_loses_nothing(
    rig: Any, sample: samples.Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = rig.add(sample)
    path = await broken_off(rig, source)
    size = path.stat().st_size
    monkeypatch.setattr(part, "_STEP", 1000)
    task = asyncio.create_task(rig.fetch(source))
    while not any(progress.stage == "verify" and progress.received > 5000 for progress in rig.seen):
        await asyncio.sleep(0)
    await stopped(task)

    assert path.stat().st_size == size
    monkeypatch.undo()
    assert (await rig.fetch(source)).path.read_bytes() == sample.content()
    assert rig.ranges() == [f"bytes={size}-"]


async def test_discard_removes_the_part_and_nothing_else(rig: Any, sample: samples.Sample) -> None:
    source = rig.add(sample)
    rig.folder.mkdir()
    (rig.folder / "mine.safetensors").write_bytes(b"mine")
    await stopped(await running(rig, source))
    await rig.downloads.discard(part_path(rig.folder, source))

    assert rig.files() == {"mine.safetensors"}
    await rig.downloads.discard(part_path(rig.folder, source))


async def test_discard_after_a_kill_removes_every_trace(rig: Any, sample: samples.Sample) -> None:
    source = rig.add(sample)
    path = await broken_off(rig, source)
    for suffix in (".lock", ".new"):
        path.with_suffix(suffix).touch()
    await rig.downloads.discard(part_path(rig.folder, source))

    assert rig.files() == set()


async def test_discard_leaves_another_process_s_part_alone(rig: Any, sample: samples.Sample) -> None:
    source = rig.add(sample)
    path = await broken_off(rig, source)
    with FileLock(path.with_suffix(".lock")):
        await rig.downloads.discard(part_path(rig.folder, source))

        assert path.exists()


async def test_cancelled_before_the_first_byte_leaves_nothing(rig: Any, sample: samples.Sample) -> None:
    rig.civitai.faults.storage.append(Delay(30))
    task = asyncio.create_task(rig.fetch(rig.add(sample)))
    while not rig.civitai.storage.requests:
        await asyncio.sleep(0.005)
    assert rig.files()
    await stopped(task)

    assert rig.files() == set()


async def test_cancelled_and_fetched_again_at_once(rig: Any, sample: samples.Sample) -> None:
    source = rig.add(sample)
    task = await running(rig, source)
    task.cancel()
    rig.civitai.faults.storage.clear()
    again = asyncio.create_task(rig.fetch(source))
    with pytest.raises(asyncio.CancelledError):
        await task

    assert (await again).status == "installed"


async def test_cancellation_during_the_last_step_comes_too_late(
    rig: Any, sample: samples.Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lorakeeper.py.downloads import downloads, placement

    install, began = placement.install, asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow(*arguments: Any) -> Any:
        loop.call_soon_threadsafe(began.set)
        time.sleep(0.05)
        return install(*arguments)

    monkeypatch.setattr(downloads, "install", slow)
    task = asyncio.create_task(rig.fetch(rig.add(sample)))
    await began.wait()
    task.cancel()

    assert (await task).status == "installed"
    assert rig.files() == {"cat.safetensors"}


# -- Together --------------------------------------------------------------------------------------------------------


async def test_two_fetches_of_one_file_are_one_transfer(rig: Any, sample: samples.Sample) -> None:
    source = rig.add(sample)
    first = await running(rig, source)
    seen: list[Any] = []
    second = asyncio.create_task(rig.downloads.fetch(source, rig.folder, progress=seen.append))
    await asyncio.sleep(0)
    let_go(rig)
    outcomes = await asyncio.gather(first, second)

    assert [outcome.status for outcome in outcomes] == ["installed", "owned"]
    assert outcomes[0].path == outcomes[1].path
    assert rig.ranges().count(None) == rig.civitai.storage.highest == 1
    assert seen[-1].stage == "scan"


async def test_one_of_two_may_leave(rig: Any, sample: samples.Sample) -> None:
    source = rig.add(sample)
    first = await running(rig, source)
    second = asyncio.create_task(rig.downloads.fetch(source, rig.folder))
    await asyncio.sleep(0)
    await stopped(first)
    await rig.downloads.discard(part_path(rig.folder, source))
    let_go(rig)

    assert (await second).path.read_bytes() == sample.content()
    assert rig.ranges().count(None) == rig.civitai.storage.highest == 1


async def test_both_get_the_error(rig: Any, sample: samples.Sample) -> None:
    source = rig.add(sample)
    first = await running(rig, source)
    second = asyncio.create_task(rig.downloads.fetch(source, rig.folder))
    await asyncio.sleep(0)
    await rig.civitai.storage.stop()
    results = await asyncio.gather(first, second, return_exceptions=True)
    assert [type(result) for result in results] == [NetworkError, NetworkError]


async def test_different_files_come_side_by_side(rig: Any) -> None:
    sources = [rig.add(samples.lora(f"cat{number}", size=SIZE)) for number in range(4)]
    rig.civitai.faults.storage.append(Pace(10 * MEGABYTE))
    outcomes = await asyncio.gather(*(rig.fetch(source) for source in sources))

    assert {outcome.status for outcome in outcomes} == {"installed"}
    assert rig.civitai.storage.highest > 1
