"""How requests go out: sessions for each event loop, a key for its own origins only, limits, retries, a log line."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import logging
import ssl
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal

import aiohttp
from pydantic_core import from_json
from yarl import URL

from ..errors import ApiError, AuthError, CivitaiError, NetworkError, NotFoundError, RateLimitError, ValidationError
from .refusals import is_html, refusal

log = logging.getLogger(__name__)

Lane = Literal["search", "lookup"]
Params = Sequence[tuple[str, str]]

# No browser's name: to one the site answers with a login page instead of a 401.
USER_AGENT = "Lorakeeper"
MAX_REDIRECTS = 5
_LANES: dict[Lane, int] = {"search": 3, "lookup": 5}
_REDIRECTS = (301, 302, 303, 307, 308)
_ERROR_BYTES = 64 * 1024
_LARGE = 100_000


@dataclass(frozen=True)
class RetryPolicy:
    """When a request is tried again, in seconds. Waits double from ``wait`` to ``longest``, plus ``jitter`` at most.

    ``attempts`` counts all tries after network and server errors, ``busy_attempts`` those after 429. No try begins
    later than ``patience`` after the first, and a ``Retry-After`` beyond ``longest`` is not waited for.
    """

    attempts: int = 4
    busy_attempts: int = 8
    wait: float = 0.5
    longest: float = 60.0
    jitter: float = 0.5
    patience: float = 60.0


class _Loop:
    """What belongs to one event loop."""

    def __init__(self, session: aiohttp.ClientSession, transfers: aiohttp.ClientSession) -> None:
        self.session = session
        self.transfers = transfers
        self.lanes = {lane: asyncio.Semaphore(most) for lane, most in _LANES.items()}

    async def close(self) -> None:
        await self.session.close()
        await self.transfers.close()


class Http:
    """Requests to the site, and from there to wherever it leads. Usable from any event loop; :meth:`close` ends it.

    ``key_for`` gives the key for a URL, None where it must not go. ``proxy`` is a URL, empty for none; requests to this
    machine never use it. Settings that may change are given as functions. ``context`` replaces the usual TLS check.
    """

    def __init__(
        self,
        *,
        base_url: str | Callable[[], str],
        key_for: Callable[[URL], str | None],
        proxy: str | Callable[[], str | None] | None = None,
        user_agent: str = USER_AGENT,
        retry: RetryPolicy | None = None,
        timeout: aiohttp.ClientTimeout | None = None,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._base_url = base_url
        self._key_for = key_for
        self._proxy = proxy
        self._user_agent = user_agent
        self._retry = retry or RetryPolicy()
        # The time for a connection, not aiohttp's `connect`, which would count the wait for a free one too.
        self._timeout = timeout or aiohttp.ClientTimeout(total=60, sock_connect=10, sock_read=30)
        self._context = context
        self._loops: dict[asyncio.AbstractEventLoop, _Loop] = {}
        self._lock = threading.Lock()
        self._closed = False

    @property
    def base_url(self) -> str:
        """Where the site is, without a slash at the end."""
        return (self._base_url if isinstance(self._base_url, str) else self._base_url()).rstrip("/")

    async def get_json(
        self, path: str, params: Params = (), *, lane: Lane = "lookup", authenticated: bool = False
    ) -> Any:
        """The JSON of ``base_url + path``. Anonymous, but with ``authenticated``, which raises AuthError without a key.

        Raises an error of the CivitaiError tree, after the tries that the policy allows.
        """
        return await self._json("GET", path, params, None, lane, authenticated)

    async def post_json(self, path: str, body: Any, *, lane: Lane = "lookup") -> Any:
        """The answer to a question too long for a URL; like :meth:`get_json`, and as safe to repeat."""
        return await self._json("POST", path, (), json.dumps(body).encode(), lane, False)

    @asynccontextmanager
    async def open(
        self, url: str, headers: Mapping[str, str], *, keyed: bool = True, led: bool = False
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """The answer at ``url``, to be read inside the ``async with``: one of 2xx, or 416, never a web page.

        Redirects are followed, signed links to the letter; each origin gets the key only where ``key_for`` says so,
        none where not ``keyed``. An Authorization header in ``headers`` is left out. No retries and no limit of the
        whole time. Raises the CivitaiError tree, also where the connection breaks while the body is read. A 403 of an
        origin to which the site led is a plain ApiError (an expired link), that of the first origin an AuthError,
        unless it was ``led`` to earlier.
        """
        plain = {"Accept-Encoding": "identity", **{k: v for k, v in headers.items() if k.lower() != "authorization"}}
        timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=self._timeout.sock_connect, sock_read=self._timeout.sock_read
        )
        address = parse(url)
        try:
            following = self._following("GET", address, plain, timeout=timeout, keyed=keyed, large=True, led=led)
            async with following as response:
                yield response
        except CivitaiError as error:
            _log_failure("GET", address, error)
            raise

    async def probe(self, url: str) -> None:
        """Raises what fetching ``url`` would be refused with. Nothing is fetched, nor asked of where it leads."""
        address = parse(url)
        key = self._key_for(address)
        here = await self._here()
        try:
            async with (
                here.lanes["lookup"],
                here.session.get(
                    address,
                    headers={"Authorization": f"Bearer {key}"} if key else {},
                    timeout=self._timeout,
                    proxy=self._proxy_for(address),
                    allow_redirects=False,
                ) as response,
            ):
                log.info("GET %s: %d, to look only", shown(address), response.status)
                if response.status in _REDIRECTS and not response.headers.get("Location", "").startswith("/login"):
                    return
                at = address.with_path("/login") if response.status in _REDIRECTS else address
                await _check(response, at, keyed=bool(key), redirected=False)
        except (aiohttp.ClientError, asyncio.TimeoutError) as error:
            raise _broken(address, error) from error

    async def close(self) -> None:
        """Closes every session; whatever is asked afterwards raises CivitaiError."""
        with self._lock:
            self._closed = True
            loops = list(self._loops.items())
            self._loops.clear()
        for loop, state in loops:
            if loop.is_running() and loop is not asyncio.get_running_loop():
                await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(state.close(), loop))
            else:
                await state.close()

    # -- Inside ------------------------------------------------------------------------------------------------------

    async def _json(
        self, method: str, path: str, params: Params, body: bytes | None, lane: Lane, authenticated: bool
    ) -> Any:
        url = parse(self.base_url + path).update_query(list(params))
        if authenticated and not self._key_for(url):
            raise AuthError(f"{url.host} wants a key for this: add your Civitai API key in the settings.", 401)
        headers = {"Accept": "application/json", **({"Content-Type": "application/json"} if body else {})}
        import stamina  # only where something is asked

        policy, tries = self._retry, 0

        def again(error: Exception) -> bool | float:
            nonlocal tries
            tries += 1
            busy = isinstance(error, RateLimitError)
            passing = (
                busy or isinstance(error, NetworkError) or (isinstance(error, ApiError) and error.site_status >= 500)
            )
            most = policy.busy_attempts if busy else policy.attempts
            wait = error.retry_after if isinstance(error, RateLimitError) else None
            if not passing or tries >= most or (wait or 0) > policy.longest:
                return False
            log.warning("Trying %s %s again (try %d of %d): %s", method, shown(url), tries + 1, most, error)
            return True if wait is None else wait

        async def once() -> Any:
            async with self._following(
                method, url, headers, body=body, timeout=self._timeout, keyed=authenticated
            ) as response:
                return await _parsed(await response.read(), url)

        # The place in the lane is kept between tries: a site in trouble gets fewer requests, not more.
        async with (await self._here()).lanes[lane]:
            try:
                return await stamina.AsyncRetryingCaller(
                    attempts=max(policy.attempts, policy.busy_attempts),
                    timeout=policy.patience,
                    wait_initial=policy.wait,
                    wait_max=policy.longest,
                    wait_jitter=policy.jitter,
                )(again, once)
            except CivitaiError as error:
                _log_failure(method, url, error)
                raise

    @asynccontextmanager
    async def _following(
        self,
        method: str,
        url: URL,
        headers: Mapping[str, str],
        *,
        timeout: aiohttp.ClientTimeout,
        body: bytes | None = None,
        keyed: bool = True,
        large: bool = False,
        led: bool = False,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """The last answer of a chain of redirects; a refusal is raised."""
        first, began = url.origin(), time.monotonic()
        try:
            for _ in range(MAX_REDIRECTS + 1):
                key = self._key_for(url) if keyed else None
                own = {**headers, "Authorization": f"Bearer {key}"} if key else headers
                here = await self._here()
                session = here.transfers if large else here.session
                async with session.request(
                    method,
                    url,
                    headers=own,
                    data=body,
                    timeout=timeout,
                    proxy=self._proxy_for(url),
                    allow_redirects=False,
                ) as response:
                    log.info("%s %s: %d in %.2f s", method, shown(url), response.status, time.monotonic() - began)
                    if response.status not in _REDIRECTS or "Location" not in response.headers:
                        await _check(response, url, keyed=bool(key), redirected=led or url.origin() != first)
                        yield response
                        return
                    if response.status == 303 or (method == "POST" and response.status in (301, 302)):
                        method, body = "GET", None
                    url = _next(url, response.headers["Location"])
            raise NetworkError(f"{first.host} led from one address to the next without end.")
        except (aiohttp.ClientError, asyncio.TimeoutError) as error:
            log.info("%s %s: %s in %.2f s", method, shown(url), type(error).__name__, time.monotonic() - began)
            raise _broken(url, error) from error

    async def _here(self) -> _Loop:
        """This event loop's part. Sessions of loops that ended are closed on the way."""
        loop = asyncio.get_running_loop()
        with self._lock:
            if self._closed:
                raise CivitaiError("The connection to the site is closed: Lorakeeper is shutting down.")
            ended = [self._loops.pop(other) for other in list(self._loops) if other.is_closed()]
            state = self._loops.get(loop)
            if state is None or state.session.closed:
                # How many connections transfers have is settled by who begins them.
                state = self._loops[loop] = _Loop(self._open_session(10, 5), self._open_session(0, 0))
        for each in ended:
            await each.close()
        return state

    def _open_session(self, most: int, most_per_host: int) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=most, limit_per_host=most_per_host, ssl=self._context or True),
            headers={"User-Agent": self._user_agent},
            cookie_jar=aiohttp.DummyCookieJar(),
            requote_redirect_url=False,
            # Measured best for large files over loopback, of five sizes.
            read_bufsize=1 << 18,
        )

    def _proxy_for(self, url: URL) -> str | None:
        proxy = self._proxy() if callable(self._proxy) else self._proxy
        return proxy if proxy and not is_loopback(url) else None


