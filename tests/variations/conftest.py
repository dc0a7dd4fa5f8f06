"""The fake Gemini and the real google-genai client before it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest
from yarl import URL

from lorakeeper.py.variations.gemini import Gemini
from lorakeeper.py.variations.models import GeminiRequest
from lorakeeper.py.variations.outcomes import Outcome
from lorakeeper.testing.fake_civitai.faults import Fault
from lorakeeper.testing.fake_gemini import KEY, FakeGemini

CAT = GeminiRequest("a cat")


def key_for_origin(origin: str) -> Callable[[URL], str | None]:
    return lambda url: KEY if str(url.origin()) == origin else None


@pytest.fixture
async def fake() -> AsyncIterator[FakeGemini]:
    async with FakeGemini(side=64) as fake:
        yield fake


@pytest.fixture
async def gemini(fake: FakeGemini) -> AsyncIterator[Gemini]:
    gemini = Gemini(fake.url, key_for_origin(fake.url), timeout=20)
    yield gemini
    await gemini.close()


async def met(fake: FakeGemini, gemini: Gemini, fault: Fault) -> Outcome:
    """The outcome where that fault is met, which has to have taken one request."""
    fake.faults.append(fault)
    before = len(fake.requests)
    outcome = await gemini.generate(CAT)
    assert len(fake.requests) == before + 1
    assert not fake.faults
    assert len(outcome.sentence) > 10
    assert outcome.sentence[-1] in ".…!?"
    return outcome
