"""The door of the quarantine: what lies there, and the two ways out of it. A release wants its reason typed; a deletion
is for good. Both are written into the records of what was scanned."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import logging
import os
import re
import secrets
import unicodedata
from collections.abc import Awaitable, Callable
from datetime import date
from pathlib import Path
from typing import Protocol

from pydantic import BaseModel

from ..errors import DownloadError, LorakeeperError, MissingError, PlacementError, SpaceError, UsageError
from ..errors import VerificationError as ChangedError
from ..events import Event, Events
from ..library.hashing import hash_file
from ..library.roots import Roots, folder_for, locate
from ..storage.database import Database
from ..uncancelled import uncancelled
from . import report
from .quarantine import LOST, Quarantine, QuarantineEntry, plain
from .records import Became, Judgement, Records, ScanPage, ScanRecord, host_of
from .report import SecurityReport

log = logging.getLogger(__name__)

_SHA256 = re.compile("[0-9a-f]{64}")
_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EFBIG}
_CHUNK = 1 << 20
_SHOWN = 500


class Install(Protocol):
    """Gives a file the first free name in a folder, as ``downloads.placement.install`` does."""

    def __call__(
        self, part: Path, folder: Path, name: str, version_id: int, is_same: Callable[[Path], bool], /
    ) -> tuple[Path, bool]: ...


class Released(BaseModel):
    """Where a released file lies now. ``owned``: the same content was there already. ``listed``: the library knows it;
    else its next scan will find it."""

    sha256: str
    name: str
    path: str
    owned: bool
    listed: bool


class Deleted(BaseModel):
    sha256: str
    name: str


class Custody:
    """What may be done with files in quarantine, and what is known of all that was scanned."""

    def __init__(
        self,
        database: Database,
        quarantine: Quarantine,
        roots: Roots,
        *,
        install: Install,
        check_name: Callable[[str], None],
        learn: Callable[[Path], Awaitable[object]],
        events: Events,
    ) -> None:
        """``check_name`` raises PlacementError for a name that a file can't have; ``learn`` makes the library list a
        file. ``install`` blocks and is called in a thread."""
        self._records = Records(database)
        self._quarantine = quarantine
        self._roots = roots
        self._install = install
        self._check_name = check_name
        self._learn = learn
        self._events = events
        self._turn = asyncio.Lock()

    async def entries(self) -> list[QuarantineEntry]:
        """Every file held back, newest first."""
        return await asyncio.to_thread(self._quarantine.list)

    async def note(self, record: ScanRecord) -> None:
        """Keeps what the scanner said of a file just fetched."""
        await self._records.note(record)
        self._tell(record, record.verdict, record.format)

    async def page(
        self,
        *,
        cursor: str | None = None,
        limit: int = 50,
        verdict: Judgement | None = None,
        became: Became | None = None,
    ) -> ScanPage:
        """What was scanned, newest first. Raises UsageError for a cursor that is none of ours."""
        return await self._records.page(cursor=cursor, limit=limit, verdict=verdict, became=became)

    async def report(self, since: date | None = None, until: date | None = None) -> SecurityReport:
        """Counts from the day ``since`` to the end of the day ``until``, in UTC, and what is in quarantine now."""
        begin, end = report.span(since, until)
        entries = await self.entries()
        known = await self._records.held_once()
        tallies = await self._records.tallies(begin, end)
        return report.report_of([*tallies, *report.unrecorded(entries, known, begin, end)], entries, since, until)

    async def release(self, sha256: str, reason: str, *, kind: str | None = None) -> Released:
        """Puts a file where it was meant to go, or among the models of ``kind``, and in no other file's place.

        ``reason`` is why it was held back, or one whole sentence of that, in any case and punctuation. Raises
        MissingError, UsageError for another reason or an unknown kind, PlacementError where it has no place in the
        model folders, VerificationError where it is no longer the file that was scanned, and SpaceError or
        DownloadError for a folder that can't be written to; then the file is in quarantine as before. StorageError says
        that it was released, but that this could not be written down.
        """
        # A file that has moved must be in the records too.
        return await uncancelled(self._release(sha256, reason, kind))

    async def delete(self, sha256: str) -> Deleted:
        """Removes a file and its note for good. Raises MissingError, and DownloadError where the disk refuses."""
        return await uncancelled(self._delete(sha256))

    # -- The ways out ------------------------------------------------------------------------------------------------

    async def _release(self, sha256: str, reason: str, kind: str | None) -> Released:
        async with self._turn:
            entry = await asyncio.to_thread(self._find, sha256)
            _check_reason(entry, reason)
            if entry.reason == LOST:
                raise PlacementError(
                    f"With its record the name of {entry.sha256[:12]} is lost, so it can't be released: delete it and "
                    "download it again."
                )
            self._check_name(entry.name)
            folder = self._folder_of(entry, kind)
            path, owned = await asyncio.to_thread(self._put, entry, folder)
            await self._settle(entry, "released", reason.strip())
            log.warning("released %s (%s) to %s although: %s", entry.name, entry.sha256, path, entry.reason)
            return Released(
                sha256=entry.sha256, name=path.name, path=str(path), owned=owned, listed=await self._listed(path)
            )

    async def _delete(self, sha256: str) -> Deleted:
        async with self._turn:
            entry = await asyncio.to_thread(self._find, sha256)
            try:
                await asyncio.to_thread(self._quarantine.discard, entry.sha256)
            except OSError as error:
                raise DownloadError(
                    f"{entry.path} can't be deleted ({error.strerror or error}): close what has it open, and try again."
                ) from error
            await self._settle(entry, "deleted", entry.reason)
            log.info("deleted %s (%s) from the quarantine", entry.name, entry.sha256)
            return Deleted(sha256=entry.sha256, name=entry.name)

    def _find(self, sha256: str) -> QuarantineEntry:
        """The hash becomes part of a path, so it must be one."""
        wanted = sha256.lower()
        if not _SHA256.fullmatch(wanted):
            raise MissingError("That is no SHA256, which has 64 hexadecimal digits.")
        entry = self._quarantine.find(wanted)
        if entry is None:
            raise MissingError(f"There is no file {wanted[:12]}… in quarantine.")
        return entry

    def _folder_of(self, entry: QuarantineEntry, kind: str | None) -> Path:
        """The model folders may have changed since the file was fetched: those of today count."""
        if not kind and not entry.folder:
            raise PlacementError(f"It is not known where {entry.name} was to go: name a kind such as loras.")
        folder = folder_for(self._roots, kind) if kind else Path(entry.folder)
        if not folder.is_absolute() or locate(self._roots, folder / entry.name) is None:
            raise PlacementError(f"{folder} is in no model folder, so {entry.name} needs a kind such as loras.")
        return Path(os.path.abspath(folder))  # noqa: PTH100 - links stay, as locate() sees them

    def _put(self, entry: QuarantineEntry, folder: Path) -> tuple[Path, bool]:
        """Moves the file into ``folder``, once it is sure to be the one that was scanned. Blocking."""
        held = Path(entry.path)
        try:
            if hash_file(held)[0] != entry.sha256:
                raise _changed(entry)
            folder.mkdir(parents=True, exist_ok=True)
            placed = self._move(entry, held, folder)
            self._quarantine.discard(entry.sha256)
        except FileNotFoundError as error:
            if held.exists():
                raise _disk_error(entry, folder, error) from error
            raise MissingError(f"{entry.name} is no longer in quarantine.") from error
        except OSError as error:
            raise _disk_error(entry, folder, error) from error
        return placed

    def _move(self, entry: QuarantineEntry, held: Path, folder: Path) -> tuple[Path, bool]:
        def is_same(path: Path) -> bool:
            return path.is_file() and path.stat().st_size == entry.size and hash_file(path)[0] == entry.sha256

        try:
            return self._install(held, folder, entry.name, entry.version_id, is_same)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
        # Another file system: nothing may have its final name there before it is whole.
        for left in folder.glob(f".lorakeeper-{entry.sha256[:16]}-*.release"):
            left.unlink(missing_ok=True)
        copy = folder / f".lorakeeper-{entry.sha256[:16]}-{secrets.token_hex(4)}.release"
        try:
            if _copy(held, copy) != entry.sha256:
                raise _changed(entry)
            return self._install(copy, folder, entry.name, entry.version_id, is_same)
        finally:
            copy.unlink(missing_ok=True)

    async def _settle(self, entry: QuarantineEntry, became: Became, why: str) -> None:
        record = ScanRecord(
            sha256=entry.sha256,
            name=entry.name,
            source=host_of(entry.source),
            format="unknown",
            verdict="dangerous",
            findings=(entry.reason,),
            site="",
            became=became,
            why=why,
        )
        await self._records.settle(record, report.moment_of(entry))
        self._tell(record)

    def _tell(self, record: ScanRecord, verdict: Judgement | None = None, kind: str | None = None) -> None:
        """The verdict is told once: what the user does with the file later is none."""
        data = {"verdict": verdict, "format": kind, "source": record.source or None, "became": record.became}
        self._events.publish(Event("security", record.sha256[:12].lower(), data, final=True))

    async def _listed(self, path: Path) -> bool:
        """The file has its place already: a library that can't take it in now finds it at its next scan."""
        try:
            await self._learn(path)
        except (LorakeeperError, OSError) as error:
            log.warning("the library could not take in %s: %s", path, error)
            return False
        return True


