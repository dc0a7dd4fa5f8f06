"""Structural similarity of two grey pictures of the same size: 1 for the same, near 0 for strangers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from ..errors import UsageError

if TYPE_CHECKING:
    from .pixels import Bytes, Floats

WINDOW = 7
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
_SIGMA, _REACH = 1.5, 5  # the Gaussian window is 11 × 11


def ssim_uniform(one: Bytes, other: Bytes) -> float:
    """The mean over windows of 7 × 7 equal weights that lie wholly inside, with sample covariances: what scikit-image's
    ``structural_similarity`` gives for eight bits when it is told nothing else."""
    import cv2
    import numpy as np

    if min(one.shape) < WINDOW:
        raise UsageError(f"Pictures must be at least {WINDOW} pixels wide and high to be compared.")

    def mean(values: Any) -> Any:
        return cv2.boxFilter(values, cv2.CV_64F, (WINDOW, WINDOW))

    a, b = one.astype(np.float64), other.astype(np.float64)
    count = WINDOW * WINDOW
    quality = _similarity(mean(a), mean(b), mean(a * a), mean(b * b), mean(a * b), count / (count - 1))
    edge = WINDOW // 2
    return float(quality[edge:-edge, edge:-edge].mean())


def ssim_map(one: Bytes | Floats, other: Bytes | Floats) -> Floats:
    """SSIM around each pixel, weighed by a Gaussian of 1.5 pixels, in single precision; as large as the pictures."""
    import cv2
    import numpy as np

    def mean(values: Any) -> Any:
        return cv2.GaussianBlur(values, (2 * _REACH + 1, 2 * _REACH + 1), _SIGMA, borderType=cv2.BORDER_REFLECT)

    # Around zero single precision loses nothing in the differences of squares; C1's means are put back below.
    a, b = one.astype(np.float32) - 128, other.astype(np.float32) - 128
    return cast("Floats", _similarity(mean(a), mean(b), mean(a * a), mean(b * b), mean(a * b), 1.0, 128.0))


def ssim_gaussian(one: Bytes | Floats, other: Bytes | Floats) -> float:
    """The mean of :func:`ssim_map` without the border, where the window would hang over."""
    scores = ssim_map(one, other)
    if min(scores.shape) > 2 * _REACH:
        scores = scores[_REACH:-_REACH, _REACH:-_REACH]
    return float(scores.mean())


def _similarity(a: Any, b: Any, aa: Any, bb: Any, ab: Any, sample: float, offset: float = 0.0) -> Any:
    """From the windows' means of both, their squares and their product, all taken from values less ``offset``."""
    variances = sample * (aa - a * a + bb - b * b)
    covariance = sample * (ab - a * b)
    a, b = a + offset, b + offset
    return ((2 * a * b + _C1) * (2 * covariance + _C2)) / ((a * a + b * b + _C1) * (variances + _C2))
