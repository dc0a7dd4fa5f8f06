"""Images as the fake makes them: from a text and a number alone, no two alike, quickly."""

from __future__ import annotations

import hashlib
import io
import random
import struct
import zlib


def made(seed: str, width: int, height: int, *, jpeg: bool = False) -> bytes:
    """A PNG or JPEG file of that size: coloured shapes over a gradient, settled by ``seed``."""
    from PIL import Image, ImageDraw

    chance = random.Random(hashlib.sha256(seed.encode()).digest())

    def colour() -> tuple[int, int, int]:
        return chance.randrange(256), chance.randrange(256), chance.randrange(256)

    gradient = Image.linear_gradient("L").rotate(chance.choice((0, 90, 180, 270))).resize((width, height))
    image = Image.composite(
        Image.new("RGB", (width, height), colour()), Image.new("RGB", (width, height), colour()), gradient
    )
    draw = ImageDraw.Draw(image)
    for _ in range(12):
        x, y = chance.randrange(width), chance.randrange(height)
        span = chance.randrange(max(2, min(width, height) // 8), max(3, min(width, height) // 2))
        box = (x - span // 2, y - span // 2, x + span // 2, y + span // 2)
        chance.choice((draw.ellipse, draw.rectangle))(box, fill=colour(), outline=colour())
    out = io.BytesIO()
    if jpeg:
        image.save(out, "JPEG", quality=90)
    else:
        image.save(out, "PNG", compress_level=1)
    return out.getvalue()


def bomb(side: int) -> bytes:
    """A valid PNG of ``side`` squared pixels in few bytes."""
    row = b"\0" + bytes((side + 7) // 8)
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")


def padded(content: bytes, size: int) -> bytes:
    """A PNG with a chunk in it that nobody reads, so that it has some ``size`` bytes more."""
    return content[:-12] + _chunk(b"paDd", bytes(size)) + content[-12:]


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
