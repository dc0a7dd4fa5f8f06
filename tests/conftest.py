"""What every test may lean on: no key and no setting of the machine's own reaches a test."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("LORAKEEPER_") and name != "LORAKEEPER_SKIPS_FAIL":
            monkeypatch.delenv(name)
    for name in ("CIVITAI_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY"):
        monkeypatch.delenv(name, raising=False)
