"""What a download waits for: measured while it comes, each second counted once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

Cause = Literal["network", "disk", "cpu", "site"]


class Held:
    """Where the seconds of one download go, from its making on. It waits for the ``network`` unless somebody says
    otherwise; ``site`` is a server that refuses. All methods belong to one event loop.

    While the thread that writes is ``behind``, it is the ``disk`` or the ``cpu``, by what that thread spends on
    writing and on hashing: ``threads`` tells those two in seconds.
    """

    def __init__(self, threads: Callable[[], tuple[float, float]], clock: Callable[[], float] = time.monotonic) -> None:
        self._threads = threads
        self._clock = clock
        self._seconds: dict[str, float] = {"network": 0.0, "disk": 0.0, "cpu": 0.0, "site": 0.0}
        self._behind = 0.0
        self._cause: Cause = "network"
        self._waiting = 0
        self._at = clock()

    def by(self, cause: Cause) -> None:
        """From now on it waits for this."""
        self._book()
        self._cause = cause

    def refused(self, since: float) -> None:
        """A server refuses: for all that nothing came, ``since`` then and until :meth:`by` says otherwise, it is the
        site. ``since`` is of the same clock."""
        self.by("site")
        late = min(max(0.0, self._at - since), self._seconds["network"])
        self._seconds["network"] -= late
        self._seconds["site"] += late

    @contextmanager
    def behind(self) -> Iterator[None]:
        """The writing thread is waited for meanwhile, by one connection or by several."""
        if not self._waiting:
            self._book()
        self._waiting += 1
        try:
            yield
        finally:
            if self._waiting == 1:
                self._book()
            self._waiting -= 1

    def seconds(self) -> dict[str, float]:
        """Seconds by what they were waited for, up to now."""
        self._book()
        writing, hashing = self._threads()
        share = writing / (writing + hashing) if writing + hashing else 1.0
        told = {**self._seconds}
        told["disk"] += self._behind * share
        told["cpu"] += self._behind * (1 - share)
        return told

    def _book(self) -> None:
        now = self._clock()
        if self._waiting:
            self._behind += now - self._at
        else:
            self._seconds[self._cause] += now - self._at
        self._at = now
