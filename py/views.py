"""What the doors show of the site's models: one shape for the routes and the command line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

from pydantic import BaseModel

from .civitai.descriptions import described
from .civitai.licence import Licence, licence_of
from .civitai.made import Made, made
from .civitai.pictures import clip, clips, original, small, stills
from .civitai.placement import choose_file
from .civitai.query import SearchQuery
from .civitai.remarks import remarks_on
from .civitai.schemas import Image, Model, ModelVersion, VersionFile
from .civitai.targets import Target
from .errors import CivitaiError
from .library.items import KnownVersion, known_versions
from .library.trigger_words import split_words
from .library.updates import newer_versions
from .searches import searched

if TYPE_CHECKING:
    from .app import App
    from .settings import Settings

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
    """``owned`` is the library's id of a file of it that is here."""

    id: int
    name: str
    base_model: str | None
    trigger_words: list[str]
    file: RemoteFile | None
    size: int | None
    owned: int | None


class Found(BaseModel):
    """A model in a list. ``rating`` is the share of thumbs that point up; ``image`` is one of our own addresses, and so
    is ``motion``, a short video; ``nsfw_level`` has the levels of both, or the model's where neither is there.

    ``owned`` is the library's id of a file of any version that is here, ``has_update`` whether the newest one isn't
    where another is.
    """

    id: int
    name: str
    type: str
    creator: str | None
    nsfw: bool
    base_models: list[str]
    downloads: int
    rating: float | None
    image: str | None
    motion: str | None
    nsfw_level: int
    tags: list[str]
    owned: int | None
    has_update: bool
    licence: Licence
    versions: list[FoundVersion]


class SearchPage(BaseModel):
    items: list[Found]
    next_cursor: str | None


class ModelFacts(BaseModel):
    """``description`` is plain text."""

    id: int | None
    name: str
    type: str
    creator: str | None
    nsfw: bool
    tags: list[str]
    description: str
    licence: Licence | None


class VersionFacts(BaseModel):
    id: int
    name: str
    base_model: str | None
    air: str | None
    published_at: datetime | None


class Resolved(BaseModel):
    """What a target is, and what downloading it would do.

    ``kind`` is None where the user must choose one of ``kinds``; ``folder`` is for display, such as ``loras/SDXL``;
    ``owned`` is the library's id of the same file; ``warnings`` are sentences. Pictures are as in :class:`Found`.
    """

    target: str
    model: ModelFacts
    version: VersionFacts
    file: RemoteFile
    files: list[RemoteFile]
    versions: list[KnownVersion]
    kind: str | None
    kinds: list[str]
    folder: str
    owned: int | None
    trigger_words: list[str]
    image: str | None
    motion: str | None
    nsfw_level: int
    page: str
    warnings: list[str]


class Example(Made):
    """A picture or a short video that a version is shown by. ``image`` is small and still, ``full`` is large, both are
    our own addresses; ``original`` is the site's."""

    image: str | None
    full: str
    original: str
    type: Literal["image", "video"]
    width: int | None
    height: int | None
    nsfw_level: int


class ExamplePage(BaseModel):
    items: list[Example]
    next_cursor: str | None


async def examples(app: App, version_id: int, *, cursor: str | None, limit: int) -> ExamplePage:
    """The pictures that were made with a version, within the NSFW limit."""
    page = await app.examples.page(version_id, cursor=cursor, limit=limit)
    return ExamplePage(items=[_example(image) for image in page.items], next_cursor=page.next_cursor)


def _example(image: Image) -> Example:
    still = small(image)
    return Example(
        **dict(made(image)),
        image=_ours(still) if still else None,
        full=_ours(clip(image) or original(image)),
        original=original(image),
        type="video" if image.is_video else "image",
        width=image.width,
        height=image.height,
        nsfw_level=image.nsfw_level,
    )


def _ours(url: str) -> str:
    return IMAGE_ROUTE + quote(url, safe="")


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
    models = [model for model in page.items if _is_within(app.settings, model)]
    listed = (version for model in models for version in model.versions)
    owned = await app.library.owned(listed, [model.id for model in models])
    return SearchPage(items=[_found(app, model, owned) for model in models], next_cursor=page.next_cursor)


