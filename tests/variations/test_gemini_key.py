"""Where the key goes, and that nothing but what Lorakeeper was told decides about it."""

from __future__ import annotations

import logging
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trustme

from lorakeeper.py.credentials import Credentials
from lorakeeper.py.variations.gemini import Gemini
from lorakeeper.py.variations.models import GeminiRequest
from lorakeeper.py.variations.outcomes import AuthFailure, ImageOutcome, NetworkFailure
from lorakeeper.testing.fake_gemini import KEY, FakeGemini, faults

CAT = GeminiRequest("a most secret cat")


@pytest.fixture
async def fake() -> AsyncIterator[FakeGemini]:
    async with FakeGemini(side=32) as fake:
        yield fake


@pytest.fixture
async def elsewhere() -> AsyncIterator[FakeGemini]:
    """Another origin, which knows the key as well."""
    async with FakeGemini(side=32) as elsewhere:
        yield elsewhere


async def test_the_key_goes_in_the_header_and_nowhere_else(fake: FakeGemini) -> None:
    gemini = Gemini(fake.url, lambda _: KEY)

    await gemini.generate(CAT)
    await gemini.list_models()
    await gemini.close()

    for request in fake.requests:
        assert request.headers.getall("x-goog-api-key") == [KEY]
        rest = {name: value for name, value in request.headers.items() if name.lower() != "x-goog-api-key"}
        assert KEY not in str((rest, request.path, request.query, request.body))


async def test_the_key_is_asked_for_each_request_and_its_url(fake: FakeGemini) -> None:
    asked: list[str] = []
    keys = iter([KEY, "wrong-key-12345678", None])

    def key_for(url: object) -> str | None:
        asked.append(str(url))
        return next(keys)

    gemini = Gemini(fake.url, key_for)
    outcomes = [await gemini.generate(CAT) for _ in range(3)]
    await gemini.close()

    assert [outcome.kind for outcome in outcomes] == ["image", "auth", "auth"]
    assert len(fake.requests) == 2
    assert asked == [f"{fake.url}/v1beta/models/gemini-3.1-flash-image:generateContent"] * 3


async def test_a_key_goes_to_the_address_it_was_set_for_only(
    fake: FakeGemini, elsewhere: FakeGemini, tmp_path: Path
) -> None:
    address = [fake.url]
    credentials = Credentials(tmp_path / "keys.json", lambda _: address[0])
    credentials.set("gemini", KEY)
    gemini = Gemini(lambda: address[0], lambda url: credentials.key_for("gemini", url))
    assert isinstance(await gemini.generate(CAT), ImageOutcome)

    address[0] = elsewhere.url
    outcome = await gemini.generate(CAT)
    await gemini.close()

    assert isinstance(outcome, AuthFailure)
    assert "settings" in outcome.sentence
    assert elsewhere.requests == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_does_not_take_the_key_along(fake: FakeGemini, elsewhere: FakeGemini, status: int) -> None:
    gemini = Gemini(fake.url, lambda _: KEY)
    fake.faults.append(faults.redirect(f"{elsewhere.url}/v1beta/models/gemini-3.1-flash-image:generateContent", status))

    outcome = await gemini.generate(CAT)
    await gemini.close()

    assert isinstance(outcome, NetworkFailure)
    assert "another address" in outcome.sentence
    assert elsewhere.requests == []


