"""Whether some hours or weekdays are preferred, told from chance where what is done comes in bursts.

Each day (or week) is a hand of a clock that points to where its weight lies. Hands that point anywhere cancel out; only
where they agree is there a rhythm. Bursts weigh less than what is done in them, and whole days by no more than their
hours: a day's share of an hour would lean to midnight, where bursts are cut in two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .chance import combined
from .trends import Figures, Floats, capped, checked

FEWEST_DAYS, FEWEST_WEEKS = 7, 4


@dataclass(frozen=True)
class Rhythm:
    """``busiest`` are hours, 0 to 23, or weekdays, 0 is Monday, one after the other, past midnight or Sunday too;
    ``share`` of all falls in them. ``p`` is 1 where a few heavy bursts elsewhere contradict all others."""

    p: float
    busiest: tuple[int, ...]
    share: float


def rhythm_of_hours(counts: Sequence[Sequence[float]] | NDArray[np.float64] | NDArray[np.int64]) -> Rhythm | None:
    """The rhythm of days of 24 hours each; None under 7 active days."""
    return _rhythm(
        checked(np.asarray(counts, dtype=np.float64).reshape(-1, 24)), FEWEST_DAYS, (1, 2), 12, overlapping=True
    )


def rhythm_of_weekdays(daily: Figures, start_weekday: int) -> Rhythm | None:
    """The rhythm of weeks in one figure a day, of which the first is of ``start_weekday``; days before the last whole
    weeks are not looked at. None under 4 active weeks."""
    figures = checked(daily)
    first = len(figures) % 7
    weeks = figures[first:].reshape(-1, 7)
    found = _rhythm(weeks, FEWEST_WEEKS, (1, 2, 3), 3, overlapping=False)
    if found is None:
        return None
    return replace(found, busiest=tuple((start_weekday + first + place) % 7 for place in found.busiest))


def _rhythm(
    amounts: Floats, fewest: int, harmonics: tuple[int, ...], longest: int, *, overlapping: bool
) -> Rhythm | None:
    """``overlapping`` is for bursts that go on past the end, which point two hands to one place."""
    active = int(np.count_nonzero(amounts.sum(axis=1)))
    if active < fewest:
        return None
    weights = np.sqrt(capped(amounts))
    hands = np.fft.fft(weights, axis=1)[:, list(harmonics)]
    lengths = np.sum(np.abs(hands) ** 2, axis=0)
    if overlapping:
        apart = hands - hands.mean(axis=0)
        lengths += np.maximum(0.0, 2 * np.sum(apart[1:] * apart[:-1].conj(), axis=0).real)
    agreements = np.abs(hands.sum(axis=0)) ** 2 / np.where(lengths > 1e-12, lengths * active, np.inf)
    p = combined([float(max(0.0, 1 - each)) ** (active - 1) for each in agreements])
    busiest = _busiest(weights.sum(axis=0) / weights.sum(), longest)
    share = float(amounts[:, busiest].sum() / amounts.sum())
    contradicted = share <= len(busiest) / amounts.shape[1]
    return Rhythm(1.0 if contradicted else p, busiest, share)


def _busiest(profile: Floats, longest: int) -> tuple[int, ...]:
    """The places in a row, round the end too, that have most beyond their even share."""
    size = len(profile)
    sums = np.concatenate([[0.0], np.cumsum(np.concatenate([profile, profile]) - 1 / size)])
    lengths = np.arange(1, longest + 1)
    beyond = sums[np.arange(size)[:, None] + lengths] - sums[:size, None]
    first, place = np.unravel_index(int(np.argmax(beyond.round(12))), beyond.shape)
    return tuple(int(first + step) % size for step in range(int(lengths[place])))
