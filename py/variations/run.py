"""One run of the processor: what is still missing, what may still be spent, and what has come."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from ..errors import UsageError, VariationError
from ..uncancelled import cancelled_after
from .adaptive import AdaptiveQualityManager
from .cache import VariationCache, answer_key, cache_key
from .gemini import Gemini
from .judge import Judge
from .models import GeminiRequest, bare, estimated_cost, may_help
from .outcomes import AuthFailure, BadRequest, Blocked, ImageOutcome, Outcome, Quota, TimedOut, Usage
from .pace import Pace
from .quality import Thresholds
from .requests import PROMPT, Variation, VariationReport, VariationRequest, VariationResult
from .retry import LONGEST_ASKED, RetryManager, Tried
from .sending import encoded

Follow = Callable[[VariationReport, Variation | None], None]

_TOKENS_AN_IMAGE = 1290  # at most, of one sent along
_LETTERS_A_TOKEN = 3
_MODEST = 2048  # pixels, where quality is not adaptive


@dataclass(frozen=True)
class Foresight:
    """What a run would do: ``kept`` answers are there already; requests to send, and US dollars, at least and at most.
    The dollars are None where a price isn't known."""

    kept: int
    fewest: int
    most: int
    least_cost: float | None
    most_cost: float | None


class Run:
    """Used once, by :meth:`run` or :meth:`foreseen`."""

    def __init__(
        self,
        request: VariationRequest,
        gemini: Gemini,
        cache: VariationCache,
        pace: Pace,
        retries: Callable[[int], RetryManager],
        follow: Follow,
    ) -> None:
        self.report = VariationReport(requested=request.count)
        self._wanted = request
        self._gemini, self._cache, self._pace, self._retries = gemini, cache, pace, retries
        self._follow = follow
        self._adaptive = AdaptiveQualityManager(enabled=request.adaptive)
        self._accepted: list[Variation] = []
        self._rejected: list[Variation] = []
        self._target = request.count
        self._price = _highest_price(request)
        self._answers = self._used = self._begun = 0
        self._spent = self._reserved = 0.0
        self._arrived: asyncio.Queue[Tried | Exception] = asyncio.Queue()
        self._hopeless: Outcome | None = None
        self._why_no_more = ""
        if request.budget is not None and self._price is None:
            raise UsageError(
                f"No price is known for {bare(request.model)}, so a budget can't be kept: choose another model or size,"
                " or set no budget."
            )

    async def run(self) -> VariationResult:
        began = time.monotonic()
        await self._prepare()
        try:
            await self._look_back()
            await self._ask()
        finally:
            self.report.seconds = time.monotonic() - began
            self.report.stopped = self._why()
        if not (self._accepted or self._rejected):
            raise VariationError(self.report.problems[-1] if self.report.problems else self.report.stopped)
        return VariationResult(tuple(self._accepted), tuple(self._rejected), self.report)

    async def foreseen(self) -> Foresight:
        _, key = await asyncio.to_thread(self._first_question)
        kept = 0
        while self._wanted.keep and kept < self._most and await self._cache.has(answer_key(key, kept)):
            kept += 1
        fewest, most = max(0, self._wanted.count - kept), max(0, self._most - kept)
        if self._price is None:
            return Foresight(kept, fewest, most, None, None)
        dearest = most * self._price
        if self._wanted.budget is not None:
            dearest = min(dearest, self._wanted.budget)
        return Foresight(kept, fewest, most, min(fewest * self._price, dearest), dearest)

    # -- Before ------------------------------------------------------------------------------------------------------

    @property
    def _attempts(self) -> int:
        return self._adaptive.settings.attempts if self._adaptive.enabled else self._wanted.attempts

    @property
    def _most(self) -> int:
        """How many answers and requests there may be."""
        return self._wanted.count * self._attempts

    async def _prepare(self) -> None:
        self._judge = await asyncio.to_thread(Judge, self._wanted)
        self._question_now, self._key = await asyncio.to_thread(self._first_question)
        self._demand()

    def _question(self) -> GeminiRequest:
        """Blocking."""
        wanted = self._wanted
        longest = self._adaptive.settings.max_dimension if self._adaptive.enabled else _MODEST
        return GeminiRequest(
            prompt=wanted.prompt.strip() or PROMPT,
            model=wanted.model,
            images=encoded(wanted.images, longest),
            aspect_ratio=wanted.aspect_ratio,
            size=wanted.size,
            temperature=wanted.temperature,
            system_instruction=wanted.system_instruction,
            extra=wanted.extra,
        )

    def _first_question(self) -> tuple[GeminiRequest, str]:
        """And the key under which all answers are kept, also to what is asked after a change of quality. Blocking."""
        question = self._question()
        return question, cache_key(question, self._wanted.fallbacks)

    async def _look_back(self) -> None:
        """Takes what was made before."""
        while self._wanted.keep and self._missing and self._used < self._most:
            found = await self._cache.get(answer_key(self._key, self._answers))
            if found is None:
                return
            self._answers += 1
            self._used += 1
            await self._weigh(found)

    # -- Asking ------------------------------------------------------------------------------------------------------

    @property
    def _missing(self) -> int:
        return max(0, self._target - len(self._accepted))

    async def _ask(self) -> None:
        """Asks side by side for as many as are missing, and again for those that are rejected."""
        tasks: set[asyncio.Task[None]] = set()
        under_way = 0
        try:
            while True:
                while under_way < self._missing and self._may_send():
                    tasks.add(asyncio.create_task(self._one(self._begun), name="lorakeeper variation"))
                    self._begun += 1
                    under_way += 1
                if not under_way:
                    break
                arrived = await self._arrived.get()
                under_way -= 1
                if isinstance(arrived, Exception):
                    raise arrived
                await self._take(arrived)
            await asyncio.gather(*tasks)  # what has come is kept
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _one(self, turn: int) -> None:
        question = self._question_now
        seed = question.extra.get("seed")
        if isinstance(seed, int):  # the same one for all would give the same picture each time
            question = replace(question, extra={**question.extra, "seed": seed + turn})
        try:
            retries = self._retries(self._attempts)
            tried = await retries.run(self._send, question, self._wanted.fallbacks, turn=turn, allowed=self._may_send)
        except Exception as error:  # noqa: BLE001 - the run raises it
            self._arrived.put_nowait(error)
            return
        # In the order in which they are judged, so that the next run judges them in the same order.
        number = self._answers
        self._answers += isinstance(tried.outcome, ImageOutcome)
        self._arrived.put_nowait(tried)
        if isinstance(tried.outcome, ImageOutcome) and self._wanted.keep:
            # It has been paid for: who stops everything now still finds it kept.
            await cancelled_after(self._cache.put(answer_key(self._key, number), tried.outcome))

    def _may_send(self) -> bool:
        """Whether one more request may be sent; if so, it is counted already."""
        if self._hopeless is not None:
            return False
        if self._used >= self._most:
            self._why_no_more = f"All {self._most} attempts were used up."
            return False
        price = self._price or 0.0
        budget = self._wanted.budget
        if budget is not None and self._spent + self._reserved + price > budget:
            self._why_no_more = f"The budget of {budget:.2f} US dollars allows no more."
            return False
        self._used += 1
        self._reserved += price
        return True

    async def _send(self, question: GeminiRequest) -> Outcome:
        async with self._pace.turn():
            if self._hopeless is not None:  # known since this one began to wait
                self._reserved -= self._price or 0.0
                return self._hopeless
            outcome = await self._gemini.generate(question)
        self._pace.heard(outcome)
        if _is_hopeless(outcome) and not (self._wanted.fallbacks and may_help(outcome)):
            self._hopeless = outcome
        self._count(question, outcome)
        return outcome

    def _count(self, question: GeminiRequest, outcome: Outcome) -> None:
        report = self.report
        report.attempts += 1
        report.tokens_in += outcome.usage.tokens_in
        report.tokens_out += outcome.usage.tokens_out
        images = len(outcome.images) if isinstance(outcome, ImageOutcome) else 0
        # One that came too late may have been made, and paid for, nevertheless.
        images += isinstance(outcome, TimedOut)
        cost = estimated_cost(question.model, question.size, images, outcome.usage)
        self._reserved -= self._price or 0.0
        self._spent += cost or 0.0
        report.estimated_cost = None if cost is None or report.estimated_cost is None else self._spent

    # -- What has come -----------------------------------------------------------------------------------------------

    async def _take(self, tried: Tried) -> None:
        self.report.rephrased += sum(attempt.rephrased is not None for attempt in tried.attempts)
        outcome = tried.outcome
        if isinstance(outcome, ImageOutcome):
            await self._weigh(outcome)
            return
        self.report.failed += 1
        if outcome.sentence not in self.report.problems:
            self.report.problems.append(outcome.sentence)
        if _is_hopeless(outcome):
            self._hopeless = outcome
        elif isinstance(outcome, Blocked):  # the same again would be forbidden again
            self._target -= 1
        await self._learn(0.0)
        self._follow(self.report, None)

    async def _weigh(self, answer: ImageOutcome) -> None:
        """Judges pictures until there are enough."""
        report = self.report
        if answer.model and answer.model not in report.models:
            report.models.append(answer.model)
        for picture in answer.images:
            if not self._missing:
                return
            number = len(self._accepted) + len(self._rejected)
            variation = await asyncio.to_thread(
                self._judge.judged, number, picture, answer.model, from_cache=answer.from_cache
            )
            (self._accepted if variation.accepted else self._rejected).append(variation)
            report.successful, report.rejected = len(self._accepted), len(self._rejected)
            report.from_cache += answer.from_cache
            await self._learn(float(variation.accepted))
            self._follow(report, variation)

    async def _learn(self, success: float) -> None:
        change = self._adaptive.record(success)
        if change is not None:
            self.report.quality_changes.append(str(change))
            self._demand()
            self._question_now = await asyncio.to_thread(self._question)

    def _demand(self) -> None:
        if self._adaptive.enabled:
            wanted: Thresholds = self._judge.thresholds
            self._judge.demand(replace(wanted, overall=self._adaptive.settings.quality))

    def _why(self) -> str:
        if len(self._accepted) >= self._wanted.count:
            many = "The variation is" if self._wanted.count == 1 else f"All {self._wanted.count} variations are"
            return f"{many} there."
        if self._hopeless is not None:
            return self._hopeless.sentence
        if self._target < self._wanted.count and not self._missing:
            return "Gemini's rules forbid the others."
        return self._why_no_more or "It was stopped."


def _is_hopeless(outcome: Outcome) -> bool:
    """Whether any further request would end in the same way, or only after a wait that nobody wants."""
    if isinstance(outcome, Quota):
        return outcome.exhausted or (outcome.retry_after or 0.0) > LONGEST_ASKED
    return isinstance(outcome, (AuthFailure, BadRequest)) or (isinstance(outcome, Blocked) and outcome.of_prompt)


def _highest_price(request: VariationRequest) -> float | None:
    """US dollars for one answer of whichever model; None where one's price isn't known."""
    tokens = len(request.images) * _TOKENS_AN_IMAGE + len(request.prompt) // _LETTERS_A_TOKEN
    choices = [(request.model, request.size), *((each.model, each.size) for each in request.fallbacks)]
    prices = [estimated_cost(model, size, 1, Usage(tokens, 0)) for model, size in choices]
    known = [price for price in prices if price is not None]
    return max(known) if len(known) == len(prices) else None
