"""Looking at an image that came from elsewhere before anybody else does: is it whole, and of reasonable size?"""

from __future__ import annotations

import io

from .outcomes import Picture

# The largest image on sale, 4K in any ratio, has some 17 million pixels.
MAX_PIXELS = 32_000_000
MAX_BYTES = 40_000_000
FORMATS = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}


class HugeImageError(ValueError):
    """More bytes or pixels than are taken."""


class BrokenImageError(ValueError):
    """No image of a known format, or not all of it."""


def decoded(content: bytes) -> Picture:
    """The image as what its bytes are, whatever its label says, once all its pixels were decoded.

    Nothing is decoded before the size in its header was found good. Raises HugeImageError or BrokenImageError.
    """
    from PIL import Image

    if len(content) > MAX_BYTES:
        raise HugeImageError(f"The image has {len(content) / 1e6:.0f} MB, more than the {MAX_BYTES / 1e6:.0f} allowed.")
    try:
        with Image.open(io.BytesIO(content), formats=tuple(FORMATS)) as image:
            width, height, mime = image.width, image.height, FORMATS[image.format or ""]
            if width * height > MAX_PIXELS:
                raise HugeImageError(
                    f"The image has {width} × {height} pixels, more than the {MAX_PIXELS / 1e6:.0f} million allowed."
                )
            image.load()
    except HugeImageError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise HugeImageError("The image has far more pixels than are allowed.") from error
    # Pillow's readers raise these, and no common class, for files that are cut off or made up.
    except (OSError, ValueError, SyntaxError, KeyError, IndexError, TypeError, EOFError, OverflowError) as error:
        raise BrokenImageError("The image that Gemini sent is broken.") from error
    return Picture(content, mime, width, height)