def parse(text: str) -> URL:
    """A URL to the letter; only one that could not be sent as it is gets quoted. ValidationError where it is none."""
    try:
        url = URL(text, encoded=text.isascii() and text.isprintable() and " " not in text)
        if url.scheme in ("http", "https") and url.host and url.port:
            return url
    except ValueError:
        pass
    raise ValidationError("The site gave an address that is no web address.")


def shown(url: URL) -> str:
    """A URL for the log. Its query can be a signature, which is as good as a key."""
    return str(url.with_user(None).with_query(None))


def is_loopback(url: URL) -> bool:
    host = url.host or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _next(url: URL, location: str) -> URL:
    try:
        following = parse(str(url.join(URL(location, encoded=True))))
    except ValueError:
        following = parse("")
    if url.scheme == "https" and following.scheme == "http" and not is_loopback(following):
        raise NetworkError(f"{url.host} led to an address without encryption, which was not followed.")
    return following


def _log_failure(method: str, url: URL, error: CivitaiError) -> None:
    # That the site doesn't know a file is an everyday answer.
    level = logging.INFO if isinstance(error, NotFoundError) else logging.WARNING
    log.log(level, "%s %s failed: %s: %s", method, shown(url), error.kind, error)


async def _check(response: aiohttp.ClientResponse, url: URL, *, keyed: bool, redirected: bool) -> None:
    good = 200 <= response.status < 300
    if is_html(response.headers) and url.path.startswith("/login"):
        raise AuthError(f"{url.host} wants a key for this: add your Civitai API key in the settings.", 401)
    if good and is_html(response.headers):
        raise ValidationError(f"{url.host} sent a web page in place of the data: try again later.")
    if not good and response.status != 416:
        body = await response.content.read(_ERROR_BYTES)
        raise refusal(response.status, url, response.headers, body, keyed=keyed, redirected=redirected)


async def _parsed(body: bytes, url: URL) -> Any:
    try:
        return await asyncio.to_thread(from_json, body) if len(body) > _LARGE else from_json(body)
    except ValueError as error:
        raise ValidationError(f"{url.host} sent data that can't be read: try again later.") from error


def _broken(url: URL, error: Exception) -> NetworkError:
    if isinstance(error, asyncio.TimeoutError):
        return NetworkError(f"{url.host} did not answer in time: check the connection and try again.")
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return NetworkError(f"{url.host} could not prove who it is: its certificate is not trusted here.")
    if isinstance(error, (aiohttp.ClientProxyConnectionError, aiohttp.ClientHttpProxyError)):
        return NetworkError("The network proxy can't be used: check the proxy setting.")
    if isinstance(error, aiohttp.ClientConnectorError):
        return NetworkError(f"{url.host} can't be reached: check the connection and try again.")
    return NetworkError(f"The connection to {url.host} broke: try again.")
