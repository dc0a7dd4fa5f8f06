"""The database file: made, upgraded, refused when newer, set aside when corrupt, written by one, read by many."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, create_engine, text

from lorakeeper.py.bulk import rows
from lorakeeper.py.errors import DatabaseTooNewError, StorageError
from lorakeeper.py.library.catalog import Catalog
from lorakeeper.py.library.query import LibraryQuery
from lorakeeper.py.storage import migrations
from lorakeeper.py.storage.database import Database
from lorakeeper.py.storage.tables import metadata

FULL_TEXT = ("grams", "words")
# What version 0.1.0 wrote.
FIRST_VERSION = f"""
CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY);
INSERT INTO alembic_version VALUES ('0001');
CREATE TABLE contents (sha256 VARCHAR(64) NOT NULL PRIMARY KEY, size BIGINT NOT NULL, header JSON, broken TEXT);
CREATE TABLE hashes (sha256 VARCHAR(64) NOT NULL, kind VARCHAR(8) NOT NULL, value VARCHAR(64) NOT NULL,
    PRIMARY KEY (sha256, kind), FOREIGN KEY(sha256) REFERENCES contents (sha256));
CREATE INDEX ix_hashes_value ON hashes (value);
CREATE TABLE files (id INTEGER NOT NULL PRIMARY KEY, path TEXT NOT NULL UNIQUE, kind VARCHAR(64), name TEXT NOT NULL,
    size BIGINT NOT NULL, mtime_ns BIGINT NOT NULL, inode BIGINT NOT NULL, sha256 VARCHAR(64) NOT NULL,
    added_at FLOAT NOT NULL, FOREIGN KEY(sha256) REFERENCES contents (sha256));
CREATE INDEX ix_files_sha256 ON files (sha256);
CREATE TABLE site (sha256 VARCHAR(64) NOT NULL PRIMARY KEY, version JSON, search TEXT NOT NULL, fetched_at FLOAT NOT
NULL); CREATE TABLE "user" (sha256 VARCHAR(64) NOT NULL PRIMARY KEY, favourite BOOLEAN NOT NULL, tags JSON NOT NULL,
    notes TEXT NOT NULL, trigger_words JSON NOT NULL, preferred_strength FLOAT);
CREATE TABLE jobs (sequence INTEGER NOT NULL PRIMARY KEY, id VARCHAR(32) NOT NULL UNIQUE, state VARCHAR(16) NOT NULL,
    owner VARCHAR(32) NOT NULL, job JSON NOT NULL);
CREATE INDEX jobs_state ON jobs (state);
INSERT INTO contents VALUES ('{"a" * 64}', 5, '{{"metadata": {{}}}}', NULL);
INSERT INTO hashes VALUES ('{"a" * 64}', 'AutoV3', 'ABCD1234');
INSERT INTO files VALUES (7, '/m/x.safetensors', 'loras', 'x.safetensors', 5, 6, 7, '{"a" * 64}', 8.5);
INSERT INTO site VALUES ('{"a" * 64}', '{{"id": 456, "modelId": 123}}', 'text', 9.5);
INSERT INTO "user" VALUES ('{"a" * 64}', 1, '["t"]', 'mine', '[]', 0.8);
INSERT INTO "user" VALUES ('{"c" * 64}', 0, '[]', 'of a file that is gone', '[]', NULL);
"""  # noqa: S608 - nothing in it comes from outside

# Two files of the list as it was before it was filtered in memory.
SECOND_VERSION = """
INSERT INTO contents (id, size) VALUES (1, 5), (2, 5);
INSERT INTO files SELECT id, '/m/' || id, 'loras', id, '', 5, 6, 7, id, 0, 0, NULL, id FROM contents;
INSERT INTO items SELECT id, id, 'loras', '', id, id, 0, 5, 0, 0, -1, NULL, NULL, NULL, NULL, 0, 1, 0, 0, 0, 0, 0
    FROM contents;
