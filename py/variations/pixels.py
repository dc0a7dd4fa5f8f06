"""Pixels out of pictures of any mode: eight bits a channel, no alpha, at full size or at a working size."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from ..errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL.Image import Image

    Bytes = npt.NDArray[np.uint8]
    Floats = npt.NDArray[np.float32]

BACKDROP = 128  # what shows through where a picture is transparent


def opaque(image: Image) -> Image:
    """``image`` as RGB: alpha over mid grey, sixteen bits scaled to eight, floats as 0 to 1 where none is over."""
    from PIL import Image as Images

    if image.width < 1 or image.height < 1:
        raise UsageError("A picture without any pixels can't be looked at.")
    if image.mode == "RGB":
        return image
    if image.mode == "F" or image.mode.startswith("I"):
        return Images.fromarray(_eight_bits(image)).convert("RGB")
    if image.mode in ("RGBA", "LA", "La", "RGBa", "PA") or "transparency" in image.info:
        layer = image.convert("RGBA")
        ground = Images.new("RGBA", image.size, (BACKDROP, BACKDROP, BACKDROP, 255))
        return Images.alpha_composite(ground, layer).convert("RGB")
    return image.convert("RGB")


def _eight_bits(image: Image) -> Bytes:
    import numpy as np

    values = np.nan_to_num(np.asarray(image, np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    top = float(values.max())
    if image.mode == "F":
        values = values * 255 if top <= 1 else values
    elif image.mode != "I" or top > 255:
        values = values / 257
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def colours(image: Image) -> Bytes:
    """Height × width × 3, red first."""
    import numpy as np

    return np.asarray(opaque(image), np.uint8)


def grey(pixels: Bytes) -> Bytes:
    """Height × width, by the weights of BT.601 as OpenCV rounds them."""
    import cv2

    return cast("Bytes", cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY))


def within(pixels: Bytes, longest: int, least: int = 64) -> Bytes:
    """``pixels`` with the longer side at most ``longest``, but the shorter one not under ``least``: reduced by areas,
    never enlarged."""
    import cv2

    height, width = pixels.shape[:2]
    share = max(longest / max(height, width), least / min(height, width))
    if share >= 1:
        return pixels
    size = (max(1, round(width * share)), max(1, round(height * share)))
    return cast("Bytes", cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))


def sized(pixels: Bytes, width: int, height: int) -> Bytes:
    """``pixels`` at exactly that size: by areas where it shrinks, else bilinear."""
    import cv2

    if pixels.shape[:2] == (height, width):
        return pixels
    shrinks = width <= pixels.shape[1] and height <= pixels.shape[0]
    way = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return cast("Bytes", cv2.resize(pixels, (width, height), interpolation=way))
