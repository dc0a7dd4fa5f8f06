"""The files beside a model that belong to it: what other tools wrote about it, and its pictures."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from ..walk import is_model

_PICTURES = ("png", "jpg", "jpeg", "webp", "gif", "avif", "mp4", "webm")
_TEXTS = (
    ".civitai.info",
    ".metadata.json",
    ".cm-info.json",
    ".rgthree-info.json",
    ".json",
    ".txt",
    ".md",
    ".yaml",
    ".yml",
    ".sha256",
    ".md5",
    ".thumb.jpg",
)
ENDINGS = (*_TEXTS, *(f"{middle}.{kind}" for middle in (".preview", "") for kind in _PICTURES))
_LONGEST = max(map(len, ENDINGS))


@dataclass(frozen=True)
class _Names:
    """A folder's names. ``beside`` has the files that belong to a model's whole name or its stem, each in full;
    ``models`` the models of each stem."""

    beside: dict[str, list[str]]
    models: dict[str, list[str]]


class Beside:
    """Reads each folder once, so it is for one plan. Blocking."""

    def __init__(self) -> None:
        self._folders: dict[Path, _Names] = {}

    def of(self, path: Path, leaving: Collection[str] = ()) -> list[str]:
        """The names of the files that go along when the model at ``path`` goes.

        What several models of one stem share goes with the last of them: ``leaving`` are the paths that go as well.
        """
        names = self._read(path.parent)
        found = list(names.beside.get(path.name, ()))
        others = (name for name in names.models.get(path.stem, ()) if name != path.name)
        if all(str(path.with_name(other)) in leaving for other in others):
            found += names.beside.get(path.stem, ())
        return found

    def _read(self, folder: Path) -> _Names:
        if folder not in self._folders:
            names = os.listdir(folder)  # noqa: PTH208 - a Path a name is slow
            models: dict[str, list[str]] = {}
            for name in names:
                if is_model(name):
                    models.setdefault(Path(name).stem, []).append(name)
            owners = models.keys() | {name for group in models.values() for name in group}
            beside: dict[str, list[str]] = {}
            for name in sorted(names):
                # X.preview.png may be the preview of X or the picture of X.preview: the longest owner has it.
                if not is_model(name) and (owner := max(_owners(name) & owners, key=len, default=None)):
                    beside.setdefault(owner, []).append(name)
            self._folders[folder] = _Names(beside, models)
        return self._folders[folder]


def renamed(name: str, old: Path, new: Path) -> str:
    """The name of a file beside ``old`` once that is called ``new``."""
    if name.startswith(f"{old.name}."):
        return new.name + name[len(old.name) :]
    return new.stem + name[len(old.stem) :]


def _owners(name: str) -> set[str]:
    """What a file of that name could belong to, by its ending."""
    folded = name.casefold()[-_LONGEST:] if name.isascii() else name.lower()
    return {name[: -len(ending)] for ending in ENDINGS if folded.endswith(ending) and len(ending) < len(name)}
