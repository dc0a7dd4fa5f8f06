"""Whether two models are used in the same prompts more often than each for itself, told from chance where a prompt is
run many times over, and where some days and some prompts use more models than others.

Each day is one vote: it says how many more prompts had both than that day's own use of either would bring.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .chance import t_tail
from .trends import Floats, checked

_FEWEST_DAYS = 8


@dataclass(frozen=True)
class Meetings:
    """The prompts that had both, those that chance would bring, and the chance of so many more."""

    times: float
    expected: float
    p: float


def together(
    both: Sequence[float] | Floats,
    one: Sequence[float] | Floats,
    other: Sequence[float] | Floats,
    prompts: Sequence[float] | Floats,
    uses: Sequence[float] | Floats,
    pairs: Sequence[float] | Floats,
) -> Meetings | None:
    """Of each day: the prompts with both models, with one, with the other, all of them, the models and the pairs of
    models in them. None where under 8 days have both kinds of prompts, and so can tell anything."""
    met, a, b, all_prompts, models, every_pair = map(checked, (both, one, other, prompts, uses, pairs))
    used = (a > 0) & (b > 0)
    met, a, b, all_prompts, models, every_pair = (each[used] for each in (met, a, b, all_prompts, models, every_pair))
    # Prompts of many models hold any two of them more easily; what is in all prompts meets everything.
    expected = a * b * np.maximum(1 / all_prompts, 2 * every_pair / models**2)
    fewer = np.minimum(a, b)
    telling = np.maximum(a, b) < all_prompts
    if np.count_nonzero(telling) < _FEWEST_DAYS:
        return None
    votes = ((met - expected) / fewer)[telling]
    spread = float(votes.std(ddof=1)) / math.sqrt(len(votes))
    mean = float(votes.mean())
    t = 0.0 if mean == 0 else math.copysign(math.inf, mean) if spread == 0 else mean / spread
    tail = t_tail(t, len(votes) - 1) / 2
    return Meetings(float(met.sum()), float(expected.sum()), tail if t > 0 else 1 - tail)
