"""The security report: how many files were scanned and what became of them, by source and by day."""

from __future__ import annotations

import calendar
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timezone
from typing import TypeVar

from pydantic import BaseModel

from ..errors import UsageError
from .quarantine import QuarantineEntry
from .records import DAY, HELD_ONCE, Tally, host_of

Key = TypeVar("Key")

_EPOCH = date(1970, 1, 1).toordinal()


class Counts(BaseModel):
    """Files by what the scanner said and what became of them. ``quarantined`` counts all that ever were, the
    ``released`` and the ``deleted`` among them; each file counts for the day on which it was scanned."""

    scanned: int = 0
    safe: int = 0
    unverifiable: int = 0
    quarantined: int = 0
    released: int = 0
    deleted: int = 0


class SourceCounts(Counts):
    source: str


class DayCounts(Counts):
    day: date


class SecurityReport(BaseModel):
    """``since`` and ``until`` are days in UTC, both counted, None for no end. ``held`` and ``entries`` are what lies in
    quarantine now, whenever it came there."""

    since: date | None
    until: date | None
    total: Counts
    by_source: list[SourceCounts]
    by_day: list[DayCounts]
    held: int
    entries: list[QuarantineEntry]


def span(since: date | None, until: date | None) -> tuple[float | None, float | None]:
    """The two ends in Unix seconds, the second one just behind its day. Raises UsageError where they are crossed."""
    if since and until and since > until:
        raise UsageError(f"The report would end ({until}) before it begins ({since}).")
    return _midnight(since) if since else None, _midnight(until) + DAY if until else None


def unrecorded(
    entries: Iterable[QuarantineEntry], known: set[str], since: float | None, until: float | None
) -> list[Tally]:
    """The tallies of files that came into quarantine before there were records."""
    moments = [(entry, moment_of(entry)) for entry in entries if entry.sha256 not in known]
    return [
        Tally(host_of(entry.source), int(moment // DAY), "dangerous", "quarantined", 1)
        for entry, moment in moments
        if (since is None or moment >= since) and (until is None or moment < until)
    ]


def report_of(
    tallies: Sequence[Tally], entries: list[QuarantineEntry], since: date | None, until: date | None
) -> SecurityReport:
    sources = _sums(tallies, lambda tally: tally.source)
    days = _sums(tallies, lambda tally: tally.day)
    return SecurityReport(
        since=since,
        until=until,
        total=Counts(**_sums(tallies, lambda _: None).get(None, Counter())),
        by_source=sorted(
            (SourceCounts(source=source, **sums) for source, sums in sources.items()),
            key=lambda each: (-each.quarantined, -each.scanned, each.source),
        ),
        by_day=[
            DayCounts(day=date.fromordinal(_EPOCH + day), **sums) for day, sums in sorted(days.items(), reverse=True)
        ],
        held=len(entries),
        entries=entries,
    )


def moment_of(entry: QuarantineEntry) -> float:
    """When a file was held back, in Unix seconds; the beginning of time where its record doesn't say."""
    try:
        moment = datetime.fromisoformat(entry.quarantined_at)
    except ValueError:
        return 0.0
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()


def _midnight(day: date) -> float:
    return float(calendar.timegm(day.timetuple()))


def _sums(tallies: Iterable[Tally], key: Callable[[Tally], Key]) -> dict[Key, Counter[str]]:
    sums: dict[Key, Counter[str]] = {}
    for tally in tallies:
        counter = sums.setdefault(key(tally), Counter())
        for name in _names(tally):
            counter[name] += tally.files
    return sums


def _names(tally: Tally) -> Iterable[str]:
    """The counts in which a tally counts."""
    yield "scanned"
    if tally.verdict in ("safe", "unverifiable"):
        yield tally.verdict
    if tally.became in HELD_ONCE:
        yield "quarantined"
    if tally.became in ("released", "deleted"):
        yield tally.became
