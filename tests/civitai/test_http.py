"""How requests go out: keys and origins, redirects, errors, addresses, the log."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta, timezone

import aiohttp
import pytest
from yarl import URL

from lorakeeper.py.civitai.http import Http, parse
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
from lorakeeper.testing.fake_civitai import Drop, FakeCivitai, Html, Ids, Stall, Status

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
