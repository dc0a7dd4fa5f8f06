"""What happened, and its daily sums."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "analytics_events",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("outcome", sa.String(24), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("amount", sa.Float, nullable=False),
        sa.Column("labels", sa.Text, nullable=False),
        sa.Column("parts", sa.Text, nullable=False),
    )
    op.create_index("ix_analytics_events_at", "analytics_events", ["at"])
    op.create_table(
        "analytics_keys",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("dimension", sa.String(16), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("outcome", sa.String(24), nullable=False),
        sa.Column("label", sa.Text, nullable=False),
    )
    op.create_index("analytics_keys_one", "analytics_keys", ["dimension", "kind", "outcome", "label"], unique=True)
    op.create_table(
        "analytics_sums",
        sa.Column("dimension", sa.String(16), primary_key=True),
        sa.Column("day", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("key", sa.Integer, sa.ForeignKey("analytics_keys.id"), primary_key=True, autoincrement=False),
        sa.Column("times", sa.BigInteger, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("amount", sa.Float, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("analytics_sums_key", "analytics_sums", ["key", "day"])
