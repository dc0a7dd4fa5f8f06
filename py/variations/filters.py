"""Filters for pictures of any origin: which are good, and which show the same. Nothing is sent anywhere."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar

from ..errors import UsageError
from ..events import Event, Events
from ..storage.database import Database
from ..uncancelled import cancelled_after
from .duplicates import Duplicate, DuplicationPreventer
from .memory import MemoryOptimizer
from .quality import Metrics, Profile, Thresholds, VariationQualityAnalyzer
from .requests import SAME
from .seen import Seen
from .seen_table import SeenPictures

if TYPE_CHECKING:
    from PIL.Image import Image

T = TypeVar("T")
Scope = Literal["batch", "session", "ever"]
Memory = Literal["session", "ever"]
SCOPES: tuple[Scope, ...] = ("batch", "session", "ever")
Progress = Callable[[int], None]

_MOST_THREADS = 4


@dataclass(frozen=True)
class Judgement:
    """Of the picture with that place in the row. ``metrics`` is None for one that could not be judged; ``reasons`` say
    why it is not good enough, none if it is."""

    place: int
    metrics: Metrics | None
    reasons: tuple[str, ...]

    @property
    def accepted(self) -> bool:
        return not self.reasons


@dataclass(frozen=True)
class Sameness:
    """Whether the picture with that place shows the same as another: that one's place, None where it was seen before
    this row. ``similarity`` is None for one that is new."""

    place: int
    of: int | None = None
    similarity: float | None = None
    mirrored: bool = False

    @property
    def is_new(self) -> bool:
        return self.similarity is None


class ImageFilters:
    """Pictures are taken one by one from an iterable, so that no more than a few need to be in memory."""

    def __init__(self, database: Database, events: Events) -> None:
        self._database = database
        self._events = events
        self._shared: dict[Scope, Seen] = {}
        self._opening = threading.Lock()

    async def judge(
        self,
        images: Iterable[Image],
        original: Image | None = None,
        *,
        profile: Profile = "calibrated",
        thresholds: Thresholds | None = None,
        progress: Progress = lambda done: None,
    ) -> list[Judgement]:
        """In their order. ``progress`` is called in a thread."""
        analyzer = VariationQualityAnalyzer(profile, thresholds)
        began = time.monotonic()

        def judged(place: int, image: Image) -> Judgement:
            try:
                metrics = analyzer.analyze_variation_quality(original, image)
            except UsageError as error:
                return Judgement(place, None, (str(error),))
            return Judgement(place, metrics, tuple(analyzer.why_not(metrics)))

        found = await _in_thread(lambda stopped: _side_by_side(judged, images, progress, stopped))
        self._tell("quality", [each.accepted for each in found], began)
        return found

    async def compare(
        self,
        images: Iterable[Image],
        *,
        scope: Scope = "batch",
        same: float = SAME,
        mirrored: bool = False,
        progress: Progress = lambda done: None,
    ) -> list[Sameness]:
        """In their order; what is new is remembered as far as the ``scope`` reaches: in this row, while the application
        runs, or for good."""
        if scope not in SCOPES:
            raise UsageError(f"There is no scope {scope!r}: take {', '.join(SCOPES)}.")

        began = time.monotonic()

        def work(stopped: threading.Event) -> list[Sameness]:
            preventer = DuplicationPreventer(same, mirrored=mirrored, seen=self._seen(scope))
            places: dict[int, int] = {}
            found: list[Sameness] = []
            for place, image in enumerate(images):
                if stopped.is_set():
                    break
                what = preventer.added(image)
                if isinstance(what, Duplicate):
                    found.append(Sameness(place, places.get(what.number), what.match.similarity, what.mirrored))
                else:
                    places[what] = place
                    found.append(Sameness(place))
                progress(place + 1)
            return found

        found = await _in_thread(work)
        self._tell("duplicates", [each.is_new for each in found], began)
        return found

    async def remembered(self) -> dict[Memory, int]:
        """How many pictures each memory has: of those let through while the application runs, and of all, ever."""
        session = self._shared.get("session")
        ever = await asyncio.to_thread(SeenPictures(self._database).count)
        return {"session": len(session) if session else 0, "ever": ever}

    async def forget(self, scope: Scope) -> None:
        """Forgets every picture that was seen in that scope."""
        if seen := await asyncio.to_thread(self._seen, scope):
            await asyncio.to_thread(seen.clear)

    def _tell(self, what: str, good: list[bool], began: float) -> None:
        data = {"looked": len(good), "good": sum(good), "seconds": round(time.monotonic() - began, 3)}
        self._events.publish(Event("filter", what, data, final=True))

    def _seen(self, scope: Scope) -> Seen | None:
        """Blocking."""
        if scope == "batch":
            return None
        with self._opening:
            if scope not in self._shared:
                self._shared[scope] = Seen(SeenPictures(self._database) if scope == "ever" else None)
            return self._shared[scope]


def groups(found: Iterable[Sameness]) -> list[list[int]]:
    """The places of pictures that show the same, the kept one first; without those seen before."""
    together: dict[int, list[int]] = {}
    for each in found:
        if each.of is not None:
            together.setdefault(each.of, [each.of]).append(each.place)
    return [*together.values()]


async def _in_thread(work: Callable[[threading.Event], T]) -> T:
    """Cancelling tells ``work`` to stop, and waits until it has."""
    stopped = threading.Event()
    return await cancelled_after(asyncio.to_thread(work, stopped), stopped)


def _side_by_side(
    work: Callable[[int, Image], T], images: Iterable[Image], progress: Progress, stopped: threading.Event
) -> list[T]:
    """What ``work`` makes of each, in their order; twice as many as threads are held at most, or what memory allows."""
    threads = min(_MOST_THREADS, os.cpu_count() or 1)
    memory = MemoryOptimizer()
    done: list[T] = []
    waiting: deque[Future[T]] = deque()

    def take() -> None:
        done.append(waiting.popleft().result())
        progress(len(done))

    with ThreadPoolExecutor(threads, "lorakeeper-judge") as pool:
        for place, image in enumerate(_until(images, stopped)):
            waiting.append(pool.submit(work, place, image))
            while len(waiting) >= memory.batch_size(image.width, image.height, 2 * threads):
                take()
        while waiting:
            take()
    return done


def _until(images: Iterable[Image], stopped: threading.Event) -> Iterator[Image]:
    for image in images:
        if stopped.is_set():
            return
        yield image
