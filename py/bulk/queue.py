"""The queue: runs jobs, some at once, and takes the user's word on each.

Every process that uses the data folder owns the jobs that it added. Its lock file is held as long as it lives, so that
the jobs of one that died can be told from those of one that works, and are taken over where they were left.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from ..civitai.resolve import ResolvedFile, Resolver
from ..civitai.targets import ModelTarget, VersionTarget
from ..downloads import Downloads, Outcome, Progress
from ..errors import ConflictError, LorakeeperError, MissingError, PlacementError, UsageError
from ..events import Event, Events
from ..library.library import Library
from ..library.roots import Roots, folder_for
from ..storage.database import Database
from . import jobs
from .jobs import Job, JobPage, JobState

log = logging.getLogger(__name__)

_STAGES = {"transfer": JobState.DOWNLOADING, "verify": JobState.VERIFYING, "scan": JobState.SCANNING}


class JobQueue:
    """Jobs from being asked for to being over. All methods belong to one event loop."""

    def __init__(
        self,
        database: Database,
        resolver: Resolver,
        downloads: Downloads,
        library: Library,
        roots: Roots,
        events: Events,
        *,
        concurrency: Callable[[], int],
        locks: Path,
    ) -> None:
        self._database = database
        self._resolver = resolver
        self._downloads = downloads
        self._library = library
        self._roots = roots
        self._events = events
        self._concurrency = concurrency
        self._locks = locks
        self._owner = secrets.token_hex(8)
        self._lock: FileLock | None = None
        self._waiting: list[Job] = []
        self._running: dict[str, tuple[Job, asyncio.Task[None]]] = {}
        self._closing = False

    async def start(self, *, adopt: bool = True) -> None:
        """Begins to run jobs. With ``adopt``, also those that a process which died has left behind."""
        self._lock = await asyncio.to_thread(self._hold, self._owner)
        if adopt:
            for job, owner in await self._database.read(jobs.unfinished):
                if await asyncio.to_thread(self._dead, owner):
                    await self._put(job, state=JobState.QUEUED, rate=0.0, eta=None)
                    self._waiting.append(job)
        self._pump()

    async def close(self) -> None:
        """Stops what runs; it goes on from there in the next process."""
        self._closing = True
        tasks = [task for _, task in self._running.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._lock:
            await asyncio.to_thread(self._lock.release)
            await asyncio.to_thread(Path(self._lock.lock_file).unlink, missing_ok=True)

    # -- What the user asks for --------------------------------------------------------------------------------------

    async def add(self, target: str, *, kind: str | None = None, file_id: int | None = None) -> Job:
        """A new job, or the one under way for the same target. UsageError for an unknown kind."""
        if kind is not None:
            folder_for(self._roots, kind)
        for job in (*self._waiting, *(job for job, _ in self._running.values())):
            if job.target == target and kind in (None, job.kind) and file_id in (None, job.file_id):
                return job
        job = Job(
            id=secrets.token_hex(8),
            target=target,
            kind=kind,
            file_id=file_id,
            created_at=jobs.now(),
            updated_at=jobs.now(),
        )
        await self._put(job)
        self._waiting.append(job)
        self._pump()
        return job

    async def get(self, job_id: str) -> Job:
        return (await self._find(job_id))[0]

    async def page(self, *, cursor: str | None = None, limit: int = 100) -> JobPage:
        if cursor and not cursor.isdecimal():
            raise UsageError("That cursor is none of this list's.")
        page = await self._database.read(lambda c: jobs.page(c, int(cursor) if cursor else None, limit))
        live = {job.id: job for job, _ in self._running.values()}
        return page.model_copy(update={"items": [live.get(job.id, job) for job in page.items]})

    async def pause(self, job_id: str) -> Job:
        """Stops a job where it is; what has arrived is kept."""
        job = await self._mine(job_id)
        if not job.state.active:
            raise ConflictError(f"Only a job that waits or runs can be paused; this one is {job.state.value}.")
        await self._halt(job)
        await self._put(job, state=JobState.PAUSED, rate=0.0, eta=None)
        self._pump()
        return job

    async def resume(self, job_id: str) -> Job:
        return await self._again(job_id, {JobState.PAUSED}, "Only a paused job can be resumed")

    async def retry(self, job_id: str) -> Job:
        states = {JobState.FAILED, JobState.CANCELLED}
        return await self._again(job_id, states, "Only a job that failed or was cancelled can be tried again")

    async def cancel(self, job_id: str) -> Job:
        """Ends a job and removes what has arrived of it."""
        job = await self._mine(job_id)
        if job.state.over:
            raise ConflictError(f"This job is over already: {job.state.value}.")
        await self._halt(job)
        await self._discard(job)
        await self._put(job, state=JobState.CANCELLED, received=0, rate=0.0, eta=None)
        self._pump()
        return job

    async def remove(self, job_id: str) -> None:
        """Forgets a job that is over. The file it brought stays."""
        job = await self._mine(job_id)
        if not job.state.over:
            raise ConflictError("Cancel the job before you remove it from the list.")
        if job.state is JobState.FAILED:
            await self._discard(job)
        await self._database.write(lambda c: jobs.forget(c, job_id))

    async def wait(self, job_id: str, progress: Callable[[Job], None] | None = None) -> Job:
        """Waits until a job is over or paused; ``progress`` is called at every change."""
        changed = asyncio.Event()

        def notice(event: Event) -> None:
            if event.topic == "job" and event.subject == job_id:
                changed.set()

        unsubscribe = self._events.subscribe(notice)
        try:
            while True:
                changed.clear()
                job = await self.get(job_id)
                if progress:
                    progress(job)
                if not job.state.active:
                    return job
                # The time limit covers a job that another process runs.
                with suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(changed.wait(), 1.0)
        finally:
            unsubscribe()

    # -- Running -----------------------------------------------------------------------------------------------------

    def _pump(self) -> None:
        while self._waiting and len(self._running) < self._concurrency() and self._lock and not self._closing:
            job = self._waiting.pop(0)
            task = asyncio.create_task(self._run(job), name=f"lorakeeper job {job.id}")
            self._running[job.id] = (job, task)

    async def _run(self, job: Job) -> None:
        try:
            await self._download(job)
        except LorakeeperError as error:
            log.warning("Job %s (%s) failed: %s: %s", job.id, job.target, error.kind, error)
            await self._put(job, state=JobState.FAILED, error=str(error), rate=0.0, eta=None)
        except Exception:
            log.exception("Job %s (%s) failed unexpectedly", job.id, job.target)
            await self._put(
                job, state=JobState.FAILED, error="Something went wrong: the log says what.", rate=0.0, eta=None
            )
        finally:
            self._running.pop(job.id, None)
            self._pump()

    async def _download(self, job: Job) -> None:
        await self._put(job, state=JobState.RESOLVING, error=None)
        source = await self._resolve(job)
        folder = self._place(job, source)
        await self._put(
            job,
            name=source.name,
            kind=job.kind or source.kind,
            sha256=source.sha256,
            total=source.size,
            model_id=source.version.model_id,
            version_id=source.version.id,
            file_id=source.file.id,
        )

        def progress(step: Progress) -> None:
            state = _STAGES[step.stage]
            changed = state is not job.state
            job.state, job.received, job.total = state, step.received, step.total
            job.rate, job.eta, job.updated_at = step.rate, step.eta, jobs.now()
            self._tell(job, final=changed)

        outcome = await self._downloads.fetch(source, folder, progress=progress)
        # The file is in its place: whoever stops the job now comes too late, and the row must say so.
        finishing = asyncio.create_task(self._finish(job, source, outcome))
        try:
            await asyncio.shield(finishing)
        except asyncio.CancelledError:
            await finishing
            raise

    async def _finish(self, job: Job, source: ResolvedFile, outcome: Outcome) -> None:
        library_id = None
        if outcome.status != "quarantined":
            others = source.file.hashes.others() if source.sha256 == outcome.sha256 else {}
            library_id = await self._library.record(outcome.path, outcome.sha256, source.version, others)
        await self._put(
            job,
            state=JobState(outcome.status),
            received=outcome.size,
            total=outcome.size,
            rate=0.0,
            eta=None,
            path=str(outcome.path),
            sha256=outcome.sha256,
            library_id=library_id,
            error=outcome.reason if outcome.status == "quarantined" else None,
        )

    async def _resolve(self, job: Job) -> ResolvedFile:
        """The file that a job is about: once it is known, the same one, also when its model gets a newer version."""
        target = self._resolver.read(job.target)
        if isinstance(target, ModelTarget) and job.version_id is not None:
            target = VersionTarget(job.version_id, job.model_id)
        return await self._resolver.resolve(target, file_id=job.file_id)

    def _place(self, job: Job, source: ResolvedFile) -> Path:
        kind = job.kind or source.kind
        if kind is None:
            raise PlacementError(
                f"{source.name} is of a type that has no folder of its own ({_type(source)}): say where it goes."
            )
        return folder_for(self._roots, kind) / source.folder

    async def _again(self, job_id: str, states: set[JobState], refusal: str) -> Job:
        job = await self._mine(job_id)
        if job.state not in states:
            raise ConflictError(f"{refusal}; this one is {job.state.value}.")
        await self._put(job, state=JobState.QUEUED, error=None)
        self._waiting.append(job)
        self._pump()
        return job

    async def _halt(self, job: Job) -> None:
        self._waiting = [each for each in self._waiting if each.id != job.id]
        if running := self._running.get(job.id):
            running[1].cancel()
            await asyncio.gather(running[1], return_exceptions=True)
        # It may have come to its end while it was being stopped.
        if job.state.over:
            raise ConflictError(f"This job is over already: {job.state.value}.")

    async def _discard(self, job: Job) -> None:
        """Removes what has arrived of a job. A target the site can't name any more can't have a part to find."""
        if job.version_id is None:
            return
        try:
            source = await self._resolve(job)
            await self._downloads.discard(source, self._place(job, source))
        except LorakeeperError as error:
            log.warning("The part of job %s could not be removed: %s", job.id, error)

    # -- Rows --------------------------------------------------------------------------------------------------------

    async def _put(self, job: Job, **changes: object) -> None:
        for name, value in changes.items():
            setattr(job, name, value)
        job.updated_at = jobs.now()
        await self._database.write(lambda c: jobs.save(c, job, self._owner))
        self._tell(job, final=True)

    def _tell(self, job: Job, *, final: bool) -> None:
        self._events.publish(Event("job", job.id, job.model_dump(mode="json"), final=final))

    async def _find(self, job_id: str) -> tuple[Job, str]:
        if running := self._running.get(job_id):
            return running[0], self._owner
        for job in self._waiting:
            if job.id == job_id:
                return job, self._owner
        found = await self._database.read(lambda c: jobs.load(c, job_id))
        if found is None:
            raise MissingError("There is no such job.")
        return found

    async def _mine(self, job_id: str) -> Job:
        job, owner = await self._find(job_id)
        if job.state.active and owner != self._owner and not await asyncio.to_thread(self._dead, owner):
            raise ConflictError("This job runs in another Lorakeeper: stop it there.")
        return job

    # -- Processes ---------------------------------------------------------------------------------------------------

    def _hold(self, owner: str) -> FileLock:
        self._locks.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self._locks / f"{owner}.lock", timeout=0, thread_local=False)
        lock.acquire()
        return lock

    def _dead(self, owner: str) -> bool:
        """Whether the process that owned a job is gone: then nobody holds its lock."""
        if owner == self._owner:
            return False
        try:
            lock = self._hold(owner)
        except Timeout:
            return False
        lock.release()
        Path(lock.lock_file).unlink(missing_ok=True)
        return True


def _type(source: ResolvedFile) -> str:
    model = source.version.model
    return (model.type if model else "") or source.file.type or "unknown"
