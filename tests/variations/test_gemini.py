"""Gemini through the real google-genai client, against the fake: what is asked, and what each trouble becomes."""

from __future__ import annotations

import asyncio
import base64
import json
import threading

import pytest

from lorakeeper.py.errors import ApiError, AuthError, LorakeeperError, NetworkError, RateLimitError
from lorakeeper.py.variations.gemini import Gemini
from lorakeeper.py.variations.models import GeminiRequest
from lorakeeper.py.variations.outcomes import (
    AuthFailure,
    BadRequest,
    ImageOutcome,
    NetworkFailure,
    Overload,
    Picture,
    Quota,
    TimedOut,
)
from lorakeeper.testing.fake_civitai.faults import Fault
from lorakeeper.testing.fake_gemini import KEY, FakeGemini, faults
from lorakeeper.testing.fake_gemini.checking import in_one_spelling
from lorakeeper.testing.fake_gemini.images import made

from .conftest import CAT, key_for_origin, met

# -- Asking ----------------------------------------------------------------------------------------------------------


async def test_an_image_comes_whole_with_its_tokens(gemini: Gemini, fake: FakeGemini) -> None:
    outcome = await gemini.generate(CAT)

    assert isinstance(outcome, ImageOutcome)
    (image,) = outcome.images
    assert (image.mime, image.width, image.height) == ("image/png", 64, 64)
    assert image.content == made("gemini-3.1-flash-image|a cat|1", 64, 64)
    assert (outcome.usage.tokens_in, outcome.usage.tokens_out) == (2, 1120)
    assert outcome.text == "Here it is."
    assert not outcome.from_cache


async def test_the_same_question_gives_another_image_each_time(gemini: Gemini) -> None:
    first, second = await gemini.generate(CAT), await gemini.generate(CAT)

    assert isinstance(first, ImageOutcome)
    assert isinstance(second, ImageOutcome)
    assert first.images[0].content != second.images[0].content


async def test_every_parameter_is_sent_as_the_site_spells_it(gemini: Gemini, fake: FakeGemini) -> None:
    pictures = (Picture(made("one", 20, 10), "image/png"), Picture(made("two", 20, 10, jpeg=True), "image/jpeg"))
    request = GeminiRequest(
        "both {together}",
        model="models/gemini-3-pro-image",
        images=pictures,
        aspect_ratio="16:9",
        size="2K",
        temperature=0.5,
        system_instruction="Paint in oil.",
        extra={"seed": 7, "top_p": 0.9},
    )

    outcome = await gemini.generate(request)

    assert isinstance(outcome, ImageOutcome)
    assert (outcome.images[0].width, outcome.images[0].height) == (171, 96)
    assert outcome.mime == "image/jpeg"
    sent = fake.requests[-1]
    assert (sent.method, sent.path) == ("POST", "/v1beta/models/gemini-3-pro-image:generateContent")
    body = in_one_spelling(json.loads(sent.body))
    parts = body["contents"][0]["parts"]
    assert [part["inlineData"]["mimeType"] for part in parts[:2]] == ["image/png", "image/jpeg"]
    assert [base64.urlsafe_b64decode(part["inlineData"]["data"]) for part in parts[:2]] == [
        picture.content for picture in pictures
    ]
    assert parts[2] == {"text": "both {together}"}
    assert body["systemInstruction"]["parts"] == [{"text": "Paint in oil."}]
    assert body["generationConfig"] == {
        "temperature": 0.5,
        "topP": 0.9,
        "seed": 7,
        "responseModalities": ["TEXT", "IMAGE"],
        "imageConfig": {"aspectRatio": "16:9", "imageSize": "2K"},
    }


async def test_what_is_not_set_is_not_sent(gemini: Gemini, fake: FakeGemini) -> None:
    await gemini.generate(CAT)

    body = json.loads(fake.requests[-1].body)
    assert set(body) == {"contents", "generationConfig"}
    assert body["generationConfig"] == {"responseModalities": ["TEXT", "IMAGE"]}


async def test_an_unknown_model_is_passed_on(gemini: Gemini, fake: FakeGemini) -> None:
    fake.models.append("gemini-9-image")

    outcome = await gemini.generate(GeminiRequest("a cat", model="gemini-9-image"))

    assert isinstance(outcome, ImageOutcome)


@pytest.mark.parametrize(
    "request_",
    [
        GeminiRequest("  "),
        GeminiRequest("a", model="../files"),
        GeminiRequest("a", model="x:generateContent?key=1"),
        GeminiRequest("a", model=""),
        GeminiRequest("a", images=(Picture(b"GIF89a", "image/gif"),)),
        GeminiRequest("a", images=(Picture(b"x", "image/png"),) * 17),
        GeminiRequest("a", images=(Picture(bytes(14_000_001), "image/png"),)),
        GeminiRequest("a", extra={"http_options": {"base_url": "http://elsewhere.example"}}),
        GeminiRequest("a", extra={"seed": "often"}),
        GeminiRequest("a", extra={"thinking_config": {"unheard": 1}}),
    ],
    ids=["blank", "path", "query", "no model", "gif", "many", "large", "options", "seed", "thinking"],
)
async def test_a_senseless_request_is_refused_without_being_sent(
    gemini: Gemini, fake: FakeGemini, request_: GeminiRequest
) -> None:
    outcome = await gemini.generate(request_)

    assert isinstance(outcome, BadRequest)
    assert fake.requests == []


