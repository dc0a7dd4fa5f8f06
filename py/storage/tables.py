"""The tables, as SQLAlchemy sees them. What makes them lies in ``migrations``; a test holds the two against each other.

Times are Unix seconds, sizes bytes, hashes lower-case hex unless said otherwise.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

metadata = MetaData()

# A path is only where a content lies today. A row is trusted while size, mtime_ns and inode are unchanged.
files = Table(
    "files",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("path", Text, nullable=False, unique=True),
    Column("kind", String(64)),
    Column("name", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    Column("inode", BigInteger, nullable=False),
    Column("sha256", String(64), ForeignKey("contents.sha256"), nullable=False, index=True),
    Column("added_at", Float, nullable=False),
)

# What the file itself says: the first layer.
contents = Table(
    "contents",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("header", JSON),
    Column("broken", Text),
)

# A content's other hashes, upper-case as the site writes them, by kind (AutoV1, AutoV2, AutoV3, CRC32, BLAKE3).
hashes = Table(
    "hashes",
    metadata,
    Column("sha256", String(64), ForeignKey("contents.sha256"), primary_key=True),
    Column("kind", String(8), primary_key=True),
    Column("value", String(64), nullable=False, index=True),
)

# What the site says: the second layer, replaceable. ``version`` is its own answer, null a remembered miss;
# ``search`` is the text that a query is looked for in.
site = Table(
    "site",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("version", JSON(none_as_null=True)),
    Column("search", Text, nullable=False),
    Column("fetched_at", Float, nullable=False),
)

# What the user says: the third layer, never overwritten by anything else.
user = Table(
    "user",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("favourite", Boolean, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("notes", Text, nullable=False),
    Column("trigger_words", JSON, nullable=False),
    Column("preferred_strength", Float),
)

# One row a download. ``job`` is the whole of it, as the doors show it; the columns are what queries need.
jobs = Table(
    "jobs",
    metadata,
    Column("sequence", Integer, primary_key=True),
    Column("id", String(32), nullable=False, unique=True),
    Column("state", String(16), nullable=False),
    Column("owner", String(32), nullable=False),
    Column("job", JSON, nullable=False),
    Index("jobs_state", "state"),
)
