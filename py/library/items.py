"""What the doors show of a model file: one view, computed from the three layers, which are never mixed in storage."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, Literal

from pydantic import BaseModel, Field

from ..civitai.descriptions import described
from ..civitai.licence import Licence, licence_of
from ..civitai.placement import choose_file
from ..civitai.schemas import Model, ModelVersion
from ..headers import Header, family_of
from .trigger_words import Word, WordSet, merge_words, told_sets, words_of


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
    """A model file in a list. ``id`` is None for a model that is known but not here; ``name`` is the loaders' name,
    ``folder`` that name's folder with slashes.

    ``family`` is what kind of base model it fits, as :func:`headers.family_of` says it; ``rating`` the share of thumbs
    that point up; ``tags`` are the user's own;
    ``copies`` how many files here have this content; ``hashed`` whether its content is known already; ``has_motion``
    whether there is a short video to show in the preview's place.
    """

    id: int | None = None
    kind: str | None = None
    name: str = ""
    folder: str = ""
    file_name: str = ""
    title: str = ""
    version_name: str | None = None
    base_model: str | None = None
    family: str | None = None
    network: str | None = None
    rank: int | None = None
    sha256: str | None = None
    size: int | None = None
    state: Literal["present", "missing", "broken", "trashed"] = "present"
    trigger_words: list[Word] = []
    tags: list[str] = []
    site_tags: list[str] = []
    favourite: bool = False
    notes: str = ""
    preferred_strength: float | None = None
    creator: str | None = None
    model_id: int | None = None
    version_id: int | None = None
    nsfw_level: int = 0
    has_preview: bool = False
    has_motion: bool = False
    url: str | None = None
    air: str | None = None
    added_at: datetime | None = None
    changed_at: datetime | None = None
    hashed: bool = False
    copies: int = 1
    uses: int = 0
    last_used: datetime | None = None
    rating: float | None = None
    has_update: bool = False
    newest_version_id: int | None = None


class KnownVersion(BaseModel):
    """A version that the site has of a model. ``size`` is in bytes, of the file that would be fetched; ``owned`` the
    library's id of a file of it that is here."""

    id: int
    name: str
    base_model: str | None = None
    published_at: datetime | None = None
    size: int | None = None
    owned: int | None = None


class LibraryDetail(LibraryItem):
    """A model file with its three layers as they are: ``header`` from the file, ``site`` and
    ``model`` from the site, ``user``. ``description`` is plain text; ``versions`` are those that are known without
    asking, the newest first."""

    path: str | None = None
    description: str = ""
    licence: Licence | None = None
    versions: list[KnownVersion] = []
    hashes: dict[str, str] = {}
    word_sets: list[WordSet] = []
    header: dict[str, Any] | None = None
    site: dict[str, Any] | None = None
    model: dict[str, Any] | None = None
    user: UserLayer = UserLayer()
    broken: str | None = None


class LibraryPage(BaseModel):
    """One page of the list. ``next_cursor`` is None on the last one; ``total`` counts all that fit the query."""

    items: list[LibraryItem]
    next_cursor: str | None
    total: int


@dataclass(frozen=True)
class Layers:
    """All that is known of one file: ``facts`` are the row's own fields, ``version`` and ``model`` the site's answers,
    ``newest`` the id of the model's newest version, ``owned`` the versions of that model that are here."""

    facts: dict[str, Any]
    hashes: dict[str, str] = field(default_factory=dict)
    header: dict[str, Any] | None = None
    version: dict[str, Any] | None = None
    model: dict[str, Any] | None = None
    newest: int | None = None
    owned: frozenset[int] = frozenset()
    user: UserLayer = field(default_factory=UserLayer)


