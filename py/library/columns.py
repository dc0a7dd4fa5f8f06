"""The list's columns in memory, some 100 bytes a file: any filter, sort or count is a pass over arrays.

They are read at the first question. From then on they follow ``changes``, where the database notes each row of the list
that was written or removed, by this process or another. A file's place in an array is its id.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, bindparam, func, select, tuple_

from ..storage.tables import changes, items
from . import search
from .query import LibraryQuery, Place

Fits = NDArray[np.bool_]

LISTS = ("kind", "base_model", "family", "creator")
_STORED = ("favourite", "has_words", "has_update", "missing", "broken", "trashed")
FLAGS = (*_STORED, "duplicate", "unused")

_CODED = (*LISTS, "folder")
_NUMBERS = {
    "added": "added_at",
    "changed": "changed_at",
    "size": "size",
    "last_used": "last_used",
    "uses": "uses",
    "rating": "rating",
}
_READ = ("file", *_CODED, "tags", "nsfw_level", "copies", *_STORED, *_NUMBERS.values())
_CHUNK = 1_000
_DAY = 86_400

# In words, not in SQLAlchemy's objects: its way of reading is half the time of a whole library.
_ROWS = f"SELECT {', '.join(_READ)} FROM items"  # noqa: S608
_SOME = f"{_ROWS} WHERE file IN (SELECT file FROM changes WHERE id > ?)"  # noqa: S608
_CHANGED = select(changes.c.file).where(changes.c.id > bindparam("seen")).distinct()
# Each by itself: only so does SQLite look at the ends alone.
_NOTED = select(*(select(end(changes.c.id)).scalar_subquery() for end in (func.min, func.max)))
_BY_NAME = select(func.group_concat(select(items.c.file).order_by(items.c.name_key, items.c.file).subquery().c.file))
_NAMED = tuple_(items.c.name_key, items.c.file)
_CURSOR = tuple_(bindparam("value"), bindparam("file"))
_AT_OR_BEFORE = (
    select(items.c.file).where(_NAMED <= _CURSOR).order_by(items.c.name_key.desc(), items.c.file.desc()).limit(1)
)
_AT_OR_BEHIND = select(items.c.file).where(_NAMED >= _CURSOR).order_by(items.c.name_key, items.c.file).limit(1)


class _Numbers(dict[str | None, int]):
    """Numbers for texts, given when one is first asked for; none and the empty text are 0."""

    def __init__(self) -> None:
        super().__init__({"": 0, None: 0})
        self.texts = [""]

    def __missing__(self, text: str | None) -> int:
        number = self[text] = len(self.texts)
        self.texts.append(text or "")
        return number


class Columns:
    """All methods but :meth:`following` are for its caller, while it lasts."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._at = -1
        self._clear()

    def _clear(self) -> None:
        self._seen = -1
        self._asked = (-1, "")
        self._found: Fits | None = None
        self._here: Fits = np.zeros(0, bool)
        self._numbers = {name: _Numbers() for name in (*_CODED, "tag")}
        self._columns: dict[str, NDArray[Any]] = {
            **{name: np.zeros(0, np.int32) for name in _CODED},
            **{name: np.zeros(0, np.float64) for name in _NUMBERS},
            **{name: np.zeros(0, bool) for name in FLAGS},
            "nsfw_level": np.zeros(0, np.int64),
        }
        # Which file has which tag, a pair in the two.
        self._tagged = np.zeros(0, np.int32)
        self._tags = np.zeros(0, np.int32)
        self._ranks = np.zeros(0, np.float64)
        self._ranked = -1

    # -- Keeping up ----------------------------------------------------------------------------------------------------

    @contextmanager
    def following(self, connection: Connection) -> Iterator[None]:
        """While it lasts, the columns are what ``connection`` sees, or newer."""
        with self._lock:
            oldest, newest = connection.execute(_NOTED).one()
            self._at = newest or 0
            if self._seen < 0 or (oldest or 0) > self._seen + 1 or self._at - self._seen > max(_CHUNK, len(self._here)):
                self._load(connection)
            elif self._at > self._seen:
                self._update(connection)
            self._seen = max(self._seen, self._at)
            yield

    def _load(self, connection: Connection) -> None:
        self._clear()
        self._tagged, self._tags = self._read(connection, _ROWS, ())

    def _update(self, connection: Connection) -> None:
        """Takes in what was noted since."""
        changed = np.array(connection.execute(_CHANGED, {"seen": self._seen}).scalars().all(), np.int64)
        self._grow(int(changed.max()) + 1)
        self._here[changed] = False
        anew = np.zeros(len(self._here), bool)
        anew[changed] = True
        kept = ~anew[self._tagged]
        tagged, tags = self._read(connection, _SOME, (self._seen,))
        self._tagged = np.concatenate([self._tagged[kept], tagged])
        self._tags = np.concatenate([self._tags[kept], tags])

    def _read(
        self, connection: Connection, query: str, parameters: tuple[int, ...]
    ) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Takes in the rows that ``query`` gives; returns their pairs of file and tag."""
        found = connection.exec_driver_sql(query, parameters)
        tagged, tags = [np.zeros(0, np.int64)], [np.zeros(0, np.int32)]
        while rows := found.fetchmany(_CHUNK):
            columns = dict(zip(_READ, zip(*rows, strict=True), strict=True))
            files = np.array(columns["file"], np.int64)
            self._grow(int(files.max()) + 1)
            self._here[files] = True
            for name in _CODED:
                self._columns[name][files] = list(map(self._numbers[name].__getitem__, columns[name]))
            for name, column in _NUMBERS.items():
                self._columns[name][files] = columns[column]
            for name in (*_STORED, "nsfw_level"):
                self._columns[name][files] = columns[name]
            self._columns["duplicate"][files] = np.array(columns["copies"]) > 1
            self._columns["unused"][files] = np.array(columns["uses"]) == 0
            tagged.append(np.repeat(files, [text.count("\n") + 1 if text else 0 for text in columns["tags"]]))
            texts = "\n".join(filter(None, columns["tags"]))
            tags.append(
                np.array(list(map(self._numbers["tag"].__getitem__, texts.split("\n"))) if texts else [], np.int32)
            )
        return np.concatenate(tagged).astype(np.int32), np.concatenate(tags)

    def _grow(self, length: int) -> None:
        if (more := length - len(self._here)) > 0:
            more = max(more, len(self._here) // 8)
            self._here = np.pad(self._here, (0, more))
            for name, column in self._columns.items():
                self._columns[name] = np.pad(column, (0, more))

    # -- Filters -------------------------------------------------------------------------------------------------------

    def filters(self, connection: Connection, query: LibraryQuery) -> dict[str, Fits]:
        """Which files each field of the query leaves, by the field's name. What is asked for nothing has no entry."""
        found: dict[str, Fits] = {"": self._here}
        if (words := self._with_words(connection, query.query)) is not None:
            found["query"] = words
        for name in LISTS:
            if values := getattr(query, name):
                found[name] = self._any_of(name, [self._numbers[name].get(value, -1) for value in values])
        if folder := (query.folder or "").strip("/"):
            every = self._numbers["folder"].texts
            inside = [code for code, text in enumerate(every) if f"{text}/".startswith(f"{folder}/")]
            found["folder"] = self._any_of("folder", inside)
        for name in FLAGS:
            if (wanted := getattr(query, name)) is not None:
                found[name] = self._columns[name] if wanted else ~self._columns[name]
        if query.unused_days is not None:
            since = time.time() - query.unused_days * _DAY
            found["unused_days"] = (self._columns["last_used"] < since) & (self._columns["added"] < since)
        if query.nsfw is not None:
            found["nsfw"] = self._columns["nsfw_level"] < 1 << query.nsfw.bit_length()
        for name, wanted in (("tag", True), ("without_tag", False)):
            for tag in getattr(query, name):
                if folded := search.tag(tag):
                    has = self._has_tag(folded)
                    found[name] = found.get(name, self._here) & (has if wanted else ~has)
        return found

    def _with_words(self, connection: Connection, query: str) -> Fits | None:
        """The files with a query's words; None where it has none to look for. The last ones are remembered, because a
        page, its counts and the next page come one after the other."""
        asked = (self._at, query)
        if asked != self._asked:
            self._found = self._look_up(connection, query) if query.strip() else None
            self._asked = asked
        return self._found

    def _look_up(self, connection: Connection, query: str) -> Fits | None:
        expression = search.matching(connection, query)
        if expression is None:
            return None
        found = search.listed(connection, expression)
        if not found and (meant := search.matching(connection, query, slips=True)) and meant != expression:
            found = search.listed(connection, meant)
        hits = _ids(found)
        fits = np.zeros(len(self._here), bool)
        fits[hits[hits < len(fits)]] = True
        return fits

    def _any_of(self, name: str, codes: Sequence[int]) -> Fits:
        chosen = np.zeros(len(self._numbers[name].texts), bool)
        chosen[[code for code in codes if code >= 0]] = True
        fits: Fits = chosen[self._columns[name]]
        return fits

    def _has_tag(self, tag: str) -> Fits:
        has = np.zeros(len(self._here), bool)
        has[self._tagged[self._tags == self._numbers["tag"].get(tag, -1)]] = True
        return has

    # -- Places and counts ---------------------------------------------------------------------------------------------

    def first(
        self, connection: Connection, fits: Fits, query: LibraryQuery, after: Place | None, wanted: int
    ) -> list[Place]:
        """The first of those files in the query's order, behind ``after``. By name, their values are their ranks."""
        down = query.goes_down()
        files = np.flatnonzero(fits)
        keys = self._keys(connection, query.sort)[files]
        if after is not None and query.sort == "name":
            after = self._named(connection, after, down=down)
        if after is not None:
            value, file = float(after.value), after.file
            same = keys == value
            behind = (keys < value) | (same & (files < file)) if down else (keys > value) | (same & (files > file))
            files, keys = files[behind], keys[behind]
        if len(files) > wanted:
            edge = np.partition(keys, -wanted if down else wanted - 1)[-wanted if down else wanted - 1]
            better = np.flatnonzero(keys > edge if down else keys < edge)
            ties, room = np.flatnonzero(keys == edge), wanted - len(better)
            chosen = np.concatenate([better, ties[-room:] if down else ties[:room]])
            files, keys = files[chosen], keys[chosen]
        order = np.lexsort((files, keys))
        order = order[::-1] if down else order
        return [Place(value, file) for value, file in zip(keys[order].tolist(), files[order].tolist(), strict=True)]

    def ordered(self, connection: Connection, fits: Fits, query: LibraryQuery, most: int) -> list[int]:
        """Those files in the query's order, as :meth:`first` has them, at most so many."""
        files = np.flatnonzero(fits)
        # They come in the order of their ids, which a stable sort keeps among equals.
        order = np.argsort(self._keys(connection, query.sort)[files], kind="stable")
        order = order[::-1] if query.goes_down() else order
        ids: list[int] = files[order[:most]].tolist()
        return ids

    def _keys(self, connection: Connection, sort: str) -> NDArray[np.float64]:
        if sort != "name":
            return self._columns[sort]
        if self._ranked != self._seen or len(self._ranks) != len(self._here):
            order = _ids(connection.execute(_BY_NAME).scalar() or "")
            self._ranks = np.zeros(len(self._here), np.float64)
            self._ranks[order] = np.arange(1, len(order) + 1)
            self._ranked = self._at
        return self._ranks

    def _named(self, connection: Connection, after: Place, *, down: bool) -> Place | None:
        """A place by name as one by rank; None where all are behind it. A file of that name may have gone."""
        query = _AT_OR_BEHIND if down else _AT_OR_BEFORE
        file = connection.execute(query, {"value": after.value, "file": after.file}).scalar()
        return None if file is None else Place(float(self._ranks[file]), file)

    def counts(self, name: str, fits: Fits) -> dict[str, int]:
        """How many of those files have each value of a list, or are in each folder."""
        texts = self._numbers[name].texts
        return _counted(texts, np.bincount(self._columns[name][fits], minlength=len(texts)))

    def levels(self, fits: Fits) -> dict[str, int]:
        values, counts = np.unique(self._columns["nsfw_level"][fits], return_counts=True)
        return dict(zip(map(str, values.tolist()), counts.tolist(), strict=True))

    def tags(self, fits: Fits) -> dict[str, int]:
        texts = self._numbers["tag"].texts
        return _counted(texts, np.bincount(self._tags[fits[self._tagged]], minlength=len(texts)))

    def flagged(self, name: str, fits: Fits) -> int:
        """How many of those files have a flag."""
        return int(np.count_nonzero(self._columns[name] & fits))


def both(filters: dict[str, Fits], but: str | None = None) -> Fits:
    """The files that all filters leave, or all but one."""
    chosen = [fits for name, fits in filters.items() if name != but]
    return np.logical_and.reduce(chosen) if len(chosen) > 1 else chosen[0]


def count(fits: Fits) -> int:
    return int(np.count_nonzero(fits))


def _ids(text: str) -> NDArray[np.int64]:
    return np.fromstring(text, np.int64, sep=",") if text else np.zeros(0, np.int64)


def _counted(texts: Sequence[str], counts: NDArray[Any]) -> dict[str, int]:
    return {texts[code]: int(counts[code]) for code in np.flatnonzero(counts).tolist()}
