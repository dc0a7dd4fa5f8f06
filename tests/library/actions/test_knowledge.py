"""What the user says through actions: changed for many at once, and taken back only where it still stands."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import func, select

from lorakeeper.py.library.actions import read_request
from lorakeeper.py.library.actions.common import STOPPED, Run
from lorakeeper.py.library.actions.knowledge import Teller
from lorakeeper.py.library.actions.steps import UserStep
from lorakeeper.py.storage.tables import actions, items

from .world import World


@pytest.mark.parametrize(
    ("action", "fields", "name", "before", "after"),
    [
        ("favourite", {"value": True}, "favourite", False, True),
        (
            "tag",
            {"add": ["Anime", "anime", "new"], "remove": ["OLD"]},
            "tags",
            ["old", "kept"],
            ["kept", "Anime", "new"],
        ),
        ("note", {"text": "new"}, "notes", "old", "new"),
        ("note", {"text": "new", "mode": "append"}, "notes", "old", "old\nnew"),
        ("note", {"text": "new", "mode": "append"}, "notes", "", "new"),
        ("words", {"trigger_words": ["a, b", "c"]}, "trigger_words", ["x"], ["a, b", "c"]),
        ("strength", {"value": 0.8}, "preferred_strength", 0.5, 0.8),
        ("strength", {"value": None}, "preferred_strength", 0.5, None),
    ],
)
async def test_each_is_planned_done_and_undone(
    here: World, action: str, fields: dict[str, Any], name: str, before: object, after: object
) -> None:
    here.put("cat.safetensors")
    cat = (await here.learn())["cat.safetensors"]
    start = {name: before} | ({"notes": "stays"} if name != "notes" else {"favourite": True})
    await here.tell(cat, **start)
    whole = await here.user(cat)

    plan = await here.plan(action, ids=[cat], **fields)
    assert await here.user(cat) == whole
    done = await here.run(action, ids=[cat], **fields)

    assert (plan.steps[0].before, plan.steps[0].after) == ({name: before}, {name: after})
    assert (done.steps[0].before, done.steps[0].after) == ({name: before}, {name: after})
    assert await here.user(cat) == whole.model_copy(update={name: after})
    await here.agrees()

    assert (await here.undo(done)).state == "undone"
    assert await here.user(cat) == whole


async def test_a_stop_comes_between_two_writes(here: World) -> None:
    for number in range(70):
        here.put(f"{number}.safetensors")
    await here.learn()
    known = await here.place.rows()
    said = [
        UserStep(id=row.id, path=row.path, content=row.content, before={"favourite": False}, after={"favourite": True})
        for row in known.values()
    ]
    stop = threading.Event()
    run = Run(1, stop, lambda count: stop.set())
    touched = await Teller(here.place.database, here.place.view).do(run, [*enumerate(said)])

    done = [step for step in said if step.state == "done"]
    assert 0 < len(done) < 70
    assert touched == {step.id for step in done}
    assert {step.why for step in said if step.state == "failed"} == {STOPPED}
    assert len(done) + sum(step.state == "failed" for step in said) == 70
    await here.agrees()


async def test_undo_leaves_what_was_changed_again_and_says_so(here: World) -> None:
    here.put("cat.safetensors")
    here.put("dog.safetensors")
    ids = await here.learn()
    done = await here.run("note", ids=list(ids.values()), text="first")
    await here.run("note", ids=[ids["cat.safetensors"]], text="second")
    await here.run("favourite", ids=[ids["dog.safetensors"]])

    undone = await here.undo(done)

    assert (undone.state, undone.done, undone.failed) == ("partly", 1, 1)
    assert [step.why for step in undone.steps if step.outcome == "failed"] == [
        "It was changed again since, and stays as it is."
    ]
    assert (await here.user(ids["cat.safetensors"])).notes == "second"
    dog = await here.user(ids["dog.safetensors"])
    assert (dog.notes, dog.favourite) == ("", True)


async def test_files_of_one_content_are_told_once(here: World) -> None:
    here.put("cat.safetensors", b"same")
    here.put("copy.safetensors", b"same")
    ids = await here.learn()

    done = await here.run("tag", ids=list(ids.values()), add=["x"])

    assert sorted(step.outcome for step in done.steps) == ["done", "same"]
    assert all([(await here.user(each)).tags == ["x"] for each in ids.values()])


async def test_nothing_to_change_is_no_action(here: World) -> None:
    here.put("cat.safetensors")
    cat = (await here.learn())["cat.safetensors"]

    done = await here.run("favourite", ids=[cat], value=False)

    assert (done.action_id, done.steps[0].why) == (None, "It is so already.")
    assert not (await here.actions.history()).items


async def test_what_was_said_of_a_file_that_was_read_since_can_be_undone(here: World) -> None:
    here.put("cat.safetensors", b"same")
    await here.learn()
    here.put("copy.safetensors", b"same")
    await here.place.scanner.scan()
    copy = (await here.ids())["copy.safetensors"]
    done = await here.run("tag", ids=[copy], add=["x"])
    await here.place.learner.run()  # only now it is known that both are one

    await here.undo(done)

    assert (await here.user(copy)).tags == []


async def test_events_tell_of_one_file_or_of_many(here: World) -> None:
    for name in ("a", "b"):
        here.put(f"{name}.safetensors")
    ids = list((await here.learn()).values())

    await here.run("favourite", ids=ids[:1])
    await here.run("favourite", ids=[ids[1]])
    await here.run("favourite", ids=ids, value=False)

    told = [(event.subject, event.data) for event in here.events if event.topic == "library"]
    assert told == [(str(each), {"id": each}) for each in ids] + [("all", {"id": None, "count": 2})]


@pytest.mark.parametrize(
    "document",
    [
        {"action": "explode", "ids": [1]},
        {"action": "favourite", "ids": []},
        {"action": "favourite", "ids": [1], "more": 1},
        {"action": "strength", "ids": [1], "value": float("nan")},
        {"action": "strength", "ids": [1], "value": 101},
        {"action": "tag", "ids": [1], "add": [" "]},
        {"action": "note", "ids": [1], "text": "x" * 100_001},
        {"action": "link", "sha256": ["abc"]},
    ],
)
def test_a_request_that_makes_no_sense_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        read_request(document)


async def test_a_note_never_grows_past_its_limit(here: World) -> None:
    here.put("cat.safetensors")
    cat = (await here.learn())["cat.safetensors"]
    await here.tell(cat, notes="x" * 99_999)

    done = await here.run("note", ids=[cat], text="yy", mode="append")

    assert done.steps[0].outcome == "refused"
    assert len((await here.user(cat)).notes) == 99_999


async def test_history_pages_newest_first_and_knows_what_can_be_undone(here: World) -> None:
    here.put("cat.safetensors")
    cat = (await here.learn())["cat.safetensors"]
    done = [await here.run("note", ids=[cat], text=str(number)) for number in range(5)]
    await here.undo(done[4])

    first = await here.actions.history(limit=2)
    second = await here.actions.history(first.next_cursor, limit=2)
    third = await here.actions.history(second.next_cursor, limit=2)

    pages = [first, second, third]
    assert [entry.id for page in pages for entry in page.items] == [each.action_id for each in done[::-1]]
    assert third.next_cursor is None
    assert [(entry.state, entry.undoable) for entry in first.items] == [("undone", False), ("done", True)]
    assert first.items[0].summary == "Change the note of cat.safetensors"


async def test_a_long_action_is_kept_in_parts_and_undone_whole(here: World) -> None:
    for number in range(600):
        here.put(f"{number}.safetensors", str(number).encode())
    await here.place.scanner.scan()
    ids = list((await here.ids()).values())

    done = await here.run("favourite", ids=ids)

    assert done.done == 600
    assert [entry.id for entry in (await here.actions.history()).items] == [done.action_id]
    assert await here.count(select(func.count()).select_from(actions)) == 3
    assert await here.count(select(func.count()).where(items.c.favourite)) == 600
    assert (await here.undo(done)).state == "undone"
    assert await here.count(select(func.count()).where(items.c.favourite)) == 0
    assert await here.count(select(func.count()).select_from(actions)) == 3
