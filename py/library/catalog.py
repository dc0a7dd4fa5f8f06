"""The list's questions: pages, counts and selections, as plain functions of a connection.

How many files fit is counted in the full-text index, which has a mark for every value that can be filtered by. Few of
them are joined and sorted; many are met soon on a walk along the index of the column that is sorted by.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    FromClause,
    Integer,
    Select,
    and_,
    cast,
    exists,
    func,
    or_,
    select,
    union_all,
)

from ..errors import UsageError
from ..storage.tables import cards, item_tags, items
from . import search
from .query import LibraryQuery

_COLUMNS: dict[str, Column[Any]] = {
    "name": items.c.name_key,
    "added": items.c.added_at,
    "changed": items.c.changed_at,
    "size": items.c.size,
    "last_used": items.c.last_used,
    "uses": items.c.uses,
    "rating": items.c.rating,
}
_LISTS = ("kind", "base_model", "family", "creator")
_FLAGS: dict[str, ColumnElement[bool]] = {
    **{name: items.c[name] for name in ("favourite", "has_words", "has_update", "missing", "broken")},
    "duplicate": items.c.copies > 1,
    "unused": items.c.uses == 0,
}
_MOST_CREATORS, _MOST_TAGS = 100, 200
# A search begins with a walk of so many steps for each row of a page.
_STEPS = 8
# What a step costs as against a row that is joined: where the full-text index is asked, and where the row is looked at.
_SEARCHED, _LOOKED_AT = 2, 5


@dataclass(frozen=True)
class PageRows:
    """A page as it is stored: ``cards`` are JSON. ``total`` counts all that fit."""

    cards: list[str]
    next_cursor: str | None
    total: int


@dataclass(frozen=True)
class Count:
    """How many files have ``value``, which is "" where they have none."""

    value: str
    count: int


class Place(NamedTuple):
    """A place in the order: the value of the column sorted by, and the file, which parts equal ones."""

    value: float | str
    file: int


def page(connection: Connection, query: LibraryQuery) -> PageRows:
    """Raises UsageError for a cursor that no page of this order has given."""
    asked = _Asked(connection, query, _after(query), query.limit + 1)
    expression = _expression(connection, query)
    if expression is None:
        total = connection.execute(select(func.count()).select_from(items)).scalar_one()
        places = asked.first()
    else:
        total, places = asked.fitting(expression)
        if total == 0 and (meant := _expression(connection, query, slips=True)) and meant != expression:
            total, places = asked.fitting(meant)
    shown = places[: query.limit]
    next_cursor = _cursor(query, shown[-1]) if len(places) > len(shown) else None
    return PageRows(_cards(connection, [place.file for place in shown]), next_cursor, total)


def ids(connection: Connection, query: LibraryQuery, limit: int) -> list[int]:
    """The files that fit, in the list's order and beginning with the first, whatever page the query is of."""
    asked = _Asked(connection, query, None, limit)
    expression = _expression(connection, query)
    if expression is None:
        return [place.file for place in asked.first()]
    if search.count(connection, expression) == 0:
        expression = _expression(connection, query, slips=True) or expression
    return [place.file for place in asked.sorted(expression)]


