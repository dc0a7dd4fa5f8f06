"""Asking for less when little succeeds: three levels of size, quality and attempts, and when to go between them."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from enum import Enum

from ..errors import UsageError

WINDOW = 5  # results that a judgement takes
RESTORES = 0.8


class QualityLevel(str, Enum):
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True)
class QualitySettings:
    """``max_dimension`` in pixels; ``quality`` is the overall quality that a variation needs; ``attempts`` for each."""

    max_dimension: int
    quality: float
    attempts: int


SETTINGS: dict[QualityLevel, QualitySettings] = {
    QualityLevel.HIGH: QualitySettings(2048, 0.8, 3),
    QualityLevel.MEDIUM: QualitySettings(1536, 0.6, 2),
    QualityLevel.LOW: QualitySettings(1024, 0.4, 1),
}
_LOWERS = {QualityLevel.HIGH: 0.5, QualityLevel.MEDIUM: 0.3}
_ORDER = tuple(QualityLevel)


@dataclass(frozen=True)
class QualityChange:
    """A step from one level to the next. ``result`` counts all results so far, ``mean`` is that of the recent five."""

    result: int
    before: QualityLevel
    after: QualityLevel
    mean: float

    def __str__(self) -> str:
        lowered = _ORDER.index(self.after) > _ORDER.index(self.before)
        return (
            f"After {self.result} results the quality level was {'lowered' if lowered else 'restored'} from"
            f" {self.before.value} to {self.after.value}: {self.mean:.0%} of the last {WINDOW} succeeded."
        )


class AdaptiveQualityManager:
    """Follows the rate of success. Unless ``enabled`` it stays at its first level: a graph gives the same twice.

    Each level is judged by five results of its own: a change begins the count anew.
    """

    def __init__(self, *, enabled: bool = False, level: QualityLevel = QualityLevel.HIGH) -> None:
        self.enabled = enabled
        self._level = QualityLevel(level)
        self._recent: deque[float] = deque(maxlen=WINDOW)
        self._results = 0
        self._changes: list[QualityChange] = []

    @property
    def level(self) -> QualityLevel:
        return self._level

    @property
    def settings(self) -> QualitySettings:
        return SETTINGS[self._level]

    @property
    def changes(self) -> tuple[QualityChange, ...]:
        """What was changed and why, in order; ``str()`` of each is a sentence for the report."""
        return tuple(self._changes)

    def record(self, success_rate: float) -> QualityChange | None:
        """Counts one result, 0 to 1, and goes to the next level where the recent mean asks for it."""
        if not (math.isfinite(success_rate) and 0 <= success_rate <= 1):
            raise UsageError("A rate of success must lie between 0 and 1.")
        if not self.enabled:
            return None
        self._results += 1
        self._recent.append(float(success_rate))
        if len(self._recent) < WINDOW:
            return None
        mean = math.fsum(self._recent) / WINDOW
        after = self._next(mean)
        if after is self._level:
            return None
        change = QualityChange(self._results, self._level, after, mean)
        self._changes.append(change)
        self._level = after
        self._recent.clear()
        return change

    def _next(self, mean: float) -> QualityLevel:
        place = _ORDER.index(self._level)
        if mean < _LOWERS.get(self._level, 0.0):
            return _ORDER[place + 1]
        return _ORDER[place - 1] if mean > RESTORES and place else self._level
