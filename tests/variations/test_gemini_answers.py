"""Gemini's answers through the real google-genai client, against the fake: good, empty, forbidden, broken, huge."""

from __future__ import annotations

import io
import json

import pytest
from google.genai.errors import APIError
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from lorakeeper.py.variations.answers import read_answer, read_error
from lorakeeper.py.variations.gemini import Gemini
from lorakeeper.py.variations.outcomes import (
    Blocked,
    ImageOutcome,
    NetworkFailure,
    TextOnly,
    Unusable,
)
from lorakeeper.testing.fake_civitai.faults import Fault
from lorakeeper.testing.fake_gemini import FakeGemini, faults

from .conftest import met

# -- Answers without an image ----------------------------------------------------------------------------------------


async def test_text_alone_is_told_with_what_was_said(fake: FakeGemini, gemini: Gemini) -> None:
    outcome = await met(fake, gemini, faults.TextOnly("No cats today."))

    assert isinstance(outcome, TextOnly)
    assert outcome.text == "No cats today."
    assert outcome.usage.tokens_out > 0


@pytest.mark.parametrize("reason", ["SAFETY", "PROHIBITED_CONTENT", "BLOCKLIST", "IMAGE_SAFETY", "OTHER"])
async def test_a_blocked_prompt_is_told_with_its_reason(fake: FakeGemini, gemini: Gemini, reason: str) -> None:
    outcome = await met(fake, gemini, faults.BlockedPrompt(reason))

    assert isinstance(outcome, Blocked)
    assert (outcome.reason, outcome.of_prompt) == (reason, True)
    assert reason in outcome.sentence


@pytest.mark.parametrize(
    "reason", ["SAFETY", "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION", "PROHIBITED_CONTENT", "SPII"]
)
async def test_a_forbidden_image_is_blocked_by_its_reason(fake: FakeGemini, gemini: Gemini, reason: str) -> None:
    outcome = await met(fake, gemini, faults.Finish(reason, "Unable to show the image."))

    assert isinstance(outcome, Blocked)
    assert (outcome.reason, outcome.of_prompt, outcome.text) == (reason, False, "Unable to show the image.")


@pytest.mark.parametrize("reason", ["NO_IMAGE", "IMAGE_OTHER", "MAX_TOKENS", "OTHER", "SOMETHING_NEW"])
async def test_an_answer_that_ended_without_image_is_unusable(fake: FakeGemini, gemini: Gemini, reason: str) -> None:
    outcome = await met(fake, gemini, faults.Finish(reason))

    assert isinstance(outcome, Unusable)
    assert outcome.reason == reason


@pytest.mark.parametrize("fault", [faults.Empty(), faults.Finish("STOP")], ids=["nothing", "stop"])
async def test_an_empty_answer_is_unusable(fake: FakeGemini, gemini: Gemini, fault: Fault) -> None:
    outcome = await met(fake, gemini, fault)

    assert isinstance(outcome, Unusable)
    assert outcome.reason == "EMPTY"


# -- Images that are not what they should be -------------------------------------------------------------------------


async def test_drafts_and_thoughts_are_no_answer(fake: FakeGemini, gemini: Gemini) -> None:
    outcome = await met(fake, gemini, faults.Drafts())

    assert isinstance(outcome, ImageOutcome)
    assert [(image.width, image.height) for image in outcome.images] == [(64, 64)]
    assert outcome.text == "Here it is."


async def test_several_images_of_one_answer_are_all_kept(fake: FakeGemini, gemini: Gemini) -> None:
    outcome = await met(fake, gemini, faults.ManyImages(3))

    assert isinstance(outcome, ImageOutcome)
    assert len({image.content for image in outcome.images}) == 3


async def test_far_too_many_images_are_refused(fake: FakeGemini, gemini: Gemini) -> None:
    outcome = await met(fake, gemini, faults.ManyImages(17))

    assert isinstance(outcome, Unusable)
    assert outcome.reason == "TOO_MANY_IMAGES"


@pytest.mark.parametrize("side", [8192, 20000])
async def test_an_image_of_too_many_pixels_is_refused_undecoded(fake: FakeGemini, gemini: Gemini, side: int) -> None:
    outcome = await met(fake, gemini, faults.HugeImage(side))

    assert isinstance(outcome, Unusable)
    assert outcome.reason == "HUGE_IMAGE"
    assert "pixels" in outcome.sentence


async def test_an_image_of_too_many_bytes_is_refused(fake: FakeGemini, gemini: Gemini) -> None:
    outcome = await met(fake, gemini, faults.Padded(41))

    assert isinstance(outcome, Unusable)
    assert outcome.reason == "HUGE_IMAGE"
    assert "MB" in outcome.sentence


async def test_an_answer_without_end_is_given_up(
    fake: FakeGemini, gemini: Gemini, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lorakeeper.py.variations.wire.MAX_ANSWER", 1_000_000)

    outcome = await met(fake, gemini, faults.Padded(2))

    assert isinstance(outcome, NetworkFailure)
    assert "too long" in outcome.sentence


@pytest.mark.parametrize("keep", [0, 20, 60, 300])
async def test_a_broken_image_is_refused(fake: FakeGemini, gemini: Gemini, keep: int) -> None:
    outcome = await met(fake, gemini, faults.BrokenImage(keep))

    assert isinstance(outcome, Unusable)
    assert outcome.reason == "BROKEN_IMAGE"
    assert outcome.usage.tokens_out > 0


@pytest.mark.parametrize("mime", ["image/webp", "image/jpeg", "text/html", ""])
async def test_an_image_is_what_its_bytes_are(fake: FakeGemini, gemini: Gemini, mime: str) -> None:
    outcome = await met(fake, gemini, faults.WrongMime(mime))

    assert isinstance(outcome, ImageOutcome)
    assert outcome.mime == "image/png"
    with Image.open(io.BytesIO(outcome.images[0].content)) as image:
        assert image.format == "PNG"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["candidates", "content", "parts", "text", "inlineData", "data", "finishReason", "thought", "details",
                 "promptFeedback", "blockReason", "usageMetadata", "promptTokenCount", "violations", "retryDelay"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)  # fmt: skip


@given(JSON)
def test_an_answer_of_any_shape_is_read_or_refused(document: object) -> None:
    try:
        outcome = read_answer(json.dumps(document), "model")
    except ValueError:
        return
    assert outcome.kind in ("text", "unusable", "blocked")
    assert outcome.sentence


@given(JSON, st.integers(300, 599), st.text(max_size=10))
def test_an_error_of_any_shape_is_read(document: object, status: int, header: str) -> None:
    outcome = read_error(APIError(status, {"error": document}), "model", {"Retry-After": header}, "host", 5)

    assert outcome.kind in ("auth", "bad_request", "quota", "overload", "timeout", "network")
    assert outcome.sentence
