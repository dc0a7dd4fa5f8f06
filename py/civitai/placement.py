"""Which file of a version to fetch, and in which of ComfyUI's folders it belongs."""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import NotFoundError, UsageError
from .kinds import folded
from .names import render_folder
from .schemas import ModelVersion, VersionFile

_BY_FILE_TYPE = {
    "unet": "diffusion_models",
    "diffusionmodel": "diffusion_models",
    "vae": "vae",
    "textencoder": "text_encoders",
    "clip": "text_encoders",
    "clipvision": "clip_vision",
    "visionencoder": "clip_vision",
    "controlnet": "controlnet",
    "upscaler": "upscale_models",
    "negative": "embeddings",
    "enhancementlora": "loras",
    "config": "configs",
}
_BY_MODEL_TYPE = {
    "Checkpoint": "checkpoints",
    "LORA": "loras",
    "LoCon": "loras",
    "DoRA": "loras",
    "TextualInversion": "embeddings",
    "Hypernetwork": "hypernetworks",
    "VAE": "vae",
    "TextEncoder": "text_encoders",
    "CLIP": "text_encoders",
    "CLIPVision": "clip_vision",
    "Controlnet": "controlnet",
    "Upscaler": "upscale_models",
    "UNet": "diffusion_models",
    "MotionModule": "animatediff_models",
}
_MODEL_ITSELF = {"", "model", "prunedmodel"}
_MAIN = {"model", "prunedmodel", "diffusionmodel", "unet"}
_BESIDE = {"trainingdata", "config", "archive", "workflow", "negative"}
_BARE = ("flux", "wan", "zimage")


def kind_of(version: ModelVersion, file: VersionFile) -> str | None:
    """ComfyUI's folder name for a file, by its own type first and its model's second; None: only the user can say."""
    file_type = folded(file.type)
    if file_type not in _MODEL_ITSELF:
        return _BY_FILE_TYPE.get(file_type)
    kind = _BY_MODEL_TYPE.get(version.model.type if version.model else "")
    # What the site calls a checkpoint has no text encoder and no VAE with these base models, nor ever in GGUF.
    bare = folded(version.base_model).startswith(_BARE) or folded(file.metadata.format) == "gguf"
    return "diffusion_models" if kind == "checkpoints" and bare else kind


def choose_file(
    version: ModelVersion,
    *,
    file_id: int | None = None,
    file_hash: str | None = None,
    choices: Iterable[tuple[str, str]] = (),
) -> VersionFile:
    """The file with that id, else with that hash, else the version's primary one among those that fit ``choices``.

    Raises NotFoundError where the version has no files, UsageError where none is the one asked for.
    """
    if not version.files:
        only = version.usage_control not in (None, "Download")
        why = "may only be used on the site itself" if only else "has no file to download"
        if version.model and version.model.mode:
            why = f"is listed as {version.model.mode}, and {why}"
        raise NotFoundError(f"Version {version.id} {why}.", 404)
    if file_id is not None:
        for file in version.files:
            if file.id == file_id:
                return file
        known = ", ".join(f"{file.id} ({file.name})" for file in version.files)
        raise UsageError(f"Version {version.id} has no file {file_id}: it has {known}.")
    if file_hash:
        for file in version.files:
            if file_hash.upper() in file.hashes.by_kind().values():
                return file
    fitting = [file for file in version.files if all(_fits(file, *choice) for choice in choices)]
    if not fitting:
        raise UsageError(f"Version {version.id} has no file of the kind that the link asks for.")
    own = [file for file in fitting if not version.is_linked(file)] or fitting
    return min(own, key=_rank)


def folder_of(template: str, version: ModelVersion) -> str:
    """The sub-folder that the path template gives a version. Raises SettingsError for a bad template."""
    return render_folder(template, template_values(version))


def template_values(version: ModelVersion | None = None) -> dict[str, str]:
    """What each placeholder of a path template stands for."""
    model = version.model if version else None
    return {
        "base_model": version.base_model if version else "",
        "creator": model.creator.username if model and model.creator else "",
        "model": model.name if model else "",
        "version": version.name if version else "",
        "type": model.type if model else "",
        "model_id": str(version.model_id or "") if version else "",
        "version_id": str(version.id) if version else "",
        "tag": model.tags[0] if model and model.tags else "",
    }


def _fits(file: VersionFile, name: str, value: str) -> bool:
    if name == "type":
        return folded(file.type) == folded(value)
    said = {"format": file.metadata.format, "size": file.metadata.size, "fp": file.metadata.fp}
    return folded(said.get(name, file.metadata.quant_type)) == folded(value)


def _rank(file: VersionFile) -> tuple[bool, bool, bool, bool, bool, bool]:
    """Smallest for the file that most people want. min() keeps the site's order among equals."""
    file_type, about = folded(file.type), file.metadata
    return (
        not file.primary,
        file_type not in _MAIN,
        file_type in _BESIDE,
        folded(about.format) != "safetensor",
        folded(about.size) != "pruned",
        folded(about.fp) != "fp16",
    )
