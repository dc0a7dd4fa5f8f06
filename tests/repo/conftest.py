"""What the tests of the repository itself share: its folder, its source files, and its two stand-alone programs."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
NOT_OURS = {".git", ".venv", ".lorakeeper-tools", "__pycache__", "build", "dist", "node_modules", "vendor", "results"}


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def files() -> list[Path]:
    """Every file of the repository, but for what others wrote and what programs left there."""
    return sorted(_walk(ROOT))


@pytest.fixture(scope="session")
def modules(files: list[Path]) -> list[Path]:
    """The Python files of the application: what runs at a user's, tests and benches left out."""
    rooms = {"py", "nodes", "server_routes"}
    return [path for path in files if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in rooms]


@pytest.fixture
def run_py() -> Iterator[ModuleType]:
    yield from _load(ROOT / "run.py")


@pytest.fixture
def checks() -> Iterator[ModuleType]:
    yield from _load(ROOT / "testing" / "checks.py")


def _walk(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name in NOT_OURS or path.name.endswith((".egg-info", "_cache")) or path.name == ".hypothesis":
            continue
        if path.is_dir() and not path.is_symlink():
            yield from _walk(path)
        elif path.is_file():
            yield path


def _load(path: Path) -> Iterator[ModuleType]:
    """A program as a module. It has no package, so it goes by a name of its own."""
    name = f"program_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec
    assert spec.loader
    # Its dataclasses look their module up.
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    del sys.modules[name]