async def test_what_the_site_refuses_is_said_in_its_words(gemini: Gemini) -> None:
    outcome = await gemini.generate(GeminiRequest("a cat", aspect_ratio="7:3"))

    assert isinstance(outcome, BadRequest)
    assert "aspect_ratio" in outcome.sentence
    assert not outcome.no_model


async def test_many_requests_go_side_by_side(gemini: Gemini, fake: FakeGemini) -> None:
    fake.faults.append(faults.Delay(0.2, times=None))

    outcomes = await asyncio.gather(*(gemini.generate(GeminiRequest(f"cat {number}")) for number in range(5)))

    assert {outcome.kind for outcome in outcomes} == {"image"}
    assert fake.highest == 5


async def test_any_event_loop_may_ask_and_all_is_closed(fake: FakeGemini) -> None:
    gemini = Gemini(fake.url, key_for_origin(fake.url))
    kinds: list[str] = []

    def elsewhere() -> None:
        kinds.append(asyncio.run(gemini.generate(CAT)).kind)

    kinds.append((await gemini.generate(CAT)).kind)
    thread = threading.Thread(target=elsewhere)
    thread.start()
    while thread.is_alive():
        await asyncio.sleep(0.01)
    kinds.append((await gemini.generate(CAT)).kind)
    await gemini.close()

    assert kinds == ["image"] * 3
    with pytest.raises(LorakeeperError, match="shutting down"):
        await gemini.generate(CAT)


async def test_a_changed_address_holds_from_the_next_request(fake: FakeGemini) -> None:
    async with FakeGemini(side=32) as other:
        address = [fake.url]
        gemini = Gemini(lambda: address[0], lambda _: KEY)
        await gemini.generate(CAT)
        address[0] = f"{other.url}/"
        await gemini.generate(CAT)
        await gemini.close()

        assert (len(fake.requests), len(other.requests)) == (1, 1)


# -- Errors ----------------------------------------------------------------------------------------------------------


async def test_a_quota_of_the_minute_says_how_long_to_wait(fake: FakeGemini, gemini: Gemini) -> None:
    outcome = await met(fake, gemini, faults.quota(per="minute", delay="7.5s"))

    assert isinstance(outcome, Quota)
    assert (outcome.retry_after, outcome.exhausted) == (7.5, False)


async def test_the_header_counts_where_there_is_no_detail(fake: FakeGemini, gemini: Gemini) -> None:
    outcome = await met(fake, gemini, faults.quota(per=None, delay=None, retry_after="12"))

    assert isinstance(outcome, Quota)
    assert (outcome.retry_after, outcome.exhausted) == (12.0, False)


@pytest.mark.parametrize("delay", ["soon", "-3s", "1e9s", "", "9999999999999s"])
async def test_a_senseless_wait_counts_as_none(fake: FakeGemini, gemini: Gemini, delay: str) -> None:
    outcome = await met(fake, gemini, faults.quota(per="minute", delay=delay, retry_after="Mon, 99 Foo 2020"))

    assert isinstance(outcome, Quota)
    assert outcome.retry_after is None


@pytest.mark.parametrize(
    "fault",
    [
        faults.quota(per="day"),
        faults.quota(per="minute", value="0"),
        faults.google_error(429, "RESOURCE_EXHAUSTED", "Your prepayment credits are depleted."),
    ],
    ids=["day", "none at all", "credits"],
)
async def test_a_quota_that_is_used_up_is_told_apart(fake: FakeGemini, gemini: Gemini, fault: Fault) -> None:
    outcome = await met(fake, gemini, fault)

    assert isinstance(outcome, Quota)
    assert outcome.exhausted


@pytest.mark.parametrize("status", [500, 502, 503, 529])
async def test_the_sites_trouble_is_an_overload(fake: FakeGemini, gemini: Gemini, status: int) -> None:
    outcome = await met(fake, gemini, faults.google_error(status, "INTERNAL", "Oh.", Retry_After="3"))

    assert isinstance(outcome, Overload)
    assert (outcome.status, outcome.retry_after) == (status, 3.0)


@pytest.mark.parametrize("content_type", ["text/html", "application/json"])
async def test_the_status_counts_where_the_body_is_no_json(fake: FakeGemini, gemini: Gemini, content_type: str) -> None:
    outcome = await met(fake, gemini, faults.Status(503, {"Content-Type": content_type}, b"<html>\xff Bad gateway"))

    assert isinstance(outcome, Overload)


