"""The filters: which pictures are good, and which show the same, in this row, this session, or ever."""

from __future__ import annotations

import asyncio
import sys
import threading
import weakref
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from PIL import Image

from lorakeeper.py.errors import UsageError
from lorakeeper.py.events import Event, Events
from lorakeeper.py.storage.database import Database
from lorakeeper.py.variations import seen_table
from lorakeeper.py.variations.filters import ImageFilters, groups
from lorakeeper.py.variations.hashes import Hashes
from lorakeeper.py.variations.seen import Seen
from lorakeeper.py.variations.seen_table import SeenPictures
from lorakeeper.testing.pictures import blurred, mirrored, noisy, photograph, recompressed, resized

PICTURES = [photograph(seed) for seed in range(6)]


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(tmp_path / "library.db")
    await database.open()
    yield database
    await database.close()


@pytest.fixture
def filters(database: Database) -> ImageFilters:
    return ImageFilters(database, Events())


async def test_good_pictures_are_told_from_spoilt_ones_in_their_order(filters: ImageFilters) -> None:
    row = [PICTURES[0], blurred(PICTURES[1]), PICTURES[2], noisy(PICTURES[3])]
    done: list[int] = []

    judged = await filters.judge(row, progress=done.append)

    assert [each.place for each in judged] == [0, 1, 2, 3]
    assert [each.accepted for each in judged] == [True, False, True, False]
    assert "It is blurred." in judged[1].reasons
    assert done == [1, 2, 3, 4]


async def test_a_reference_adds_similarity(filters: ImageFilters) -> None:
    alone = await filters.judge([PICTURES[1]])
    beside = await filters.judge([PICTURES[1]], PICTURES[1])

    assert alone[0].metrics is not None
    assert alone[0].metrics.similarity is None
    assert alone[0].accepted
    assert "nearly its original" in beside[0].reasons[0]


async def test_a_picture_too_small_to_judge_says_so_and_the_others_go_on(filters: ImageFilters) -> None:
    judged = await filters.judge([Image.new("RGB", (8, 8)), PICTURES[0]])

    assert [each.accepted for each in judged] == [False, True]
    assert judged[0].metrics is None


async def test_few_pictures_are_in_memory_at_once(filters: ImageFilters) -> None:
    lives, most = 0, 0
    lock = threading.Lock()

    def row() -> Iterator[Image.Image]:
        nonlocal lives, most
        for _ in range(60):
            picture = PICTURES[0].copy()

            def gone() -> None:
                nonlocal lives
                with lock:
                    lives -= 1

            weakref.finalize(picture, gone)
            with lock:
                lives += 1
                most = max(most, lives)
            yield picture

    await filters.judge(row())

    assert most <= 12


async def test_copies_are_grouped_with_the_first(filters: ImageFilters) -> None:
    row = [PICTURES[0], PICTURES[1], resized(PICTURES[0]), mirrored(PICTURES[1]), recompressed(PICTURES[0])]

    plain = await filters.compare(row)
    turned = await filters.compare(row, mirrored=True)

    assert [each.is_new for each in plain] == [True, True, False, True, False]
    assert groups(plain) == [[0, 2, 4]]
    assert groups(turned) == [[0, 2, 4], [1, 3]]
    assert turned[3].mirrored


async def test_scopes_reach_as_far_as_they_say(filters: ImageFilters, database: Database) -> None:
    for scope, then, later in (("batch", True, True), ("session", False, True), ("ever", False, False)):
        assert (await filters.compare([PICTURES[0]], scope=scope))[0].is_new  # type: ignore[arg-type]
        again = (await filters.compare([PICTURES[0]], scope=scope))[0]  # type: ignore[arg-type]
        assert again.is_new is then
        assert again.of is None
        restarted = (await ImageFilters(database, Events()).compare([PICTURES[0]], scope=scope))[0]  # type: ignore[arg-type]
        assert restarted.is_new is later


async def test_what_is_forgotten_is_new_again(filters: ImageFilters) -> None:
    await filters.compare([PICTURES[0]], scope="ever")
    await filters.forget("ever")

    assert (await filters.compare([PICTURES[0]], scope="ever"))[0].is_new


async def test_an_unknown_scope_is_refused(filters: ImageFilters) -> None:
    with pytest.raises(UsageError):
        await filters.compare([], scope="yesterday")  # type: ignore[arg-type]


async def test_cancelling_stops_the_work(filters: ImageFilters) -> None:
    taken = 0

    def row() -> Iterator[Image.Image]:
        nonlocal taken
        while True:
            taken += 1
            yield PICTURES[0]

    for work in (filters.judge(row()), filters.compare(row())):
        running = asyncio.create_task(work)
        await asyncio.sleep(0.2)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        after = taken
        await asyncio.sleep(0.1)
        assert taken == after


async def test_hashes_with_the_highest_bit_survive_the_database(database: Database) -> None:
    store = SeenPictures(database)
    words = Hashes((1 << 64) - 1, 1 << 63, 0)

    number = await asyncio.to_thread(store.save, words, b"grey")

    assert [each.hashes for each in await asyncio.to_thread(lambda: list(store.load()))] == [words]
    assert await asyncio.to_thread(store.greys, [number, number + 1]) == {number: b"grey"}


async def test_numbers_are_never_given_twice(database: Database) -> None:
    store = SeenPictures(database)
    first = await asyncio.to_thread(store.save, Hashes(1, 2, 3), b"")
    await asyncio.to_thread(store.clear)

    assert await asyncio.to_thread(store.save, Hashes(1, 2, 3), b"") > first


OTHER = """
import asyncio, sys
from pathlib import Path
from lorakeeper.py.events import Events
from lorakeeper.py.storage.database import Database
from lorakeeper.py.variations.filters import ImageFilters
from lorakeeper.testing.pictures import photograph

async def main():
    database = Database(Path(sys.argv[1]))
    await database.open()
    found = await ImageFilters(database, Events()).compare([photograph(seed) for seed in (0, 5)], scope="ever")
    print([each.is_new for each in found])
    await database.close()

asyncio.run(main())
"""


async def test_two_processes_know_what_the_other_has_seen(
    filters: ImageFilters, database: Database, tmp_path: Path
) -> None:
    await filters.compare([PICTURES[0]], scope="ever")
    script = tmp_path / "other.py"
    script.write_text(OTHER)
    command = [sys.executable, "-I", str(script), str(database.path)]
    other = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    said, _ = await asyncio.wait_for(other.communicate(), 60)

    assert said.split() == [b"[False,", b"True]"]
    assert not (await filters.compare([PICTURES[5]], scope="ever"))[0].is_new


async def test_all_that_was_seen_is_read_however_much(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seen_table, "_MOST", 3)
    store = SeenPictures(database)
    for word in range(8):
        await asyncio.to_thread(store.save, Hashes(word, word, word), b"")

    assert len(await asyncio.to_thread(Seen, store)) == 8


async def test_how_many_were_good_is_told_at_the_end(database: Database) -> None:
    events, heard = Events(), list[Event]()
    events.subscribe(heard.append)
    filters = ImageFilters(database, events)

    await filters.judge([PICTURES[0], blurred(PICTURES[1]), PICTURES[2]])
    await filters.compare([PICTURES[0], recompressed(PICTURES[0]), PICTURES[1]])

    assert [(event.topic, event.subject, event.final) for event in heard] == [
        ("filter", "quality", True),
        ("filter", "duplicates", True),
    ]
    assert [(event.data["looked"], event.data["good"]) for event in heard] == [(3, 2), (3, 2)]
    assert all(event.data["seconds"] > 0 for event in heard)
