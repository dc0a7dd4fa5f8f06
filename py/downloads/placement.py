"""The last step: a finished file gets its name, inside its folder, and never in another file's place."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path

from ..atomic import move_new
from ..errors import PlacementError

OWN_PREFIX = ".lorakeeper-"

_FORBIDDEN = set('<>:"/\\|?*') | {chr(code) for code in range(32)}
_RESERVED = {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"} | {
    f"{port}{n}" for port in ("COM", "LPT") for n in range(10)
}


def check_name(name: str) -> None:
    """Raises PlacementError for a name that could leave its folder, or that some system can't have."""
    bad = (
        not name.strip(". ")
        or name != name.rstrip(". ")
        or not _FORBIDDEN.isdisjoint(name)
        or name.partition(".")[0].rstrip().upper() in _RESERVED
        or name.startswith(OWN_PREFIX)
    )
    if bad:
        raise PlacementError(f"{name!r} can't be a file's name here, so it is not downloaded.")


def candidates(folder: Path, name: str, version_id: int) -> Iterator[Path]:
    """The paths that a file may get, the plain one first, without end."""
    stem, suffix = Path(name).stem, Path(name).suffix
    yield folder / name
    yield folder / f"{stem}-v{version_id}{suffix}"
    for number in count(2):
        yield folder / f"{stem}-v{version_id}-{number}{suffix}"


def install(part: Path, folder: Path, name: str, version_id: int, is_same: Callable[[Path], bool]) -> tuple[Path, bool]:
    """Gives ``part`` the first free name and returns ``(path, False)``; where ``is_same`` finds the same content under
    one of the names, ``part`` goes away instead and the answer is ``(path, True)``. Blocking."""
    for path in candidates(folder, name, version_id):
        try:
            move_new(part, path)
        except FileExistsError:
            if not is_same(path):
                continue
            part.unlink()
            return path, True
        _sync_folder(folder)
        return path, False
    raise AssertionError("there is always a next name")


def _sync_folder(folder: Path) -> None:
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    with suppress(OSError):  # some file systems can't sync a folder, and need not
        os.fsync(descriptor)
    os.close(descriptor)
