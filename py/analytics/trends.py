"""Whether a daily figure rises or falls, told from chance in counts that come in bursts, hang together from day to day,
have weekly cycles, heavy tails and holidays.

A trend is growth or decline by a constant factor a day. How far the figures lean is measured against how far they sway
on their own: the straight line's part in them against those of the next slower to faster curves. As days that hang
together sway most slowly, the slow curves alone are asked, and even they are taken for too calm.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .chance import LIMIT, t_bound, t_tail

Floats = NDArray[np.float64]
Figures = Sequence[float] | NDArray[np.float64] | NDArray[np.int64]

FEWEST_DAYS, FEWEST_ACTIVE = 14, 8
# Each day may hang together with the one before by so much (an AR(1)); bench/evidence.py asks up to 0.6.
_PERSISTENCE = 0.65
_FARTHEST = 25  # days; what is left of it then is nothing
_CAP = 0.9  # what is above this quantile of the active days is taken down to it
_SHIFTS: Floats = np.linspace(-6.0, 6.0, 61)  # logarithms of the end against the beginning, 1:400 to 400:1
_MIDDLE, _WIDEST = len(_SHIFTS) // 2, 12.0


@dataclass(frozen=True)
class Trend:
    """``ratio`` is the end of the period against its beginning, ``slope`` the mean change a day in the figure's unit;
    low and high bound their 95 % intervals, which exclude 1 and 0 where ``p`` < 0.05."""

    direction: Literal["up", "down"] | None
    p: float
    slope: float
    slope_low: float
    slope_high: float
    ratio: float
    ratio_low: float
    ratio_high: float


def trend(values: Figures) -> Trend | None:
    """The trend of one figure a day; None where under 14 days or under 8 active ones are too little to tell.

    Days in a stretch of zeros too long for chance, such as a holiday, are left out. ValueError for what is negative,
    infinite or not a number.
    """
    figures = checked(values)
    if len(figures) < FEWEST_DAYS:
        return None
    days = _outside_gaps(figures)
    figures, size = figures[days], len(figures)
    if len(days) < FEWEST_DAYS or np.count_nonzero(figures) < FEWEST_ACTIVE:
        return None
    times = 2.0 * days / (size - 1) - 1.0
    df = slow_curves(len(days))
    curves = _curves(days, times, df)
    parts = capped(figures) @ curves
    parts[np.abs(parts) < 1e-9 * np.linalg.norm(figures)] = 0.0
    sway = float(np.sqrt(np.mean(parts[1:] ** 2))) * calmness(curves, days)
    lean = float(parts[0])
    t = 0.0 if lean == 0 else math.inf if sway == 0 else lean / sway
    shift, each = _shift(figures, times, curves[:, 0], lean)
    margin = t_bound(df) * each * sway
    shifts = [float(np.clip(one, -_WIDEST, _WIDEST)) for one in (shift, shift - margin, shift + margin)]
    slope, slope_low, slope_high = (_slope(figures, times, one, size) for one in shifts)
    ratio, ratio_low, ratio_high = (math.exp(one) for one in shifts)
    direction: Literal["up", "down"] | None = "up" if lean > 0 else "down" if lean < 0 else None
    return Trend(direction, t_tail(t, df), slope, slope_low, slope_high, ratio, ratio_low, ratio_high)


def checked(values: Figures) -> Floats:
    """``values`` as numbers; ValueError for what cannot be a count, a size or a cost."""
    figures = np.asarray(values, dtype=np.float64)
    if not (np.isfinite(figures).all() and (figures >= 0).all()):
        raise ValueError("Daily figures must be finite and not negative.")
    return figures


def capped(figures: Floats) -> Floats:
    """A copy in which none of the active figures outweighs all others."""
    return np.minimum(figures, np.quantile(figures[figures > 0], _CAP))


def slow_curves(days: int) -> int:
    """Of how many curves the sway is told: more tell it better, but the faster ones know less of the slow one."""
    return max(3, int(days**0.42 + 0.5))


def calmness(curves: Floats, days: NDArray[np.intp]) -> float:
    """How much more the first of ``curves`` sways than the others if days hang together as much as they may."""
    calendar = np.zeros((int(days[-1] - days[0]) + 1, curves.shape[1]))
    calendar[days - days[0]] = curves
    variances = np.sum(calendar**2, axis=0)
    for lag in range(1, min(_FARTHEST, len(calendar))):
        variances += 2 * _PERSISTENCE**lag * np.sum(calendar[lag:] * calendar[:-lag], axis=0)
    return math.sqrt(max(1.0, float(variances[0] / variances[1:].mean())))


def _outside_gaps(figures: Floats) -> NDArray[np.intp]:
    """The days but for stretches of zeros that would come in 5 of 100 such periods if days were independent."""
    zeros = figures <= 0
    share = float(zeros.mean())
    if 0 < share < 1:
        longest = math.log(LIMIT / len(figures)) / math.log(share)
        edges = np.flatnonzero(np.diff(np.concatenate([[False], zeros, [False]]).astype(np.int8)))
        for first, end in edges.reshape(-1, 2):
            zeros[first:end] = end - first >= longest
        return np.flatnonzero(~zeros)
    return np.arange(len(figures))


def _curves(days: NDArray[np.intp], times: Floats, slow: int) -> Floats:
    """The line and the ``slow`` curves after it as orthonormal columns, each free of anything weekly."""
    weekdays = np.eye(7)[days % 7]
    weekdays = weekdays[:, weekdays.any(axis=0)]
    shapes = np.polynomial.legendre.legvander(times, slow + 1)[:, 1:]
    columns, triangle = np.linalg.qr(np.concatenate([weekdays, shapes], axis=1))
    found: Floats = (columns * np.where(np.diag(triangle) < 0, -1.0, 1.0))[:, weekdays.shape[1] :]
    return found


def _shift(figures: Floats, times: Floats, line: Floats, lean: float) -> tuple[float, float]:
    """The growth without which nothing leans, a logarithm over the period, and how much of it is one unit of lean."""
    active = figures > 0
    evened = figures[active] * np.exp(-np.outer(_SHIFTS, times[active]) / 2)
    leans = np.minimum(evened, np.quantile(evened, _CAP, axis=1)[:, None]) @ line[active]
    step = float(_SHIFTS[1] - _SHIFTS[0])
    steepness = float(leans[_MIDDLE - 1] - leans[_MIDDLE + 1]) / (2 * step)
    side = np.arange(_MIDDLE, len(_SHIFTS)) if lean > 0 else np.arange(_MIDDLE, -1, -1)
    beyond = np.flatnonzero(leans[side] * np.sign(lean) <= 0)
    if lean == 0:
        shift = 0.0
    elif not len(beyond):
        shift = float(_SHIFTS[side[-1]])
    else:
        before, after = side[max(0, beyond[0] - 1)], side[beyond[0]]
        part = leans[before] / (leans[before] - leans[after]) if before != after else 0.0
        shift = float(_SHIFTS[before] + part * (_SHIFTS[after] - _SHIFTS[before]))
    if abs(shift) >= step:
        return shift, shift / lean
    return shift, (1 / steepness if steepness > 0 else math.inf)


def _slope(figures: Floats, times: Floats, shift: float, size: int) -> float:
    """The mean change a day of a curve that grows by ``shift`` and has the figures' sum."""
    level = float(figures.sum() / np.exp(shift * times / 2).sum())
    return level * 2 * math.sinh(shift / 2) / (size - 1)
