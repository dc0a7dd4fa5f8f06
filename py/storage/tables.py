"""The tables, as SQLAlchemy sees them. What makes them lies in ``migrations``; a test holds the two against each other.
The two full-text tables ``grams`` and ``words`` are SQLite's own, and known to ``library.search`` alone.

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
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

metadata = MetaData()

# A path is only where a content lies today. A row is trusted while size, mtime_ns and inode are unchanged; ``stale``
# says
# that its content is to be read (again). ``path`` is in the spelling of library.paths, ``name`` is the loaders' name
# and ``folder`` that name's folder, with slashes. ``problem`` is what keeps this one file from being read.
files = Table(
    "files",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("path", Text, nullable=False, unique=True),
    Column("kind", String(64)),
    Column("name", Text, nullable=False),
    Column("folder", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    Column("inode", BigInteger, nullable=False),
    Column("content", ForeignKey("contents.id"), nullable=False, index=True),
    Column("missing", Boolean, nullable=False),
    Column("stale", Boolean, nullable=False),
    Column("problem", Text),
    Column("added_at", Float, nullable=False),
    Index("files_inode", "inode"),
    Index("files_name", "name", "kind"),
)
Index("files_stale", files.c.size, sqlite_where=files.c.stale, postgresql_where=files.c.stale)

# What a file itself says: the first layer. A content that has not been read yet has no hash; two that turn out to be
# the same become one. ``header`` is headers.Header, ``broken`` why there is none.
contents = Table(
    "contents",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("sha256", String(64), unique=True),
    Column("size", BigInteger, nullable=False),
    Column("header", JSON(none_as_null=True)),
    Column("broken", Text),
)

# A content's other hashes, upper-case as the site writes them, by kind (AutoV1, AutoV2, AutoV3, CRC32, BLAKE3).
hashes = Table(
    "hashes",
    metadata,
    Column("content", ForeignKey("contents.id"), primary_key=True),
    Column("kind", String(8), primary_key=True),
    Column("value", String(64), nullable=False, index=True),
)

# What the site says: the second layer, replaceable. ``version`` is its own answer, null a remembered miss.
site = Table(
    "site",
    metadata,
    Column("content", ForeignKey("contents.id"), primary_key=True),
    Column("version", JSON(none_as_null=True)),
    Column("model_id", Integer, index=True),
    Column("version_id", Integer),
    Column("fetched_at", Float, nullable=False),
)

# The site's models, one for all versions of it that are here. ``document`` is its own answer with short versions,
# null a remembered miss; ``newest`` the id of its newest version.
models = Table(
    "models",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("document", JSON(none_as_null=True)),
    Column("newest", Integer),
    Column("fetched_at", Float, nullable=False),
)

# What the user says: the third layer, never overwritten by anything else.
user = Table(
    "user",
    metadata,
    Column("content", ForeignKey("contents.id"), primary_key=True),
    Column("favourite", Boolean, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("notes", Text, nullable=False),
    Column("trigger_words", JSON, nullable=False),
    Column("preferred_strength", Float),
)

# How often a content took part in a prompt that ran.
usage = Table(
    "usage",
    metadata,
    Column("content", ForeignKey("contents.id"), primary_key=True),
    Column("uses", Integer, nullable=False),
    Column("last_used", Float, nullable=False),
)

# The list: one row a file, computed from the layers whenever one of them changes (library.view), so that a page, a
# filter or a sort reads nothing else. It is narrow on purpose; what a page shows is in ``cards``. ``tags`` are the
# user's and the site's, folded for comparing, one a line.
items = Table(
    "items",
    metadata,
    Column("file", ForeignKey("files.id"), primary_key=True),
    Column("content", Integer, nullable=False, index=True),
    Column("kind", String(64)),
    Column("folder", Text, nullable=False),
    Column("name_key", Text, nullable=False),
    Column("added_at", Float, nullable=False),
    Column("changed_at", Float, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("last_used", Float, nullable=False),
    Column("uses", Integer, nullable=False),
    Column("rating", Float, nullable=False),
    Column("base_model", Text),
    Column("family", String(24)),
    Column("creator", Text),
    Column("model_id", Integer),
    Column("nsfw_level", Integer, nullable=False),
    Column("copies", Integer, nullable=False),
    Column("favourite", Boolean, nullable=False),
    Column("has_words", Boolean, nullable=False),
    Column("has_update", Boolean, nullable=False),
    Column("missing", Boolean, nullable=False),
    Column("broken", Boolean, nullable=False),
    Column("trashed", Boolean, nullable=False, server_default="0"),
    Column("tags", Text, nullable=False, server_default=""),
    Index("items_name_key", "name_key", "file"),
)

# Which rows of ``items`` were written or removed, noted by triggers in the order of the transactions: who keeps
# something made of that table reads here what has become old. Old notes are dropped.
changes = Table(
    "changes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("file", Integer, nullable=False),
    sqlite_autoincrement=True,
)

# A file as a list shows it: ``library.items.LibraryItem`` as JSON.
cards = Table(
    "cards",
    metadata,
    Column("file", ForeignKey("files.id"), primary_key=True),
    Column("card", Text, nullable=False),
)

# What was done to files, so that it can be undone: ``document`` has every step with its way back.
actions = Table(
    "actions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(24), nullable=False),
    Column("summary", Text, nullable=False),
    Column("document", JSON, nullable=False),
    Column("state", String(16), nullable=False),
    Column("done_at", Float, nullable=False),
)

# Downloads: a job has one file to fetch or many. ``owner`` names the process that runs it, "" nobody (see bulk.leases);
# ``position`` is its place among those of its priority.
jobs = Table(
    "jobs",
    metadata,
    Column("sequence", Integer, primary_key=True),
    Column("id", String(32), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("position", Float, nullable=False),
    Column("owner", String(32), nullable=False),
    Column("options", JSON, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("started_at", Float),
    Column("finished_at", Float),
    Column("updated_at", Float, nullable=False),
    Index("jobs_state", "state"),
)

# The files of jobs. ``item`` is the whole of it, as the doors show it; the columns are what queries need. ``wish`` is
# what its owner is asked to do with it ("pause" or "cancel"), "" for nothing.
job_items = Table(
    "job_items",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("job", ForeignKey("jobs.id"), nullable=False),
    Column("position", Float, nullable=False),
    Column("state", String(16), nullable=False),
    Column("wish", String(8), nullable=False),
    Column("target", Text, nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("total", BigInteger),
    Column("item", JSON, nullable=False),
    Index("job_items_place", "job", "position"),
    Index("job_items_target", "target"),
    Index("job_items_state", "state"),
)

# Plans before deeds. ``document`` is an instruction as the doors show it, but for the lines of what was validated.
instructions = Table(
    "instructions",
    metadata,
    Column("sequence", Integer, primary_key=True),
    Column("id", String(32), nullable=False, unique=True),
    Column("kind", String(16), nullable=False),
    Column("status", String(16), nullable=False),
    Column("document", JSON, nullable=False),
    Column("lines", JSON, nullable=False),
)

# What the scanner said of each file that was fetched. ``source`` is a host; ``site`` what the site's own scans say, for
# showing; ``became`` is "installed" or "quarantined", and later "released" or "deleted".
scans = Table(
    "scans",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("sha256", String(64), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("format", String(24), nullable=False),
    Column("verdict", String(16), nullable=False),
    Column("findings", JSON, nullable=False),
    Column("site", Text, nullable=False),
    Column("became", String(16), nullable=False),
    Column("why", Text, nullable=False),
    Column("scanned_at", Float, nullable=False, index=True),
)

# What Gemini was paid for. ``files`` is a list of KeptFile; ``token`` is new with each writing; times are Unix seconds.
variations = Table(
    "variations",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("token", String(32), nullable=False),
    Column("files", JSON, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("model", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("tokens_in", BigInteger, nullable=False),
    Column("tokens_out", BigInteger, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("used_at", Float, nullable=False),
    Index("variations_used", "used_at"),
)

# Pictures that were ever let through a filter for duplicates: three hashes as signed numbers, and a small grey.
seen_pictures = Table(
    "seen_pictures",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("p", BigInteger, nullable=False),
    Column("a", BigInteger, nullable=False),
    Column("d", BigInteger, nullable=False),
    Column("grey", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)

# What happened, for as long as the user keeps it. ``labels`` and ``parts`` are JSON: what it belongs to, by dimension,
# and what it has more than one of (see analytics.records). No prompt, picture, key or path is in it.
analytics_events = Table(
    "analytics_events",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Float, nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("outcome", String(24), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("amount", Float, nullable=False),
    Column("labels", Text, nullable=False),
    Column("parts", Text, nullable=False),
)

# What sums are of: a kind and an outcome, whole under the dimension "", and once more under each label they have.
analytics_keys = Table(
    "analytics_keys",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("dimension", String(16), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("outcome", String(24), nullable=False),
    Column("label", Text, nullable=False),
    Index("analytics_keys_one", "dimension", "kind", "outcome", "label", unique=True),
)

# Events summed up by day, kept for ever. ``day`` counts as date.toordinal does, in the machine's own time when it
# happened. The dimension is the key's, so that a period of it lies together.
analytics_sums = Table(
    "analytics_sums",
    metadata,
    Column("dimension", String(16), primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("key", ForeignKey("analytics_keys.id"), primary_key=True, autoincrement=False),
    Column("times", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("amount", Float, nullable=False),
    Index("analytics_sums_key", "key", "day"),
    sqlite_with_rowid=False,
)
