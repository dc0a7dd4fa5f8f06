"""What happened in a period, against the one before: counted from the daily sums, judged, and told in one language."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from ..storage.database import Database
from . import period as periods
from .summary import Language, Series, Span, Summary, Total, Unit
from .words import Words

if TYPE_CHECKING:
    from .history import Days, History

# Name, unit, kind, outcomes and figure (0 count, 1 size, 2 seconds, 3 amount).
_TOTALS: tuple[tuple[str, Unit, str, tuple[str, ...], int], ...] = (
    ("prompts", "count", "use", (), 0),
    ("downloads", "count", "download", ("installed",), 0),
    ("downloaded", "bytes", "download", (), 1),
    ("failed", "count", "download", ("failed",), 0),
    ("searches", "count", "search", (), 0),
    ("variations", "count", "variation", (), 0),
    ("cost", "dollars", "variation", (), 3),
    ("errors", "count", "error", (), 0),
)
_SERIES: tuple[tuple[str, Unit, str, tuple[str, ...], int], ...] = (
    ("prompts", "count", "use", (), 0),
    ("downloads", "count", "download", ("installed",), 0),
    ("failed", "count", "download", ("failed",), 0),
    ("downloaded", "bytes", "download", (), 1),
    ("cost", "dollars", "variation", (), 3),
)


def local_now() -> datetime:
    """The moment, with the machine's own zone."""
    return datetime.now().astimezone()


class AnalyticsAnalyzer:
    """Answers from the database. ``recording`` says whether events are recorded at all."""

    def __init__(
        self, database: Database, *, recording: Callable[[], bool], now: Callable[[], datetime] = local_now
    ) -> None:
        self._database = database
        self._recording = recording
        self._now = now

    async def summary(self, period: str = "30d", *, language: Language = "en") -> Summary:
        """A period as :func:`period.span_of` reads it. Raises UsageError for one that it can't read."""
        return await self._database.read(lambda c: self.summarise(c, period, language))

    def summarise(self, connection: Connection, period: str, language: Language) -> Summary:
        """The same, blocking, as the connection sees it."""
        from . import advice, figures, findings, history, stock

        now, words = self._now(), Words(language)
        first = history.first_day(connection)
        span = periods.span_of(period, now.date(), first)
        past = history.load(connection, span, periods.before(span))
        held = stock.take(connection, now.date(), now.timestamp())
        names = stock.names(
            connection, [*(label for label, _ in past.models), *(each for pair in past.pairs for each in pair.models)]
        )
        judged = history.labelled(connection, span.since, span.until, "variation", "verdict", ("accepted", "rejected"))
        found = findings.find(connection, past, names, words, now.date())
        step = periods.step_of(span)
        starts = periods.starts(span, step)
        summary = Summary(
            language=language,
            zone=periods.zone_name(now),
            generated_at=now,
            period=span,
            before=past.before,
            recorded_since=first,
            step=step,
            starts=starts,
            totals=_totals(past, words),
            series=_series(past, judged, span, starts, words),
            findings=found.findings,
            downloads=figures.downloads(past, words),
            usage=figures.usage(past, names, found.together, words),
            storage=figures.storage(held, words),
            variations=figures.variations(past),
            security=figures.security(past),
            errors=figures.errors(past, words),
            notes=self._notes(first, span, words),
        )
        summary.recommendations = advice.recommendations(summary, held, words)
        return summary

    def _notes(self, first: date | None, span: Span, words: Words) -> list[str]:
        notes = [] if self._recording() else [words("analytics.note.off")]
        if first is None:
            return [*notes, words("analytics.note.none")]
        return [*notes, words("analytics.note.since", day=words.day(first))] if first > span.since else notes


def _totals(past: History, words: Words) -> list[Total]:
    known = past.has_before
    return [
        Total(
            name=name,
            label=words(f"analytics.total.{name}"),
            unit=unit,
            value=float(past.days(kind, *outcomes, figure=figure).sum()),
            before=float(past.days(kind, *outcomes, figure=figure, earlier=True).sum()) if known else None,
        )
        for name, unit, kind, outcomes, figure in _TOTALS
    ]


def _series(
    past: History, judged: Mapping[str, Days], span: Span, starts: Sequence[date], words: Words
) -> list[Series]:
    import numpy as np

    from .history import SECONDS, SIZE

    places = [(start - span.since).days for start in starts]

    def steps(days: Days) -> Days:
        return np.add.reduceat(days, places)

    def series(name: str, unit: Unit, values: Days) -> Series:
        return Series(name=name, label=words(f"analytics.series.{name}"), unit=unit, values=[float(v) for v in values])

    found = [
        series(name, unit, steps(past.days(kind, *outcomes, figure=figure)))
        for name, unit, kind, outcomes, figure in _SERIES
    ]
    size, seconds = (steps(past.days("download", "installed", figure=figure)) for figure in (SIZE, SECONDS))
    found.append(series("rate", "rate", np.divide(size, seconds, out=np.zeros_like(size), where=seconds > 0)))
    return [*found, *(series(name, "count", steps(days)) for name, days in judged.items())]
