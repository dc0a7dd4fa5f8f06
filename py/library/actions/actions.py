"""Actions: what the user does to model files, planned, journalled, and undone where that is still possible.

An action is written down before it is begun, and settled by :meth:`Actions.recover` where a kill came between: each
file is then whole, either where it was or where it was to be, and the history says which.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from sqlalchemy import Row

from ...downloads.space import DiskSpace
from ...errors import ConflictError, UsageError
from ...events import Event, Events
from ...storage.cursors import row_of
from ...storage.database import Database
from ...uncancelled import cancelled_after
from ..paths import real
from ..roots import Roots
from ..view import View
from . import duplicates
from .common import Doer, Run
from .disk import Disk, StoppedError, remove_empty, rename_new
from .duplicates import DuplicatePage
from .forgetting import Forgetter
from .integrity import Integrity, IntegrityReport
from .journal import UNDO, Journal, is_undoable
from .knowledge import Teller
from .linker import Linker
from .mover import Mover
from .places import Places
from .planner import Draft, Planner
from .purging import Purger
from .requests import ActionRequest, Done, HistoryPage, Plan, Purge
from .steps import AnyStep, Document, MoveStep, PurgeStep, State

log = logging.getLogger(__name__)

_SPOKEN = 0.25  # seconds between two events about one action
_MOMENT = 60.0  # seconds within which an action that was begun is written down
_SAID = ("favourite", "tag", "note", "words", "strength")


def _never(path: Path) -> bool:
    return False


class Actions:
    """Plans, does and undoes. One action on files runs at a time, in all processes that share the database.

    ``busy`` tells of a path whether something else is at work on it; ``scans`` is held by whoever brings rows in line
    with the disk, so that no file that is just moving is taken for a new one; ``rename`` must never replace a file.
    """

    def __init__(
        self,
        database: Database,
        roots: Roots,
        view: View,
        events: Events,
        *,
        trash_name: str = ".lorakeeper-trash",
        busy: Callable[[Path], bool] = _never,
        scans: asyncio.Lock | None = None,
        space: DiskSpace | None = None,
        rename: Callable[[Path, Path], None] = rename_new,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._events = events
        self._now = now
        self._one = asyncio.Lock()
        self._own: set[int] = set()
        places, disk, scans = Places(roots, trash_name), Disk(rename=rename, space=space), scans or asyncio.Lock()
        self._journal = Journal(database)
        self._planner = Planner(database, self._journal, places, disk, busy)
        self._integrity = Integrity(database)
        linker = Linker(database, view, disk, scans)
        self._doers: dict[str, Doer[Any]] = {
            "user": Teller(database, view),
            "move": Mover(database, view, places, disk, scans),
            "link": linker,
            "split": linker,
            "purge": Purger(database, view, places, scans),
            "forget": Forgetter(database, view),
        }

    # -- Doing -------------------------------------------------------------------------------------------------------

    async def plan(self, request: ActionRequest) -> Plan:
        """What would happen, file by file; nothing changes. Raises a LorakeeperError for what makes no sense at all."""
        draft = await self._planner.plan(request, await self._journal.next_id())
        return await asyncio.to_thread(draft.plan, request.action)

    async def run(self, request: ActionRequest, *, stop: threading.Event | None = None) -> Done:
        """Does what :meth:`plan` says. A file that can't be changed any more is a step that says why.

        Setting ``stop``, or a cancellation, ends it after the file under way; what is done stays done. Raises
        ConflictError where another process is at it, UsageError for a purge without ``confirm``.
        """
        if isinstance(request, Purge) and not request.confirm:
            raise UsageError("What is deleted from the trash is gone for good: confirm that you want this.")
        ended = stop or threading.Event()
        return await cancelled_after(self._run(request, ended), ended)

    async def undo(self, action_id: int, *, stop: threading.Event | None = None) -> Done:
        """Takes back what an action did, its last step first, as far as the files are still as it left them.

        Raises MissingError, and ConflictError where nothing is left to undo.
        """
        ended = stop or threading.Event()
        return await cancelled_after(self._undo(action_id, ended), ended)

    async def history(self, cursor: str | None = None, limit: int = 50) -> HistoryPage:
        """Newest first. Raises UsageError for a cursor that is none of ours."""
        return await self._journal.page(row_of(cursor), limit)

    async def recover(self) -> None:
        """Settles what a kill interrupted: every file is then whole in one place, and its row knows where.

        What wasn't begun is not begun now. Does nothing while another process is at work on an action.
        """
        try:
            async with self._alone():
                for row in await self._journal.unfinished():
                    if row.id not in self._own:
                        await self._settle(row)
                await self._journal.sweep(self._now() - _MOMENT)
        except ConflictError as error:
            log.info("Nothing recovered: %s", error)

    # -- Looking -----------------------------------------------------------------------------------------------------

    async def duplicates(self, cursor: str | None = None, limit: int = 50) -> DuplicatePage:
        """Files of the same content, the most wasteful first."""
        groups, total, following = await self._database.read(lambda c: duplicates.page(c, cursor, limit))
        looked = await asyncio.to_thread(lambda: [duplicates.look(content, group) for content, group in groups])
        found = [group for group in looked if group is not None]
        return DuplicatePage(groups=found, total_wasted=total, next_cursor=following)

    async def verify(
        self,
        ids: Sequence[int] | None = None,
        *,
        cursor: int = 0,
        workers: int = 2,
        progress: Callable[[IntegrityReport], None] = lambda report: None,
        stop: threading.Event | None = None,
    ) -> IntegrityReport:
        """Reads these files, or all, again and says which are not what they were. Nothing is changed.

        ``cursor`` is where an earlier report ended. Setting ``stop``, or a cancellation, ends it within a block.
        """
        return await self._integrity.verify(ids, cursor=cursor, workers=workers, progress=progress, stop=stop)

    # -- Steps -------------------------------------------------------------------------------------------------------

    async def _run(self, request: ActionRequest, stop: threading.Event) -> Done:
        if request.action in _SAID:
            return await self._do(request, stop)
        async with self._alone():
            return await self._do(request, stop)

    async def _do(self, request: ActionRequest, stop: threading.Event) -> Done:
        _require_going(stop)
        # Its number comes first, since the trash has a folder for each action.
        number = await self._begin(request.action)
        try:
            draft = await self._planner.plan(request, number)
            if not draft.changes:
                await self._journal.drop(number)
                self._own.discard(number)
                return await asyncio.to_thread(_done, None, request.action, draft, "done")
            document = await asyncio.to_thread(draft.document)
            await self._journal.plan(number, draft.summary, document, self._now())
        except BaseException:
            await self._journal.drop(number)
            self._own.discard(number)
            raise
        try:
            touched = await self._carry_out(number, request.action, document, stop)
            state = _state_of(document.steps)
            await self._finish(number, document, state)
        finally:
            self._own.discard(number)
        self._tell(touched)
        return await asyncio.to_thread(_done, number, request.action, draft, state)

    async def _undo(self, action_id: int, stop: threading.Event) -> Done:
        async with self._alone():
            _require_going(stop)
            row = await self._journal.find(action_id)
            if not is_undoable(row.kind, row.state):
                raise ConflictError(_NOT_UNDOABLE.get(row.state, _NOT_UNDOABLE["done"]))
            draft = await self._planner.back(row.kind, await self._journal.load(row))
            number = await self._begin(UNDO)
            document = await asyncio.to_thread(draft.document, of=action_id)
            try:
                await self._journal.plan(number, "", document, self._now())
                touched = await self._carry_out(number, UNDO, document, stop)
                state = await self._finish_undo(number, document)
            finally:
                self._own.discard(number)
        self._tell(touched)
        draft.summary = row.summary
        return await asyncio.to_thread(_done, action_id, row.kind, draft, state, undo=True)

    async def _begin(self, kind: str) -> int:
        number = await self._journal.begin(kind, self._now())
        self._own.add(number)
        return number

    async def _carry_out(self, number: int, action: str, document: Document, stop: threading.Event) -> set[int]:
        """Does the steps, and tells how far it is."""
        bytes_done, spoken = 0, time.monotonic()

        def report(count: int) -> None:
            nonlocal bytes_done, spoken
            bytes_done += count
            if time.monotonic() - spoken > _SPOKEN:
                spoken = time.monotonic()
                self._say(number, action, document, bytes_done)

        run = Run(number, stop, report)
        touched: set[int] = set()
        for kind, steps in _by_kind(document.steps):
            touched |= await self._doers[kind].do(run, steps)
        await asyncio.to_thread(_tidy, document)
        self._say(number, action, document, bytes_done, final=True)
        return touched

    async def _settle(self, row: Row[Any]) -> None:
        document = await self._journal.load(row)
        run = Run(row.id)
        touched: set[int] = set()
        for kind, steps in _by_kind(document.steps):
            touched |= await self._doers[kind].settle(run, steps)
        await asyncio.to_thread(_tidy, document)
        if not document.steps:
            # What the user says needs no lock, so that another process may be about to write it down.
            if row.kind not in _SAID or row.done_at < self._now() - _MOMENT:
                await self._journal.drop(row.id)
            return
        if row.kind == UNDO:
            await self._finish_undo(row.id, document)
        else:
            await self._finish(row.id, document, _state_of(document.steps))
        log.warning("Action %d (%s) had been interrupted: it is %s now.", row.id, row.kind, _state_of(document.steps))
        self._tell(touched)

    async def _finish(self, number: int, document: Document, state: str) -> None:
        purged = [step for step in document.steps if isinstance(step, PurgeStep) and step.state == "done"]
        for trash in sorted({step.action for step in purged}):
            await self._journal.mark(
                trash, {step.number: "purged" for step in purged if step.action == trash}, "purged"
            )
        await self._journal.finish(number, document, state, self._now())

    async def _finish_undo(self, number: int, document: Document) -> str:
        """Notes in the undone action what of it was taken back; returns its state."""
        undone: dict[int, State] = {
            step.origin: "undone" for step in document.steps if step.state == "done" and step.origin is not None
        }
        state = await self._journal.mark(document.of or 0, undone, "undone")
        await self._journal.drop(number)
        return state

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """Raises ConflictError while another process is at work on an action."""
        async with self._one:
            lock = FileLock(self._database.path.with_name("actions.lock"), timeout=0, thread_local=False)
            try:
                await asyncio.to_thread(lock.acquire)
            except Timeout as error:
                raise ConflictError("Another Lorakeeper is changing files: wait until it has finished.") from error
            try:
                yield
            finally:
                lock.release()

    def _say(self, number: int, action: str, document: Document, count: int, *, final: bool = False) -> None:
        over = sum(step.state != "planned" for step in document.steps)
        data = {"id": number, "action": action, "done": over, "total": len(document.steps), "bytes": count}
        self._events.publish(Event("action", str(number), data, final=final))

    def _tell(self, touched: set[int]) -> None:
        if len(touched) == 1:
            [only] = touched
            self._events.publish(Event("library", str(only), {"id": only}, final=True))
        elif touched:
            self._events.publish(Event("library", "all", {"id": None, "count": len(touched)}, final=True))


_NOT_UNDOABLE = {
    "undone": "That was undone already.",
    "failed": "Nothing came of that, so there is nothing to undo.",
    "purged": "What it put into the trash was deleted for good.",
    "doing": "That is still being done: wait until it has finished.",
    "done": "What was deleted from the trash is gone for good.",
}


def _require_going(stop: threading.Event) -> None:
    if stop.is_set():
        raise StoppedError("It was stopped before it began.")


def _by_kind(steps: Iterable[AnyStep]) -> list[tuple[str, list[tuple[int, AnyStep]]]]:
    """The steps that are still to be done, numbered, by kind."""
    groups: dict[str, list[tuple[int, AnyStep]]] = {}
    for number, step in enumerate(steps):
        if step.state == "planned":
            groups.setdefault(step.step, []).append((number, step))
    return list(groups.items())


def _tidy(document: Document) -> None:
    """Removes the folders that have become empty by it, and those that were made for nothing."""
    if any(isinstance(step, MoveStep) for step in document.steps) or document.prune:
        remove_empty(Path(real(each)) for each in (*document.prune, *document.made))


def _state_of(steps: Sequence[AnyStep]) -> str:
    done = sum(step.state == "done" for step in steps)
    return "done" if done == len(steps) else "partly" if done else "failed"


def _done(number: int | None, action: str, draft: Draft, state: str, *, undo: bool = False) -> Done:
    """``undo``: what is refused then is a failure, as it had been done once."""
    public = [step.public() for step in draft.steps]
    lost = ("failed", "refused") if undo else ("failed",)
    return Done(
        action_id=number,
        action=action,
        summary=draft.summary,
        state=state,
        steps=public,
        done=sum(step.outcome == "done" for step in public),
        failed=sum(step.outcome in lost for step in public),
        undoable=number is not None and is_undoable(action, state),
    )
