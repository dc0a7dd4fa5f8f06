"""What every test may lean on: no key and no setting of the machine's own reaches a test."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator

import pytest

from lorakeeper.py import logs


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


def open_logs() -> list[logging.Handler]:
    return [each for each in logging.getLogger(logs.APPLICATION).handlers if type(each).__module__ == logs.__name__]


@pytest.fixture(autouse=True)
def closed_logs() -> Iterator[None]:
    """An application that a test leaves open would write into the next one's log."""
    before = open_logs()
    yield
    assert open_logs() == before
