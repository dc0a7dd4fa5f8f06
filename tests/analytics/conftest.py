"""A database, and a stream with a collector at it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from lorakeeper.py.analytics import AnalyticsCollector
from lorakeeper.py.events import Event, Events
from lorakeeper.py.storage.database import Database
from lorakeeper.py.storage.tables import analytics_events, analytics_keys, analytics_sums

SUMS = select(analytics_sums, analytics_keys).join(analytics_keys, analytics_keys.c.id == analytics_sums.c.key)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(tmp_path / "lorakeeper.db")
    await database.open()
    yield database
    await database.close()


@dataclass
class Listening:
    """A collector at work. ``now`` is its clock."""

    database: Database
    events: Events = field(default_factory=Events)
    now: float = 1_790_000_000.0
    enabled: bool = True
    keep_days: int = 180

    def __post_init__(self) -> None:
        self.collector = self.another()

    def another(self, **options: Any) -> AnalyticsCollector:
        return AnalyticsCollector(
            self.database,
            self.events,
            enabled=lambda: self.enabled,
            keep_days=lambda: self.keep_days,
            clock=lambda: self.now,
            **options,
        )

    def publish(self, topic: str, subject: str, final: bool = True, **data: Any) -> None:
        self.events.publish(Event(topic, subject, data, final=final))

    async def kept(self) -> list[Any]:
        """The single events."""
        await self.collector.flush()
        return [*await self.database.read(lambda c: c.execute(select(analytics_events)).all())]

    async def sums(self, dimension: str = "", kind: str | None = None) -> dict[Any, int]:
        """``{(kind, outcome, label): count}`` over all days."""
        await self.collector.flush()
        rows = await self.database.read(lambda c: c.execute(SUMS.where(analytics_sums.c.dimension == dimension)).all())
        found: dict[Any, int] = {}
        for row in rows:
            if kind in (None, row.kind):
                key = (row.kind, row.outcome, row.label)
                found[key] = found.get(key, 0) + row.times
        return found


@pytest.fixture
async def listening(database: Database) -> AsyncIterator[Listening]:
    listening = Listening(database)
    listening.collector.start()
    yield listening
    await listening.collector.close()