INSERT INTO cards SELECT id, '{}' FROM contents;
INSERT INTO item_tags VALUES ('anime', 1), ('red dress', 1), ('anime', 2);
INSERT INTO words (rowid, text) VALUES (1, '\ue002 foobar miku \ue003 foo bar \ue003 \ue001a1b2 \ue001c3d4');
INSERT INTO words (rowid, text) VALUES (2, '\ue002 halo \ue003 \ue001a1b2');
INSERT INTO grams (text) VALUES ('foobar'), ('miku'), ('halo');
"""


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(tmp_path / "lorakeeper.db", wait=0.2)
    await database.open()
    yield database
    await database.close()


def _make_table(connection: Connection) -> None:
    connection.execute(text("CREATE TABLE numbers (n INTEGER)"))


def _count(connection: Connection) -> int:
    return int(connection.execute(text("SELECT count(*) FROM numbers")).scalar_one())


async def test_the_migrations_make_the_tables_that_the_code_expects(database: Database) -> None:
    def compare(connection: Connection) -> Any:
        # SQLAlchemy doesn't know SQLite's full-text tables, nor those that they consist of.
        known = {"include_name": lambda name, kind, parents: kind != "table" or not str(name).startswith(FULL_TEXT)}
        return compare_metadata(MigrationContext.configure(connection, opts=known), metadata)

    assert await database.read(compare) == []


async def test_an_upgrade_of_the_first_version_loses_nothing(tmp_path: Path) -> None:
    file = tmp_path / "x.db"
    with sqlite3.connect(file) as old:
        old.executescript(FIRST_VERSION)
    old.close()

    database = Database(file)
    await database.open()
    rows = await database.read(
        lambda c: c.execute(
            text(
                "SELECT f.id, f.path, f.stale, c.sha256, s.version_id, s.model_id, u.notes, h.value FROM files f "
                "JOIN contents c ON f.content = c.id JOIN site s ON s.content = c.id "
                'JOIN "user" u ON u.content = c.id JOIN hashes h ON h.content = c.id'
            )
        ).all()
    )
    orphan = await database.read(
        lambda c: c.execute(
            text('SELECT notes FROM "user" u JOIN contents c ON u.content = c.id WHERE c.sha256 = :s'), {"s": "c" * 64}
        ).scalar()
    )
    await database.close()

    assert [tuple(row) for row in rows] == [(7, "/m/x.safetensors", 1, "a" * 64, 456, 123, "mine", "ABCD1234")]
    assert orphan == "of a file that is gone"


async def test_an_upgrade_keeps_the_list_and_what_is_found_in_it(tmp_path: Path) -> None:
    file = tmp_path / "x.db"
    engine = create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        migrations.upgrade(connection, "0002")
        for statement in SECOND_VERSION.split(";\n"):
            connection.exec_driver_sql(statement)
    engine.dispose()

    database, catalog = Database(file), Catalog()
    await database.open()

    async def ids(**query: Any) -> list[int]:
        return await database.read(lambda c: catalog.ids(c, LibraryQuery(**query), 10))

    try:
        assert await ids(tag=["anime"]) == [2, 1]
        assert await ids(tag=["red dress"]) == [1]
        assert await ids(query="miku") == [1]
        assert await ids(query="hal") == [2]
        # The marks for filters, which stood behind a document, are no words any more.
        assert await database.read(
            lambda c: c.execute(text("SELECT text FROM words ORDER BY rowid")).scalars().all()
        ) == [
            "\ue002 foobar miku \ue003 foo bar",
            "\ue002 halo",
        ]
        await database.write(lambda c: c.execute(text("UPDATE items SET tags = 'new' WHERE file = 2")))
        assert await ids(tag=["anime"]) == [1]
    finally:
        await database.close()


async def test_what_was_written_is_there_after_a_restart(tmp_path: Path) -> None:
    for _ in range(2):
        database = Database(tmp_path / "x.db")
        await database.open()
        await database.write(lambda c: c.execute(text("CREATE TABLE IF NOT EXISTS numbers (n INTEGER)")))
        await database.write(lambda c: c.execute(text("INSERT INTO numbers VALUES (1)")))
        count = await database.read(_count)
        await database.close()

    assert count == 2


async def test_a_write_that_fails_leaves_nothing(database: Database) -> None:
    await database.write(_make_table)

    def half(connection: Connection) -> None:
        connection.execute(text("INSERT INTO numbers VALUES (1)"))
        raise ValueError("midway")

    with pytest.raises(ValueError, match="midway"):
        await database.write(half)
    assert await database.read(_count) == 0


async def test_a_reader_does_not_wait_for_a_writer(database: Database) -> None:
    await database.write(_make_table)
    loop, writing, go_on = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()

    def slow(connection: Connection) -> None:
        connection.execute(text("INSERT INTO numbers VALUES (1)"))
        loop.call_soon_threadsafe(writing.set)
        asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result()

    write = asyncio.create_task(database.write(slow))
    await writing.wait()
    seen_while_writing = await database.read(_count)
    go_on.set()
    await write

    assert (seen_while_writing, await database.read(_count)) == (0, 1)


async def test_writes_from_many_tasks_are_all_kept(database: Database) -> None:
    await database.write(_make_table)

    def add(number: int) -> Callable[[Connection], object]:
        return lambda c: c.execute(text("INSERT INTO numbers VALUES (:n)"), {"n": number})

    await asyncio.gather(*(database.write(add(number)) for number in range(50)))

    assert await database.read(_count) == 50


async def test_a_database_locked_by_another_program_is_a_sentence(database: Database) -> None:
    await database.write(_make_table)
    other = sqlite3.connect(database.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(StorageError, match="in use by another program"):
            await database.write(lambda c: c.execute(text("INSERT INTO numbers VALUES (1)")))
    finally:
        other.close()

    await database.write(lambda c: c.execute(text("INSERT INTO numbers VALUES (1)")))
    assert await database.read(_count) == 1


@pytest.mark.parametrize(
    ("before", "job_state", "item_state"),
    [
        ("installed", "completed", "installed"),
        ("quarantined", "failed", "quarantined"),
        ("downloading", "pending", "queued"),
        ("paused", "paused", "queued"),
        ("cancelled", "cancelled", "cancelled"),
    ],
)
async def test_a_download_from_before_becomes_a_job_of_one_file(
    tmp_path: Path, before: str, job_state: str, item_state: str
) -> None:
    file = tmp_path / "x.db"
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
    old = {
        "id": "abc",
        "target": "1@2",
        "name": "cat.safetensors",
        "kind": "loras",
        "state": before,
        "received": 5,
        "total": 7,
        "rate": 0.0,
        "eta": None,
        "error": None,
        "path": "/m/cat.safetensors",
        "sha256": "a" * 64,
        "model_id": 1,
        "version_id": 2,
        "file_id": 3,
        "library_id": 4,
        "created_at": moment.isoformat(),
        "updated_at": moment.isoformat(),
    }
    engine = create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        migrations.upgrade(connection, "0003")
        connection.execute(
            text("INSERT INTO jobs (sequence, id, state, owner, job) VALUES (9, 'abc', :state, 'them', :job)"),
            {"state": before, "job": json.dumps(old)},
        )
    engine.dispose()

    database = Database(file)
    await database.open()
    found = await database.read(lambda c: rows.load(c, "abc"))
    await database.close()

    assert found
    job, owner = found
    assert (job.state.value, job.created_at, job.name) == (job_state, moment, "cat.safetensors")
    assert job.item
    assert (job.item.state.value, job.item.target, job.item.version_id) == (item_state, "1@2", 2)
    assert owner == ("them" if job_state == "pending" else "")


async def test_a_newer_file_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    database = Database(tmp_path / "x.db")
    await database.open()
    await database.write(lambda c: c.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    await database.close()

    with pytest.raises(DatabaseTooNewError, match="newer Lorakeeper"):
        await Database(tmp_path / "x.db").open()
    with sqlite3.connect(tmp_path / "x.db") as plain:
        assert plain.execute("SELECT version_num FROM alembic_version").fetchone() == ("9999",)


async def test_an_older_file_is_upgraded_and_a_copy_kept(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "x.db") as plain:
        # A file from before the first revision: it has Alembic's own table and nothing in it but a mark of its own.
        plain.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        plain.execute("CREATE TABLE keepsake (word TEXT)")
        plain.execute("INSERT INTO keepsake VALUES ('kept')")

    database = Database(tmp_path / "x.db")
    await database.open()
    revision = await database.read(migrations.revision_of)
    word = await database.read(lambda c: c.execute(text("SELECT word FROM keepsake")).scalar())
    await database.close()

    assert revision == migrations.revisions()[-1]
    assert word == "kept"
    with sqlite3.connect(tmp_path / f"x.db.before-{revision}") as copy:
        assert copy.execute("SELECT word FROM keepsake").fetchone() == ("kept",)
        assert not copy.execute("SELECT 1 FROM sqlite_master WHERE name = 'jobs'").fetchall()


@pytest.mark.parametrize("damage", ["garbage", "middle", "short"])
async def test_a_corrupt_file_is_set_aside_and_said_so(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "x.db"
    database = Database(path)
    await database.open()
    await database.write(_make_table)
    await database.write(lambda c: c.execute(text("INSERT INTO numbers VALUES (1)")))
    await database.close()
    content = path.read_bytes()
    broken = {
        "garbage": b"not a database at all " * 500,
        "middle": content[:4096] + b"\xff" * (len(content) - 4096),
        "short": content[: len(content) // 2],
    }[damage]
    path.write_bytes(broken)

    database = Database(path)
    await database.open()
    tables = await database.read(lambda c: c.execute(text("SELECT count(*) FROM jobs")).scalar())
    await database.close()

    assert tables == 0
    assert len(database.notices) == 1
    assert broken in [kept.read_bytes() for kept in tmp_path.glob("x.db.corrupt-*")]


async def test_a_closed_database_says_so(database: Database) -> None:
    await database.close()

    with pytest.raises(StorageError, match="not open"):
        await database.read(_count)
