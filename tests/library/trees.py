"""Folders of model files for the walk's tests, and what a walk tells of them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lorakeeper.py.library.roots import FolderRoots
from lorakeeper.py.library.walk import Entry, Walk


def make(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"model")
    return folder


def link(path: Path, target: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        path.symlink_to(target, target_is_directory=target.is_dir())
    except OSError:
        pytest.skip("no right to make links here")


def entries(walk: Walk) -> list[Entry]:
    return sorted(entry for batch in walk for entry in batch)


def loras(root: Path, **more: Path) -> FolderRoots:
    return FolderRoots({"loras": [root], **{kind: [path] for kind, path in more.items()}})


def names(walk: Walk) -> list[tuple[str, str]]:
    return sorted((entry.kind, entry.name.replace(os.sep, "/")) for batch in walk for entry in batch)


def reasons(walk: Walk) -> dict[str, str]:
    return {finding.path: finding.reason for finding in walk.report.findings}
