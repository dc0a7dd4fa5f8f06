"""Changes on the disk that never take another file's place, and that a kill at any moment leaves whole.

All of it blocks: call it in a thread.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import sys
import unicodedata
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from ...downloads.space import DiskSpace
from ...errors import LorakeeperError, SpaceError, VerificationError
from ..rows import Facts
from ..walk import stamp

Tick = Callable[[int], None]

_BLOCK = 4 << 20
_MARGIN = 64 << 20
_ROUNDED = 2_000_000_000  # some file systems keep times to two seconds
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}
_NO_SUCH_CALL = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP}
_AT_CWD, _NO_REPLACE = -100, 1  # Linux's AT_FDCWD and RENAME_NOREPLACE


class StoppedError(LorakeeperError):
    """The action was told to stop."""


def rename_new(source: Path, target: Path) -> None:
    """Renames without ever replacing: FileExistsError where ``target`` is taken."""
    if sys.platform == "win32":
        source.rename(target)  # refuses by itself
    elif not _rename_linux(source, target):
        _rename_portable(source, target)


class Disk:
    """Moves and copies. ``rename`` must never replace; ``space`` knows what downloads still need of a disk."""

    def __init__(self, *, rename: Callable[[Path, Path], None] = rename_new, space: DiskSpace | None = None) -> None:
        self._rename = rename
        self._space = space or DiskSpace()

    def move(self, source: Path, target: Path, part: Path, tick: Tick = lambda count: None) -> None:
        """``source`` becomes ``target``, on another disk by way of the copy ``part``.

        ``tick`` is called with the bytes copied since the last call, and may raise to end it. Raises OSError
        (FileExistsError), SpaceError, VerificationError; then ``source`` is as it was.
        """
        target.parent.mkdir(parents=True, exist_ok=True)
        if is_alias(source, target):
            self._change_case(source, target, part)
        elif source.is_symlink() and _needs_new_text(source, target):
            _move_link(source, target)
        else:
            try:
                self._rename(source, target)
            except OSError as error:
                if error.errno != errno.EXDEV:
                    raise
                if source.is_symlink():
                    _move_link(source, target)
                else:
                    self._move_far(source, target, part, tick)

    def settle(self, source: Path, target: Path, part: Path, size: int) -> bool:
        """Ends a move that a kill interrupted; ``size`` is the file's. True where it lies at ``target`` now."""
        here, there, between = (os.path.lexists(path) for path in (source, target, part))
        if here and there and os.path.samestat(source.lstat(), target.lstat()):
            here, there = _is_listed(source), _is_listed(target)
        if between and not here and not there:  # a change of case, half done
            self._rename(part, target)
            return True
        if between:
            part.unlink()
        if here and there and _is_same_whole(source, target):
            source.unlink()
            return True
        return there and not here and (target.is_symlink() or target.lstat().st_size == size)

    def copy(self, source: Path, part: Path, tick: Tick = lambda count: None) -> str:
        """A verified copy with the same times and mode, safe on its disk; returns its SHA256."""
        self.require_room(part.parent, source.stat().st_size)
        part.unlink(missing_ok=True)
        try:
            sha256 = _copy(source, part, tick)
            if sha256_of(part, tick) != sha256:
                raise VerificationError(f"The copy of {source.name} is not like it: check the disk of {part.parent}.")
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        return sha256

    def require_room(self, folder: Path, size: int) -> None:
        """Raises SpaceError where ``size`` bytes don't fit on the disk of ``folder``."""
        if (free := self.room(folder)) < size:
            raise SpaceError(
                f"Not enough room in {folder}: {readable(size)} are needed, {readable(max(0, free))} are free. "
                "Free some space, then try again."
            )

    def room(self, folder: Path) -> int:
        """Bytes that may be written to the disk of ``folder``, which need not be there yet."""
        folder = nearest_folder(folder)
        return self._space.free(folder) - self._space.reserved(folder.stat().st_dev) - _MARGIN

    def _change_case(self, source: Path, target: Path, part: Path) -> None:
        """On a file system to which both names are one, no call does it at once that refuses to replace."""
        self._rename(source, part)
        try:
            self._rename(part, target)
        except BaseException:
            self._rename(part, source)
            raise

    def _move_far(self, source: Path, target: Path, part: Path, tick: Tick) -> None:
        before = facts(source)
        self.copy(source, part, tick)
        try:
            if facts(source) != before:
                raise VerificationError(f"{source.name} was written to while it was copied: try again.")
            self._rename(part, target)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        sync_folder(target.parent)
        source.unlink()


# -- Looking -----------------------------------------------------------------------------------------------------------


def facts(path: Path) -> Facts:
    """``(size, mtime_ns, inode)`` of what lies at ``path`` itself, be it a link."""
    return stamp(path.lstat())


def is_like(now: Facts, then: Facts) -> bool:
    """Whether these are of one file: as large, and with the same inode or, where it was copied since, the same time.

    The inode alone says little: a file system soon gives it to another file.
    """
    same = (now[2] != 0 and now[2] == then[2]) or abs(now[1] - then[1]) <= _ROUNDED
    return now[0] == then[0] and same


