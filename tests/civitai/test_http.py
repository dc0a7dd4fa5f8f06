"""How requests go out: sessions, keys and origins, redirects, limits, retries, errors, the log."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from lorakeeper.py.civitai.http import Http, is_loopback, parse
from lorakeeper.py.errors import (
    ApiError,
    AuthError,
    CivitaiError,
    EarlyAccessError,
    NetworkError,
    NotFoundError,
    RateLimitError,
    ValidationError,
)
from lorakeeper.testing import samples
from lorakeeper.testing.fake_civitai import Delay, Drop, FakeCivitai, Html, Ids, Stall, Status

from .conftest import FAST, KEY

ENUMS = "/api/v1/enums"


def download_url(civitai: FakeCivitai, ids: Ids) -> str:
    return f"{civitai.url}/api/download/models/{ids.version_id}?fileId={ids.file_id}"


async def read(http: Http, url: str, **headers: str) -> bytes:
    async with http.open(url, headers) as response:
        return await response.read()


# -- Keys and origins -------------------------------------------------------------------------------------------------


async def test_the_key_goes_to_the_site_and_never_to_the_storage(civitai: FakeCivitai, http: Http) -> None:
    sample = samples.lora("cat")
    ids = civitai.add(sample)
    assert await read(http, download_url(civitai, ids)) == sample.content()
    assert [request.headers.get("Authorization") for request in civitai.site.requests] == [f"Bearer {KEY}"]
    assert len(civitai.storage.requests) == 1
    assert all("Authorization" not in request.headers for request in civitai.storage.requests)


async def test_a_caller_s_own_authorization_is_left_out(civitai: FakeCivitai) -> None:
    ids = civitai.add(samples.lora("cat"))
    http = Http(base_url=civitai.url, key_for=lambda url: None, retry=FAST)
    await read(http, download_url(civitai, ids), authorization="Bearer other")
    await http.close()
    assert all("Authorization" not in each.headers for each in [*civitai.site.requests, *civitai.storage.requests])


async def test_the_key_function_is_asked_for_each_whole_address(civitai: FakeCivitai) -> None:
    ids = civitai.add(samples.lora("cat"))
    asked: list[str] = []

    def key_for(url: URL) -> None:
        asked.append(str(url.origin()))

    http = Http(base_url=civitai.url, key_for=key_for, retry=FAST)
    await read(http, download_url(civitai, ids))
    await http.close()
    assert asked == [civitai.site.url, civitai.storage.url]


async def test_lookups_are_anonymous(civitai: FakeCivitai, http: Http) -> None:
    await http.get_json(ENUMS)
    assert "Authorization" not in civitai.site.requests[0].headers


async def test_what_needs_the_user_sends_the_key_or_says_that_there_is_none(civitai: FakeCivitai, http: Http) -> None:
    assert (await http.get_json("/api/v1/me", authenticated=True))["username"] == "alice"
    keyless = Http(base_url=civitai.url, key_for=lambda url: None, retry=FAST)
    with pytest.raises(AuthError, match="add your Civitai API key"):
        await keyless.get_json("/api/v1/me", authenticated=True)
    await keyless.close()
    assert len(civitai.site.requests) == 1


async def test_an_api_redirect_to_another_origin_gets_no_key(civitai: FakeCivitai, http: Http) -> None:
    elsewhere = civitai.storage.url + "/stolen"
    civitai.faults.site.append(Status(302, {"Location": elsewhere}, b""))
    with pytest.raises(CivitaiError):
        await http.get_json("/api/v1/me", authenticated=True)
    assert "Authorization" in civitai.site.requests[0].headers
    assert "Authorization" not in civitai.storage.requests[0].headers


async def test_a_name_that_only_looks_like_a_browser_s_is_not_used(civitai: FakeCivitai, http: Http) -> None:
    await http.get_json(ENUMS)
    agent = civitai.site.requests[0].headers["User-Agent"]
    assert not any(word in agent for word in ("Mozilla", "Chrome", "Safari"))


# -- Redirects --------------------------------------------------------------------------------------------------------


async def test_a_signed_link_is_followed_to_the_letter(civitai: FakeCivitai, http: Http) -> None:
    ids = civitai.add(samples.lora("a b+c"))
    await read(http, download_url(civitai, ids))
    assert "%2F" in civitai.storage.requests[0].path
    assert "%2B" in civitai.storage.requests[0].path


async def test_headers_such_as_range_go_along(civitai: FakeCivitai, http: Http) -> None:
    sample = samples.lora("cat")
    ids = civitai.add(sample)
    async with http.open(download_url(civitai, ids), {"Range": "bytes=1000-"}) as response:
        assert response.status == 206
        assert await response.read() == sample.content()[1000:]


async def test_redirects_without_end_are_given_up(civitai: FakeCivitai, http: Http) -> None:
    civitai.faults.site.append(Status(307, {"Location": "/again"}, b"", times=None))
    with pytest.raises(NetworkError, match="without end"):
        await read(http, f"{civitai.url}/x")
    assert len(civitai.site.requests) == 6


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://x/y", "http://[", "//", "javascript:1"])
async def test_a_redirect_to_no_web_address_is_refused(civitai: FakeCivitai, http: Http, location: str) -> None:
    civitai.faults.site.append(Status(302, {"Location": location}, b""))
    with pytest.raises((ValidationError, NotFoundError)):
        await read(http, f"{civitai.url}/x")
    assert len(civitai.storage.requests) == 0


async def test_an_expired_link_is_no_matter_of_rights(civitai: FakeCivitai, http: Http) -> None:
    ids = civitai.add(samples.lora("cat"))
    civitai.link_lifetime = -1.0
    with pytest.raises(ApiError) as caught:
        await read(http, download_url(civitai, ids))
    assert caught.value.site_status == 403
    assert not isinstance(caught.value, AuthError)


# -- Errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body", "kind", "sentence"),
    [
        (401, b'{"error":"Unauthorized"}', AuthError, "refuses your key"),
        (403, b'{"error":"Forbidden"}', AuthError, "does not allow"),
        (404, b'{"error":"No file found"}', NotFoundError, "knows no such"),
        (410, b"{}", NotFoundError, "no more"),
        (429, b"{}", RateLimitError, "too many requests"),
        (451, b'{"error":"Blocked","code":"REGION_BLOCKED"}', ApiError, "region"),
        (407, b"", ApiError, "proxy"),
        (400, b'{"error":{"issues":[]}}', ApiError, "did not accept"),
        (500, b'{"message":"Oh","error":"x"}', ApiError, "in trouble"),
        (521, b"<html>", ApiError, "in trouble"),
    ],
)
async def test_each_refusal_becomes_its_error(
    civitai: FakeCivitai, http: Http, status: int, body: bytes, kind: type[ApiError], sentence: str
) -> None:
    civitai.faults.site.append(Status(status, body=body))
    with pytest.raises(kind, match=sentence) as caught:
        await read(http, f"{civitai.url}/x")
    assert caught.value.site_status == status
    assert len(civitai.site.requests) == 1


async def test_without_a_key_a_401_asks_for_one(civitai: FakeCivitai) -> None:
    ids = civitai.add(samples.lora("cat", needs_key=True))
    http = Http(base_url=civitai.url, key_for=lambda url: None, retry=FAST)
    with pytest.raises(AuthError, match="wants a key for this: add your Civitai API key"):
        await read(http, download_url(civitai, ids))
    await http.close()


async def test_the_login_page_counts_as_a_401(civitai: FakeCivitai) -> None:
    ids = civitai.add(samples.lora("cat", needs_key=True))
    http = Http(base_url=civitai.url, key_for=lambda url: None, retry=FAST, user_agent="Mozilla/5.0")
    with pytest.raises(AuthError, match="wants a key"):
        await read(http, download_url(civitai, ids))
    await http.close()


async def test_early_access_tells_its_end(civitai: FakeCivitai, http: Http) -> None:
    ids = civitai.add(samples.lora("cat", early_access=timedelta(days=7)))
    with pytest.raises(EarlyAccessError, match="until 2025-08-27 04:49 UTC") as caught:
        await read(http, download_url(civitai, ids))
    assert caught.value.deadline == datetime(2025, 8, 27, 4, 49, 12, 992000, timezone.utc)


async def test_an_archived_version_is_gone(civitai: FakeCivitai, http: Http) -> None:
    ids = civitai.add(samples.lora("cat", archived=True))
    with pytest.raises(NotFoundError) as caught:
        await read(http, download_url(civitai, ids))
    assert caught.value.site_status == 410


async def test_a_web_page_with_status_200_is_never_an_answer(civitai: FakeCivitai, http: Http) -> None:
    civitai.faults.site.append(Html(times=2))
    with pytest.raises(ValidationError, match="web page"):
        await http.get_json(ENUMS)
    with pytest.raises(ValidationError, match="web page"):
        await read(http, f"{civitai.url}/x")
    assert len(civitai.site.requests) == 2


async def test_broken_json_is_no_answer(civitai: FakeCivitai, http: Http) -> None:
    civitai.faults.site.append(Status(200, body=b'{"items": ['))
    with pytest.raises(ValidationError):
        await http.get_json(ENUMS)


async def test_a_download_that_breaks_raises_a_network_error(civitai: FakeCivitai, http: Http) -> None:
    ids = civitai.add(samples.lora("cat"))
    civitai.faults.storage.append(Drop(1000))
    with pytest.raises(NetworkError):
        await read(http, download_url(civitai, ids))


async def test_a_stalled_download_ends(civitai: FakeCivitai) -> None:
    ids = civitai.add(samples.lora("cat"))
    civitai.faults.storage.append(Stall(1000, 30))
    timeout = aiohttp.ClientTimeout(total=0.01, sock_read=0.1)
    http = Http(base_url=civitai.url, key_for=lambda url: None, retry=FAST, timeout=timeout)
    with pytest.raises(NetworkError, match="in time"):
        await read(http, download_url(civitai, ids))
    await http.close()


async def test_a_range_beyond_the_end_is_the_caller_s_to_judge(civitai: FakeCivitai, http: Http) -> None:
    ids = civitai.add(samples.lora("cat"))
    async with http.open(download_url(civitai, ids), {"Range": "bytes=99999999-"}) as response:
        assert response.status == 416


async def test_a_site_that_is_not_there_is_a_network_error() -> None:
    http = Http(base_url="http://127.0.0.1:1", key_for=lambda url: None, retry=FAST)
    with pytest.raises(NetworkError, match="can't be reached"):
        await http.get_json(ENUMS)
    await http.close()


async def test_the_caller_s_own_errors_pass_through(civitai: FakeCivitai, http: Http) -> None:
    ids = civitai.add(samples.lora("cat"))
    with pytest.raises(OSError, match="disk full"):
        async with http.open(download_url(civitai, ids), {}):
            raise OSError("disk full")


# -- Retries ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [500, 502, 503, 520, 524])
async def test_server_errors_are_tried_again(civitai: FakeCivitai, http: Http, status: int) -> None:
    civitai.faults.site.append(Status(status, times=3))
    assert await http.get_json(ENUMS)
    assert len(civitai.site.requests) == 4


async def test_broken_connections_are_tried_again(civitai: FakeCivitai, http: Http) -> None:
    civitai.faults.site += [Drop(0), Drop(10)]
    assert await http.get_json(ENUMS)
    assert len(civitai.site.requests) == 3


async def test_tries_come_to_an_end(civitai: FakeCivitai, http: Http) -> None:
    civitai.faults.site.append(Status(503, times=None))
    with pytest.raises(ApiError, match="in trouble"):
        await http.get_json(ENUMS)
    assert len(civitai.site.requests) == FAST.attempts


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 451])
async def test_what_will_not_change_is_not_tried_again(civitai: FakeCivitai, http: Http, status: int) -> None:
    civitai.faults.site.append(Status(status, times=None))
    with pytest.raises(ApiError):
        await http.get_json(ENUMS)
    assert len(civitai.site.requests) == 1


async def test_retry_after_is_waited_for(civitai: FakeCivitai) -> None:
    civitai.faults.site.append(Status(429, {"Retry-After": "0.3"}))
    http = Http(base_url=civitai.url, key_for=lambda url: None, retry=replace(FAST, longest=1.0))
    assert await http.get_json(ENUMS)
    await http.close()
    first, second = civitai.site.requests
    assert second.at - first.at >= 0.3


async def test_a_retry_after_beyond_patience_is_told_at_once(civitai: FakeCivitai, http: Http) -> None:
    civitai.faults.site.append(Status(429, {"Retry-After": "3600"}, times=None))
    with pytest.raises(RateLimitError, match="in 3600 seconds") as caught:
        await http.get_json(ENUMS)
    assert caught.value.retry_after == 3600
    assert len(civitai.site.requests) == 1


async def test_retry_after_may_be_a_date(civitai: FakeCivitai, http: Http) -> None:
    when = datetime.now(timezone.utc) + timedelta(hours=1)
    civitai.faults.site.append(Status(429, {"Retry-After": format_datetime(when, usegmt=True)}))
    with pytest.raises(RateLimitError) as caught:
        await read(http, f"{civitai.url}/x")
    assert caught.value.retry_after is not None
    assert 3500 < caught.value.retry_after <= 3600


async def test_a_429_without_a_time_is_tried_again_with_growing_waits(civitai: FakeCivitai, http: Http) -> None:
    civitai.faults.site.append(Status(429, times=FAST.busy_attempts - 1))
    assert await http.get_json(ENUMS)
    assert len(civitai.site.requests) == FAST.busy_attempts


async def test_the_real_waits_grow_to_a_minute_at_most() -> None:
    policy = Http(base_url="http://x", key_for=lambda url: None)._retry
    assert (policy.longest, policy.patience) == (60.0, 60.0)
    assert sum(policy.wait * 2**each for each in range(policy.busy_attempts - 1)) >= 60


# -- Limits -----------------------------------------------------------------------------------------------------------


async def test_at_most_three_searches_run_at_once(civitai: FakeCivitai, http: Http) -> None:
    civitai.faults.site.append(Delay(0.02))
    await asyncio.gather(*(http.get_json("/api/v1/models", [("limit", str(n))], lane="search") for n in range(1, 13)))
    assert civitai.site.highest == 3


async def test_at_most_five_lookups_run_at_once(civitai: FakeCivitai, http: Http) -> None:
    civitai.faults.site.append(Delay(0.02))
    await asyncio.gather(*(http.get_json(ENUMS) for _ in range(20)))
    assert civitai.site.highest == 5


async def test_connections_to_one_host_are_reused_and_at_most_five(civitai: FakeCivitai, http: Http) -> None:
    for _ in range(5):
        await http.get_json(ENUMS)
    assert len(civitai.site.connections) == 1
    searches = (http.get_json("/api/v1/models", [("limit", str(n))], lane="search") for n in range(1, 9))
    await asyncio.gather(*searches, *(http.get_json(ENUMS) for _ in range(10)))
    assert len(civitai.site.connections) <= 5


async def test_the_limits_are_as_promised(http: Http) -> None:
    session = (await http._here()).session
    connector = session.connector
    assert connector is not None
    assert (connector.limit, connector.limit_per_host) == (10, 5)
    timeout = http._timeout
    assert (timeout.total, timeout.sock_connect, timeout.sock_read) == (60, 10, 30)


# -- Sessions ---------------------------------------------------------------------------------------------------------


async def test_nothing_is_opened_before_it_is_needed() -> None:
    http = Http(base_url="http://127.0.0.1:1", key_for=lambda url: None)
    assert not http._loops
    await http.close()


async def test_a_closed_session_is_opened_again(civitai: FakeCivitai, http: Http) -> None:
    await http.get_json(ENUMS)
    await (await http._here()).session.close()
    assert await http.get_json(ENUMS)


async def test_after_close_there_is_a_clear_error(civitai: FakeCivitai, http: Http) -> None:
    await http.get_json(ENUMS)
    await http.close()
    with pytest.raises(CivitaiError, match="closed"):
        await http.get_json(ENUMS)
    with pytest.raises(CivitaiError, match="closed"):
        await read(http, civitai.url)
    await http.close()


async def test_each_event_loop_has_its_own_session(civitai: FakeCivitai, http: Http) -> None:
    sessions: list[aiohttp.ClientSession] = []

    async def ask() -> None:
        await http.get_json(ENUMS)
        sessions.append((await http._here()).session)

    for _ in range(2):
        await asyncio.to_thread(asyncio.run, ask())
    await ask()
    assert len(set(sessions)) == 3
    assert [session.closed for session in sessions] == [True, True, False]


async def test_closing_reaches_the_sessions_of_other_loops(civitai: FakeCivitai, http: Http) -> None:
    sessions: list[aiohttp.ClientSession] = []
    ready, done = threading.Event(), threading.Event()

    async def ask() -> None:
        await http.get_json(ENUMS)
        sessions.append((await http._here()).session)
        ready.set()
        while not done.is_set():
            await asyncio.sleep(0.01)

    thread = threading.Thread(target=lambda: asyncio.run(ask()))
    thread.start()
    await asyncio.to_thread(ready.wait, 10)
    await http.close()
    done.set()
    await asyncio.to_thread(thread.join, 10)
    assert sessions[0].closed


# -- The proxy --------------------------------------------------------------------------------------------------------


@pytest.fixture
async def proxy() -> AsyncIterator[tuple[str, list[str]]]:
    """A proxy that answers by itself, and what it was asked for."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(str(request.url))
        return web.json_response({"ok": True})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}", asked
    await runner.cleanup()


