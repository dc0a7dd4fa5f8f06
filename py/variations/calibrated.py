"""The metrics of the profile ``calibrated``: how sure it is that nothing is wrong with a picture.

Each trace of a fault becomes a suspicion between 0 and 1 by its :class:`Limit`; the metrics are made of those. The
limits come from ``bench/quality.py --fit``: intact pictures and spoilt ones, of which one half sets the limits and the
other half only reports.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

from ..errors import UsageError
from .faults import traces
from .pixels import grey, sized, within
from .ssim import ssim_gaussian

if TYPE_CHECKING:
    from .pixels import Bytes

SMALLEST = 32
COMPARED = 256  # the longer side at which pictures are compared


@dataclass(frozen=True)
class Limit:
    """Half suspicious at ``middle``, by nine tenths at about two ``width`` beyond it."""

    middle: float
    width: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.middle) and math.isfinite(self.width) and self.width > 0):
            raise UsageError("A limit needs a finite middle and a width over 0.")

    def suspicion(self, trace: float) -> float:
        return 1 / (1 + math.exp(-max(-60.0, min(60.0, (trace - self.middle) / self.width))))


@dataclass(frozen=True)
class Limits:
    """One limit a trace; the names are those of :func:`.faults.traces`, with underscores."""

    blurred: Limit = field(default=Limit(0.789, 0.038))
    blank: Limit = field(default=Limit(0.00912, 0.69))
    noisy: Limit = field(default=Limit(8.85, 2.4))
    speckled: Limit = field(default=Limit(0.0099, 0.005))
    striped: Limit = field(default=Limit(14.1, 3.7))
    cut_off: Limit = field(default=Limit(0.267, 0.019))
    smeared: Limit = field(default=Limit(0.182, 0.088))
    blocky: Limit = field(default=Limit(2.05, 0.24))
    posterised: Limit = field(default=Limit(0.526, 0.093))

    def suspicions(self, found: Mapping[str, float]) -> dict[str, float]:
        named: dict[str, Limit] = {each.name.replace("_", " "): getattr(self, each.name) for each in fields(self)}
        return {name: limit.suspicion(found[name]) for name, limit in named.items()}


def similarity(original: Bytes, variation: Bytes) -> float:
    """SSIM of the grey pictures at 256 pixels, whatever their sizes; the variation takes the original's shape."""
    first = within(original, COMPARED)
    height, width = first.shape[:2]
    return ssim_gaussian(grey(first), grey(sized(variation, width, height)))


def suspicions(pixels: Bytes, limits: Limits) -> dict[str, float]:
    if min(pixels.shape[:2]) < SMALLEST:
        raise UsageError(f"Pictures must be at least {SMALLEST} pixels wide and high to be judged.")
    return limits.suspicions(traces(pixels))


def aesthetic(found: Mapping[str, float]) -> float:
    """Sharpness, cleanness, gradation and life, each 0 to 1: their mean times the worst of them, because a picture is
    not good by being sharp while it is full of noise. One that is not whole can reach half of that."""
    parts = (
        1 - found["blurred"],
        (1 - found["noisy"]) * (1 - found["speckled"]),
        (1 - found["posterised"]) * (1 - found["blocky"]),
        1 - found["blank"],
    )
    return sum(parts) / len(parts) * min(parts) * (1 + object_integrity(found)) / 2


def object_integrity(found: Mapping[str, float]) -> float:
    """Whether what is shown is whole: nothing missing on a side, no stripes through it, and something there at all."""
    return math.prod(1 - found[name] for name in ("blank", "cut off", "smeared", "striped"))