def is_alias(source: Path, target: Path) -> bool:
    """Whether both are one entry of a folder, in a file system to which case or spelling says nothing."""
    try:
        if source.name == target.name or not os.path.samestat(source.lstat(), target.lstat()):
            return False
        return os.path.samestat(source.parent.stat(), target.parent.stat()) and not _is_listed(target)
    except FileNotFoundError:
        return False


def nearest_folder(folder: Path) -> Path:
    """``folder``, or the closest above it that is there."""
    while not folder.is_dir() and folder != folder.parent:
        folder = folder.parent
    return folder


def sha256_of(path: Path, tick: Tick = lambda count: None) -> str:
    """Read from the disk itself where the system can be asked to."""
    sha, block = hashlib.sha256(), memoryview(bytearray(_BLOCK))
    with path.open("rb", buffering=0) as file:
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        while count := file.readinto(block):
            sha.update(block[:count])
            tick(0)
    return sha.hexdigest()


def readable(count: float) -> str:
    for unit in ("bytes", "KB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


def _is_listed(path: Path) -> bool:
    """Whether the folder has an entry of that very name, not only one that answers to it."""
    wanted = unicodedata.normalize("NFC", path.name)
    with os.scandir(path.parent) as entries:
        return any(unicodedata.normalize("NFC", entry.name) == wanted for entry in entries)


def _is_same_whole(source: Path, target: Path) -> bool:
    """Whether ``source`` can go since ``target`` is all of it: two names of one file, or equal files."""
    one, two = source.lstat(), target.lstat()
    if os.path.samestat(one, two):
        return one.st_nlink > 1
    if source.is_symlink() or target.is_symlink():
        return source.is_symlink() and target.is_symlink() and os.path.realpath(source) == os.path.realpath(target)
    return one.st_size == two.st_size and sha256_of(source) == sha256_of(target)


# -- Folders -----------------------------------------------------------------------------------------------------------


def missing_folders(folder: Path) -> list[Path]:
    """``folder`` and those above it that are not there yet, the deepest first."""
    missing = []
    while not os.path.lexists(folder) and folder != folder.parent:
        missing.append(folder)
        folder = folder.parent
    return missing


def remove_empty(folders: Iterable[Path]) -> list[Path]:
    """Removes those of ``folders`` that are empty, and returns them."""
    removed = []
    for folder in sorted(set(folders), key=lambda each: len(each.parts), reverse=True):
        with suppress(OSError):  # it isn't empty, it is a link, or somebody is in it: then it stays
            folder.rmdir()
            removed.append(folder)
    return removed


def sync_folder(folder: Path) -> None:
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # some file systems can't sync a folder, and need not
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


# -- Steps -------------------------------------------------------------------------------------------------------------


def _rename_linux(source: Path, target: Path) -> bool:
    """Renames by the one call that both is atomic and refuses; False where the system, or this disk, lacks it."""
    if not sys.platform.startswith("linux"):
        return False
    import ctypes

    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if call is None:
        return False
    if call(_AT_CWD, os.fsencode(source), _AT_CWD, os.fsencode(target), _NO_REPLACE) == 0:
        return True
    number = ctypes.get_errno()
    if number in _NO_SUCH_CALL:
        return False
    raise OSError(number, os.strerror(number), str(source), None, str(target))


def _rename_portable(source: Path, target: Path) -> None:
    if source.is_symlink():
        _move_link(source, target)
        return
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # A file system without hard links: nothing there refuses to replace, so what is left is to look first.
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, "taken", str(target)) from error
        source.rename(target)
    else:
        source.unlink()


def _needs_new_text(source: Path, target: Path) -> bool:
    """Whether a link says where it leads relative to its folder, which it is about to leave."""
    return not source.readlink().is_absolute() and source.parent != target.parent


def _move_link(source: Path, target: Path) -> None:
    """Makes the same link anew, which never replaces, and follows its file from its new folder."""
    leads_to = source.readlink()
    if not leads_to.is_absolute() and source.parent != target.parent:
        whole = (source.parent.resolve() / leads_to).resolve()
        leads_to = Path(os.path.relpath(whole, target.parent.resolve()))
    target.symlink_to(leads_to)
    source.unlink()


def _copy(source: Path, part: Path, tick: Tick) -> str:
    sha, block = hashlib.sha256(), memoryview(bytearray(_BLOCK))
    with source.open("rb", buffering=0) as old, part.open("xb") as new:
        while count := old.readinto(block):
            new.write(block[:count])
            sha.update(block[:count])
            tick(count)
        new.flush()
        os.fsync(new.fileno())
    with suppress(OSError):  # a disk that knows no such modes
        shutil.copymode(source, part)
    os.utime(part, ns=(source.stat().st_atime_ns, source.stat().st_mtime_ns))
    return sha.hexdigest()
