"""How a download is getting on, for whoever shows it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

Stage = Literal["transfer", "verify", "scan"]


@dataclass(frozen=True)
class Progress:
    """``received`` and ``total`` in bytes, ``rate`` in bytes a second (smoothed), ``eta`` in seconds. ``held``
    are the seconds that it waited so far, by what for, as in an Outcome."""

    received: int
    total: int | None
    rate: float
    eta: float | None
    stage: Stage
    held: Mapping[str, float] = field(default_factory=dict)


class Meter:
    """Turns counts of bytes into Progress, at most ten times a second but for a change of stage."""

    _EVERY = 0.1
    _MEMORY = 3.0  # seconds after which an old rate counts for little

    def __init__(
        self,
        tell: Callable[[Progress], None],
        total: int | None,
        clock: Callable[[], float] = time.monotonic,
        held: Callable[[], Mapping[str, float]] = dict,
    ) -> None:
        self.total = total
        self._tell = tell
        self._clock = clock
        self._held = held
        self._stage: Stage = "transfer"
        self._received = 0
        self._rate = 0.0
        self._at = clock()
        self._told = False

    def begin(self, received: int, stage: Stage) -> None:
        """A new stage, or the same one from another place; what lies before ``received`` counts for no rate."""
        self._stage, self._received, self._at = stage, received, self._clock()
        self._rate = self._rate if stage == "transfer" else 0.0
        self._say()

    def reach(self, received: int, stage: Stage = "transfer") -> None:
        """``received`` bytes are there by now."""
        if stage != self._stage:
            self.begin(received, stage)
            return
        passed = self._clock() - self._at
        if passed < self._EVERY and received != self.total:
            return
        if passed > 0:
            now = max(0, received - self._received) / passed
            kept = math.exp(-passed / self._MEMORY) if self._rate else 0.0
            self._rate = self._rate * kept + now * (1 - kept)
        self._received, self._at = received, self._clock()
        self._say()

    def again(self) -> None:
        """What was told last, with what it has waited for since."""
        if self._told:
            self._say()

    def _say(self) -> None:
        self._told = True
        left = None if self.total is None else max(0, self.total - self._received)
        eta = left / self._rate if left is not None and self._rate else None
        self._tell(Progress(self._received, self.total, self._rate, eta, self._stage, self._held()))
