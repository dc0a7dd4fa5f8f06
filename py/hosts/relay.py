"""From the event stream to a page: on the host's loop, thinned out, and never losing the last word."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..events import Event, Events

# What pages follow. The rest is for this process alone.
_FOLLOWED = frozenset({"job", "item", "library", "scan", "variation", "instruction", "action"})

Send = Callable[[str, dict[str, Any]], None]


@dataclass
class _Subject:
    waiting: list[Event] = field(default_factory=list)
    timer: asyncio.TimerHandle | None = None


class Relay:
    """Calls ``send("lorakeeper.<topic>", data)`` on ``loop``, at most ``per_second`` times for each subject, for the
    topics that pages follow.

    What comes faster is replaced by what comes later. A final event is sent at once and never replaced.
    """

    def __init__(self, events: Events, loop: asyncio.AbstractEventLoop, send: Send, per_second: float = 5) -> None:
        self._loop = loop
        self._send = send
        self._interval = 1 / per_second
        self._lock = threading.Lock()
        self._arrived: dict[tuple[str, str], list[Event]] = {}
        self._subjects: dict[tuple[str, str], _Subject] = {}
        self._unsubscribe = events.subscribe(self._take)

    def close(self) -> None:
        """Sends what still waits and stops listening. On the loop's thread."""
        self._unsubscribe()
        self._sort()
        for key, subject in list(self._subjects.items()):
            self._say(key, subject)
            if subject.timer:
                subject.timer.cancel()
        self._subjects.clear()

    def _take(self, event: Event) -> None:
        if event.topic not in _FOLLOWED:
            return
        # On any thread. The loop is woken once for all that arrives before it comes round.
        with self._lock:
            asleep = not self._arrived
            _keep(self._arrived.setdefault((event.topic, event.subject), []), event)
        if asleep and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._sort)

    def _sort(self) -> None:
        with self._lock:
            arrived, self._arrived = self._arrived, {}
        for key, events in arrived.items():
            subject = self._subjects.setdefault(key, _Subject())
            for event in events:
                _keep(subject.waiting, event)
            if subject.timer is None or any(event.final for event in subject.waiting):
                self._say(key, subject)

    def _say(self, key: tuple[str, str], subject: _Subject) -> None:
        waiting, subject.waiting = subject.waiting, []
        for event in waiting:
            self._send(f"lorakeeper.{event.topic}", event.data)
        if waiting:
            if subject.timer:
                subject.timer.cancel()
            subject.timer = self._loop.call_later(self._interval, self._due, key, subject)

    def _due(self, key: tuple[str, str], subject: _Subject) -> None:
        subject.timer = None
        self._say(key, subject)
        if subject.timer is None:
            del self._subjects[key]


def _keep(waiting: list[Event], event: Event) -> None:
    """Adds ``event`` in place of one before it that nobody needs any more."""
    if waiting and not waiting[-1].final:
        waiting[-1] = event
    else:
        waiting.append(event)
