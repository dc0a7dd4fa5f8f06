"""How a picture was made, as the site tells it: the prompt, the facts beside it, and the workflow, where there is one.

What the site calls ``meta`` is what somebody's tool wrote, so nothing of it is taken for granted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import BaseModel

from .schemas import Image

MAX_TEXT = 20_000

_FACTS, _NAME, _VALUE = 30, 60, 200
_TEXTS = ("prompt", "negativePrompt")
_FIRST = ("Model", "sampler", "steps", "cfgScale", "seed", "Size")
# What other tools leave behind: A1111 and its kin their version, the site's own generator its resources.
_OTHERS = ("Version", "civitaiResources", "engine", "software", "Software", "sui_image_params")
_NOT_FACTS = {*_TEXTS, "comfy", "resources", "hashes", "workflow", "workflowId"}
_LOSSLESS = (".png", ".webp")


class Made(BaseModel):
    """``facts`` are named as the site names them, the usual ones first.

    ``workflow`` says whether a workflow of ComfyUI is there to be had: "yes" where the site shows it. "no" for videos,
    where another tool has left its mark, and for a JPEG of which the site shows other things, since it would show a
    workflow too. Else "maybe": the original must be read.
    """

    prompt: str | None = None
    negative: str | None = None
    facts: dict[str, str] = {}
    workflow: Literal["yes", "maybe", "no"] = "no"


def made(image: Image) -> Made:
    meta = image.meta or {}
    # Some answers wrap it: {"id": …, "meta": {…}}.
    meta = inner if isinstance(inner := meta.get("meta"), dict) else meta
    prompt, negative = (_text(meta.get(name)) for name in _TEXTS)
    return Made(prompt=prompt, negative=negative, facts=dict(_facts(meta)), workflow=_workflow(image, meta))


def comfy_of(image: Image) -> dict[str, Any] | str | None:
    """What the site shows of a workflow: an object with ``prompt`` and ``workflow``, perhaps as a JSON text."""
    meta = image.meta or {}
    comfy = (inner if isinstance(inner := meta.get("meta"), dict) else meta).get("comfy")
    if isinstance(comfy, str):
        return comfy if "{" in comfy[1:] else None
    return comfy if isinstance(comfy, dict) and (comfy.get("workflow") or comfy.get("prompt")) else None


def _workflow(image: Image, meta: dict[str, Any]) -> Literal["yes", "maybe", "no"]:
    if image.is_video:
        return "no"
    if comfy_of(image) is not None:
        return "yes"
    if any(name in meta for name in _OTHERS):
        return "no"
    lossless = image.url.partition("?")[0].casefold().endswith(_LOSSLESS)
    return "maybe" if lossless or not meta else "no"


def _facts(meta: dict[str, Any]) -> Iterator[tuple[str, str]]:
    known = [name for name in _FIRST if name in meta]
    names = [*known, *(name for name in meta if name not in _FIRST and name not in _NOT_FACTS)]
    for name in names[:_FACTS]:
        value = meta[name]
        if isinstance(value, (str, int, float)) and len(name) <= _NAME and (text := _text(value)):
            yield name, text[:_VALUE]


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = str(value).strip() if isinstance(value, (str, int, float)) else ""
    return text[:MAX_TEXT] or None
