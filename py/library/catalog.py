"""The list's questions: pages, counts and selections. Words are looked up in the full-text index, all else in the
columns."""

from __future__ import annotations

import base64
import binascii
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

from sqlalchemy import Connection, bindparam, delete, func, select

from ..errors import UsageError
from ..storage.tables import cards, changes, items
from .query import LibraryQuery, Place

if TYPE_CHECKING:
    from .columns import Columns, Fits

_MOST_CREATORS, _MOST_TAGS = 100, 200
_NOTES = 20_000

# One parameter, however many files: a statement of its own for each number of them would have to be made each time.
_WANTED = func.json_each(bindparam("files")).table_valued("value")
_CARDS = select(cards.c.file, cards.c.card).join_from(_WANTED, cards, cards.c.file == _WANTED.c.value)
_NAME = select(items.c.name_key).where(items.c.file == bindparam("file"))


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


class Catalog:
    """Answers in any thread, each time as the connection at hand sees the library."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._columns: Columns | None = None

    def open(self) -> Columns:
        """Loads what answers take, numpy above all, which not every use of the library needs: at the first question, or
        before, as servers do."""
        from .columns import Columns

        with self._lock:
            if self._columns is None:
                self._columns = Columns()
            return self._columns

    def follow(self, connection: Connection) -> None:
        """Takes in what has changed, so that the next question needn't wait for it."""
        with self.open().following(connection):
            pass

    def page(self, connection: Connection, query: LibraryQuery) -> PageRows:
        """Raises UsageError for a cursor that no page of this order has given."""
        from .columns import both, count

        after = _after(query)
        columns = self.open()
        with columns.following(connection):
            fits = both(columns.filters(connection, query))
            total = count(fits)
            places = columns.first(connection, fits, query, after, query.limit + 1)
        shown = places[: query.limit]
        next_cursor = _cursor(connection, query, shown[-1]) if len(places) > len(shown) else None
        return PageRows(self.cards(connection, [place.file for place in shown]), next_cursor, total)

    def cards(self, connection: Connection, file_ids: Sequence[int]) -> list[str]:
        """What a list shows of these files, as JSON and in their order; those that there are not are left out."""
        found = connection.execute(_CARDS, {"files": json.dumps(file_ids)}).all()
        known = {file: card for file, card in found}  # noqa: C416
        return [known[file] for file in file_ids if file in known]

    def ids(self, connection: Connection, query: LibraryQuery, limit: int) -> list[int]:
        """The files that fit, in the list's order and beginning with the first, whatever page the query is of."""
        from .columns import both

        columns = self.open()
        with columns.following(connection):
            fits = both(columns.filters(connection, query))
            return columns.ordered(connection, fits, query, limit)

    def facets(self, connection: Connection, query: LibraryQuery) -> dict[str, list[Count]]:
        """How many files have each value of a field, the most common first: of those that fit all of the query but what
        it asks of that field, so that one can choose among its values. Tags are all wanted at once, so theirs are of
        those that fit the whole. Folders count what is below them; flags have "true" and "false"."""
        from .columns import FLAGS, LISTS, both, count

        columns = self.open()
        with columns.following(connection):
            filters = columns.filters(connection, query)
            every = both(filters)

            def but(name: str) -> Fits:
                return both(filters, name) if name in filters else every

            found = {name: _most(columns.counts(name, but(name))) for name in LISTS}
            found["creator"] = found["creator"][:_MOST_CREATORS]
            found["folder"] = _most(_rolled_up(columns.counts("folder", but("folder"))))
            found["nsfw_level"] = _most(columns.levels(but("nsfw")))
            found["tag"] = _most(columns.tags(every))[:_MOST_TAGS]
            for name in FLAGS:
                fits = but(name)
                true = columns.flagged(name, fits)
                found[name] = [Count("true", true), Count("false", count(fits) - true)]
        return found


def tidy(connection: Connection) -> None:
    """Drops old notes of changes: who has not read them yet reads everything again."""
    newest = select(func.max(changes.c.id)).scalar_subquery()
    connection.execute(delete(changes).where(changes.c.id <= newest - _NOTES))


# -- Cursors ---------------------------------------------------------------------------------------------------------


def _cursor(connection: Connection, query: LibraryQuery, last: Place) -> str:
    named = query.sort == "name"
    value = connection.execute(_NAME, {"file": last.file}).scalar_one() if named else last.value
    parts = [query.sort, query.goes_down(), value, last.file]
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


# -- Counts ----------------------------------------------------------------------------------------------------------


def _most(counts: Mapping[str, int]) -> list[Count]:
    return [Count(value, count) for value, count in sorted(counts.items(), key=lambda each: (-each[1], each[0]))]


def _rolled_up(counts: Mapping[str, int]) -> Counter[str]:
    """Each folder with what is in the folders below it. What lies in none at all counts for none."""
    every: Counter[str] = Counter()
    for folder, count in counts.items():
        parts = folder.split("/")
        for depth in range(1, len(parts) + 1 if folder else 1):
            every["/".join(parts[:depth])] += count
    return every
