"""What the scanner said of each file that was fetched, and what has become of it: the table ``scans``."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

from pydantic import BaseModel
from sqlalchemy import Connection, Integer, cast, func, insert, select, update

from ..storage.cursors import row_of
from ..storage.database import Database
from ..storage.tables import scans
from .quarantine import LONGEST_REASON, plain

Judgement = Literal["safe", "dangerous", "unverifiable"]
Became = Literal["installed", "owned", "quarantined", "released", "deleted"]

DAY = 86_400
# What was in quarantine once: it is there still, or the user has let it go, or done away with it.
HELD_ONCE: tuple[Became, ...] = ("quarantined", "released", "deleted")
_FINDINGS = 50
_LONGEST = 500


@dataclass(frozen=True)
class ScanRecord:
    """One file that was scanned. ``source`` is the host that it came from, ``site`` a short text of what the site's own
    scans say, for showing only, ``why`` the reason for what it ``became``, "" for none."""

    sha256: str
    name: str
    source: str
    format: str
    verdict: Judgement
    findings: tuple[str, ...]
    site: str
    became: Became
    why: str


class ScanEntry(BaseModel):
    """A record as the list has it."""

    id: int
    sha256: str
    name: str
    source: str
    format: str
    verdict: str
    findings: list[str]
    site: str
    became: str
    why: str
    scanned_at: datetime


class ScanPage(BaseModel):
    items: list[ScanEntry]
    next_cursor: str | None


class Tally(NamedTuple):
    """How many files of one source, scanned on one day (of Unix time, UTC), are alike."""

    source: str
    day: int
    verdict: str
    became: str
    files: int


class Records:
    """Notes what was scanned, lists it, and counts it. Times are Unix seconds."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def note(self, record: ScanRecord, at: float | None = None) -> int:
        """Keeps one record, scanned now unless ``at`` says when; returns its number."""
        values = _values(record, time.time() if at is None else at)
        return await self._database.write(lambda c: _insert(c, values))

    async def settle(self, record: ScanRecord, at: float) -> None:
        """Writes down what a file in quarantine ``became``, and ``why``; the scanner's word stays as it was noted.
        ``record`` itself, scanned ``at``, is kept where the file came here before there were records."""
        await self._database.write(lambda c: _settle(c, _values(record, at)))

    async def page(
        self,
        *,
        cursor: str | None = None,
        limit: int = 50,
        verdict: Judgement | None = None,
        became: Became | None = None,
    ) -> ScanPage:
        """Newest first. Raises UsageError for a cursor that is none of ours."""
        before = row_of(cursor)
        # One more than asked for tells whether there is a next page.
        query = select(scans).order_by(scans.c.id.desc()).limit(limit + 1)
        if before is not None:
            query = query.where(scans.c.id < before)
        for column, wanted in ((scans.c.verdict, verdict), (scans.c.became, became)):
            if wanted is not None:
                query = query.where(column == wanted)
        found = await self._database.read(lambda c: c.execute(query).all())
        items = [_entry(row) for row in found[:limit]]
        return ScanPage(items=items, next_cursor=str(items[-1].id) if len(found) > limit else None)

    async def tallies(self, since: float | None = None, until: float | None = None) -> list[Tally]:
        """Counts of all that was scanned from ``since`` on, and before ``until``."""
        day = cast(scans.c.scanned_at / DAY, Integer)
        alike = (scans.c.source, day, scans.c.verdict, scans.c.became)
        query = select(*alike, func.count()).group_by(*alike)
        if since is not None:
            query = query.where(scans.c.scanned_at >= since)
        if until is not None:
            query = query.where(scans.c.scanned_at < until)
        found = await self._database.read(lambda c: c.execute(query).all())
        return [Tally(*row) for row in found]

    async def held_once(self) -> set[str]:
        """The hashes of all files that are known to have been in quarantine."""
        query = select(scans.c.sha256).where(scans.c.became.in_(HELD_ONCE)).distinct()
        return set(await self._database.read(lambda c: c.execute(query).scalars().all()))


def host_of(address: str) -> str:
    """The host of a URL, lower-case; what is no URL stays as it is."""
    return host_in(address) or address


def host_in(address: str) -> str | None:
    """The host of a URL, lower-case; None for what is no URL."""
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None


def _values(record: ScanRecord, at: float) -> dict[str, Any]:
    return {
        "sha256": record.sha256.lower(),
        "name": plain(record.name, _LONGEST),
        "source": plain(record.source, _LONGEST),
        "format": plain(record.format, 24),
        "verdict": record.verdict,
        "findings": _few(record.findings),
        "site": plain(record.site, _LONGEST),
        "became": record.became,
        "why": plain(record.why, LONGEST_REASON),
        "scanned_at": at,
    }


def _few(findings: Sequence[str]) -> list[str]:
    """A file can be made to have any number of findings, of any length."""
    few = [plain(finding, _LONGEST) for finding in findings[:_FINDINGS]]
    return [*few, f"And {len(findings) - len(few):,} more."] if len(findings) > len(few) else few


def _insert(connection: Connection, values: dict[str, Any]) -> int:
    key = connection.execute(insert(scans).values(**values)).inserted_primary_key
    return int(key[0]) if key else 0


def _settle(connection: Connection, values: dict[str, Any]) -> None:
    held = select(func.max(scans.c.id)).where(scans.c.sha256 == values["sha256"], scans.c.became == "quarantined")
    number = connection.execute(held).scalar()
    if number is None:
        _insert(connection, values)
        return
    connection.execute(update(scans).where(scans.c.id == number).values(became=values["became"], why=values["why"]))


def _entry(row: Any) -> ScanEntry:
    moment = datetime.fromtimestamp(row.scanned_at, timezone.utc)
    return ScanEntry.model_validate({**row._mapping, "scanned_at": moment})
