"""What chance does: tails of a few distributions, and p values corrected for how many were looked at."""

from __future__ import annotations

import math
from collections.abc import Sequence

LIMIT = 0.05


def t_tail(t: float, df: int) -> float:
    """The chance that Student's t with ``df`` degrees is at least as far from 0 as ``t``, either way."""
    angle = math.atan2(abs(t), math.sqrt(df))
    cos2, odd = math.cos(angle) ** 2, df % 2
    term, total = (math.cos(angle) if odd else 1.0), 0.0
    for step in range(odd, df - 1, 2):
        total += term
        term *= cos2 * (step + 1) / (step + 2)
    inside = math.sin(angle) * total
    return min(1.0, max(0.0, 1 - (2 / math.pi * (angle + inside) if odd else inside)))


def t_bound(df: int) -> float:
    """How far from 0 Student's t with ``df`` degrees is in 5 of 100 cases."""
    low, high = 0.0, 64.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if t_tail(middle, df) > LIMIT else (low, middle)
    return high


def combined(ps: Sequence[float]) -> float:
    """One p value of several independent ones, after Fisher."""
    half = -sum(math.log(max(p, 1e-300)) for p in ps)
    return min(1.0, math.exp(-half) * sum(half**step / math.factorial(step) for step in range(len(ps))))


def holm(ps: Sequence[float]) -> list[float]:
    """``ps`` corrected after Holm, in their order: of 100 such lists of pure chance at most 5 hold one below 0.05."""
    corrected, highest = [0.0] * len(ps), 0.0
    for rank, place in enumerate(sorted(range(len(ps)), key=ps.__getitem__)):
        highest = max(highest, min(1.0, ps[place] * (len(ps) - rank)))
        corrected[place] = highest
    return corrected