# -- Pages -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Asked:
    """A page's question: the first ``wanted`` places of ``query`` behind ``after``."""

    connection: Connection
    query: LibraryQuery
    after: Place | None
    wanted: int

    def first(self) -> list[Place]:
        """Of a list that is asked for nothing, or for a kind."""
        return self._places(self._walk(self.wanted))

    def fitting(self, expression: str) -> tuple[int, list[Place]]:
        """``(total, places)`` of a list that is asked for more: those met on a walk where that is soon enough, else all
        that fit, joined and sorted."""
        others = self.query.model_copy(update={"kind": []}) if len(self.query.kind) == 1 else self.query
        conditions = _conditions(others)
        searched = search.asks(self.query.query)
        if searched:
            total, places = self._searched(expression, self.wanted * _STEPS)
        else:
            total = search.count(self.connection, expression)
            places = None if conditions else self.first()
        if places is not None:
            return total, places
        # Rows that were removed count, too: to be about right is enough.
        every = self.connection.execute(select(func.max(items.c.file))).scalar() or 0
        if total * total > (_SEARCHED if searched else _LOOKED_AT) * self.wanted * every:
            steps = 2 * self.wanted * every // total
            places = self._searched(expression, steps)[1] if searched else self._filtered(conditions, steps)
        return total, self.sorted(expression) if places is None else places

    def _searched(self, expression: str, steps: int) -> tuple[int, list[Place] | None]:
        """``(total, places)``, the full-text index asked which of the files met it has. None: they are too few."""
        total, made, matched = search.count_among(self.connection, expression, self._walk(steps))
        if len(matched) < self.wanted and made == steps:
            return total, None
        hits = func.json_each(json.dumps(matched)).table_valued("value")
        return total, self._places(self._among(hits, hits.c.value))

    def _filtered(self, conditions: Sequence[ColumnElement[bool]], steps: int) -> list[Place] | None:
        """The same of a list without words, each file met looked at."""
        met = self._walk(steps).subquery()
        places = self._places(self._among(met, met.c.file).where(*conditions))
        if len(places) < self.wanted:
            made = self.connection.execute(select(func.count()).select_from(met)).scalar_one()
            return places if made < steps else None
        return places

    def sorted(self, expression: str) -> list[Place]:
        """All files that match, joined and sorted."""
        hits = search.found(expression).subquery()
        wanted = self._among(hits, hits.c.file)
        if self.after is not None:
            column, (value, file) = _COLUMNS[self.query.sort], self.after
            wanted = wanted.where(
                or_(self._behind(column, value), and_(column == value, self._behind(items.c.file, file)))
            )
        return self._places(wanted)

    def _walk(self, steps: int) -> Select[Any]:
        """So many places along the sorted column's index; one kind has an index of its own. Those of the same value as
        the last are asked for by themselves: SQLite uses but one column of a condition on both."""
        column = _COLUMNS[self.query.sort]
        wanted = select(column.label("value"), items.c.file).order_by(*self._order()).limit(steps)
        if len(self.query.kind) == 1:
            wanted = wanted.where(_any_of("kind", self.query.kind))
        if self.after is None:
            return wanted
        same = wanted.where(column == self.after.value, self._behind(items.c.file, self.after.file))
        rest = wanted.where(self._behind(column, self.after.value))
        both = union_all(select(same.subquery()), select(rest.subquery())).subquery()
        return select(both).limit(steps)

    def _among(self, hits: FromClause, file: ColumnElement[int]) -> Select[Any]:
        wanted = select(_COLUMNS[self.query.sort], items.c.file).join_from(hits, items, items.c.file == file)
        return wanted.order_by(*self._order()).limit(self.wanted)

    def _places(self, statement: Select[Any]) -> list[Place]:
        places = [Place(value, file) for value, file in self.connection.execute(statement).all()]
        return sorted(places, reverse=self.query.goes_down())

    def _order(self) -> list[ColumnElement[Any]]:
        columns = (_COLUMNS[self.query.sort], items.c.file)
        return [column.desc() if self.query.goes_down() else column.asc() for column in columns]

    def _behind(self, column: Column[Any], value: object) -> ColumnElement[bool]:
        return column < value if self.query.goes_down() else column > value


def _cards(connection: Connection, files: Sequence[int]) -> list[str]:
    # One parameter, however many: a statement of its own for each number of them would have to be made each time.
    wanted = func.json_each(json.dumps(files)).table_valued("value")
    rows = connection.execute(
        select(cards.c.file, cards.c.card).join_from(wanted, cards, cards.c.file == wanted.c.value)
    )
    known = {row.file: row.card for row in rows.all()}
    return [known[file] for file in files if file in known]


# -- Cursors ---------------------------------------------------------------------------------------------------------


def _cursor(query: LibraryQuery, last: Place) -> str:
    parts = [query.sort, query.goes_down(), last.value, last.file]
    return base64.urlsafe_b64encode(json.dumps(parts, separators=(",", ":")).encode()).decode().rstrip("=")


def _after(query: LibraryQuery) -> Place | None:
    if query.cursor is None:
        return None
    refused = UsageError("That cursor is none of this list's.")
    try:
        text = query.cursor + "=" * (-len(query.cursor) % 4)
        sort, descending, value, file = json.loads(base64.b64decode(text, altchars=b"-_", validate=True))
    except (ValueError, TypeError, RecursionError, binascii.Error):
        raise refused from None
    if (sort, descending) != (query.sort, query.goes_down()) or type(file) is not int or abs(file) >= 2**63:
        raise refused
    if not _fits(value, str if sort == "name" else float):
        raise refused
    return Place(value, file)


def _fits(value: object, kind: type) -> bool:
    """Whether a value may be compared with a column of texts or of numbers."""
    if isinstance(value, str):
        return kind is str and not any("\ud800" <= letter <= "\udfff" for letter in value)
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number and kind is float and -(2**63) < value < 2**63  # type: ignore[operator]


# -- Filters ---------------------------------------------------------------------------------------------------------


def _expression(connection: Connection, query: LibraryQuery, *, slips: bool = False) -> str | None:
    """The query as the full-text index takes it, words and filters; None where everything fits. ``slips``: as
    :func:`search.matching` says."""
    wanted = [[(name, value) for value in getattr(query, name)] for name in _LISTS if getattr(query, name)]
    wanted += [[("tag", tag)] for tag in _tags(query.tag)]
    unwanted = [("tag", tag) for tag in _tags(query.without_tag)]
    if folder := _folder(query):
        wanted.append([("folder", folder)])
    for name in _FLAGS:
        if getattr(query, name) is True:
            wanted.append([(name, "1")])
        elif getattr(query, name) is False:
            unwanted.append((name, "1"))
    if query.nsfw is not None:
        unwanted.append(("above", str(query.nsfw.bit_length())))
    return search.matching(connection, query.query, wanted, unwanted, slips=slips)


