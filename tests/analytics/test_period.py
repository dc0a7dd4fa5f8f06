"""Periods as users write them."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

import pytest

from lorakeeper.py.analytics.period import before, span_of, starts, step_of, zone_name
from lorakeeper.py.analytics.summary import Span
from lorakeeper.py.errors import UsageError

TODAY = date(2026, 3, 18)  # a Wednesday


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("30d", "2026-02-17", "2026-03-18"),
        ("1D", "2026-03-18", "2026-03-18"),
        ("yesterday", "2026-03-17", "2026-03-17"),
        ("last-week", "2026-03-09", "2026-03-15"),
        ("last-month", "2026-02-01", "2026-02-28"),
        ("Last-Year", "2025-01-01", "2025-12-31"),
        ("2025", "2025-01-01", "2025-12-31"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2026-01-05..2026-01-07", "2026-01-05", "2026-01-07"),
        (" 2026-01-05 ", "2026-01-05", "2026-01-05"),
        ("2026-03", "2026-03-01", "2026-03-18"),
        ("2026-03-01..2027-01-01", "2026-03-01", "2026-03-18"),
        ("all", "2025-11-02", "2026-03-18"),
    ],
)
def test_a_period_is_the_days_that_it_says(text: str, since: str, until: str) -> None:
    span = span_of(text, TODAY, date(2025, 11, 2))

    assert (span.since.isoformat(), span.until.isoformat()) == (since, until)


@pytest.mark.parametrize(
    "text",
    ["", "d", "0d", "99999d", "tomorrow", "2026-13", "2026-02-30", "2026-02-01..", "..2026-02-01", "0001", "2027",
     "2026-02-02..2026-02-01", "1234567d", "2026-02-01..2026-02-02..2026-02-03"],
)  # fmt: skip
def test_what_is_no_period_is_refused_with_what_to_say(text: str) -> None:
    with pytest.raises(UsageError, match=r"period"):
        span_of(text, TODAY, None)


def test_nothing_recorded_makes_all_today() -> None:
    assert span_of("all", TODAY, None) == Span(since=TODAY, until=TODAY)


def test_the_period_before_is_as_long_and_ends_the_day_before() -> None:
    span = span_of("2024-02", TODAY, None)

    assert before(span) == Span(since=date(2024, 1, 3), until=date(2024, 1, 31))
    assert before(span).days == span.days == 29


@pytest.mark.parametrize(
    ("days", "step", "count"),
    [(1, "day", 1), (92, "day", 92), (93, "week", 14), (732, "week", 106), (733, "month", 25)],
)
def test_steps_cover_the_period_once(days: int, step: str, count: int) -> None:
    span = Span(since=TODAY - timedelta(days - 1), until=TODAY)

    found = starts(span, step_of(span))

    assert (step_of(span), len(found)) == (step, count)
    assert found[0] == span.since
    assert found == sorted(set(found))
    assert found[-1] <= span.until
    if step == "week":
        assert all(day.weekday() == 0 for day in found[1:])
    if step == "month":
        assert all(day.day == 1 for day in found[1:])


@pytest.mark.parametrize(("hours", "name"), [(9, "UTC+09:00"), (0, "UTC"), (-3.5, "UTC-03:30"), (5.75, "UTC+05:45")])
def test_a_zone_is_named_by_its_distance(hours: float, name: str) -> None:
    assert zone_name(datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=hours)))) == name
