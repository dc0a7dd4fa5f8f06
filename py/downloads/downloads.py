"""The download as a transaction: reserved, transferred, verified, scanned, installed; or nothing at all."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from ..civitai.http import Http, parse, shown
from ..civitai.resolve import ResolvedFile
from ..errors import VerificationError
from ..security import ModelScanner, Quarantine, Verdict
from ..security.records import ScanRecord, host_of
from ..uncancelled import uncancelled
from .expected import Expected, sha256_of
from .optimizer import OptimizationMode, PerformanceOptimizer
from .part import Part, disk_error, part_path, remove_part
from .placement import OWN_PREFIX, candidates, check_name, install
from .progress import Meter, Progress
from .segments import Cut
from .space import DiskSpace, Reservation
from .transfer import RetryPolicy, Transfer

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    """What became of a download. ``path`` lies in the quarantine for ``quarantined``, and is the file that was there
    before for ``owned``. ``reason`` is why it was quarantined, else what the check could not cover, if anything.
    ``scan`` is what the scanner said, of a file that was fetched now; ``held`` the seconds that fetching it waited for
    ``network``, ``disk``, ``cpu`` and ``site``, which refused, and which together are all that it took."""

    status: Literal["installed", "owned", "quarantined"]
    path: Path
    sha256: str
    size: int
    reason: str | None = None
    scan: ScanRecord | None = None
    held: Mapping[str, float] = field(default_factory=dict)


class _Flight:
    """A download under way and those who wait for it."""

    def __init__(self, fetch: Callable[[Callable[[Progress], None]], Coroutine[Any, Any, Outcome]]) -> None:
        self.listeners: list[Callable[[Progress], None]] = []
        self.ending = False
        self.task = asyncio.create_task(fetch(self._tell))

    def _tell(self, progress: Progress) -> None:
        for listener in self.listeners:
            listener(progress)


def _nobody(_: Progress) -> None:
    """For those who don't want to know."""


