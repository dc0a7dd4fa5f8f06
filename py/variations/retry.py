"""Trying again: when, after which wait, with which words, and with which other model."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from .models import GeminiRequest, ModelChoice, may_help
from .outcomes import ImageOutcome, NetworkFailure, Outcome, Overload, Quota, TextOnly, TimedOut, Unusable, Usage

log = logging.getLogger(__name__)

LONGEST_ASKED = 60.0  # seconds that the site may make us wait
Generate = Callable[[GeminiRequest], Awaitable[Outcome]]


@dataclass(frozen=True)
class Template:
    """Other words for the same wish. ``text`` holds ``{prompt}``."""

    name: str
    text: str

    def applied_to(self, prompt: str) -> str:
        # Not str.format: a prompt may hold braces.
        return self.text.replace("{prompt}", prompt)


TEMPLATES: tuple[Template, ...] = (
    Template(
        "alternative interpretation",
        "{prompt}\n\nRead this wish in another way than the obvious one, and show the result as an image.",
    ),
    Template("different version", "Paint a different version of the following, as an image: {prompt}"),
    Template(
        "alternative approach",
        "{prompt}\n\nGo about it in another manner: choose another composition, and give an image as the answer.",
    ),
    Template("try again", "Once more, with an image as the answer and without any explanation: {prompt}"),
)


@dataclass(frozen=True)
class Attempt:
    """One request, for the report. ``waited`` are the seconds before it, ``rephrased`` the template that was used."""

    number: int
    model: str
    prompt: str
    outcome: str
    sentence: str
    usage: Usage
    waited: float
    seconds: float
    rephrased: str | None = None


@dataclass(frozen=True)
class Tried:
    """What came of it, and how. ``stopped`` is the sentence that says why there was no further attempt."""

    outcome: Outcome
    attempts: tuple[Attempt, ...]
    stopped: str

    @property
    def usage(self) -> Usage:
        """Of all attempts: those without an image are paid for too."""
        return sum((attempt.usage for attempt in self.attempts), Usage())


class RetryManager:
    """Asks up to ``attempts`` times. Waits double from ``first_wait`` to ``longest_wait`` seconds, each made up to
    ``jitter`` of itself longer.

    What the site wants us to wait is waited, and no less; beyond ``longest_asked`` it is not waited for at all.
    ``sleep``, ``clock`` and ``chance`` (0 to 1) are there for tests.
    """

    def __init__(
        self,
        attempts: int = 3,
        *,
        first_wait: float = 1.0,
        longest_wait: float = 30.0,
        longest_asked: float = LONGEST_ASKED,
        jitter: float = 0.5,
        templates: Sequence[Template] = TEMPLATES,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.attempts = max(1, attempts)
        self._first_wait = first_wait
        self._longest_wait = longest_wait
        self._longest_asked = longest_asked
        self._jitter = jitter
        self._templates = tuple(templates)
        self._sleep = sleep
        self._clock = clock
        self._chance = chance

    async def run(
        self,
        generate: Generate,
        request: GeminiRequest,
        fallbacks: Sequence[ModelChoice] = (),
        *,
        turn: int = 0,
        allowed: Callable[[], bool] = lambda: True,
    ) -> Tried:
        """Asks until there is an image, or no hope for one.

        Each of the ``fallbacks`` is asked as often, where another model may help. ``turn`` says which template comes
        first, so that variations asked for side by side are rephrased differently. ``allowed`` is asked before each
        further attempt, such as whether there is budget left.
        """
        done: list[Attempt] = []
        outcome, stopped = await self._with_one_model(generate, request, done, turn, allowed)
        for choice in fallbacks:
            if isinstance(outcome, ImageOutcome) or not may_help(outcome) or not allowed():
                break
            log.info("Falling back to %s: %s", choice.model, outcome.sentence)
            outcome, stopped = await self._with_one_model(generate, choice.applied_to(request), done, turn, allowed)
        return Tried(outcome, tuple(done), stopped)

    async def _with_one_model(
        self,
        generate: Generate,
        request: GeminiRequest,
        done: list[Attempt],
        turn: int,
        allowed: Callable[[], bool],
    ) -> tuple[Outcome, str]:
        asked, template, waited, rephrasings = request, None, 0.0, 0
        for number in range(1, self.attempts + 1):
            began = self._clock()
            outcome = await generate(asked)
            done.append(
                Attempt(
                    number=len(done) + 1,
                    model=asked.model,
                    prompt=asked.prompt,
                    outcome=outcome.kind,
                    sentence=outcome.sentence,
                    usage=outcome.usage,
                    waited=waited,
                    seconds=self._clock() - began,
                    rephrased=template.name if template else None,
                )
            )
            if isinstance(outcome, ImageOutcome):
                return outcome, outcome.sentence
            if not _passes(outcome):
                return outcome, f"It was not tried again, which would not help. {outcome.sentence}"
            if number == self.attempts:
                break
            if (_asked_wait(outcome) or 0) > self._longest_asked:
                return outcome, f"It was not tried again, because the wait is too long. {outcome.sentence}"
            if not allowed():
                return outcome, f"It was not tried again, because no further attempt is allowed. {outcome.sentence}"
            wait = self._wait(outcome, number)
            if isinstance(outcome, (TextOnly, Unusable)) and self._templates:
                template = self._templates[(turn + rephrasings) % len(self._templates)]
                rephrasings += 1
                asked = replace(request, prompt=template.applied_to(request.prompt))
            log.info("Trying again in %.1f s (%d of %d): %s", wait, number + 1, self.attempts, outcome.sentence)
            await self._sleep(wait)
            waited = wait
        times = "once" if self.attempts == 1 else f"{self.attempts} times"
        return outcome, f"It was tried {times}. {outcome.sentence}"

    def _wait(self, outcome: Outcome, number: int) -> float:
        """Seconds before the attempt after that ``number``."""
        # The exponent is bounded, so that many attempts don't end in an overflow.
        doubled = min(self._first_wait * 2.0 ** min(number - 1, 60), self._longest_wait)
        extra = doubled * self._jitter * self._chance()
        asked = _asked_wait(outcome)
        # Jitter comes on top of what was asked for: many who were told the same second shall not come at once.
        return max(doubled, asked or 0.0) + extra


def _passes(outcome: Outcome) -> bool:
    """Whether the same request may fare better later."""
    if isinstance(outcome, Quota):
        return not outcome.exhausted
    return isinstance(outcome, (TextOnly, Unusable, Overload, TimedOut, NetworkFailure))


def _asked_wait(outcome: Outcome) -> float | None:
    return outcome.retry_after if isinstance(outcome, (Quota, Overload)) else None
