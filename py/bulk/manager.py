"""Jobs as their users see them: made, looked at, paused, resumed, tried again, put in order, waited for."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from ..civitai.targets import parse_target
from ..errors import LorakeeperError, MissingError, UsageError
from ..events import Event, Events
from ..storage.cursors import row_of
from ..storage.database import Database
from ..uncancelled import within
from . import control, rows
from .dispatch import Dispatcher
from .jobs import BulkOptions, BulkStatus, Item, ItemPage, ItemState, Job, JobPage, Priority, Wanted, now
from .runner import Runner

MOST = 10_000
_OBEYED = 3.0  # seconds for another process to do what its rows say
Told = Callable[[Job], None]


class BulkDownloadManager:
    """All downloads. What is asked for becomes rows at once, and is done by the dispatcher of the process that has the
    job. All methods belong to one event loop. MissingError for an unknown job, ConflictError for what doesn't fit."""

    def __init__(
        self, database: Database, dispatcher: Dispatcher, runner: Runner, events: Events, *, site: Callable[[], str]
    ) -> None:
        self._database = database
        self._dispatcher = dispatcher
        self._runner = runner
        self._events = events
        self._site = site

    async def start(self, *, adopt: bool = True) -> None:
        """Begins to run jobs. With ``adopt``, also those that nobody has or that a process which died left behind."""
        await self._dispatcher.start(adopt=adopt)

    async def close(self) -> None:
        """Stops what runs; it goes on from there in the next process."""
        await self._dispatcher.close()

    # -- Making ------------------------------------------------------------------------------------------------------

    async def create_bulk_job(
        self,
        targets: Iterable[str | Wanted],
        name: str = "",
        options: BulkOptions | None = None,
        *,
        here: bool = True,
        files: bool = False,
        job_id: str | None = None,
        progress: Told | None = None,
    ) -> Job:
        """A job for all ``targets``, the same one twice taken once. What is none becomes a failed file that says so.
        With a ``job_id`` that there is already, that job.

        ``here``: this process runs it, else whichever server is there. ``files``: paths may be targets. ``progress`` is
        called for every change, until the job is over. UsageError for no target, too many, or an unknown kind.
        """
        wanted = [Wanted.model_construct(target=each) if isinstance(each, str) else each for each in targets]
        if not wanted or len(wanted) > MOST:
            raise UsageError(f"A job has 1 to {MOST:,} targets; these are {len(wanted):,}.")
        for kind in {each.kind for each in wanted}:
            self._runner.check_kind(kind)
        if job_id and (made := await self._database.read(partial(rows.load, job_id=job_id))):
            return self._dispatcher.shown(made[0])
        moment, job_id = now(), job_id or secrets.token_hex(8)
        # In a thread: thousands of targets would hold the loop.
        items = await asyncio.to_thread(self._items, wanted, job_id, files)
        job = Job(
            id=job_id,
            name=name.strip() or (items[0].name or items[0].target if len(items) == 1 else f"{len(items)} models"),
            state=BulkStatus.PENDING,
            options=options or BulkOptions(),
            position=0.0,
            created_at=moment,
            updated_at=moment,
        )
        owner = self._heir(here)
        if progress:
            self.follow(job_id, progress)
        added = await self._database.write(lambda c: rows.add(c, job, items, owner))
        self._changed(added)
        return added

    async def create_bulk_download_from_search(
        self,
        search_results: Iterable[Mapping[str, Any]],
        name: str = "",
        options: BulkOptions | None = None,
        *,
        here: bool = True,
        progress: Told | None = None,
    ) -> Job:
        """A job for search results as the search node and the routes give them: their newest versions, or the
        ``target`` that one names. Results without a version are left out."""
        wanted = [each for result in search_results if (each := wanted_of(result))]
        if not wanted:
            raise UsageError("The search found nothing to download.")
        return await self.create_bulk_job(wanted, name, options, here=here, progress=progress)

    async def add(
        self, target: str, *, kind: str | None = None, file_id: int | None = None, files: bool = False
    ) -> Job:
        """A job for one file, ahead of others, or the one under way for the same. UsageError for a bad target."""
        target = str(parse_target(target, site=self._site(), files=files))
        for job in await self._database.read(lambda c: rows.alone(c, target)):
            item = job.item
            if job.state.active and item and kind in (None, item.kind) and file_id in (None, item.file_id):
                return self._dispatcher.shown(job)
        wanted = Wanted(target=target, kind=kind, file_id=file_id)
        return await self.create_bulk_job([wanted], options=BulkOptions(priority=Priority.HIGH), files=files)

    # -- Looking -----------------------------------------------------------------------------------------------------

    async def get(self, job_id: str) -> Job:
        return self._dispatcher.shown(await self._database.read(lambda c: control.job_of(c, job_id)))

    async def page(
        self, *, cursor: str | None = None, limit: int = 100, states: Collection[BulkStatus] = ()
    ) -> JobPage:
        """Newest first."""
        before = row_of(cursor or None)
        page = await self._database.read(lambda c: rows.page(c, before, limit, states))
        return page.model_copy(update={"items": [self._dispatcher.shown(job) for job in page.items]})

    async def for_target(self, target: str) -> list[Job]:
        """The jobs for this one target and nothing else, newest first. ``target`` is as ``str(parse_target(…))``."""
        found = await self._database.read(lambda c: rows.alone(c, target))
        return [self._dispatcher.shown(job) for job in found]

    async def items(
        self, job_id: str, *, cursor: str | None = None, limit: int = 100, states: Collection[ItemState] = ()
    ) -> ItemPage:
        """A job's files, in their order."""
        after = _place(cursor) if cursor else None
        await self._database.read(lambda c: control.job_of(c, job_id))
        page = await self._database.read(lambda c: rows.items_page(c, job_id, after, limit, states))
        return page.model_copy(update={"items": [self._dispatcher.shown_item(item) for item in page.items]})

    async def all_items(self, job_id: str) -> list[Item]:
        """All files of a job, in their order."""
        found = await self._database.read(lambda c: rows.items_of(c, job_id))
        return [self._dispatcher.shown_item(item) for item in found]

    async def item(self, job_id: str, item_id: str) -> Item:
        found = await self._database.read(lambda c: control.item_of(c, job_id, item_id))
        return self._dispatcher.shown_item(found)

    # -- Jobs --------------------------------------------------------------------------------------------------------

    async def pause(self, job_id: str) -> Job:
        """Stops a job where it is; what has arrived is kept."""
        runs = await self._runs(job_id)
        ended = await self._database.write(lambda c: control.pause(c, job_id, runs))
        await self._discard(ended)
        return await self._obeyed(job_id)

    async def resume(self, job_id: str, *, here: bool = True) -> Job:
        owner, runs = await self._holder(job_id)
        heir = owner if runs else self._heir(here)
        ended = await self._database.write(lambda c: control.resume(c, job_id, runs, heir))
        await self._discard(ended)
        return await self._obeyed(job_id)

    async def retry(self, job_id: str, *, here: bool = True) -> Job:
        """The files that failed are tried again; of a cancelled job also those that were cancelled."""
        owner = await self._owner(job_id, here)
        await self._database.write(lambda c: control.retry(c, job_id, owner))
        return await self._obeyed(job_id)

    async def cancel(self, job_id: str) -> Job:
        """Ends a job and removes what has arrived of files that were not complete."""
        runs = await self._runs(job_id)
        if not (await self.get(job_id)).state.over:
            await self._discard_left(job_id, control.WAITING)
        ended = await self._database.write(lambda c: control.cancel(c, job_id, runs))
        job = await self._obeyed(job_id)
        await self._discard(ended)
        return job

    async def remove(self, job_id: str) -> None:
        """Forgets a job that is over. The files that it brought stay."""
        if (await self.get(job_id)).state.over:
            await self._discard_left(job_id, [ItemState.FAILED])
        await self._database.write(lambda c: control.remove(c, job_id))

    async def change(self, job_id: str, *, name: str | None = None, priority: Priority | None = None) -> Job:
        await self._database.write(lambda c: control.change(c, job_id, name, priority))
        return await self._obeyed(job_id)

    async def move(self, job_id: str, before: str | None) -> Job:
        """Puts a job before another one, or at the end; priorities go before places."""
        await self._database.write(lambda c: control.move(c, job_id, before))
        return await self._obeyed(job_id)

    # -- Files -------------------------------------------------------------------------------------------------------

    async def pause_item(self, job_id: str, item_id: str) -> Item:
        runs = await self._runs(job_id)
        await self._database.write(lambda c: control.pause_item(c, job_id, item_id, runs))
        return await self._obeyed_item(job_id, item_id)

    async def resume_item(self, job_id: str, item_id: str) -> Item:
        await self._database.write(lambda c: control.resume_item(c, job_id, item_id))
        return await self._obeyed_item(job_id, item_id)

    async def retry_item(self, job_id: str, item_id: str, *, here: bool = True) -> Item:
        owner = await self._owner(job_id, here)
        await self._database.write(lambda c: control.retry_item(c, job_id, item_id, owner))
        return await self._obeyed_item(job_id, item_id)

    async def cancel_item(self, job_id: str, item_id: str) -> Item:
        runs = await self._runs(job_id)
        await self._discard_left(job_id, control.WAITING, item_id)
        ended = await self._database.write(lambda c: control.cancel_item(c, job_id, item_id, runs))
        item = await self._obeyed_item(job_id, item_id)
        await self._discard(ended)
        return item

    async def move_item(self, job_id: str, item_id: str, before: str | None) -> Item:
        await self._database.write(lambda c: control.move_item(c, job_id, item_id, before))
        return await self._obeyed_item(job_id, item_id)

    # -- Waiting -----------------------------------------------------------------------------------------------------

    def follow(self, job_id: str, progress: Told) -> Callable[[], None]:
        """Calls ``progress`` for every change of a job, until it is over or the returned function is called."""

        def hear(event: Event) -> None:
            if event.topic == "job" and event.subject == job_id:
                job = Job.model_validate(event.data)
                if job.state.over:
                    stop()
                progress(job)

        stop = self._events.subscribe(hear)
        return stop

    async def wait(self, job_id: str, progress: Told | None = None) -> Job:
        """Waits until a job is over or paused; ``progress`` is called at every change."""
        told: list[Job] = []
        changed = asyncio.Event()

        def notice(event: Event) -> None:
            if event.topic == "job" and event.subject == job_id:
                told[:] = [Job.model_validate(event.data)]
                changed.set()

        unsubscribe = self._events.subscribe(notice)
        try:
            while True:
                changed.clear()
                job = told.pop() if told else await self.get(job_id)
                if progress:
                    progress(job)
                if not job.state.active:
                    return job
                # The time limit covers a job that another process runs.
                with suppress(asyncio.TimeoutError):
                    await within(1.0, changed.wait())
        finally:
            unsubscribe()

    # -- Inside ------------------------------------------------------------------------------------------------------

    def _items(self, wanted: Iterable[Wanted], job_id: str, files: bool) -> list[Item]:
        """The files of a new job, each once. Blocking."""
        moment = now()
        items: dict[tuple[str, str | None, int | None], Item] = {}
        for each in wanted:
            target, error = self._read(each.target, files)
            key = target, each.kind, each.file_id
            if key not in items:
                items[key] = Item(
                    id=secrets.token_hex(8),
                    job=job_id,
                    position=float(len(items)),
                    target=target,
                    name=each.name,
                    kind=each.kind,
                    save_as=each.save_as,
                    file_id=each.file_id,
                    state=ItemState.FAILED if error else ItemState.QUEUED,
                    error=str(error) if error else None,
                    cause=error.kind if error else None,
                    created_at=moment,
                    updated_at=moment,
                )
        return [*items.values()]

    def spelled(self, target: str) -> str:
        """A target as jobs keep it."""
        return self._read(target, files=False)[0]

    def _read(self, target: str, files: bool) -> tuple[str, LorakeeperError | None]:
        """The target spelled anew, because a pasted link can hold a key and jobs are kept; what is wrong with it."""
        try:
            return str(parse_target(target, site=self._site(), files=files)), None
        except LorakeeperError as error:
            link, _, query = target.partition("?")
            return (link if query else target)[:300], error

    async def _holder(self, job_id: str) -> tuple[str, bool]:
        """``(owner, whether that one lives)``."""
        found = await self._database.read(lambda c: rows.load(c, job_id))
        if found is None:
            raise MissingError("There is no such job.")
        return found[1], not await self._dispatcher.is_free(found[1])

    async def _runs(self, job_id: str) -> bool:
        return (await self._holder(job_id))[1]

    async def _owner(self, job_id: str, here: bool) -> str:
        """Who shall have a job from now on: whoever has it, if that one lives."""
        owner, lives = await self._holder(job_id)
        return owner if lives else self._heir(here)

    def _heir(self, here: bool) -> str:
        """Who has a job that nobody runs: this process, or whichever server is there."""
        return self._dispatcher.owner if here else ""

    async def _obeyed(self, job_id: str) -> Job:
        """The job once its rows are obeyed, here or, for a few seconds' wait at most, in the process that has it."""
        await self._dispatcher.settle(job_id)
        await self._until_still(job_id, None)
        job = await self.get(job_id)
        self._changed(job)
        return job

    async def _obeyed_item(self, job_id: str, item_id: str) -> Item:
        await self._dispatcher.settle(job_id)
        await self._until_still(job_id, item_id)
        self._changed(await self.get(job_id))
        item = await self.item(job_id, item_id)
        # Not final: of its end whoever was at it tells, and only once.
        self._events.publish(Event("item", item.id, item.model_dump(mode="json")))
        return item

    async def _until_still(self, job_id: str, item_id: str | None) -> None:
        until = asyncio.get_running_loop().time() + _OBEYED
        while asyncio.get_running_loop().time() < until:
            if not await self._database.read(lambda c: control.count_wished(c, job_id, item_id)):
                return
            await asyncio.sleep(0.1)

    async def _discard_left(self, job_id: str, states: Sequence[ItemState], item_id: str | None = None) -> None:
        """Removes parts before the rows say that there are none: after a kill nobody would look for them any more."""
        await self._discard(await self._database.read(lambda c: control.left_by(c, job_id, states, item_id)))

    async def _discard(self, items: Iterable[Item]) -> None:
        for item in items:
            await self._runner.discard(item)

    def _changed(self, job: Job) -> None:
        self._events.publish(Event("job", job.id, job.model_dump(mode="json"), final=True))
        self._dispatcher.wake()


def wanted_of(result: Mapping[str, Any]) -> Wanted | None:
    """What a search result names: its ``target``, else its newest version; None where it has none."""
    versions = result.get("versions") or ()
    target = result.get("target") or (f"{result['id']}@{versions[0]['id']}" if versions and "id" in result else None)
    return Wanted(target=str(target), name=str(result.get("name") or "")[:300] or None) if target else None


def _place(cursor: str) -> tuple[float, str]:
    position, _, item_id = cursor.partition(" ")
    try:
        return float(position), item_id
    except ValueError:
        raise UsageError("That cursor is none of this list's.") from None
