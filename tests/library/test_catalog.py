"""The list's questions against a plain computation: filters, sorts, pages, counts, and cursors from elsewhere."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import Connection

from lorakeeper.py.errors import UsageError
from lorakeeper.py.library.catalog import Count
from lorakeeper.py.library.query import LibraryQuery

from .listing import LARGE, Here, item, library, pages, remove, write

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
    "trashed": lambda row: row["trashed"],
    "duplicate": lambda row: row["copies"] > 1,
    "unused": lambda row: row["uses"] == 0,
}
TAGS, WORDS = ("anime", "style", "red dress"), ("halo", "miku", "東京")


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Here]:
    async with library(tmp_path) as found:
        yield found


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
            **{
                name: st.booleans() for name in ("favourite", "has_words", "has_update", "missing", "broken", "trashed")
            },
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


async def fill(here: Here, values: list[dict[str, Any]]) -> list[dict[str, Any]]:
    rows = [item(number, **value) for number, value in enumerate(values, 1)]

    def work(connection: Connection) -> None:
        remove(connection, list(range(1, 30)))
        write(connection, rows)

    await here.write(work)
    return rows


@settings(max_examples=30)
@given(values=ROWS, asked=st.lists(queries(), min_size=5, max_size=10))
async def test_pages_are_what_fits_in_its_order(
    here: Here, values: list[dict[str, Any]], asked: list[LibraryQuery]
) -> None:
    rows = await fill(here, values)

    for query in asked:
        assert await pages(here, query) == expected(rows, query), query
        chosen = await here.ids(query, 5)
        assert chosen == expected(rows, query)[:5]


@settings(max_examples=20)
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


@settings(max_examples=200)
@given(cursor=st.text(max_size=40) | st.binary(max_size=40).map(lambda b: base64.urlsafe_b64encode(b).decode()))
async def test_any_text_as_a_cursor_is_refused_or_taken(here: Here, cursor: str) -> None:
    try:
        await here.page(LibraryQuery(cursor=cursor))
    except (UsageError, ValidationError):
        return


@settings(max_examples=40)
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
