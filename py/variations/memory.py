"""Keeping within memory: how large a picture may be, and how many go at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..errors import UsageError

if TYPE_CHECKING:
    from PIL.Image import Image

_MIB = 1 << 20
_CHANNELS, _FLOAT = 4, 4  # alpha may be there; float32
_COPIES = 2  # bytes a pixel that pictures take while they are turned into tensors and back, in units of RGBA
_SHARE = 0.5  # of the memory at hand: the model runs beside


def memory_at_hand() -> int:
    """Bytes that can be had without swapping."""
    import psutil

    return int(psutil.virtual_memory().available)


class MemoryOptimizer:
    """``max_dimension`` is in pixels, ``limit_mb`` in MiB: what a batch may take at most, however much there is."""

    def __init__(
        self, max_dimension: int = 2048, limit_mb: int = 2048, *, available: Callable[[], int] = memory_at_hand
    ) -> None:
        if max_dimension < 1 or limit_mb < 1:
            raise UsageError("The largest dimension and the memory limit must be at least 1.")
        self.max_dimension, self.limit_mb, self._available = max_dimension, limit_mb, available

    def reduced_size(self, width: int, height: int) -> tuple[int, int]:
        """The size at which the longer side is at most ``max_dimension``, in proportion, each side at least 1."""
        if width < 1 or height < 1:
            raise UsageError("A picture must be at least one pixel wide and high.")
        longest = max(width, height)
        if longest <= self.max_dimension:
            return width, height
        share = self.max_dimension / longest
        return max(1, round(width * share)), max(1, round(height * share))

    def reduced(self, image: Image) -> Image:
        """``image`` itself where it is small enough, else a copy reduced by Lanczos. Mode and alpha stay."""
        from PIL.Image import Resampling

        size = self.reduced_size(*image.size)
        if size == image.size:
            return image
        if image.mode in ("P", "1"):  # indices can't be mixed
            image = image.convert("RGBA" if "transparency" in image.info else "RGB")
        return image.resize(size, Resampling.LANCZOS)

    def batch_size(self, width: int, height: int, count: int) -> int:
        """How many of ``count`` pictures of that size go at once, at least 1 while there are any.

        Each takes a float32 tensor as it comes in, one as it goes out reduced, and the bytes of the pictures between.
        """
        if count < 0:
            raise UsageError("The number of pictures can't be negative.")
        out = self.reduced_size(width, height)
        each = _CHANNELS * (width * height * (_FLOAT + _COPIES) + out[0] * out[1] * (_FLOAT + _COPIES))
        budget = min(self.limit_mb * _MIB, int(self._available() * _SHARE))
        return min(count, max(1, budget // each))
