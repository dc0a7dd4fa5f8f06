"""The list is filtered, sorted and counted in memory: its indexes and tables for that go, notes of its changes come."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_SORTED = ("added_at", "changed_at", "size", "last_used", "uses", "rating")


def upgrade() -> None:
    op.create_table(
        "changes",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("file", sa.Integer, nullable=False),
        sqlite_autoincrement=True,
    )
    op.add_column("items", sa.Column("tags", sa.Text, nullable=False, server_default=""))
    op.execute(
        "UPDATE items SET tags = coalesce("
        "(SELECT group_concat(tag, char(10)) FROM item_tags WHERE item_tags.file = items.file), '')"
    )
    op.drop_table("item_tags")
    for name in _SORTED:
        op.drop_index(f"items_{name}", "items")
    for name in ("name_key", *_SORTED):
        op.drop_index(f"items_kind_{name}", "items")
    for event, row in (("insert", "new"), ("update", "new"), ("delete", "old")):
        note = f"INSERT INTO changes (file) VALUES ({row}.file)"  # noqa: S608
        op.execute(f"CREATE TRIGGER items_{event} AFTER {event} ON items BEGIN {note}; END")
    _words()


def _words() -> None:
    """The full-text table once more, with an index for beginnings of three letters and without what stood behind the
    last gap of each document: marks for the filters."""
    op.execute("ALTER TABLE words RENAME TO old_words")
    op.execute(
        "CREATE VIRTUAL TABLE words USING fts5(text, tokenize = 'unicode61 remove_diacritics 0', prefix = '1 2 3')"
    )
    marks = "instr(text, char(57347) || ' ' || char(57345))"
    op.execute(
        f"INSERT INTO words (rowid, text) "  # noqa: S608
        f"SELECT rowid, CASE {marks} WHEN 0 THEN text ELSE rtrim(substr(text, 1, {marks} - 1)) END FROM old_words"
    )
    op.execute("DROP TABLE old_words")
