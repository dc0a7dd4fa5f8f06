"""The metrics of the profile ``classic``: global figures of the grey and colour values, at the picture's own size.

They depend on the resolution, and few pictures reach the classic thresholds; the profile is there for those who have
results to compare with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .pixels import colours, grey, opaque
from .ssim import ssim_uniform

if TYPE_CHECKING:
    from PIL.Image import Image

    from .pixels import Bytes

EDGES = (50, 150)
PART = 0.01  # of the picture's area
PARTS = 10
NO_EDGES = 0.1


def similarity(original: Image, variation: Image) -> float:
    """SSIM of the grey pictures; the variation is brought to the original's size by Lanczos where it has another."""
    from PIL.Image import Resampling

    first, second = opaque(original), opaque(variation)
    if second.size != first.size:
        second = second.resize(first.size, Resampling.LANCZOS)
    return ssim_uniform(grey(colours(first)), grey(colours(second)))


def aesthetic(pixels: Bytes) -> float:
    """The mean of colour variance, contrast, balance of brightness and sharpness, each 0 to 1."""
    import cv2
    import numpy as np

    plain = grey(pixels)
    variances = [float(np.var(pixels[..., channel])) for channel in range(3)]
    laplacian = cv2.Laplacian(plain, cv2.CV_64F)
    parts = (
        min(float(np.var(variances)) / 10000, 1.0),
        min(2 * float(plain.std()) / 255, 1.0),
        1 - 2 * abs(float(plain.mean()) / 255 - 0.5),
        min(float(laplacian.var()) / 1000, 1.0),
    )
    return sum(parts) / len(parts)


def object_integrity(pixels: Bytes) -> float:
    """How many connected edges cover over a hundredth of the picture each, of ten; 0.1 where there are no edges."""
    import cv2

    edges = cv2.Canny(grey(pixels), *EDGES)
    if not edges.any():
        return NO_EDGES
    _, _, stats, _ = cv2.connectedComponentsWithStats(edges, connectivity=8)
    large = int((stats[1:, cv2.CC_STAT_AREA] > PART * edges.size).sum())
    return min(large / PARTS, 1.0)
