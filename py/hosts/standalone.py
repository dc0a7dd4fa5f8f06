"""Lorakeeper on a server of its own: the same routes as in ComfyUI, the page, and a websocket for events."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import json
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import WSCloseCode, web
from yarl import URL

from ...server_routes import add_routes, app_files, guard
from ..errors import ForbiddenError, LorakeeperError, UsageError
from .relay import Relay

if TYPE_CHECKING:
    from ..app import App

HOST = "127.0.0.1"
PORT = 8199
PORTS_TRIED = 20
WAITING_MESSAGES = 1000
# The page's own files and what this server proxies; styles are set by its components.
PAGE_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; style-src 'self' 'unsafe-inline'; "
    "object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
)


@dataclass
class _Page:
    """One open page, and what it has not been told yet."""

    transport: asyncio.WriteTransport | None
    waiting: asyncio.Queue[str] = field(default_factory=lambda: asyncio.Queue(WAITING_MESSAGES))


class Standalone:
    """Carries an application that is started already. ``async with`` listens; :attr:`url` is where."""

    def __init__(self, services: App, *, host: str = HOST, port: int | None = None) -> None:
        self._services = services
        self._host = host
        self._port = port
        self._pages: dict[web.WebSocketResponse, _Page] = {}
        self._runner: web.AppRunner | None = None
        self._relay: Relay | None = None
        self.url = URL()

    async def __aenter__(self) -> Standalone:
        runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=5)
        await runner.setup()
        try:
            port = await self._listen(runner)
        except BaseException:
            await runner.cleanup()
            raise
        self._runner = runner
        self._relay = Relay(self._services.events, asyncio.get_running_loop(), self._tell)
        shown = "127.0.0.1" if self._host in ("0.0.0.0", "") else self._host  # noqa: S104 - compared, not bound
        self.url = URL.build(scheme="http", host="::1" if shown == "::" else shown, port=port, path="/")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._relay:
            self._relay.close()
        if self._runner:
            await self._runner.cleanup()

    def _application(self) -> web.Application:
        middlewares = [_only_own_names] if is_loopback(self._host) else []
        application = web.Application(client_max_size=guard.BODY_LIMIT, middlewares=middlewares)
        routes = web.RouteTableDef()
        add_routes(routes, self._services)
        routes.get("/lorakeeper/ws")(self._websocket)
        # As ComfyUI does it, so that one front end suits both.
        for route in [each for each in routes if isinstance(each, web.RouteDef)]:
            routes.route(route.method, f"/api{route.path}")(route.handler)
        routes.get("/")(self._page)
        application.add_routes(routes)
        application.on_shutdown.append(self._hang_up)
        return application

    async def _listen(self, runner: web.AppRunner) -> int:
        first = PORT if self._port is None else self._port
        for port in range(first, first + (PORTS_TRIED if self._port is None else 1)):
            try:
                await web.TCPSite(runner, self._host, port).start()
            except (OSError, OverflowError) as error:
                # Windows answers EACCES for ports that it keeps for itself.
                if getattr(error, "errno", None) in (errno.EADDRINUSE, errno.EACCES):
                    continue
                raise UsageError(f"Nothing can listen on {self._host}, port {port}: choose another --host.") from error
            return int(runner.addresses[0][1])
        if self._port is None:
            raise UsageError(f"The ports {first} to {first + PORTS_TRIED - 1} are all taken: choose one with --port.")
        raise UsageError(f"Port {first} is taken by another program, or not allowed: choose another with --port.")

    async def _page(self, request: web.Request) -> web.StreamResponse:
        try:
            page = await app_files.serve("index.html")
        except LorakeeperError as error:
            return guard.answer(error, request)
        page.headers["Content-Security-Policy"] = PAGE_POLICY
        return page

    async def _websocket(self, request: web.Request) -> web.StreamResponse:
        try:
            # Browsers let any page open a websocket anywhere, so its origin is all that tells.
            guard.check_origin(request)
        except ForbiddenError as error:
            return guard.answer(error, request)
        connection = web.WebSocketResponse(heartbeat=30, max_msg_size=65536)
        await connection.prepare(request)
        self._pages[connection] = page = _Page(request.transport)
        writer = asyncio.create_task(_write(connection, page.waiting))
        try:
            async for _ in connection:
                pass  # the page has nothing to say here; reading notices that it went away
        finally:
            self._pages.pop(connection, None)
            writer.cancel()
            with suppress(asyncio.CancelledError):
                await writer
        return connection

    def _tell(self, kind: str, data: dict[str, Any]) -> None:
        message = json.dumps({"type": kind, "data": data})
        for connection, page in list(self._pages.items()):
            try:
                page.waiting.put_nowait(message)
            except asyncio.QueueFull:
                # A page that stopped reading: it asks for everything anew when it comes back.
                del self._pages[connection]
                if page.transport:
                    page.transport.abort()

    async def _hang_up(self, _: web.Application) -> None:
        for connection in list(self._pages):
            await connection.close(code=WSCloseCode.GOING_AWAY)


async def serve(
    services: App, *, host: str = HOST, port: int | None = None, ready: Callable[[URL], None] = lambda url: None
) -> None:
    """Listens until Ctrl-C or a request to terminate; ``ready`` hears where."""
    stop = asyncio.Event()
    if sys.platform != "win32":
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with Standalone(services, host=host, port=port) as server:
        ready(server.url)
        await stop.wait()


def is_loopback(host: str) -> bool:
    """Whether ``host`` can be reached from this machine alone."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost" or host.lower().endswith(".localhost")


@web.middleware
async def _only_own_names(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Refuses a Host that isn't this machine: a foreign page whose name was made to lead to 127.0.0.1 sends its own."""
    try:
        name = URL(f"http://{request.headers.get('Host', '')}").host or ""
    except ValueError:
        name = ""
    if not is_loopback(name):
        return guard.answer(ForbiddenError("This server is only for this machine: open it as 127.0.0.1."), request)
    return await handler(request)


async def _write(connection: web.WebSocketResponse, waiting: asyncio.Queue[str]) -> None:
    with suppress(ConnectionError):
        while True:
            await connection.send_str(await waiting.get())
