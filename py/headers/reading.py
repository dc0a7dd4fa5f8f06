"""Reads one file's header, in whatever format it is. Files come from strangers: every number is checked."""

from __future__ import annotations

import os
import stat
import struct
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from ..errors import BrokenFileError
from . import component, families, gguf, safetensors, training
from .architecture import architecture_of
from .header import Header, TagCount
from .layout import Layout, LayoutError
from .naming import Names

_NAMED_SAFETENSORS = (".safetensors", ".sft")
_MAX_KEYS = 100
_MAX_VALUE = 2000
_MAX_ALL = 32_000
_FLOATS = {"F64": "<d", "F32": "<f", "F16": "<e"}

# Read for what is in them, or pictures and workflows that would fill a library.
_HEAVY = frozenset(
    (
        "modelspec.thumbnail",
        "ss_tag_frequency",
        "ss_bucket_info",
        "ss_datasets",
        "ss_dataset_dirs",
        "ot_config",
        "lora_adapter_metadata",
        "workflow",
        "prompt",
        "config",
        "tokenizer.chat_template",
    )
)


def read_header(path: Path) -> Header:
    """What the file at ``path`` says of itself. Blocking; no tensor is loaded.

    Raises BrokenFileError with the reason where the file is not what it claims to be, OSError where it can't be read.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise BrokenFileError(f"{path.name} is no file.")
    with open(path, "rb", opener=_without_waiting) as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise BrokenFileError(f"{path.name} is no file.")
        try:
            return _read(file, status.st_size, path.suffix.lower())
        except LayoutError as error:
            raise BrokenFileError(f"{path.name} is broken: {error}.") from error


def _without_waiting(name: str, flags: int) -> int:
    """What took the file's place meanwhile may be a pipe, which would wait for a writer."""
    return os.open(name, flags | getattr(os, "O_NONBLOCK", 0))


def _read(file: BinaryIO, size: int, suffix: str) -> Header:
    if not size:
        raise LayoutError("it is empty")
    head = file.read(24)
    file.seek(0)
    if head.startswith(gguf.MAGIC):
        return _described(file, gguf.read_layout(file, size), "gguf")
    if suffix == ".gguf":
        raise LayoutError("it is no GGUF file")
    if suffix in _NAMED_SAFETENSORS or safetensors.looks_like(head, size):
        return _described(file, safetensors.read_layout(file, size), "safetensors")
    return Header(format="other")


def _described(file: BinaryIO, layout: Layout, form: str) -> Header:
    tensors, metadata = layout.tensors, layout.metadata
    names = Names(tensors)
    said = metadata.get("general.architecture", "").lower() if form == "gguf" else ""
    told = component.embedding_of(tensors) or architecture_of(names)
    base_model = families.base_model(metadata)
    if told is None and said:
        told = families.family_of(families.base_model({"general.architecture": said}))
    if families.family_of(base_model) != families.reconciled(base_model, told):
        base_model = None
    part = component.component_of(names, tensors, told, said)
    trained = training.Training(metadata)
    sizes: Counter[str] = Counter()
    for each in tensors.values():
        sizes[each.dtype] += each.elements
    return Header.model_validate(
        {
            "format": form,
            "component": part,
            "base_model": base_model,
            "architecture": told if part not in ("text_encoder", "vae", "upscaler", "clip_vision") else None,
            **(_network(file, layout, names) if part == "lora" else {}),
            "tensors": len(tensors),
            "parameters": sizes.total(),
            "dtype": sizes.most_common(1)[0][0] if sizes else None,
            "title": _line(metadata, "modelspec.title") or _line(metadata, "general.name"),
            "author": _line(metadata, "modelspec.author") or _line(metadata, "general.author"),
            "description": _line(metadata, "modelspec.description") or _line(metadata, "general.description"),
            "resolution": trained.resolution(),
            "images": trained.images,
            "tags": [TagCount(tag=tag, count=count) for tag, count in trained.tags()],
            "words": trained.words(),
            "suggestions": trained.suggestions(),
            "embedded": training.embedded_hashes(metadata),
            "metadata": _kept(metadata),
        }
    )


def _network(file: BinaryIO, layout: Layout, names: Names) -> dict[str, object]:
    alpha = training.stated_alpha(layout.metadata)
    return {
        "network": component.network_of(names, layout.tensors),
        "rank": training.stated_rank(layout.metadata) or component.rank_of(layout.tensors),
        "alpha": alpha if alpha is not None else _alpha(file, layout),
    }


def _alpha(file: BinaryIO, layout: Layout) -> float | None:
    """The alpha of the first layer that has one: a few bytes of the file's body."""
    tensor = component.alpha_tensor(layout.tensors)
    if tensor is None or tensor.dtype not in (*_FLOATS, "BF16"):
        return None
    file.seek(tensor.begin)
    raw = file.read(tensor.end - tensor.begin)
    if tensor.dtype == "BF16":
        raw = b"\0\0" + raw
    form = _FLOATS.get(tensor.dtype, "<f")
    if len(raw) != struct.calcsize(form):
        return None
    alpha = float(struct.unpack(form, raw)[0])
    return alpha if 0 < abs(alpha) < 1e6 else None


def _line(metadata: Mapping[str, str], key: str) -> str | None:
    return metadata.get(key, "").strip()[:_MAX_VALUE] or None


def _kept(metadata: Mapping[str, str]) -> dict[str, str]:
    """The metadata that is small enough to be kept for every file of a library."""
    kept: dict[str, str] = {}
    length = 0
    for key, value in metadata.items():
        length += len(key) + len(value)
        if key in _HEAVY or len(value) > _MAX_VALUE or len(key) > _MAX_VALUE // 10 or length > _MAX_ALL:
            length -= len(key) + len(value)
        else:
            kept[key] = value
            if len(kept) == _MAX_KEYS:
                break
    return kept