def _conditions(query: LibraryQuery) -> list[ColumnElement[bool]]:
    """The filters again, as conditions on ``items``."""
    conditions = [_any_of(name, getattr(query, name)) for name in _LISTS if getattr(query, name)]
    conditions += [_tagged(tag) for tag in _tags(query.tag)]
    conditions += [~_tagged(tag) for tag in _tags(query.without_tag)]
    if folder := _folder(query):
        below = and_(items.c.folder > f"{folder}/", items.c.folder < f"{folder}0")  # "0" comes next to "/"
        conditions.append(or_(items.c.folder == folder, below))
    for name, flag in _FLAGS.items():
        if (value := getattr(query, name)) is not None:
            conditions.append(flag if value else ~flag)
    if query.nsfw is not None:
        conditions.append(items.c.nsfw_level < 1 << query.nsfw.bit_length())
    return conditions


def _any_of(name: str, values: Sequence[str]) -> ColumnElement[bool]:
    chosen = [value for value in values if value]
    fits = items.c[name] == chosen[0] if len(chosen) == 1 else items.c[name].in_(chosen)
    return fits if len(chosen) == len(values) else or_(fits, items.c[name].is_(None), items.c[name] == "")


def _tagged(tag: str) -> ColumnElement[bool]:
    tags = item_tags.alias()  # the statement around may have the table itself
    return exists().where(tags.c.tag == tag, tags.c.file == items.c.file)


def _tags(tags: Sequence[str]) -> list[str]:
    return [folded for tag in tags if (folded := search.fold(tag).strip()[:100])]


def _folder(query: LibraryQuery) -> str:
    return (query.folder or "").strip("/")


# -- Facets ----------------------------------------------------------------------------------------------------------


def facets(connection: Connection, query: LibraryQuery) -> dict[str, list[Count]]:
    """How many files have each value of a field, the most common first: of those that fit all of the query but what it
    asks of that field, so that one can choose among its values. Tags are all wanted at once, so theirs are of those
    that fit the whole. Folders count what is below them; flags have "true" and "false"."""
    words = search.matching(connection, query.query)
    if words and search.count(connection, words) == 0:
        words = search.matching(connection, query.query, slips=True)

    def rows(*columns: ColumnElement[Any], but: str = "") -> Select[Any]:
        kept = query.model_copy(update={but: LibraryQuery.model_fields[but].get_default()}) if but else query
        chosen = select(*columns).select_from(items).where(*_conditions(kept))
        if words is None:
            return chosen
        hits = search.found(words).subquery()
        return chosen.join(hits, hits.c.file == items.c.file)

    def counts(column: ColumnElement[Any], but: str) -> Counter[str]:
        grouped = rows(column, func.count(), but=but).group_by(column)
        counted: Counter[str] = Counter()
        for value, count in connection.execute(grouped):
            counted["" if value is None else str(value)] += count
        return counted

    found = {name: _most(counts(items.c[name], name)) for name in _LISTS}
    found["creator"] = found["creator"][:_MOST_CREATORS]
    found["folder"] = _most(_rolled_up(counts(items.c.folder, "folder")))
    found["nsfw_level"] = _most(counts(items.c.nsfw_level, "nsfw"))
    tagged = rows(item_tags.c.tag, func.count()).join(item_tags, item_tags.c.file == items.c.file)
    tags = connection.execute(
        tagged.group_by(item_tags.c.tag).order_by(func.count().desc(), item_tags.c.tag).limit(_MOST_TAGS)
    )
    found["tag"] = [Count(tag, count) for tag, count in tags]
    free = [name for name in _FLAGS if getattr(query, name) is None]
    for names, but in ((free, ""), *(([name], name) for name in _FLAGS if name not in free)):
        sums = (func.coalesce(func.sum(cast(_FLAGS[name], Integer)), 0) for name in names)
        total, *true = connection.execute(rows(func.count(), *sums, but=but)).one()
        for name, count in zip(names, true, strict=True):
            found[name] = [Count("true", count), Count("false", total - count)]
    return found


def _most(counts: Counter[str]) -> list[Count]:
    return [Count(value, count) for value, count in sorted(counts.items(), key=lambda each: (-each[1], each[0]))]


def _rolled_up(counts: Counter[str]) -> Counter[str]:
    """Each folder with what is in the folders below it. What lies in none at all counts for none."""
    every: Counter[str] = Counter()
    for folder, count in counts.items():
        parts = folder.split("/")
        for depth in range(1, len(parts) + 1 if folder else 1):
            every["/".join(parts[:depth])] += count
    return every
