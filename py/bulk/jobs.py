"""A job: one download as a row, its states, and the queries about it."""

from __future__ import annotations

from datetime import datetime, timezone
from enum import Enum
from typing import Any

from pydantic import BaseModel
from sqlalchemy import Connection, delete, insert, select, update

from ..storage.tables import jobs


class JobState(str, Enum):
    QUEUED = "queued"
    RESOLVING = "resolving"
    DOWNLOADING = "downloading"
    VERIFYING = "verifying"
    SCANNING = "scanning"
    PAUSED = "paused"
    INSTALLED = "installed"
    OWNED = "owned"
    QUARANTINED = "quarantined"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def active(self) -> bool:
        """Whether it waits for its turn or has it."""
        return self in _ACTIVE

    @property
    def over(self) -> bool:
        """Whether nothing more happens unless it is asked for."""
        return not self.active and self is not JobState.PAUSED


_ACTIVE = frozenset({JobState.QUEUED, JobState.RESOLVING, JobState.DOWNLOADING, JobState.VERIFYING, JobState.SCANNING})


class Job(BaseModel):
    """A download and how far it is. Bytes, bytes a second, seconds; ``error`` is a sentence."""

    id: str
    target: str
    name: str | None = None
    kind: str | None = None
    state: JobState = JobState.QUEUED
    received: int = 0
    total: int | None = None
    rate: float = 0.0
    eta: float | None = None
    error: str | None = None
    path: str | None = None
    sha256: str | None = None
    model_id: int | None = None
    version_id: int | None = None
    file_id: int | None = None
    library_id: int | None = None
    created_at: datetime
    updated_at: datetime


class JobPage(BaseModel):
    items: list[Job]
    next_cursor: str | None


def now() -> datetime:
    return datetime.now(timezone.utc)


def save(connection: Connection, job: Job, owner: str) -> None:
    """Writes a job as it is now; a new one gets its place at the end."""
    values: dict[str, Any] = {"state": job.state.value, "owner": owner, "job": job.model_dump(mode="json")}
    if not connection.execute(update(jobs).where(jobs.c.id == job.id).values(values)).rowcount:
        connection.execute(insert(jobs).values(id=job.id, **values))


def load(connection: Connection, job_id: str) -> tuple[Job, str] | None:
    """``(job, owner)``."""
    row = connection.execute(select(jobs).where(jobs.c.id == job_id)).first()
    return (Job.model_validate(row.job), row.owner) if row else None


def page(connection: Connection, before: int | None, limit: int) -> JobPage:
    """Newest first."""
    query = select(jobs).order_by(jobs.c.sequence.desc()).limit(limit + 1)
    rows = list(connection.execute(query if before is None else query.where(jobs.c.sequence < before)))
    # One more than asked for tells whether there is a next page.
    cursor = str(rows[limit - 1].sequence) if len(rows) > limit else None
    return JobPage(items=[Job.model_validate(row.job) for row in rows[:limit]], next_cursor=cursor)


def unfinished(connection: Connection) -> list[tuple[Job, str]]:
    """Every job that waits or runs, in any process, oldest first, with its owner."""
    states = [state.value for state in _ACTIVE]
    rows = connection.execute(select(jobs).where(jobs.c.state.in_(states)).order_by(jobs.c.sequence))
    return [(Job.model_validate(row.job), row.owner) for row in rows]


def forget(connection: Connection, job_id: str) -> None:
    connection.execute(delete(jobs).where(jobs.c.id == job_id))
