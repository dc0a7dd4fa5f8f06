"""Making variations: as many as are wanted that are good and differ, of those kept from before and of new ones."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from ..errors import LorakeeperError
from ..events import Event, Events
from .cache import VariationCache
from .gemini import Gemini
from .pace import Pace
from .requests import Variation, VariationReport, VariationRequest, VariationResult
from .retry import RetryManager
from .run import Follow, Foresight, Run

TOPIC = "variation"


class ImageVariationProcessor:
    """One for all who ask. ``retries`` makes the manager of retries for a number of attempts."""

    def __init__(
        self,
        gemini: Gemini,
        cache: VariationCache,
        pace: Pace,
        events: Events,
        *,
        retries: Callable[[int], RetryManager] = RetryManager,
    ) -> None:
        self._gemini = gemini
        self._cache = cache
        self._pace = pace
        self._events = events
        self._retries = retries

    async def process(
        self, request: VariationRequest, follow: Follow = lambda report, variation: None, *, subject: str = ""
    ) -> VariationResult:
        """Runs until there are enough, or nothing more may be sent. Calls run side by side, and each picture is judged
        as it arrives; ``follow`` gets the report so far with each picture, or with None where one failed.

        What was made before for the same request comes first, in the same order, and costs nothing. Cancelling sends
        nothing more; what has arrived is kept. Events are of ``subject``. Raises VariationError where no picture came
        at all, with Gemini's reason, and UsageError for what makes no sense.
        """
        subject = subject or secrets.token_hex(8)

        def told(report: VariationReport, variation: Variation | None) -> None:
            self._tell(subject, "running", report)
            follow(report, variation)

        run = Run(request, self._gemini, self._cache, self._pace, self._retries, told)
        state = "stopped"
        try:
            result = await run.run()
            state = "done"
            return result
        except LorakeeperError:
            state = "failed"
            raise
        finally:
            self._tell(subject, state, run.report, final=True)

    async def foreseen(self, request: VariationRequest) -> Foresight:
        """What :meth:`process` would do and cost; nothing is sent."""
        run = Run(request, self._gemini, self._cache, self._pace, self._retries, lambda report, variation: None)
        return await run.foreseen()

    def _tell(self, subject: str, state: str, report: VariationReport, *, final: bool = False) -> None:
        data = {"id": subject, "state": state, "report": report.model_dump(mode="json")}
        self._events.publish(Event(TOPIC, subject, data, final=final))
