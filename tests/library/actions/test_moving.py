"""Renaming and moving: with all that is beside a model, never over another file, and back again."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from lorakeeper.py.errors import ConflictError, UsageError
from lorakeeper.py.library.actions.disk import rename_new

from .world import World, far_between, world

BESIDE = ("civitai.info", "metadata.json", "cm-info.json", "json", "txt", "preview.png", "png")


async def test_a_rename_takes_everything_beside_the_model_along_and_keeps_its_id(here: World) -> None:
    here.put("cat.safetensors")
    for ending in BESIDE:
        here.put(f"cat.{ending}", ending.encode())
    here.put("cat.safetensors.rgthree-info.json", b"{}")
    here.put("cats.txt", b"another's")
    ids = await here.learn()
    await here.tell(ids["cat.safetensors"], notes="mine")

    done = await here.run("rename", id=ids["cat.safetensors"], name="dog")

    names = {path.name for path in here.loras.iterdir()}
    assert names == {"dog.safetensors", "dog.safetensors.rgthree-info.json", "cats.txt"} | {f"dog.{e}" for e in BESIDE}
    assert done.state == "done"
    assert done.summary == "Rename cat.safetensors to dog"
    assert sorted(done.steps[0].beside) == sorted([f"cat.{e}" for e in BESIDE] + ["cat.safetensors.rgthree-info.json"])
    row = await here.row(ids["cat.safetensors"])
    assert (row.name, row.stale) == ("dog.safetensors", False)
    assert (await here.user(row.id)).notes == "mine"
    await here.agrees()


@pytest.mark.parametrize("name", ["dog", "dog.safetensors", " dog ", "dog.SAFETENSORS"])
async def test_a_name_is_taken_with_or_without_its_extension(here: World, name: str) -> None:
    here.put("cat.safetensors")
    ids = await here.learn()

    await here.run("rename", id=ids["cat.safetensors"], name=name)

    assert [path.name for path in here.loras.iterdir()] == ["dog.safetensors"]


@pytest.mark.parametrize(
    "name", ["a/b", "../b", "..", "b.ckpt", "con", "aux.x", "b?", "b:c", " ", ".b", "b" * 300, "b\n", "b."]
)
async def test_a_name_that_some_system_cannot_have_is_refused_before_anything_happens(here: World, name: str) -> None:
    here.put("cat.safetensors")
    ids = await here.learn()
    before = here.tree()

    if name in ("b\n", "b."):  # what is only trimmed, or stands before the extension, is a name
        await here.plan("rename", id=ids["cat.safetensors"], name=name.strip())
        return
    with pytest.raises(UsageError):
        await here.run("rename", id=ids["cat.safetensors"], name=name)

    assert here.tree() == before
    assert not (await here.actions.history()).items


@pytest.mark.parametrize("taken", ["dog.safetensors", "dog.txt"])
async def test_nothing_is_overwritten_neither_a_model_nor_what_is_beside_one(here: World, taken: str) -> None:
    here.put("cat.safetensors")
    here.put("cat.txt", b"mine")
    here.put(taken, b"other")
    ids = await here.learn()
    before = here.tree()

    plan = await here.plan("rename", id=ids["cat.safetensors"], name="dog")
    done = await here.run("rename", id=ids["cat.safetensors"], name="dog")

    assert here.tree() == before
    assert plan.changes == 0
    assert plan.steps == done.steps
    assert plan.steps[0].why == f"There is a file already at {here.loras / taken}."
    assert done.action_id is None


async def test_a_file_that_appears_between_the_plan_and_the_move_is_not_overwritten(tmp_path: Path) -> None:
    def late(source: Path, target: Path) -> None:
        target.write_bytes(b"late")
        rename_new(source, target)

    async with world(tmp_path, rename=late) as here:
        cat = here.put("cat.safetensors")
        ids = await here.learn()

        done = await here.run("rename", id=ids["cat.safetensors"], name="dog")

        assert (done.state, done.steps[0].outcome) == ("failed", "failed")
        assert done.steps[0].why == f"There is a file already at {here.loras / 'dog.safetensors'}."
        assert cat.exists()
        assert (here.loras / "dog.safetensors").read_bytes() == b"late"
        assert (await here.row(ids["cat.safetensors"])).path == str(cat)
        with pytest.raises(ConflictError):
            await here.undo(done)


async def test_a_name_that_differs_in_case_only_is_another_name(here: World) -> None:
    here.put("cat.safetensors")
    here.put("cat.txt", b"x")
    ids = await here.learn()

    await here.run("rename", id=ids["cat.safetensors"], name="Cat")

    assert {path.name for path in here.loras.iterdir()} == {"Cat.safetensors", "Cat.txt"}
    await here.agrees()


async def test_a_hard_link_under_a_name_of_other_case_is_another_file(here: World) -> None:
    cat = here.put("cat.safetensors")
    os.link(cat, here.loras / "Cat.safetensors")
    ids = await here.learn()

    plan = await here.plan("rename", id=ids["cat.safetensors"], name="Cat")

    assert plan.refused == 1


async def test_what_two_models_of_one_stem_share_stays_with_the_last_of_them(here: World) -> None:
    for name in ("cat.safetensors", "cat.ckpt", "cat.txt"):
        here.put(name)
    ids = await here.learn()

    await here.run("move", ids=[ids["cat.ckpt"]], kind="loras", folder="old")
    assert (here.loras / "cat.txt").exists()

    await here.run("move", ids=[ids["cat.safetensors"]], kind="loras", folder="new")
    assert (here.loras / "new" / "cat.txt").exists()


async def test_a_preview_belongs_to_the_longest_name_that_fits(here: World) -> None:
    for name in ("cat.safetensors", "cat.preview.safetensors", "cat.preview.png", "cat.png"):
        here.put(name)
    ids = await here.learn()

    await here.run("rename", id=ids["cat.safetensors"], name="dog")

    assert {path.name for path in here.loras.iterdir()} == {
        "dog.safetensors",
        "dog.png",
        "cat.preview.safetensors",
        "cat.preview.png",
    }


async def test_a_move_takes_files_to_another_kind_and_undo_brings_all_back_as_it_was(here: World) -> None:
    here.put("a/b/cat.safetensors")
    here.put("a/b/cat.png", b"p")
    here.put("dog.safetensors")
    ids = await here.learn()
    before, listed = here.tree(), await here.list_()

    done = await here.run("move", ids=list(ids.values()), kind="checkpoints", folder="x/y")

    assert {path.name for path in (here.checkpoints / "x/y").iterdir()} == {
        "cat.safetensors",
        "cat.png",
        "dog.safetensors",
    }
    assert not (here.loras / "a").exists(), "folders that we emptied go"
    row = await here.row(ids["dog.safetensors"])
    assert (row.kind, row.name, row.folder) == ("checkpoints", str(Path("x/y/dog.safetensors")), "x/y")
    await here.agrees()

    undone = await here.undo(done)

    assert (undone.state, undone.done, undone.failed) == ("undone", 2, 0)
    assert here.tree() == before
    assert await here.list_() == listed
    await here.agrees()
    with pytest.raises(ConflictError):
        await here.undo(done)


async def test_only_folders_that_became_empty_by_us_go(here: World) -> None:
    here.put("a/cat.safetensors")
    here.put("b/dog.safetensors")
    here.put("b/reader.txt", b"x")
    (here.loras / "empty").mkdir()
    (here.checkpoints / "there").mkdir()
    ids = await here.learn()

    done = await here.run("move", ids=list(ids.values()), kind="checkpoints", folder="there")
    assert {path.name for path in here.loras.iterdir()} == {"b", "empty"}

    await here.undo(done)
    assert (here.checkpoints / "there").is_dir(), "it was there before"
    assert {path.name for path in here.loras.iterdir()} == {"a", "b", "empty"}


@pytest.mark.parametrize(
    "folder", ["../x", "a/../../x", "/tmp", "C:\\x", "a/./b", ".lorakeeper-trash/1", "a/con", "a|b"]
)
async def test_a_move_never_leaves_the_model_folders(here: World, folder: str) -> None:
    here.put("cat.safetensors")
    ids = await here.learn()
    before = here.tree()

    with pytest.raises(UsageError):
        await here.run("move", ids=[ids["cat.safetensors"]], kind="loras", folder=folder)

    assert here.tree() == before


async def test_a_linked_folder_inside_a_model_folder_is_inside(here: World) -> None:
    outside = here.place.folder / "big disk"
    outside.mkdir()
    (here.loras / "linked").symlink_to(outside)
    here.put("cat.safetensors")
    ids = await here.learn()

    done = await here.run("move", ids=[ids["cat.safetensors"]], kind="loras", folder="linked/new")

    assert (outside / "new" / "cat.safetensors").is_file()
    assert (await here.row(ids["cat.safetensors"])).path == str(here.loras / "linked" / "new" / "cat.safetensors")
    await here.agrees()
    await here.undo(done)
    assert (here.loras / "cat.safetensors").is_file()
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("relative", [True, False])
async def test_a_linked_model_is_moved_as_a_link_that_still_leads_to_its_file(here: World, relative: bool) -> None:
    real = here.place.folder / "elsewhere" / "real.safetensors"
    here.place.put("real.safetensors", root="elsewhere")
    text = "../elsewhere/real.safetensors" if relative else str(real)
    (here.loras / "cat.safetensors").symlink_to(text)
    ids = await here.learn()

    done = await here.run("move", ids=[ids["cat.safetensors"]], kind="loras", folder="deep/er")

    moved = here.loras / "deep/er/cat.safetensors"
    assert moved.is_symlink()
    assert moved.resolve() == real
    assert real.is_file()
    await here.agrees()
    await here.undo(done)
    assert (here.loras / "cat.safetensors").readlink() == Path(text)


async def test_a_file_that_is_worked_on_is_left_alone(tmp_path: Path) -> None:
    async with world(tmp_path, busy=lambda path: path.name.startswith("cat")) as here:
        here.put("cat.safetensors")
        here.put("dog.safetensors")
        ids = await here.learn()

        done = await here.run("move", ids=list(ids.values()), kind="loras", folder="x")

        assert sorted(step.outcome for step in done.steps) == ["done", "refused"]
        assert (here.loras / "cat.safetensors").exists()


async def test_files_outside_the_model_folders_and_missing_and_unknown_ones_are_said(here: World) -> None:
    cat = here.put("cat.safetensors")
    ids = await here.learn()
    cat.unlink()
    await here.place.scanner.scan()

    plan = await here.plan("move", ids=[ids["cat.safetensors"], 999], kind="loras", folder="x")

    assert [step.why for step in plan.steps] == [
        "cat.safetensors is missing, so there is nothing to move.",
        "There is no such model in the library.",
    ]
    with pytest.raises(UsageError, match="kind"):
        await here.plan("move", ids=[1], kind="nonsense")


async def test_undo_says_file_by_file_what_the_world_has_made_impossible(here: World) -> None:
    for name in ("gone", "replaced", "taken", "fine"):
        here.put(f"{name}.safetensors")
    ids = await here.learn()
    done = await here.run("move", ids=list(ids.values()), kind="loras", folder="x")
    (here.loras / "x/gone.safetensors").unlink()
    (here.loras / "x/replaced.safetensors").unlink()
    here.put("x/replaced.safetensors", b"another file altogether")
    here.put("taken.safetensors", b"new")

    undone = await here.undo(done)

    whys = {Path(step.path).stem: step.why for step in undone.steps}
    assert (undone.state, undone.done, undone.failed) == ("partly", 1, 3)
    assert whys["fine"] is None
    assert "isn't where it was put any more" in str(whys["gone"])
    assert "Another file lies at" in str(whys["replaced"])
    assert "There is a file already at" in str(whys["taken"])
    assert (here.loras / "fine.safetensors").is_file()
    assert (here.loras / "taken.safetensors").read_bytes() == b"new"

    (here.loras / "taken.safetensors").unlink()
    again = await here.undo(done)
    assert again.done == 1, "what stood in the way has gone, so the rest can be undone now"


async def test_a_missing_file_known_at_the_new_place_is_known_again_after_an_undo(here: World) -> None:
    here.put("x/cat.safetensors", b"first")
    ids = await here.learn()
    (here.loras / "x/cat.safetensors").unlink()
    here.put("cat.safetensors", b"second")
    ids = await here.learn()

    done = await here.run("move", ids=[ids["cat.safetensors"]], kind="loras", folder="x")
    assert list(await here.ids()) == [str(Path("x/cat.safetensors"))]
    await here.agrees()

    await here.undo(done)
    assert await here.ids() == ids
    await here.agrees()


async def test_a_file_that_was_put_back_by_hand_stays(here: World) -> None:
    before = here.put("cat.safetensors")
    ids = await here.learn()
    done = await here.run("rename", id=ids["cat.safetensors"], name="dog")
    (here.loras / "dog.safetensors").rename(before)
    await here.place.scanner.scan()
    assert (await here.row(ids["cat.safetensors"])).path == str(before)

    assert (await here.undo(done)).done == 0
    await here.agrees()


@pytest.mark.parametrize("is_far", [False, True])
async def test_a_scan_in_the_middle_of_a_move_leaves_no_second_row(tmp_path: Path, is_far: bool) -> None:
    loop = asyncio.get_running_loop()
    loras, checkpoints = tmp_path / "loras", tmp_path / "checkpoints"

    def rename(source: Path, target: Path) -> None:
        (far_between(loras, checkpoints, rename_new) if is_far else rename_new)(source, target)
        asyncio.run_coroutine_threadsafe(here.place.scanner.scan(), loop).result(10)

    async with world(tmp_path, rename=rename) as here:
        here.put("cat.safetensors")
        ids = await here.learn()
        cat = ids["cat.safetensors"]
        await here.tell(cat, notes="mine")

        done = await here.run("move", ids=[cat], kind="checkpoints")
        assert await here.ids() == {"cat.safetensors": cat}
        assert (await here.user(cat)).notes == "mine"
        await here.place.learner.run()
        await here.agrees()

        await here.undo(done)
        assert (await here.row(cat)).kind == "loras"
        await here.agrees()


# -- To another disk ---------------------------------------------------------------------------------------------------


async def test_a_move_to_another_disk_copies_verifies_and_keeps_the_time(tmp_path: Path) -> None:
    loras, checkpoints = tmp_path / "loras", tmp_path / "checkpoints"
    async with world(tmp_path, rename=far_between(loras, checkpoints, rename_new)) as here:
        path = here.put("cat.safetensors", os.urandom(9_000_000))
        here.put("cat.png", b"p")
        ids = await here.learn()
        before, then = here.tree(), path.stat().st_mtime_ns

        done = await here.run("move", ids=list(ids.values()), kind="checkpoints", folder="x")

        moved = checkpoints / "x" / "cat.safetensors"
        assert moved.read_bytes() == before["loras/cat.safetensors"]
        assert moved.stat().st_mtime_ns == then
        assert not path.exists()
        assert (checkpoints / "x" / "cat.png").exists()
        row = await here.row(ids["cat.safetensors"])
        assert not row.stale, "nothing has to be read again"
        await here.agrees()
        await here.undo(done)
        assert here.tree() == before
        await here.agrees()


@pytest.mark.skipif(
    not Path("/dev/shm").is_dir() or Path("/dev/shm").stat().st_dev == Path("/tmp").stat().st_dev,
    reason="one disk only: the test above stands for it",
)
async def test_a_move_between_two_real_disks(tmp_path: Path) -> None:
    import tempfile

    with tempfile.TemporaryDirectory(dir="/dev/shm") as other:
        roots = {"loras": [tmp_path / "loras"], "checkpoints": [Path(other)]}
        async with world(tmp_path, roots) as here:
            here.put("cat.safetensors", os.urandom(100_000))
            ids = await here.learn()

            plan = await here.plan("move", ids=list(ids.values()), kind="checkpoints")
            done = await here.run("move", ids=list(ids.values()), kind="checkpoints")

            assert plan.steps[0].copied
            assert (Path(other) / "cat.safetensors").stat().st_size == 100_000
            await here.agrees()
            await here.undo(done)
            assert list(Path(other).iterdir()) == []
            await here.agrees()


async def test_without_room_on_the_other_disk_nothing_is_begun(tmp_path: Path) -> None:
    from lorakeeper.py.downloads import DiskSpace

    loras, checkpoints = tmp_path / "loras", tmp_path / "checkpoints"
    rename = far_between(loras, checkpoints, rename_new)
    async with world(tmp_path, rename=rename, space=DiskSpace(lambda folder: 0)) as here:
        here.put("cat.safetensors")
        ids = await here.learn()
        before = here.tree()

        done = await here.run("move", ids=list(ids.values()), kind="checkpoints")

        assert done.state == "failed"
        assert "Not enough room" in str(done.steps[0].why)
        assert here.tree() == before


async def test_a_copy_that_is_stopped_leaves_the_file_where_it_was(tmp_path: Path) -> None:
    import threading

    stop = threading.Event()
    loras, checkpoints = tmp_path / "loras", tmp_path / "checkpoints"

    def rename(source: Path, target: Path) -> None:
        if not target.name.endswith(".part"):
            stop.set()  # the copy begins behind it
        far_between(loras, checkpoints, rename_new)(source, target)

    async with world(tmp_path, rename=rename) as here:
        from lorakeeper.py.library.actions import read_request

        here.put("cat.safetensors", os.urandom(9_000_000))
        here.put("dog.safetensors")
        ids = await here.learn()
        before = here.tree()

        request = read_request({"action": "move", "ids": list(ids.values()), "kind": "checkpoints"})
        done = await here.actions.run(request, stop=stop)

        assert (done.state, done.failed) == ("failed", 2)
        assert here.tree() == before
        await here.agrees()


async def test_an_exact_copy_that_took_the_place_is_another_file(here: World) -> None:
    for name in ("cat", "copy"):
        here.put(f"{name}.safetensors", b"same")
    for name in ("cat", "copy"):
        os.utime(here.loras / f"{name}.safetensors", (1_600_000_000, 1_600_000_000))
    ids = await here.learn()
    first = await here.run("move", ids=[ids["cat.safetensors"]], kind="loras", folder="x")
    await here.run("move", ids=[ids["cat.safetensors"]], kind="loras", folder="y")
    await here.run("rename", id=ids["copy.safetensors"], name="cat")
    await here.run("move", ids=[ids["copy.safetensors"]], kind="loras", folder="x")

    undone = await here.undo(first)

    assert undone.failed == 1
    assert "Another file lies at" in str(undone.steps[0].why)
    await here.agrees()
