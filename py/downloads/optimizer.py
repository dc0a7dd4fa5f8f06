"""How hard to pull: how many connections, in how large pieces, how patiently; judged by what it brings and costs.

Transfers say what they met; every few seconds that is judged, and what was changed is remembered with its reason.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timezone
from enum import Enum

from pydantic import BaseModel

from ..events import Event

_EVERY = 5.0  # seconds between two judgements
_FIRST = 0.7  # seconds of a moment at the beginning
_SHORT = 0.5  # seconds of a window that says little
_WINDOWS = 12  # judgements that the condition is told from
_CHANGES = 50  # kept for the report
_HELD = 0.7  # the share of the best speed of late from which on a few refusals and breaks say nothing
_GAIN = 1.05  # what more connections have to bring, as a factor, to be kept
_COOLING = 6  # judgements during which more connections that brought nothing aren't tried again
_REMEMBERED = 24  # judgements during which as many as were refused aren't tried again
_HOT, _FULL = 90.0, 92.0  # percent of the processor, and of the memory, from which on less is better
_MEGABYTE = 1_000_000
# Why connections are changed: as it is counted, and as it is told.
_WHY = {
    "refused": "The server refused requests.",
    "broke": "Connections broke, and less came.",
    "cpu": "The processor is busy.",
    "memory": "The memory is nearly full.",
    "nothing": "More connections brought nothing.",
    "more": "More connections may bring more.",
}


class OptimizationMode(str, Enum):
    SPEED = "speed"
    EFFICIENCY = "efficiency"
    MINIMAL = "minimal"
    ADAPTIVE = "adaptive"


class NetworkCondition(str, Enum):
    EXCELLENT = "excellent"
    GOOD = "good"
    FAIR = "fair"
    POOR = "poor"
    UNSTABLE = "unstable"


# Bytes that are handed on at once, and the factor of the waits before another try.
_CHUNK = {
    NetworkCondition.EXCELLENT: 1 << 20,
    NetworkCondition.GOOD: 1 << 18,
    NetworkCondition.FAIR: 1 << 16,
    NetworkCondition.POOR: 1 << 12,
    NetworkCondition.UNSTABLE: 1 << 12,
}
_PATIENCE = {
    NetworkCondition.EXCELLENT: 0.5,
    NetworkCondition.GOOD: 1.0,
    NetworkCondition.FAIR: 2.0,
    NetworkCondition.POOR: 4.0,
    NetworkCondition.UNSTABLE: 6.0,
}


class PerformanceMetrics(BaseModel):
    """Speeds in bytes a second, ``cpu`` and ``memory`` in percent of the machine, ``latency`` in seconds to an answer's
    first byte; ``errors`` and ``refused`` (429) since the first transfer, ``error_rate`` of the answers of late."""

    current: float = 0.0
    average: float = 0.0
    peak: float = 0.0
    received: int = 0
    cpu: float = 0.0
    memory: float = 0.0
    latency: float | None = None
    errors: int = 0
    refused: int = 0
    error_rate: float = 0.0
    transfers: int = 0


class Configuration(BaseModel):
    """``connections`` of all transfers together, ``chunk`` in bytes, ``patience`` as a factor of the usual waits."""

    mode: OptimizationMode
    connections: int
    chunk: int
    patience: float


class Change(BaseModel):
    at: datetime
    before: int
    after: int
    why: str


class PerformanceReport(BaseModel):
    """What was measured, what is set, what was changed when and why (newest first), and what the user could do."""

    condition: NetworkCondition
    metrics: PerformanceMetrics
    configuration: Configuration
    changes: list[Change]
    recommendations: list[str]


class _Window:
    """What came in between two judgements."""

    def __init__(self, began: float) -> None:
        self.began = began
        self.received = self.answers = self.errors = self.refused = 0


class PerformanceOptimizer:
    """Settles how many connections there are. All methods belong to one event loop.

    ``mode`` and ``most``, the most connections a file, are the user's word; while ``busy``, as during a prompt, as
    little as can be is used. ``load`` gives the processor's and the memory's use in percent, without blocking.
    ``condition`` is the network's at the last judgement: every chunk asks for what follows from it.
    """

    def __init__(
        self,
        *,
        mode: Callable[[], OptimizationMode],
        most: Callable[[], int],
        busy: Callable[[], bool] = lambda: False,
        load: Callable[[], tuple[float, float]] | None = None,
        clock: Callable[[], float] = time.monotonic,
        every: float = _EVERY,
        keep: Callable[[PerformanceReport], None] = lambda report: None,
        publish: Callable[[Event], None] = lambda event: None,
    ) -> None:
        self._mode = mode
        self._most = most
        self._busy = busy
        self._load = load or _Load()
        self._clock = clock
        self._every = every
        self._keep = keep
        self._publish = publish
        self.condition = NetworkCondition.GOOD
        self._metrics = PerformanceMetrics()
        self._rates: deque[float] = deque(maxlen=_WINDOWS)
        self._faults: deque[tuple[int, int]] = deque(maxlen=_WINDOWS)  # answers and errors of a window
        self._changes: deque[Change] = deque(maxlen=_CHANGES)
        self._window = _Window(clock())
        self._connections = max(1, most() // 2)
        self._raised: tuple[int, float] | None = None  # connections and rate before they were raised
        self._cooling = 0
        self._ceiling = self._remembered = 0
        self._careful = False  # once more was too much, it is raised by little
        self._judging: asyncio.Task[None] | None = None
        self._seconds = 0.0

    # -- What transfers say and ask ----------------------------------------------------------------------------------

    @asynccontextmanager
    async def transfer(self) -> AsyncIterator[None]:
        """One file's transfer; while there is any, it is judged."""
        self._metrics.transfers += 1
        if self._judging is None:
            self._window = _Window(self._clock())
            self._judging = asyncio.create_task(self._judge_always())
        try:
            yield
        finally:
            self._metrics.transfers -= 1
            if not self._metrics.transfers and self._judging:
                self._judging.cancel()
                self._judging = None
                self._measure()
                self._keep(self.report())

    def received(self, count: int) -> None:
        self._window.received += count
        self._metrics.received += count

    def answered(self, seconds: float) -> None:
        """An answer began so many seconds after it was asked for."""
        self._window.answers += 1
        old = self._metrics.latency
        self._metrics.latency = seconds if old is None else old * 0.8 + seconds * 0.2

    def failed(self, *, refused: bool = False) -> None:
        """A connection broke, or was ``refused`` because there were too many requests."""
        self._window.errors += 1
        self._window.refused += refused
        self._metrics.errors += 1
        self._metrics.refused += refused

    def connections(self) -> int:
        """How many connections a file may have now."""
        if self._busy():
            return 1
        most = self._most()
        mode = self._mode()
        if mode is OptimizationMode.ADAPTIVE:
            return max(1, min(most, self._connections // max(1, self._metrics.transfers)))
        return {OptimizationMode.SPEED: most, OptimizationMode.EFFICIENCY: max(1, most // 2)}.get(mode, 1)

    def files(self, most: int) -> int:
        """How many files may come at once, of the ``most`` that the user allows."""
        return 1 if self._busy() or self._mode() is OptimizationMode.MINIMAL else most

    @property
    def most(self) -> int:
        """How many connections a file may ever have: a prompt that runs now will end."""
        return 1 if self._mode() is OptimizationMode.MINIMAL else self._most()

    @property
    def chunk(self) -> int:
        """Bytes that are handed on at once."""
        return _CHUNK[self.condition]

    @property
    def patience(self) -> float:
        """The factor of the waits before another try."""
        return _PATIENCE[self.condition]

    # -- Judging -----------------------------------------------------------------------------------------------------

    def judge(self) -> None:
        """Looks back on what came since the last time, and changes the number of connections where that helps."""
        window, rate = self._measure()
        self._rates.append(rate)
        self._faults.append((window.answers, window.errors))
        metrics = self._metrics
        metrics.cpu, metrics.memory = self._load()
        metrics.error_rate = self._error_rate()
        condition, connections = self.condition, self._connections
        self.condition = _condition(self._rates, metrics.error_rate)
        why: str | None = None
        if self._mode() is OptimizationMode.ADAPTIVE and not self._busy():
            why = self._adapt(window, rate)
        if why or self.condition is not condition:
            current = self._connections if why else self.connections() * max(1, metrics.transfers)
            data = {
                "mode": self._mode().value,
                "condition": self.condition.value,
                "before": connections if why else current,
                "after": current,
                "why": why or "condition",
            }
            self._publish(Event("performance", "connections", data, final=True))

    def _measure(self) -> tuple[_Window, float]:
        """Ends a window, and gives it with its rate. A short one, as the last of a transfer is, has no peaks."""
        window, now = self._window, self._clock()
        passed = max(now - window.began, 1e-3)
        self._window = _Window(now)
        rate = window.received / passed
        self._seconds += passed
        metrics = self._metrics
        metrics.average = metrics.received / self._seconds
        if passed >= _SHORT or not metrics.peak:
            metrics.current, metrics.peak = rate, max(metrics.peak, rate)
        return window, rate

    def _adapt(self, window: _Window, rate: float) -> str | None:
        """Says why connections were changed, if they were."""
        most = self._most() * max(1, self._metrics.transfers)
        self._cooling = max(0, self._cooling - 1)
        raised, self._raised = self._raised, None
        self._remembered = max(0, self._remembered - 1)
        if self._remembered:
            most = min(most, self._ceiling)
        best = max(list(self._rates)[:-1], default=0.0)
        why: str | None = None
        fewer = self._connections - max(1, self._connections // 4)
        stray = bool(self._remembered) and window.refused <= max(1, self._connections // 3) and rate >= _HELD * best
        if window.refused and (raised or not stray):
            # Those that were refused are those too many; before they were raised there were few enough.
            few = raised[0] if raised else self._connections - min(window.refused, self._connections // 2)
            self._ceiling, self._remembered = max(1, self._connections - 1), _REMEMBERED
            why = self._set(few, "refused")
            self._cooling, self._careful = 1, True
        elif window.errors - window.refused >= self._connections and rate < _HELD * best:
            why = self._set(fewer, "broke")
            self._cooling, self._careful = _COOLING, True
        elif self._metrics.cpu > _HOT:
            why = self._set(fewer, "cpu")
        elif self._metrics.memory > _FULL:
            why = self._set(fewer, "memory")
        elif raised and rate < raised[1] * _GAIN:
            why = self._set(raised[0], "nothing")
            self._cooling, self._careful = _COOLING, True
        elif not self._cooling and rate and self._connections < most:
            self._raised = (self._connections, rate)
            more = max(1, self._connections // 4) if self._careful else self._connections
            why = self._set(min(most, self._connections + more), "more")
        return why

    def _set(self, connections: int, why: str) -> str | None:
        connections = max(1, connections)
        if connections == self._connections:
            return None
        at = datetime.now(timezone.utc)
        self._changes.appendleft(Change(at=at, before=self._connections, after=connections, why=_WHY[why]))
        self._connections = connections
        return why

    async def _judge_always(self) -> None:
        if not self._rates:
            # Nothing is known yet, and a file may be here before a judgement is due: connections get a moment to come
            # up to speed, and are judged by the next one.
            await asyncio.sleep(min(self._every, _FIRST))
            self._measure()
            await asyncio.sleep(min(self._every, _FIRST))
            self.judge()
        while True:
            await asyncio.sleep(self._every)
            self.judge()
            self._keep(self.report())

    def _error_rate(self) -> float:
        errors = sum(errors for _, errors in self._faults)
        return errors / max(1, errors + sum(answers for answers, _ in self._faults))

    # -- Saying ------------------------------------------------------------------------------------------------------

    def report(self) -> PerformanceReport:
        mode = OptimizationMode.MINIMAL if self._busy() else self._mode()
        connections = self.connections() * max(1, self._metrics.transfers)
        return PerformanceReport(
            condition=self.condition,
            metrics=self._metrics.model_copy(),
            configuration=Configuration(mode=mode, connections=connections, chunk=self.chunk, patience=self.patience),
            changes=list(self._changes),
            recommendations=self._recommendations(),
        )

    def _recommendations(self) -> list[str]:
        metrics, said = self._metrics, []
        if metrics.refused:
            said.append("The server refuses requests: fewer connections, or fewer downloads at once, would be kinder.")
        if metrics.error_rate > 0.1:
            said.append("Many connections break: look at the network, or at the proxy.")
        if metrics.memory > _FULL:
            said.append("The memory is nearly full: close something, or download when ComfyUI has nothing to do.")
        if metrics.cpu > _HOT and self._mode() is OptimizationMode.SPEED:
            said.append("The processor is busy: the mode `adaptive` leaves ComfyUI more of it.")
        if self._mode() in (OptimizationMode.MINIMAL, OptimizationMode.EFFICIENCY) and metrics.cpu < _HOT / 2:
            said.append("The machine has room: the mode `adaptive` may download faster.")
        return said


def _condition(rates: Sequence[float], error_rate: float) -> NetworkCondition:
    """Told from the speeds of late, how much they varied, and how many answers broke."""
    mean = statistics.fmean(rates)
    spread = statistics.pstdev(rates) / mean if mean else 0.0
    if error_rate > 0.25 or (spread > 0.8 and len(rates) > 2):
        return NetworkCondition.UNSTABLE
    if mean < 0.5 * _MEGABYTE or error_rate > 0.1:
        return NetworkCondition.POOR
    if mean < 5 * _MEGABYTE:
        return NetworkCondition.FAIR
    return NetworkCondition.EXCELLENT if mean >= 30 * _MEGABYTE and error_rate < 0.02 else NetworkCondition.GOOD


class _Load:
    """The machine's load since the last call."""

    def __call__(self) -> tuple[float, float]:
        import psutil

        return psutil.cpu_percent(), psutil.virtual_memory().percent
