"""Learning: reads the files that are not known yet, in the background, and never in ComfyUI's way.

First the beginnings of all, which tell base model and trigger words within moments, then every file whole for its
hashes:
what arrived last comes first, then the smallest. What is done is kept, so that a stop costs at most the files under
way.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel
from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, or_, select

from ..events import Event, Events
from ..storage.database import Database
from ..storage.tables import contents, files
from .hashing import ChangedWhileReadError, hash_file
from .learned import Reading, read_beginning, readable_problem, settle_all
from .paths import real
from .previews import Previews
from .view import View

T = TypeVar("T")

_BATCH = 200
_FLUSH = 0.5
# A file that was written to this many seconds ago may still be being written.
_QUIET = 2.0
_LATER = 10.0
_RECENT = 3600.0
_PAUSE = 0.1


class LearnReport(BaseModel):
    """How far the reading is: files and bytes to go are counted when it begins; ``rate`` is in bytes a second,
    ``eta`` in seconds. ``paused`` says that ComfyUI is at work."""

    files: int = 0
    files_done: int = 0
    bytes: int = 0
    bytes_done: int = 0
    rate: float = 0.0
    eta: float | None = None
    paused: bool = False


class StoppedError(Exception):
    """Hashing was told to stop."""


@dataclass(frozen=True)
class _Work:
    id: int
    path: Path
    size: int
    headless: bool = False


class Learner:
    """Reads stale rows. ``threads`` tells how many files at once, ``busy`` whether to wait; both are asked all the
    time."""

    def __init__(
        self,
        database: Database,
        view: View,
        previews: Previews,
        events: Events,
        *,
        threads: Callable[[], int],
        blake3: Callable[[], bool],
        busy: Callable[[], bool],
    ) -> None:
        self._database = database
        self._view = view
        self._previews = previews
        self._events = events
        self._threads = threads
        self._blake3 = blake3
        self._busy = busy
        self._one = asyncio.Lock()
        self._later: dict[int, float] = {}
        self._pool: ThreadPoolExecutor | None = None
        self._began = 0.0
        self.report = LearnReport()

    async def run(self, *, whole: bool = True) -> LearnReport:
        """Reads until nothing is left that can be read now; without ``whole`` only the beginnings. Cancelling stops
        within a block or two."""
        async with self._one:
            self.report, self._began = LearnReport(), time.monotonic()
            stop = threading.Event()
            self._pool = ThreadPoolExecutor(32, "lorakeeper-hash")
            try:
                self.report.files, self.report.bytes = await self._totals()
                await self._heads()
                while whole and (works := await self._next()):
                    await self._hash_all(works, stop)
            finally:
                stop.set()
                pool, self._pool = self._pool, None
                await asyncio.shield(asyncio.to_thread(pool.shutdown))
                self.report.eta = None
                self._say(final=True)
            return self.report

    async def learn(self, file_id: int) -> None:
        """Reads one file whole, now, whatever ComfyUI is doing. Raises OSError where it can't be read."""
        row = await self._database.read(lambda c: c.execute(select(files).where(files.c.id == file_id)).first())
        if row is not None:
            stop = threading.Event()
            try:
                reading = await asyncio.to_thread(self._read, Path(real(row.path)), stop, waits=False)
            finally:
                stop.set()
            await self._keep([(row.id, reading)])

    @property
    def waits(self) -> bool:
        """Whether a file is left that could not be read just now, but may be soon."""
        return bool(self._later)

    async def left(self) -> tuple[int, int]:
        """``(files, bytes)`` that are still to be read."""

        def count(connection: Connection) -> tuple[int, int]:
            row = connection.execute(select(func.count(), func.sum(files.c.size)).where(_TO_DO)).one()
            return int(row[0]), int(row[1] or 0)

        return await self._database.read(count)

    # -- Inside ------------------------------------------------------------------------------------------------------

    async def _heads(self) -> None:
        """The beginnings of all files of which nothing is known."""
        after = 0
        while True:
            query = _heads_after(after)
            found = await self._database.read(partial(_all, query=query))
            if not found:
                return
            after = found[-1].id
            works = [_Work(row.id, Path(real(row.path)), row.size) for row in found]
            await self._wait_while_busy()
            self._say()
            readings = await self._in_pool(partial(_beginnings, works))
            await self._keep([(file_id, reading) for file_id, reading in readings if reading is not None], events=True)

    async def _next(self) -> list[_Work]:
        """What to read next; waits for files that are still being written."""
        while True:
            now = time.time()
            self._later = {file_id: until for file_id, until in self._later.items() if until > now}
            rows = await self._database.read(partial(_all, query=_to_hash(now)))
            works = [
                _Work(row.id, Path(real(row.path)), row.size, row.headless)
                for row in rows
                if row.id not in self._later and not _is_warm(row, now)
            ]
            # What can't be read now is left to a later run; only what is being written is worth a wait.
            if works or all(row.id in self._later for row in rows):
                self.report.files, self.report.bytes = await self._totals()
                return works
            await asyncio.sleep(1.0)

    async def _totals(self) -> tuple[int, int]:
        left, size = await self.left()
        return self.report.files_done + left, self.report.bytes_done + size

    async def _hash_all(self, works: list[_Work], stop: threading.Event) -> None:
        waiting = list(reversed(works))
        done: list[tuple[int, Reading | str]] = []
        flushed = begun = time.monotonic()
        read_before = self.report.bytes_done

        async def worker() -> None:
            while waiting:
                work = waiting.pop()
                done.append((work.id, await self._hash(work, stop)))
                self.report.files_done += 1

        def count() -> None:
            passed = time.monotonic() - begun
            self.report.rate = (self.report.bytes_done - read_before) / passed if passed else 0.0
            rest = max(0, self.report.bytes - self.report.bytes_done)
            self.report.eta = rest / self.report.rate if self.report.rate else None
            self._say()

        workers = {asyncio.create_task(worker()) for _ in range(max(1, min(self._threads(), len(works))))}
        try:
            pending = workers
            while pending:
                finished, pending = await asyncio.wait(pending, timeout=_FLUSH)
                for each in finished:
                    each.result()
                if done and (not pending or time.monotonic() - flushed >= _FLUSH):
                    ready, done[:] = list(done), []
                    await self._keep(ready, events=True)
                    flushed = time.monotonic()
                count()
        finally:
            stop_now = not all(each.done() for each in workers)
            if stop_now:
                stop.set()
            for each in workers:
                each.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
            if done:
                await asyncio.shield(self._keep(done, events=True))

    async def _hash(self, work: _Work, stop: threading.Event) -> Reading | str:
        """What was read, or why it couldn't be."""
        try:
            return await self._in_pool(lambda: self._read(work.path, stop, waits=True, headless=work.headless))
        except ChangedWhileReadError:
            self._later[work.id] = time.time() + _LATER
            return ""
        except FileNotFoundError:
            # Gone since: the next scan says so.
            self._later[work.id] = time.time() + _RECENT
            return ""
        except OSError as error:
            return readable_problem(work.path, error)

    def _read(self, path: Path, stop: threading.Event, *, waits: bool, headless: bool = False) -> Reading:
        """In a thread: the whole file. Raises OSError, and StoppedError once ``stop`` is set."""

        def tick(size: int) -> None:
            if waits:
                self.report.bytes_done += size
                while not stop.is_set() and self._busy():
                    self.report.paused = True
                    stop.wait(_PAUSE)
                self.report.paused = False
            if stop.is_set():
                raise StoppedError

        tick(0)
        beginning = read_beginning(path, headless=headless)
        lanes = 1 if beginning.facts[0] < 8 << 20 else 2
        sha256, others = hash_file(path, blake3=self._blake3(), lanes=lanes, tick=tick)
        return replace(beginning, sha256=sha256, others=others)

    async def _keep(self, readings: list[tuple[int, Reading | str]], *, events: bool = False) -> None:
        """Writes what was read, some at a time, and takes over the pictures and videos that lay beside."""
        for start in range(0, len(readings), 20):
            part = readings[start : start + 20]
            await self._preview([reading for _, reading in part if isinstance(reading, Reading)])
            await self._database.write(partial(settle_all, view=self._view, readings=part))
        if events and readings:
            self._events.publish(Event("library", "all", {"id": None, "count": len(readings)}))

    async def _preview(self, readings: list[Reading]) -> None:
        for reading in readings:
            if reading.sha256 and (beside := reading.adopted):
                await self._previews.adopt(reading.sha256, picture=beside.preview, video=beside.motion)

    async def _in_pool(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    async def _wait_while_busy(self) -> None:
        while self._busy():
            self.report.paused = True
            self._say()
            await asyncio.sleep(_PAUSE * 5)
        self.report.paused = False

    def _say(self, *, final: bool = False) -> None:
        data = {"phase": "done" if final else "reading", **self.report.model_dump()}
        data["seconds"] = round(time.monotonic() - self._began, 3)
        self._events.publish(Event("scan", "learn", data, final=final))


_IS_READ = or_(contents.c.header.is_not(None), contents.c.broken.is_not(None))
# A content of the file's own, of which the beginning was read.
_HEADLESS = and_(contents.c.sha256.is_(None), _IS_READ)
_TO_DO: ColumnElement[bool] = and_(files.c.stale, files.c.missing.is_(False))


def _to_hash(now: float) -> Select[Any]:
    recent = files.c.added_at > now - _RECENT
    query = select(files, _HEADLESS.label("headless")).join(contents, files.c.content == contents.c.id)
    return query.where(_TO_DO).order_by(recent.desc(), files.c.size, files.c.id).limit(_BATCH)


def _heads_after(after: int) -> Select[Any]:
    query = select(files.c.id, files.c.path, files.c.size).join(contents, files.c.content == contents.c.id)
    query = query.where(_TO_DO, contents.c.sha256.is_(None), ~_IS_READ, files.c.id > after)
    return query.order_by(files.c.id).limit(_BATCH)


def _is_warm(row: Row[Any], now: float) -> bool:
    """Whether the file was written to a moment ago. A clock that runs ahead, as on a share, says nothing."""
    age = now - row.mtime_ns / 1e9
    return bool(-60 < age < _QUIET)


def _all(connection: Connection, query: Select[Any]) -> Sequence[Row[Any]]:
    return connection.execute(query).all()


def _beginnings(works: Sequence[_Work]) -> list[tuple[int, Reading | None]]:
    return [_beginning(work) for work in works]


def _beginning(work: _Work) -> tuple[int, Reading | None]:
    try:
        return work.id, read_beginning(work.path)
    except OSError:
        # Whoever reads the whole file says what is wrong with it.
        return work.id, None
