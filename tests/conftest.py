"""What every test may lean on: no key and no setting of the machine's own reaches a test."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from lorakeeper.py import logs
from lorakeeper.py.storage.database import Database

# How long examples take says nothing where other tests run beside them, and each makes do with the fixture of all.
settings.register_profile(
    "lorakeeper",
    settings(),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("lorakeeper")


def pytest_configure() -> None:
    # What a shell starts in the background ignores Ctrl-C, and so would all that it starts.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first, which have a browser: side by side, nobody waits at the end for one of them."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is None)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("LORAKEEPER_") and name != "LORAKEEPER_SKIPS_FAIL":
            monkeypatch.delenv(name)
    for name in ("CIVITAI_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def made_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file as the migrations leave it, closed."""

    async def make() -> None:
        database = Database(path)
        await database.open()
        await database.close()

    path = tmp_path_factory.mktemp("made") / "made.db"
    loop = asyncio.new_event_loop()
    loop.run_until_complete(make())
    loop.close()
    return path


@pytest.fixture(autouse=True)
def databases_are_made_already(monkeypatch: pytest.MonkeyPatch, made_database: Path) -> None:
    """A new file is a copy of one that was made: migrations take 40 times as long. Their tests are in storage."""
    connect = Database._connect

    def copy_and_connect(database: Database) -> object:
        if not database.path.exists():
            with tempfile.TemporaryDirectory(dir=database.path.parent) as folder:
                copy = shutil.copyfile(made_database, Path(folder) / "copy")
                # Not a rename: another thread may have been quicker.
                with contextlib.suppress(FileExistsError):
                    database.path.hardlink_to(copy)
        return connect(database)

    monkeypatch.setattr(Database, "_connect", copy_and_connect)


def open_logs() -> list[logging.Handler]:
    return [each for each in logging.getLogger(logs.APPLICATION).handlers if type(each).__module__ == logs.__name__]


@pytest.fixture(autouse=True)
def closed_logs() -> Iterator[None]:
    """An application that a test leaves open would write into the next one's log."""
    before = open_logs()
    yield
    assert open_logs() == before
