"""Images on their way to Gemini: small enough, and the same bytes for the same pixels."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .gemini import MAX_REFERENCE_BYTES
from .memory import MemoryOptimizer
from .outcomes import Picture

if TYPE_CHECKING:
    from PIL.Image import Image

_QUALITIES = (95, 90, 80)


def encoded(images: Sequence[Image], max_dimension: int) -> tuple[Picture, ...]:
    """As PNG, with their alpha, the longer side at most ``max_dimension``; those too large for one request as JPEG.
    Blocking."""
    optimizer = MemoryOptimizer(max_dimension)
    reduced = [_plain(optimizer.reduced(image)) for image in images]
    room = MAX_REFERENCE_BYTES // max(1, len(reduced))
    return tuple(_encode(image, room) for image in reduced)


def _plain(image: Image) -> Image:
    if image.mode in ("RGB", "RGBA", "L"):
        return image
    has_alpha = image.mode in ("LA", "PA", "La", "RGBa") or "transparency" in image.info
    return image.convert("RGBA" if has_alpha else "RGB")


def _encode(image: Image, room: int) -> Picture:
    content = _saved(image, "PNG", compress_level=3)
    mime = "image/png"
    for quality in _QUALITIES:
        if len(content) <= room:
            break
        content, mime = _saved(image.convert("RGB"), "JPEG", quality=quality), "image/jpeg"
    return Picture(content, mime, image.width, image.height)


def _saved(image: Image, kind: str, **how: int) -> bytes:
    written = io.BytesIO()
    image.save(written, kind, **how)
    return written.getvalue()
