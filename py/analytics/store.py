"""The tables of analytics: single events, and sums by day in every dimension. Written in batches, read as sums."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, tuple_

from ..storage.tables import analytics_events, analytics_keys, analytics_sums
from ..storage.upsert import add_all
from .records import Part, Record

Local = Callable[[float], time.struct_time]
_Key = tuple[str, str, str, str]  # dimension, kind, outcome, label

# What a user does, and so has a rhythm.
DONE = ("use", "download", "search", "variation")
_QUARTER = 900  # seconds; every time zone is a whole number of them from UTC
_FIGURES = ("times", "size", "seconds", "amount")
_EVENT = ("at", "kind", "outcome", "size", "seconds", "amount", "labels", "parts")
_KEYS = ("dimension", "kind", "outcome", "label")
_LOOKED_UP = 200  # keys


class Calendar:
    """The days and hours of moments, in the machine's own time; ``local`` is time.localtime."""

    def __init__(self, local: Local = time.localtime) -> None:
        self._local = lru_cache(1000)(lambda quarter: _day_and_hour(local(quarter * _QUARTER)))

    def place(self, at: float) -> tuple[int, str]:
        """The day as date.toordinal counts, and the hour as two digits."""
        return self._local(int(at // _QUARTER))


def _day_and_hour(moment: time.struct_time) -> tuple[int, str]:
    return date(moment.tm_year, moment.tm_mon, moment.tm_mday).toordinal(), f"{moment.tm_hour:02}"


def add(connection: Connection, records: Iterable[Record], calendar: Calendar) -> None:
    """Keeps ``records``, and adds them to the sums of their days."""
    # What is alike but for its figures is summed up before it is taken apart into labels.
    alike: dict[Any, list[Any]] = {}
    place = calendar.place
    rows = []
    for at, kind, outcome, size, seconds, amount, labels, parts in records:
        rows.append((at, kind, outcome, size, seconds, amount, labels, _parts(parts) if parts else "[]"))
        key = (place(at), kind, outcome, labels)
        sums = alike.get(key)
        if sums is None:
            alike[key] = [1, size, seconds, amount, [*parts]]
        else:
            sums[0] += 1
            sums[1] += size
            sums[2] += seconds
            sums[3] += amount
            if parts:
                sums[4] += parts
    if not rows:
        return
    # In the driver's own words: SQLAlchemy's way takes as long again as all the rest.
    statement = str(insert(analytics_events).values(dict.fromkeys(_EVENT, 0)).compile(dialect=connection.dialect))
    connection.exec_driver_sql(statement, rows)
    add_all(connection, analytics_sums, _sums(connection, alike))


def _sums(connection: Connection, alike: Mapping[Any, Sequence[Any]]) -> list[dict[str, Any]]:
    """The rows that what is ``alike`` adds to the sums."""
    found: dict[tuple[int, _Key], list[float]] = {}
    for ((day, hour), kind, outcome, labels), (count, size, seconds, amount, parts) in alike.items():
        shares = [(dimension, label, count, size, seconds, amount) for dimension, label in json.loads(labels)]
        shares.append(("", "", count, size, seconds, amount))
        if kind in DONE:
            shares.append(("hour", hour, count, size, seconds, amount))
        for dimension, label, *figures in (*shares, *parts):
            key = (day, (dimension, kind, outcome, label))
            sums = found.get(key)
            if sums is None:
                found[key] = figures
            else:
                sums[0] += figures[0]
                sums[1] += figures[1]
                sums[2] += figures[2]
                sums[3] += figures[3]
    numbers = _numbers(connection, {key for _, key in found})
    return [
        {"dimension": key[0], "day": day, "key": numbers[key], **dict(zip(_FIGURES, figures, strict=True))}
        for (day, key), figures in found.items()
    ]


def _numbers(connection: Connection, keys: Iterable[_Key]) -> dict[_Key, int]:
    """The number of each key; those that are new get theirs here."""
    table, wanted, found = analytics_keys, sorted(keys), dict[_Key, int]()
    columns = (table.c.dimension, table.c.kind, table.c.outcome, table.c.label)
    known = select(table.c.id, *columns)
    for start in range(0, len(wanted), _LOOKED_UP):
        some = wanted[start : start + _LOOKED_UP]
        named = known.where(tuple_(*columns).in_(some))
        found |= {tuple(key): number for number, *key in connection.execute(named).all()}
        new = [dict(zip(_KEYS, key, strict=True)) for key in some if key not in found]
        if new:
            connection.execute(insert(table), new)
            found |= {tuple(key): number for number, *key in connection.execute(named).all()}
    return found


def _parts(parts: Sequence[Part]) -> str:
    """JSON, four times as fast as the encoder makes it."""
    texts = [
        f"[{_name(dimension)},{_name(label)},{times},{size},{seconds!r},{amount!r}]"
        for dimension, label, times, size, seconds, amount in parts
    ]
    return f"[{','.join(texts)}]"


@lru_cache(1000)
def _name(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def prune(connection: Connection, before: float, most: int) -> int:
    """Drops single events from before that moment, the oldest ``most`` of them at once; returns how many."""
    old = select(analytics_events.c.id).where(analytics_events.c.at < before).order_by(analytics_events.c.at)
    return connection.execute(delete(analytics_events).where(analytics_events.c.id.in_(old.limit(most)))).rowcount


def newest(connection: Connection) -> float | None:
    """The latest moment of which there is an event."""
    return connection.execute(select(func.max(analytics_events.c.at))).scalar()


def wipe(connection: Connection) -> int:
    """Forgets everything; returns how many events there were."""
    connection.execute(delete(analytics_sums))
    connection.execute(delete(analytics_keys))
    return connection.execute(delete(analytics_events)).rowcount


def events_after(connection: Connection, event_id: int, most: int) -> list[dict[str, Any]]:
    """The next events, each as it is exported."""
    query = select(analytics_events).where(analytics_events.c.id > event_id).order_by(analytics_events.c.id).limit(most)
    return [
        {**row._asdict(), "labels": json.loads(row.labels), "parts": json.loads(row.parts)}
        for row in connection.execute(query).all()
    ]


def sums_after(connection: Connection, day: int, most_days: int) -> tuple[list[dict[str, Any]], int | None]:
    """The sums of the next days that there are, each as it is exported, and the last of those days."""
    table, keys = analytics_sums, analytics_keys
    days = select(table.c.day).where(table.c.dimension == "", table.c.day > day).distinct().order_by(table.c.day)
    wanted = connection.execute(days.limit(most_days)).scalars().all()
    if not wanted:
        return [], None
    figures = (table.c[name] for name in _FIGURES)
    query = (
        select(table.c.day, *(keys.c[name] for name in _KEYS), *figures)
        .join(keys, keys.c.id == table.c.key)
        .where(table.c.day.in_(wanted))
        .order_by(table.c.day, keys.c.id)
    )
    found = connection.execute(query).all()
    return [{**row._asdict(), "day": date.fromordinal(row.day).isoformat()} for row in found], wanted[-1]