async def test_requests_go_through_the_proxy(proxy: tuple[str, list[str]]) -> None:
    http = Http(base_url="http://civitai.test", key_for=lambda url: None, proxy=lambda: proxy[0], retry=FAST)
    assert await http.get_json(ENUMS) == {"ok": True}
    await http.close()
    assert proxy[1] == ["http://civitai.test/api/v1/enums"]


async def test_requests_to_this_machine_do_not(civitai: FakeCivitai, proxy: tuple[str, list[str]]) -> None:
    http = Http(base_url=civitai.url, key_for=lambda url: None, proxy=proxy[0], retry=FAST)
    await http.get_json(ENUMS)
    await http.close()
    assert proxy[1] == []


async def test_a_proxy_that_is_not_there_is_named() -> None:
    http = Http(base_url="http://civitai.test", key_for=lambda url: None, proxy="http://127.0.0.1:1", retry=FAST)
    with pytest.raises(NetworkError, match="proxy setting"):
        await http.get_json(ENUMS)
    await http.close()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", "[::1]", "x.localhost"])
def test_loopback_hosts_are_known(host: str) -> None:
    assert is_loopback(URL(f"http://{host}:80/"))


# -- Addresses --------------------------------------------------------------------------------------------------------


def test_a_url_is_kept_to_the_letter_unless_it_can_t_be_sent() -> None:
    signed = "https://storage/a%2Fb?sig=x%2By%20z"
    assert str(parse(signed)) == signed
    assert str(parse("https://mirror/a b\r\nX: y")).startswith("https://mirror/a%20b")
    assert "\r" not in str(parse("https://mirror/a\r\nb"))


