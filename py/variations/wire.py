"""How requests to Gemini go out: google-genai's client, made so that nothing but what we give it counts.

The client reads keys, addresses, projects and modes from the environment, follows redirects with the key in hand, has
a proxy of the environment's, reads answers of any length and, after a broken connection, waits and tries again by
itself. All of that is switched off here.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from typing import TYPE_CHECKING, Any

import aiohttp

from ..errors import LorakeeperError

if TYPE_CHECKING:
    from google.genai import Client

API_VERSION = "v1beta"
# Some images of decoding.MAX_BYTES, each a third longer in base64.
MAX_ANSWER = 128_000_000
# The client wants a key when it is made; the real one goes with each request, in a header that replaces this.
_NO_KEY = "none"
_MOST_CONNECTIONS = 16


class AnswerTooLongError(aiohttp.ClientError):
    """The answer was given up because of its length."""


class BoundedResponse(aiohttp.ClientResponse):
    """An answer of at most :data:`MAX_ANSWER` bytes, also after unpacking, whose text can be read in any case."""

    async def read(self) -> bytes:
        if self._body is None:
            parts: list[bytes] = []
            length = 0
            while chunk := await self.content.readany():
                length += len(chunk)
                if length > MAX_ANSWER:
                    self.close()
                    raise AnswerTooLongError(f"more than {MAX_ANSWER} bytes")
                parts.append(chunk)
            # Where aiohttp's own `read` keeps it for `text` and `json`.
            self._body = b"".join(parts)
        return self._body

    async def text(self, encoding: str | None = None, errors: str = "replace") -> str:
        return await super().text(encoding, errors)

    async def json(self, **options: Any) -> Any:
        """Of an error's answer. What is no JSON counts as text, so that the status it came with isn't lost."""
        try:
            return await super().json(**options)
        except ValueError as error:
            raise aiohttp.ContentTypeError(
                self.request_info, self.history, status=self.status, message="not JSON"
            ) from error


class _Here:
    """What belongs to one event loop."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.session = session
        self.lock = asyncio.Lock()
        self.client: Client | None = None
        self.address: tuple[str, str | None] | None = None

    async def close(self) -> None:
        await self.session.close()
        if self.client is not None:
            await shut(self.client)


class Clients:
    """google-genai's client for each event loop, for the address and the proxy of the moment. :meth:`close` ends it."""

    def __init__(self, timeout: float, context: ssl.SSLContext | None = None) -> None:
        self._timeout = timeout
        self._context = context
        self._loops: dict[asyncio.AbstractEventLoop, _Here] = {}
        self._lock = threading.Lock()
        self._closed = False

    async def get(self, base_url: str, proxy: str | None) -> Client:
        """The client to use now. Raises LorakeeperError where it can't be made."""
        here = await self._here()
        async with here.lock:
            if here.client is None or here.address != (base_url, proxy):
                # Making one imports much and reads certificates: not on the event loop.
                made = await asyncio.to_thread(self._make, base_url, proxy, here.session)
                # Requests under way keep the old one, which shares the session.
                old, here.client, here.address = here.client, made, (base_url, proxy)
                if old is not None:
                    await shut(old)
            return here.client

    async def close(self) -> None:
        """Closes every connection; :meth:`get` raises LorakeeperError afterwards."""
        with self._lock:
            self._closed = True
            loops = list(self._loops.items())
            self._loops.clear()
        for loop, here in loops:
            if loop.is_running() and loop is not asyncio.get_running_loop():
                await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(here.close(), loop))
            else:
                await here.close()

    def _make(self, base_url: str, proxy: str | None, session: aiohttp.ClientSession) -> Client:
        try:
            from google.genai import Client
            from google.genai.client import DebugConfig
            from google.genai.types import HttpOptions, HttpRetryOptions

            # The client makes others besides, that nothing here is sent through: they need to trust nobody.
            nobody = {"verify": ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)}
            return Client(
                vertexai=False,
                api_key=_NO_KEY,
                debug_config=DebugConfig(client_mode="", replays_directory="", replay_id=""),
                http_options=HttpOptions(
                    base_url=base_url,
                    api_version=API_VERSION,
                    timeout=round(self._timeout * 1000),
                    # Without this, a broken connection means up to ten seconds' sleep and a second, paid request.
                    retry_options=HttpRetryOptions(attempts=1),
                    aiohttp_client=session,
                    client_args=nobody,
                    async_client_args={"allow_redirects": False, "proxy": proxy, "ssl": True},
                ),
            )
        except ImportError as error:
            raise LorakeeperError(
                f"Gemini needs the package google-genai, which can't be loaded here ({error}): install it again."
            ) from error

    async def _here(self) -> _Here:
        loop = asyncio.get_running_loop()
        with self._lock:
            if self._closed:
                raise LorakeeperError("The connection to Gemini is closed: Lorakeeper is shutting down.")
            ended = [self._loops.pop(other) for other in list(self._loops) if other.is_closed()]
            here = self._loops.get(loop)
            if here is None or here.session.closed:
                here = self._loops[loop] = _Here(self._open_session())
        for each in ended:
            await each.close()
        return here

    def _open_session(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=_MOST_CONNECTIONS, ssl=self._context or True),
            cookie_jar=aiohttp.DummyCookieJar(),
            response_class=BoundedResponse,
            read_bufsize=1 << 18,
        )


async def shut(client: Client) -> None:
    """Closes what a client holds beside our session."""
    await client.aio.aclose()
    # A client of an event loop that has ended can't close what lived in it, and there is nothing left to close.
    with contextlib.suppress(RuntimeError):
        client.close()
