"""What lies on the disk: every model file in the model folders, as a stream, each real folder looked at once.

Where a folder can be reached in several ways, the innermost root owns it, then the first kind, and a real folder goes
before a linked one: what owns what never depends on the order in which the disk lists names.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from .paths import shown, stored
from .roots import Roots

# Paths are texts here: they are many, and what they are called must not change on the way.
# ruff: noqa: PTH100, PTH116, PTH118, PTH119, PTH120, PTH206

EXTENSIONS = frozenset({".safetensors", ".ckpt", ".pt", ".pth", ".bin", ".gguf", ".sft", ".onnx"})

_MOST = (1 << 63) - 1  # what a database's integer holds
_JUNCTION = 0xA0000003  # Windows' IO_REPARSE_TAG_MOUNT_POINT
_NO_FILES = ((stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"))
_GONE = (FileNotFoundError, NotADirectoryError)

# What tells real folders apart: device and inode, or the real path where the file system has no inodes.
_Key = tuple[int, int] | str


def is_model(name: str) -> bool:
    """Whether a file of that name belongs into the list. Hidden ones, such as our own parts, never do."""
    return name[name.rfind(".") :].casefold() in EXTENSIONS and name[0] != "."


def stamp(status: os.stat_result) -> tuple[int, int, int]:
    """``(size, mtime_ns, inode)``, each made to fit into the database: a file system may claim any number."""
    mtime, inode = status.st_mtime_ns, status.st_ino
    if not -_MOST <= mtime <= _MOST:
        mtime = _MOST if mtime > 0 else -_MOST
    return status.st_size, mtime, inode if inode <= _MOST else inode & _MOST


class Entry(NamedTuple):
    """A model file, or what stands in its place. ``path`` is absolute, its links not resolved; ``name`` is the loaders'
    name, with the system's separator; ``folder`` is that name's folder, with slashes. All are in the spelling of
    library.paths. ``problem`` is what keeps it from being read, a sentence."""

    path: str
    kind: str
    name: str
    folder: str
    size: int
    mtime_ns: int
    inode: int
    problem: str | None


@dataclass(frozen=True, slots=True)
class Finding:
    """Something on the disk that got no row of its own, and why."""

    path: str
    reason: str


@dataclass
class WalkReport:
    """``unreadable`` are the folders, or links, of which nothing is known now; ``links`` are the linked folders that
    were followed, each with its real folder, both as the system spells them. Other paths are in the stored spelling."""

    findings: list[Finding] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    links: dict[str, str] = field(default_factory=dict)
    folders: int = 0
    files: int = 0


@dataclass(frozen=True, slots=True)
class _Place:
    """A path below a root of ``kind``. Both spellings are equally long; the name begins behind ``cut`` characters."""

    path: str
    stored: str
    kind: str
    cut: int
    deep: bool

    def child(self, name: str, spelled: str) -> _Place:
        return _Place(os.path.join(self.path, name), os.path.join(self.stored, spelled), self.kind, self.cut, self.deep)


class Walk:
    """One look at the disk. Blocking: iterate it once, in a thread and to its end; then the rest of it can be asked.

    Without ``only`` and ``whole`` it covers all roots. ``only`` are folders to list without those below, ``whole`` are
    roots or folders to walk with all below; ``links`` are those that an earlier full walk has followed.

    ``listed`` are the folders whose content is known now, in the stored spelling: a row directly in one of them that
    was not among the entries is gone. A folder that was asked for and is not there is one of them, and all below it is
    gone.
    """

    def __init__(
        self,
        roots: Roots,
        *,
        only: Collection[Path] | None = None,
        whole: Collection[Path] | None = None,
        links: Mapping[str, str] | None = None,
        batch: int = 1000,
    ) -> None:
        self.report = WalkReport()
        self.listed: set[str] = set()
        self._roots = self._root_places(roots)
        self._root_paths = {os.path.normcase(root.path) for root in self._roots}
        self._full = only is None and whole is None
        self._only = [_absolute(path) for path in only or ()]
        self._whole = [_absolute(path) for path in whole or ()]
        self._known = dict(links or {})
        self._batch = batch
        self._found: list[Entry] = []
        self._links: list[_Place] = []
        self._visited: dict[_Key, str] = {}  # the path under which a real folder is walked
        self._parents: dict[str, bool] = {}
        self._owners: list[tuple[str, str]] = []  # real folders, each with the path under which it is walked

    def __iter__(self) -> Iterator[list[Entry]]:
        """The entries, in lists of ``batch``."""
        if self._full:
            # Innermost first, so that a root inside another one has its files before the outer one comes by.
            starts = sorted(self._roots, key=_inwards)
        else:
            self._enter_known()
            starts = [*self._given(self._whole, deep=True), *self._given(self._only, deep=False)]
        for start in starts:
            yield from self._walk(start)
        yield from self._follow()
        if self._found:
            self.report.files += len(self._found)
            yield self._found

    # -- Folders -----------------------------------------------------------------------------------------------------

    def _walk(self, start: _Place) -> Iterator[list[Entry]]:
        """The files of ``start`` and, if it is deep, of what lies below; links are put off."""
        waiting = [start]
        while waiting:
            place = waiting.pop()
            if place.stored in self.listed or (place is not start and self._is_root(place.path)):
                continue
            try:
                if not self._enter(place, _key(place.path)):
                    continue
                below: list[_Place] = []
                yield from self._list(place, below)
            except _GONE:
                if place is start:
                    self.listed.add(place.stored)
                continue
            except OSError:
                self.report.unreadable.append(place.stored)
                continue
            self.listed.add(place.stored)
            self.report.folders += 1
            waiting += sorted(below, key=lambda each: each.path, reverse=True) if place.deep else ()

    def _enter(self, place: _Place, key: _Key) -> bool:
        """Whether the folder is to be listed under this path, which is then noted."""
        path = self._visited.setdefault(key, place.path)
        if path == place.path:
            return True
        if not self._is_root(place.path):
            self._find(place.path, f"It is the same folder as {shown(path)}, where its files are listed.")
        return False

    def _list(self, place: _Place, below: list[_Place]) -> Iterator[list[Entry]]:
        """The files directly in ``place``. Raises OSError where not all of them could be looked at."""
        inside = os.path.join(place.stored, "")
        group = inside[place.cut :].rstrip(os.sep).replace(os.sep, "/")
        windows = os.name == "nt"
        found, kind, cut, batch = self._found, place.kind, place.cut, self._batch
        with os.scandir(place.path) as entries:
            for entry in entries:
                name = entry.name
                if name[0] == ".":
                    continue
                model = is_model(name)
                link = _is_link(entry) if windows else entry.is_symlink()
                if not model and not link and not entry.is_dir():
                    continue
                if (spelled := name if name.isascii() else stored(name)) is None:
                    self._find(entry.path, "Its name has characters that can't be kept: give it another one.")
                elif link:
                    self._links.append(place.child(name, spelled))
                elif not model:
                    below.append(place.child(name, spelled))
                else:
                    try:
                        # What Windows' folders say of their files may be old.
                        status = os.stat(entry.path) if windows else entry.stat()
                    except FileNotFoundError:
                        continue
                    path = inside + spelled
                    size, mtime, inode = stamp(status)
                    problem = None if stat.S_ISREG(status.st_mode) else _problem(spelled, status)
                    found.append(Entry(path, kind, path[cut:], group, size, mtime, inode, problem))
                    if len(found) >= batch:
                        self.report.files += batch
                        yield found
                        found = self._found = []

    # -- Links -------------------------------------------------------------------------------------------------------

    def _follow(self) -> Iterator[list[Entry]]:
        """What the links lead to that is not listed anyway: folders, the outermost first, and then files."""
        files: list[tuple[_Place, os.stat_result]] = []
        while self._links:
            folders: list[tuple[str, _Place, _Key]] = []
            links, self._links = self._links, []
            for link in links:
                if (status := self._status(link)) is None:
                    continue
                if is_model(os.path.basename(link.path)):
                    files.append((link, status))
                elif link.deep and stat.S_ISDIR(status.st_mode):
                    folders.append((os.path.realpath(link.path), link, _key(link.path, status)))
            for target, link, key in sorted(folders, key=lambda each: (_depth(each[0]), each[1].path)):
                if is_inside(os.path.realpath(os.path.dirname(link.path)), target):
                    self._find(link.path, "It leads back to a folder in which it lies itself, so it is not followed.")
                elif not self._is_root(link.path) and self._may_list(link.path) and self._enter(link, key):
                    self.report.links[link.path] = target
                    yield from self._walk(link)
        for link, status in sorted(files, key=lambda each: each[0].path):
            target = os.path.realpath(link.path)
            if is_model(os.path.basename(target)) and self._has_listed(os.path.dirname(target)):
                self._find(link.path, f"It leads to {shown(target)}, which is listed itself.")
                continue
            self._add(link, status)
            if len(self._found) >= self._batch:
                self.report.files += len(self._found)
                yield self._found
                self._found = []

    def _status(self, link: _Place) -> os.stat_result | None:
        try:
            return os.stat(link.path)
        except OSError as error:
            if isinstance(error, _GONE):
                if os.path.lexists(link.path):
                    self._find(link.path, "It is a link to something that is not there.")
            elif error.errno == errno.ELOOP:
                self._find(link.path, "It is a link that leads back to itself.")
            else:
                self.report.unreadable.append(link.stored)
            return None

    def _add(self, place: _Place, status: os.stat_result) -> None:
        name = place.stored[place.cut :]
        folder = os.path.dirname(name).replace(os.sep, "/")
        problem = None if stat.S_ISREG(status.st_mode) else _problem(os.path.basename(name), status)
        self._found.append(Entry(place.stored, place.kind, name, folder, *stamp(status), problem))

    def _has_listed(self, folder: str) -> bool:
        """Whether what lies in the real ``folder`` has rows of its own."""
        if folder not in self._parents:
            try:
                self._parents[folder] = _key(folder) in self._visited or self._owner(folder) is not None
            except OSError:
                self._parents[folder] = False
        return self._parents[folder]

    # -- A walk of some folders only ---------------------------------------------------------------------------------

    def _enter_known(self) -> None:
        """Notes under which path each root, and each linked folder that was followed before, would be walked."""
        known = sorted(self._roots, key=_inwards)
        for path in [*(root.path for root in known), *self._known]:
            self._owners.append((os.path.realpath(path), path))
            with suppress(OSError):  # one that is not there owns nothing
                self._visited.setdefault(_key(path), path)

    def _given(self, paths: Iterable[str], *, deep: bool) -> list[_Place]:
        places = [place for path in paths if (place := self._place(path, deep)) and self._may_list(place.path)]
        return sorted(places, key=_inwards)

    def _place(self, path: str, deep: bool) -> _Place | None:
        """``path`` as a place below its innermost root; None where no walk would come by it."""
        inside = [root for root in self._roots if is_inside(path, root.path)]
        root = max(inside, key=lambda each: len(each.path), default=None)
        if root is None or (spelled := stored(path)) is None or is_passed_by(path[root.cut :]):
            return None
        return _Place(path, spelled, root.kind, root.cut, deep)

    def _may_list(self, path: str) -> bool:
        """False, with a finding, where a full walk would come to the folder by another path."""
        owner = None if self._full else self._owner(os.path.realpath(path))
        if owner is None or os.path.normcase(owner) == os.path.normcase(path):
            return True
        if not self._is_root(path):
            self._find(path, f"It is the same folder as {shown(owner)}, where its files are listed.")
        return False

    def _owner(self, target: str) -> str | None:
        """The path under which the real folder ``target`` is walked, as far as a walk of some folders can tell."""
        inside = [(real, path) for real, path in self._owners if is_inside(target, real)]
        real, path = max(inside, key=lambda each: len(each[0]), default=("", ""))
        rest = target[len(os.path.join(real, "")) :]
        return None if not real or is_passed_by(rest) else os.path.join(path, rest) if rest else path

    # -- Small things ------------------------------------------------------------------------------------------------

    def _root_places(self, roots: Roots) -> list[_Place]:
        """Each root once, under the first kind that has it."""
        places: dict[str, _Place] = {}
        for kind in roots.kinds():
            for path in map(_absolute, roots.folders(kind)):
                if (spelled := stored(path)) is None:
                    self._find(path, "Its name has characters that can't be kept: give it another one.")
                else:
                    place = _Place(path, spelled, kind, len(os.path.join(path, "")), True)
                    places.setdefault(os.path.normcase(path), place)
        return list(places.values())

    def _is_root(self, path: str) -> bool:
        return os.path.normcase(path) in self._root_paths

    def _find(self, path: str, reason: str) -> None:
        self.report.findings.append(Finding(shown(path), reason))


def _absolute(path: Path) -> str:
    return os.path.abspath(path)


def _key(path: str, status: os.stat_result | None = None) -> _Key:
    status = status or os.stat(path)
    return (status.st_dev, status.st_ino) if status.st_ino else os.path.normcase(os.path.realpath(path))


def _is_link(entry: os.DirEntry[str]) -> bool:
    """Whether ``entry`` is a link, or Windows' other kind of link, a junction."""
    if entry.is_symlink():
        return True
    return entry.is_dir() and getattr(entry.stat(follow_symlinks=False), "st_reparse_tag", 0) == _JUNCTION


def is_inside(path: str, folder: str) -> bool:
    """Whether ``path`` is ``folder`` or lies below it."""
    return os.path.normcase(os.path.join(path, "")).startswith(os.path.normcase(os.path.join(folder, "")))


def is_passed_by(name: str) -> bool:
    """Whether one of the folders in the relative path ``name`` is none that a walk goes into."""
    return any(part.startswith(".") or is_model(part) for part in name.split(os.sep) if part)


def _depth(path: str) -> int:
    return os.path.join(path, "").count(os.sep)


def _inwards(place: _Place) -> int:
    """Sorts the innermost first, equals in the order they had."""
    return -_depth(os.path.realpath(place.path))


def _problem(name: str, status: os.stat_result) -> str:
    what = next((what for test, what in _NO_FILES if test(status.st_mode)), "a device")
    return f"{name} is {what}, not a file."
