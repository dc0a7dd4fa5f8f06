"""Trying again: what for, how long after, with which words and models, and what is told of it. Time is made up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lorakeeper.py.variations.gemini import Gemini
from lorakeeper.py.variations.models import (
    MODELS,
    GeminiRequest,
    ModelChoice,
    estimated_cost,
    fallbacks_for,
    find_model,
    is_image_model,
)
from lorakeeper.py.variations.outcomes import (
    AuthFailure,
    BadRequest,
    Blocked,
    ImageOutcome,
    NetworkFailure,
    Outcome,
    Overload,
    Picture,
    Quota,
    TextOnly,
    TimedOut,
    Unusable,
    Usage,
)
from lorakeeper.py.variations.retry import TEMPLATES, RetryManager, Template
from lorakeeper.testing.fake_gemini import KEY, FakeGemini, faults

CAT = GeminiRequest("a {cat}", model="gemini-3-pro-image", size="4K", temperature=0.3)
IMAGE = ImageOutcome((Picture(b"x", "image/png"),), usage=Usage(10, 100), model="gemini-3-pro-image")
TALK = TextOnly("No.", Usage(10, 5))


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def manager(self, attempts: int = 3, *, chance: float = 0.0, **settings: float) -> RetryManager:
        return RetryManager(
            attempts,
            sleep=self.sleep,
            clock=lambda: self.now,
            chance=lambda: chance,
            **settings,  # type: ignore[arg-type]
        )


class Site:
    """Answers one outcome after the other, the last one for ever, and remembers what it was asked."""

    def __init__(self, time: Time, *outcomes: Outcome, takes: float = 2.0) -> None:
        self.asked: list[GeminiRequest] = []
        self._time = time
        self._takes = takes
        self._outcomes = list(outcomes)

    async def generate(self, request: GeminiRequest) -> Outcome:
        self.asked.append(request)
        self._time.now += self._takes
        return self._outcomes.pop(0) if len(self._outcomes) > 1 else self._outcomes[0]


@pytest.fixture
def time() -> Time:
    return Time()


async def test_the_first_image_ends_it(time: Time) -> None:
    site = Site(time, IMAGE)

    tried = await time.manager().run(site.generate, CAT)

    assert tried.outcome is IMAGE
    assert [attempt.outcome for attempt in tried.attempts] == ["image"]
    assert time.slept == []


@pytest.mark.parametrize(
    "outcome",
    [Overload(503), Overload(500), TimedOut(5), NetworkFailure("It broke."), Quota(), TALK, Unusable("X", "Y.")],
)
async def test_passing_trouble_is_tried_three_times_with_doubling_waits(time: Time, outcome: Outcome) -> None:
    site = Site(time, outcome)

    tried = await time.manager().run(site.generate, CAT)

    assert tried.outcome == outcome
    assert len(site.asked) == 3
    assert time.slept == [1.0, 2.0]
    assert [attempt.waited for attempt in tried.attempts] == [0.0, 1.0, 2.0]
    assert [attempt.seconds for attempt in tried.attempts] == [2.0, 2.0, 2.0]
    assert tried.stopped == f"It was tried 3 times. {outcome.sentence}"


@pytest.mark.parametrize(
    "outcome",
    [
        AuthFailure("The key is refused."),
        Quota(1.0, exhausted=True),
        Blocked("SAFETY"),
        Blocked("PROHIBITED_CONTENT", of_prompt=True),
        BadRequest("It is wrong."),
        BadRequest("No such model.", no_model=True),
    ],
)
async def test_lasting_trouble_is_not_tried_again(time: Time, outcome: Outcome) -> None:
    site = Site(time, outcome)

    tried = await time.manager().run(site.generate, CAT)

    assert len(site.asked) == 1
    assert time.slept == []
    assert "not tried again" in tried.stopped


async def test_waits_are_bounded_and_jittered(time: Time) -> None:
    site = Site(time, Overload(503))

    await time.manager(8, chance=1.0, longest_wait=10.0).run(site.generate, CAT)

    assert time.slept == [1.5, 3.0, 6.0, 12.0, 15.0, 15.0, 15.0]


@pytest.mark.parametrize("outcome", [Quota(7.0), Overload(503, 7.0)])
async def test_what_the_site_asks_for_is_waited(time: Time, outcome: Outcome) -> None:
    site = Site(time, outcome, IMAGE)

    tried = await time.manager(chance=1.0).run(site.generate, CAT)

    assert tried.outcome is IMAGE
    assert time.slept == [7.5]


async def test_a_wait_beyond_the_cap_ends_it(time: Time) -> None:
    site = Site(time, Quota(61.0))

    tried = await time.manager().run(site.generate, CAT)

    assert len(site.asked) == 1
    assert time.slept == []
    assert "wait is too long" in tried.stopped


@given(
    asked=st.one_of(st.none(), st.floats(0, 60)),
    number=st.integers(2, 200),
    chance=st.floats(0, 1),
)
def test_no_wait_is_shorter_than_asked_or_longer_than_the_bounds(
    asked: float | None, number: int, chance: float
) -> None:
    time = Time()

    asyncio.run(time.manager(number, chance=chance).run(Site(time, Quota(asked)).generate, CAT))

    assert len(time.slept) == number - 1
    assert all(max(1.0, asked or 0) <= wait <= 60 + 15 for wait in time.slept)


# -- Other words -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", [TALK, Unusable("NO_IMAGE", "None.")])
async def test_an_answer_without_image_is_asked_for_in_other_words(time: Time, outcome: Outcome) -> None:
    site = Site(time, outcome)

    tried = await time.manager(6).run(site.generate, CAT)

    assert site.asked[0] == CAT
    prompts = [request.prompt for request in site.asked]
    assert prompts[1:5] == [template.applied_to("a {cat}") for template in TEMPLATES]
    assert prompts[5] == prompts[1]
    assert len(set(prompts)) == 5
    assert all("a {cat}" in prompt for prompt in prompts)
    names = [attempt.rephrased for attempt in tried.attempts]
    assert names == [None, *(template.name for template in TEMPLATES), TEMPLATES[0].name]
    assert {request.size for request in site.asked} == {"4K"}


@pytest.mark.parametrize("outcome", [Overload(503), TimedOut(5), NetworkFailure("It broke."), Quota()])
async def test_trouble_on_the_way_leaves_the_words_alone(time: Time, outcome: Outcome) -> None:
    site = Site(time, outcome)

    await time.manager().run(site.generate, CAT)

    assert {request.prompt for request in site.asked} == {"a {cat}"}


async def test_words_that_were_changed_stay_through_trouble_on_the_way(time: Time) -> None:
    site = Site(time, TALK, Overload(503), IMAGE)

    await time.manager().run(site.generate, CAT)

    assert site.asked[1].prompt == site.asked[2].prompt == TEMPLATES[0].applied_to("a {cat}")


async def test_variations_begin_with_different_words(time: Time) -> None:
    prompts = set()
    for turn in range(4):
        site = Site(time, TALK)
        await time.manager(2).run(site.generate, CAT, turn=turn)
        prompts.add(site.asked[1].prompt)

    assert len(prompts) == 4


def test_a_prompt_with_braces_stays_as_it_is() -> None:
    assert Template("x", "Draw: {prompt}").applied_to("{prompt!r} {0}") == "Draw: {prompt!r} {0}"


# -- Other models, and when enough is enough ---------------------------------------------------------------------------


async def test_the_next_model_is_asked_with_its_own_parameters(time: Time) -> None:
    site = Site(time, BadRequest("No such model.", no_model=True), Overload(503), Overload(503), IMAGE)
    choices = (ModelChoice("gemini-3.1-flash-image", size="2K"), ModelChoice("gemini-2.5-flash-image", temperature=1.0))

    tried = await time.manager(2).run(site.generate, CAT, choices)

    assert tried.outcome is IMAGE
    asked = [(request.model, request.size, request.temperature, request.prompt) for request in site.asked]
    assert asked == [
        ("gemini-3-pro-image", "4K", 0.3, "a {cat}"),
        ("gemini-3.1-flash-image", "2K", None, "a {cat}"),
        ("gemini-3.1-flash-image", "2K", None, "a {cat}"),
        ("gemini-2.5-flash-image", None, 1.0, "a {cat}"),
    ]
    assert [attempt.number for attempt in tried.attempts] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    "outcome", [AuthFailure("No."), Blocked("SAFETY"), BadRequest("Wrong."), NetworkFailure("Off.")]
)
async def test_no_other_model_is_asked_where_it_would_not_help(time: Time, outcome: Outcome) -> None:
    site = Site(time, outcome)

    await time.manager(1).run(site.generate, CAT, (ModelChoice("gemini-2.5-flash-image"),))

    assert len(site.asked) == 1


async def test_a_used_up_quota_of_one_model_leads_to_the_next(time: Time) -> None:
    site = Site(time, Quota(exhausted=True), IMAGE)

    tried = await time.manager().run(site.generate, CAT, fallbacks_for(ModelChoice(CAT.model)))

    assert tried.outcome is IMAGE
    assert len(site.asked) == 2


async def test_no_attempt_is_made_that_is_not_allowed(time: Time) -> None:
    site = Site(time, TALK)

    tried = await time.manager(5).run(
        site.generate, CAT, (ModelChoice("gemini-2.5-flash-image"),), allowed=lambda: len(site.asked) < 2
    )

    assert len(site.asked) == 2
    assert "no further attempt is allowed" in tried.stopped


async def test_all_attempts_are_paid_for(time: Time) -> None:
    tried = await time.manager().run(Site(time, TALK, Overload(503), IMAGE).generate, CAT)

    assert tried.usage == Usage(20, 105)


async def test_stopping_while_it_waits_ends_it() -> None:
    site = Site(Time(), Quota(50.0))
    task = asyncio.create_task(RetryManager().run(site.generate, CAT))
    while not site.asked:
        await asyncio.sleep(0)
    await asyncio.sleep(0.01)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 1)


# -- With the real client --------------------------------------------------------------------------------------------


@pytest.fixture
async def fake() -> AsyncIterator[FakeGemini]:
    async with FakeGemini(side=32) as fake:
        yield fake


@pytest.mark.parametrize(
    ("fault", "requests", "slept"),
    [
        (lambda: faults.quota(delay="7s", times=2), 3, [7.0, 7.0]),
        (lambda: faults.quota(per="day", times=2), 1, []),
        (lambda: faults.overloaded(times=2), 3, [1.0, 2.0]),
        (lambda: faults.Drop(20, times=1), 2, [1.0]),
        (lambda: faults.TextOnly(times=1), 2, [1.0]),
        (lambda: faults.BlockedPrompt(times=1), 1, []),
        (faults.forbidden, 1, []),
    ],
    ids=["minute", "day", "overload", "cut", "text", "blocked", "forbidden"],
)
async def test_through_the_real_client(
    fake: FakeGemini, time: Time, fault: Callable[[], faults.Fault], requests: int, slept: list[float]
) -> None:
    fake.faults.append(fault())
    gemini = Gemini(fake.url, lambda _: KEY)

    tried = await time.manager().run(gemini.generate, CAT)
    await gemini.close()

    assert len(fake.requests) == len(tried.attempts) == requests
    assert time.slept == slept
    assert isinstance(tried.outcome, ImageOutcome) == (requests > 1)


# -- The models ------------------------------------------------------------------------------------------------------


def test_costs_are_estimated_by_size_and_what_was_sent() -> None:
    assert estimated_cost("gemini-3.1-flash-image", "4K", 2, Usage(1_000_000, 0)) == pytest.approx(0.302 + 0.5)
    assert estimated_cost("models/gemini-2.5-flash-image", None, 1, Usage()) == pytest.approx(0.039)
    assert estimated_cost("gemini-9-image", None, 1, Usage()) is None
    assert estimated_cost("gemini-2.5-flash-image", "4K", 1, Usage()) is None


def test_models_are_found_by_any_of_their_names() -> None:
    assert {find_model(f"models/{model.name}-preview") for model in MODELS} == set(MODELS)
    assert is_image_model("models/gemini-3-pro-image")
    assert not is_image_model("models/imagen-4")
    assert not is_image_model("models/gemini-2.5-flash")


def test_a_model_does_not_fall_back_to_itself() -> None:
    assert [choice.model for choice in fallbacks_for(ModelChoice("models/gemini-3.1-flash-image"))] == [
        "gemini-2.5-flash-image"
    ]
