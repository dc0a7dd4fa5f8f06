"""The fuzzer's short form. The long one is ``python bench/fuzz_headers.py``."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

BENCH = Path(__file__).parents[2] / "bench" / "fuzz_headers.py"


@pytest.fixture(scope="module")
def fuzzer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("fuzz_headers", BENCH)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_damaged_headers_are_read_or_refused(fuzzer: ModuleType, tmp_path: Path) -> None:
    found = fuzzer.fuzz(tmp_path, 0, runs=2000, watch=False)

    assert found.violations == []
    assert found.outcomes["safetensors"] > 50
    assert found.outcomes["gguf"] > 20
    # The damage is of many kinds, or nothing was tried.
    assert len(found.outcomes) > 15


def test_what_takes_too_long_or_fails_otherwise_is_a_violation(
    fuzzer: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(path: Path) -> None:
        raise ZeroDivisionError(path.name)

    monkeypatch.setattr(fuzzer, "SECONDS", -1.0)
    monkeypatch.setattr(fuzzer, "read_header", fails)

    found = fuzzer.fuzz(tmp_path, 5, runs=1, watch=False)

    assert [violation.split(":")[:2] for violation in found.violations] == [
        ["run 5", " ZeroDivisionError"],
        ["run 5", " it took 0.0 seconds"],
    ]
