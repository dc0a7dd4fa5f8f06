"""In which forms the site gives a picture or a video."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator

from .. import samples

_PNG = b"\x89PNG\r\n\x1a\n"


def kind_of(content: bytes) -> str:
    """By its first bytes: ``mp4``, ``webp``, ``jpeg`` or ``png``."""
    if content[4:8] == b"ftyp":
        return "mp4"
    if content[8:12] == b"WEBP":
        return "webp"
    return "jpeg" if content.startswith(b"\xff\xd8") else "png"


def renditions(content: bytes) -> Iterator[tuple[str, bytes, str]]:
    """``(how the address spells it, what it answers, what kind that is)``: only the original is as it was uploaded."""
    kind = kind_of(content)
    yield "original=true", content, kind
    if kind == "mp4":
        yield "transcode=true,width=450", content, kind
        yield "anim=false,transcode=true,width=450", _still(len(content)), "jpeg"
    else:
        yield "width=450", without_texts(content), kind


def without_texts(content: bytes) -> bytes:
    """A PNG without what is written in it. Other pictures stay."""
    if not content.startswith(_PNG):
        return content
    kept, place = [_PNG], len(_PNG)
    while place + 12 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, place)
        if kind not in (b"tEXt", b"zTXt", b"iTXt", b"eXIf"):
            kept.append(content[place : place + 12 + length])
        place += 12 + length
    return b"".join(kept)


def _still(seed: int) -> bytes:
    from PIL import Image

    out = io.BytesIO()
    with Image.open(io.BytesIO(samples.preview(seed))) as picture:
        picture.save(out, "JPEG")
    return out.getvalue()
