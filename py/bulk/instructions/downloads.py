"""Downloads as instructions: what each target is, whether it can be had, where it would go and what that takes."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from ...civitai.http import Http
from ...civitai.remarks import remarks_on
from ...civitai.resolve import ResolvedFile, Resolver
from ...civitai.targets import parse_target
from ...downloads import DiskSpace
from ...downloads.optimizer import PerformanceReport
from ...downloads.placement import check_name
from ...errors import (
    AuthError,
    CivitaiError,
    EarlyAccessError,
    LorakeeperError,
    NotFoundError,
    PlacementError,
    RateLimitError,
    UsageError,
)
from ...library.library import Library
from ...security import Quarantine
from ..jobs import BulkOptions, Wanted, now
from ..manager import BulkDownloadManager
from ..runner import Runner, shaped
from .documents import Line, Remark, Room, Validation
from .kinds import Progress

_AT_ONCE = 8
_MEASURED = 4 << 20  # bytes that must have come for a speed to be believed


class DownloadTarget(Wanted):
    """A target, and the line of the list that it came from."""

    line: int | None = Field(None, ge=1)


class DownloadPayload(BaseModel):
    model_config = ConfigDict(extra="forbid")

    # One document holds a plan with all that is said of each line: larger ones would hold the event loop.
    targets: list[DownloadTarget] = Field(min_length=1, max_length=2_000)
    name: str = Field("", max_length=200, description="The job's name.")
    options: BulkOptions = BulkOptions()


class DownloadKind:
    """Carried out, it is a job of many files."""

    payload = DownloadPayload

    def __init__(
        self,
        resolver: Resolver,
        http: Http,
        runner: Runner,
        jobs: BulkDownloadManager,
        library: Library,
        quarantine: Quarantine,
        space: DiskSpace,
        performance: Callable[[], Awaitable[PerformanceReport]],
        *,
        site: Callable[[], str],
        nsfw_bits: Callable[[], int],
    ) -> None:
        self._resolver = resolver
        self._http = http
        self._runner = runner
        self._jobs = jobs
        self._library = library
        self._quarantine = quarantine
        self._space = space
        self._performance = performance
        self._site = site
        self._nsfw_bits = nsfw_bits

    def tidied(self, payload: DownloadPayload) -> DownloadPayload:
        """With targets in their shortest spelling, and other links without their query."""
        targets = [each.model_copy(update={"target": self._jobs.spelled(each.target)}) for each in payload.targets]
        return payload.model_copy(update={"targets": targets})

    async def validate(self, payload: DownloadPayload) -> Validation:
        gate = asyncio.Semaphore(_AT_ONCE)

        async def look(number: int, target: DownloadTarget) -> tuple[Line, ResolvedFile | None]:
            async with gate:
                return await self._line(target.line or number, target, payload.options)

        found = await asyncio.gather(*(look(number, target) for number, target in enumerate(payload.targets, 1)))
        _tell_twins(found)
        lines = [line for line, _ in found]
        todo = [line for line in lines if line.outcome == "do"]
        rooms = await asyncio.to_thread(self._rooms, todo)
        total = sum(line.size or 0 for line in todo)
        speed = (await self._performance()).metrics
        return Validation(
            at=now(),
            took=0,
            lines=lines,
            files=len(todo),
            bytes=total,
            unsized=sum(line.size is None for line in todo),
            owned=sum(line.outcome == "owned" for line in lines),
            refused=sum(line.outcome == "refused" for line in lines),
            rooms=rooms,
            seconds=total / speed.average if speed.received > _MEASURED and speed.average else None,
            remarks=[_no_room(room) for room in rooms if room.after < 0],
        )

    async def execute(
        self, payload: DownloadPayload, validation: Validation, key: str, progress: Progress
    ) -> dict[str, JsonValue]:
        """One job for the lines that can be done."""
        wanted = [
            Wanted(**target.model_dump(exclude={"line"}))
            for target, line in zip(payload.targets, validation.lines, strict=True)
            if line.outcome == "do"
        ]
        job = await self._jobs.create_bulk_job(wanted, payload.name, payload.options, job_id=key)
        return {"job": job.id, "files": job.total_files}

    # -- One target --------------------------------------------------------------------------------------------------

    async def _line(
        self, number: int, target: DownloadTarget, options: BulkOptions
    ) -> tuple[Line, ResolvedFile | None]:
        line = Line(number=number, text=target.target, outcome="refused", name=target.name)
        try:
            known = parse_target(target.target, site=self._site(), files=False)
            self._runner.check_kind(target.kind)
            found = await self._resolver.resolve(known, file_id=target.file_id)
            source = shaped(found, target.save_as, options)
        except LorakeeperError as error:
            line.remarks.append(Remark(kind=_reason(error), text=str(error)))
            return line, None
        line.name, line.size, line.kind = source.name, source.size, target.kind or source.kind
        line.page = f"{self._site()}/models/{source.version.model_id}?modelVersionId={source.version.id}"
        line.remarks += [Remark(kind=kind, text=text) for kind, text in remarks_on(source, self._nsfw_bits())]
        if source.size is None:
            line.remarks.append(Remark(kind="size", text="The site doesn't tell its exact size."))
        if source.sha256 and (owned := await self._library.find_owned(source.sha256)):
            line.outcome, line.path = "owned", str(owned)
            return line, source
        held = await asyncio.to_thread(self._is_held, source.sha256)
        if held:
            line.remarks.append(Remark(kind="quarantined", text="The same file lies in quarantine."))
            return line, source
        try:
            check_name(source.name)
            folder = self._runner.place(target.kind, source)
            await self._http.probe(source.urls[0])
        except LorakeeperError as error:
            line.remarks.append(Remark(kind=_reason(error), text=str(error)))
            return line, source
        line.outcome, line.folder, line.path = "do", str(folder), str(folder / source.name)
        if await asyncio.to_thread(os.path.lexists, line.path):
            text = f"Another file is called {source.name} there: this one gets its version's number."
            line.remarks.append(Remark(kind="name", text=text))
        return line, source

    def _is_held(self, sha256: str | None) -> bool:
        """Blocking."""
        return sha256 is not None and self._quarantine.find(sha256) is not None

    def _rooms(self, lines: Iterable[Line]) -> list[Room]:
        """What each disk has and will have. Blocking."""
        rooms: dict[int, Room] = {}
        for line in lines:
            place = _existing(Path(line.folder or ""))
            disk = place.stat().st_dev
            if disk not in rooms:
                free = self._space.free(place) - self._space.reserved(disk)
                rooms[disk] = Room(folder=str(place), free=free, needed=0, after=free)
            rooms[disk].needed += line.size or 0
            rooms[disk].after -= line.size or 0
        return list(rooms.values())


def _existing(folder: Path) -> Path:
    return next(each for each in (folder, *folder.parents) if each.is_dir())


def _reason(error: LorakeeperError) -> str:
    kinds: list[tuple[type[LorakeeperError], str]] = [
        (EarlyAccessError, "early access"),
        (AuthError, "key"),
        (NotFoundError, "gone"),
        (PlacementError, "type"),
        (RateLimitError, "busy"),
        (CivitaiError, "site"),
        (UsageError, "target"),
    ]
    return next((word for kind, word in kinds if isinstance(error, kind)), "error")


def _tell_twins(found: Iterable[tuple[Line, ResolvedFile | None]]) -> None:
    """Says of a file that stands in the plan twice, and of two that want one name."""
    files: dict[Any, int] = {}
    names: dict[str, int] = {}
    for line, source in found:
        if source is None:
            continue
        first = files.setdefault(source.sha256 or (source.version.id, source.file.id), line.number)
        if first != line.number:
            line.outcome = "owned" if line.outcome == "do" else line.outcome
            line.remarks.append(Remark(kind="twice", text=f"It is the same file as in line {first}."))
        elif line.outcome == "do" and line.path:
            other = names.setdefault(os.path.normcase(line.path), line.number)
            if other != line.number:
                text = f"Line {other} has another file of this name: one of them gets its version's number."
                line.remarks.append(Remark(kind="name", text=text))


def _no_room(room: Room) -> Remark:
    short = -room.after / 1e9
    return Remark(kind="space", text=f"{room.folder} lacks {short:.1f} GB: free some space first.")
