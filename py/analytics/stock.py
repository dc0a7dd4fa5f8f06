"""The library in figures: what there is, what lies unused, and what is there more than once."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from pathlib import PurePath

from sqlalchemy import Connection, Integer, and_, bindparam, cast, func, select

from ..storage.tables import contents, files, items, scans, usage
from . import history

_DAY = 86_400
# Days without use that are looked for, as far as uses were counted for so long.
_UNUSED = (180, 90, 30)


@dataclass
class Stock:
    """Files and bytes; by kind and base model as ``{label: (files, bytes)}``. ``watched`` are the days for which uses
    were counted, ``unused_days`` those that unused means here. What is missing from the disk counts nowhere else."""

    watched: int
    unused_days: int
    files: int = 0
    bytes: int = 0
    missing: int = 0
    broken: int = 0
    updates: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    kind_files: Counter[str] = field(default_factory=Counter)
    base_models: Counter[str] = field(default_factory=Counter)
    base_model_files: Counter[str] = field(default_factory=Counter)
    unused_files: int = 0
    unused_bytes: int = 0
    unused_kinds: Counter[str] = field(default_factory=Counter)
    copied: int = 0
    copies: int = 0
    copies_bytes: int = 0
    freed: int = 0
    held_back: int = 0


def take(connection: Connection, today: date, now: float | None = None) -> Stock:
    """Counts the library as it is. ``now`` is in Unix seconds."""
    moment = time.time() if now is None else now
    watched = _watched(connection, today)
    days = next((each for each in _UNUSED if watched >= each), _UNUSED[-1])
    stock = Stock(watched, days)
    since = moment - days * _DAY
    unused = and_(items.c.last_used < since, items.c.added_at < since)
    alike = (items.c.kind, items.c.base_model, items.c.missing, items.c.broken, items.c.has_update, unused.label("u"))
    query = select(*alike, func.count(), func.sum(items.c.size)).group_by(*alike)
    for kind, base_model, missing, broken, has_update, is_unused, count, size in connection.execute(query).all():
        if missing:
            stock.missing += count
            continue
        stock.files += count
        stock.bytes += size
        stock.broken += count * broken
        stock.updates += count * has_update
        stock.kinds[kind or ""] += size
        stock.kind_files[kind or ""] += count
        stock.base_models[base_model or ""] += size
        stock.base_model_files[base_model or ""] += count
        if is_unused and watched >= days:
            stock.unused_files += count
            stock.unused_bytes += size
            stock.unused_kinds[kind or ""] += size
    stock.freed = stock.unused_bytes
    query = (
        select(items.c.size, func.count(), func.sum(cast(unused, Integer)))
        .where(items.c.copies > 1, items.c.missing.is_(False))
        .group_by(items.c.content, items.c.size)
    )
    for size, count, lying in connection.execute(query).all():
        if count > 1:
            stock.copied += 1
            stock.copies += count - 1
            stock.copies_bytes += size * (count - 1)
            counted = lying if watched >= days else 0
            stock.freed += size * max(0, count - 1 - counted)
    held = select(func.count(scans.c.sha256.distinct())).where(scans.c.became == "quarantined")
    stock.held_back = connection.execute(held).scalar_one()
    return stock


def names(connection: Connection, models: Iterable[str]) -> dict[str, str]:
    """What the models of records are called: their file's name, or the beginning of the hash of one that is gone."""
    found = {}
    query = (
        select(files.c.name)
        .join(contents, files.c.content == contents.c.id)
        .where(contents.c.sha256.between(bindparam("first"), bindparam("last")))
        .order_by(files.c.missing, files.c.id)
        .limit(1)
    )
    for model in {*models}:
        if model.startswith("name:"):
            name = model.removeprefix("name:")
        else:
            rest = 64 - len(model)
            ends = {"first": model + "0" * rest, "last": model + "f" * rest}
            name = connection.execute(query, ends).scalar() or model[:12]
        found[model] = PurePath(name.replace("\\", "/")).stem
    return found


def _watched(connection: Connection, today: date) -> int:
    """For how many days uses were counted."""
    last = connection.execute(select(func.min(usage.c.last_used)).where(usage.c.last_used > 0)).scalar()
    known = [each for each in (history.first_use(connection), last and _day(last)) if each]
    return max(0, (today - min(known)).days) if known else 0


def _day(moment: float) -> date:
    return datetime.fromtimestamp(moment, timezone.utc).date()
