"""The list follows what changes, by this process or another, and pages that were begun go on through it."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event, func, select

from lorakeeper.py.library.catalog import Count, tidy
from lorakeeper.py.library.query import LibraryQuery
from lorakeeper.py.storage.database import Database
from lorakeeper.py.storage.tables import changes, items

from .listing import LARGE, Here, item, library, pages, remove, write


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Here]:
    async with library(tmp_path) as found:
        yield found


async def test_rows_that_come_and_go_between_pages_disturb_no_other(here: Here) -> None:
    rows = [item(number, rating=number % 4 / 4, text="word") for number in range(1, 61)]
    for query in (
        LibraryQuery(sort="rating", limit=7),
        LibraryQuery(sort="rating", limit=7, query="word", descending=False),
    ):
        await here.write(lambda c: write(c, rows))
        shown: list[int] = []
        cursor: str | None = None
        for turn in range(100):
            rows_of = await here.page(query.model_copy(update={"cursor": cursor}))
            shown += map(json.loads, rows_of.cards)
            cursor = rows_of.next_cursor
            if cursor is None:
                break
            new = item(1_000 + turn, rating=turn % 4 / 4, text="word")
            gone = shown[-1] if turn % 2 else 58 - turn

            def work(connection: Connection, new: dict[str, Any] = new, gone: int = gone) -> None:
                write(connection, [new])
                remove(connection, [gone])

            await here.write(work)

        assert len(shown) == len(set(shown))
        removed = set(range(1, 61)) - set(shown)
        assert removed <= {58 - turn for turn in range(0, 100, 2)}
        assert set(shown) >= {number for number in range(1, 61) if number > 58}


async def test_the_list_is_read_once_and_then_followed(here: Here) -> None:
    """Rows that are read: those of the list at the first question, then those that changed, else a page's cards."""
    read: list[str] = []

    def ask(connection: Connection) -> list[str]:
        def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
            read.append(statement)

        event.listen(connection, "before_cursor_execute", note)
        read.clear()
        here.catalog.page(connection, LibraryQuery(query="common"))
        event.remove(connection, "before_cursor_execute", note)
        return [statement for statement in read if "FROM items" in statement]

    await here.write(lambda c: write(c, LARGE))
    (first,) = await here.database.read(ask)
    assert "WHERE" not in first
    assert await here.database.read(ask) == []
    await here.write(lambda c: write(c, [item(7, text="common")]))
    (changed,) = await here.database.read(ask)
    assert "WHERE file IN" in changed
    assert await here.database.read(ask) == []


async def test_what_another_program_writes_is_seen_at_the_next_question(here: Here, tmp_path: Path) -> None:
    other = Database(tmp_path / "library.db")
    await other.open()
    await here.write(lambda c: write(c, [item(1, tags=["a"], text="old"), item(2, tags=["a", "b"])]))
    assert await pages(here, LibraryQuery(sort="name", tag=["a"])) == [1, 2]

    await other.write(lambda c: write(c, [item(3, name_key="a", tags=["a"]), item(1, name_key="z", tags=["c"])]))
    await other.write(lambda c: remove(c, [2]))
    await other.close()

    assert await pages(here, LibraryQuery(sort="name")) == [3, 1]
    assert await pages(here, LibraryQuery(tag=["a"])) == [3]
    assert await pages(here, LibraryQuery(query="old")) == []
    assert (await here.facets(LibraryQuery()))["tag"] == [Count("a", 1), Count("c", 1)]


@pytest.mark.parametrize("more", [0, 1_100, 25_000])
async def test_old_notes_of_changes_are_dropped_and_nothing_is_missed(here: Here, more: int) -> None:
    rows = [item(number, kind="vae") for number in range(1, 31)]
    await here.write(lambda c: write(c, rows))
    assert (await here.page(LibraryQuery(kind=["vae"]))).total == 30

    def work(connection: Connection) -> None:
        write(connection, [item(30, kind="loras"), item(31)])
        for _ in range(0, more, 30):
            connection.execute(items.update().where(items.c.file < 30).values(uses=items.c.uses + 1))
        tidy(connection)

    await here.write(work)

    noted = await here.database.read(lambda c: c.execute(select(func.count()).select_from(changes)).scalar_one())
    assert 33 <= noted <= 20_000
    assert (await here.page(LibraryQuery(kind=["vae"]))).total == 29
    assert (await here.facets(LibraryQuery()))["unused"] == (
        [Count("true", 2), Count("false", 29)] if more else [Count("true", 31), Count("false", 0)]
    )


async def test_a_reader_that_began_before_a_change_spoils_no_other(here: Here) -> None:
    await here.write(lambda c: write(c, [item(1, name_key="b"), item(2, name_key="c")]))
    begun, written = threading.Event(), threading.Event()

    def late(connection: Connection) -> list[int]:
        connection.execute(select(items.c.file)).all()  # what it sees is settled from here on
        begun.set()
        written.wait(10)
        return by_name(connection)

    def by_name(connection: Connection) -> list[int]:
        return here.catalog.ids(connection, LibraryQuery(sort="name"), 10)

    old = asyncio.create_task(here.database.read(late))
    await asyncio.to_thread(begun.wait, 10)
    await here.write(lambda c: write(c, [item(3, name_key="a")]))
    assert await here.database.read(by_name) == [3, 1, 2]
    written.set()

    assert set(await old) >= {1, 2}
    assert await here.database.read(by_name) == [3, 1, 2]
