"""Whether two pictures are one: laid over each other, evened in light, and compared part by part.

A picture is kept for this as a small square of grey values, :func:`small_grey`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from .pixels import colours, grey, sized
from .ssim import ssim_map

if TYPE_CHECKING:
    from PIL.Image import Image

    from .pixels import Bytes, Floats

SIDE = 64
_CELLS = 8
_CONTRAST = 48.0  # the deviation that both are brought to
_MOST_GAIN = 8.0  # an even picture's grain is not made into a picture
_LEAST_OVERLAP = 0.7
_LIGHT, _MOST_CONTRAST, _NO_CONTRAST = 48.0, 2.0, 2.0  # how far apart in brightness, and by what factor in contrast
_MOST_STRETCH, _MOST_TURN = 1.25, 0.06
_RIM = 7  # half of this is what blurs would mix with pixels that are not there
_STEPS, _SETTLED = 40, 1e-4


@dataclass(frozen=True)
class Match:
    """``similarity`` is the mean SSIM where both have pixels, ``weakest`` that of the worst of the 8 × 8 parts."""

    similarity: float
    weakest: float


STRANGERS = Match(0.0, 0.0)


def small_grey(image: Image) -> Bytes:
    return sized(grey(colours(image)), SIDE, SIDE)


def match(one: Bytes, other: Bytes) -> Match:
    """How well the two lie over each other, as they are or after a small shift and stretch, whichever is better.

    The light may differ by some; night is not day, and one even colour is not another.
    """
    import numpy as np

    first, second = one.astype(np.float32), other.astype(np.float32)
    contrasts = sorted((float(first.std()) + _NO_CONTRAST, float(second.std()) + _NO_CONTRAST))
    if abs(float(first.mean()) - float(second.mean())) > _LIGHT or contrasts[1] > _MOST_CONTRAST * contrasts[0]:
        return STRANGERS
    whole = np.ones(first.shape, bool)
    plain = _compared(first, second, whole)
    moved = _laid_over(first, second)
    if moved is None:
        return plain
    shifted = _compared(first, *moved)
    return max(plain, shifted, key=lambda each: each.similarity + each.weakest)


def _laid_over(first: Floats, second: Floats) -> tuple[Floats, Any] | None:
    """``second`` moved onto ``first``, and where it has pixels. None where no small movement does it."""
    import cv2
    import numpy as np

    if min(float(first.std()), float(second.std())) < 1:
        return None  # nothing to hold on to
    warp = np.eye(2, 3, dtype=np.float32)
    stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, _STEPS, _SETTLED)
    mask = np.full(first.shape, 255, np.uint8)
    try:
        _, found = cv2.findTransformECC(first, second, warp, cv2.MOTION_AFFINE, stop, mask, 5)
    except cv2.error:  # its way to say that it does not converge: strangers
        return None
    stretch, turn = np.abs([found[0, 0], found[1, 1]]), np.abs([found[0, 1], found[1, 0]])
    if stretch.max() > _MOST_STRETCH or stretch.min() < 1 / _MOST_STRETCH or turn.max() > _MOST_TURN:
        return None
    way = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = (first.shape[1], first.shape[0])
    known = cv2.warpAffine(mask, found, size, flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP)
    if np.count_nonzero(known) < _LEAST_OVERLAP * known.size:
        return None
    there = cv2.erode(known, np.ones((_RIM, _RIM), np.uint8), borderValue=(255,)) > 0
    return cast("Floats", cv2.warpAffine(second, found, size, flags=way, borderMode=cv2.BORDER_REPLICATE)), there


def _compared(first: Floats, second: Floats, there: Any) -> Match:
    import numpy as np

    a, b = _evened(first, there), _evened(second, there)
    scores = np.where(there, ssim_map(a, b), np.nan)
    cells = scores.reshape(_CELLS, SIDE // _CELLS, _CELLS, SIDE // _CELLS)
    known = there.reshape(cells.shape).sum((1, 3))
    enough = known >= (SIDE // _CELLS) ** 2 // 2
    means = np.nansum(cells, (1, 3))[enough] / known[enough]
    return Match(float(np.nanmean(scores)), float(means.min()))


def _evened(values: Floats, there: Any) -> Floats:
    """Blurred a little, which takes the marks of resizing and compression away, and of one brightness and contrast."""
    import cv2

    soft = cv2.GaussianBlur(values, (0, 0), 0.8)
    part = soft[there]
    gain = min(_CONTRAST / max(float(part.std()), 1e-3), _MOST_GAIN)
    return cast("Floats", (soft - float(part.mean())) * gain + 128)
