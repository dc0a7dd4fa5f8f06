"""What was recorded of a period and of the one before, as arrays: read from the daily sums alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, func, select

from ..storage.tables import analytics_keys as keys
from ..storage.tables import analytics_sums as sums
from .summary import Span

Days = NDArray[np.float64]
COUNT, SIZE, SECONDS, AMOUNT = range(4)

_FIGURES = (sums.c.times, sums.c.size, sums.c.seconds, sums.c.amount)
# The dimensions that are read whole; models and pairs may be thousands, of which the first ones are wanted.
_SHORT = ("host", "base_model", "creator", "family", "cause", "held", "verdict", "gemini", "source")
_MOST, _PAIRS, _COMPARED = 40, 10, 15
_NOTHING = (0.0,) * 4


class Label(NamedTuple):
    """A label's figures in the period, in the order of COUNT, SIZE, SECONDS and AMOUNT, and those of the period before;
    the latter are read for the labels alone that came most often."""

    label: str
    now: tuple[float, ...]
    before: tuple[float, ...]


class Together(NamedTuple):
    """Two models, and how many prompts and days they share."""

    models: tuple[str, str]
    times: int
    days: int


@dataclass(frozen=True)
class History:
    """``daily`` has, for each kind and outcome, the figures of each day of the period (days x 4), and ``earlier``
    those of the period before; ``hours`` what the user did in each hour (days x 24); ``models`` and ``pairs`` are those
    that most prompts used, of ``pair_count`` pairs."""

    span: Span
    before: Span
    first: date | None
    daily: dict[tuple[str, str], Days]
    earlier: dict[tuple[str, str], Days]
    labels: dict[tuple[str, str, str], list[Label]]
    models: list[tuple[str, float]]
    pairs: list[Together]
    pair_count: int
    hours: Days

    @property
    def has_before(self) -> bool:
        """Whether all of the period before was recorded."""
        return self.first is not None and self.first <= self.before.since

    def days(self, kind: str, *outcomes: str, figure: int = COUNT, earlier: bool = False) -> Days:
        """A figure of each day, of all or of these outcomes of a kind."""
        found = self.earlier if earlier else self.daily
        every = [each[:, figure] for (name, outcome), each in found.items() if name == kind and _is(outcome, outcomes)]
        return np.sum(every, axis=0) if every else np.zeros(self.span.days)

    def of(self, kind: str, dimension: str, *outcomes: str) -> list[Label]:
        """The labels of all or of these outcomes, summed up."""
        found: dict[str, Label] = {}
        for (name, asked, outcome), labels in self.labels.items():
            if (name, asked) == (kind, dimension) and _is(outcome, outcomes):
                for label in labels:
                    known = found.get(label.label)
                    found[label.label] = _sum(known, label) if known else label
        return [*found.values()]


def first_day(connection: Connection) -> date | None:
    """The first day of which anything is known."""
    day = connection.execute(select(func.min(sums.c.day)).where(sums.c.dimension == "")).scalar()
    return date.fromordinal(day) if day else None


def first_use(connection: Connection) -> date | None:
    """The first day whose prompts were counted."""
    query = select(func.min(sums.c.day)).join(keys, keys.c.id == sums.c.key)
    day = connection.execute(query.where(sums.c.dimension == "", keys.c.kind == "use")).scalar()
    return date.fromordinal(day) if day else None


def load(connection: Connection, span: Span, before: Span) -> History:
    since, until, earlier = span.since.toordinal(), span.until.toordinal(), before.since.toordinal()
    days = span.days
    whole = _rows(connection, select(keys.c.id, keys.c.kind, keys.c.outcome).where(keys.c.dimension == ""))
    by_key = {number: np.zeros((2 * days, 4)) for number, _, _ in whole}
    found = {(kind, outcome): by_key[number] for number, kind, outcome in whole}
    query = select(sums.c.key, sums.c.day, *_FIGURES).where(*_within("", earlier, until))
    for key, day, *figures in _rows(connection, query):
        by_key[key][day - earlier] = figures
    return History(
        span=span,
        before=before,
        first=first_day(connection),
        daily={key: each[days:] for key, each in found.items()},
        earlier={key: each[:days] for key, each in found.items()},
        labels=_labels(connection, since, until, earlier),
        models=[(label, times) for label, times, _ in _most_used(connection, "model", since, until, _MOST)],
        pairs=_pairs(connection, since, until),
        pair_count=connection.execute(select(func.count()).where(keys.c.dimension == "pair")).scalar_one(),
        hours=_hours(connection, since, until, days),
    )


def labelled(
    connection: Connection, since: date, until: date, kind: str, dimension: str, labels: Iterable[str]
) -> dict[str, Days]:
    """How often each of these labels came on each of these days."""
    first, last = since.toordinal(), until.toordinal()
    found = {label: np.zeros(last - first + 1) for label in labels}
    named = select(keys.c.id, keys.c.label).where(
        keys.c.dimension == dimension, keys.c.kind == kind, keys.c.label.in_([*found])
    )
    names = {number: label for number, label in _rows(connection, named)}  # noqa: C416 - rows are no pairs to mypy
    # Without the dimension, which the keys imply: few keys are found by themselves, and not by going through all.
    query = select(sums.c.key, sums.c.day, sums.c.times)
    for key, day, count in _rows(connection, query.where(sums.c.key.in_([*names]), sums.c.day.between(first, last))):
        found[names[key]][day - first] += count
    return found


def _within(dimension: str, since: int, until: int) -> tuple[ColumnElement[bool], ...]:
    return sums.c.dimension == dimension, sums.c.day.between(since, until)


def _labels(connection: Connection, since: int, until: int, earlier: int) -> dict[tuple[str, str, str], list[Label]]:
    found: dict[tuple[str, str, str], list[tuple[str, int, tuple[float, ...]]]] = {}
    now = _summed(connection, since, until, None)
    named = select(keys).where(keys.c.dimension.in_(_SHORT))
    for number, dimension, kind, outcome, label in _rows(connection, named):
        if number in now:
            found.setdefault((kind, dimension, outcome), []).append((label, number, now[number]))
    often = [
        number
        for labels in found.values()
        for _, number, _ in sorted(labels, key=lambda each: each[2][COUNT], reverse=True)[:_COMPARED]
    ]
    before = _summed(connection, earlier, since - 1, often)
    return {
        key: [Label(label, figures, before.get(number, _NOTHING)) for label, number, figures in labels]
        for key, labels in found.items()
    }


def _summed(
    connection: Connection, since: int, until: int, numbers: Sequence[int] | None
) -> dict[int, tuple[float, ...]]:
    """The figures of each key, or of these."""
    query = select(sums.c.key, *(func.sum(each) for each in _FIGURES)).group_by(sums.c.key)
    query = query.where(sums.c.day.between(since, until))
    query = query.where(sums.c.dimension.in_(_SHORT) if numbers is None else sums.c.key.in_(numbers))
    return {key: tuple(figures) for key, *figures in _rows(connection, query)}


def _pairs(connection: Connection, since: int, until: int) -> list[Together]:
    rows = _most_used(connection, "pair", since, until, _PAIRS)
    ends = [label.partition(" ") for label, *_ in rows]
    return [Together((one, other), times, days) for (one, _, other), (_, times, days) in zip(ends, rows, strict=True)]


def _most_used(connection: Connection, dimension: str, since: int, until: int, most: int) -> Sequence[Any]:
    """The labels that came most often: how often, and on how many days."""
    total = func.sum(sums.c.times)
    summed = (
        select(sums.c.key, total.label("total"), func.count().label("days"))
        .where(*_within(dimension, since, until))
        .group_by(sums.c.key)
        .order_by(total.desc(), sums.c.key)
        .limit(most)
        .subquery()
    )
    query = select(keys.c.label, summed.c.total, summed.c.days).join(summed, summed.c.key == keys.c.id)
    return _rows(connection, query.order_by(summed.c.total.desc(), keys.c.id))


def _hours(connection: Connection, since: int, until: int, days: int) -> Days:
    hours = {
        number: int(label)
        for number, label in _rows(connection, select(keys.c.id, keys.c.label).where(keys.c.dimension == "hour"))
    }
    found = np.zeros((days, 24))
    query = select(sums.c.day, sums.c.key, sums.c.times).where(*_within("hour", since, until))
    for day, key, count in _rows(connection, query):
        found[day - since, hours[key]] += count
    return found


def _rows(connection: Connection, query: Any) -> Sequence[Any]:
    return connection.execute(query).all()


def _is(outcome: str, outcomes: Sequence[str]) -> bool:
    return not outcomes or outcome in outcomes


def _sum(one: Label, other: Label) -> Label:
    now = tuple(a + b for a, b in zip(one.now, other.now, strict=True))
    return Label(one.label, now, tuple(a + b for a, b in zip(one.before, other.before, strict=True)))