@pytest.mark.parametrize(
    "body", [b"[]", b'"no"', b"null", b'{"error": "no"}', b'{"error": {"details": [1, {"@type": 3}]}}']
)
async def test_an_error_of_any_shape_is_an_outcome(fake: FakeGemini, gemini: Gemini, body: bytes) -> None:
    assert isinstance(await met(fake, gemini, faults.Status(429, {}, body)), Quota)


async def test_a_bad_request_says_why(fake: FakeGemini, gemini: Gemini) -> None:
    outcome = await met(fake, gemini, faults.invalid("User location is not supported for the API use"))

    assert isinstance(outcome, BadRequest)
    assert outcome.sentence.endswith("User location is not supported for the API use.")


async def test_a_missing_model_is_told_apart(gemini: Gemini) -> None:
    outcome = await gemini.generate(GeminiRequest("a cat", model="gemini-1.0-image"))

    assert isinstance(outcome, BadRequest)
    assert outcome.no_model
    assert "gemini-1.0-image" in outcome.sentence


async def test_no_answer_in_time_is_a_timeout(fake: FakeGemini) -> None:
    gemini = Gemini(fake.url, key_for_origin(fake.url), timeout=0.5)
    await gemini.list_models()
    for fault in (faults.Delay(30, times=1), faults.Stall(100, 30)):
        outcome = await met(fake, gemini, fault)
        assert isinstance(outcome, TimedOut)
    assert isinstance(await met(fake, gemini, faults.google_error(504, "DEADLINE_EXCEEDED", "Late.")), TimedOut)
    await gemini.close()


@pytest.mark.parametrize("fault", [faults.HangUp(), faults.Drop(0), faults.Drop(1), faults.Drop(500)])
async def test_a_cut_connection_is_one_failure_without_a_second_request(
    fake: FakeGemini, gemini: Gemini, fault: Fault
) -> None:
    outcome = await met(fake, gemini, fault)

    assert isinstance(outcome, NetworkFailure)
    assert len(fake.requests) == 1


@pytest.mark.parametrize("fault", [faults.Truncated(120), faults.Html(), faults.Status(200, {}, b'{"candidates": 3}')])
async def test_an_answer_that_is_none_is_a_failure(fake: FakeGemini, gemini: Gemini, fault: Fault) -> None:
    assert isinstance(await met(fake, gemini, fault), NetworkFailure)


async def test_nobody_there_is_a_failure_at_once() -> None:
    async with FakeGemini() as gone:
        url = gone.url
    gemini = Gemini(url, key_for_origin(url))

    outcome = await asyncio.wait_for(gemini.generate(CAT), 5)
    await gemini.close()

    assert isinstance(outcome, NetworkFailure)
    assert "can't be reached" in outcome.sentence


async def test_stopping_ends_a_request_at_once(fake: FakeGemini, gemini: Gemini) -> None:
    fake.faults.append(faults.Delay(30, times=1))
    task = asyncio.create_task(gemini.generate(CAT))
    while not fake.requests:
        await asyncio.sleep(0.01)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 2)
    assert isinstance(await gemini.generate(CAT), ImageOutcome)


# -- The models' list ------------------------------------------------------------------------------------------------


async def test_the_sites_image_models_are_listed_through_all_pages(fake: FakeGemini, gemini: Gemini) -> None:
    fake.models[:] = ["gemini-2.5-flash", *(f"gemini-{number}-image" for number in range(450)), "gemini-3-pro-image"]

    models = await gemini.list_models()

    assert len(models) == 451
    assert len(fake.requests) == 3
    assert models[-1].name == "gemini-3-pro-image"
    assert models[-1].known is not None
    assert models[0].known is None


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (faults.quota(), RateLimitError),
        (faults.overloaded(), ApiError),
        (faults.Drop(3), NetworkError),
        (faults.forbidden(), AuthError),
        (faults.Html(), NetworkError),
    ],
)
async def test_a_list_that_does_not_come_is_an_error(
    fake: FakeGemini, gemini: Gemini, fault: Fault, error: type[LorakeeperError]
) -> None:
    fake.faults.append(fault)

    with pytest.raises(error):
        await gemini.list_models()


async def test_a_list_without_key_is_an_error(fake: FakeGemini) -> None:
    gemini = Gemini(fake.url, lambda _: None)

    with pytest.raises(AuthError, match="settings"):
        await gemini.list_models()
    await gemini.close()
    assert fake.requests == []


async def test_a_refused_key_is_an_auth_failure(fake: FakeGemini) -> None:
    gemini = Gemini(fake.url, lambda _: "another-key-12345")

    outcome = await gemini.generate(CAT)
    await gemini.close()

    assert isinstance(outcome, AuthFailure)
    assert "another-key" not in outcome.sentence
