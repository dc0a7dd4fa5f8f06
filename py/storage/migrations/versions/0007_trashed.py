"""The list knows which files are in the trash: they are no longer among those that are missing."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_IN_THE_TRASH = "(SELECT id FROM files WHERE missing AND path LIKE '%.trashed')"


def upgrade() -> None:
    op.add_column("items", sa.Column("trashed", sa.Boolean, nullable=False, server_default="0"))
    op.execute(f"UPDATE items SET trashed = 1, missing = 0 WHERE file IN {_IN_THE_TRASH}")  # noqa: S608
    op.execute(
        f"UPDATE cards SET card = json_set(card, '$.state', 'trashed') WHERE file IN {_IN_THE_TRASH}"  # noqa: S608
    )
