"""The list's questions against a plain computation: filters, sorts, pages that follow each other, counts."""

from __future__ import annotations

import asyncio
import base64
import json
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import Connection, delete, event, func, insert, select

from lorakeeper.py.errors import UsageError
from lorakeeper.py.library import search
from lorakeeper.py.library.catalog import Catalog, Count, PageRows, tidy
from lorakeeper.py.library.query import LibraryQuery
from lorakeeper.py.storage.database import Database
from lorakeeper.py.storage.tables import cards, changes, contents, files, items

COLUMNS = {
    "name": "name_key",
    "added": "added_at",
    "changed": "changed_at",
    "size": "size",
    "last_used": "last_used",
    "uses": "uses",
    "rating": "rating",
}
FLAGS: dict[str, Callable[[dict[str, Any]], bool]] = {
    "favourite": lambda row: row["favourite"],
    "has_words": lambda row: row["has_words"],
    "has_update": lambda row: row["has_update"],
    "missing": lambda row: row["missing"],
    "broken": lambda row: row["broken"],
    "duplicate": lambda row: row["copies"] > 1,
    "unused": lambda row: row["uses"] == 0,
}
TAGS, WORDS = ("anime", "style", "red dress"), ("halo", "miku", "東京")


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


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Here]:
    database = Database(tmp_path / "library.db")
    await database.open()
    yield Here(database, Catalog())
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


def fits(row: dict[str, Any], query: LibraryQuery) -> bool:
    """What the list should say, said plainly."""
    return (
        all(word in row["text"].split() for word in query.query.split())
        and all(
            not getattr(query, name) or (row[name] or "") in getattr(query, name)
            for name in ("kind", "base_model", "family", "creator")
        )
        and (not query.folder or f"{row['folder']}/".startswith(f"{query.folder}/"))
        and set(query.tag) <= set(row["tags"])
        and not set(query.without_tag) & set(row["tags"])
        and all(getattr(query, name) in (None, flag(row)) for name, flag in FLAGS.items())
        and (query.nsfw is None or row["nsfw_level"].bit_length() <= query.nsfw.bit_length())
    )


def expected(rows: Iterable[dict[str, Any]], query: LibraryQuery) -> list[int]:
    column = COLUMNS[query.sort]
    down = query.sort != "name" if query.descending is None else query.descending
    chosen = sorted(((row[column], row["file"]) for row in rows if fits(row, query)), reverse=down)
    return [file for _, file in chosen]


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


ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "kind": st.sampled_from(["loras", "vae", None]),
            "folder": st.sampled_from(["", "styles", "styles/old", "styles2", "a_b", "Styles"]),
            "name_key": st.sampled_from(["a", "b", "b2", "é", "東", "𠀀"]),
            "added_at": st.floats(0, 5, width=16),
            "changed_at": st.floats(0, 2**40),
            "size": st.integers(0, 3) | st.integers(0, 2**50),
            "last_used": st.sampled_from([0.0, 1.5]),
            "uses": st.integers(0, 2),
            "rating": st.sampled_from([-1.0, 0.5, 0.9999999]),
            "base_model": st.sampled_from(["SDXL 1.0", "Pony", None]),
            "family": st.sampled_from(["sdxl", None]),
            "creator": st.sampled_from(["ada", "Ada", None]),
            "nsfw_level": st.sampled_from([0, 1, 2, 3, 4, 15, 31, 60]),
            "copies": st.integers(0, 2),
            "tags": st.lists(st.sampled_from(TAGS), unique=True),
            "text": st.lists(st.sampled_from(WORDS), unique=True).map(" ".join),
            **{name: st.booleans() for name in ("favourite", "has_words", "has_update", "missing", "broken")},
        }
    ),
    max_size=25,
)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "query": st.lists(st.sampled_from(WORDS), unique=True, max_size=2).map(" ".join),
    "kind": st.lists(st.sampled_from(["loras", "vae", "", "none"]), unique=True, max_size=2),
    "base_model": st.lists(st.sampled_from(["SDXL 1.0", "Pony", ""]), unique=True, max_size=2),
    "family": st.lists(st.sampled_from(["sdxl", ""]), unique=True, max_size=2),
    "creator": st.lists(st.sampled_from(["ada", "Ada"]), unique=True, max_size=2),
    "folder": st.sampled_from(["", "styles", "styles/old", "a_b", "a%b"]),
    "tag": st.lists(st.sampled_from(TAGS), unique=True, max_size=2),
    "without_tag": st.lists(st.sampled_from(TAGS), unique=True, max_size=2),
    **{name: st.booleans() for name in FLAGS},
    "nsfw": st.sampled_from([0, 1, 2, 4, 16, 32]),
}
ORDER = st.fixed_dictionaries(
    {"sort": st.sampled_from(list(COLUMNS)), "descending": st.none() | st.booleans(), "limit": st.integers(1, 7)}
)