class Downloads:
    """Fetches files, each at most once at a time. All methods belong to one event loop."""

    def __init__(
        self,
        http: Http,
        space: DiskSpace,
        scanner: ModelScanner,
        quarantine: Quarantine,
        find_owned: Callable[[str], Awaitable[Path | None]],
        refresh: Callable[[ResolvedFile], Awaitable[ResolvedFile]],
        *,
        optimizer: PerformanceOptimizer | None = None,
        cut: Cut = Cut(),  # noqa: B008 - frozen
        retry: RetryPolicy = RetryPolicy(),  # noqa: B008 - frozen
    ) -> None:
        """``find_owned`` names a present file with that SHA256; ``refresh`` asks the site again what a file is. A file
        that is large enough comes over so many connections as ``optimizer`` says, by default over one."""
        self._space = space
        self._scanner = scanner
        self._quarantine = quarantine
        self._find_owned = find_owned
        self._refresh = refresh
        self._optimizer = optimizer or PerformanceOptimizer(mode=lambda: OptimizationMode.MINIMAL, most=lambda: 1)
        self._transfer = Transfer(http, retry, self._optimizer, cut)
        self._flights: dict[str, _Flight] = {}

    async def fetch(
        self, source: ResolvedFile, folder: Path, *, progress: Callable[[Progress], None] = _nobody
    ) -> Outcome:
        """Brings ``source`` into ``folder``. A file already under way is waited for, and then owned.

        Cancelled, it leaves a part from which the next fetch goes on. Raises the site's errors, VerificationError,
        SpaceError, PlacementError, ScanError, or DownloadError for a folder that can't be written to.
        """
        check_name(source.name)
        key = _key(source)
        while (flight := self._flights.get(key)) and flight.ending:
            await asyncio.wait([flight.task])
        joins = flight is not None
        if flight is None:
            flight = self._flights[key] = _Flight(lambda tell: self._fetch(source, folder, tell))
            flight.task.add_done_callback(lambda _: self._flights.pop(key))
        flight.listeners.append(progress)
        try:
            await asyncio.wait([flight.task])
        except asyncio.CancelledError:
            if len(flight.listeners) > 1:
                raise
            flight.ending = True
            flight.task.cancel()
            await asyncio.wait([flight.task])
            # Once the file is being put in its place, a cancellation comes too late, and is no more.
            if flight.task.cancelled() or flight.task.exception():
                raise
        finally:
            flight.listeners.remove(progress)
        outcome = flight.task.result()
        if joins and outcome.status == "installed":
            outcome = replace(outcome, status="owned", scan=None)
        return replace(outcome, held={}) if joins else outcome  # it is the wait of whoever came first

    async def discard(self, part: Path) -> None:
        """Removes what an unfinished download has left at ``part``, unless somebody is at it."""
        if part.name.startswith(OWN_PREFIX):
            await asyncio.to_thread(remove_part, part)

    # -- The steps ---------------------------------------------------------------------------------------------------

    async def _fetch(self, source: ResolvedFile, folder: Path, tell: Callable[[Progress], None]) -> Outcome:
        if known := await self._known(source, folder):
            await asyncio.to_thread(remove_part, part_path(folder, source))
            return known
        part = Part(folder, source, batch=lambda: self._optimizer.chunk)
        meter = Meter(tell, source.size, held=part.held.seconds)
        try:
            await part.open(lambda received: meter.reach(received, "verify"))
            with self._space.reservation(folder, lambda: part.received) as room:
                source = await self._arrive(source, part, room, meter)
            meter.begin(part.received, "verify")
            await part.sync()
            meter.begin(part.received, "scan")
            part.held.by("cpu")
            verdict = await asyncio.to_thread(self._scanner.scan, part.path)
            part.held.by("disk")
            outcome = await uncancelled(self._settle(source, folder, part, verdict))
            return replace(outcome, held=part.held.seconds())
        except BaseException:
            meter.again()  # whoever goes on later knows what it has waited for
            raise
        finally:
            await part.close()

    async def _known(self, source: ResolvedFile, folder: Path) -> Outcome | None:
        """The outcome for content that is here already, in the library, in the folder or in quarantine."""
        if source.sha256 and (path := await self._find_owned(source.sha256)):
            return Outcome("owned", path, source.sha256, (await asyncio.to_thread(path.stat)).st_size)
        if source.sha256 and (entry := await asyncio.to_thread(self._quarantine.find, source.sha256)):
            return Outcome("quarantined", Path(entry.path), entry.sha256, entry.size, entry.reason)
        return await asyncio.to_thread(_present, source, folder)

    async def _arrive(self, source: ResolvedFile, part: Part, room: Reservation, meter: Meter) -> ResolvedFile:
        """All bytes, and the right ones: ``source`` as the site last described it."""
        restarted = refreshed = False
        while fault := await self._fault(source, part, room, meter):
            log.warning("%s is not what was promised: %s", source.name, fault)
            if part.spliced and not restarted:
                restarted = True  # pieces of two answers may not belong together
            elif not refreshed:
                refreshed = True
                source = await self._described_anew(source, part)
                if not await asyncio.to_thread(Expected.of(source).problem, part.path, part.received, part.sha256):
                    break
            else:
                await part.restart()
                raise VerificationError(f"{source.name} was not kept, because {fault}: try again later.")
            await part.restart(source)
        return source

    async def _fault(self, source: ResolvedFile, part: Part, room: Reservation, meter: Meter) -> str | None:
        try:
            await self._transfer.run(source, part, room, meter)
        except VerificationError as error:
            await part.flush()
            return str(error)
        part.held.by("cpu")
        return await asyncio.to_thread(Expected.of(source).problem, part.path, part.received, part.sha256)

    async def _described_anew(self, source: ResolvedFile, part: Part) -> ResolvedFile:
        """Authors replace files and the site rewrites them: what it says now counts. From here on the SHA256 alone
        decides, if there is one: the size that the site tells may be the thing that is wrong."""
        part.held.by("network")
        try:
            fresh = await self._refresh(source)
        except BaseException:
            await part.restart()
            raise
        return replace(fresh, size=None if fresh.sha256 else fresh.size, name=source.name)

    async def _settle(self, source: ResolvedFile, folder: Path, part: Part, verdict: Verdict) -> Outcome:
        """Puts the verified file where it belongs: into the folder, or into quarantine."""
        sha256, size, expected = part.sha256, part.received, Expected.of(source)
        await part.close()
        try:
            if verdict.verdict == "dangerous":
                reason = " ".join(verdict.findings)
                path = await asyncio.to_thread(
                    self._quarantine.take,
                    part.path,
                    name=source.name,
                    sha256=sha256,
                    reason=reason,
                    source=shown(parse(source.urls[0])),
                    folder=str(folder),
                    version_id=source.version.id,
                )
                outcome = Outcome("quarantined", path, sha256, size, reason)
            else:
                same = Expected(size, ("SHA256", sha256.upper()))
                path, owned = await asyncio.to_thread(
                    install, part.path, folder, source.name, source.version.id, lambda path: _is(path, same)
                )
                notes = [expected.note or "", *(verdict.findings if verdict.verdict == "unverifiable" else ())]
                said = " ".join(filter(None, notes)) or None
                outcome = Outcome("owned" if owned else "installed", path, sha256, size, said)
        except OSError as error:
            raise disk_error(error, folder) from error
        await asyncio.to_thread(remove_part, part.path)
        log.info("%s: %s as %s, SHA256 %s. %s", source.name, outcome.status, path, sha256, outcome.reason or "")
        return replace(outcome, scan=_record(source, outcome, verdict))


def _record(source: ResolvedFile, outcome: Outcome, verdict: Verdict) -> ScanRecord:
    said = {"pickle scan": source.file.pickle_scan_result, "virus scan": source.file.virus_scan_result}
    return ScanRecord(
        sha256=outcome.sha256,
        name=source.name,
        source=host_of(source.urls[0]),
        format=verdict.format,
        verdict=verdict.verdict,
        findings=verdict.findings,
        site=", ".join(f"{scan}: {result}" for scan, result in said.items() if result),
        became=outcome.status,
        why=outcome.reason or "",
    )


def _key(source: ResolvedFile) -> str:
    return source.sha256 or f"{source.version.id}-{source.file.id}"


def _present(source: ResolvedFile, folder: Path) -> Outcome | None:
    """The file itself, under one of the names that it would get. Blocking."""
    expected = Expected.of(source)
    if expected.hash is None:
        return None
    for path in candidates(folder, source.name, source.version.id):
        if not path.exists():
            return None
        if _is(path, expected):
            sha256 = source.sha256 or sha256_of(path)
            return Outcome("owned", path, sha256, path.stat().st_size)
    return None


def _is(path: Path, expected: Expected) -> bool:
    return path.is_file() and expected.problem(path, path.stat().st_size) is None
