"""The library of every model file: contents that are known before they are hashed, the list, the full-text tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_SORTED = ("name_key", "added_at", "changed_at", "size", "last_used", "uses", "rating")


def upgrade() -> None:
    for name in ("files", "contents", "hashes", "site", "user"):
        op.rename_table(name, f"old_{name}")
    # SQLite keeps an index's name with the renamed table.
    for name, table in (("ix_files_sha256", "old_files"), ("ix_hashes_value", "old_hashes")):
        op.drop_index(name, table)
    _layers()
    _list()
    op.execute("CREATE VIRTUAL TABLE grams USING fts5(text, tokenize = 'trigram')")
    op.execute(
        "CREATE VIRTUAL TABLE words USING fts5(text, tokenize = 'unicode61 remove_diacritics 0', prefix = '1 2')"
    )
    _copy()
    for name in ("files", "hashes", "site", "user", "contents"):
        op.drop_table(f"old_{name}")


def _layers() -> None:
    op.create_table(
        "contents",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("sha256", sa.String(64), unique=True),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("header", sa.JSON),
        sa.Column("broken", sa.Text),
    )
    op.create_table(
        "files",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("path", sa.Text, nullable=False, unique=True),
        sa.Column("kind", sa.String(64)),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("folder", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("mtime_ns", sa.BigInteger, nullable=False),
        sa.Column("inode", sa.BigInteger, nullable=False),
        sa.Column("content", sa.Integer, sa.ForeignKey("contents.id"), nullable=False),
        sa.Column("missing", sa.Boolean, nullable=False),
        sa.Column("stale", sa.Boolean, nullable=False),
        sa.Column("problem", sa.Text),
        sa.Column("added_at", sa.Float, nullable=False),
    )
    op.create_index("ix_files_content", "files", ["content"])
    op.create_index("files_inode", "files", ["inode"])
    op.create_index("files_name", "files", ["name", "kind"])
    stale = sa.text("stale")
    op.create_index("files_stale", "files", ["size"], sqlite_where=stale, postgresql_where=stale)
    op.create_table(
        "hashes",
        sa.Column("content", sa.Integer, sa.ForeignKey("contents.id"), primary_key=True),
        sa.Column("kind", sa.String(8), primary_key=True),
        sa.Column("value", sa.String(64), nullable=False),
    )
    op.create_index("ix_hashes_value", "hashes", ["value"])
    op.create_table(
        "site",
        sa.Column("content", sa.Integer, sa.ForeignKey("contents.id"), primary_key=True),
        sa.Column("version", sa.JSON),
        sa.Column("model_id", sa.Integer),
        sa.Column("version_id", sa.Integer),
        sa.Column("fetched_at", sa.Float, nullable=False),
    )
    op.create_index("ix_site_model_id", "site", ["model_id"])
    op.create_table(
        "models",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("document", sa.JSON),
        sa.Column("newest", sa.Integer),
        sa.Column("fetched_at", sa.Float, nullable=False),
    )
    op.create_table(
        "user",
        sa.Column("content", sa.Integer, sa.ForeignKey("contents.id"), primary_key=True),
        sa.Column("favourite", sa.Boolean, nullable=False),
        sa.Column("tags", sa.JSON, nullable=False),
        sa.Column("notes", sa.Text, nullable=False),
        sa.Column("trigger_words", sa.JSON, nullable=False),
        sa.Column("preferred_strength", sa.Float),
    )
    op.create_table(
        "usage",
        sa.Column("content", sa.Integer, sa.ForeignKey("contents.id"), primary_key=True),
        sa.Column("uses", sa.Integer, nullable=False),
        sa.Column("last_used", sa.Float, nullable=False),
    )


def _list() -> None:
    op.create_table(
        "items",
        sa.Column("file", sa.Integer, sa.ForeignKey("files.id"), primary_key=True),
        sa.Column("content", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(64)),
        sa.Column("folder", sa.Text, nullable=False),
        sa.Column("name_key", sa.Text, nullable=False),
        sa.Column("added_at", sa.Float, nullable=False),
        sa.Column("changed_at", sa.Float, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("last_used", sa.Float, nullable=False),
        sa.Column("uses", sa.Integer, nullable=False),
        sa.Column("rating", sa.Float, nullable=False),
        sa.Column("base_model", sa.Text),
        sa.Column("family", sa.String(24)),
        sa.Column("creator", sa.Text),
        sa.Column("model_id", sa.Integer),
        sa.Column("nsfw_level", sa.Integer, nullable=False),
        sa.Column("copies", sa.Integer, nullable=False),
        *(
            sa.Column(name, sa.Boolean, nullable=False)
            for name in ("favourite", "has_words", "has_update", "missing", "broken")
        ),
    )
    op.create_index("ix_items_content", "items", ["content"])
    for name in _SORTED:
        op.create_index(f"items_{name}", "items", [name, "file"])
        op.create_index(f"items_kind_{name}", "items", ["kind", name, "file"])
    op.create_table(
        "cards",
        sa.Column("file", sa.Integer, sa.ForeignKey("files.id"), primary_key=True),
        sa.Column("card", sa.Text, nullable=False),
    )
    op.create_table(
        "item_tags",
        sa.Column("tag", sa.String(100), primary_key=True),
        sa.Column("file", sa.Integer, sa.ForeignKey("files.id"), primary_key=True),
    )
    op.create_index("ix_item_tags_file", "item_tags", ["file"])
    op.create_table(
        "actions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("summary", sa.Text, nullable=False),
        sa.Column("document", sa.JSON, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("done_at", sa.Float, nullable=False),
    )


def _copy() -> None:
    """What was known stays known. Headers had another form: their files are read again, which fills the list, too."""
    op.execute("INSERT INTO contents (sha256, size) SELECT sha256, size FROM old_contents")
    op.execute(
        # What the site or the user said of a content that has no file any more.
        "INSERT INTO contents (sha256, size) SELECT sha256, 0 FROM "
        "(SELECT sha256 FROM old_site UNION SELECT sha256 FROM old_user) "
        "WHERE sha256 NOT IN (SELECT sha256 FROM contents)"
    )
    op.execute(
        "INSERT INTO files (id, path, kind, name, folder, size, mtime_ns, inode, content, missing, stale, added_at) "
        "SELECT o.id, o.path, o.kind, o.name, '', o.size, o.mtime_ns, o.inode, c.id, 0, 1, o.added_at "
        "FROM old_files o JOIN contents c ON c.sha256 = o.sha256"
    )
    op.execute(
        "INSERT INTO hashes (content, kind, value) "
        "SELECT c.id, o.kind, o.value FROM old_hashes o JOIN contents c ON c.sha256 = o.sha256"
    )
    op.execute(
        "INSERT INTO site (content, version, model_id, version_id, fetched_at) "
        "SELECT c.id, o.version, json_extract(o.version, '$.modelId'), json_extract(o.version, '$.id'), o.fetched_at "
        "FROM old_site o JOIN contents c ON c.sha256 = o.sha256"
    )
    op.execute(
        'INSERT INTO "user" (content, favourite, tags, notes, trigger_words, preferred_strength) '
        "SELECT c.id, o.favourite, o.tags, o.notes, o.trigger_words, o.preferred_strength "
        "FROM old_user o JOIN contents c ON c.sha256 = o.sha256"
    )
