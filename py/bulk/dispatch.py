"""Who runs the next file: in this process, some at once, fair among jobs, and only what the rows say.

Rows are the truth. Whatever the user wants is written there, by any process; the one that has the job does it. So a
dispatcher needs no more than a nudge after each change, and looks by itself every second for the changes of others.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Protocol, TypeVar

from sqlalchemy import Connection

from ..civitai.resolve import ResolvedFile
from ..downloads import Outcome, Progress
from ..errors import BusyError, LorakeeperError, StorageError, cause_of
from ..events import Event, Events
from ..storage.database import Database
from ..uncancelled import uncancelled, within
from . import rows
from .jobs import Item, ItemState, Job, now
from .leases import Leases
from .rows import OpenJob
from .runner import Runner
from .turns import Limits, Work, next_to_go, ordered, summed, taken_up

log = logging.getLogger(__name__)
T = TypeVar("T")

_STAGES = {"transfer": ItemState.DOWNLOADING, "verify": ItemState.VERIFYING, "scan": ItemState.SCANNING}
_POLL = 1.0
_LONGEST_WAIT = 30.0


class Dispatcher(Protocol):
    """What runs the files of jobs. Today it is this process; for several machines it can be an engine that reads the
    same rows. All methods belong to one event loop."""

    @property
    def owner(self) -> str:
        """The name under which it has jobs."""
        ...

    async def start(self, *, adopt: bool) -> None:
        """Begins to run its jobs; with ``adopt`` also those that nobody has, or somebody who died."""
        ...

    async def close(self) -> None:
        """Stops what runs, so that it can go on from there."""
        ...

    def wake(self) -> None:
        """Rows have changed."""
        ...

    async def settle(self, job_id: str) -> None:
        """Waits until what it runs of a job is what the job's rows say."""
        ...

    async def is_free(self, owner: str) -> bool:
        """Whether nobody runs the jobs of ``owner``."""
        ...

    def shown(self, job: Job) -> Job:
        """The job as its row has it, with what is known here of files under way."""
        ...

    def shown_item(self, item: Item) -> Item: ...


