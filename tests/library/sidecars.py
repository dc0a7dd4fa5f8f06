"""Sidecars as other tools write them beside a model, and what the site's answer is in them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

OURS = "a1" * 32
OTHER = "b2" * 32


def put(model: Path, ending: str, content: object, *, at: float | None = None) -> Path:
    path = model.with_name(model.stem + ending)
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    path.write_bytes(raw)
    if at is not None:
        os.utime(path, (at, at))
    return path


def answer(**changes: Any) -> dict[str, Any]:
    """The site's answer about a version, with what the tools leave in it."""
    return {
        "id": 22,
        "modelId": 11,
        "name": "v1.0",
        "baseModel": "SDXL 1.0",
        "description": "<p>First <b>version</b></p>",
        "trainedWords": ["ada wong, red dress", "bare shoulders"],
        "model": {"name": "Ada", "type": "LORA", "nsfw": False, "poi": False},
        "files": [
            {
                "id": 33,
                "name": "ada.safetensors",
                "type": "Model",
                "sizeKB": 223100.5,
                "primary": True,
                "hashes": {"SHA256": OURS.upper(), "AutoV2": OURS[:10].upper()},
                "downloadUrl": "https://example.com/other-file",
            }
        ],
        "images": [{"url": "https://example.com/1.jpeg", "nsfwLevel": 1, "type": "image"}],
        "downloadUrl": "https://example.com/other-file",
        **changes,
    }


def manager(**changes: Any) -> dict[str, Any]:
    """LoRA Manager's metadata of a model that nobody touched."""
    site = answer(model={"name": "Ada", "type": "LORA", "tags": ["Woman", "dress"], "description": "<p>Ada</p>"})
    return {
        "file_name": "Ada.v1",
        "model_name": "Ada",
        "file_path": "/models/loras/Ada.v1.safetensors",
        "size": 228454912,
        "modified": 1750000000.5,
        "sha256": OURS,
        "base_model": "SDXL 1.0",
        "preview_url": "/models/loras/Ada.v1.webp",
        "preview_nsfw_level": 1,
        "notes": "",
        "from_civitai": True,
        "civitai": site,
        "tags": ["woman", "dress"],
        "modelDescription": "<p>Ada</p>",
        "civitai_deleted": False,
        "favorite": False,
        "exclude": False,
        "usage_tips": "{}",
        **changes,
    }
