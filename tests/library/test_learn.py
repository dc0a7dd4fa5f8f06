"""Learning: each file is read once, what it is is known then, and a stop, a change or a bad file costs nothing else."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select

from lorakeeper.py.library import rows
from lorakeeper.py.library.items import LibraryDetail, UserLayer
from lorakeeper.py.storage.tables import contents, files
from lorakeeper.testing import samples

from .places import Place, place


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Place]:
    async with place(tmp_path) as found:
        yield found


async def detail(here: Place, name: str) -> LibraryDetail:
    row = (await here.rows())[name]
    found = await here.database.read(lambda c: here.view.detail(c, row.id))
    assert found is not None
    return found


async def test_a_file_is_known_whole_after_one_reading(here: Place) -> None:
    sample = samples.lora(
        "Ada", metadata={"modelspec.trigger_phrase": "ada wong", "ss_base_model_version": "sdxl_base_v1-0"}
    )
    path = here.put("a.safetensors", sample.content())
    await here.scanner.scan()

    report = await here.learner.run()

    known = await detail(here, "a.safetensors")
    assert (report.files_done, report.bytes_done) == (1, path.stat().st_size)
    assert known.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert known.hashes["AutoV2"] == known.sha256[:10].upper()
    assert {"AutoV3", "CRC32"} <= set(known.hashes)
    assert known.base_model == "SDXL 1.0"
    assert [word.text for word in known.trigger_words] == ["ada wong"]
    assert known.hashed
    assert await here.learner.left() == (0, 0)


async def test_nothing_is_read_twice(here: Place) -> None:
    here.put("a.safetensors")
    await here.scanner.scan()
    await here.learner.run()

    await here.scanner.scan()
    report = await here.learner.run()

    assert report.files_done == 0


async def test_a_copy_shares_what_is_known(here: Place) -> None:
    content = samples.lora("Ada").content()
    here.put("a.safetensors", content)
    await here.scanner.scan()
    await here.learner.run()
    row = (await here.rows())["a.safetensors"]
    await here.database.write(lambda c: rows.put_user(c, row.content, UserLayer(notes="mine")))
    here.put("b.safetensors", content, age=30)

    await here.scanner.scan()
    await here.learner.run()

    copy, first = await detail(here, "b.safetensors"), await detail(here, "a.safetensors")
    assert (copy.notes, copy.copies, first.copies) == ("mine", 2, 2)


async def test_what_was_said_before_the_hash_was_known_stays(here: Place) -> None:
    content = samples.lora("Ada").content()
    here.put("a.safetensors", content)
    await here.scanner.scan()
    await here.learner.run()
    here.put("b.safetensors", content)
    await here.scanner.scan()
    first, second = (await here.rows())["a.safetensors"], (await here.rows())["b.safetensors"]
    await here.database.write(lambda c: rows.put_user(c, first.content, UserLayer(tags=["old"], favourite=True)))
    await here.database.write(lambda c: rows.put_user(c, second.content, UserLayer(tags=["new"], notes="seen")))

    await here.learner.run()

    user = (await detail(here, "b.safetensors")).user
    assert (user.tags, user.favourite, user.notes) == (["old", "new"], True, "seen")
    contents_left = await here.database.read(lambda c: c.execute(select(contents.c.id)).all())
    assert len(contents_left) == 1


async def test_a_content_known_by_name_alone_gets_its_header(here: Place) -> None:
    """Such as one that an older version left, or whose file has long been gone."""
    sample = samples.lora("Ada", metadata={"modelspec.trigger_phrase": "ada wong"})
    sha256 = hashlib.sha256(sample.content()).hexdigest()
    known = await here.database.write(lambda c: rows.add_content(c, sha256, 0))
    await here.database.write(lambda c: rows.put_user(c, known, UserLayer(notes="mine")))
    here.put("a.safetensors", sample.content())
    await here.scanner.scan()

    await here.learner.run()

    listed = await detail(here, "a.safetensors")
    assert listed.notes == "mine"
    assert [word.text for word in listed.trigger_words] == ["ada wong"]


async def test_a_changed_file_is_another_content(here: Place) -> None:
    here.put("a.safetensors", samples.lora("Ada").content())
    await here.scanner.scan()
    await here.learner.run()
    row = (await here.rows())["a.safetensors"]
    await here.database.write(lambda c: rows.put_user(c, row.content, UserLayer(notes="of Ada")))
    here.put("a.safetensors", samples.lora("Bob").content(), age=30)

    await here.scanner.scan()
    await here.learner.run()

    known = await detail(here, "a.safetensors")
    assert known.id == row.id
    assert known.notes == ""
    assert known.sha256 == hashlib.sha256(samples.lora("Bob").content()).hexdigest()


async def test_a_file_moved_to_another_disk_takes_the_missing_ones_place(here: Place) -> None:
    """A move between disks is a copy with a new inode: only the hash can tell."""
    path = here.put("a.safetensors")
    await here.scanner.scan()
    await here.learner.run()
    before = (await here.rows())["a.safetensors"]
    content = path.read_bytes()
    path.unlink()
    await here.scanner.scan()
    here.put("b.safetensors", content, age=30)

    await here.scanner.scan()
    await here.learner.run()

    known = await here.rows()
    assert list(known) == ["b.safetensors"]
    assert (known["b.safetensors"].id, known["b.safetensors"].missing) == (before.id, False)
    listed = await detail(here, "b.safetensors")
    assert (listed.file_name, listed.state) == ("b.safetensors", "present")


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("cut.safetensors", samples.lora("Ada").content()[:-10], "missing"),
        ("long.safetensors", (100_000_000_000).to_bytes(8, "little") + b"{}", ""),
        ("text.safetensors", b"no header at all, but long enough", ""),
        ("empty.safetensors", b"", ""),
    ],
)
async def test_a_broken_file_is_listed_with_the_reason(here: Place, name: str, content: bytes, reason: str) -> None:
    here.put(name, content)
    await here.scanner.scan()

    await here.learner.run()

    known = await detail(here, name)
    assert known.state == "broken"
    assert known.broken
    assert reason in known.broken
    assert known.sha256 == hashlib.sha256(content).hexdigest()


async def test_a_file_that_can_not_be_read_is_said_and_not_tried_for_ever(here: Place) -> None:
    (here.folder / "loras" / "x.safetensors").mkdir()
    await here.scanner.scan()

    await here.learner.run()

    known = await detail(here, "x.safetensors")
    assert known.state == "broken"
    assert await here.learner.left() == (0, 0)


async def test_a_file_that_vanishes_meanwhile_is_no_trouble(here: Place) -> None:
    here.put("a.safetensors")
    here.put("b.safetensors")
    await here.scanner.scan()
    (here.folder / "loras" / "a.safetensors").unlink()

    await here.learner.run()

    assert (await detail(here, "b.safetensors")).hashed


async def test_a_file_that_is_still_written_waits(here: Place) -> None:
    path = here.put("a.safetensors", age=0)
    os.utime(path)
    await here.scanner.scan()
    begun = time.monotonic()

    await here.learner.run()

    assert time.monotonic() - begun > 1
    assert (await detail(here, "a.safetensors")).hashed


async def test_it_waits_while_comfyui_works_and_goes_on_after(here: Place) -> None:
    here.put("a.safetensors")
    await here.scanner.scan()
    here.state["busy"] = True
    task = asyncio.create_task(here.learner.run())
    await asyncio.sleep(0.4)
    paused = here.learner.report.paused
    unread = (await detail(here, "a.safetensors")).hashed
    here.state["busy"] = False
    await task

    assert paused
    assert not unread
    assert (await detail(here, "a.safetensors")).hashed


async def test_a_stop_is_prompt_and_what_was_done_is_kept(here: Place) -> None:
    for number in range(30):
        here.put(f"{number:02}.safetensors", samples.lora(str(number)).content())
    here.state["threads"] = 1
    await here.scanner.scan()
    task = asyncio.create_task(here.learner.run())
    while not (read := here.learner.report.files_done):
        await asyncio.sleep(0.005)
    here.state["busy"] = True
    await asyncio.sleep(0.1)
    read = here.learner.report.files_done
    begun = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert time.monotonic() - begun < 2
    assert (await here.learner.left())[0] <= 30 - read
    here.state["busy"] = False
    report = await here.learner.run()
    assert report.files_done <= 30 - read
    assert await here.learner.left() == (0, 0)


async def test_the_newest_come_first_and_then_the_smallest(here: Place) -> None:
    sizes = {"big": 300_000, "small": 1_000, "middle": 100_000}
    for name, size in sizes.items():
        here.put(f"{name}.ckpt", os.urandom(size))
    await here.scanner.scan()
    await here.database.write(lambda c: c.execute(files.update().values(added_at=time.time() - 7200)))
    here.put("new.ckpt", os.urandom(500_000))
    await here.scanner.scan()

    works = await here.learner._next()

    assert [work.path.stem for work in works] == ["new", "small", "middle", "big"]


async def test_progress_tells_files_bytes_and_time(here: Place) -> None:
    here.put("a.ckpt", os.urandom(3_000_000))
    await here.scanner.scan()

    await here.learner.run()

    said = [event.data for event in here.published if event.subject == "learn"]
    assert said[-1]["phase"] == "done"
    assert (said[-1]["files"], said[-1]["files_done"]) == (1, 1)
    assert said[-1]["bytes_done"] == 3_000_000


async def test_what_other_tools_left_is_adopted_once(here: Place) -> None:
    path = here.put("a.safetensors")
    beside = path.with_suffix(".metadata.json")
    beside.write_text(json.dumps({"notes": "good at 0.8", "favorite": True, "usage_tips": '{"strength": 0.8}'}))
    await here.scanner.scan()

    await here.learner.run()
    first = (await detail(here, "a.safetensors")).user
    row = (await here.rows())["a.safetensors"]
    await here.database.write(lambda c: rows.put_user(c, row.content, UserLayer(notes="changed since")))
    os.utime(path)
    await here.scanner.scan()
    await here.learner.learn(row.id)

    assert (first.notes, first.favourite, first.preferred_strength) == ("good at 0.8", True, 0.8)
    assert (await detail(here, "a.safetensors")).notes == "changed since"
