"""What is true of a log of activity and what is chance: trends, rhythms, changed shares, and models used together.

Each p value is the chance of seeing as much where there is nothing; ``bench/evidence.py`` holds that against simulated
histories. ``holm`` corrects the p values of all that one summary looks at.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .chance import holm, t_bound, t_tail
from .meetings import Meetings, together
from .rhythms import Rhythm, rhythm_of_hours, rhythm_of_weekdays
from .trends import Figures, Floats, Trend, calmness, checked, slow_curves, trend

__all__ = [
    "Meetings",
    "Rhythm",
    "ShareChange",
    "Trend",
    "holm",
    "rhythm_of_hours",
    "rhythm_of_weekdays",
    "share_change",
    "together",
    "trend",
]

FEWEST_DAYS = 7
_FEWEST_EVEN = 5.0  # days, if all were alike


@dataclass(frozen=True)
class ShareChange:
    """Shares of the period before and of this one, and their difference with its 95 % interval."""

    before: float
    now: float
    difference: float
    low: float
    high: float
    p: float


def share_change(
    part_before: Figures, whole_before: Figures, part_now: Figures, whole_now: Figures
) -> ShareChange | None:
    """Whether a part's share of the whole changed between two periods of days. What is done in one day belongs
    together, and neighbouring days may.

    None where either period has under 7 active days, or so few heavy ones that they alone decide. ValueError where a
    part is more than its whole.
    """
    periods = [_days(part_before, whole_before), _days(part_now, whole_now)]
    for _, whole in periods:
        if len(whole) < FEWEST_DAYS or _even_days(whole) < _FEWEST_EVEN:
            return None
    pooled = float(sum(part.sum() for part, _ in periods) / sum(whole.sum() for _, whole in periods))
    (before, before_variance, before_df), (now, now_variance, now_df) = (_share(*each, pooled) for each in periods)
    variance = before_variance + now_variance
    difference = now - before
    if variance == 0:
        return ShareChange(before, now, difference, difference, difference, 1.0)
    df = math.floor(variance**2 / (before_variance**2 / before_df + now_variance**2 / now_df))
    margin = t_bound(df) * math.sqrt(variance)
    low, high = max(-1.0, difference - margin), min(1.0, difference + margin)
    return ShareChange(before, now, difference, low, high, t_tail(difference / math.sqrt(variance), df))


def _days(part: Figures, whole: Figures) -> tuple[Floats, Floats]:
    """The active days' figures."""
    parts, wholes = checked(part), checked(whole)
    if parts.shape != wholes.shape or (parts > wholes * (1 + 1e-9)).any():
        raise ValueError("A part must not be more than its whole, on any day.")
    active = wholes > 0
    return parts[active], wholes[active]


def _even_days(whole: Floats) -> float:
    """As how many days of the same weight these count."""
    return float(whole.sum() ** 2 / np.sum(whole**2))


def _share(part: Floats, whole: Floats, pooled: float) -> tuple[float, float, int]:
    """The share, its variance, and of how many figures that is told."""
    total, size = float(whole.sum()), len(whole)
    share = float(part.sum()) / total
    # What the share would be without the day, against what it is.
    pulls = (part - share * whole) / (total - whole)
    df = slow_curves(size)
    days = np.arange(size)
    curves = np.cos(np.pi * np.outer(days + 0.5, np.arange(df + 1)) / size) * math.sqrt(2)
    curves[:, 0] = 1.0
    variance = float(np.mean((pulls @ curves[:, 1:]) ** 2)) * calmness(curves, days) ** 2
    # One more day like all others of both periods: a share of exactly nothing or all is not certain for ever.
    return share, variance + ((pooled - share) / _even_days(whole)) ** 2, df
