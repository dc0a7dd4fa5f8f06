"""Exact duplicates: listed with what they cost, made into hard links after another look, and into copies again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lorakeeper.py.errors import UsageError

from .world import World, world


def inode(path: Path) -> int:
    return path.stat().st_ino


async def test_duplicates_are_listed_with_the_space_they_take_the_most_wasteful_first(here: World) -> None:
    here.put("a.safetensors", b"x" * 100)
    here.put("sub/b.safetensors", b"x" * 100)
    here.put("c.safetensors", b"x" * 100, root="checkpoints")
    here.put("d.safetensors", b"y" * 5000)
    here.put("e.safetensors", b"y" * 5000)
    here.put("only.safetensors", b"z")
    await here.learn()

    page = await here.actions.duplicates()

    assert page.total_wasted == 5000 + 200
    assert [(group.size, group.wasted, len(group.files)) for group in page.groups] == [(5000, 5000, 2), (100, 200, 3)]
    assert {file.name for file in page.groups[0].files} == {"d.safetensors", "e.safetensors"}
    first = await here.actions.duplicates(limit=1)
    second = await here.actions.duplicates(first.next_cursor, limit=1)
    assert [*first.groups, *second.groups] == page.groups
    assert second.next_cursor is None
    with pytest.raises(UsageError):
        await here.actions.duplicates("nonsense")


async def test_hard_links_count_once_and_missing_files_not_at_all(here: World) -> None:
    path = here.put("a.safetensors", b"x" * 100)
    os.link(path, here.loras / "linked.safetensors")
    here.put("gone.safetensors", b"x" * 100)
    await here.learn()
    (here.loras / "gone.safetensors").unlink()
    await here.place.scanner.scan()

    page = await here.actions.duplicates()

    assert (page.groups, page.total_wasted) == ([], 0)


async def test_linking_frees_the_space_and_undo_makes_a_real_copy_with_its_old_time(here: World) -> None:
    first, second = here.put("a.safetensors", b"x" * 1000), here.put("b.safetensors", b"x" * 1000, root="checkpoints")
    os.utime(second, ns=(1_000_000_000_000_000_000, 1_500_000_000_123_456_789))
    here.put("other.safetensors", b"y")
    await here.learn()
    before = here.tree()
    [group] = (await here.actions.duplicates()).groups

    plan = await here.plan("link", sha256=[group.sha256])
    assert (plan.changes, plan.frees) == (1, 1000)
    done = await here.run("link", sha256=[group.sha256])

    assert inode(first) == inode(second)
    assert here.tree() == before
    assert sorted(step.outcome for step in done.steps) == ["done", "same"]
    assert (await here.actions.duplicates()).groups == []
    await here.agrees()

    undone = await here.undo(done)

    assert undone.state == "undone"
    assert inode(first) != inode(second)
    assert second.stat().st_mtime_ns == 1_500_000_000_123_456_789
    assert here.tree() == before
    await here.agrees()


async def test_only_the_files_that_were_named_become_links_of_the_oldest(here: World) -> None:
    for name in "abc":
        here.put(f"{name}.safetensors", b"x" * 100)
        ids = await here.learn()

    await here.run("link", ids=[ids["c.safetensors"]])

    assert inode(here.loras / "a.safetensors") == inode(here.loras / "c.safetensors")
    assert inode(here.loras / "a.safetensors") != inode(here.loras / "b.safetensors")
    await here.agrees()


async def test_files_are_read_again_right_before_and_one_that_has_rotted_is_never_linked(here: World) -> None:
    here.put("a.safetensors", b"x" * 1000)
    second = here.put("b.safetensors", b"x" * 1000)
    ids = await here.learn()
    then = second.stat()
    second.write_bytes(b"x" * 999 + b"!")
    os.utime(second, ns=(then.st_atime_ns, then.st_mtime_ns))  # the rows can't know

    done = await here.run("link", ids=list(ids.values()))

    assert done.state == "failed"
    assert "is not what it was" in str([step.why for step in done.steps])
    assert second.read_bytes().endswith(b"!")
    await here.agrees()


async def test_a_file_that_was_never_read_or_is_a_link_already_is_refused(here: World) -> None:
    here.put("a.safetensors", b"x" * 100)
    target = here.put("far.safetensors", b"x" * 100, root="elsewhere")
    (here.loras / "link.safetensors").symlink_to(target)
    ids = await here.learn()
    here.put("new.safetensors", b"x" * 100)
    await here.place.scanner.scan()
    ids = await here.ids()

    plan = await here.plan("link", ids=[ids["link.safetensors"], ids["new.safetensors"], 99])

    assert [step.outcome for step in plan.steps] == ["refused"] * 3


async def test_an_undo_says_what_is_no_link_any_more(here: World) -> None:
    here.put("a.safetensors", b"x" * 100)
    second = here.put("b.safetensors", b"x" * 100)
    ids = await here.learn()
    done = await here.run("link", ids=list(ids.values()))
    second.unlink()
    second.write_bytes(b"new" * 40)

    undone = await here.undo(done)

    assert undone.failed == 1
    assert second.read_bytes() == b"new" * 40


async def test_both_names_of_a_file_that_was_changed_since_keep_it(here: World) -> None:
    first = here.put("a.safetensors", b"x" * 100)
    here.put("b.safetensors", b"x" * 100)
    ids = await here.learn()
    done = await here.run("link", ids=list(ids.values()))
    first.write_bytes(b"z" * 100)

    undone = await here.undo(done)

    assert "was changed since" in str(undone.steps[0].why)
    assert inode(first) == inode(here.loras / "b.safetensors")
    assert not list(here.loras.glob(".lorakeeper-*"))


async def test_without_room_a_link_stays_a_link(tmp_path: Path) -> None:
    from lorakeeper.py.downloads import DiskSpace

    async with world(tmp_path, space=DiskSpace(lambda folder: 0)) as here:
        here.put("a.safetensors", b"x" * 100)
        here.put("b.safetensors", b"x" * 100)
        ids = await here.learn()
        done = await here.run("link", ids=list(ids.values()))

        undone = await here.undo(done)

        assert "Not enough room" in str(undone.steps[0].why)
        assert inode(here.loras / "a.safetensors") == inode(here.loras / "b.safetensors")
        await here.agrees()


async def test_which_duplicates_has_to_be_said_and_an_unknown_content_is(here: World) -> None:
    with pytest.raises(UsageError):
        await here.plan("link")
    plan = await here.plan("link", sha256=["a" * 64])
    assert plan.steps[0].outcome == "refused"