async def test_the_environment_decides_nothing(
    fake: FakeGemini, elsewhere: FakeGemini, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password something\n")
    for name, value in {
        "GOOGLE_API_KEY": "key-of-the-environment",
        "GEMINI_API_KEY": "other-key-of-the-environment",
        "GOOGLE_GENAI_USE_VERTEXAI": "true",
        "GOOGLE_GENAI_USE_ENTERPRISE": "true",
        "GOOGLE_CLOUD_PROJECT": "project",
        "GOOGLE_CLOUD_LOCATION": "location",
        "GOOGLE_GEMINI_BASE_URL": elsewhere.url,
        "GOOGLE_VERTEX_BASE_URL": elsewhere.url,
        "GOOGLE_GENAI_API_VERSION": "v9",
        "GOOGLE_GENAI_CLIENT_MODE": "replay",
        "GOOGLE_GENAI_REPLAYS_DIRECTORY": str(tmp_path),
        "HTTP_PROXY": elsewhere.url,
        "http_proxy": elsewhere.url,
        "ALL_PROXY": elsewhere.url,
        "NETRC": str(netrc),
    }.items():
        monkeypatch.setenv(name, value)
    gemini = Gemini(fake.url, lambda _: KEY)

    outcome = await gemini.generate(CAT)
    await gemini.close()

    assert isinstance(outcome, ImageOutcome)
    assert elsewhere.requests == []
    (request,) = fake.requests
    assert request.path.startswith("/v1beta/")
    assert request.headers["x-goog-api-key"] == KEY
    assert "Authorization" not in request.headers
    assert "environment" not in str(request.headers)


async def test_a_key_of_the_environment_is_no_key_where_none_was_given(
    fake: FakeGemini, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_API_KEY", KEY)
    gemini = Gemini(fake.url, lambda _: None)

    outcome = await gemini.generate(CAT)
    await gemini.close()

    assert isinstance(outcome, AuthFailure)
    assert fake.requests == []


async def test_a_key_that_would_break_the_header_is_not_sent(fake: FakeGemini) -> None:
    gemini = Gemini(fake.url, lambda _: "half\r\nX-Other: 1")

    outcome = await gemini.generate(CAT)
    await gemini.close()

    assert isinstance(outcome, AuthFailure)
    assert "half" not in outcome.sentence
    assert fake.requests == []


async def test_neither_logs_nor_outcomes_have_the_key_or_the_prompt(
    fake: FakeGemini, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    gemini = Gemini(fake.url, lambda _: KEY, timeout=1)
    echo = f"The key {KEY} is not good."
    each = [
        faults.TextOnly("no"),
        faults.BlockedPrompt(),
        faults.Finish("IMAGE_SAFETY", "no"),
        faults.invalid(echo),
        faults.google_error(401, "UNAUTHENTICATED", echo),
        faults.forbidden(echo),
        faults.quota(),
        faults.internal(),
        faults.google_error(503, "UNAVAILABLE", echo),
        faults.Status(500, {"Content-Type": "text/html"}, echo.encode()),
        faults.Status(200, {}, b'{"candidates": [{"content": 5}]}'),
        faults.Drop(10),
        faults.Truncated(50),
        faults.Html(),
        faults.redirect("http://elsewhere.example/"),
        faults.Delay(5, times=1),
    ]
    told = ""
    for fault in each:
        fake.faults.append(fault)
        outcome = await gemini.generate(CAT)
        told += f"{outcome!r} {outcome.sentence}\n"
    fake.keys.clear()
    told += repr(await gemini.generate(CAT))
    await gemini.close()

    assert len(fake.requests) == len(each) + 1
    assert KEY not in told
    assert KEY not in caplog.text
    assert "secret cat" not in caplog.text
    assert "gemini-3.1-flash-image: overload" in caplog.text


async def test_the_proxy_is_used_for_other_machines(elsewhere: FakeGemini) -> None:
    gemini = Gemini("http://gemini.invalid", lambda _: KEY, proxy=lambda: elsewhere.url)

    outcome = await gemini.generate(CAT)
    await gemini.close()

    assert isinstance(outcome, ImageOutcome)
    assert elsewhere.requests[0].headers["Host"] == "gemini.invalid"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_the_proxy_is_not_used_for_this_machine(fake: FakeGemini, elsewhere: FakeGemini, host: str) -> None:
    gemini = Gemini(fake.url.replace("127.0.0.1", host), lambda _: KEY, proxy=elsewhere.url)

    outcome = await gemini.generate(CAT)
    await gemini.close()

    assert isinstance(outcome, ImageOutcome)
    assert elsewhere.requests == []


async def test_a_proxy_that_is_not_there_is_named(fake: FakeGemini) -> None:
    async with FakeGemini() as gone:
        proxy = gone.url
    gemini = Gemini("http://gemini.invalid", lambda _: KEY, proxy=proxy)

    outcome = await gemini.generate(CAT)
    await gemini.close()

    assert isinstance(outcome, NetworkFailure)
    assert "proxy" in outcome.sentence


async def test_a_site_that_can_not_prove_who_it_is_gets_nothing() -> None:
    authority = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(server)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)

    async with FakeGemini(context=server, side=32) as fake:
        assert fake.url.startswith("https://")
        strict, told = Gemini(fake.url, lambda _: KEY), Gemini(fake.url, lambda _: KEY, context=trusting)
        refused, good = await strict.generate(CAT), await told.generate(CAT)
        await strict.close()
        await told.close()

    assert isinstance(refused, NetworkFailure)
    assert "certificate" in refused.sentence
    assert isinstance(good, ImageOutcome)
    assert len(fake.requests) == 1
