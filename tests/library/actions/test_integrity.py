"""The integrity check: it reads everything again, says what is wrong with which file, and changes nothing."""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from lorakeeper.py.errors import MissingError
from lorakeeper.py.library.actions import IntegrityReport
from lorakeeper.testing import samples

from .world import World


def damage(path: Path, content: bytes) -> None:
    """Other bytes, without a trace in size and time."""
    then = path.stat()
    path.write_bytes(content)
    os.utime(path, ns=(then.st_atime_ns, then.st_mtime_ns))


async def test_each_file_gets_its_verdict_and_nothing_is_changed(here: World) -> None:
    whole = {
        name: samples.lora(name).content() for name in ("fine", "rotted", "cut", "torn", "changed", "gone", "touched")
    }
    paths = {name: here.put(f"{name}.safetensors", content) for name, content in whole.items()}
    await here.learn()
    rotted = whole["rotted"]
    damage(paths["rotted"], rotted[:-5] + bytes([rotted[-5] ^ 1]) + rotted[-4:])
    paths["cut"].write_bytes(whole["cut"][:-100])
    paths["torn"].write_bytes(b"\xff" * 50)
    paths["changed"].write_bytes(samples.lora("another").content())
    paths["gone"].unlink()
    os.utime(paths["touched"])
    before, rows = here.tree(), await here.place.rows()

    seen: list[int] = []
    report = await here.actions.verify(progress=lambda so_far: seen.append(so_far.checked))

    assert {Path(each.path).stem: each.verdict for each in report.problems} == {
        "rotted": "rotted",
        "cut": "truncated",
        "torn": "broken",
        "changed": "changed",
        "gone": "unreadable",
    }
    assert (report.checked, report.ok, report.next_cursor) == (7, 2, None)
    assert all(each.why and each.why.endswith(".") for each in report.problems)
    assert seen == list(range(1, 8))
    assert here.tree() == before
    assert await here.place.rows() == rows


def site(sha256: str, name: str = "cat.safetensors", **more: Any) -> dict[str, Any]:
    file = {"id": 1, "name": name, "type": "Model", "primary": True, "hashes": {"SHA256": sha256.upper()}}
    return {"id": 1, "modelId": 10, "name": "v1", "files": [file], **more}


async def test_a_file_that_is_not_what_the_site_says_is_told(here: World) -> None:
    here.put("cat.safetensors")
    cat = (await here.learn())["cat.safetensors"]
    await here.site(cat, site("A" * 64))

    [problem] = (await here.actions.verify()).problems

    assert (problem.verdict, problem.id) == ("not_the_sites", cat)
    assert "a" * 64 in str(problem.why)


@pytest.mark.parametrize("which", ["the same", "another name", "no hash"])
async def test_what_the_site_cannot_tell_is_no_problem(here: World, which: str) -> None:
    here.put("cat.safetensors")
    cat = (await here.learn())["cat.safetensors"]
    detail = await here.place.database.read(lambda c: here.place.view.detail(c, cat))
    assert detail is not None
    document = site(str(detail.sha256))
    if which == "another name":
        document = site("A" * 64, "dog.safetensors")
        document["files"].append({"id": 2, "name": "bird.safetensors", "hashes": {"SHA256": "B" * 64}})
    elif which == "no hash":
        document["files"][0]["hashes"] = {}
    await here.site(cat, document)

    assert (await here.actions.verify()).problems == []


async def test_a_check_goes_on_where_it_was_stopped(here: World) -> None:
    for number in range(9):
        here.put(f"{number}.safetensors")
    await here.learn()
    stop = threading.Event()

    def progress(report: IntegrityReport) -> None:
        if report.checked == 3:
            stop.set()

    # The first files are read one at a time, so that the stop comes before the last.
    first = await here.actions.verify(ids=range(1, 4), workers=1, progress=progress)
    assert first.next_cursor is None
    stopped = await here.actions.verify(workers=1, stop=stop)
    assert (stopped.checked, stopped.next_cursor) == (0, 0)
    stop.clear()
    rest = await here.actions.verify(cursor=6, workers=3, stop=stop)
    assert (rest.checked, rest.next_cursor) == (3, None)


async def test_a_cancelled_check_ends_at_once(here: World) -> None:
    here.put("cat.safetensors", os.urandom(40_000_000))
    await here.place.scanner.scan()
    task = asyncio.create_task(here.actions.verify())
    await asyncio.sleep(0.02)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 2)


async def test_only_the_named_files_are_read_and_unknown_ones_are_said(here: World) -> None:
    for name in ("cat", "dog"):
        here.put(f"{name}.safetensors")
    ids = await here.learn()

    assert (await here.actions.verify([ids["dog.safetensors"]])).checked == 1
    with pytest.raises(MissingError):
        await here.actions.verify([99])


async def test_a_pipe_in_place_of_a_file_does_not_hold_it_up(here: World) -> None:
    path = here.put("cat.safetensors")
    await here.learn()
    path.unlink()
    os.mkfifo(path)

    report = await asyncio.wait_for(here.actions.verify(), 5)

    assert report.problems[0].verdict == "unreadable"
