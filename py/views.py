"""What the doors show of the site's models: one shape for the routes and the command line."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

from pydantic import BaseModel

from .civitai.placement import choose_file
from .civitai.query import SearchQuery
from .civitai.remarks import remarks_on
from .civitai.schemas import Image, Model, ModelVersion, VersionFile
from .civitai.targets import Target
from .errors import CivitaiError
from .library.trigger_words import split_words
from .searches import searched

if TYPE_CHECKING:
    from .app import App

IMAGE_ROUTE = "/lorakeeper/civitai/image?url="


class RemoteFile(BaseModel):
    """A file on the site; ``size`` is in bytes, None unless it is known exactly."""

    id: int | None
    name: str
    type: str
    size: int | None
    sha256: str | None
    format: str | None


class FoundVersion(BaseModel):
    id: int
    name: str
    base_model: str | None
    trigger_words: list[str]
    file: RemoteFile | None
    size: int | None


class Found(BaseModel):
    """A model in a list. ``rating`` is the share of thumbs that point up; ``image`` is one of our own addresses."""

    id: int
    name: str
    type: str
    creator: str | None
    nsfw: bool
    base_models: list[str]
    downloads: int
    rating: float | None
    image: str | None
    versions: list[FoundVersion]


class SearchPage(BaseModel):
    items: list[Found]
    next_cursor: str | None


class ModelFacts(BaseModel):
    id: int | None
    name: str
    type: str
    creator: str | None
    nsfw: bool


class VersionFacts(BaseModel):
    id: int
    name: str
    base_model: str | None
    air: str | None
    published_at: datetime | None


class OtherVersion(BaseModel):
    id: int
    name: str
    base_model: str | None


class Resolved(BaseModel):
    """What a target is, and what downloading it would do.

    ``kind`` is None where the user must choose one of ``kinds``; ``folder`` is for display, such as ``loras/SDXL``;
    ``owned`` is the library's id of the same file; ``warnings`` are sentences.
    """

    target: str
    model: ModelFacts
    version: VersionFacts
    file: RemoteFile
    files: list[RemoteFile]
    versions: list[OtherVersion]
    kind: str | None
    kinds: list[str]
    folder: str
    owned: int | None
    trigger_words: list[str]
    image: str | None
    page: str
    warnings: list[str]


async def search_page(app: App, query: SearchQuery) -> SearchPage:
    """One page of the site's models for a user who searches, without those that show nothing within the NSFW limit."""
    if query.cursor is not None:
        return await found_page(app, query)  # the same search, further down
    with searched(app.events, "civitai", types=query.types, base_models=query.base_models) as found:
        page = await found_page(app, query)
        found(len(page.items))
    return page


async def found_page(app: App, query: SearchQuery) -> SearchPage:
    """The same where it is no user who searches, or one who has begun before."""
    page = await app.civitai.models(query)
    bits = app.settings.nsfw_bits
    items = [_found(app, model) for model in page.items if not model.nsfw_level or model.nsfw_level & bits]
    return SearchPage(items=items, next_cursor=page.next_cursor)


async def resolved(app: App, target: str | Target, *, file_id: int | None = None) -> Resolved:
    """What ``target`` is. Raises UsageError and the CivitaiError tree."""
    target = app.resolver.read(target)
    source = await app.resolver.resolve(target, file_id=file_id)
    version, model = source.version, source.version.model
    versions = await _versions(app, version)
    owned = await app.library.find_owned(source.sha256) if source.sha256 else None
    return Resolved(
        target=str(target),
        model=ModelFacts(
            id=version.model_id,
            name=model.name if model else "",
            type=model.type if model else "",
            creator=_creator(model),
            nsfw=bool(model and model.nsfw),
        ),
        version=VersionFacts(
            id=version.id,
            name=version.name,
            base_model=version.base_model or None,
            air=version.air,
            published_at=version.published_at,
        ),
        file=_file(source.file).model_copy(update={"name": source.name}),
        files=[_file(file) for file in version.files],
        versions=[OtherVersion(id=each.id, name=each.name, base_model=each.base_model or None) for each in versions],
        kind=source.kind,
        kinds=sorted(app.roots.kinds()),
        folder="/".join(part for part in (source.kind, source.folder) if part) if source.kind else source.folder,
        owned=await app.library.id_of(owned) if owned else None,
        trigger_words=_words(version),
        image=_image(app, version.images),
        page=f"{app.settings.civitai_url}/models/{version.model_id}?modelVersionId={version.id}",
        warnings=[text for _, text in remarks_on(source, app.settings.nsfw_bits, versions)],
    )


async def _versions(app: App, version: ModelVersion) -> list[ModelVersion]:
    """All versions of the model. What the site can't say now is no reason to show nothing."""
    try:
        model = await app.civitai.model(version.model_id) if version.model_id else None
    except CivitaiError:
        model = None
    return model.versions if model and model.versions else [version]


def _found(app: App, model: Model) -> Found:
    up, down = (model.stats.thumbs_up_count or 0, model.stats.thumbs_down_count or 0) if model.stats else (0, 0)
    images = [image for version in model.versions for image in version.images]
    return Found(
        id=model.id,
        name=model.name,
        type=model.type,
        creator=_creator(model),
        nsfw=model.nsfw,
        base_models=list(dict.fromkeys(each.base_model for each in model.versions if each.base_model)),
        downloads=(model.stats.download_count or 0) if model.stats else 0,
        rating=up / (up + down) if up + down else None,
        image=_image(app, images),
        versions=[_found_version(version) for version in model.versions],
    )


def _found_version(version: ModelVersion) -> FoundVersion:
    file = _file(choose_file(version)) if version.files else None
    return FoundVersion(
        id=version.id,
        name=version.name,
        base_model=version.base_model or None,
        trigger_words=_words(version),
        file=file,
        size=file and file.size,
    )


def _file(file: VersionFile) -> RemoteFile:
    return RemoteFile(
        id=file.id,
        name=file.name,
        type=file.type,
        size=file.size,
        sha256=file.hashes.sha256.lower() if file.hashes.sha256 else None,
        format=file.metadata.format or None,
    )


def _creator(model: Model | None) -> str | None:
    return (model.creator.username or None) if model and model.creator else None


def _words(version: ModelVersion) -> list[str]:
    return list(dict.fromkeys(word for group in version.trained_words for word in split_words(group)))


def _image(app: App, images: Iterable[Image]) -> str | None:
    """The first still picture within the NSFW limit, small, and through our own route."""
    for image in images:
        if image.is_still_within(app.settings.nsfw_bits):
            return IMAGE_ROUTE + quote(image.url.replace("/original=true/", "/width=450/"), safe="")
    return None