@st.composite
def queries(draw: st.DrawFn) -> LibraryQuery:
    chosen = draw(st.lists(st.sampled_from(list(FIELDS)), unique=True, max_size=3))
    return LibraryQuery(**draw(ORDER), **{name: draw(FIELDS[name]) for name in chosen})


PROPERTY = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


async def fill(here: Here, values: list[dict[str, Any]]) -> list[dict[str, Any]]:
    rows = [item(number, **value) for number, value in enumerate(values, 1)]

    def work(connection: Connection) -> None:
        remove(connection, list(range(1, 30)))
        write(connection, rows)

    await here.write(work)
    return rows


@settings(PROPERTY, max_examples=30)
@given(values=ROWS, asked=st.lists(queries(), min_size=5, max_size=10))
async def test_pages_are_what_fits_in_its_order(
    here: Here, values: list[dict[str, Any]], asked: list[LibraryQuery]
) -> None:
    rows = await fill(here, values)

    for query in asked:
        assert await pages(here, query) == expected(rows, query), query
        chosen = await here.ids(query, 5)
        assert chosen == expected(rows, query)[:5]


@settings(PROPERTY, max_examples=20)
@given(values=ROWS, asked=st.lists(queries(), min_size=2, max_size=4))
async def test_each_value_is_counted_with_all_other_filters(
    here: Here, values: list[dict[str, Any]], asked: list[LibraryQuery]
) -> None:
    rows = await fill(here, values)

    def chosen(**but: Any) -> list[dict[str, Any]]:
        return [row for row in rows if fits(row, query.model_copy(update=but))]

    for query in asked:
        facets = await here.facets(query)

        counted = {name: Counter({each.value: each.count for each in each_of}) for name, each_of in facets.items()}
        for name in ("kind", "base_model", "family", "creator"):
            assert counted[name] == Counter(row[name] or "" for row in chosen(**{name: []}))
        assert counted["nsfw_level"] == Counter(str(row["nsfw_level"]) for row in chosen(nsfw=None))
        assert counted["tag"] == Counter(tag for row in chosen() for tag in row["tags"])
        for name, flag in FLAGS.items():
            there = chosen(**{name: None})
            assert counted[name]["true"] == sum(map(flag, there))
            assert counted[name]["false"] == len(there) - counted[name]["true"]
        for folder in ("styles", "styles/old", "a_b", "Styles"):
            assert counted["folder"][folder] == len(chosen(folder=folder))


async def test_facets_begin_with_the_most_common(here: Here) -> None:
    kinds = ["vae"] + ["loras"] * 3 + ["b"] * 2 + ["a"] * 2
    await here.write(lambda c: write(c, [item(number, kind=kind) for number, kind in enumerate(kinds, 1)]))

    facets = await here.facets(LibraryQuery())

    assert facets["kind"] == [Count(*each) for each in (("loras", 3), ("a", 2), ("b", 2), ("vae", 1))]


