"""Answers asked for once: a small cache that forgets, and one request for all who ask the same at the same time."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from cachetools import TTLCache


@dataclass
class _Flight:
    task: asyncio.Task[Any]
    waiting: int = 0


class Memory:
    """At most 100 answers, each for 300 seconds. One cache for all event loops, requests shared within each."""

    def __init__(
        self,
        enabled: Callable[[], bool],
        *,
        size: int = 100,
        seconds: float = 300.0,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._enabled = enabled
        self._answers: TTLCache[Hashable, Any] = TTLCache(size, seconds, timer)
        self._flights: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Hashable, _Flight]] = WeakKeyDictionary()
        self._lock = threading.Lock()

    async def get(self, key: Hashable, ask: Callable[[], Awaitable[Any]], *, fresh: bool = False) -> Any:
        """The answer for ``key``, by ``ask`` unless it is known or being asked for. ``fresh`` does without the cache.

        An error goes to all who wait and is not kept. Whoever is cancelled takes the request along only as the last.
        """
        loop = asyncio.get_running_loop()
        with self._lock:
            if not fresh and self._enabled() and key in self._answers:
                return self._answers[key]
            flights = self._flights.setdefault(loop, {})
        flight = flights.get(key)
        if flight is None:
            flight = flights[key] = _Flight(loop.create_task(self._ask(key, ask)))
            # An error that nobody waits for any more is nobody's.
            flight.task.add_done_callback(lambda task: task.cancelled() or task.exception())
        flight.waiting += 1
        try:
            return await asyncio.shield(flight.task)
        finally:
            flight.waiting -= 1
            if not flight.waiting:
                if flights.get(key) is flight:
                    del flights[key]
                flight.task.cancel()

    async def close(self) -> None:
        """Forgets everything, and ends the requests under way in this event loop."""
        with self._lock:
            self._answers.clear()
            flights = self._flights.pop(asyncio.get_running_loop(), {})
        tasks = [flight.task for flight in flights.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _ask(self, key: Hashable, ask: Callable[[], Awaitable[Any]]) -> Any:
        answer = await ask()
        with self._lock:
            if self._enabled():
                self._answers[key] = answer
        return answer
