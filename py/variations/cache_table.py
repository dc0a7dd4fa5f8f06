"""The cache's index: one row for each kept answer, in the library's database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, select

from ..storage.database import Database
from ..storage.tables import variations
from ..storage.upsert import upsert


@dataclass(frozen=True)
class KeptFile:
    """One image: its file's name in the cache's folder, and what its bytes must be."""

    name: str
    size: int
    sha256: str
    mime: str
    width: int
    height: int


@dataclass(frozen=True)
class Entry:
    """A kept answer. ``token`` is new with each writing, so that an entry is never taken for its successor.

    Tokens are what the answer cost when it was made; times are Unix seconds.
    """

    key: str
    token: str
    files: tuple[KeptFile, ...]
    size: int
    model: str
    text: str
    tokens_in: int
    tokens_out: int
    created_at: float
    used_at: float


class CacheIndex:
    """Knows the entries. Two processes may use one database at once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, key: str) -> Entry | None:
        return await self._database.read(lambda connection: _get(connection, key))

    async def put(self, entry: Entry) -> Entry | None:
        """Keeps the entry, and returns the one that it replaces."""

        def work(connection: Connection) -> Entry | None:
            before = _get(connection, entry.key)
            row = {name: value for name, value in vars(entry).items() if name != "files"}
            upsert(connection, variations, "key", {**row, "files": [vars(file) for file in entry.files]})
            return before

        return await self._database.write(work)

    async def touch(self, key: str, used_at: float) -> None:
        query = variations.update().where(variations.c.key == key, variations.c.used_at < used_at)
        await self._database.write(lambda connection: connection.execute(query.values(used_at=used_at)))

    async def oldest(self, limit: int) -> list[Entry]:
        """The entries used longest ago, those first."""
        query = select(variations).order_by(variations.c.used_at, variations.c.key).limit(limit)
        rows = await self._database.read(lambda connection: connection.execute(query).mappings().all())
        return [_entry(dict(row)) for row in rows]

    async def total(self) -> int:
        """Bytes of all entries."""
        query = select(func.coalesce(func.sum(variations.c.size), 0))
        return int(await self._database.read(lambda connection: connection.execute(query).scalar_one()))

    async def names(self) -> set[str]:
        """The names of all files that belong to an entry."""
        query = select(variations.c.files)
        rows = await self._database.read(lambda connection: connection.execute(query).scalars().all())
        return {file["name"] for files in rows for file in files}

    async def remove(self, entries: Sequence[Entry]) -> None:
        """Forgets exactly these; one that was replaced meanwhile stays."""

        def work(connection: Connection) -> None:
            for entry in entries:
                one = (variations.c.key == entry.key) & (variations.c.token == entry.token)
                connection.execute(delete(variations).where(one))

        await self._database.write(work)


def _get(connection: Connection, key: str) -> Entry | None:
    row = connection.execute(select(variations).where(variations.c.key == key)).mappings().first()
    return _entry(dict(row)) if row else None


def _entry(row: dict[str, object]) -> Entry:
    files = row.pop("files")
    kept = tuple(KeptFile(**file) for file in files) if isinstance(files, list) else ()
    return Entry(**row, files=kept)  # type: ignore[arg-type]
