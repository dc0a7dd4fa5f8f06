"""What Gemini made, and the pictures that were seen."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "variations",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("token", sa.String(32), nullable=False),
        sa.Column("files", sa.JSON, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("tokens_in", sa.BigInteger, nullable=False),
        sa.Column("tokens_out", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("used_at", sa.Float, nullable=False),
    )
    op.create_index("variations_used", "variations", ["used_at"])
    op.create_table(
        "seen_pictures",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("p", sa.BigInteger, nullable=False),
        sa.Column("a", sa.BigInteger, nullable=False),
        sa.Column("d", sa.BigInteger, nullable=False),
        sa.Column("grey", sa.LargeBinary, nullable=False),
        sqlite_autoincrement=True,
    )
