"""The pictures that were ever seen, in the library's database: for as long as the user doesn't clear them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection, Select, delete, func, insert, select

from ..storage.database import Database
from ..storage.tables import seen_pictures
from .hashes import Hashes
from .seen import Kept

_BATCH = 500
_MOST = 50_000  # pictures whose hashes are read at once
_BELOW_ZERO = 1 << 63  # databases have signed numbers only
_ALL = 1 << 64


class SeenPictures:
    """A :class:`.seen.SeenStore`. All methods block; several processes may use one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def load(self, after: int = -1) -> Iterable[Kept]:
        columns = seen_pictures.c
        query = select(columns.number, columns.p, columns.a, columns.d).where(columns.number > after)
        rows = self._database.read_blocking(partial(_all, query=query.order_by(columns.number).limit(_MOST)))
        return (Kept(number, Hashes(p % _ALL, a % _ALL, d % _ALL)) for number, p, a, d in rows)

    def save(self, hashes: Hashes, grey: bytes) -> int:
        p, a, d = (word - _ALL if word >= _BELOW_ZERO else word for word in hashes)
        statement = insert(seen_pictures).values(p=p, a=a, d=d, grey=grey)

        def work(connection: Connection) -> int:
            key = connection.execute(statement).inserted_primary_key
            return int(key[0]) if key else -1

        return self._database.write_blocking(work)

    def greys(self, numbers: Sequence[int]) -> dict[int, bytes]:
        found: dict[int, bytes] = {}
        for begin in range(0, len(numbers), _BATCH):
            some = numbers[begin : begin + _BATCH]
            query = select(seen_pictures.c.number, seen_pictures.c.grey).where(seen_pictures.c.number.in_(some))
            rows = self._database.read_blocking(partial(_all, query=query))
            found.update((row.number, row.grey) for row in rows)
        return found

    def count(self) -> int:
        query = select(func.count()).select_from(seen_pictures)
        return self._database.read_blocking(lambda c: int(c.execute(query).scalar() or 0))

    def clear(self) -> None:
        self._database.write_blocking(lambda c: c.execute(delete(seen_pictures)))


def _all(connection: Connection, query: Select[Any]) -> Sequence[Any]:
    return connection.execute(query).all()
