"""What is hardly chance in a period: trends, rhythms, changed shares, and models that go together.

All that is looked at is corrected together: of a hundred periods of pure chance at most five have any finding."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal, NamedTuple

from sqlalchemy import Connection

from .evidence import holm, rhythm_of_hours, rhythm_of_weekdays, share_change, together, trend
from .figures import models_action
from .history import AMOUNT, COUNT, SIZE, History, labelled
from .summary import Action, Finding, Pair
from .words import Words

_LIMIT = 0.05
_NAMED = 5  # labels whose shares are looked at, for each dimension
_MOST = 10.0  # growth beyond which a figure says no more
_DIMENSIONS = ("base_model", "creator")
# What may rise and fall: kind, outcomes and figure.
_TRENDS: dict[str, tuple[str, tuple[str, ...], int]] = {
    "prompts": ("use", (), COUNT),
    "downloads": ("download", ("installed",), COUNT),
    "failed": ("download", ("failed",), COUNT),
    "searches": ("search", (), COUNT),
    "cost": ("variation", (), AMOUNT),
}


class Found(NamedTuple):
    """``together`` are the pairs that were used most, whether that is chance or not."""

    findings: list[Finding]
    together: list[Pair]


@dataclass(frozen=True)
class _Looked:
    """Something that was looked at: its chance, and how it is told if that is small."""

    p: float
    tell: Callable[[float], Finding]


def find(connection: Connection, past: History, names: Mapping[str, str], words: Words, today: date) -> Found:
    """``today`` is left out, as it is not over."""
    first = max(past.span.since, past.first) if past.first else today
    skipped = min((first - past.span.since).days, past.span.days)
    length = past.span.days - (past.span.until == today) - skipped
    if length <= 0:
        return Found([], [])
    whole = slice(skipped, skipped + length)
    looked = [*_trends(past, whole, words), *_rhythms(past, whole, first.weekday(), words)]
    if past.has_before:
        looked += _shares(connection, past, whole, words)
    pairs, meetings = _together(connection, past, names, words)
    looked += meetings
    corrected = holm([each.p for each in looked])
    found = [each.tell(p) for each, p in zip(looked, corrected, strict=True) if p < _LIMIT]
    return Found(found, pairs)


def _trends(past: History, whole: slice, words: Words) -> Iterator[_Looked]:
    for name, (kind, outcomes, figure) in _TRENDS.items():
        found = trend(past.days(kind, *outcomes, figure=figure)[whole])
        if found is None or found.direction is None:
            continue
        change, low, high = (each - 1 for each in (found.ratio, found.ratio_low, found.ratio_high))
        text = words(
            f"analytics.finding.trend.{found.direction}",
            what=words(f"analytics.total.{name}"),
            change=words.percent(min(abs(change), _MOST)),
            low=_signed(words, low),
            high=_signed(words, high),
        )
        yield _Looked(
            found.p,
            _teller(f"trend.{name}", "trend", text, direction=found.direction, value=change, low=low, high=high),
        )


def _rhythms(past: History, whole: slice, weekday: int, words: Words) -> Iterator[_Looked]:
    hours = past.hours[whole]
    if found := rhythm_of_hours(hours):
        begins, ends = f"{found.busiest[0]:02}:00", f"{(found.busiest[-1] + 1) % 24:02}:00"
        text = words("analytics.finding.hours", **{"from": begins}, to=ends, share=words.percent(found.share))
        yield _Looked(found.p, _teller("hours", "rhythm", text, value=found.share))
    if found := rhythm_of_weekdays(hours.sum(axis=1), weekday):
        days = words("analytics.list").join(words(f"analytics.weekday.{day}") for day in found.busiest)
        text = words("analytics.finding.weekdays", days=days, share=words.percent(found.share))
        yield _Looked(found.p, _teller("weekdays", "rhythm", text, value=found.share))


def _shares(connection: Connection, past: History, whole: slice, words: Words) -> Iterator[_Looked]:
    """Of the prompts of either period."""
    prompts, earlier = past.days("use")[whole], past.days("use", earlier=True)
    for dimension in _DIMENSIONS:
        largest = sorted(past.of("use", dimension), key=lambda each: -(each.now[COUNT] + each.before[COUNT]))
        labels = [each.label for each in largest[:_NAMED]]
        parts = labelled(connection, past.before.since, past.span.until, "use", dimension, labels)
        for label in labels:
            before, now = parts[label][: past.span.days], parts[label][past.span.days :][whole]
            found = share_change(before, earlier, now, prompts)
            if found is None:
                continue
            direction: Literal["up", "down"] = "up" if found.difference > 0 else "down"
            text = words(
                f"analytics.finding.share.{direction}",
                what=words(f"analytics.what.{dimension}"),
                name=label,
                before=words.percent(found.before),
                after=words.percent(found.now),
            )
            tell = _teller(
                f"share.{dimension}.{label}",
                "share",
                text,
                direction=direction,
                value=found.difference,
                low=found.low,
                high=found.high,
                action=models_action(words, {dimension: [label]}),
            )
            yield _Looked(found.p, tell)


def _together(
    connection: Connection, past: History, names: Mapping[str, str], words: Words
) -> tuple[list[Pair], list[_Looked]]:
    """The pairs that most prompts had. They were chosen among all, so that each has to be as sure as all together."""
    one_of = {each for pair in past.pairs for each in pair.models}
    span, named = past.span, [" ".join(pair.models) for pair in past.pairs]
    models = labelled(connection, span.since, span.until, "use", "model", one_of)
    both = labelled(connection, span.since, span.until, "use", "pair", named)
    prompts, uses, paired = (past.days("use", figure=figure) for figure in (COUNT, AMOUNT, SIZE))
    pairs, looked = [], []
    for pair in past.pairs:
        one, other = (models[each] for each in pair.models)
        met = together(both[" ".join(pair.models)], one, other, prompts, uses, paired)
        labels = (names[pair.models[0]], names[pair.models[1]])
        pairs.append(Pair(labels=labels, times=pair.times, days=pair.days, expected=met and met.expected))
        if met is None:
            continue
        expected = words.number(met.expected)
        text = words("analytics.finding.together", one=labels[0], other=labels[1], times=pair.times, expected=expected)
        tell = _teller(f"together.{'.'.join(pair.models)}", "together", text, value=pair.times)
        looked.append(_Looked(min(1.0, met.p * past.pair_count / len(past.pairs)), tell))
    return pairs, looked


def _teller(
    name: str,
    kind: Literal["trend", "rhythm", "share", "together"],
    text: str,
    *,
    direction: Literal["up", "down"] | None = None,
    value: float | None = None,
    low: float | None = None,
    high: float | None = None,
    action: Action | None = None,
) -> Callable[[float], Finding]:
    return lambda p: Finding(
        id=name, kind=kind, text=text, direction=direction, value=value, low=low, high=high, action=action, p=p
    )


def _signed(words: Words, change: float) -> str:
    sign = "+" if change > 0 else "−" if change < 0 else ""
    return f"{'>' if change > _MOST else ''}{sign}{words.percent(min(abs(change), _MOST))}"
