"""Jobs of many files, instructions, and what the scanner said. A download from before becomes a job of one file."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_STATES = {
    "paused": "paused",
    "installed": "completed",
    "owned": "completed",
    "quarantined": "failed",
    "failed": "failed",
    "cancelled": "cancelled",
}
_OPTIONS = {"batch_size": 5, "strategy": "adaptive", "priority_boost": 30, "concurrency": None, "folder": None}


def upgrade() -> None:
    op.rename_table("jobs", "old_jobs")
    op.drop_index("jobs_state", "old_jobs")
    op.create_table(
        "jobs",
        sa.Column("sequence", sa.Integer, primary_key=True),
        sa.Column("id", sa.String(32), nullable=False, unique=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("position", sa.Float, nullable=False),
        sa.Column("owner", sa.String(32), nullable=False),
        sa.Column("options", sa.JSON, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("started_at", sa.Float),
        sa.Column("finished_at", sa.Float),
        sa.Column("updated_at", sa.Float, nullable=False),
    )
    op.create_index("jobs_state", "jobs", ["state"])
    op.create_table(
        "job_items",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("job", sa.String(32), sa.ForeignKey("jobs.id"), nullable=False),
        sa.Column("position", sa.Float, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("wish", sa.String(8), nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("received", sa.BigInteger, nullable=False),
        sa.Column("total", sa.BigInteger),
        sa.Column("item", sa.JSON, nullable=False),
    )
    op.create_index("job_items_place", "job_items", ["job", "position"])
    op.create_index("job_items_target", "job_items", ["target"])
    op.create_index("job_items_state", "job_items", ["state"])
    _take_over()
    op.drop_table("old_jobs")
    op.create_table(
        "instructions",
        sa.Column("sequence", sa.Integer, primary_key=True),
        sa.Column("id", sa.String(32), nullable=False, unique=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("document", sa.JSON, nullable=False),
        sa.Column("lines", sa.JSON, nullable=False),
    )
    op.create_table(
        "scans",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("format", sa.String(24), nullable=False),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("findings", sa.JSON, nullable=False),
        sa.Column("site", sa.Text, nullable=False),
        sa.Column("became", sa.String(16), nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("scanned_at", sa.Float, nullable=False),
    )
    op.create_index("ix_scans_sha256", "scans", ["sha256"])
    op.create_index("ix_scans_scanned_at", "scans", ["scanned_at"])


def _take_over() -> None:
    connection = op.get_bind()
    tables = sa.MetaData()
    tables.reflect(connection, only=["old_jobs", "jobs", "job_items"])
    old, jobs, items = (tables.tables[name] for name in ("old_jobs", "jobs", "job_items"))
    for row in connection.execute(sa.select(old.c.sequence, old.c.id, old.c.state, old.c.owner, old.c.job)).all():
        item: dict[str, Any] = row.job if isinstance(row.job, dict) else json.loads(row.job)
        created, updated = (datetime.fromisoformat(item[name]).timestamp() for name in ("created_at", "updated_at"))
        state = _STATES.get(row.state, "pending")
        connection.execute(
            jobs.insert().values(
                sequence=row.sequence,
                id=row.id,
                name=item["name"] or item["target"],
                state=state,
                priority=2,
                position=float(row.sequence),
                owner=row.owner if state == "pending" else "",
                options=_OPTIONS,
                created_at=created,
                started_at=created,
                finished_at=updated if state not in ("pending", "paused") else None,
                updated_at=updated,
            )
        )
        now = "queued" if state in ("pending", "paused") else row.state
        connection.execute(
            items.insert().values(
                id=row.id,
                job=row.id,
                position=0.0,
                state=now,
                wish="",
                target=item["target"],
                received=item["received"],
                total=item["total"],
                item={**item, "job": row.id, "state": now, "position": 0.0},
            )
        )
