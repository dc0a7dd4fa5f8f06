"""The trash: nothing is lost in it, everything comes back with what was known of it, and only emptying is for good."""

from __future__ import annotations

from pathlib import Path

import pytest

from lorakeeper.py.errors import ConflictError, MissingError, UsageError

from .world import TRASH, World, world


async def test_trash_takes_a_model_with_all_beside_it_out_of_every_list_and_keeps_what_is_known(here: World) -> None:
    here.put("a/cat.safetensors")
    here.put("a/cat.txt", b"x")
    ids = await here.learn()
    cat = next(iter(ids.values()))
    await here.tell(cat, notes="mine")

    plan = await here.plan("trash", ids=[cat])
    done = await here.run("trash", ids=[cat])

    assert [(step.path, step.to, step.beside) for step in plan.steps] == [
        (step.path, step.to, step.beside) for step in done.steps
    ]
    kept = here.loras / TRASH / str(done.action_id) / "a"
    assert {path.name for path in kept.iterdir()} == {"cat.safetensors.trashed", "cat.txt.trashed"}
    assert (here.loras / "a").is_dir()
    row = await here.row(cat)
    assert (row.missing, row.name) == (True, str(Path("a/cat.safetensors")))
    assert (await here.user(cat)).notes == "mine"
    await here.agrees()
    report = await here.place.scanner.scan()
    assert (report.files, report.new) == (0, 0)


async def test_the_list_has_what_is_in_the_trash_by_itself_and_only_where_it_is_asked_for(here: World) -> None:
    for name in ("cat", "dog", "gone"):
        here.put(f"{name}.safetensors")
    ids = await here.learn()
    (here.loras / "gone.safetensors").unlink()
    await here.place.scanner.scan()
    await here.run("trash", ids=[ids["cat.safetensors"]])

    assert await here.listed() == {"dog.safetensors": "present", "gone.safetensors": "missing"}
    assert await here.listed(missing=True) == {"gone.safetensors": "missing"}
    assert await here.listed(trashed=True) == {"cat.safetensors": "trashed"}


@pytest.mark.parametrize("way", ["ids", "action", "undo"])
async def test_restore_brings_the_same_row_back_and_leaves_no_trash(here: World, way: str) -> None:
    here.put("a/cat.safetensors")
    here.put("a/cat.txt", b"x")
    ids = await here.learn()
    before, listed = here.tree(), await here.list_()
    done = await here.run("trash", ids=list(ids.values()))

    if way == "ids":
        await here.run("restore", ids=list(ids.values()))
    elif way == "action":
        await here.run("restore", actions=[done.action_id])
    else:
        assert (await here.undo(done)).state == "undone"

    assert here.tree() == before
    assert await here.list_() == listed
    assert await here.ids() == ids
    await here.agrees()


@pytest.mark.parametrize("way", ["restore", "undo"])
async def test_a_file_that_took_the_place_meanwhile_stays_and_the_old_one_gets_another_name(
    here: World, way: str
) -> None:
    here.put("cat.safetensors", b"old")
    here.put("cat.txt", b"old text")
    ids = await here.learn()
    done = await here.run("trash", ids=list(ids.values()))
    here.put("cat.safetensors", b"new")
    await here.learn()

    restored = await here.run("restore", actions=[done.action_id]) if way == "restore" else await here.undo(done)

    assert restored.steps[0].to == str(here.loras / "cat (restored).safetensors")
    assert (here.loras / "cat.safetensors").read_bytes() == b"new"
    assert (here.loras / "cat (restored).safetensors").read_bytes() == b"old"
    assert (here.loras / "cat (restored).txt").read_bytes() == b"old text"
    assert (await here.ids())["cat (restored).safetensors"] == ids["cat.safetensors"]
    await here.agrees()


async def test_a_restore_can_be_undone(here: World) -> None:
    here.put("cat.safetensors")
    ids = await here.learn()
    trashed = await here.run("trash", ids=list(ids.values()))
    before = here.tree()
    restored = await here.run("restore", ids=list(ids.values()))

    await here.undo(restored)

    assert here.tree() == before
    assert (await here.row(ids["cat.safetensors"])).missing
    await here.agrees()
    assert (await here.undo(trashed)).done == 1


async def test_the_same_content_fetched_again_takes_the_row_and_the_trash_can_be_restored_still(here: World) -> None:
    here.put("cat.safetensors", b"same")
    ids = await here.learn()
    done = await here.run("trash", ids=list(ids.values()))
    here.put("again.safetensors", b"same")
    assert (await here.learn())["again.safetensors"] == ids["cat.safetensors"]

    restored = await here.run("restore", actions=[done.action_id])

    assert restored.done == 1
    await here.place.learner.run()
    assert set(await here.ids()) == {"again.safetensors", "cat.safetensors"}
    assert len({row.content for row in (await here.place.rows()).values()}) == 1
    await here.agrees()


