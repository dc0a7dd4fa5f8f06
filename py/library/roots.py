"""The model folders: which kinds there are, where each kind lies, and what a path is called in a loader's list."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

from ..errors import SettingsError, UsageError

S = TypeVar("S")

# ComfyUI's own kinds, each with the folders under ``models`` in which it looks, new files first.
_FOLDERS: dict[str, tuple[str, ...]] = {
    "checkpoints": ("checkpoints",),
    "loras": ("loras",),
    "diffusion_models": ("diffusion_models", "unet"),
    "text_encoders": ("text_encoders", "clip"),
    "vae": ("vae",),
    "controlnet": ("controlnet", "t2i_adapter"),
    "embeddings": ("embeddings",),
    "upscale_models": ("upscale_models",),
    "clip_vision": ("clip_vision",),
    "hypernetworks": ("hypernetworks",),
    "style_models": ("style_models",),
    "animatediff_models": ("animatediff_models",),
    "configs": ("configs",),
    "diffusers": ("diffusers",),
    "vae_approx": ("vae_approx",),
    "gligen": ("gligen",),
    "photomaker": ("photomaker",),
    "classifiers": ("classifiers",),
    "model_patches": ("model_patches",),
    "audio_encoders": ("audio_encoders",),
    "latent_upscale_models": ("latent_upscale_models",),
}
_OLD_NAMES = {"unet": "diffusion_models", "clip": "text_encoders"}


class Roots(Protocol):
    """Where models live. A *kind* is ComfyUI's name for a group of folders, such as ``loras``."""

    def kinds(self) -> list[str]: ...

    def folders(self, kind: str) -> list[Path]:
        """The folders of ``kind``, the one for new files first; none where the kind is unknown."""
        ...


def locate(roots: Roots, path: Path) -> tuple[str, str] | None:
    """``(kind, name)`` of a file, the name as ComfyUI's loaders list it; None where it lies in no model folder.

    Where folders lie inside each other, the innermost one counts.
    """
    best: tuple[int, str, str] | None = None
    whole = os.path.abspath(path)  # noqa: PTH100 - resolving links would take a file out of its folder
    for kind in roots.kinds():
        for folder in roots.folders(kind):
            parent = os.path.join(os.path.abspath(folder), "")  # noqa: PTH100, PTH118
            if os.path.normcase(whole).startswith(os.path.normcase(parent)) and (not best or len(parent) > best[0]):
                best = (len(parent), kind, whole[len(parent) :])
    return best and best[1:]


def folder_of(name: str) -> str:
    """The folder of a loader's name, with slashes; "" at the top."""
    return os.path.dirname(name).replace(os.sep, "/")  # noqa: PTH120


class FolderRoots:
    """Roots given as a mapping from kind to folders."""

    def __init__(self, folders: Mapping[str, Iterable[Path]]) -> None:
        self._folders = {kind: list(dict.fromkeys(paths)) for kind, paths in folders.items()}

    def kinds(self) -> list[str]:
        return list(self._folders)

    def folders(self, kind: str) -> list[Path]:
        return list(self._folders.get(kind, ()))


class ChangingRoots:
    """Roots that are made anew once ``source`` gives another object: a changed setting counts at once."""

    def __init__(self, make: Callable[[S], Roots], source: Callable[[], S]) -> None:
        self._make = make
        self._source = source
        self._made: tuple[S, Roots] | None = None

    def kinds(self) -> list[str]:
        return self._now().kinds()

    def folders(self, kind: str) -> list[Path]:
        return self._now().folders(kind)

    def _now(self) -> Roots:
        source, made = self._source(), self._made
        if made is None or made[0] is not source:
            made = self._made = (source, self._make(source))
        return made[1]


def models_folder(path: Path) -> dict[str, list[Path]]:
    """The kinds inside one ComfyUI ``models`` folder."""
    return {kind: [path / name for name in names] for kind, names in _FOLDERS.items()}


def standalone_roots(models: Iterable[str], *, comfyui: Path | None, home: Path) -> FolderRoots:
    """Roots without ComfyUI's help: those of ``models`` (``kind=path``, or a ``models`` folder), then those of the
    ComfyUI installation ``comfyui`` with its ``extra_model_paths.yaml``; where there is neither, ``home / "models"``.

    Raises SettingsError for an entry that is none of these.
    """
    found: dict[str, list[Path]] = {}
    for entry in models:
        kind, equals, path = entry.partition("=")
        if equals and kind.strip().isidentifier():
            _add(found, {kind.strip(): [_absolute(path.strip())]})
        else:
            _add(found, models_folder(_absolute(entry.strip())))
    if comfyui:
        preferred, others = extra_model_paths(comfyui / "extra_model_paths.yaml")
        for group in (preferred, models_folder(comfyui / "models"), others):
            _add(found, group)
    if not found:
        _add(found, models_folder(home / "models"))
    return FolderRoots(found)


def extra_model_paths(file: Path) -> tuple[dict[str, list[Path]], dict[str, list[Path]]]:
    """The folders that ComfyUI's ``extra_model_paths.yaml`` names: those of its default sections, and the others.

    None where there is no such file; SettingsError where it can't be read.
    """
    preferred: dict[str, list[Path]] = {}
    others: dict[str, list[Path]] = {}
    if file.is_file():
        import yaml

        try:
            document = yaml.safe_load(file.read_text("utf-8")) or {}
        except (OSError, ValueError, yaml.YAMLError) as error:
            raise SettingsError(f"{file} can't be read: mend it or move it away.") from error
        for section in document.values() if isinstance(document, dict) else ():
            if isinstance(section, dict):
                _add(preferred if section.get("is_default") else others, _section(section, file.parent))
    return preferred, others


def _section(section: Mapping[str, Any], beside: Path) -> dict[str, list[Path]]:
    base = beside / Path(os.path.expandvars(str(section.get("base_path") or ""))).expanduser()
    return {
        _OLD_NAMES.get(kind, kind): [base / line.strip() for line in str(paths).splitlines() if line.strip()]
        for kind, paths in section.items()
        if kind not in ("base_path", "is_default") and paths
    }


def _add(found: dict[str, list[Path]], more: Mapping[str, list[Path]]) -> None:
    for kind, paths in more.items():
        found.setdefault(kind, []).extend(paths)


def _absolute(path: str) -> Path:
    if not path:
        raise SettingsError("A model folder without a path: write kind=path, or the path of a models folder.")
    return Path(os.path.abspath(Path(path).expanduser()))  # noqa: PTH100 - links stay as the user wrote them


def folder_for(roots: Roots, kind: str) -> Path:
    """Where a new file of ``kind`` goes. Raises UsageError naming the kinds there are."""
    if folders := roots.folders(kind):
        return folders[0]
    raise UsageError(f"There is no model folder of the kind {kind!r}: it is one of {', '.join(sorted(roots.kinds()))}.")