@pytest.mark.parametrize("text", ["", "x", "file:///x", "https://", "http://["])
def test_what_is_no_web_address_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        parse(text)


# -- The log ----------------------------------------------------------------------------------------------------------


async def test_each_request_retry_and_failure_is_one_line_without_secrets(
    civitai: FakeCivitai, http: Http, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "lorakeeper")
    ids = civitai.add(samples.lora("cat"))
    civitai.faults.site.append(Status(503))
    await http.get_json(ENUMS)
    await read(http, download_url(civitai, ids))
    civitai.faults.site.append(Status(401))
    with pytest.raises(AuthError):
        await http.get_json(ENUMS)
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("lorakeeper")]
    api, storage = f"GET {civitai.url}{ENUMS}", f"GET {civitai.storage.url}/model/1%2Fcat.safetensors"
    starts = [
        f"{api}: 503 in",
        f"Trying {api} again (try 2 of {FAST.attempts}): ",
        f"{api}: 200 in",
        f"GET {civitai.url}/api/download/models/{ids.version_id}: 307 in",
        f"{storage}: 200 in",
        f"{api}: 401 in",
        f"{api} failed: AuthError: ",
    ]
    assert len(lines) == len(starts), lines
    assert all(line.startswith(start) for line, start in zip(lines, starts, strict=True)), lines
    everything = "\n".join(lines)
    assert KEY not in everything
    assert "X-Amz" not in everything


async def test_a_proxy_s_password_is_not_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "lorakeeper")
    http = Http(
        base_url="http://civitai.test", key_for=lambda url: None, proxy="http://me:hidden@127.0.0.1:1", retry=FAST
    )
    with pytest.raises(NetworkError) as caught:
        await http.get_json(ENUMS)
    await http.close()
    assert "hidden" not in caplog.text + str(caught.value)
