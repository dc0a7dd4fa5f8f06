"""What an interruption leaves is settled: at each moment at which a move can end, the file is whole in one place."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from lorakeeper.py.errors import ConflictError
from lorakeeper.py.events import Events
from lorakeeper.py.library.actions import Actions, read_request
from lorakeeper.py.library.actions.disk import Disk, rename_new
from lorakeeper.py.library.actions.disk import _rename_portable as rename_portable

from .world import World, far, world


class KilledError(BaseException):
    """Stands for a kill: nothing behind it runs."""


def killed_at(call: int, *, after: bool, is_far: bool) -> Callable[[Path, Path], None]:
    """Renames until the ``call``-th call, and ends there, before or after it. ``is_far``: as between two disks."""
    calls = 0

    def rename(source: Path, target: Path) -> None:
        nonlocal calls
        if is_far and not source.name.endswith(".part"):
            far(source, target)
        calls += 1
        if calls == call and not after:
            raise KilledError
        rename_new(source, target)
        if calls == call:
            raise KilledError

    return rename


@pytest.mark.parametrize("is_far", [False, True])
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("call", [1, 2, 3])
@pytest.mark.parametrize("action", ["move", "trash"])
async def test_a_move_that_was_killed_is_settled_and_can_be_undone(
    tmp_path: Path, call: int, after: bool, is_far: bool, action: str
) -> None:
    async with world(tmp_path, rename=killed_at(call, after=after, is_far=is_far)) as here:
        here.put("a/cat.safetensors", b"cat" * 1000)
        here.put("a/cat.txt", b"text")
        here.put("a/dog.safetensors", b"dog")
        ids = await here.learn()
        before, listed = here.tree(), await here.list_()
        fields = {"kind": "checkpoints", "folder": "x"} if action == "move" else {}
        cat, dog = (ids[str(Path(f"a/{name}.safetensors"))] for name in ("cat", "dog"))
        with pytest.raises(KilledError):
            await here.run(action, ids=[cat, dog], **fields)
        torn = here.tree()

        again = Actions(here.place.database, here.place.roots, here.place.view, Events())
        await again.recover()

        [entry] = (await again.history()).items
        moved = {"cat": call > 1 or after, "dog": call == 3 and after}
        for name, has_moved in moved.items():
            row = await here.row(cat if name == "cat" else dog)
            assert Path(row.path).exists()
            assert (Path(row.path) != here.loras / "a" / f"{name}.safetensors") == has_moved, torn
            beside = Path(row.path.replace(".safetensors", ".txt"))
            assert name == "dog" or beside.read_bytes() == b"text"
        assert entry.state == ("done" if all(moved.values()) else "partly" if any(moved.values()) else "failed")
        await here.agrees()
        if entry.undoable:
            await again.undo(entry.id)
        assert here.tree() == before
        assert await here.list_() == listed
        await here.agrees()


async def test_an_undo_that_was_killed_is_settled_and_the_rest_can_be_undone(tmp_path: Path) -> None:
    async with world(tmp_path, rename=killed_at(3, after=True, is_far=False)) as here:
        for name in ("a", "b"):
            here.put(f"{name}.safetensors", name.encode())
        ids = await here.learn()
        before = here.tree()
        done = await here.run("move", ids=list(ids.values()), kind="checkpoints", folder="x")
        with pytest.raises(KilledError):
            await here.undo(done)

        again = Actions(here.place.database, here.place.roots, here.place.view, Events())
        await again.recover()

        [entry] = (await again.history()).items
        assert (entry.state, entry.undoable) == ("partly", True)
        await here.agrees()
        assert (await again.undo(entry.id)).state == "undone"
        assert here.tree() == before


async def test_recovering_twice_or_with_nothing_to_recover_changes_nothing(here: World) -> None:
    here.put("cat.safetensors")
    ids = await here.learn()
    await here.run("trash", ids=list(ids.values()))
    before = here.tree()

    await here.actions.recover()
    await here.actions.recover()

    assert here.tree() == before
    assert (await here.actions.history()).items[0].state == "done"


async def test_while_another_process_is_at_it_nothing_is_begun_nor_recovered(here: World) -> None:
    here.put("cat.safetensors")
    ids = await here.learn()
    with FileLock(here.place.folder / "home" / "actions.lock", thread_local=False):
        with pytest.raises(ConflictError, match="Another Lorakeeper"):
            await here.run("trash", ids=list(ids.values()))
        await here.actions.recover()
        done = await here.run("favourite", ids=list(ids.values()))

    assert done.state == "done", "what the user says needs no file"
    assert (await here.run("trash", ids=list(ids.values()))).state == "done"


async def test_a_cancelled_action_ends_between_two_files_and_everything_agrees(tmp_path: Path) -> None:
    begun = threading.Event()

    def slow(source: Path, target: Path) -> None:
        begun.set()
        threading.Event().wait(0.02)
        rename_new(source, target)

    async with world(tmp_path, rename=slow) as here:
        for number in range(20):
            here.put(f"{number}.safetensors", str(number).encode())
        ids = await here.learn()
        request = read_request({"action": "move", "ids": list(ids.values()), "kind": "loras", "folder": "x"})
        task = asyncio.create_task(here.actions.run(request))
        await asyncio.to_thread(begun.wait, 5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

        [entry] = (await here.actions.history()).items
        assert entry.state == "partly"
        assert 0 < len(list((here.loras / "x").iterdir())) < 20
        await here.agrees()
        assert (await here.actions.undo(entry.id)).state == "undone"
        assert len(list(here.loras.iterdir())) == 20


async def test_two_actions_at_once_go_one_after_the_other(here: World) -> None:
    for name in ("a", "b"):
        here.put(f"{name}.safetensors", name.encode())
    ids = await here.learn()

    first, second = await asyncio.gather(
        here.run("move", ids=list(ids.values()), kind="loras", folder="x"),
        here.run("move", ids=list(ids.values()), kind="loras", folder="y"),
    )

    assert (first.done, second.done) == (2, 2)
    assert {path.name for path in (here.loras / "y").iterdir()} == {"a.safetensors", "b.safetensors"}
    await here.agrees()


# -- Below it ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rename", [rename_new, rename_portable])
def test_a_rename_never_replaces(tmp_path: Path, rename: Callable[[Path, Path], None]) -> None:
    source, target = tmp_path / "a", tmp_path / "b"
    source.write_bytes(b"a")
    target.write_bytes(b"b")
    with pytest.raises(FileExistsError):
        rename(source, target)
    assert (source.read_bytes(), target.read_bytes()) == (b"a", b"b")

    target.unlink()
    rename(source, target)
    assert (source.exists(), target.read_bytes()) == (False, b"a")

    link = tmp_path / "link"
    link.symlink_to("b")
    with pytest.raises(FileExistsError):
        rename(link, target)
    rename(link, tmp_path / "other")
    assert (tmp_path / "other").readlink() == Path("b")


def test_two_names_that_a_rename_by_links_leaves_become_one(tmp_path: Path) -> None:
    source, target = tmp_path / "a", tmp_path / "b"
    source.write_bytes(b"a")
    os.link(source, target)

    assert Disk().settle(source, target, tmp_path / "part", 1)
    assert (source.exists(), target.read_bytes()) == (False, b"a")


def test_one_file_that_two_paths_lead_to_is_never_taken_for_two(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "linked").symlink_to("folder")
    (tmp_path / "folder" / "a").write_bytes(b"a")

    assert not Disk().settle(tmp_path / "folder" / "a", tmp_path / "linked" / "a", tmp_path / "part", 1)
    assert (tmp_path / "folder" / "a").read_bytes() == b"a"


def test_another_file_at_the_target_is_never_taken_for_the_copy(tmp_path: Path) -> None:
    source, target, part = tmp_path / "a", tmp_path / "b", tmp_path / "part"
    source.write_bytes(b"aaaa")
    target.write_bytes(b"bbbb")
    part.write_bytes(b"aa")

    assert not Disk().settle(source, target, part, 4)
    assert (source.read_bytes(), target.read_bytes(), part.exists()) == (b"aaaa", b"bbbb", False)


def test_a_change_of_case_that_was_killed_half_way_goes_on(tmp_path: Path) -> None:
    source, target, part = tmp_path / "cat", tmp_path / "Cat", tmp_path / ".lorakeeper-1-0-0.part"
    part.write_bytes(b"a")

    assert Disk().settle(source, target, part, 1)
    assert [path.name for path in tmp_path.iterdir()] == ["Cat"]