def compose(layers: Layers, site_url: str) -> LibraryDetail:
    """The view of one file, computed from the layers: the user's word before the site's, the site's before the
    file's."""
    header = Header.model_validate(layers.header) if layers.header else None
    known = ModelVersion.model_validate(layers.version) if layers.version else None
    model = Model.model_validate(layers.model) if layers.model else known.model if known else None
    user = layers.user
    fields = _from_header(header) | _from_site(known, model, site_url)
    fields = {**layers.facts, **{key: value for key, value in fields.items() if value is not None}}
    base_model = fields.get("base_model")
    return LibraryDetail(
        **fields,
        family=(family_of(base_model) if base_model else None) or (header.family() if header else None),
        tags=user.tags,
        site_tags=list(model.tags) if model else [],
        favourite=user.favourite,
        notes=user.notes,
        preferred_strength=user.preferred_strength,
        trigger_words=_words(user, known, header),
        has_update=bool(layers.newest and layers.owned and layers.newest not in layers.owned),
        newest_version_id=layers.newest,
        hashes=layers.hashes,
        header=layers.header,
        site=layers.version,
        model=layers.model,
        user=user,
    )


def told(detail: LibraryDetail, owned: Mapping[int, int]) -> LibraryDetail:
    """With what no list shows: whole sets of words, the description, what the author allows, and the other versions.
    ``owned`` tells which of them are here, and as which file."""
    header = Header.model_validate(detail.header) if detail.header else None
    known = ModelVersion.model_validate(detail.site) if detail.site else None
    model = Model.model_validate(detail.model) if detail.model else known.model if known else None
    # A model that is kept has plain text already.
    texts = [
        (model and (model.description if detail.model else described(model.description))),
        known and described(known.description),
        described(str((detail.header or {}).get("description") or "")),
    ]
    listed = {version.id: version for version in (*(model.versions if model else ()), *([known] if known else ()))}
    return detail.model_copy(
        update={
            "word_sets": told_sets(
                detail.user.trigger_words,
                known.trained_words if known else [],
                header.words if header else [],
                header.suggestions if header else [],
            ),
            "description": next((text for text in texts if text), ""),
            "licence": licence_of(model),
            "versions": known_versions(listed.values(), owned),
        }
    )


def known_versions(versions: Iterable[ModelVersion], owned: Mapping[int, int]) -> list[KnownVersion]:
    """The newest first; what isn't published has no place among them, and comes last."""
    first = datetime.min.replace(tzinfo=timezone.utc)
    return [
        KnownVersion(
            id=version.id,
            name=version.name,
            base_model=version.base_model or None,
            published_at=version.published_at,
            size=choose_file(version).size if version.files else None,
            owned=owned.get(version.id),
        )
        for version in sorted(versions, key=lambda each: (each.published_at or first, each.id), reverse=True)
    ]


def _words(user: UserLayer, known: ModelVersion | None, header: Header | None) -> list[Word]:
    return merge_words(
        words_of("user", user.trigger_words),
        words_of("site", known.trained_words if known else []),
        words_of("header", header.words if header else []),
        words_of("header", header.suggestions if header else [], suggested=True),
    )


def _from_header(header: Header | None) -> dict[str, Any]:
    if header is None:
        return {}
    return {
        "base_model": header.base_model,
        "network": header.network,
        "rank": header.rank,
    }


def _from_site(known: ModelVersion | None, model: Model | None, site_url: str) -> dict[str, Any]:
    """The fields of an item that the site's answers give."""
    if known is None:
        return {}
    stats = model.stats if model else None
    up, down = (stats.thumbs_up_count or 0, stats.thumbs_down_count or 0) if stats else (0, 0)
    return {
        "title": (model and model.name) or known.name or None,
        "version_name": known.name,
        "base_model": known.base_model or None,
        "creator": (model.creator.username or None) if model and model.creator else None,
        "model_id": known.model_id,
        "version_id": known.id,
        "nsfw_level": known.nsfw_level or 0,
        "rating": up / (up + down) if up + down else None,
        "url": f"{site_url}/models/{known.model_id}?modelVersionId={known.id}" if known.model_id else None,
        "air": known.air,
    }


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.utc)
