"""Scanning: from what lies on the disk to rows, batch by batch, without reading a file."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from sqlalchemy import Connection, Row, Select, select, update

from ..events import Event, Events
from ..storage.database import Database
from ..storage.tables import files, items
from . import rows
from .paths import real
from .roots import Roots, folder_of, locate
from .view import View
from .walk import Entry, Finding, Walk, WalkReport


class ScanReport(BaseModel):
    """What a scan found: ``files`` that are here now, and how many of them are new, changed or moved; ``missing`` are
    those that were known and are gone since, ``broken`` those that can't be what they claim. ``findings`` tell, a
    sentence each, what was left out and why."""

    files: int = 0
    new: int = 0
    changed: int = 0
    moved: int = 0
    missing: int = 0
    broken: int = 0
    folders: int = 0
    seconds: float = 0.0
    findings: list[str] = []

    @property
    def touched(self) -> int:
        return self.new + self.changed + self.moved + self.missing


# In the order of an Entry's first fields.
_COMPARED = select(
    files.c.path,
    files.c.kind,
    files.c.name,
    files.c.folder,
    files.c.size,
    files.c.mtime_ns,
    files.c.inode,
    files.c.missing,
    files.c.id,
)
_TOLD = 7


@dataclass
class _Compared:
    """A batch beside the rows. ``same`` are the ids of rows that fit; ``moved`` rows of which the file was
    elsewhere."""

    same: list[int] = field(default_factory=list)
    new: list[tuple[Entry, int | None]] = field(default_factory=list)
    changed: list[tuple[int, Entry]] = field(default_factory=list)
    renamed: list[tuple[int, Entry]] = field(default_factory=list)
    moved: list[tuple[int, Entry]] = field(default_factory=list)

    @property
    def has_work(self) -> bool:
        return bool(self.new or self.changed or self.renamed or self.moved)


class Scanner:
    """Finds what has changed on the disk. One scan runs at a time, others wait for it."""

    def __init__(self, database: Database, roots: Roots, view: View, events: Events) -> None:
        self._database = database
        self._roots = roots
        self._view = view
        self._events = events
        self.lock = asyncio.Lock()  # held while a scan runs: who moves files takes it, too
        self.links: dict[str, str] = {}  # the linked folders that the last full scan followed

    async def scan(
        self,
        *,
        only: Collection[Path] | None = None,
        whole: Collection[Path] | None = None,
        roots: Roots | None = None,
        progress: Callable[[ScanReport], None] = lambda report: None,
    ) -> ScanReport:
        """Brings the rows in line with the disk: everywhere, or in the folders ``only`` and in the folders ``whole``
        with all that is below. ``roots``: other places than the model folders, whose rows alone are looked at."""
        full = only is None and whole is None and roots is None
        async with self.lock:
            begun = time.monotonic()
            report = ScanReport()
            with ThreadPoolExecutor(1, "lorakeeper-walk") as thread:
                walk = Walk(roots or self._roots, only=only, whole=whole, links=None if full else self.links)
                seen = await self._take(walk, thread, report, progress, elsewhere=roots is not None)
            await self._miss(walk.report, walk.listed, seen, report, full=full)
            report.folders = walk.report.folders
            report.findings = [_sentence(finding) for finding in walk.report.findings]
            report.findings += [
                f"{folder} can't be read, so its files stay as they were." for folder in walk.report.unreadable
            ]
            if full:
                self.links = dict(walk.report.links)
                await self._fill()
            elif roots is None:
                self.links = await asyncio.to_thread(_standing, {**self.links, **walk.report.links})
            report.seconds = round(time.monotonic() - begun, 3)
            self._say(report, "done", final=True)
            if report.touched:
                self._events.publish(Event("library", "all", {"id": None, "count": report.touched}, final=True))
            return report

    async def _take(
        self,
        walk: Walk,
        thread: ThreadPoolExecutor,
        report: ScanReport,
        progress: Callable[[ScanReport], None],
        *,
        elsewhere: bool,
    ) -> bytearray:
        """Writes what the walk brings; returns a mark for each row id that was seen. ``elsewhere``: the walk is not
        through the model folders as they are, so names are found out for each file."""
        loop = asyncio.get_running_loop()
        seen = bytearray(1)
        batches = iter(walk)
        while batch := await loop.run_in_executor(thread, lambda: next(batches, None)):
            if elsewhere:
                batch = [self._placed(entry) for entry in batch]
            compared = await self._database.read(partial(_compare, batch=batch))
            ids = list(compared.same)
            if compared.has_work:
                ids += await self._database.write(partial(self._apply, batch=batch, compared=compared, report=report))
            _mark(seen, ids)
            report.files += len(batch)
            report.broken += sum(entry.problem is not None for entry in batch)
            progress(report)
            self._say(report, "walking")
        return seen

    def _placed(self, entry: Entry) -> Entry:
        kind, name = locate(self._roots, Path(real(entry.path))) or ("", os.path.basename(entry.path))  # noqa: PTH119
        return entry._replace(kind=kind, name=name, folder=folder_of(name))

    def _apply(self, connection: Connection, batch: list[Entry], compared: _Compared, report: ScanReport) -> list[int]:
        """Writes what has changed; returns the ids of the rows that now fit. Where another process was there first the
        batch is compared again."""
        new = [entry.path for entry, _ in compared.new]
        if any(
            connection.execute(select(files.c.id).where(files.c.path.in_(chunk))).first() for chunk in rows.chunks(new)
        ):
            compared = _compare(connection, batch)
        added = rows.add_files(
            connection, [(_place(entry), _facts(entry), entry.problem, content) for entry, content in compared.new]
        )
        for file_id, entry in compared.moved:
            rows.relocate(connection, file_id, _place(entry), _facts(entry))
        for file_id, entry in compared.renamed:
            values = {**vars(_place(entry)), "missing": False, "problem": entry.problem}
            connection.execute(update(files).where(files.c.id == file_id).values(values))
        for file_id, entry in compared.changed:
            rows.relocate(connection, file_id, _place(entry), _facts(entry))
            changed = update(files).where(files.c.id == file_id)
            connection.execute(changed.values(stale=True, problem=entry.problem))
        report.new += len(compared.new)
        report.changed += len(compared.changed)
        report.moved += len(compared.moved)
        others = [file_id for group in (compared.moved, compared.renamed, compared.changed) for file_id, _ in group]
        self._view.add(connection, added)
        self._view.refresh(connection, others)
        if linked := {content for _, content in compared.new if content is not None}:
            self._view.refresh_contents(connection, linked)
        return [*compared.same, *added, *others]

    async def _miss(
        self, walked: WalkReport, listed: Collection[str], seen: bytearray, report: ScanReport, *, full: bool
    ) -> None:
        """Marks as missing the rows whose files were not seen where they ought to have been."""

        def find(connection: Connection) -> list[int]:
            known: Select[Any] = select(files.c.id, files.c.path, files.c.kind).where(files.c.missing.is_(False))
            gone: list[int] = []
            if full:
                ids = connection.execute(select(files.c.id).where(files.c.missing.is_(False))).scalars()
                for chunk in rows.chunks(each for each in ids if not _is_marked(seen, each)):
                    unseen = connection.execute(known.where(files.c.id.in_(chunk)))
                    gone += [row.id for row in unseen if _is_gone(row, walked.unreadable)]
                return gone
            stands: dict[str, bool] = {}
            for folder in listed:
                if os.path.dirname(folder) in listed:  # noqa: PTH120
                    continue  # asked about with that one
                inside = os.path.join(folder, "")  # noqa: PTH118 - a text in the database's spelling
                # What begins with the folder's path sorts directly behind it.
                here = known.where(files.c.path > inside, files.c.path < inside + "\U0010ffff")
                gone += [
                    row.id
                    for row in connection.execute(here).all()
                    if not _is_marked(seen, row.id) and _is_gone_from(row.path, listed, stands)
                ]
            return gone

        def mark(connection: Connection, gone: list[int]) -> None:
            connection.execute(update(files).where(files.c.id.in_(gone)).values(missing=True))
            found = connection.execute(select(files.c.content).where(files.c.id.in_(gone))).scalars()
            # Their copies, and other versions of their models, are told apart from them by what is here.
            self._view.refresh_contents(connection, set(found))

        gone = list(dict.fromkeys(await self._database.read(find)))
        for chunk in rows.chunks(gone):
            await self._database.write(partial(mark, gone=chunk))
        report.missing += len(gone)

    async def _fill(self) -> None:
        """Puts rows into the list that are not in it: an upgrade leaves them so. What couldn't be read may be
        readable now."""

        def lacking(connection: Connection) -> list[int]:
            query = select(files.c.id).outerjoin(items, items.c.file == files.c.id).where(items.c.file.is_(None))
            return list(connection.execute(query).scalars())

        for chunk in rows.chunks(await self._database.read(lacking)):
            await self._database.write(partial(self._view.refresh, file_ids=chunk))

    def _say(self, report: ScanReport, phase: str, *, final: bool = False) -> None:
        data = {"phase": phase, **report.model_dump(exclude={"findings"})}
        self._events.publish(Event("scan", "scan", data, final=final))


def _compare(connection: Connection, batch: list[Entry]) -> _Compared:
    known = {
        row[0]: row
        for chunk in rows.chunks(entry.path for entry in batch)
        for row in connection.execute(_COMPARED.where(files.c.path.in_(chunk))).all()
    }
    compared = _Compared()
    fresh: list[Entry] = []
    for entry in batch:
        row = known.get(entry.path)
        if row is None:
            fresh.append(entry)
            continue
        *told, missing, file_id = row
        if not missing and tuple(told) == entry[:_TOLD]:  # as of nearly every file at nearly every start
            compared.same.append(file_id)
        elif tuple(told[-3:]) != _facts(entry):
            compared.changed.append((file_id, entry))
        elif missing or told[1:-3] != [entry.kind or None, entry.name, entry.folder]:
            compared.renamed.append((file_id, entry))
        else:
            compared.same.append(file_id)
    elsewhere = rows.twins(connection, (entry.inode for entry in fresh if entry.problem is None))
    for entry in fresh:
        twins = elsewhere.get(entry.inode, []) if entry.problem is None else []
        twin = next((row for row in twins if rows.facts_of(row) == _facts(entry)), None)
        if twin is None:
            compared.new.append((entry, None))
        elif os.path.lexists(real(twin.path)):  # another name of one file
            # One that was written to since it was read has to be read again under either name.
            compared.new.append((entry, None if twin.stale and twin.sha256 else twin.content))
        else:
            compared.moved.append((twin.id, entry))
            twins.remove(twin)
    return compared


def _is_gone(row: Row[Any], unreadable: Collection[str]) -> bool:
    if row.kind is None:  # outside the model folders, where no walk comes by
        return not os.path.lexists(real(row.path))
    inside = (row.path == folder or row.path.startswith(os.path.join(folder, "")) for folder in unreadable)  # noqa: PTH118
    return not any(inside)


def _is_gone_from(path: str, listed: Collection[str], stands: dict[str, bool]) -> bool:
    """Whether the folder of ``path`` was listed, or has gone itself; ``stands`` remembers which haven't."""
    folder = os.path.dirname(path)  # noqa: PTH120
    if folder in listed:
        return True
    if folder not in stands:
        stands[folder] = os.path.lexists(real(folder))
    return not stands[folder]


def _standing(links: dict[str, str]) -> dict[str, str]:
    """Those links that are still there, and lead where they led."""
    return {path: target for path, target in links.items() if os.path.realpath(path) == target}


def _mark(seen: bytearray, ids: list[int]) -> None:
    if (longest := max(ids, default=0)) >= len(seen):
        seen.extend(bytes(longest + 1 - len(seen)))
    for each in ids:
        seen[each] = 1


def _is_marked(seen: bytearray, row_id: int) -> bool:
    return row_id < len(seen) and seen[row_id] == 1


def _place(entry: Entry) -> rows.Place:
    return rows.Place(entry.path, entry.kind or None, entry.name, entry.folder)


def _facts(entry: Entry) -> rows.Facts:
    return entry.size, entry.mtime_ns, entry.inode


def _sentence(finding: Finding) -> str:
    return f"{finding.path}: {finding.reason}"
