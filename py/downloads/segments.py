"""A large file over several connections at once: pieces in their order, the last ones shared out, one stream where the
server gives no ranges.

Many storages limit each connection, and a long way limits each by its window: several together take what there is.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import aiohttp
from yarl import URL

from ..civitai.http import Http, shown
from ..civitai.resolve import ResolvedFile
from ..errors import CivitaiError, NetworkError, RateLimitError
from .optimizer import PerformanceOptimizer
from .part import Part
from .progress import Meter
from .spans import Piece, Pieces

log = logging.getLogger(__name__)

_LOOK = 0.5  # seconds between two looks at how many connections there should be
_PATIENCE = 3  # breaks in a row without a byte, after which a connection is given up
_LOST = 5.0  # seconds after which another one may take its place, if there are any left


@dataclass(frozen=True)
class Cut:
    """How a file is cut, in bytes: one from ``smallest`` on, into pieces of ``shortest`` to ``longest``, about four a
    connection, none halved to less than ``least``."""

    smallest: int = 16 << 20
    shortest: int = 8 << 20
    longest: int = 64 << 20
    least: int = 1 << 20

    def length(self, size: int, connections: int) -> int:
        return min(self.longest, max(self.shortest, size // (4 * connections)))


class Segments:
    """One attempt to complete a part over several connections. What it has brought stays, however it ends."""

    def __init__(
        self,
        http: Http,
        url: URL,
        source: ResolvedFile,
        part: Part,
        meter: Meter,
        *,
        size: int,
        cut: Cut,
        optimizer: PerformanceOptimizer,
        fits: Callable[[aiohttp.ClientResponse, int], bool],
        passes: Callable[[Exception], bool],
    ) -> None:
        """``fits`` says whether an answer has the bytes of this file from that place on, ``passes`` whether an error
        may be gone at the next try."""
        self._http = http
        self._url = url
        self._source = source
        self._part = part
        self._meter = meter
        self._size = size
        self._optimizer = optimizer
        self._fits = fits
        self._passes = passes
        self._pieces = Pieces(part.spans, size, cut.length(size, optimizer.most), cut.least)
        # Where the site led to: asked directly, for as long as that link is good.
        self._landing: URL | None = None
        self._working: set[asyncio.Task[None]] = set()
        self._trouble: CivitaiError | None = None
        self._lost: list[float] = []
        self._leaving = 0

    async def run(self, single: Callable[[aiohttp.ClientResponse], Awaitable[None]]) -> None:
        """Raises what ended the last connection, if the file isn't whole. A server that gives no ranges has its answer,
        which is of the whole file, taken up by ``single``."""
        ready = asyncio.Event()
        first = self._start(self._lead(ready, single))
        begun = asyncio.create_task(ready.wait())
        try:
            await asyncio.wait([first, begun], return_when=asyncio.FIRST_COMPLETED)
            while self._working:
                while ready.is_set() and self._pieces.waiting and len(self._working) < self._most():
                    self._start(self._fetch())
                await asyncio.wait(self._working, timeout=_LOOK, return_when=asyncio.FIRST_COMPLETED)
                for task in [task for task in self._working if task.done()]:
                    self._working.discard(task)
                    self._leaving = max(0, self._leaving - 1)
                    task.result()
        finally:
            every: list[asyncio.Task[Any]] = [begun, *self._working]
            for each in every:
                each.cancel()
            await asyncio.gather(*every, return_exceptions=True)
        if self._trouble and self._part.received < self._size:
            raise self._trouble

    def _most(self) -> int:
        """How many connections there should be now."""
        now = time.monotonic()
        self._lost = [at for at in self._lost if now - at < _LOST]
        return max(1, self._optimizer.connections() - len(self._lost))

    def _is_surplus(self) -> bool:
        """Whether the connection that asks should end, since there are too many."""
        surplus = len(self._working) - self._leaving > self._most()
        self._leaving += surplus
        return surplus

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._working.add(task)
        return task

    async def _lead(self, ready: asyncio.Event, single: Callable[[aiohttp.ClientResponse], Awaitable[None]]) -> None:
        """The first connection: by its answer it is known whether there can be others."""
        piece = self._pieces.take()
        if piece is None:
            return
        asked = time.monotonic()
        try:
            async with self._http.open(str(self._url), self._headers(piece, self._url)) as response:
                if response.status != 206 or not self._fits(response, piece.at):
                    await single(response)
                    return
                self._optimizer.answered(time.monotonic() - asked)
                self._landing = response.url
                await self._part.tag(response.headers.get("ETag"), shown(self._url))
                await self._part.allocate(self._size)
                self._meter.total = self._size
                self._meter.begin(self._part.received, "transfer")
                ready.set()
                if await self._read(response, piece):
                    return
        except CivitaiError as error:
            if not ready.is_set() or not self._passes(error):
                raise
            self._optimizer.failed(refused=isinstance(error, RateLimitError))
            self._trouble = error
        finally:
            self._pieces.give_back(piece)
        await self._fetch()

    async def _fetch(self) -> None:
        """Piece after piece, until there is none, or too many connections, or this one is no good."""
        breaks = 0
        while not self._is_surplus() and (piece := self._pieces.take()):
            before = piece.at
            try:
                if await self._ask(piece):
                    return
                self._trouble = None
            except CivitaiError as error:
                if not self._passes(error):
                    raise
                self._optimizer.failed(refused=isinstance(error, RateLimitError))
                self._trouble = error
                self._landing = None
                breaks = 1 if piece.at > before else breaks + 1
                log.info("a connection for %s broke: %s", self._source.name, error)
                if isinstance(error, RateLimitError) or breaks >= _PATIENCE:
                    self._lost.append(time.monotonic())
                    return
            finally:
                self._pieces.give_back(piece)
            if breaks:
                await asyncio.sleep(0.1 * 2**breaks)

    async def _ask(self, piece: Piece) -> bool:
        """Fetches a piece; True where this connection is to end."""
        url = self._landing or self._url
        led = self._landing is not None and url != self._url
        asked = time.monotonic()
        async with self._http.open(str(url), self._headers(piece, url), led=led) as response:
            self._optimizer.answered(time.monotonic() - asked)
            if response.status != 206 or not self._fits(response, piece.at):
                raise NetworkError(
                    f"The server sent other bytes of {self._source.name} than it was asked for: try again."
                )
            self._landing = self._landing or response.url
            return await self._read(response, piece)

    def _headers(self, piece: Piece, url: URL) -> dict[str, str]:
        headers = {"Range": f"bytes={piece.at}-{piece.end - 1}"}
        tag = self._part.etag
        if tag and not tag.startswith("W/") and (self._part.url == shown(url) or self._landing is not None):
            headers["If-Range"] = tag
        return headers

    async def _read(self, response: aiohttp.ClientResponse, piece: Piece) -> bool:
        """The same of an answer."""
        async for chunk in response.content.iter_any():
            # Another connection may have taken over the end.
            wanted = chunk[: piece.left]
            if wanted:
                piece.at += len(wanted)
                self._optimizer.received(len(wanted))
                await self._part.put(wanted, piece.at - len(wanted))
                self._meter.reach(self._part.received)
            if not piece.left:
                return False
            if self._is_surplus():
                return True
        if piece.left:
            raise NetworkError(f"The connection ended before {self._source.name} was whole: try again later.")
        return False
