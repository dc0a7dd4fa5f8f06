"""The storage origin: signed links to objects, to the letter and for a while; ranges; no keys, no HEAD."""

from __future__ import annotations

import hashlib
import itertools
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from aiohttp import web

from .faults import ChangedEtag, Corrupt, Fault, NoEtag, NoRange, Truncate, WrongLength
from .origin import Answer, Body, whole

_TYPES = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp", "mp4": "video/mp4"}


@dataclass(frozen=True)
class Stored:
    """An object: ``read(offset, length)`` gives its bytes."""

    size: int
    etag: str
    name: str
    read: Callable[[int, int], bytes]


class Storage:
    def __init__(self) -> None:
        self._links: dict[str, tuple[Stored, float]] = {}
        self._public: dict[str, Stored] = {}
        self._numbers = itertools.count(1)

    def sign(self, stored: Stored, lifetime: float) -> str:
        """The path and query of a link that works for ``lifetime`` seconds. It must come back exactly as it is."""
        number = next(self._numbers)
        signature = hashlib.sha256(f"{number}/{stored.etag}".encode()).hexdigest()
        query = (
            "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=fake%2F20260801%2Fauto%2Fs3%2Faws4_request"
            f"&X-Amz-Expires={int(lifetime)}&response-content-disposition="
            + quote(f'attachment; filename="{stored.name}"', safe="")
            + f"&X-Amz-Signature={signature}&n={number}"
        )
        path = f"/model/1%2F{quote(stored.name, safe='')}?{query}"
        self._links[path] = (stored, time.monotonic() + lifetime)
        return path

    def publish(self, path: str, stored: Stored) -> None:
        """Puts an object where everybody may have it: a preview image, or a mirror's file."""
        self._public[path] = stored

    async def answer(self, request: web.Request, met: list[Fault]) -> Answer:
        if "Authorization" in request.headers:
            return _xml(400, "InvalidArgument", "Only one auth mechanism allowed")
        stored = self._public.get(request.raw_path)
        if stored is None:
            link = self._links.get(request.raw_path)
            if link is None:
                return _xml(403, "SignatureDoesNotMatch", "The signature does not match what was signed.")
            if time.monotonic() > link[1]:
                return _xml(403, "AccessDenied", "Request has expired")
            if request.method != "GET":
                return _xml(403, "SignatureDoesNotMatch", "This link is for GET.")
            stored = link[0]
        return _part(request, stored, met)


def _part(request: web.Request, stored: Stored, met: list[Fault]) -> Answer:
    size, etag = stored.size, f'"{stored.etag}"'
    flipped: set[int] = set()
    headers = {
        "Content-Type": _TYPES.get(stored.name.rpartition(".")[2], "binary/octet-stream"),
        "Content-Disposition": f'attachment; filename="../../{stored.name}"',
        "Accept-Ranges": "bytes",
    }
    for fault in met:
        if isinstance(fault, Truncate):
            size = min(size, fault.at)
        elif isinstance(fault, Corrupt):
            flipped.add(fault.at)
        elif isinstance(fault, ChangedEtag):
            etag = f'"{stored.etag}-{time.monotonic_ns()}"'
    if not any(isinstance(fault, NoEtag) for fault in met):
        headers |= {"ETag": etag, "Last-Modified": "Wed, 20 Aug 2025 04:49:13 GMT"}

    start, end = 0, size
    status = 200
    wanted = request.headers.get("Range")
    fresh = request.headers.get("If-Range", etag) == etag
    if wanted and fresh and not any(isinstance(fault, NoRange) for fault in met):
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", wanted)
        if not found:
            return _xml(400, "InvalidArgument", f"A range of this form is not served: {wanted}")
        start, end = int(found[1]), min(int(found[2]) + 1 if found[2] else size, size)
        if start >= end:
            return Answer(416, {"Content-Range": f"bytes */{size}"}, Body(0, lambda *_: b""))
        status = 206
        extra = sum(fault.extra for fault in met if isinstance(fault, WrongLength))
        headers["Content-Range"] = f"bytes {start}-{end - 1 + extra}/{size + extra}"

    def read(offset: int, length: int) -> bytes:
        block = bytearray(stored.read(start + offset, length))
        for at in flipped:
            if 0 <= at - start - offset < len(block):
                block[at - start - offset] ^= 0xFF
        return bytes(block)

    return Answer(status, headers, Body(end - start, read))


def _xml(status: int, code: str, message: str) -> Answer:
    text = f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>{message}</Message></Error>'
    return whole(text.encode(), status=status, headers={"Content-Type": "application/xml"})
