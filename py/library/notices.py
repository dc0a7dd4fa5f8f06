"""What the system's notices of changes mean for the model folders."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .walk import is_inside, is_model, is_passed_by

# Paths are texts here, as the system spells them.
# ruff: noqa: PTH112, PTH118, PTH120, PTH122

_ADDED, _DELETED = 1, 3  # watchfiles' own numbers

# What lies beside models. A name of this kind that went away is taken for a file.
_SIDECARS = frozenset({
    ".aria2", ".avif", ".crdownload", ".csv", ".gif", ".html", ".info", ".jpeg", ".jpg", ".json", ".lock", ".log",
    ".md", ".mp4", ".part", ".png", ".py", ".tmp", ".toml", ".txt", ".webm", ".webp", ".yaml", ".yml",
})  # fmt: skip


@dataclass(frozen=True)
class Place:
    """A root, or a linked folder that is walked: its real path and identity, None where it is not there; ``remote``
    tells whether it lies on another machine."""

    path: str
    real: str | None = None
    key: tuple[int, int] | None = None
    remote: bool = False


class News:
    """What a batch of notices means: folders that changed, places to look through, and places that went themselves."""

    def __init__(self, places: Iterable[Place], links: Mapping[str, str]) -> None:
        self.folders: set[str] = set()
        self.whole: set[str] = set()
        self.touched: set[str] = set()
        self.lost: set[str] = set()
        self.new: str | None = None  # one of the folders that came
        # The innermost first; where two are the same folder, a root goes before a link, as it does in a walk.
        self._places = sorted((place for place in places if place.real), key=lambda each: -len(each.real or ""))
        self._links = links
        self._real: dict[str, str] = {}

    def add(self, change: int, path: str) -> None:
        folder, name = os.path.split(path)
        if name.startswith(".") and not any(path == place.real for place in self._places):
            return
        if is_model(name):
            self._walked(folder)
            return
        beside = os.path.splitext(name)[1].lower() in _SIDECARS
        if change == _DELETED:
            if not beside:
                self._went(path)
        elif (change == _ADDED or not (beside or os.name == "nt")) and os.path.isdir(path):
            # Windows says of each folder that it was modified when something in it was.
            self._came(path) if change == _ADDED else self._walked(path)

    def _came(self, path: str) -> None:
        """A folder, with all that came with it. A link may be one to what is walked elsewhere: only a full look
        tells."""
        found = self._place(path)
        if found is None:
            return
        place, walked = found
        if os.path.realpath(path) != self._resolve(path):
            self.whole.add(place.path)
            return
        self.new = path
        self._walked(os.path.dirname(path))
        for folder, below, _ in os.walk(path):
            below[:] = [name for name in below if not is_passed_by(name)]
            self.folders.add(os.path.normpath(os.path.join(walked, os.path.relpath(folder, path))))

    def _went(self, path: str) -> None:
        """A folder, or a file that has to do with no model: the walk finds out."""
        if (found := self._place(path)) is None:
            return
        place, walked = found
        if walked == place.path:
            self.lost.add(place.real or "")
        if walked == place.path or any(is_inside(link, walked) for link in self._links):
            self.whole.add(place.path)
        else:
            self.folders.add(walked)
            self._walked(os.path.dirname(path))

    def _walked(self, folder: str) -> None:
        if found := self._place(folder):
            self.folders.add(found[1])

    def _place(self, path: str) -> tuple[Place, str] | None:
        """The innermost place that the folder ``path`` lies in, and its path in a walk; None where no walk comes by."""
        real = self._resolve(path)
        place = next((each for each in self._places if is_inside(real, each.real or "")), None)
        if place is None or is_passed_by(rest := real[len(os.path.join(place.real or "", "")) :]):
            return None
        self.touched.add(place.path)
        return place, os.path.join(place.path, rest) if rest else place.path

    def _resolve(self, path: str) -> str:
        """The real path of ``path``, itself not followed."""
        folder, name = os.path.split(path)
        if folder not in self._real:
            self._real[folder] = os.path.realpath(folder)
        return os.path.join(self._real[folder], name)