class LocalDispatcher:
    """Runs jobs in this process, as much at once as ``limits`` says at that moment."""

    def __init__(
        self,
        database: Database,
        runner: Runner,
        leases: Leases,
        events: Events,
        *,
        limits: Callable[[], Limits],
    ) -> None:
        self._database = database
        self._runner = runner
        self._leases = leases
        self._events = events
        self._limits = limits
        self._works: dict[str, Work] = {}
        self._told: dict[str, Job] = {}  # jobs as their rows were when last written
        self._served: dict[str, int] = {}  # when each job last had its turn
        self._elsewhere: dict[str, Job | None] = {}  # jobs that other processes run, as they were last seen
        self._turns = 0
        self._adopt = False
        self._closing = False
        self._woken = asyncio.Event()
        self._turning = asyncio.Lock()
        self._loop: asyncio.Task[None] | None = None

    @property
    def owner(self) -> str:
        return self._leases.owner

    async def start(self, *, adopt: bool) -> None:
        self._adopt = self._adopt or adopt
        if self._loop is None:
            await asyncio.to_thread(self._leases.hold)
            self._loop = asyncio.create_task(self._run_always(), name="lorakeeper dispatcher")
        self.wake()

    async def close(self) -> None:
        self._closing = True
        self.wake()
        if self._loop:
            await self._loop
        tasks = [work.task for work in self._works.values() if work.task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.to_thread(self._leases.release)

    def wake(self) -> None:
        self._woken.set()

    async def settle(self, job_id: str) -> None:
        await self._turn()
        ending = [work.task for work in self._works.values() if work.item.job == job_id and work.stopped and work.task]
        if ending:
            await asyncio.wait(ending)
        if job_id in self._told and (found := await self._database.read(lambda c: rows.load(c, job_id))):
            self._told[job_id] = found[0]

    async def is_free(self, owner: str) -> bool:
        return await asyncio.to_thread(self._leases.is_free, owner)

    def shown(self, job: Job) -> Job:
        at = [work for work in self._works.values() if work.item.job == job.id]
        if not at:
            return job
        received = job.received + sum(work.item.received - work.saved for work in at)
        rate = sum(work.item.rate for work in at)
        eta = None
        if rate and job.total and job.sized_files:
            lost = job.failed_files + job.cancelled_files
            eta = max(0.0, job.total / job.sized_files * (job.total_files - lost) - received) / rate
        item = at[0].item.model_copy() if job.item else None
        return job.model_copy(update={"received": received, "rate": rate, "eta": eta, "item": item})

    def shown_item(self, item: Item) -> Item:
        return self._works[item.id].item.model_copy() if item.id in self._works else item

    # -- Turns -------------------------------------------------------------------------------------------------------

    async def _run_always(self) -> None:
        while not self._closing:
            self._woken.clear()
            try:
                await self._turn()
                await self._note()
            except LorakeeperError as error:
                log.warning("The queue could not be looked at: %s", error)
            with suppress(asyncio.TimeoutError):
                await within(_POLL, self._woken.wait())

    async def _turn(self) -> None:
        """Looks at the rows, stops what shall not run and begins what may."""
        async with self._turning:
            if self._adopt:
                await self._take_over()
            jobs, said = await self._database.read(
                lambda c: (rows.open_jobs(c, self.owner), rows.said(c, [*self._works]))
            )
            if self._closing:
                return
            known = {job.id: job for job in jobs}
            for work in [*self._works.values()]:
                self._obey(work, known.get(work.item.job), said.get(work.item.id))
            going = ordered([job for job in jobs if job.state.active])
            await self._take_up(going)
            while following := next_to_go(going, self._works.values(), self._limits(), self._served):
                self._turns += 1
                self._served[following.item.job] = self._turns
                following.go.set()

    async def _take_over(self) -> None:
        free: dict[str, bool] = {}
        for job_id, owner in await self._database.read(lambda c: rows.others(c, self.owner)):
            if owner not in free:
                free[owner] = await self.is_free(owner)
            if free[owner]:
                cancelled = await self._database.write(partial(rows.claim, job_id=job_id, owner=self.owner, old=owner))
                for item in cancelled or ():
                    await self._runner.discard(item)
            else:
                self._elsewhere.setdefault(job_id, None)
        await self._tell_elsewhere()

    async def _tell_elsewhere(self) -> None:
        """Tells of the jobs that other processes run, which send no events to this one."""
        for job_id, known in [*self._elsewhere.items()]:
            found = await self._database.read(partial(rows.load, job_id=job_id))
            if found and found[0] != known:
                self._elsewhere[job_id] = found[0]
                self._publish(found[0], final=True)
            if found is None or found[1] == self.owner or not found[0].state.active:
                del self._elsewhere[job_id]

    def _obey(self, work: Work, job: OpenJob | None, said: tuple[ItemState, str] | None) -> None:
        """Stops a file that shall not go on."""
        state, wish = said or (ItemState.CANCELLED, "")
        wanted = job is not None and job.state.active and not wish and not state.over and state is not ItemState.PAUSED
        if not (wanted or work.item.state.over):
            work.stop()

    async def _take_up(self, jobs: Sequence[OpenJob]) -> None:
        """Begins to look up the next files of the jobs whose turn it is."""
        for job in taken_up(jobs, self._limits()):
            mine = [work.item.id for work in self._works.values() if work.item.job == job.id]
            room = job.options.batch_size - len(mine)
            if room <= 0:
                continue
            following = partial(rows.next_items, job_id=job.id, without=mine, count=room)
            for item in await self._database.read(following):
                work = self._works[item.id] = Work(item, job.options, saved=item.received)
                work.task = asyncio.create_task(self._run(work), name=f"lorakeeper file {item.id}")
                work.task.add_done_callback(partial(self._let_go, work))

    async def _note(self) -> None:
        """Writes down how far files are, for other processes to see."""
        moved = [work for work in self._works.values() if work.item.received != work.saved and not work.stopped]
        if moved:
            items = [work.item.model_copy() for work in moved]
            await self._database.write(lambda c: rows.note(c, items))
            for work, item in zip(moved, items, strict=True):
                if job := self._told.get(item.job):
                    job.received += item.received - work.saved
                work.saved = item.received

    # -- One file ----------------------------------------------------------------------------------------------------

    async def _run(self, work: Work) -> None:
        item = work.item
        try:
            await self._fetch(work)
        except asyncio.CancelledError:
            if self._closing or not work.stopped:
                raise
            # What is cancelled is removed before its row says so: after a kill nobody would look for it any more.
            if await self._patiently(lambda: self._database.read(lambda c: rows.is_cancelled(c, item.id))):
                await self._runner.discard(item)
            await self._finish(work, state=ItemState.QUEUED)
            if item.state is ItemState.CANCELLED:
                await self._runner.discard(item)
        except LorakeeperError as error:
            log.warning("%s (job %s) failed: %s: %s", item.target, item.job, error.kind, error)
            await self._finish(work, state=ItemState.FAILED, error=str(error), cause=cause_of(error))
        except Exception as error:
            log.exception("%s (job %s) failed unexpectedly", item.target, item.job)
            said = "Something went wrong: the log says what."
            await self._finish(work, state=ItemState.FAILED, error=said, cause=cause_of(error))

    def _let_go(self, work: Work, task: asyncio.Task[None]) -> None:
        """Called also for a task that was stopped before it began."""
        self._works.pop(work.item.id, None)
        if not any(other.item.job == work.item.job for other in self._works.values()):
            self._told.pop(work.item.job, None)
        if not task.cancelled() and (error := task.exception()):
            log.error("The state of %s could not be written: %s", work.item.target, error)
        self.wake()

    async def _fetch(self, work: Work) -> None:
        item = work.item
        await self._put(work, state=ItemState.RESOLVING, error=None, cause=None)
        source = await self._runner.resolve(item, work.options)
        folder = self._runner.place(item.kind, source)
        await self._put(
            work,
            state=ItemState.QUEUED,
            kind=item.kind or source.kind,
            part=str(self._runner.part(source, folder)),
            **self._runner.facts(source),
        )
        work.ready = True
        self.wake()
        await work.go.wait()

        before = item.held

        def progress(step: Progress) -> None:
            state = _STAGES[step.stage]
            changed = state is not item.state
            item.state, item.received, item.total = state, step.received, step.total
            item.rate, item.eta, item.updated_at = step.rate, step.eta, max(item.updated_at, now())
            item.held = summed(before, step.held)
            work.count(fetching=True)
            self._tell(item, final=changed)

        while True:
            await self._put(work, state=ItemState.DOWNLOADING, error=None)
            try:
                outcome = await self._runner.fetch(source, folder, progress)
                break
            except BusyError as error:
                before = item.held
                await self._stand_by(work, error)
        work.count(fetching=False)
        item.held = summed(before, outcome.held)
        # The file is in its place: whoever stops it now comes too late, and the row must say so.
        await uncancelled(self._record(work, source, outcome))

    async def _stand_by(self, work: Work, error: BusyError) -> None:
        """Another process is fetching the same file: it is looked at again in its next turn, and is owned by then."""
        work.ready = False
        work.go.clear()
        await self._put(work, state=ItemState.QUEUED, error=str(error))
        await asyncio.sleep(_POLL)
        work.ready = True
        self.wake()
        await work.go.wait()

    async def _record(self, work: Work, source: ResolvedFile, outcome: Outcome) -> None:
        await self._patiently(lambda: self._runner.note(outcome))
        library_id = await self._patiently(lambda: self._runner.record(source, outcome))
        await self._finish(
            work,
            state=ItemState(outcome.status),
            received=outcome.size,
            total=outcome.size,
            path=str(outcome.path),
            sha256=outcome.sha256,
            library_id=library_id,
            error=outcome.reason if outcome.status == "quarantined" else None,
        )

    # -- Rows and events ---------------------------------------------------------------------------------------------

    async def _put(self, work: Work, **changes: object) -> None:
        """Changes a file and writes it, for as long as the user wants it to go on."""
        await self._write(work, rows.save, changes)

    async def _finish(self, work: Work, **changes: object) -> None:
        """Writes what has become of a file; what the user wished comes after it."""
        await self._write(work, rows.finish, changes)

    async def _write(self, work: Work, how: Callable[[Connection, Item], Job], changes: dict[str, object]) -> None:
        item = work.item
        for name, value in changes.items():
            setattr(item, name, value)
        work.count(fetching=item.state is ItemState.DOWNLOADING)
        if item.state is not ItemState.DOWNLOADING:
            item.rate, item.eta = 0.0, None
        item.updated_at = max(item.updated_at, now())  # pages tell by it what is newer, whatever the clock does
        row = item.model_copy()
        job = await self._patiently(lambda: self._database.write(lambda c: how(c, row)))
        item.state, work.saved = row.state, row.received
        self._told[item.job] = job
        self._tell(item, final=True)

    async def _patiently(self, write: Callable[[], Awaitable[T]]) -> T:
        """What has to be written, however long another program has the database."""
        wait = 0.5
        while True:
            try:
                return await write()
            except StorageError as error:
                if self._closing:
                    raise
                log.warning("A download's state can't be written yet: %s", error)
                await asyncio.sleep(wait)
                wait = min(2 * wait, _LONGEST_WAIT)

    def _tell(self, item: Item, *, final: bool) -> None:
        self._events.publish(Event("item", item.id, item.model_dump(mode="json"), final=final))
        if job := self._told.get(item.job):
            self._publish(job, final=final)

    def _publish(self, job: Job, *, final: bool) -> None:
        self._events.publish(Event("job", job.id, self.shown(job).model_dump(mode="json"), final=final))
