"""In-process publish and subscribe: typed events on one stream, no logic.

Publishing may happen on any thread; a subscriber is called on the publisher's thread, at once, and must be quick.
A host's relay hands events to its own loop. A subscriber that raises is logged and never harms the publisher.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Event:
    """Something that happened. ``topic`` is one of those below; ``subject`` names what it happened to (a job's id), so
    that a relay can thin a stream out without losing the last word about any subject; ``data`` is JSON-ready, and never
    holds a prompt, the words of a search, a picture, a key or a link's query. ``final`` events are never thinned out.

    Pages hear of ``job``, ``item`` (a file of a job), ``library``, ``scan``, ``variation``, ``instruction`` and
    ``action``. Those who count hear of these too, each final: ``search`` (of ``civitai`` or ``library``), ``security``
    (a file was scanned, released or deleted), ``performance`` (connections or the network's condition changed), ``use``
    (a prompt ran), ``filter`` (pictures were judged for ``quality`` or ``duplicates``) and ``error`` (a user met one,
    in a ``route``, an ``instruction`` or a ``node``).
    """

    topic: str
    subject: str
    data: dict[str, Any] = field(default_factory=dict)
    final: bool = False


Subscriber = Callable[[Event], None]


class Events:
    """The stream. Subscribers are called in the order in which they came."""

    def __init__(self) -> None:
        self._subscribers: tuple[Subscriber, ...] = ()

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Calls ``subscriber`` for every event from now on, until the returned function is called."""
        self._subscribers = (*self._subscribers, subscriber)

        def unsubscribe() -> None:
            self._subscribers = tuple(each for each in self._subscribers if each is not subscriber)

        return unsubscribe

    def publish(self, event: Event) -> None:
        for subscriber in self._subscribers:
            try:
                subscriber(event)
            except Exception:
                log.exception("An event listener failed on %s", event.topic)
