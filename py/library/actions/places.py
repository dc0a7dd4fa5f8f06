"""Where files may go: inside the model folders, under names that every system takes."""

from __future__ import annotations

import os
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from ...civitai.names import FILE_BYTES, safe_part
from ...downloads.placement import OWN_PREFIX
from ...errors import PlacementError, UsageError
from ..paths import TRASHED, stored
from ..roots import Roots, folder_for, locate
from ..rows import Place
from ..walk import is_model

_NAME_BYTES = 255


@dataclass(frozen=True)
class Home:
    """A file's model folder: ``inside`` is its path in ``root``, with the system's separator."""

    kind: str
    root: Path
    inside: str


class Places:
    """Knows the model folders, and the trash in each."""

    def __init__(self, roots: Roots, trash_name: str) -> None:
        self._roots = roots
        self.trash_name = trash_name

    def home(self, path: Path) -> Home:
        """Raises PlacementError for a file that lies in no model folder: it isn't ours to touch."""
        found = locate(self._roots, path)
        if found is None or ".." in path.parts:
            raise PlacementError(f"{path.name} lies in no model folder, so it stays where it is.")
        return Home(found[0], Path(os.path.abspath(path)[: -len(found[1])]), found[1])  # noqa: PTH100 - links stay

    def place(self, path: Path) -> Place:
        """How the rows tell of a file at ``path``. Raises PlacementError where they can't."""
        home = self.home(path)
        whole, inside = stored(str(path)), stored(home.inside)
        if whole is None or inside is None:
            raise PlacementError(f"{path.name!r} holds signs that the library can't keep.")
        return Place(whole, home.kind, inside, inside.replace(os.sep, "/").rpartition("/")[0])

    def all_roots(self) -> set[Path]:
        return {
            Path(os.path.abspath(folder))  # noqa: PTH100 - links stay
            for kind in self._roots.kinds()
            for folder in self._roots.folders(kind)
        }

    def require_kind(self, kind: str) -> None:
        """Raises UsageError naming the kinds there are."""
        folder_for(self._roots, kind)

    def folder(self, kind: str, folder: str, root: str | None, now: Home | None) -> Path:
        """The folder that a move names: in that of the kind's folders where the file lies ``now``, else in the first.

        Raises UsageError for a kind, a root or a folder that can't be."""
        first = folder_for(self._roots, kind)
        roots = [Path(os.path.abspath(each)) for each in self._roots.folders(kind)]  # noqa: PTH100
        if root is not None:
            wanted = Path(os.path.abspath(root))  # noqa: PTH100
            if wanted not in roots:
                raise UsageError(f"{root} is none of the folders of {kind}: they are {', '.join(map(str, roots))}.")
            return inside(wanted, folder)
        start = now.root if now and now.root in roots else Path(os.path.abspath(first))  # noqa: PTH100
        return inside(start, folder)

    def trash(self, path: Path, home: Home, action: int) -> Path:
        """Where ``path`` goes in the trash: in the outermost folder on its disk, so that going there is a rename.

        It gets an ending that no loader lists."""
        disk = path.parent.stat().st_dev
        base, relative = home.root, Path(home.inside)
        while base.stat().st_dev != disk and len(relative.parts) > 1:
            base, relative = base / relative.parts[0], Path(*relative.parts[1:])
        number, name = 1, str(action)
        while os.path.lexists(base / self.trash_name / name):
            number += 1
            name = f"{action}-{number}"
        return base / self.trash_name / name / relative.parent / trashed_name(relative.name)

    def trash_folder(self, path: Path) -> Path | None:
        """The trash in which ``path`` lies, if it does."""
        return next((each for each in path.parents if each.name == self.trash_name), None)

    def trash_number(self, path: Path) -> int | None:
        """The action that put ``path`` into the trash; None where it doesn't lie there."""
        trash = self.trash_folder(path)
        found = re.match(r"\d+", path.relative_to(trash).parts[0]) if trash else None
        return int(found[0]) if found else None


def trashed_name(name: str) -> str:
    """``name`` with the trash's ending; the journal knows what it was, so a name that would become too long is cut."""
    while len(os.fsencode(name + TRASHED)) > _NAME_BYTES:
        name = name[:-1]
    return name + TRASHED


def inside(root: Path, folder: str) -> Path:
    """``folder`` in ``root``. Raises UsageError where it would lead out of it, or can't be a folder on some system.

    A folder that is there already may be called anything.
    """
    if folder.startswith(("/", "\\")) or re.match(r"[A-Za-z]:", folder):
        raise UsageError(f"{folder!r} is a whole path: write the folder as it is called inside {root}.")
    place = root
    for part in re.split(r"[/\\]", unicodedata.normalize("NFC", folder)):
        if part == "":
            continue
        if part.strip(" ") in (".", "..") or part.startswith(OWN_PREFIX) or "\0" in part:
            raise UsageError(f"{part!r} can't be a part of a folder's path.")
        if not (place / part).is_dir() and (safe := safe_part(part)) != part:
            hint = f": {safe!r} could" if safe else ""
            raise UsageError(f"{part!r} can't be a folder's name on every system{hint}.")
        place /= part
    return place


def new_name(path: Path, text: str) -> Path:
    """``path`` with the name that the user wrote, with or without extension. Raises UsageError where it can't be."""
    name = unicodedata.normalize("NFC", text.strip())
    if path.suffix and name.casefold().endswith(path.suffix.casefold()):
        name = name[: -len(path.suffix)]
    elif is_model(f"x{name}" if name.startswith(".") else name):
        raise UsageError(f"{path.name} has to keep its extension {path.suffix}: {name!r} has another one.")
    whole = name + path.suffix
    safe = safe_part(whole, limit=FILE_BYTES)
    if not name.strip(". ") or whole != safe:
        hint = f": {safe!r} could" if safe.strip(".") and safe != path.suffix.strip(".") else ""
        raise UsageError(f"{whole!r} can't be a file's name on every system{hint}.")
    return path.with_name(whole)
