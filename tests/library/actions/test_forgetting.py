"""Forgetting missing files, and knowing them again."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from lorakeeper.py.storage.tables import cards, items

from .world import World


async def test_a_missing_file_is_forgotten_and_comes_back_with_its_id_and_all_that_was_known(here: World) -> None:
    path = here.put("cat.safetensors")
    here.put("dog.safetensors")
    ids = await here.learn()
    cat = ids["cat.safetensors"]
    await here.tell(cat, notes="mine", tags=["x"])
    path.unlink()
    await here.place.scanner.scan()
    listed = await here.list_()

    done = await here.run("forget", ids=[cat])

    assert list(await here.ids()) == ["dog.safetensors"]
    for table in (items, cards):
        left = select(func.count()).where(table.c.file == cat)
        assert await here.count(left) == 0
    await here.agrees()

    assert (await here.undo(done)).state == "undone"
    assert await here.ids() == ids
    assert (await here.user(cat)).notes == "mine"
    assert [row[:4] for row in await here.list_()] == [row[:4] for row in listed]
    await here.agrees()


async def test_files_that_are_here_or_in_the_trash_are_not_forgotten(here: World) -> None:
    here.put("cat.safetensors")
    here.put("dog.safetensors")
    ids = await here.learn()
    await here.run("trash", ids=[ids["dog.safetensors"]])

    done = await here.run("forget", ids=[*ids.values(), 99])

    assert [step.outcome for step in done.steps] == ["refused"] * 3
    assert ["trash" in str(step.why) for step in done.steps] == [
        each == ids["dog.safetensors"] for each in (*ids.values(), 99)
    ]
    assert await here.ids() == ids


@pytest.mark.parametrize("taken", ["place", "id"])
async def test_an_undo_after_the_place_or_the_id_was_given_to_another_file(here: World, taken: str) -> None:
    path = here.put("cat.safetensors", b"old")
    cat = (await here.learn())["cat.safetensors"]
    path.unlink()
    await here.place.scanner.scan()
    done = await here.run("forget", ids=[cat])
    here.put("cat.safetensors" if taken == "place" else "dog.safetensors", b"new")
    ids = await here.learn()
    assert list(ids.values()) == [cat], "the database gives the number again"

    undone = await here.undo(done)

    if taken == "place":
        assert undone.steps[0].why == "A file is known at its place again."
        assert await here.ids() == ids
    else:
        assert undone.state == "undone"
        assert set(await here.ids()) == {"cat.safetensors", "dog.safetensors"}
    await here.agrees()
