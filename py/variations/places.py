"""Where pictures may come from and go to, for whoever is not sitting at this machine: by name, never by path.

A picture's name is its folder's, a slash, and the way from there: ``input/portraits/cat.png``.
"""

from __future__ import annotations

import glob
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from ..atomic import holds, write_new
from ..civitai.names import safe_part
from ..errors import MissingError, UsageError
from .decoding import BROKEN, MAX_BYTES, SUFFIXES, HugeImageError, opened
from .requests import Variation

if TYPE_CHECKING:
    from PIL.Image import Image

OUTPUT = "output"
_OWN = "lorakeeper"
_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF")


class Places:
    """``folders`` tells where the host keeps pictures, by name; one of them is ``output``. All methods block."""

    def __init__(self, folders: Callable[[], Mapping[str, Path]]) -> None:
        self._folders = folders

    def path(self, name: str) -> Path:
        """Raises UsageError for what is no such name, MissingError where there is no such file."""
        parts = PurePosixPath(name.replace("\\", "/")).parts
        folders = self._folders()
        if len(parts) < 2 or parts[0] not in folders or ".." in parts:
            raise UsageError(f"{name[:200]!r} names no picture: write {' or '.join(folders)}, a slash, and the file.")
        folder = folders[parts[0]].resolve()
        path = folder.joinpath(*parts[1:]).resolve()
        if not path.is_relative_to(folder):
            raise UsageError(f"{name[:200]!r} leads out of its folder.")
        if not path.is_file():
            raise MissingError(f"There is no picture {name[:200]}.")
        return path

    def name(self, path: Path) -> str | None:
        """The name of a file, None for one that lies elsewhere."""
        for name, folder in self._folders().items():
            if path.is_relative_to(folder):
                return f"{name}/{path.relative_to(folder).as_posix()}"
        return None

    def results(self, title: str) -> Path:
        """The folder for what comes of something with that title."""
        return self._folders()[OUTPUT] / _OWN / (safe_part(title) or "variations")


def read(path: Path) -> Image:
    """A picture of the user's, as its orientation shows it. Blocking; raises UsageError for what is none."""
    return decoded(content_of(path), path.name)


def content_of(path: Path) -> bytes:
    """A file's bytes, or of one that is too large enough to see that. Blocking; raises UsageError."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path.name} can't be read ({error.strerror or error}).") from error


def decoded(content: bytes, name: str) -> Image:
    """Raises UsageError, with ``name``, for what is no picture or too large. Blocking."""
    from PIL import ImageOps

    try:
        with opened(content, _FORMATS) as image:
            return ImageOps.exif_transpose(image)
    except HugeImageError as error:
        too_large = f"has more than {error.limit}: make it smaller." if error.limit else "has far too many pixels."
        raise UsageError(f"{name} {too_large}") from error
    except BROKEN as error:
        raise UsageError(f"{name} is no picture that can be read: give PNG, JPEG or WebP.") from error


def saved_before(content: bytes, folder: Path, stem: str) -> Path | None:
    """The file with the same bytes that :func:`save` wrote there earlier under that ``stem``. Blocking."""
    stem = safe_part(stem) or "variation"
    paths = sorted(folder.glob(f"{glob.escape(stem)}-*"))
    return next((path for path in paths if holds(path, content)), None)


def save(variation: Variation, folder: Path, stem: str) -> Path:
    """Writes the picture as Gemini made it under the first free number, in no other file's place. Blocking."""
    suffix = SUFFIXES.get(variation.picture.mime, "png")
    stem = safe_part(stem) or "variation"
    return write_new(folder, (f"{stem}-{number:03}.{suffix}" for number in count(1)), variation.picture.content)
