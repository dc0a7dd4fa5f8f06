"""The site's API: every question that the product asks, answered from memory where it was asked a moment ago."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel
from pydantic import ValidationError as Unfit

from ..errors import CivitaiError, UsageError, ValidationError
from .http import Http, Params
from .memory import Memory
from .query import SearchQuery
from .schemas import Account, Enums, HashIds, ImagePage, Metadata, Model, ModelPage, ModelVersion, NamePage
from .targets import is_sha256

__all__ = ["CivitaiClient", "SearchQuery"]

A = TypeVar("A", bound=BaseModel)
T = TypeVar("T")

_BATCH = 100
_IDS_BATCH = 10_000
_EMPTY_PAGES = 4


class CivitaiClient:
    """Questions to the site. All methods raise the CivitaiError tree. Answers are shared, and so frozen.

    Only :meth:`me` sends the key; everything else is asked anonymously, as the site answers that fastest.
    """

    def __init__(self, http: Http, *, cache: bool | Callable[[], bool] = True) -> None:
        self._http = http
        self._memory = Memory(cache if callable(cache) else lambda: bool(cache))

    @property
    def base_url(self) -> str:
        return self._http.base_url

    async def close(self) -> None:
        """Forgets all answers and ends what is being asked. The connection is Http's."""
        await self._memory.close()

    # -- Lists -------------------------------------------------------------------------------------------------------

    async def models(self, query: SearchQuery) -> ModelPage:
        """One page of a search; the next one is had with its ``next_cursor``, None on the last page.

        Empty pages in between are passed over. For a tag that it doesn't know the site answers with all models: those
        without the tag are left out here.
        """
        for _ in range(_EMPTY_PAGES):
            page = await self._page(query)
            if page.items or page.next_cursor is None:
                break
            query = query.model_copy(update={"cursor": page.next_cursor})
        if not query.tag:
            return page
        tag = query.tag.casefold()
        items = [model for model in page.items if tag in (each.casefold() for each in model.tags)]
        return page.model_copy(update={"items": items})

    async def models_by_id(self, model_ids: Sequence[int]) -> dict[int, Model]:
        """``{id: model}`` for those models that the site lists, archived and NSFW ones too: 100 a request.

        Versions have only their primary file. Nothing is remembered: 100 models with their versions are large.
        """
        wanted = list(dict.fromkeys(model_ids))
        found: dict[int, Model] = {}
        for start in range(0, len(wanted), _BATCH):
            batch = wanted[start : start + _BATCH]
            # Any text after `archived=` means yes.
            params = [("ids", ",".join(map(str, batch))), ("limit", str(_BATCH)), ("nsfw", "true"),
                      ("archived", "true"), ("primaryFileOnly", "true")]  # fmt: skip
            cursor: str | None = None
            for _ in range(_EMPTY_PAGES):
                page = await self._list(params, cursor)
                found |= {model.id: model for model in page.items if model.id in batch}
                cursor = page.next_cursor
                if cursor is None or all(each in found for each in batch):
                    break
        return found

    async def search_batch(self, queries: Iterable[SearchQuery]) -> list[ModelPage | CivitaiError]:
        """Many searches at once: for each its page, or the error that it met. Equal ones are asked once."""
        results = await asyncio.gather(*(self.models(query) for query in queries), return_exceptions=True)
        found: list[ModelPage | CivitaiError] = []
        for result in results:
            if not isinstance(result, (ModelPage, CivitaiError)):
                raise result
            found.append(result)
        return found

    async def images(
        self,
        *,
        model_id: int | None = None,
        version_id: int | None = None,
        username: str = "",
        nsfw: str = "",
        with_meta: bool = False,
        limit: int = 100,
        cursor: str | None = None,
        remember: bool = True,
    ) -> ImagePage:
        """Images of a model, a version or a user; ``nsfw`` is None, Soft, Mature or X, ``limit`` 1 to 200. Those
        ``with_meta`` are large where there are workflows in it: perhaps too large to ``remember``."""
        pairs = {
            "modelId": model_id, "modelVersionId": version_id, "username": username, "nsfw": nsfw,
            "withMeta": "true" if with_meta else "", "limit": limit, "cursor": cursor,
        }  # fmt: skip
        params = [(name, str(value)) for name, value in pairs.items() if value]
        return await self._get(ImagePage, "/images", params, remember=remember)

    async def tags(self, query: str = "", *, limit: int = 20, page: int = 1) -> NamePage:
        return await self._get(NamePage, "/tags", _named(query, limit, page))

    async def creators(self, query: str = "", *, limit: int = 20, page: int = 1) -> NamePage:
        return await self._get(NamePage, "/creators", _named(query, limit, page))

    async def enums(self) -> Enums:
        return await self._get(Enums, "/enums")

    async def me(self) -> Account:
        """Whose key it is. AuthError without a key, or with one that isn't good."""
        return _fitting(Account, await self._http.get_json("/api/v1/me", authenticated=True))

    # -- Single things -----------------------------------------------------------------------------------------------

    async def model(self, model_id: int, *, fresh: bool = False) -> Model:
        """A model with its versions, the newest first. ``fresh`` asks even what is remembered."""
        return await self._get(Model, f"/models/{model_id}", fresh=fresh)

    async def version(self, version_id: int, *, fresh: bool = False) -> ModelVersion:
        return self._tidy(await self._get(ModelVersion, f"/model-versions/{version_id}", fresh=fresh))

    async def by_hash(self, value: str, *, fresh: bool = False) -> ModelVersion:
        """The version that a file belongs to, by any of the site's six kinds of hash, in any case."""
        if not re.fullmatch("[0-9A-Fa-f]{8,64}", value):
            raise UsageError("A hash has 8 to 64 digits of 0 to 9 and A to F.")
        return self._tidy(await self._get(ModelVersion, f"/model-versions/by-hash/{value.upper()}", fresh=fresh))

    async def by_hashes(self, hashes: Sequence[str], *, remember: bool = True) -> dict[str, ModelVersion]:
        """``{sha256 in lower case: version}`` for those SHA256 hashes that the site knows.

        Without ``remember`` the answers aren't kept, as whoever asks for thousands wants it: they are large.
        """
        wanted = list(dict.fromkeys(each.upper() for each in hashes))
        if not all(is_sha256(each) for each in wanted):
            raise UsageError("Only SHA256 hashes of 64 digits can be looked up many at once.")
        batches = [wanted[start : start + _BATCH] for start in range(0, len(wanted), _BATCH)]
        found: dict[str, ModelVersion] = {}
        for part in await asyncio.gather(*(self._batch(batch, remember) for batch in batches)):
            found |= part
        return found

    async def hash_ids(self, hashes: Sequence[str]) -> list[HashIds]:
        """Which versions those SHA256 hashes belong to, in any number. The site takes no other kind here."""
        if not all(is_sha256(each) for each in hashes):
            raise UsageError("Only SHA256 hashes of 64 digits can be looked up many at once.")
        found: list[HashIds] = []
        for start in range(0, len(hashes), _IDS_BATCH):
            body = [each.upper() for each in hashes[start : start + _IDS_BATCH]]
            found += await _each(HashIds, await self._http.post_json("/api/v1/model-versions/by-hash/ids", body))
        return found

    # -- Inside ------------------------------------------------------------------------------------------------------

    async def _get(
        self, kind: type[A], path: str, params: Params = (), *, fresh: bool = False, remember: bool = True
    ) -> A:
        async def ask() -> A:
            return _fitting(kind, await self._http.get_json(f"/api/v1{path}", params))

        return await (self._remembered((path, *params), ask, fresh=fresh) if remember else ask())

    async def _page(self, query: SearchQuery) -> ModelPage:
        params = query.params()

        async def ask() -> ModelPage:
            return await self._list([pair for pair in params if pair[0] != "cursor"], query.cursor)

        return await self._remembered(("/models", *params), ask)

    async def _list(self, params: Params, cursor: str | None) -> ModelPage:
        at = [*params, *([("cursor", cursor)] if cursor else [])]
        answer = _fitting_object(await self._http.get_json("/api/v1/models", at, lane="search"))
        page = _fitting(ModelPage, {**answer, "items": []})
        items = [model for model in await _each(Model, answer.get("items")) if model.id]
        # A cursor that leads back here would be followed for ever.
        metadata = Metadata() if page.next_cursor == cursor else page.metadata
        return page.model_copy(update={"items": items, "metadata": metadata})

    async def _batch(self, hashes: list[str], remember: bool) -> dict[str, ModelVersion]:
        async def ask() -> dict[str, ModelVersion]:
            answer = await self._http.post_json("/api/v1/model-versions/by-hash", hashes)
            versions = {each.id: each for each in await _each(ModelVersion, answer)}
            asked, found = set(hashes), dict[str, ModelVersion]()
            for version in map(self._tidy, versions.values()):
                for file in version.files:
                    # A linked file is listed by versions that it does not belong to, and by its own.
                    if file.hashes.sha256 in asked and (file.hashes.sha256 not in found or not version.is_linked(file)):
                        found[file.hashes.sha256] = version
                await asyncio.sleep(0)
            nameless = set(versions) - {version.id for version in found.values()}
            if nameless and (lost := [each for each in hashes if each not in found]):
                for match in await self.hash_ids(lost):
                    if match.model_version_id in nameless and match.hash.upper() in lost:
                        found[match.hash.upper()] = self._tidy(versions[match.model_version_id])
            return {sha256.lower(): version for sha256, version in found.items()}

        return await (self._remembered(("by-hash", *hashes), ask) if remember else ask())

    async def _remembered(self, key: tuple[Any, ...], ask: Callable[[], Awaitable[T]], *, fresh: bool = False) -> T:
        answer: T = await self._memory.get((self.base_url, *key), ask, fresh=fresh)
        return answer

    def _tidy(self, version: ModelVersion) -> ModelVersion:
        """The version with its model's id in its place, and download links that lead to the site."""
        changes: dict[str, Any] = {}
        if version.model and not version.model.id and version.model_id:
            changes["model"] = version.model.model_copy(update={"id": version.model_id})
        if (version.download_url or "").startswith("https://undefined/"):
            changes["download_url"] = self.download_url(version.id)
        if any((file.download_url or "").startswith("https://undefined/") for file in version.files):
            changes["files"] = [
                file.model_copy(update={"download_url": self.download_url(version.id, file.id)})
                for file in version.files
            ]
        return version.model_copy(update=changes) if changes else version

    def download_url(self, version_id: int, file_id: int | None = None) -> str:
        """The site's own link. With a file's id it names the very file, which the site's answers don't always do."""
        return f"{self.base_url}/api/download/models/{version_id}" + (f"?fileId={file_id}" if file_id else "")


def _named(query: str, limit: int, page: int) -> Params:
    return [(name, value) for name, value in (("query", query), ("limit", str(limit)), ("page", str(page))) if value]


def _fitting_object(answer: Any) -> dict[str, Any]:
    if not isinstance(answer, dict):
        raise ValidationError("The site's answer has a shape that is not known: try again later.")
    return answer


def _fitting(kind: type[A], answer: Any) -> A:
    try:
        return kind.model_validate(_fitting_object(answer))
    except Unfit as error:
        raise ValidationError("The site's answer has a shape that is not known: try again later.") from error


async def _each(kind: type[A], entries: Any) -> list[A]:
    """Those entries that make sense. A page is long: between entries the event loop gets its turn."""
    found: list[A] = []
    for entry in entries if isinstance(entries, list) else ():
        try:
            found.append(kind.model_validate(entry))
        except Unfit:
            continue
        finally:
            await asyncio.sleep(0)
    return found
