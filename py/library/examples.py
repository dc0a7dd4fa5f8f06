"""The examples of a version: the pictures that people have made with it, and the workflows inside of them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from math import isfinite
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from cachetools import TTLCache

from ..civitai.client import CivitaiClient
from ..civitai.http import Http
from ..civitai.made import comfy_of
from ..civitai.pictures import original
from ..civitai.remote import fetched
from ..civitai.schemas import Image, ImagePage, Metadata, ModelVersion
from ..errors import CivitaiError, ForbiddenError, MissingError, UsageError
from .workflows import bounds, images

MAX_BYTES = 40_000_000
MAX_JSON = 5_000_000

_PAGES, _SECONDS = 8, 300.0
_TYPES = frozenset({"image/png", "image/webp", "image/jpeg"})
_NONE = "There is no workflow in this picture."


@dataclass(frozen=True)
class Found:
    """``workflow`` is a graph of ComfyUI's front end, ``prompt`` one of its server; at least one of them is there."""

    name: str
    workflow: dict[str, Any] | None
    prompt: dict[str, Any] | None

    def written(self) -> bytes:
        """As JSON. Large ones take their time."""
        return json.dumps(vars(self), ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


class Examples:
    """``known`` gives what is known here of a version. Pages are kept for a few minutes: their workflows are large."""

    def __init__(
        self,
        client: CivitaiClient,
        http: Http,
        known: Callable[[int], Awaitable[ModelVersion | None]],
        *,
        nsfw_bits: Callable[[], int],
        allowed: Callable[[str], bool],
        cache: Callable[[], bool],
    ) -> None:
        self._client = client
        self._http = http
        self._known = known
        self._nsfw_bits = nsfw_bits
        self._allowed = allowed
        self._cache = cache
        self._pages: TTLCache[tuple[object, ...], ImagePage] = TTLCache(_PAGES, _SECONDS)

    async def page(self, version_id: int, *, cursor: str | None = None, limit: int = 20) -> ImagePage:
        """What may be shown of one page; the first one is what is known here where the site can't be asked. Raises the
        CivitaiError tree."""
        bits = self._nsfw_bits()
        try:
            found = await self._ask(version_id, bits, cursor, limit)
        except CivitaiError:
            known = await self._known(version_id) if cursor is None else None
            if known is None:
                raise
            found = ImagePage(items=known.images)
        items = [image for image in found.items if image.is_within(bits) and self._allowed(image.url)]
        metadata = Metadata() if found.next_cursor == cursor else found.metadata
        return found.model_copy(update={"items": items, "metadata": metadata})

    async def workflow(self, version_id: int, url: str) -> Found:
        """The workflow of the picture at ``url``: as the site shows it, else from inside the original. Raises
        MissingError where there is none, ForbiddenError for another host, and the CivitaiError tree."""
        wanted = original(Image(url=url))
        if not self._allowed(wanted):
            raise ForbiddenError("Pictures come only from the hosts in the setting image_hosts.")
        shown = await self._shown(version_id, wanted)
        comfy = comfy_of(shown) if shown else None
        if comfy is not None and (found := await asyncio.to_thread(_in_meta, _name(url), comfy)):
            return found
        _, content = await fetched(self._http, wanted, allowed=self._allowed, most=MAX_BYTES, types=_TYPES)
        if found := await asyncio.to_thread(_in_picture, _name(url), content):
            return found
        raise MissingError(_NONE)

    async def _shown(self, version_id: int, url: str) -> Image | None:
        """The picture as the site shows it: on a page that was asked for, or on the first one."""

        def look(pages: Iterable[ImagePage]) -> Image | None:
            return next((image for page in pages for image in page.items if original(image) == url), None)

        if found := look([page for key, page in list(self._pages.items()) if key[0] == version_id]):
            return found
        with suppress(CivitaiError):  # the picture itself can be had all the same
            return look([await self._ask(version_id, self._nsfw_bits(), None, 20)])
        return None

    async def _ask(self, version_id: int, bits: int, cursor: str | None, limit: int) -> ImagePage:
        key = (version_id, bits, cursor, limit)
        if self._cache() and (kept := self._pages.get(key)):
            return kept
        level = "None" if bits < 2 else "Soft" if bits < 4 else "Mature" if bits < 8 else "X"
        page = await self._client.images(
            version_id=version_id, nsfw=level, with_meta=True, limit=limit, cursor=cursor, remember=False
        )
        self._pages[key] = page
        return page


def _in_meta(name: str, comfy: dict[str, Any] | str) -> Found | None:
    document = _object(comfy)
    return _found(name, _object(document.get("workflow")), _object(document.get("prompt"))) if document else None


def _in_picture(name: str, content: bytes) -> Found | None:
    if not images.is_image(content):
        return None
    try:
        texts = images.texts_of(content)
    except UsageError:
        return None
    named = {key.casefold(): text for key, text in reversed(texts)}
    return _found(name, _object(named.get("workflow")), _object(named.get("prompt")))


def _found(name: str, workflow: dict[str, Any] | None, prompt: dict[str, Any] | None) -> Found | None:
    graph = workflow if workflow and isinstance(workflow.get("nodes"), list) else None
    nodes = prompt and any(isinstance(node, dict) and "class_type" in node for node in prompt.values())
    return Found(name, graph, prompt if nodes else None) if graph or nodes else None


def _object(value: Any) -> dict[str, Any] | None:
    """A JSON object that can be written again, from itself or from its text."""
    try:
        if isinstance(value, str):
            value = bounds.loads(value) if len(value) <= MAX_JSON else None
        return _finite(value) if isinstance(value, dict) else None
    except (UsageError, RecursionError):
        return None


def _finite(value: Any) -> Any:
    """Python writes numbers that no browser reads."""
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not isfinite(value) else value


def _name(url: str) -> str:
    return PurePosixPath(unquote(urlsplit(url).path)).stem[:100] or "workflow"