async def test_a_file_in_a_linked_folder_goes_to_the_trash_on_its_own_disk(tmp_path: Path) -> None:
    import tempfile

    shared = Path("/dev/shm")
    other = shared if shared.is_dir() and shared.stat().st_dev != tmp_path.stat().st_dev else tmp_path
    with tempfile.TemporaryDirectory(dir=other) as far:
        async with world(tmp_path) as here:
            (here.loras / "linked").symlink_to(far)
            here.put("linked/sub/cat.safetensors")
            ids = await here.learn()
            before = here.tree()

            done = await here.run("trash", ids=list(ids.values()))

            apart = Path(far).stat().st_dev != here.loras.stat().st_dev
            base = here.loras / "linked" if apart else here.loras
            assert (base / TRASH).is_dir()
            assert not done.steps[0].copied
            await here.agrees()
            await here.undo(done)
            assert here.tree() == before


async def test_emptying_needs_a_yes_deletes_for_good_and_keeps_what_is_known(here: World) -> None:
    here.put("cat.safetensors")
    here.put("cat.txt", b"x")
    here.put("dog.safetensors")
    ids = await here.learn()
    await here.tell(ids["cat.safetensors"], notes="mine")
    done = await here.run("trash", ids=[ids["cat.safetensors"]])

    plan = await here.plan("purge", actions=[done.action_id])
    assert (plan.needs_confirm, plan.undoable, plan.changes) == (True, False, 1)
    assert plan.frees == plan.size > 0
    with pytest.raises(UsageError, match="confirm"):
        await here.run("purge", actions=[done.action_id])
    assert (here.loras / TRASH).is_dir()

    purged = await here.run("purge", actions=[done.action_id], confirm=True)

    assert set(here.tree()) == {"loras/", "loras/dog.safetensors", "checkpoints/"}
    assert purged.undoable is False
    row = await here.row(ids["cat.safetensors"])
    assert (row.missing, row.path) == (True, str(here.loras / "cat.safetensors"))
    assert (await here.user(row.id)).notes == "mine"
    for each in (purged, done):
        with pytest.raises(ConflictError, match="good"):
            await here.undo(each)
    await here.agrees()


async def test_some_of_the_trash_goes_for_good_by_their_ids_and_the_rest_can_come_back(here: World) -> None:
    for name in ("cat", "dog", "cow"):
        here.put(f"{name}.safetensors")
    ids = await here.learn()
    cat, dog, cow = (ids[f"{name}.safetensors"] for name in ("cat", "dog", "cow"))
    done = await here.run("trash", ids=[cat, dog])
    with pytest.raises(UsageError, match="either"):
        await here.plan("purge", ids=[cat], actions=[done.action_id])
    with pytest.raises(UsageError, match="either"):
        await here.plan("purge")

    purged = await here.run("purge", ids=[cat, cow, 99], confirm=True)

    assert [(step.id, step.outcome) for step in purged.steps] == [(cat, "done"), (cow, "refused"), (99, "refused")]
    assert (here.loras / "cow.safetensors").exists()
    assert (await here.run("restore", ids=[cat, dog])).done == 1
    assert {path.name for path in here.loras.iterdir()} == {"dog.safetensors", "cow.safetensors"}
    await here.agrees()


async def test_emptying_touches_only_what_the_journal_put_there(here: World) -> None:
    here.put("cat.safetensors")
    here.put("dog.safetensors")
    ids = await here.learn()
    done = await here.run("trash", ids=list(ids.values()))
    folder = here.loras / TRASH / str(done.action_id)
    (folder / "theirs.txt").write_bytes(b"x")
    (folder / "dog.safetensors.trashed").unlink()
    (folder / "dog.safetensors.trashed").write_bytes(b"put there by somebody")
    renamed = await here.run("favourite", ids=list(ids.values()))

    purged = await here.run("purge", actions=[done.action_id], confirm=True)

    assert {path.name for path in folder.iterdir()} == {"theirs.txt", "dog.safetensors.trashed"}
    assert sorted(step.outcome for step in purged.steps) == ["done", "refused"]
    with pytest.raises(UsageError):
        await here.run("purge", actions=[renamed.action_id], confirm=True)
    with pytest.raises(MissingError):
        await here.run("purge", actions=[999], confirm=True)


async def test_what_is_not_in_the_trash_cannot_be_restored(here: World) -> None:
    here.put("cat.safetensors")
    ids = await here.learn()

    plan = await here.plan("restore", ids=[ids["cat.safetensors"], 99])

    assert [step.outcome for step in plan.steps] == ["refused", "refused"]


async def test_an_older_trash_folder_of_the_same_number_is_left_alone(here: World) -> None:
    here.put("cat.safetensors")
    ids = await here.learn()
    old = here.loras / TRASH / "1" / "cat.safetensors.trashed"
    old.parent.mkdir(parents=True)
    old.write_bytes(b"of another library")

    done = await here.run("trash", ids=list(ids.values()))
    assert (here.loras / TRASH / "1-2" / "cat.safetensors.trashed").exists()
    await here.run("restore", ids=list(ids.values()))

    assert old.read_bytes() == b"of another library"
    assert done.action_id == 1
    await here.agrees()
