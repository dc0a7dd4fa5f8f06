"""Scanning: every change on the disk is found, no file is read for it, and what is known of a file goes where it
goes."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, update

from lorakeeper.py.library import rows
from lorakeeper.py.library.items import LibraryItem, UserLayer
from lorakeeper.py.library.paths import stored
from lorakeeper.py.library.roots import FolderRoots
from lorakeeper.py.library.scan import ScanReport
from lorakeeper.py.storage.tables import files

from .places import Place, place


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Place]:
    async with place(tmp_path) as found:
        yield found


def told(report: ScanReport) -> dict[str, int]:
    counted = ("files", "new", "changed", "moved", "missing", "broken")
    return {name: count for name in counted if (count := getattr(report, name))}


async def note(here: Place, name: str, text: str) -> None:
    row = (await here.rows())[name]
    await here.database.write(lambda c: rows.put_user(c, row.content, UserLayer(notes=text)))


async def noted(here: Place, name: str) -> str:
    row = (await here.rows())[name]
    return (await here.database.read(lambda c: rows.user_layer(c, row.content))).notes


async def test_everything_new_is_listed_without_being_read(here: Place) -> None:
    here.put("a.safetensors")
    here.put(str(Path("styles", "b.safetensors")))
    here.put("c.ckpt", b"x", root="checkpoints")
    here.put("notes.txt", b"x")

    report = await here.scanner.scan()

    assert told(report) == {"files": 3, "new": 3}
    known = await here.rows()
    assert {(row.kind, row.name, row.folder) for row in known.values()} == {
        ("loras", "a.safetensors", ""),
        ("loras", str(Path("styles", "b.safetensors")), "styles"),
        ("checkpoints", "c.ckpt", ""),
    }
    assert all(row.stale for row in known.values())


async def test_nothing_new_is_nothing_written(here: Place) -> None:
    here.put("a.safetensors")
    await here.scanner.scan()
    here.published.clear()

    report = await here.scanner.scan()

    assert told(report) == {"files": 1}
    assert not [event for event in here.published if event.topic == "library"]


async def test_a_changed_file_is_found_even_with_the_same_size(here: Place) -> None:
    path = here.put("a.safetensors", b"before")
    await here.scanner.scan()
    await here.database.write(lambda c: c.execute(update(files).values(stale=False)))
    path.write_bytes(b"after!")

    report = await here.scanner.scan()

    assert told(report) == {"files": 1, "changed": 1}
    assert (await here.rows())["a.safetensors"].stale


async def test_a_renamed_file_keeps_its_row_and_all_that_is_known(here: Place) -> None:
    path = here.put("a.safetensors")
    await here.scanner.scan()
    before = (await here.rows())["a.safetensors"]
    await note(here, "a.safetensors", "mine")
    (here.folder / "loras" / "new").mkdir()
    path.rename(here.folder / "loras" / "new" / "b.safetensors")

    report = await here.scanner.scan()

    assert told(report) == {"files": 1, "moved": 1}
    known = await here.rows()
    name = str(Path("new", "b.safetensors"))
    assert list(known) == [name]
    assert (known[name].id, known[name].content, known[name].added_at) == (before.id, before.content, before.added_at)
    assert await noted(here, name) == "mine"


async def test_a_missing_file_is_kept_with_what_is_known_and_comes_back(here: Place) -> None:
    path = here.put("a.safetensors")
    await here.scanner.scan()
    await note(here, "a.safetensors", "mine")
    aside = here.folder / "aside"
    path.rename(aside)

    gone = await here.scanner.scan()
    missing = (await here.rows())["a.safetensors"]
    aside.rename(path)
    back = await here.scanner.scan()

    assert (told(gone), told(back)) == ({"missing": 1}, {"files": 1})
    assert missing.missing
    assert not (await here.rows())["a.safetensors"].missing
    assert await noted(here, "a.safetensors") == "mine"


async def test_a_file_that_went_missing_is_known_again_under_another_name(here: Place) -> None:
    path = here.put("a.safetensors")
    await here.scanner.scan()
    before = (await here.rows())["a.safetensors"]
    aside = here.folder / "aside"
    path.rename(aside)
    await here.scanner.scan()
    aside.rename(here.folder / "loras" / "z.safetensors")

    report = await here.scanner.scan()

    assert told(report) == {"files": 1, "moved": 1}
    assert (await here.rows())["z.safetensors"].id == before.id


async def test_another_file_on_a_used_inode_is_no_move(here: Place) -> None:
    """File systems give the number of a deleted file to the next one, and LoRAs of one rank are all of one size."""
    path = here.put("a.safetensors", b"12345")
    await here.scanner.scan()
    before = (await here.rows())["a.safetensors"]
    path.unlink()
    here.put("b.safetensors", b"54321", age=10)
    inode = (here.folder / "loras" / "b.safetensors").stat().st_ino
    await here.database.write(lambda c: c.execute(update(files).values(inode=inode)))

    report = await here.scanner.scan()

    assert told(report) == {"files": 1, "new": 1, "missing": 1}
    assert (await here.rows())["b.safetensors"].content != before.content


async def test_a_hard_link_is_a_name_of_its_own_and_shares_what_is_known(here: Place) -> None:
    path = here.put("a.safetensors")
    await here.scanner.scan()
    (here.folder / "loras" / "b.safetensors").hardlink_to(path)

    report = await here.scanner.scan()

    assert told(report) == {"files": 2, "new": 1}
    known = await here.rows()
    assert known["a.safetensors"].content == known["b.safetensors"].content


async def test_another_name_of_a_file_that_is_known_is_not_read_again(here: Place) -> None:
    path = here.put("a.safetensors")
    await here.scanner.scan()
    await here.learner.run()
    (here.folder / "loras" / "b.safetensors").hardlink_to(path)

    await here.scanner.scan()

    assert not (await here.rows())["b.safetensors"].stale


async def test_what_can_not_be_a_file_is_broken(here: Place) -> None:
    (here.folder / "loras" / "x.safetensors").mkdir()

    report = await here.scanner.scan()

    assert told(report) == {"files": 1, "new": 1, "broken": 1}
    detail = await here.database.read(lambda c: here.view.detail(c, 1))
    assert detail is not None
    assert detail.state == "broken"
    assert "folder" in (detail.broken or "")


async def test_some_folders_only(here: Place) -> None:
    here.put(str(Path("one", "a.safetensors")))
    here.put(str(Path("two", "b.safetensors")))
    await here.scanner.scan()
    shutil.rmtree(here.folder / "loras" / "one")
    (here.folder / "loras" / "two" / "b.safetensors").unlink()
    here.put(str(Path("three", "c.safetensors")))

    one = await here.scanner.scan(only=[here.folder / "loras"])
    known = await here.rows()
    two = await here.scanner.scan(only=[here.folder / "loras" / "two", here.folder / "loras" / "three"])

    assert told(one) == {"missing": 1}
    assert not known[str(Path("two", "b.safetensors"))].missing
    assert told(two) == {"files": 1, "new": 1, "missing": 1}


async def test_a_neighbour_with_a_longer_name_is_left_alone(here: Place) -> None:
    here.put(str(Path("one", "a.safetensors")))
    here.put(str(Path("one two", "b.safetensors")))
    await here.scanner.scan()
    (here.folder / "loras" / "one" / "a.safetensors").unlink()

    report = await here.scanner.scan(only=[here.folder / "loras" / "one"])

    assert told(report) == {"missing": 1}
    assert not (await here.rows())[str(Path("one two", "b.safetensors"))].missing


async def test_files_of_a_folder_that_can_not_be_read_stay_as_they_were(here: Place) -> None:
    here.put(str(Path("locked", "a.safetensors")))
    await here.scanner.scan()

    # Root may list everything, so the folder's name is made too long for the system instead.
    locked = here.folder / ("x" * 300)
    moved = update(files).values(path=str(locked / "a.safetensors"))
    await here.database.write(lambda c: c.execute(moved))
    here.scanner._roots = FolderRoots({"loras": [locked]})

    report = await here.scanner.scan()

    assert told(report) == {}
    assert [finding for finding in report.findings if str(locked) in finding]
    (row,) = (await here.rows()).values()
    assert not row.missing


async def test_a_place_outside_the_model_folders_by_request(here: Place) -> None:
    outside = here.put("a.safetensors", root="elsewhere").parent
    inside = here.put(str(Path("sub", "b.safetensors")))

    report = await here.scanner.scan(roots=FolderRoots({"": [outside, inside.parent]}))
    full = await here.scanner.scan()

    known = await here.rows()
    assert told(report) == {"files": 2, "new": 2}
    assert (known["a.safetensors"].kind, known["a.safetensors"].missing) == (None, False)
    assert known[str(Path("sub", "b.safetensors"))].kind == "loras"
    assert told(full) == {"files": 1}


async def test_files_that_another_kind_owns_now_are_told_so(tmp_path: Path) -> None:
    async with place(tmp_path, {"loras": [tmp_path / "loras"]}) as here:
        here.put(str(Path("lycoris", "a.safetensors")))
        await here.scanner.scan()
        before = (await here.rows())[str(Path("lycoris", "a.safetensors"))]
        roots = FolderRoots({"loras": [tmp_path / "loras"], "lycoris": [tmp_path / "loras" / "lycoris"]})
        here.scanner._roots = roots

        await here.scanner.scan()

        after = (await here.rows())["a.safetensors"]
        assert (after.id, after.kind, after.folder) == (before.id, "lycoris", "")


@pytest.mark.skipif(os.name == "nt", reason="Windows' names are text")
async def test_a_name_that_is_not_utf8_is_listed(here: Place) -> None:
    path = os.fsencode(here.folder / "loras") + b"/caf\xe9.safetensors"
    Path(os.fsdecode(path)).write_bytes(b"x")

    report = await here.scanner.scan()

    (row,) = (await here.rows()).values()
    assert told(report) == {"files": 1, "new": 1}
    assert row.path == stored(os.fsdecode(path))


async def test_a_new_file_is_listed_as_if_all_that_is_known_were_asked_for(here: Place) -> None:
    """New files take a shorter way into the list: it has to lead to the same rows."""
    here.put(str(Path("Styles", "FooBar_v2.safetensors")))
    (here.folder / "loras" / "x.safetensors").mkdir()
    await here.scanner.scan()
    tables = ("items", "cards", "words")

    def everything(connection: Connection) -> dict[str, list[Any]]:
        return {name: list(connection.exec_driver_sql(f"SELECT * FROM {name} ORDER BY 1").all()) for name in tables}  # noqa: S608

    short = await here.database.read(everything)
    await here.database.write(lambda c: here.view.refresh(c, [1, 2]))

    long = await here.database.read(everything)
    assert len(short["items"]) == 2
    cards = [[LibraryItem.model_validate_json(row.card) for row in each.pop("cards")] for each in (short, long)]
    assert cards[0] == cards[1]
    assert short == long


async def test_the_end_of_a_scan_and_of_reading_is_told_once_with_what_it_took(here: Place) -> None:
    here.put("a.safetensors")
    here.put("b.safetensors")

    await here.scanner.scan()
    await here.learner.run()

    ends = [event for event in here.published if event.topic == "scan" and event.final]
    assert [(event.subject, event.data["files"]) for event in ends] == [("scan", 2), ("learn", 2)]
    assert all(event.data["seconds"] > 0 for event in ends)
