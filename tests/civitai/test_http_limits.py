"""How often and how many requests go out: retries, limits, sessions, the proxy."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from lorakeeper.py.civitai.http import Http, is_loopback
from lorakeeper.py.errors import (
    ApiError,
    CivitaiError,
    NetworkError,
    RateLimitError,
)
from lorakeeper.testing.fake_civitai import Delay, Drop, FakeCivitai, Ids, Status

from .conftest import FAST

ENUMS = "/api/v1/enums"


def download_url(civitai: FakeCivitai, ids: Ids) -> str:
    return f"{civitai.url}/api/download/models/{ids.version_id}?fileId={ids.file_id}"


async def read(http: Http, url: str, **headers: str) -> bytes:
    async with http.open(url, headers) as response:
        return await response.read()


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
