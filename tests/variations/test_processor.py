"""The processor, through the real google-genai client and the fake Gemini: enough that are good and differ."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from lorakeeper.py.errors import UsageError, VariationError
from lorakeeper.py.events import Event, Events
from lorakeeper.py.storage.database import Database
from lorakeeper.py.variations.cache import VariationCache
from lorakeeper.py.variations.cache_table import CacheIndex
from lorakeeper.py.variations.gemini import Gemini
from lorakeeper.py.variations.models import ModelChoice
from lorakeeper.py.variations.pace import Pace
from lorakeeper.py.variations.processor import ImageVariationProcessor
from lorakeeper.py.variations.quality import CALIBRATED
from lorakeeper.py.variations.requests import Variation, VariationReport, VariationRequest
from lorakeeper.py.variations.retry import RetryManager
from lorakeeper.testing.fake_gemini import KEY, FakeGemini, faults
from lorakeeper.testing.pictures import blurred, edited, mirrored, photograph, png, recompressed

ORIGINAL = photograph(1)
GOOD = [photograph(seed) for seed in range(10, 30)]
PRICE = 0.045  # of the smallest image of the usual model


def given(*images: Image.Image) -> list[faults.Fault]:
    return [faults.Given(png(image)) for image in images]


async def no_wait(seconds: float) -> None:
    """Retries don't wait here."""


class Rig:
    def __init__(self, fake: FakeGemini, cache: VariationCache) -> None:
        self.at_once = 4
        self.key: str | None = KEY
        self.fake = fake
        self.gemini = Gemini(fake.url, lambda _: self.key, timeout=20)
        self.events: list[Event] = []
        events = Events()
        events.subscribe(self.events.append)
        self.processor = ImageVariationProcessor(
            self.gemini,
            cache,
            Pace(at_once=lambda: self.at_once, per_minute=lambda: 6000),
            events,
            retries=lambda attempts: RetryManager(attempts, sleep=no_wait),
        )

    @property
    def sent(self) -> int:
        return len(self.fake.requests)


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    database = Database(tmp_path / "library.db")
    await database.open()
    async with FakeGemini(side=256) as fake:
        rig = Rig(fake, VariationCache(tmp_path / "cache", CacheIndex(database)))
        yield rig
        await rig.gemini.close()
    await database.close()


def wanted(count: int = 2, **options: Any) -> VariationRequest:
    return VariationRequest("a hill", **{"images": (ORIGINAL,), "count": count, "size": "512", **options})


# -- What comes of it ------------------------------------------------------------------------------------------------


async def test_as_many_as_asked_for_are_accepted_and_told_of(rig: Rig) -> None:
    rig.fake.faults += given(*GOOD[:3])
    heard: list[tuple[int, bool]] = []

    def follow(report: VariationReport, variation: Variation | None) -> None:
        heard.append((report.successful, variation is not None and variation.accepted))

    result = await rig.processor.process(wanted(3), follow, subject="mine")

    report = result.report
    assert (report.requested, report.successful, report.rejected, report.failed, report.from_cache) == (3, 3, 0, 0, 0)
    assert (report.attempts, rig.sent) == (3, 3)
    assert report.tokens_in > 3 * 1120
    assert report.estimated_cost == pytest.approx(3 * PRICE, rel=0.1)
    assert report.models == ["gemini-3.1-flash-image"]
    assert report.stopped == "All 3 variations are there."
    assert heard == [(1, True), (2, True), (3, True)]
    assert {png(each.image()) for each in result.accepted} == {png(image) for image in GOOD[:3]}
    assert all(0 < each.score().scores["overall_quality"] <= 1 for each in result.accepted)
    assert [event.data["state"] for event in rig.events] == ["running"] * 3 + ["done"]
    assert {event.subject for event in rig.events} == {"mine"}


async def test_spoilt_ones_and_copies_are_rejected_with_reasons_and_replaced(rig: Rig) -> None:
    rig.at_once = 1
    rig.fake.faults += given(GOOD[0], blurred(GOOD[1]), recompressed(GOOD[0]), ORIGINAL, GOOD[2])

    result = await rig.processor.process(wanted(2))

    assert [png(each.image()) for each in result.accepted] == [png(GOOD[0]), png(GOOD[2])]
    assert [each.number for each in result.rejected] == [1, 2, 3]
    assert "It is blurred." in result.rejected[0].reasons
    assert "too much like the other" in result.rejected[1].reasons[0]
    assert "nearly its original" in result.rejected[2].reasons[0]
    assert (result.report.rejected, result.report.attempts) == (3, 5)


