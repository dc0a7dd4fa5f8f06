"""What the doors show of a model file: one view, computed from the three layers, which are never mixed in storage."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, Literal

from pydantic import BaseModel, Field

from ..civitai.schemas import ModelVersion
from .header import base_model, trigger_groups
from .trigger_words import Word, merge_words, words_of


class UserLayer(BaseModel):
    """What the user says of a content. Trigger words are sets, each comma-joined."""

    favourite: bool = False
    tags: list[str] = []
    notes: str = ""
    trigger_words: list[str] = []
    preferred_strength: float | None = Field(default=None, ge=-100, le=100)


class UserChanges(BaseModel):
    """A change to the user's layer: what is left out stays as it is."""

    model_config = {"extra": "forbid"}

    favourite: bool | None = None
    tags: list[str] | None = None
    notes: str | None = Field(default=None, max_length=100_000)
    trigger_words: list[str] | None = None
    preferred_strength: float | None = Field(default=None, ge=-100, le=100)


class LibraryItem(BaseModel):
    """A model file in a list. ``id`` is None for a model that is known but not here; ``name`` is the loaders' name."""

    id: int | None = None
    kind: str | None = None
    name: str = ""
    file_name: str = ""
    title: str = ""
    version_name: str | None = None
    base_model: str | None = None
    sha256: str | None = None
    size: int | None = None
    state: Literal["present", "missing", "broken"] = "present"
    trigger_words: list[Word] = []
    tags: list[str] = []
    favourite: bool = False
    notes: str = ""
    preferred_strength: float | None = None
    creator: str | None = None
    model_id: int | None = None
    version_id: int | None = None
    nsfw_level: int = 0
    has_preview: bool = False
    url: str | None = None
    air: str | None = None
    added_at: datetime | None = None


class LibraryDetail(LibraryItem):
    """A model file with its three layers as they are: ``header`` from the file, ``site`` and ``user``."""

    path: str | None = None
    hashes: dict[str, str] = {}
    header: dict[str, Any] | None = None
    site: dict[str, Any] | None = None
    user: UserLayer = UserLayer()
    broken: str | None = None


class LibraryPage(BaseModel):
    """One page of the list. ``next_cursor`` is None on the last one; ``total`` counts all that fit the query."""

    items: list[LibraryItem]
    next_cursor: str | None
    total: int


def site_layer(known: ModelVersion | None, site_url: str) -> dict[str, Any]:
    """The fields of an item that the site's answer gives."""
    if known is None:
        return {}
    model = known.model
    return {
        "title": (model and model.name) or known.name,
        "version_name": known.name,
        "base_model": known.base_model,
        "creator": model.creator.username if model and model.creator else None,
        "model_id": known.model_id,
        "version_id": known.id,
        "nsfw_level": known.nsfw_level or 0,
        "url": f"{site_url}/models/{known.model_id}?modelVersionId={known.id}" if known.model_id else None,
        "air": known.air,
    }


def compose(
    facts: dict[str, Any],
    *,
    hashes: dict[str, str],
    header: dict[str, Any] | None,
    version: dict[str, Any] | None,
    user: UserLayer,
    site_url: str,
) -> LibraryDetail:
    """The view of one file: ``facts`` are the row's own fields, the rest are the three layers."""
    metadata = (header or {}).get("metadata", {})
    known = ModelVersion.model_validate(version) if version else None
    fields = {**facts, **{key: value for key, value in site_layer(known, site_url).items() if value is not None}}
    words = merge_words(
        words_of("user", user.trigger_words),
        words_of("site", known.trained_words if known else []),
        words_of("header", trigger_groups(metadata)),
    )
    return LibraryDetail(
        **{
            **user.model_dump(exclude={"trigger_words"}),
            **fields,
            "base_model": fields.get("base_model") or base_model(metadata),
            "trigger_words": words,
            "hashes": hashes,
            "header": header,
            "site": version,
            "user": user,
        }
    )


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.utc)