def _check_reason(entry: QuarantineEntry, typed: str) -> None:
    """Raises UsageError, saying what to type, unless ``typed`` is the reason or one of its sentences."""
    accepted = {_bare(text) for text in (entry.reason, *re.split(r"(?<=[.!?])\s+", entry.reason))}
    if _bare(typed) not in accepted - {""}:
        reason = plain(entry.reason, _SHOWN).rstrip(". ")
        raise UsageError(
            f"To release {entry.name}, type why it was held back, or one whole sentence of that: {reason}."
        )


def _bare(text: str) -> str:
    """Letters and digits alone, without case."""
    return "".join(sign for sign in unicodedata.normalize("NFKC", text).casefold() if sign.isalnum())


def _copy(source: Path, target: Path) -> str:
    """Writes a copy to the disk and returns the SHA256 of what was copied."""
    digest = hashlib.sha256()
    with source.open("rb") as reading, target.open("xb") as writing:
        while chunk := reading.read(_CHUNK):
            digest.update(chunk)
            writing.write(chunk)
        writing.flush()
        os.fsync(writing.fileno())
    return digest.hexdigest()


def _changed(entry: QuarantineEntry) -> ChangedError:
    return ChangedError(f"{entry.name} is not what was scanned any more, so it stays in quarantine: delete it.")


def _disk_error(entry: QuarantineEntry, folder: Path, error: OSError) -> LorakeeperError:
    if error.errno in _FULL:
        return SpaceError(f"There is no room for {entry.name} in {folder}: free some space, then release it again.")
    return DownloadError(
        f"{entry.name} can't be moved to {folder} ({error.strerror or error}): check the disk and its permissions."
    )