async def test_a_filter_takes_tags_as_people_write_them(here: Here) -> None:
    await here.write(lambda c: write(c, [item(1, tags=["creme"]), item(2)]))

    assert await pages(here, LibraryQuery(tag=[" Crème"])) == [1]
    assert await pages(here, LibraryQuery(without_tag=["CREME"])) == [2]
    assert await pages(here, LibraryQuery(tag=[""], folder="/")) == [2, 1]


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
LARGE_QUERIES: tuple[dict[str, Any], ...] = (
    {},
    {"kind": ["loras"]},
    {"kind": ["loras", "vae"], "unused": True},
    {"query": "common"},
    {"query": "common", "kind": ["loras"]},
    {"query": "rare"},
    {"query": "other -rare"},
    {"unused": False},
)


async def test_long_lists_are_walked_without_gap_or_repeat(here: Here) -> None:
    """Enough rows for each way to find a page: walks, walks with a search, and sorting."""
    await here.write(lambda c: write(c, LARGE))

    for fields in LARGE_QUERIES:
        for sort in ("size", "added"):
            for descending in (True, False):
                query = LibraryQuery(**fields, sort=sort, descending=descending, limit=151)
                rows = [dict(row, text=row["text"] + " -rare" * (row["text"] == "other")) for row in LARGE]
                assert await pages(here, query) == expected(rows, query), query


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


def cursor_of(*parts: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x; DROP TABLE files",
        "é",
        "AAAA",
        cursor_of("added", True, 1.0),
        cursor_of("added", False, 1.0, 1),
        cursor_of("name", True, "a", 1),
        cursor_of("added", True, "a", 1),
        cursor_of("added", True, None, 1),
        cursor_of("added", True, True, 1),
        cursor_of("added", True, float("nan"), 1),
        cursor_of("added", True, 10**400, 1),
        cursor_of("added", True, 1.0, 2**63),
        cursor_of("added", True, 1.0, "1"),
        base64.urlsafe_b64encode(b"[" * 100_000).decode(),
    ],
)
async def test_a_foreign_cursor_is_refused(here: Here, cursor: str) -> None:
    with pytest.raises(UsageError, match="none of this list's"):
        await here.page(LibraryQuery(cursor=cursor))


async def test_a_cursor_of_names_holds_texts_only(here: Here) -> None:
    for value in (1, "\ud800", None):
        with pytest.raises(UsageError):
            await here.page(LibraryQuery(sort="name", cursor=cursor_of("name", False, value, 1)))


@settings(PROPERTY, max_examples=200)
@given(cursor=st.text(max_size=40) | st.binary(max_size=40).map(lambda b: base64.urlsafe_b64encode(b).decode()))
async def test_any_text_as_a_cursor_is_refused_or_taken(here: Here, cursor: str) -> None:
    try:
        await here.page(LibraryQuery(cursor=cursor))
    except (UsageError, ValidationError):
        return


@settings(PROPERTY, max_examples=40)
@given(text=st.text(max_size=40))
async def test_any_text_is_a_filter(here: Here, text: str) -> None:
    await here.write(lambda c: write(c, [item(1)]))

    every: tuple[dict[str, Any], ...] = (
        {"query": text},
        {"kind": [text]},
        {"tag": [text]},
        {"folder": text},
        {"creator": [text, "x"]},
    )
    for fields in every:
        try:
            query = LibraryQuery(**fields)
        except ValidationError:
            continue  # no text in UTF-8
        assert (await here.page(query)).total in (0, 1)


def test_a_query_describes_its_fields() -> None:
    properties = LibraryQuery.model_json_schema()["properties"]

    assert all("description" in field for field in properties.values())
    with pytest.raises(ValidationError):
        LibraryQuery(unknown=1)  # type: ignore[call-arg]
    for wrong in ({"limit": 0}, {"limit": 501}, {"query": "x" * 501}, {"sort": "id"}, {"nsfw": -1}):
        with pytest.raises(ValidationError):
            LibraryQuery.model_validate(wrong)
