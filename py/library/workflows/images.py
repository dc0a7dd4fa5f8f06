"""The texts that PNG, WebP and JPEG files carry beside their pixels, which are never decoded.

Readers of their own, because a file from a stranger may claim anything: every length is held against what is there, and
what is cut off ends the reading instead of failing it.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator

from . import bounds

_PNG = b"\x89PNG\r\n\x1a\n"
_EXIF = b"Exif\0\0"
_MAX_CHUNKS = 1_000_000
_MAX_FIELDS = 1_000
_STEP = 1 << 20
_MAX_KEY = 200
_SUB_IFD = 0x8769
_USER_COMMENT = 0x9286
_WINDOWS_TEXTS = range(0x9C9B, 0x9CA0)
_BYTES, _ASCII, _LONG, _UNDEFINED = 1, 2, 4, 7
_UTF8 = 129


def is_image(data: bytes) -> bool:
    return data.startswith((_PNG, b"\xff\xd8\xff")) or (data[:4] == b"RIFF" and data[8:12] == b"WEBP")


def texts_of(data: bytes) -> list[tuple[str, str]]:
    """What the image carries, as ``(key, text)`` in the file's order; the key may be "".

    Raises UsageError where it is more than a workflow would be, such as a few bytes that unpack into gigabytes.
    """
    budget = _Budget()
    if data.startswith(_PNG):
        return list(_png(data, budget))
    if data[:4] == b"RIFF":
        return list(_webp(data, budget))
    return list(_jpeg(data, budget))


class _Budget:
    """What may still be read of one file."""

    def __init__(self) -> None:
        self.left = bounds.MAX_TEXT

    def take(self, raw: bytes) -> bytes:
        self.left -= len(raw)
        if self.left < 0:
            raise bounds.too_large("The text in this image")
        return raw

    def unpack(self, packed: bytes) -> bytes:
        """What ``packed`` unpacks into, as far as it is sound and there is room."""
        unpacker, parts = zlib.decompressobj(), []
        try:
            while packed and not unpacker.eof:
                parts.append(self.take(unpacker.decompress(packed, _STEP)))
                packed = unpacker.unconsumed_tail
            parts.append(self.take(unpacker.flush()))
        except zlib.error:
            self.left -= _STEP  # what is broken costs its time as well
        return b"".join(parts)


# -- PNG ---------------------------------------------------------------------------------------------------------------


def _png(data: bytes, budget: _Budget) -> Iterator[tuple[str, str]]:
    place = len(_PNG)
    for _ in range(_MAX_CHUNKS):
        if place + 12 > len(data):
            return
        length, kind = struct.unpack_from(">I4s", data, place)
        if kind == b"IEND":
            return
        body = slice(place + 8, min(place + 8 + length, len(data)))
        if kind in (b"tEXt", b"zTXt", b"iTXt", b"comf"):
            yield from _png_text(kind, data[body], budget)
        elif kind == b"eXIf":
            yield from _exif(data[body], budget)
        place += 12 + length


def _png_text(kind: bytes, body: bytes, budget: _Budget) -> Iterator[tuple[str, str]]:
    key, nul, text = body.partition(b"\0")
    if not nul or len(key) > _MAX_KEY:
        return
    if kind == b"zTXt":
        text = budget.unpack(text[1:])
    elif kind == b"iTXt":
        packed, method, rest = text[:1], text[1:2], text[2:].split(b"\0", 2)
        if len(rest) < 3 or (packed == b"\1" and method != b"\0"):
            return
        text = budget.unpack(rest[2]) if packed == b"\1" else budget.take(rest[2])
    else:
        budget.take(text)
    yield key.decode("latin-1"), _decoded(text)


# -- WebP and JPEG -----------------------------------------------------------------------------------------------------


def _webp(data: bytes, budget: _Budget) -> Iterator[tuple[str, str]]:
    place = 12
    for _ in range(_MAX_CHUNKS):
        if place + 8 > len(data):
            return
        kind, length = struct.unpack_from("<4sI", data, place)
        if kind == b"EXIF":
            yield from _exif(data[place + 8 : place + 8 + length], budget)
        place += 8 + length + length % 2


def _jpeg(data: bytes, budget: _Budget) -> Iterator[tuple[str, str]]:
    place = 2
    for _ in range(_MAX_CHUNKS):
        if place + 4 > len(data) or data[place] != 0xFF:
            return
        marker = data[place + 1]
        if marker == 0xFF:  # filling
            place += 1
            continue
        if marker in (0xD9, 0xDA):  # the end, or the pixels
            return
        if marker == 1 or 0xD0 <= marker <= 0xD8:
            place += 2
            continue
        (length,) = struct.unpack_from(">H", data, place + 2)
        body = data[place + 4 : place + 2 + length]
        if marker == 0xE1 and body.startswith(_EXIF):
            yield from _exif(body, budget)
        elif marker == 0xFE:
            yield "", _decoded(budget.take(body))
        place += 2 + max(length, 2)


# -- EXIF --------------------------------------------------------------------------------------------------------------


def _exif(block: bytes, budget: _Budget) -> Iterator[tuple[str, str]]:
    """The texts of the block's first directory and of the one for the camera, which has the user's comment."""
    block = block.removeprefix(_EXIF)
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(block[:4])
    if order is None or len(block) < 8:
        return
    directories = [struct.unpack_from(f"{order}I", block, 4)[0]]
    for number in range(2):
        if number >= len(directories):
            return
        for tag, form, raw in _fields(block, order, directories[number]):
            if tag == _SUB_IFD and form == _LONG and len(raw) == 4 and number == 0:
                directories.append(struct.unpack(f"{order}I", raw)[0])
            elif form in (_BYTES, _ASCII, _UNDEFINED, _UTF8):
                text = _comment(tag, budget.take(raw), order)
                # A tag's own key goes before the text: "workflow:{...}".
                key = re.match(r"\s*(\w{1,40})\s*:\s*(?=[{\[])", text)
                yield (key[1].casefold(), text[key.end() :]) if key else ("", text)


def _fields(block: bytes, order: str, start: int) -> Iterator[tuple[int, int, bytes]]:
    """Tag, type and bytes of those fields of a directory that can hold a text or lead to another directory."""
    if start + 2 > len(block):
        return
    (count,) = struct.unpack_from(f"{order}H", block, start)
    for number in range(min(count, _MAX_FIELDS)):
        place = start + 2 + 12 * number
        if place + 12 > len(block):
            return
        tag, form, length = struct.unpack_from(f"{order}HHI", block, place)
        if form == _LONG:
            length = length * 4 if length == 1 else 0
        elif form not in (_BYTES, _ASCII, _UNDEFINED, _UTF8):
            continue
        at = place + 8 if length <= 4 else struct.unpack_from(f"{order}I", block, place + 8)[0]
        raw = block[at : at + length]
        if raw:
            yield tag, form, raw


def _comment(tag: int, raw: bytes, order: str) -> str:
    if tag == _USER_COMMENT:
        code, rest = raw[:8], raw[8:]
        if code == b"UNICODE\0":
            return _utf16(rest, order)
        return _decoded(rest if code in (b"ASCII\0\0\0", b"JIS\0\0\0\0\0", bytes(8)) else raw)
    if tag in _WINDOWS_TEXTS:
        return _utf16(raw, "<")
    return _decoded(raw)


def _utf16(raw: bytes, order: str) -> str:
    """UTF-16 in whatever order it is: some writers don't follow the block's."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16", "replace").strip("\0")
    high, low = raw[0:400:2].count(0), raw[1:400:2].count(0)
    if high != low:
        order = ">" if high > low else "<"
    return raw.decode("utf-16-be" if order == ">" else "utf-16-le", "replace").strip("\0")


def _decoded(raw: bytes) -> str:
    raw = raw.strip(b"\0")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")
