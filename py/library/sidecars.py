"""The sidecars that other tools left beside a model file, found, read and merged; nothing is ever written to them.

For ``X.safetensors`` they are ``X.metadata.json`` (LoRA Manager), ``X.civitai.info`` (Civitai Helper),
``X.cm-info.json`` (Stability Matrix), ``X.json`` (A1111, Forge), ``X.safetensors.rgthree-info.json`` (rgthree) and
``X.txt``, which Custom Scripts and people write. They may have come with the model from a stranger: sizes, depths and
numbers are checked, links to files are dropped, and one that can't be read is a sentence, not an error.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field

from ..civitai.schemas import ModelVersion
from .items import UserLayer
from .sidecar_tools import (
    KeptAnswer,
    Reader,
    Said,
    civitai_helper,
    lora_manager,
    rgthree,
    stability_matrix,
    text_file,
    webui,
)
from .sidecar_values import UnreadableError, clean, decode, read_object

MAX_BYTES = 5_000_000
MAX_TEXT_BYTES = 100_000

# All but the text hold a JSON object.
_TEXT = ".txt"
_READERS: dict[str, Reader] = {
    ".metadata.json": lora_manager,
    ".civitai.info": civitai_helper,
    ".cm-info.json": stability_matrix,
    ".json": webui,
    _TEXT: text_file,
}
# Named after the whole file, not after its stem.
_RGTHREE = ".rgthree-info.json"

# The plain name comes first: there people put the picture that they chose; ``.preview`` is what tools fetched.
_STILLS = ("png", "jpg", "jpeg", "webp", "gif")
_PREVIEWS = (*(f".{each}" for each in _STILLS), *(f".preview.{each}" for each in _STILLS), ".thumb.jpg")
_VIDEOS = (".mp4", ".preview.mp4")

# A pipe or a device that takes the file's place between two looks must not hold the reader up.
_OPEN = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)


class Adopted(BaseModel):
    """All that the sidecars of one model say.

    ``answers`` are the site's, the newest complete one first; ``sha256`` is what a sidecar states, in lower case, and
    not verified; ``preview`` is a still image and ``motion`` a video, neither of which anybody opened yet; ``sources``
    are the names of the sidecars that were read, ``findings`` sentences about those that could not be.
    """

    answers: list[KeptAnswer] = []
    user: UserLayer = Field(default_factory=UserLayer)
    sha256: str | None = None
    preview: Path | None = None
    motion: Path | None = None
    sources: list[str] = []
    findings: list[str] = []

    @property
    def version(self) -> ModelVersion | None:
        """The best answer as long as the file's own hash isn't known. Once it is, ask version_for."""
        return self.answers[0].version if self.answers else None

    @property
    def fetched_at(self) -> float | None:
        """When the tool wrote ``version``, in seconds of Unix time."""
        return self.answers[0].fetched_at if self.answers else None

    def answer_for(self, sha256: str) -> KeptAnswer | None:
        """The best answer that can be believed of a file with this hash."""
        return next((answer for answer in self.answers if answer.is_of(sha256)), None)

    def version_for(self, sha256: str) -> ModelVersion | None:
        """The version of a file with this hash; None where the sidecars are evidently of another file."""
        answer = self.answer_for(sha256)
        return answer.version if answer else None


def folder_names(folder: Path) -> frozenset[str]:
    """The names of a folder as read_sidecars takes them. Raises OSError where it can't be read."""
    return frozenset(map(os.path.normcase, os.listdir(folder)))  # noqa: PTH208 - names, not paths


def read_sidecars(path: Path, names: Collection[str] | None = None) -> Adopted:
    """What the sidecars of the model file ``path`` say.

    Blocking: call it in a thread. ``names`` are the folder's, from folder_names, where the caller has them. Whatever
    the sidecars are, nothing is raised.
    """
    # Most models have no sidecar, and a Path for each one that they might have would take longer than the looking.
    base, suffix = os.path.splitext(os.fspath(path))  # noqa: PTH122
    readers = {**_READERS, os.path.normcase(suffix) + _RGTHREE: rgthree}
    endings = [*readers, *_PREVIEWS, *_VIDEOS]
    if names is not None:
        stem = os.path.normcase(os.path.basename(base))  # noqa: PTH119
        endings = [each for each in endings if stem + each in names]
    # Unlike stat(), access() says no without an exception, which is what nearly all of these questions would cost.
    endings = [each for each in endings if os.access(base + each, os.F_OK)]
    if not endings:
        return Adopted()

    def first(beside: Collection[str]) -> Path | None:
        names = (base + each for each in endings if each in beside)
        return next((Path(each) for each in names if os.path.isfile(each)), None)  # noqa: PTH113

    heard: list[tuple[float, Reader, Any]] = []
    sources: list[str] = []
    findings: list[str] = []
    for ending in (each for each in endings if each in readers):
        name, reader = base + ending, readers[ending]
        shown = clean(os.path.basename(name))  # noqa: PTH119
        try:
            written_at, content = _read(name, MAX_TEXT_BYTES if ending == _TEXT else MAX_BYTES)
            text = decode(content)
            heard.append((written_at, reader, text if ending == _TEXT else read_object(text)))
        except UnreadableError as error:
            findings.append(f"{shown} {error}, so nothing was taken over from it.")
        except OSError as error:
            findings.append(f"{shown} can't be read ({error.strerror}), so nothing was taken over from it.")
        else:
            sources.append(shown)

    said = Said()
    # What was written last has the last word; where that is the same moment, the order of the table decides.
    for written_at, reader, content in sorted(heard, key=lambda each: -each[0]):
        reader(content, said, written_at)
    return Adopted(
        answers=sorted(said.answers, key=lambda answer: not answer.version.model_id),
        user=said.user_layer(),
        sha256=said.hashes[0] if said.hashes else None,
        preview=first(_PREVIEWS),
        motion=first(_VIDEOS),
        sources=sources,
        findings=findings,
    )


def _read(name: str, limit: int) -> tuple[float, bytes]:
    """``(when it was written, content)``. Raises OSError, or UnreadableError where it is too large or no file."""
    # Asked before opening, too: to open a device can have effects.
    if not stat.S_ISREG(os.stat(name).st_mode):  # noqa: PTH116
        raise UnreadableError("is no regular file")
    with open(os.open(name, _OPEN), "rb") as file:  # noqa: PTH123
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableError("is no regular file")
        content = file.read(limit + 1)
    if len(content) > limit:
        raise UnreadableError(f"is larger than {limit:,} bytes")
    return status.st_mtime, content