async def test_a_copy_that_passes_for_diverse_is_found_by_its_hashes(rig: Rig) -> None:
    rig.at_once = 1
    rig.fake.faults += given(GOOD[0], recompressed(GOOD[0]), recompressed(ORIGINAL), mirrored(GOOD[3]))
    loose = CALIBRATED.__class__(-1, 1, 0, 0.1, 0.1, 0.1)

    result = await rig.processor.process(wanted(2, thresholds=loose))

    assert [each.number for each in result.accepted] == [0, 3]
    assert "shows the same as another one" in result.rejected[0].reasons[0]
    assert "shows the same as an image that was sent" in result.rejected[1].reasons[0]


async def test_without_an_image_pictures_come_from_words_alone(rig: Rig) -> None:
    rig.fake.faults += given(*GOOD[:2])

    result = await rig.processor.process(wanted(2, images=()))

    assert len(result.accepted) == 2
    assert all("similarity" not in each.score().scores for each in result.accepted)


async def test_an_answer_with_several_pictures_counts_for_several(rig: Rig) -> None:
    rig.at_once = 1
    rig.fake.faults.append(faults.ManyImages(2))
    lax = CALIBRATED.__class__(-1, 1, 0, 0, 0, 0)

    result = await rig.processor.process(wanted(2, thresholds=lax))

    assert len(result.accepted) == 2
    assert result.report.estimated_cost is not None
    assert result.report.estimated_cost > 2 * PRICE


async def test_too_small_a_picture_is_rejected_not_raised(rig: Rig) -> None:
    rig.at_once = 1
    rig.fake.faults += given(Image.new("RGB", (16, 16)), GOOD[0])

    result = await rig.processor.process(wanted(1))

    assert len(result.accepted) == 1
    assert "at least 32 pixels" in result.rejected[0].reasons[0]


# -- Side by side ----------------------------------------------------------------------------------------------------


async def test_calls_run_side_by_side_but_no_more_than_allowed(rig: Rig) -> None:
    rig.at_once = 3
    rig.fake.faults.append(faults.Delay(0.2, times=None))
    rig.fake.faults += given(*GOOD[:8])

    await rig.processor.process(wanted(8))

    assert rig.fake.highest == 3


async def test_no_more_is_asked_for_than_is_missing(rig: Rig) -> None:
    rig.at_once = 16
    rig.fake.faults += given(*GOOD[:5])

    await rig.processor.process(wanted(5))

    assert rig.sent == 5


async def test_all_wait_where_one_was_told_to(rig: Rig) -> None:
    rig.at_once = 1
    rig.fake.faults += [faults.quota(delay="0.5s"), *given(*GOOD[:2])]

    began = asyncio.get_running_loop().time()
    result = await rig.processor.process(wanted(2))

    # The waits of the retries are not really waited here: this is the pace's own.
    assert asyncio.get_running_loop().time() - began > 0.45
    assert len(result.accepted) == 2


# -- Limits ----------------------------------------------------------------------------------------------------------


async def test_attempts_end(rig: Rig) -> None:
    rig.fake.faults.append(faults.Given(png(blurred(GOOD[0])), times=None))

    result = await rig.processor.process(wanted(2, attempts=3))

    assert (len(result.accepted), len(result.rejected), rig.sent) == (0, 6, 6)
    assert result.report.stopped == "All 6 attempts were used up."


async def test_failures_count_as_attempts(rig: Rig) -> None:
    rig.at_once = 1
    rig.fake.faults += [faults.overloaded(times=5), *given(GOOD[0])]

    result = await rig.processor.process(wanted(2, attempts=3))

    assert (rig.sent, result.report.attempts, result.report.successful) == (6, 6, 1)
    assert result.report.failed >= 1
    assert "overloaded" in result.report.problems[0]


