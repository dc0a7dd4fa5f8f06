"""How fast Gemini is asked: so many requests a minute, so many at once, and not before it wants to be asked again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from .outcomes import Outcome, Quota

if TYPE_CHECKING:
    from aiolimiter import AsyncLimiter

_MINUTE = 60.0
_LONGEST = 60.0


class Pace:
    """One for all who ask with one key, on one event loop. Both limits are functions, because settings change."""

    def __init__(
        self,
        *,
        at_once: Callable[[], int],
        per_minute: Callable[[], int],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.at_once = at_once
        self._per_minute = per_minute
        self._clock = clock
        self._limiter: AsyncLimiter | None = None
        self._under_way = 0
        self._free = asyncio.Event()
        self._closed_until = 0.0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Waits for its turn; whatever is done inside counts as one request."""
        while self._under_way >= self.at_once():
            self._free.clear()
            await self._free.wait()
        self._under_way += 1
        try:
            while (wait := self._closed_until - self._clock()) > 0:  # noqa: ASYNC110 - it may be put off again
                await asyncio.sleep(wait)
            await self._of_this_minute().acquire()
            yield
        finally:
            self._under_way -= 1
            self._free.set()

    def heard(self, outcome: Outcome) -> None:
        """What Gemini says of the pace holds for all requests, not only for the one that it answered."""
        if isinstance(outcome, Quota) and not outcome.exhausted and outcome.retry_after:
            wait = min(outcome.retry_after, _LONGEST)
            self._closed_until = max(self._closed_until, self._clock() + wait)

    def _of_this_minute(self) -> AsyncLimiter:
        from aiolimiter import AsyncLimiter

        wanted = float(self._per_minute())
        if self._limiter is None or self._limiter.max_rate != wanted:
            self._limiter = AsyncLimiter(wanted, _MINUTE)
        return self._limiter
