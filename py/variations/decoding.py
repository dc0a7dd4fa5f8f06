"""Looking at an image that came from elsewhere before anybody else does: is it whole, and of reasonable size?"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .outcomes import Picture

if TYPE_CHECKING:
    from PIL.Image import Image

# The largest image on sale, 4K in any ratio, has some 17 million pixels.
MAX_PIXELS = 32_000_000
MAX_BYTES = 40_000_000
FORMATS = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}
# Pillow's readers raise these, and no common class, for files that are cut off or made up.
BROKEN = (OSError, ValueError, SyntaxError, KeyError, IndexError, TypeError, EOFError, OverflowError)
SUFFIXES = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}


class HugeImageError(ValueError):
    """More bytes or pixels than are taken. ``limit`` is the limit that was passed, "" where by far."""

    def __init__(self, message: str, limit: str = "") -> None:
        super().__init__(message)
        self.limit = limit


class BrokenImageError(ValueError):
    """No image of a known format, or not all of it."""


@contextmanager
def opened(content: bytes, formats: Iterable[str]) -> Iterator[Image]:
    """The image once all its pixels were decoded; closed afterwards. Blocking.

    Nothing is decoded before the size in its header was found good. Raises HugeImageError or BrokenImageError.
    """
    from PIL import Image as Images

    if len(content) > MAX_BYTES:
        limit = f"{MAX_BYTES / 1e6:.0f}"
        raise HugeImageError(
            f"The image has {len(content) / 1e6:.0f} MB, more than the {limit} allowed.", f"{limit} MB"
        )
    try:
        image = Images.open(io.BytesIO(content), formats=tuple(formats))
        if image.width * image.height > MAX_PIXELS:
            limit = f"{MAX_PIXELS / 1e6:.0f} million"
            raise HugeImageError(
                f"The image has {image.width} × {image.height} pixels, more than the {limit} allowed.",
                f"{limit} pixels",
            )
        image.load()
    except HugeImageError:
        raise
    except (Images.DecompressionBombError, Images.DecompressionBombWarning) as error:
        raise HugeImageError("The image has far more pixels than are allowed.") from error
    except BROKEN as error:
        raise BrokenImageError("The image that Gemini sent is broken.") from error
    with image:
        yield image


def decoded(content: bytes) -> Picture:
    """An image of Gemini's as what its bytes are, whatever its label says. Raises as :func:`opened` does."""
    with opened(content, FORMATS) as image:
        return Picture(content, FORMATS[image.format or ""], image.width, image.height)
