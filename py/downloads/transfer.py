"""One file: asked for, taken up where it broke, tried again, and never mistaken for another."""

from __future__ import annotations

import logging
import re
import time
from dataclasses import dataclass

import aiohttp
from yarl import URL

from ..civitai.http import Http, parse, shown
from ..civitai.resolve import ResolvedFile
from ..errors import (
    ApiError,
    AuthError,
    CivitaiError,
    DownloadError,
    NetworkError,
    RateLimitError,
    ValidationError,
    VerificationError,
)
from .optimizer import PerformanceOptimizer
from .part import Part
from .progress import Meter
from .segments import Cut, Segments
from .space import Reservation

log = logging.getLogger(__name__)

_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)", re.ASCII)
_HTML = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype\s+html|html|head|body|script)\b", re.IGNORECASE)
_HEAD = 64


@dataclass(frozen=True)
class RetryPolicy:
    """How often and how patiently a broken transfer is tried again. Times in seconds.

    ``attempts`` counts those in a row that bring nothing new: as long as bytes arrive, a transfer goes on.
    A ``Retry-After`` longer than ``wait_max`` is not waited for.
    """

    attempts: int = 6
    wait_initial: float = 0.5
    wait_max: float = 60.0
    wait_jitter: float = 1.0


class Transfer:
    """Brings all bytes of a file into its part."""

    def __init__(self, http: Http, retry: RetryPolicy, optimizer: PerformanceOptimizer, cut: Cut) -> None:
        self._http = http
        self._retry = retry
        self._optimizer = optimizer
        self._cut = cut

    async def run(self, source: ResolvedFile, part: Part, room: Reservation, meter: Meter) -> None:
        """Completes ``part``, written and hashed. ``room`` is asked for its size, as soon as that is known.

        The site's own address comes first; mirrors where that one fails for good. Raises CivitaiError of the first
        address, VerificationError for a file of another size, SpaceError where the disk is full.
        """
        if await _whole(source, part):
            return
        if source.size is not None:
            await room.need(source.size)
        first: CivitaiError | None = None
        for url in source.urls:
            try:
                async with self._optimizer.transfer():
                    await self._from(parse(url), source, part, room, meter)
            except CivitaiError as error:
                log.warning("%s can't be had from %s: %s", source.name, shown(URL(url, encoded=True)), error)
                first = first or error
                if isinstance(first, AuthError):
                    break  # the user has to do something, and a mirror would only hide it
            else:
                return
        raise first or DownloadError(f"The site gives no address to download {source.name} from.")

    async def _from(self, url: URL, source: ResolvedFile, part: Part, room: Reservation, meter: Meter) -> None:
        import stamina  # only where something is fetched

        policy, best, began = self._retry, -1, 0.0

        def on(error: Exception) -> bool | float:
            wait = error.retry_after if isinstance(error, RateLimitError) else None
            if isinstance(error, RateLimitError):
                part.held.refused(max(began, part.came_at))
            if not _passes(error) or (wait or 0) > policy.wait_max:
                return False
            self._optimizer.failed(refused=isinstance(error, RateLimitError))
            log.warning("trying %s again, from byte %d: %s", source.name, part.received, error)
            return True if wait is None else wait

        while best < part.received:
            best = part.received
            try:
                async for attempt in stamina.retry_context(
                    on=on,
                    attempts=policy.attempts,
                    timeout=None,
                    wait_initial=min(policy.wait_initial * self._optimizer.patience, policy.wait_max),
                    wait_max=policy.wait_max,
                    wait_jitter=policy.wait_jitter,
                ):
                    with attempt:
                        began = time.monotonic()
                        part.held.by("network")
                        await self._attempt(url, source, part, room, meter)
                return
            except CivitaiError as error:
                if not _passes(error) or part.received <= best:
                    raise

    async def _attempt(self, url: URL, source: ResolvedFile, part: Part, room: Reservation, meter: Meter) -> None:
        await part.flush()
        if self._is_split(source, part):
            await self._split(url, source, part, room, meter)
        else:
            await self._single(url, source, part, room, meter)
        await part.flush()
        if source.size is not None and part.received < source.size:
            raise NetworkError(f"The connection ended before {source.name} was whole: try again later.")

    def _is_split(self, source: ResolvedFile, part: Part) -> bool:
        """Whether several connections are worth their while, or gaps have to be filled."""
        if source.size is None:
            return False
        large = source.size - part.received >= self._cut.smallest
        return part.has_gaps or (large and self._optimizer.most > 1 and not part.plain)

    async def _split(self, url: URL, source: ResolvedFile, part: Part, room: Reservation, meter: Meter) -> None:
        async def single(response: aiohttp.ClientResponse) -> None:
            await self._take_up(response, shown(url), source, part)
            await self._rest(response, source, part, room, meter)

        def fits(response: aiohttp.ClientResponse, at: int) -> bool:
            return _fits(response, at, shown(url), source, part)

        part.spliced = True
        segments = Segments(
            self._http,
            url,
            source,
            part,
            meter,
            size=source.size or 0,
            cut=self._cut,
            optimizer=self._optimizer,
            fits=fits,
            passes=_passes,
        )
        await segments.run(single)

    async def _single(self, url: URL, source: ResolvedFile, part: Part, room: Reservation, meter: Meter) -> None:
        headers = {}
        if part.received:
            headers["Range"] = f"bytes={part.received}-"
            if part.etag and part.url == shown(url) and not part.etag.startswith("W/"):
                headers["If-Range"] = part.etag
        asked = time.monotonic()
        try:
            async with self._http.open(str(url), headers) as response:
                self._optimizer.answered(time.monotonic() - asked)
                await self._take_up(response, shown(url), source, part)
                await self._rest(response, source, part, room, meter)
        except NetworkError:
            # A server that promised more than there is ends with an error after the last byte.
            if not await _whole(source, part):
                raise

    async def _rest(
        self, response: aiohttp.ClientResponse, source: ResolvedFile, part: Part, room: Reservation, meter: Meter
    ) -> None:
        """Everything that the answer has."""
        left = _length(response)
        meter.total = source.size if source.size is not None or left is None else part.received + left
        if meter.total is not None:
            await room.need(meter.total)
        meter.begin(part.received, "transfer")
        await self._body(response, source, part, meter)

    async def _take_up(self, response: aiohttp.ClientResponse, url: str, source: ResolvedFile, part: Part) -> None:
        """Makes ``part`` end where the answer's body begins, or refuses the answer."""
        etag = response.headers.get("ETag")
        if response.status == 206:
            if not part.received or not _fits(response, part.received, url, source, part):
                await part.restart()
                raise NetworkError(f"The server sent other bytes of {source.name} than it was asked for: try again.")
            part.spliced = True
        elif response.status == 416:
            await part.restart()
            raise NetworkError(f"The server has fewer bytes of {source.name} than came before: try again.")
        else:
            if part.received:
                log.info("the server sends %s from its first byte again", source.name)
                await part.restart()
            length = _length(response)
            if None not in (length, source.size) and length != source.size:
                raise VerificationError(f"it should have {source.size} bytes, and the server offers {length}")
        await part.tag(etag, url)

    async def _body(self, response: aiohttp.ClientResponse, source: ResolvedFile, part: Part, meter: Meter) -> None:
        head = b""
        while not part.received and len(head) < _HEAD and (chunk := await response.content.readany()):
            head += chunk
        if _HTML.match(head):
            raise ValidationError(f"The server sent a web page in place of {source.name}: try again later.")
        if head:
            self._optimizer.received(len(head))
            await part.put(head)
        # Chunks as they come, without a thread's hop for each: nothing is faster here.
        async for chunk in response.content.iter_any():
            self._optimizer.received(len(chunk))
            await part.put(chunk)
            meter.reach(part.received)
            if source.size is not None and part.received > source.size:
                raise VerificationError(f"more than its {source.size} bytes came")


def _fits(response: aiohttp.ClientResponse, at: int, url: str, source: ResolvedFile, part: Part) -> bool:
    """Whether a partial answer has the bytes of this file from ``at`` on, and of the same state of it."""
    found = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
    etag = response.headers.get("ETag")
    return (
        found is not None
        and int(found[1]) == at
        and (source.size is None or found[2] in ("*", str(source.size)))
        and (part.url != url or None in (etag, part.etag) or etag == part.etag)
    )


async def _whole(source: ResolvedFile, part: Part) -> bool:
    await part.flush()
    return part.received > 0 and (part.received == source.size or part.sha256 == source.sha256)


def _passes(error: Exception) -> bool:
    """Whether the fault may be gone at the next try. A storage's 403 is an expired link: the site gives a new one."""
    if isinstance(error, ApiError):
        expired = error.site_status == 403 and not isinstance(error, AuthError)
        return expired or error.site_status in (408, 429) or error.site_status >= 500
    return isinstance(error, NetworkError | ValidationError)


def _length(response: aiohttp.ClientResponse) -> int | None:
    """Bytes in the body; unknown where it is compressed, whatever its header says."""
    return None if response.headers.get("Content-Encoding", "identity") != "identity" else response.content_length