async def test_budget_is_never_passed(rig: Rig) -> None:
    rig.fake.faults.append(faults.Given(png(blurred(GOOD[0])), times=None))

    result = await rig.processor.process(wanted(4, budget=3.5 * PRICE))

    assert rig.sent == 3
    assert result.report.estimated_cost is not None
    assert result.report.estimated_cost <= 3.5 * PRICE
    assert "budget" in result.report.stopped


async def test_a_budget_needs_a_price(rig: Rig) -> None:
    with pytest.raises(UsageError, match="No price is known"):
        await rig.processor.process(wanted(model="gemini-9-image", budget=1.0))

    assert rig.sent == 0


@pytest.mark.parametrize(
    "options",
    [
        {"count": 0},
        {"count": 101},
        {"attempts": 0},
        {"budget": 0.0},
        {"budget": float("nan")},
        {"images": (), "prompt": ""},
    ],
)
def test_what_makes_no_sense_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        VariationRequest(**{"prompt": "a hill", **options})


# -- Trouble ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fallbacks", [(), (ModelChoice("gemini-2.5-flash-image"),)])
async def test_a_refused_key_is_asked_with_once(rig: Rig, fallbacks: tuple[ModelChoice, ...]) -> None:
    rig.at_once, rig.key = 1, "wrong-key-wrong-key"

    with pytest.raises(VariationError, match="key"):
        await rig.processor.process(wanted(4, fallbacks=fallbacks))

    assert rig.sent == 1
    assert rig.events[-1].data["state"] == "failed"


async def test_no_key_sends_nothing(rig: Rig) -> None:
    rig.key = None

    with pytest.raises(VariationError, match="There is no API key"):
        await rig.processor.process(wanted(4))

    assert rig.sent == 0


async def test_a_forbidden_prompt_is_sent_once(rig: Rig) -> None:
    rig.at_once = 1
    rig.fake.faults.append(faults.BlockedPrompt(times=None))

    with pytest.raises(VariationError, match="PROHIBITED_CONTENT"):
        await rig.processor.process(wanted(4))

    assert rig.sent == 1


async def test_a_forbidden_picture_is_not_asked_for_again(rig: Rig) -> None:
    rig.at_once = 1
    rig.fake.faults += [faults.Finish("IMAGE_SAFETY"), *given(GOOD[0])]

    result = await rig.processor.process(wanted(2))

    assert (len(result.accepted), rig.sent) == (1, 2)
    assert result.report.stopped == "Gemini's rules forbid the others."


async def test_words_in_place_of_a_picture_are_asked_again_in_other_words(rig: Rig) -> None:
    rig.at_once = 1
    rig.fake.faults += [faults.TextOnly(), *given(GOOD[0])]

    result = await rig.processor.process(wanted(1))

    assert (result.report.successful, result.report.rephrased, rig.sent) == (1, 1, 2)


async def test_a_model_that_is_missing_is_replaced_by_the_next(rig: Rig) -> None:
    lax = CALIBRATED.__class__(-1, 1, 0, 0, 0, 0)
    second = ModelChoice("gemini-2.5-flash-image")

    result = await rig.processor.process(wanted(1, thresholds=lax, model="gemini-8-image", fallbacks=(second,)))

    assert result.report.models == ["gemini-2.5-flash-image"]


async def test_the_day_s_quota_ends_everything(rig: Rig) -> None:
    rig.at_once = 1
    rig.fake.faults += [*given(GOOD[0]), faults.quota(per="day", times=9)]

    result = await rig.processor.process(wanted(4))

    assert (len(result.accepted), rig.sent) == (1, 2)
    assert "used up" in result.report.stopped


# -- What is kept ----------------------------------------------------------------------------------------------------


async def test_the_same_again_gives_the_same_for_nothing(rig: Rig) -> None:
    rig.fake.faults += given(GOOD[0], blurred(GOOD[1]), GOOD[2], GOOD[3])
    first = await rig.processor.process(wanted(3))
    sent = rig.sent

    again = await rig.processor.process(wanted(3))

    assert rig.sent == sent == 4
    assert [each.picture.content for each in again.accepted] == [each.picture.content for each in first.accepted]
    assert [each.number for each in again.rejected] == [each.number for each in first.rejected]
    assert (again.report.from_cache, again.report.attempts, again.report.estimated_cost) == (4, 0, 0.0)
    assert all(each.from_cache for each in again.accepted)


