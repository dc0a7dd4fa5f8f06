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
_MOST, _PAIRS = 40, 15


class Label(NamedTuple):
    """A label's figures in the period and in the one before, in the order of COUNT, SIZE, SECONDS and AMOUNT."""

    label: str
    now: tuple[float, ...]
    before: tuple[float, ...]


class Together(NamedTuple):
    """Two models: the prompts and the days that they share."""

    models: tuple[str, str]
    times: int
    days: int


@dataclass(frozen=True)
class History:
    """``daily`` has, for each kind and outcome, the figures of each day of the period (days x 4), and ``earlier``
    those of the period before; ``hours`` what the user did in each hour (days x 24); ``models`` and ``pairs`` are those
    of the most prompts, of ``pair_count`` pairs; ``paired`` how many pairs the prompts of each day had."""

    span: Span
    before: Span
    first: date | None
    daily: dict[tuple[str, str], Days]
    earlier: dict[tuple[str, str], Days]
    labels: dict[tuple[str, str, str], list[Label]]
    models: list[tuple[str, float]]
    pairs: list[Together]
    pair_count: int
    paired: Days
    hours: Days
    judged: dict[str, Days]

    def verdicts(self, name: str) -> Days:
        """How many pictures of variations were judged so on each day."""
        return self.judged.get(name, np.zeros(self.span.days))

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
    found: dict[tuple[str, str], Days] = {}
    query = select(sums.c.day, keys.c.kind, keys.c.outcome, *_FIGURES).join(keys, keys.c.id == sums.c.key)
    for day, kind, outcome, *figures in _rows(connection, query.where(*_within("", earlier, until))):
        if (kind, outcome) not in found:
            found[kind, outcome] = np.zeros((2 * days, 4))
        found[kind, outcome][day - earlier] += figures
    pairs, pair_count, paired = _pairs(connection, since, until, days)
    return History(
        span=span,
        before=before,
        first=first_day(connection),
        daily={key: each[days:] for key, each in found.items()},
        earlier={key: each[:days] for key, each in found.items()},
        labels=_labels(connection, since, until, earlier),
        models=_models(connection, since, until),
        pairs=pairs,
        pair_count=pair_count,
        paired=paired,
        hours=_hours(connection, since, until, days),
        judged=labelled(connection, span, "variation", "verdict", ("accepted", "rejected")),
    )


def labelled(connection: Connection, span: Span, kind: str, dimension: str, labels: Iterable[str]) -> dict[str, Days]:
    """How often each of these labels came on each day."""
    found = {label: np.zeros(span.days) for label in labels}
    named = select(keys.c.id, keys.c.label).where(
        keys.c.dimension == dimension, keys.c.kind == kind, keys.c.label.in_([*found])
    )
    names = {number: label for number, label in _rows(connection, named)}  # noqa: C416 - rows are no pairs to mypy
    since = span.since.toordinal()
    query = select(sums.c.key, sums.c.day, sums.c.times).where(
        *_within(dimension, since, span.until.toordinal()), sums.c.key.in_([*names])
    )
    for key, day, count in _rows(connection, query):
        found[names[key]][day - since] += count
    return found


def _within(dimension: str, since: int, until: int) -> tuple[ColumnElement[bool], ...]:
    return sums.c.dimension == dimension, sums.c.day.between(since, until)


def _labels(connection: Connection, since: int, until: int, earlier: int) -> dict[tuple[str, str, str], list[Label]]:
    both: dict[tuple[str, str, str, str], list[tuple[float, ...]]] = {}
    for place, (first, last) in enumerate(((since, until), (earlier, since - 1))):
        summed = (
            select(sums.c.key, *(func.sum(each).label(each.name) for each in _FIGURES))
            .where(sums.c.dimension.in_(_SHORT), sums.c.day.between(first, last))
            .group_by(sums.c.key)
            .subquery()
        )
        figures = (summed.c[each.name] for each in _FIGURES)
        query = select(keys.c.kind, keys.c.dimension, keys.c.outcome, keys.c.label, *figures)
        for *key, times, size, seconds, amount in _rows(connection, query.join(summed, summed.c.key == keys.c.id)):
            halves = both.setdefault((key[0], key[1], key[2], key[3]), [(0.0,) * 4, (0.0,) * 4])
            halves[place] = (times, size, seconds, amount)
    found: dict[tuple[str, str, str], list[Label]] = {}
    for (kind, dimension, outcome, label), (now, before) in both.items():
        found.setdefault((kind, dimension, outcome), []).append(Label(label, now, before))
    return found


def _models(connection: Connection, since: int, until: int) -> list[tuple[str, float]]:
    """The models that most prompts used, and how many."""
    return [(label, times) for label, times, *_ in _most_used(connection, "model", since, until, _MOST)]


def _pairs(connection: Connection, since: int, until: int, days: int) -> tuple[list[Together], int, Days]:
    rows = _most_used(connection, "pair", since, until, _PAIRS)
    ends = [label.partition(" ") for label, *_ in rows]
    found = [Together((one, other), row[1], row[2]) for (one, _, other), row in zip(ends, rows, strict=True)]
    paired = np.zeros(days)
    query = select(sums.c.day, func.sum(sums.c.times)).where(*_within("pair", since, until)).group_by(sums.c.day)
    for day, times in _rows(connection, query):
        paired[day - since] = times
    return found, rows[0][3] if rows else 0, paired


def _most_used(connection: Connection, dimension: str, since: int, until: int, most: int) -> Sequence[Any]:
    """The labels that came most often: how often, on how many days, and how many labels there are in all."""
    total = func.sum(sums.c.times)
    summed = (
        select(sums.c.key, total.label("total"), func.count().label("days"), func.count().over().label("labels"))
        .where(*_within(dimension, since, until))
        .group_by(sums.c.key)
        .order_by(total.desc(), sums.c.key)
        .limit(most)
        .subquery()
    )
    query = select(keys.c.label, summed.c.total, summed.c.days, summed.c.labels).join(summed, summed.c.key == keys.c.id)
    return _rows(connection, query.order_by(summed.c.total.desc(), keys.c.id))


def _hours(connection: Connection, since: int, until: int, days: int) -> Days:
    """Of what a user does himself, hour by hour."""
    done = ("use", "download", "search", "variation")
    named = select(keys.c.id, keys.c.label).where(keys.c.dimension == "hour", keys.c.kind.in_(done))
    hours = {number: int(label) for number, label in _rows(connection, named)}
    found = np.zeros((days, 24))
    query = select(sums.c.day, sums.c.key, sums.c.times).where(*_within("hour", since, until))
    for day, key, count in _rows(connection, query):
        if key in hours:
            found[day - since, hours[key]] += count
    return found


def _rows(connection: Connection, query: Any) -> Sequence[Any]:
    return connection.execute(query).all()


def _is(outcome: str, outcomes: Sequence[str]) -> bool:
    return not outcomes or outcome in outcomes


def _sum(one: Label, other: Label) -> Label:
    now = tuple(a + b for a, b in zip(one.now, other.now, strict=True))
    return Label(one.label, now, tuple(a + b for a, b in zip(one.before, other.before, strict=True)))