async def resolved(app: App, target: str | Target, *, file_id: int | None = None) -> Resolved:
    """What ``target`` is. Raises UsageError and the CivitaiError tree."""
    target = app.resolver.read(target)
    source = await app.resolver.resolve(target, file_id=file_id)
    version, model = source.version, source.version.model
    versions = await _versions(app, version)
    owned = await app.library.find_owned(source.sha256) if source.sha256 else None
    here = await app.library.owned(versions, [version.model_id] if version.model_id else [])
    seen = _Shown.of(app, version.images, version.nsfw_level or (model.nsfw_level if model else 0))
    return Resolved(
        target=str(target),
        model=ModelFacts(
            id=version.model_id,
            name=model.name if model else "",
            type=model.type if model else "",
            creator=_creator(model),
            nsfw=bool(model and model.nsfw),
            tags=list(model.tags) if model else [],
            description=described(model.description) if model else "",
            licence=licence_of(model),
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
        versions=known_versions(versions, here),
        kind=source.kind,
        kinds=sorted(app.roots.kinds()),
        folder="/".join(part for part in (source.kind, source.folder) if part) if source.kind else source.folder,
        owned=await app.library.id_of(owned) if owned else None,
        trigger_words=_words(version),
        image=seen.image,
        motion=seen.motion,
        nsfw_level=seen.nsfw_level,
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


def _is_within(settings: Settings, model: Model) -> bool:
    """Whether something of a model can be shown within the limit, and the site doesn't call all of it explicit where
    the limit is a mild one."""
    explicit = model.nsfw and settings.nsfw_limit in ("PG", "PG13")
    return not explicit and (not model.nsfw_level or bool(model.nsfw_level & settings.nsfw_bits))


def _found(app: App, model: Model, owned: Mapping[int, int]) -> Found:
    up, down = (model.stats.thumbs_up_count or 0, model.stats.thumbs_down_count or 0) if model.stats else (0, 0)
    seen = _Shown.of(app, [image for version in model.versions for image in version.images], model.nsfw_level)
    here = {version.id: version.published_at for version in model.versions if version.id in owned}
    return Found(
        id=model.id,
        name=model.name,
        type=model.type,
        creator=_creator(model),
        nsfw=model.nsfw,
        base_models=list(dict.fromkeys(each.base_model for each in model.versions if each.base_model)),
        downloads=(model.stats.download_count or 0) if model.stats else 0,
        rating=up / (up + down) if up + down else None,
        image=seen.image,
        motion=seen.motion,
        nsfw_level=seen.nsfw_level,
        tags=list(model.tags),
        owned=next((owned[version_id] for version_id in here), None),
        has_update=bool(here and newer_versions(model, here)),
        licence=licence_of(model) or Licence(),
        versions=[_found_version(version, owned) for version in model.versions],
    )


def _found_version(version: ModelVersion, owned: Mapping[int, int]) -> FoundVersion:
    file = _file(choose_file(version)) if version.files else None
    return FoundVersion(
        id=version.id,
        name=version.name,
        base_model=version.base_model or None,
        trigger_words=_words(version),
        file=file,
        size=file and file.size,
        owned=owned.get(version.id),
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


@dataclass(frozen=True)
class _Shown:
    """What a model is shown by, within the NSFW limit, and through our own route."""

    image: str | None
    motion: str | None
    nsfw_level: int

    @classmethod
    def of(cls, app: App, images: Iterable[Image], otherwise: int) -> _Shown:
        """``otherwise`` is the level of the whole, for where the pictures' isn't known."""
        every, bits = list(images), app.settings.nsfw_bits
        chosen = [next(found, None) for found in (stills(every, bits), clips(every, bits))]
        image, motion = (_ours(each[1]) if each else None for each in chosen)
        levels = [each[0].nsfw_level or otherwise for each in chosen if each] or [otherwise]
        return cls(image, motion, levels[0] | levels[-1])
