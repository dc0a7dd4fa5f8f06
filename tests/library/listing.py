"""A list of the library without its files: rows as a test writes them, and what answers questions about them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, insert, select

from lorakeeper.py.library import search
from lorakeeper.py.library.catalog import Catalog, Count, PageRows
from lorakeeper.py.library.query import LibraryQuery
from lorakeeper.py.storage.database import Database
from lorakeeper.py.storage.tables import cards, contents, files, items


class Here(NamedTuple):
    """A library, and what answers questions about it."""

    database: Database
    catalog: Catalog

    async def write(self, work: Callable[[Connection], Any]) -> None:
        await self.database.write(work)

    async def page(self, query: LibraryQuery) -> PageRows:
        return await self.database.read(lambda c: self.catalog.page(c, query))

    async def ids(self, query: LibraryQuery, limit: int) -> list[int]:
        return await self.database.read(lambda c: self.catalog.ids(c, query, limit))

    async def facets(self, query: LibraryQuery) -> dict[str, list[Count]]:
        return await self.database.read(lambda c: self.catalog.facets(c, query))


@asynccontextmanager
async def library(folder: Path) -> AsyncIterator[Here]:
    database = Database(folder / "library.db")
    await database.open()
    try:
        yield Here(database, Catalog())
    finally:
        await database.close()


def item(file: int, **changes: Any) -> dict[str, Any]:
    """A row of the list, with ``tags`` and the ``text`` of its document."""
    row = {
        "file": file,
        "content": file,
        "kind": "loras",
        "folder": "",
        "name_key": f"name {file:06}",
        "added_at": float(file),
        "changed_at": 0.0,
        "size": file,
        "last_used": 0.0,
        "uses": 0,
        "rating": -1.0,
        "base_model": None,
        "family": None,
        "creator": None,
        "model_id": None,
        "nsfw_level": 0,
        "copies": 1,
        "favourite": False,
        "has_words": False,
        "has_update": False,
        "missing": False,
        "broken": False,
        "trashed": False,
        "tags": [],
        "text": "",
    }
    return row | changes


def write(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    known = set(connection.execute(select(files.c.id)).scalars())
    facts = [
        {"id": row["file"], "path": f"/{row['file']}", "name": "", "mtime_ns": 0, "inode": 0, "stale": False}
        | {key: row[key] for key in ("content", "kind", "folder", "size", "missing", "added_at")}
        for row in rows
        if row["file"] not in known
    ]
    if facts:
        connection.execute(insert(contents), [{"id": each["id"], "size": 0} for each in facts])
        connection.execute(insert(files), facts)
    remove(connection, [row["file"] for row in rows])
    if rows:
        listed = [row | {"tags": "\n".join(row["tags"])} for row in rows]
        connection.execute(insert(items), [{key: row[key] for key in items.c.keys()} for row in listed])  # noqa: SIM118
        connection.execute(insert(cards), [{"file": row["file"], "card": json.dumps(row["file"])} for row in rows])
    search.put(connection, [(row["file"], row["text"]) for row in rows])


def remove(connection: Connection, removed: list[int]) -> None:
    for table in (items, cards):
        connection.execute(delete(table).where(table.c.file.in_(removed)))
    search.drop(connection, removed)


async def pages(here: Here, query: LibraryQuery) -> list[int]:
    """All pages, one behind the other, each of which says the same total."""
    shown: list[int] = []
    totals = set()
    while True:
        rows = await here.page(query)
        assert len(rows.cards) <= query.limit
        shown += map(json.loads, rows.cards)
        totals.add(rows.total)
        if rows.next_cursor is None:
            assert totals == {len(shown)}
            return shown
        assert len(rows.cards) == query.limit
        query = query.model_copy(update={"cursor": rows.next_cursor})


LARGE = [
    item(
        number,
        kind=("loras", "vae")[number % 7 == 0],
        text="common" if number % 3 else "other rare" if number == 30 else "other",
        size=number % 13,
        uses=number % 2,
    )
    for number in range(1, 2_001)
]
