"""A period as a user writes it, and as days."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, datetime, timedelta

from ..errors import UsageError
from .summary import Span, StepName

_LAST = re.compile(r"(\d{1,5})\s*d", re.IGNORECASE)
_MONTH = re.compile(r"(\d{4})-(\d{2})")
_YEAR = re.compile(r"\d{4}")
_LONGEST = 36_500
_FIRST_YEAR = 1970
_HELP = "say 30d, yesterday, last-week, last-month, last-year, 2026, 2026-03, 2026-03-01..2026-03-31 or all"


def span_of(text: str, today: date, first: date | None) -> Span:
    """The days that ``text`` means: the last so many (``30d``, today among them), ``yesterday``, ``last-week`` (Monday
    to Sunday), ``last-month`` or ``last-year``, a year, a month, two days and what is between, or ``all`` since the
    ``first`` day of which anything is known. Days to come are left out.

    Raises UsageError for what is none of these, or lies in the future.
    """
    text = text.strip()
    if text.casefold() == "all":
        return Span(since=min(first or today, today), until=today)
    if last := _last(text.casefold(), today):
        return last
    if found := _LAST.fullmatch(text):
        days = int(found[1])
        if not 1 <= days <= _LONGEST:
            raise UsageError(f"A period has 1 to {_LONGEST:,} days: {_HELP}.")
        return Span(since=today - timedelta(days - 1), until=today)
    try:
        since, until = _written(text)
    except ValueError as error:
        raise UsageError(f"{text!r:.60} is no period: {_HELP}.") from error
    if since > until:
        raise UsageError("The period ends before it begins: put the earlier day first.")
    if since > today:
        raise UsageError("The period has not begun yet.")
    return Span(since=since, until=min(until, today))


def _last(text: str, today: date) -> Span | None:
    """The week, month or year before this one."""
    begins = {
        "yesterday": today,
        "last-week": today - timedelta(today.weekday()),
        "last-month": today.replace(day=1),
        "last-year": today.replace(month=1, day=1),
    }
    if text not in begins:
        return None
    until = begins[text] - timedelta(1)
    since = {
        "yesterday": until,
        "last-week": until - timedelta(6),
        "last-month": until.replace(day=1),
        "last-year": until.replace(month=1, day=1),
    }
    return Span(since=since[text], until=until)


def _written(text: str) -> tuple[date, date]:
    if _YEAR.fullmatch(text) and int(text) >= _FIRST_YEAR:
        return date(int(text), 1, 1), date(int(text), 12, 31)
    if found := _MONTH.fullmatch(text):
        year, month = int(found[1]), int(found[2])
        if not 1 <= month <= 12 or year < _FIRST_YEAR:
            raise ValueError(text)
        return date(year, month, 1), date(year, month, monthrange(year, month)[1])
    since, dots, until = text.partition("..")
    days = date.fromisoformat(since.strip()), date.fromisoformat(until.strip() if dots else since.strip())
    if days[0].year < _FIRST_YEAR:
        raise ValueError(text)
    return days


def before(span: Span) -> Span:
    """As many days, up to the day before."""
    until = span.since - timedelta(1)
    return Span(since=until - timedelta(span.days - 1), until=until)


def step_of(span: Span) -> StepName:
    """So that a chart has some 10 to 90 values."""
    if span.days <= 92:
        return "day"
    return "week" if span.days <= 2 * 366 else "month"


def starts(span: Span, step: StepName) -> list[date]:
    """The first day of each step: the period's own first one, then Mondays, or firsts of a month."""
    days = (span.since + timedelta(number) for number in range(span.days))
    return [
        day
        for day in days
        if step == "day" or day == span.since or (day.weekday() == 0 if step == "week" else day.day == 1)
    ]


def zone_name(moment: datetime) -> str:
    """The offset of a moment with a zone, such as ``UTC+09:00``."""
    offset = moment.strftime("%z") or "+0000"
    return f"UTC{offset[:3]}:{offset[3:5]}" if offset.strip("+-0") else "UTC"
