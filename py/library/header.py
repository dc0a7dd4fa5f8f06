"""What a model file says of itself: the safetensors header, read without touching a tensor.

Files come from strangers: every number in them is checked before it is believed.
"""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import BrokenFileError

MAX_HEADER = 100_000_000

# Kept out of the library: pictures that would fill it.
_HEAVY = ("modelspec.thumbnail",)

_BASE_MODELS = {
    "sd_v1": "SD 1.5",
    "sd_1.5": "SD 1.5",
    "stable-diffusion-v1": "SD 1.5",
    "sd_v2": "SD 2.1",
    "stable-diffusion-v2": "SD 2.1",
    "sdxl": "SDXL 1.0",
    "stable-diffusion-xl-v1-base": "SDXL 1.0",
    "sd3": "SD 3",
    "stable-diffusion-3": "SD 3",
    "flux": "Flux.1 D",
    "wan": "Wan Video",
    "qwen": "Qwen",
    "zimage": "ZImageTurbo",
    "hunyuan": "Hunyuan Video",
    "lumina": "Lumina",
}


def read_header(path: Path) -> dict[str, Any]:
    """The header of a safetensors file: ``{"metadata": {str: str}, "tensors": how many}``; ``{}`` for other formats.

    Raises BrokenFileError with the reason where a file named safetensors isn't one, OSError where it can't be read.
    """
    if path.suffix.lower() not in (".safetensors", ".sft"):
        return {}
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise BrokenFileError(f"{path.name} is no file.")
    with path.open("rb") as file:
        prefix = file.read(8)
        length = int.from_bytes(prefix, "little")
        if len(prefix) < 8 or length > min(MAX_HEADER, status.st_size - 8):
            raise BrokenFileError(f"{path.name} is cut off, or no safetensors file.")
        raw = file.read(length)
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise BrokenFileError(f"The header of {path.name} can't be read.") from error
    if not isinstance(document, dict):
        raise BrokenFileError(f"The header of {path.name} can't be read.")
    metadata = document.pop("__metadata__", None) or {}
    if not isinstance(metadata, dict):
        raise BrokenFileError(f"The metadata of {path.name} can't be read.")
    end = max((_end(path, entry) for entry in document.values()), default=0)
    if end > status.st_size - 8 - length:
        raise BrokenFileError(f"{path.name} is cut off: {end + 8 + length - status.st_size} bytes are missing.")
    kept = {str(key): value for key, value in metadata.items() if isinstance(value, str) and key not in _HEAVY}
    return {"metadata": kept, "tensors": len(document)}


def _end(path: Path, entry: object) -> int:
    offsets = entry.get("data_offsets") if isinstance(entry, dict) else None
    if not (isinstance(offsets, list) and len(offsets) == 2 and all(type(each) is int for each in offsets)):
        raise BrokenFileError(f"The header of {path.name} names a tensor without a place.")
    return int(offsets[1])


def base_model(metadata: Mapping[str, str]) -> str | None:
    """The base model in the site's words, from what trainers write; None where they wrote nothing that is known."""
    for key in ("ss_base_model_version", "modelspec.architecture"):
        said = metadata.get(key, "").lower()
        for prefix, name in _BASE_MODELS.items():
            if said.startswith(prefix):
                return name
    return None


def trigger_groups(metadata: Mapping[str, str]) -> list[str]:
    """What trainers left as trigger words: the trigger phrase, else class tokens, else the folders' names."""
    if phrase := metadata.get("modelspec.trigger_phrase", "").strip():
        return [phrase]
    tokens = [
        subset["class_tokens"]
        for dataset in _json_list(metadata.get("ss_datasets"))
        if isinstance(dataset, dict)
        for subset in dataset.get("subsets") or []
        if isinstance(subset, dict) and isinstance(subset.get("class_tokens"), str) and subset["class_tokens"].strip()
    ]
    if tokens:
        return tokens
    # By habit of the trainers, a folder is named with its repeats: ``10_exusiai``.
    folders = (re.fullmatch(r"\d+_(.+)", name) for name in _json_dict(metadata.get("ss_tag_frequency")))
    return [match[1].strip() for match in folders if match]


def _json_list(text: str | None) -> list[Any]:
    found = _json(text)
    return found if isinstance(found, list) else []


def _json_dict(text: str | None) -> dict[str, Any]:
    found = _json(text)
    return found if isinstance(found, dict) else {}


def _json(text: str | None) -> Any:
    try:
        return json.loads(text) if text else None
    except (ValueError, RecursionError):
        return None
