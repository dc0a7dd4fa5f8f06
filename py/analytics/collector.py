"""Listens to the event stream and remembers what happened. A thread of its own writes it down, at most half a second
later and in one transaction with the daily sums, so that a publisher loses microseconds and a kill the last moment."""

from __future__ import annotations

import asyncio
import json
import logging
import math
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial

from sqlalchemy import Connection

from ..errors import StorageError
from ..events import Event, Events
from ..storage.database import Database
from . import store
from .records import Record, is_read, read
from .store import Calendar

_Heard = tuple[float, Event]

log = logging.getLogger(__name__)

_EVERY = 0.4  # seconds between two batches
_BATCH = 20_000
_MOST = 200_000  # events that wait, at most: a database that nobody can write to must not fill the memory
_TYPING = 2.0  # seconds between two searches of the library that are one, being typed
_PRUNED = 5_000
_DAY = 86_400
_PAGE = 2_000


class AnalyticsCollector:
    """Records from :meth:`start` to :meth:`close`, while ``enabled`` says so. Events may be published on any thread.
    ``keep_days`` is how long single events stay. ``local`` is the machine's time zone, as time.localtime has it."""

    def __init__(
        self,
        database: Database,
        events: Events,
        *,
        enabled: Callable[[], bool],
        keep_days: Callable[[], int],
        clock: Callable[[], float] = time.time,
        local: store.Local = time.localtime,
    ) -> None:
        self._database = database
        self._events = events
        self._enabled = enabled
        self._keep_days = keep_days
        self._clock = clock
        self._calendar = Calendar(local)
        self._waiting: deque[_Heard] = deque()
        self._typed: deque[_Heard] = deque()
        self._dropped = 0
        self._news = threading.Event()
        self._closing = threading.Event()
        self._writing = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stop: Callable[[], None] = lambda: None
        self._before: float | None = None  # the newest event at the last pruning
        self._prune_at = 0.0

    def start(self) -> None:
        """Begins to listen. The database must be open."""
        self._before = self._database.read_blocking(store.newest)
        self._thread = threading.Thread(target=self._run, name="lorakeeper analytics", daemon=True)
        self._thread.start()
        self._stop = self._events.subscribe(self._heard)

    async def close(self) -> None:
        """Writes what was heard, and ends. May be called without a start."""
        self._stop()
        self._closing.set()
        self._news.set()
        if self._thread:
            await asyncio.to_thread(self._thread.join)
            self._thread = None

    async def flush(self) -> None:
        """Everything heard until now is written. Raises StorageError."""
        await asyncio.to_thread(self._write_all)

    async def wipe(self) -> int:
        """Forgets everything, for good; returns how many single events there were."""
        return await asyncio.to_thread(self._wipe)

    async def export(self) -> AsyncIterator[str]:
        """Everything as lines of JSON, first the events, then the daily sums: ``{"event": …}`` and ``{"sum": …}``."""
        await self.flush()
        last = 0
        while events := await self._database.read(partial(store.events_after, event_id=last, most=_PAGE)):
            last = events[-1]["id"]
            yield "".join(f"{json.dumps({'event': each}, ensure_ascii=False)}\n" for each in events)
        day: int | None = 0
        while day is not None:
            sums, day = await self._database.read(partial(store.sums_after, day=day, most_days=20))
            yield "".join(f"{json.dumps({'sum': each}, ensure_ascii=False)}\n" for each in sums)

    # -- On the publisher's thread -----------------------------------------------------------------------------------

    def _heard(self, event: Event) -> None:
        if is_read(event) and self._enabled():
            if len(self._waiting) >= _MOST:
                self._dropped += 1
                return
            # A view searches while one types.
            queue = self._typed if event.topic == "search" and event.subject == "library" else self._waiting
            queue.append((self._clock(), event))
            if not self._news.is_set():
                self._news.set()

    # -- In the collector's thread -----------------------------------------------------------------------------------

    def _run(self) -> None:
        closing = False
        while not closing:
            self._news.wait()
            # Cleared before it is asked for, so that the news of closing is never lost; and asked for before what was
            # heard is written, so that all of it is.
            self._news.clear()
            closing = self._closing.wait(_EVERY)
            try:
                self._write_all(typing=not closing)
                self._prune()
            except StorageError as error:
                log.warning("Analytics can't be written yet: %s", error)
                self._news.set()

    def _write_all(self, *, typing: bool = False) -> None:
        """Writes what waits. With ``typing``, a search that may go on being typed waits for its end."""
        with self._writing:
            self._waiting.extend(self._searches(typing=typing))
            while batch := [self._waiting.popleft() for _ in range(min(len(self._waiting), _BATCH))]:
                try:
                    self._database.write_blocking(partial(self._keep, heard=batch))
                except StorageError:
                    self._waiting.extendleft(reversed(batch))
                    raise
            if self._typed:
                self._news.set()
            if self._dropped:
                log.error("%d events were not recorded, because the database could not be written.", self._dropped)
                self._dropped = 0

    def _keep(self, connection: Connection, heard: list[_Heard]) -> None:
        # One by one: a list of thousands would be gone through by the garbage collector again and again.
        store.add(connection, (record for at, event in heard if (record := _record(event, at))), self._calendar)

    def _searches(self, *, typing: bool) -> Iterator[_Heard]:
        """Of the searches of the library that followed each other as one types, the last; with ``typing`` not those
        that may be followed by another."""
        heard = [self._typed.popleft() for _ in range(len(self._typed))]
        ends = [*(at for at, _ in heard[1:]), math.inf]
        for (at, event), following in zip(heard, ends[: len(heard)], strict=True):
            if not 0 <= following - at < _TYPING:
                if typing and following == math.inf and 0 <= self._clock() - at < _TYPING:
                    self._typed.appendleft((at, event))
                else:
                    yield at, event

    def _wipe(self) -> int:
        with self._writing:
            self._waiting.clear()
            self._typed.clear()
            return self._database.write_blocking(store.wipe)

    def _prune(self) -> None:
        """Drops old events, once a day. What is old is told from the newest event of the time before as well: a clock
        that is wrong for once must not make everything old."""
        now = self._clock()
        if 0 < self._prune_at - now <= _DAY:
            return
        cut = min(now, now if self._before is None else self._before) - self._keep_days() * _DAY
        dropped = self._database.write_blocking(partial(store.prune, before=cut, most=_PRUNED))
        if dropped == _PRUNED:
            self._news.set()
        else:
            self._prune_at = now + _DAY
            self._before = self._database.read_blocking(store.newest)


def _record(event: Event, at: float) -> Record | None:
    """An event whose data are not as they should be is logged and left out; the others count."""
    try:
        return read(event, at)
    except (TypeError, ValueError, AttributeError, KeyError, OverflowError):
        log.exception("An event %s could not be recorded", event.topic)
        return None
