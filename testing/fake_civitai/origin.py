"""One origin of the fake: a small aiohttp server that records what it gets and can break what it gives."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from multidict import CIMultiDictProxy, MultiMapping

from .faults import HTML_PAGE, Delay, Drop, Fault, Html, Pace, Stall, Status, WrongLength, take

_BLOCK = 256 * 1024


@dataclass(frozen=True)
class Recorded:
    """A request as it came. ``path`` is as sent, undecoded and without the query; ``at`` is ``time.monotonic()``."""

    method: str
    path: str
    query: MultiMapping[str]
    headers: CIMultiDictProxy[str]
    body: bytes
    at: float


@dataclass
class Body:
    """What is to be sent: ``read(offset, length)`` gives bytes of the answer."""

    length: int
    read: Callable[[int, int], bytes]


class Origin:
    """``requests`` is the record. ``highest`` is the most requests that were under way at once."""

    def __init__(self, faults: list[Fault], answer: Callable[[web.Request, list[Fault]], Awaitable[Answer]]) -> None:
        self.requests: list[Recorded] = []
        self.url = ""
        self.highest = 0
        self.connections: set[object] = set()
        self._faults = faults
        self._answer = answer
        self._active = 0
        self._runner: web.AppRunner | None = None

    async def start(self, host: str, port: int, context: ssl.SSLContext | None) -> None:
        app = web.Application(client_max_size=16 << 20)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port, ssl_context=context)
        await site.start()
        actual = self._runner.addresses[0][1]
        self.url = f"{'https' if context else 'http'}://{host}:{actual}"

    async def stop(self) -> None:
        if self._runner:
            await self._runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        path, _, _ = request.raw_path.partition("?")
        self.connections.add(request.transport)
        self.requests.append(
            Recorded(
                request.method,
                path,
                request.query,
                request.headers,
                await request.read(),
                time.monotonic(),
            )
        )
        self._active += 1
        self.highest = max(self.highest, self._active)
        try:
            met = take(self._faults, path)
            for fault in met:
                if isinstance(fault, Delay):
                    await asyncio.sleep(fault.seconds)
                if isinstance(fault, Html):
                    return web.Response(body=HTML_PAGE, content_type="text/html", charset="utf-8")
                if isinstance(fault, Status):
                    plain = {"Content-Type": "application/json", **fault.headers}
                    return web.Response(status=fault.code, headers=plain, body=fault.body)
            answer = await self._answer(request, met)
            return await answer.send(request, met)
        finally:
            self._active -= 1


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: Body

    async def send(self, request: web.Request, met: list[Fault]) -> web.StreamResponse:
        """Sends the answer, slowed or broken by the faults."""
        response = web.StreamResponse(status=self.status, headers=self.headers)
        extra = sum(fault.extra for fault in met if isinstance(fault, WrongLength))
        response.content_length = self.body.length + extra
        writer = await response.prepare(request)
        pace = next((fault.bytes_per_s for fault in met if isinstance(fault, Pace)), None)
        ends = sorted(
            {fault.after for fault in met if isinstance(fault, (Drop, Stall)) and fault.after < self.body.length}
        )
        sent, began = 0, time.monotonic()
        for end in [*ends, self.body.length] if request.method != "HEAD" else []:
            while sent < end:
                step = min(end - sent, _BLOCK if pace is None else max(1, min(_BLOCK, int(pace / 20))))
                await response.write(self.body.read(sent, step))
                sent += step
                if pace is not None:
                    await asyncio.sleep(max(0.0, began + sent / pace - time.monotonic()))
            for fault in met:
                if isinstance(fault, Stall) and fault.after == sent:
                    await asyncio.sleep(fault.seconds)
                if isinstance(fault, Drop) and fault.after == sent:
                    return await _break(request, response, writer)
        if extra:
            return await _break(request, response, writer)
        await response.write_eof()
        return response


async def _break(
    request: web.Request, response: web.StreamResponse, writer: AbstractStreamWriter | None
) -> web.StreamResponse:
    """Breaks the connection, once what was written is on its way."""
    if writer is not None:
        await writer.drain()
    if request.transport is not None:
        request.transport.close()
    return response


def whole(content: bytes, *, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    """An answer from memory."""
    body = Body(len(content), lambda offset, length: content[offset : offset + length])
    return Answer(status, headers or {}, body)