async def test_more_of_the_same_pays_for_the_rest_alone(rig: Rig) -> None:
    rig.fake.faults += given(*GOOD[:5])
    await rig.processor.process(wanted(2))

    more = await rig.processor.process(wanted(5))

    assert (more.report.from_cache, more.report.attempts, rig.sent) == (2, 3, 5)


async def test_failures_leave_no_gap_in_what_is_kept(rig: Rig) -> None:
    rig.at_once = 1
    rig.fake.faults += [*given(GOOD[0]), faults.Finish("IMAGE_SAFETY"), *given(GOOD[1], GOOD[2])]
    await rig.processor.process(wanted(4))

    again = await rig.processor.process(wanted(3))

    assert (again.report.attempts, len(again.accepted)) == (0, 3)


@pytest.mark.parametrize("options", [{"temperature": 0.5}, {"extra": {"seed": 2}}, {"keep": False}])
async def test_other_parameters_are_another_question(rig: Rig, options: dict[str, Any]) -> None:
    rig.fake.faults += given(*GOOD[:2])
    await rig.processor.process(wanted(1))

    other = await rig.processor.process(wanted(1, **options))

    assert (other.report.from_cache, rig.sent) == (0, 2)


async def test_a_seed_differs_for_each_picture_of_a_run(rig: Rig) -> None:
    rig.fake.faults += given(*GOOD[:3])

    await rig.processor.process(wanted(3, extra={"seed": 7}))

    bodies = b"".join(request.body for request in rig.fake.requests)
    assert all(f'"seed": {seed}'.encode() in bodies or f'"seed":{seed}'.encode() in bodies for seed in (7, 8, 9))


async def test_stopping_sends_no_more_and_keeps_what_has_come(rig: Rig) -> None:
    rig.fake.faults += [*given(*GOOD[:2]), faults.Stall(0, 30, times=9)]
    rig.at_once = 3
    come = asyncio.Event()

    def follow(report: VariationReport, variation: Variation | None) -> None:
        if report.successful == 2:
            come.set()

    running = asyncio.create_task(rig.processor.process(wanted(6), follow))
    await asyncio.wait_for(come.wait(), 10)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert rig.events[-1].data["state"] == "stopped"
    rig.fake.faults.clear()

    again = await rig.processor.process(wanted(2))

    assert (again.report.from_cache, again.report.attempts) == (2, 0)


# -- Looking ahead ---------------------------------------------------------------------------------------------------


async def test_what_would_be_done_is_told_without_doing_it(rig: Rig) -> None:
    rig.fake.faults += given(*GOOD[:2])
    before = await rig.processor.foreseen(wanted(2, attempts=3))
    await rig.processor.process(wanted(2, attempts=3))
    sent = rig.sent

    after = await rig.processor.foreseen(wanted(3, attempts=3, budget=0.2))

    assert (before.kept, before.fewest, before.most) == (0, 2, 6)
    assert before.least_cost == pytest.approx(2 * PRICE, rel=0.1)
    assert before.most_cost == pytest.approx(6 * PRICE, rel=0.1)
    assert (after.kept, after.fewest, after.most, after.most_cost) == (2, 1, 7, 0.2)
    assert rig.sent == sent


async def test_the_cost_of_an_unknown_model_is_unknown(rig: Rig) -> None:
    ahead = await rig.processor.foreseen(wanted(model="gemini-9-image"))

    assert (ahead.least_cost, ahead.most_cost) == (None, None)


# -- Adaptive quality ------------------------------------------------------------------------------------------------


async def test_little_success_lowers_what_is_wanted_and_says_so(rig: Rig) -> None:
    rig.at_once = 1
    rig.fake.faults += given(*(blurred(image) for image in GOOD[:4]), *(edited(ORIGINAL, seed) for seed in range(4)))

    result = await rig.processor.process(wanted(4, adaptive=True))

    assert "lowered from high to medium" in result.report.quality_changes[0]
    assert not (await rig.processor.process(wanted(1))).report.quality_changes
