"""Which image models there are to choose from: those known here, and those that the site has for the key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pydantic import BaseModel

from .models import DEFAULT_MODEL, MODELS, ImageModel, find_model

if TYPE_CHECKING:
    from .gemini import ListedModel


class Offered(BaseModel):
    """``available`` says whether the site has it for this key, null where that isn't known. ``known`` is whether
    sizes, ratios and prices are. ``prices`` are US dollars for one image by size; the first size is the usual one."""

    name: str
    label: str
    known: bool
    available: bool | None
    default: bool
    sizes: list[str]
    aspect_ratios: list[str]
    prices: dict[str, float]
    references: int | None


def offered(listed: Sequence[ListedModel] | None) -> list[Offered]:
    """Those known here first. ``listed`` is the site's own list, None where it could not be asked."""
    names = {model.name for model in listed or ()}
    known = [
        _offered(model.name, model.label, model, available=None if listed is None else model.name in names)
        for model in MODELS
    ]
    own = {model.name for model in MODELS}
    new = [each for each in listed or () if each.name not in own]
    return known + [_offered(each.name, each.label, find_model(each.name), available=True) for each in new]


def _offered(name: str, label: str, known: ImageModel | None, *, available: bool | None) -> Offered:
    return Offered(
        name=name,
        label=label,
        known=known is not None,
        available=available,
        default=name == DEFAULT_MODEL,
        sizes=[*known.sizes] if known else [],
        aspect_ratios=[*known.aspect_ratios] if known else [],
        prices={**known.image_usd} if known else {},
        references=known.references if known else None,
    )
