"""Whose turn it is: the order of jobs, and which file comes next. Plain functions of what is known, without rows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ..downloads.segments import Cut
from .jobs import BatchStrategy, BulkOptions, Item, Priority
from .rows import OpenJob

_FEWEST = 2  # large files at once, so that one is looked up or verified while the other comes


@dataclass(frozen=True)
class Limits:
    """How much there is at once: ``files``, ``jobs`` of several files, ``connections`` of one large file."""

    files: int
    jobs: int
    connections: int


@dataclass
class Work:
    """A file that this process is at. ``saved`` are the bytes that its row tells; ``ready``: it is known what to fetch;
    ``go``: it may be fetched; ``stopped``: it is being stopped. ``counted``: the moment up to which its seconds are
    counted, while it is fetched."""

    item: Item
    options: BulkOptions
    saved: int = 0
    ready: bool = False
    go: asyncio.Event = field(default_factory=asyncio.Event)
    stopped: bool = False
    counted: float | None = None
    task: asyncio.Task[None] | None = None

    def count(self, *, fetching: bool) -> None:
        """Counts its seconds up to now, and from now on while it is being fetched."""
        now = time.monotonic()
        if self.counted is not None:
            self.item.seconds += now - self.counted
        self.counted = now if fetching else None

    def stop(self) -> None:
        """Once is enough: what cleans up after the first time must not be disturbed."""
        if self.task and not self.stopped:
            self.stopped = True
            self.task.cancel()


def summed(before: Mapping[str, float], since: Mapping[str, float]) -> dict[str, float]:
    """Seconds by what they were waited for, of earlier times and of this one."""
    return {cause: before.get(cause, 0.0) + since.get(cause, 0.0) for cause in {**before, **since}}


def ordered(jobs: Iterable[OpenJob]) -> list[OpenJob]:
    """The first one first: by priority, which waiting raises, then by place."""
    return sorted(jobs, key=lambda job: (-rank(job), job.position))


def rank(job: OpenJob) -> int:
    """A job's priority; one more for each time that it waited as long as it was told to."""
    boost = job.options.priority_boost
    return min(Priority.HIGH.rank, job.rank + (int(job.waited / 60 // boost) if boost else 0))


def taken_up(jobs: Sequence[OpenJob], limits: Limits) -> list[OpenJob]:
    """Those of ``jobs``, in order, whose files may be looked up and fetched: so many of several files, and the first
    of a single one, which take up a file's room and no job's."""
    several = [job for job in jobs if job.files > 1][: limits.jobs]
    single = [job for job in jobs if job.files == 1][: 2 * limits.files]
    return ordered([*several, *single])


def next_to_go(
    jobs: Sequence[OpenJob], works: Collection[Work], limits: Limits, served: Mapping[str, int]
) -> Work | None:
    """The file that is fetched next, if there is room for one: of the first priority, of the job that has least, and
    among equals of the one whose last turn, as ``served`` counts them, is longest ago."""
    going = [work for work in works if work.go.is_set()]
    if len(going) >= limits.files:
        return None
    count = {job.id: sum(work.item.job == job.id for work in going) for job in jobs}
    busy = {work.item.job for work in going} & {job.id for job in jobs if job.files > 1}
    fitting = [
        (-rank(job), count[job.id], served.get(job.id, 0), job.position, work.item.position, work)
        for job in taken_up(jobs, limits)
        if job.files == 1 or job.id in busy or len(busy) < limits.jobs
        for work in works
        if work.item.job == job.id and _may_go(job, work, works, going, limits)
    ]
    return min(fitting, key=lambda each: each[:-1])[-1] if fitting else None


def _may_go(job: OpenJob, work: Work, works: Collection[Work], going: Sequence[Work], limits: Limits) -> bool:
    if not work.ready or work.go.is_set() or work.stopped:
        return False
    own = [each for each in going if each.item.job == job.id]
    if job.options.strategy is BatchStrategy.SEQUENTIAL:
        first = min(each.item.position for each in works if each.item.job == job.id and not each.stopped)
        return not own and work.item.position == first
    if len(own) >= (job.options.concurrency or limits.files):
        return False
    # Others' files don't count: a job that takes whatever room there is would keep these waiting until it is over.
    adaptive = [each for each in going if each.options.strategy is BatchStrategy.ADAPTIVE]
    if job.options.strategy is BatchStrategy.ADAPTIVE and len(adaptive) >= _FEWEST:
        return sum(_connections(each, limits.connections) for each in adaptive) < limits.connections
    return True


def _connections(work: Work, most: int) -> int:
    """How many connections a file can make use of."""
    return max(1, min(most, (work.item.total or 1 << 40) // Cut().shortest))
