"""Writing a small file so that it is whole or not there, whatever happens in between, and in no other file's place."""

from __future__ import annotations

import errno
import os
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_NEW = ".lorakeeper-new-"
_FORSAKEN = 3600.0  # seconds after which nobody writes any more
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV}


def write_atomically(path: Path, content: bytes, *, private: bool = False) -> None:
    """Replaces ``path`` by ``content``. A ``private`` file can be read by its owner alone, from its first byte on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # mkstemp makes the file with mode 0600, so that a private one is never readable by others, not even for a moment.
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if not private:
            Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def write_new(folder: Path, names: Iterable[str], content: bytes) -> Path:
    """Writes a file in ``folder`` under the first of ``names`` that is free, and returns its path. What a kill left
    behind goes with the next one."""
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob(f"{_NEW}*"):
        with suppress(FileNotFoundError, PermissionError):  # another process was quicker, or still has it
            if time.time() - left.stat().st_mtime > _FORSAKEN:
                left.unlink()
    descriptor, temporary = tempfile.mkstemp(prefix=_NEW, dir=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(temporary).chmod(0o644)
        for name in names:
            try:
                move_new(Path(temporary), folder / name)
            except FileExistsError:
                continue
            return folder / name
        raise FileExistsError(errno.EEXIST, "every name is taken", str(folder))
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def move_new(part: Path, path: Path) -> None:
    """Renames without ever replacing: FileExistsError where ``path`` is taken."""
    if sys.platform == "win32":
        part.rename(path)  # refuses by itself
        return
    try:
        os.link(part, path)
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # A file system without hard links: nothing there refuses to replace, so what is left is to look first.
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, "taken", str(path)) from error
        part.rename(path)
    else:
        part.unlink()


def holds(path: Path, content: bytes) -> bool:
    """Whether it is a file with exactly that content."""
    return path.is_file() and path.stat().st_size == len(content) and path.read_bytes() == content
