"""The database file: one writer thread with a queue, pooled readers that never wait on it, upgrades, and what to do
with a file that is newer than us or corrupt.

Work is a function of a connection, run in one transaction: ``await database.read(lambda c: c.execute(…).all())``.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timezone
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, inspect
from sqlalchemy.engine import URL
from sqlalchemy.exc import DatabaseError, SQLAlchemyError

from ..errors import StorageError
from . import migrations

log = logging.getLogger(__name__)
T = TypeVar("T")

_READERS = 4
_SIDE_FILES = ("", "-wal", "-shm")


class Database:
    """Owns the file and its connections. ``notices`` are sentences that the user should see after :meth:`open`."""

    def __init__(self, path: Path, *, wait: float = 10.0) -> None:
        """``wait``: seconds to wait for another process's write."""
        self.path = path
        self.notices: list[str] = []
        self._wait = wait
        self._writer: ThreadPoolExecutor | None = None
        self._readers: ThreadPoolExecutor | None = None
        self._engines: tuple[Engine, Engine] | None = None

    async def open(self) -> None:
        """Makes or upgrades the file. Raises StorageError (DatabaseTooNewError) where it can't be used."""
        self._writer = ThreadPoolExecutor(1, "lorakeeper-writer")
        self._readers = ThreadPoolExecutor(_READERS, "lorakeeper-reader")
        try:
            await asyncio.get_running_loop().run_in_executor(self._writer, self._open)
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Waits for writes under way, then lets the file go."""
        writer, readers, engines = self._writer, self._readers, self._engines
        self._writer = self._readers = self._engines = None
        for executor in (writer, readers):
            if executor:
                await asyncio.to_thread(executor.shutdown)
        for engine in engines or ():
            engine.dispose()

    async def read(self, work: Callable[[Connection], T]) -> T:
        return await asyncio.wrap_future(self._begin(self._readers, 0, work))

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Runs ``work`` on the writer thread. It is committed whole, or not at all where ``work`` raises."""
        return await asyncio.wrap_future(self._begin(self._writer, 1, work))

    def read_blocking(self, work: Callable[[Connection], T]) -> T:
        """:meth:`read` for a thread, never for a loop."""
        return self._begin(self._readers, 0, work).result()

    def write_blocking(self, work: Callable[[Connection], T]) -> T:
        """:meth:`write` for a thread, never for a loop."""
        return self._begin(self._writer, 1, work).result()

    def _begin(self, executor: ThreadPoolExecutor | None, engine: int, work: Callable[[Connection], T]) -> Future[T]:
        if executor is None or self._engines is None:
            raise StorageError("The library is not open.")
        engines = self._engines

        def transaction() -> T:
            try:
                with engines[engine].begin() as connection:
                    return work(connection)
            except SQLAlchemyError as error:
                if "locked" in str(error):
                    raise StorageError("The library is in use by another program: try again in a moment.") from error
                raise StorageError(f"The library's database failed: {getattr(error, 'orig', error)}.") from error

        return executor.submit(transaction)

    def _open(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._engines = self._connect()
        except (sqlite3.DatabaseError, DatabaseError) as error:
            original = getattr(error, "orig", error)
            if isinstance(original, sqlite3.OperationalError):
                raise StorageError(f"The database {self.path} can't be opened: {original}.") from error
            self._set_aside(original)
            self._engines = self._connect()

    def _connect(self) -> tuple[Engine, Engine]:
        reader, writer = self._engine("BEGIN", _READERS), self._engine("BEGIN IMMEDIATE", 1)
        try:
            with writer.begin() as connection:
                problem = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
                if problem != "ok":
                    raise sqlite3.DatabaseError(problem)
                if migrations.needed(connection):
                    self._keep_copy(connection)
                    migrations.upgrade(connection)
        except BaseException:
            reader.dispose()
            writer.dispose()
            raise
        return reader, writer

    def _engine(self, begin: str, connections: int) -> Engine:
        engine = create_engine(
            URL.create("sqlite", database=str(self.path)),
            connect_args={"timeout": self._wait, "check_same_thread": False},
            pool_size=connections,
            max_overflow=0,
        )

        @event.listens_for(engine, "connect")
        def _configure(connection: sqlite3.Connection, _: object) -> None:
            # Transactions are begun by us, below: the driver's own habit would let a reader turn into a writer midway.
            connection.isolation_level = None
            for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"):
                connection.execute(f"PRAGMA {pragma}")

        @event.listens_for(engine, "begin")
        def _begin(connection: Connection) -> None:
            connection.exec_driver_sql(begin)

        return engine

    def _keep_copy(self, connection: Connection) -> None:
        """Keeps a copy of an older file, so that an upgrade can be undone by hand."""
        if not inspect(connection).get_table_names():
            return
        copy = self.path.with_name(f"{self.path.name}.before-{migrations.revisions()[-1]}")
        with sqlite3.connect(self.path) as source, sqlite3.connect(copy) as target:
            source.backup(target)
        source.close()
        target.close()

    def _set_aside(self, cause: object) -> None:
        stamp = datetime.now(timezone.utc).strftime("%Y%m%d-%H%M%S")
        aside = self.path.with_name(f"{self.path.name}.corrupt-{stamp}")
        for suffix in _SIDE_FILES:
            file = self.path.with_name(self.path.name + suffix)
            if file.exists():
                file.replace(aside.with_name(aside.name + suffix))
        notice = f"The library's database was corrupt and a new one was started; the old file is kept as {aside}."
        self.notices.append(notice)
        log.error("%s Cause: %s", notice, cause)
