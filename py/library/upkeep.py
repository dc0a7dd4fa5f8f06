"""What keeps the library right while a server runs: the scan at its start, the watcher, the reading of new files,
and the questions to the site about them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy import Connection, func, select

from ..errors import CivitaiError, LorakeeperError
from ..events import Event, Events
from ..storage.database import Database
from ..storage.tables import files, items
from . import rows, search
from .actions import Actions, IntegrityReport
from .catalog import Catalog, tidy
from .learn import Learner, LearnReport
from .metadata import Asked, SiteKnowledge
from .roots import Roots
from .scan import Scanner, ScanReport
from .updates import Updates
from .watch import Watcher

log = logging.getLogger(__name__)

_LOCK_POLL = 2.0
_AGAIN = 15.0
_REST = 600.0
_TIDY_PAGES = 16
_TIDY_REST = 0.02
_DAY = 24 * 3600.0


class Upkeep:
    """Owns the background's tasks. ``asks_site`` tells whether the site may be asked about files by themselves."""

    def __init__(
        self,
        database: Database,
        roots: Roots,
        scanner: Scanner,
        learner: Learner,
        knowledge: SiteKnowledge,
        updates: Updates,
        actions: Actions,
        catalog: Catalog,
        events: Events,
        *,
        asks_site: Callable[[], bool],
        locks: Path,
    ) -> None:
        self._database = database
        self._roots = roots
        self._scanner = scanner
        self._learner = learner
        self._knowledge = knowledge
        self._updates = updates
        self._actions = actions
        self._catalog = catalog
        self._events = events
        self._asks_site = asks_site
        self._locks = locks
        self._news = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._checked_at = self._check_began = 0.0
        self._scan: asyncio.Task[ScanReport] | None = None
        self._held_back = False
        self._reader: asyncio.Task[None] | None = None
        self._check: asyncio.Task[IntegrityReport] | None = None
        self.report: ScanReport | None = None
        self.checked: IntegrityReport | None = None

    @property
    def scanning(self) -> bool:
        """Whether a full scan is under way."""
        return self._scan is not None and not self._scan.done()

    def start(self) -> None:
        """Begins; nothing waits for it."""
        self._tasks = [asyncio.create_task(self._begin()), asyncio.create_task(self._learn_always())]

    async def close(self) -> None:
        tasks = [*self._tasks, *(task for task in (self._scan, self._check, self._reader) if task)]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tasks = []

    def begin_scan(self) -> asyncio.Task[ScanReport]:
        """A full scan, or the one under way; what it finds is read in the background."""
        if self._scan is None or self._scan.done():
            self._scan = asyncio.create_task(self._scan_all())
        return self._scan

    @property
    def reading(self) -> bool:
        """Whether new files are read, or would be if there were any; the user can hold that back."""
        return not self._held_back

    async def hold_reading(self) -> None:
        """Stops reading new files until :meth:`go_on_reading`; what was read is kept."""
        self._held_back = True
        if self._reader:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)

    def go_on_reading(self) -> None:
        self._held_back = False
        self._news.set()

    @property
    def checking(self) -> bool:
        """Whether the integrity check is under way."""
        return self._check is not None and not self._check.done()

    def begin_check(self) -> None:
        """Reads everything again and says what is not as it was, in :attr:`checked`; nothing where that is under
        way."""
        if not self.checking:
            self._check = asyncio.create_task(self._check_all())

    async def end_check(self) -> None:
        """Stops the check; what it has found so far stays in :attr:`checked`."""
        if self._check:
            self._check.cancel()
            await asyncio.gather(self._check, return_exceptions=True)

    async def ask(self, file_ids: Sequence[int] | None = None, *, again: bool = False) -> Asked:
        """Asks the site about these files, or about all that it hasn't been asked about."""
        asked = await self._knowledge.ask(await self._contents(file_ids), again=again)
        await self._knowledge.models()
        return asked

    async def scan(
        self, roots: Roots | None = None, *, progress: Callable[[ScanReport], None] = lambda report: None
    ) -> ScanReport:
        """A full scan, or one of the folders in ``roots``, waited for."""
        return await self._scanner.scan(roots=roots, progress=progress)

    async def learn(self, *, whole: bool = True) -> LearnReport:
        """Reads all that is to be read, in this process or by waiting for the one that does; without ``whole`` the
        beginnings only."""
        if not whole:
            return await self._learner.run(whole=False)
        async with _held(self._locks / "learn"):
            return await self._learner.run()

    async def with_broken(self, report: ScanReport) -> ScanReport:
        """The report with the number of files that are known to be broken, now that they have been read."""
        query = select(func.count()).where(items.c.broken, items.c.missing.is_(False))
        broken = await self._database.read(lambda c: c.execute(query).scalar_one())
        return report.model_copy(update={"broken": int(broken)})

    # -- In the background -------------------------------------------------------------------------------------------

    async def _begin(self) -> None:
        await self._tried("recovering what was interrupted", self._actions.recover)
        await self._tried("the first scan", self.begin_scan)
        await self._tried("reading the list", lambda: self._database.read(self._catalog.follow))
        await Watcher(self._roots, self._changed, links=lambda: self._scanner.links).run()

    async def _scan_all(self) -> ScanReport:
        self.report = await self._scanner.scan(progress=self._note)
        self._news.set()
        return self.report

    async def _check_all(self) -> IntegrityReport:
        self.checked, self._check_began = None, time.monotonic()
        try:
            self.checked = await self._actions.verify(progress=self._note_check)
        finally:
            self._note_check(self.checked or IntegrityReport(), final=True)
        return self.checked

    def _note_check(self, report: IntegrityReport, *, final: bool = False) -> None:
        self.checked = report
        data = {
            "phase": "done" if final else "checking",
            **report.model_dump(mode="json", exclude={"problems"}),
            "problems": len(report.problems),
            "files": report.checked,
            "seconds": round(time.monotonic() - self._check_began, 3),
        }
        self._events.publish(Event("scan", "check", data, final=final))

    def _note(self, report: ScanReport) -> None:
        self.report = report

    async def _changed(self, changed: set[Path], whole: set[Path]) -> None:
        """The watcher's news: ``changed`` folders, and ``whole`` roots that it can't watch."""
        report = await self._scanner.scan(only=changed, whole=whole)
        if report.touched:
            self._news.set()

    async def _contents(self, file_ids: Sequence[int] | None) -> list[int] | None:
        if file_ids is None:
            return None
        wanted = list(file_ids)

        def find(connection: Connection) -> list[int]:
            return [
                content
                for chunk in rows.chunks(wanted)
                for content in connection.execute(select(files.c.content).where(files.c.id.in_(chunk))).scalars().all()
            ]

        return await self._database.read(find)

    async def _learn_always(self) -> None:
        while True:
            # Not wait_for: news that come together with a cancellation would win over it.
            rest = asyncio.get_running_loop().call_later(_AGAIN if self._learner.waits else _REST, self._news.set)
            try:
                await self._news.wait()
            finally:
                rest.cancel()
            self._news.clear()
            if not self._held_back:
                self._reader = asyncio.create_task(self._tried("reading new files", self.learn))
                # Its being held back is no end of this.
                await asyncio.wait({self._reader})
            if self._asks_site():
                await self._tried("asking the site", self._ask)
            await self._tried("tidying the search's index", self._tidy)

    async def _tidy(self) -> None:
        """Merges what many writes have left of the search's index, a little at a time, and drops old notes."""
        await self._database.write(tidy)
        while await self._database.write(lambda c: search.tidy(c, _TIDY_PAGES)):  # noqa: ASYNC110 - a rest, no wait
            await asyncio.sleep(_TIDY_REST)

    async def _ask(self) -> None:
        asked = await self._knowledge.ask()
        if time.time() - self._checked_at > _DAY or asked.found:
            await self._knowledge.models()
        if time.time() - self._checked_at > _DAY:
            await self._updates.check(again=False)
            self._checked_at = time.time()

    async def _tried(self, what: str, work: Callable[[], Awaitable[object]]) -> None:
        """Does it; trouble is said in the log, and is no end of the upkeep."""
        try:
            await work()
        except (CivitaiError, OSError) as error:
            log.warning("Trouble with %s: %s", what, error)
        except LorakeeperError as error:
            log.error("Trouble with %s: %s", what, error)
        except Exception:
            log.exception("Trouble with %s", what)


@asynccontextmanager
async def _held(path: Path) -> AsyncIterator[None]:
    """The lock that one process holds while it reads files."""
    await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
    lock = FileLock(path, thread_local=False)
    while True:
        try:
            await asyncio.to_thread(lock.acquire, timeout=0)
            break
        except Timeout:
            await asyncio.sleep(_LOCK_POLL)
    try:
        yield
    finally:
        await asyncio.to_thread(lock.release)
