"""Asking the site about the files here: a hundred at a time, each answer kept at once, and never in anybody's way."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from typing import Any, TypeVar

from pydantic import BaseModel
from sqlalchemy import Connection, Select

from ..civitai.client import CivitaiClient
from ..civitai.schemas import Model, ModelVersion
from ..errors import CivitaiError, NetworkError, NotFoundError, RateLimitError
from ..events import Event, Events
from ..storage.database import Database
from ..storage.tables import contents
from . import rows, site_rows
from .previews import Previews
from .updates import newest_of, owned_versions, short_model
from .view import View

log = logging.getLogger(__name__)
T = TypeVar("T")

_DAY = 24 * 3600.0
_WEEK = 7 * _DAY
_BATCH = 100
_AT_ONCE = 3
_PICTURES_AT_ONCE = 4
_FAILURES = 3
_GROUP = 50
# How many contents one transaction brings into the list: 10 ms were measured on a busy machine, most for the first.
_PART = 5


class Asked(BaseModel):
    """How asking went: of so many contents or models that were ``asked`` about the site knows ``found``, and not
    ``missed``. ``requests`` don't count tries again. ``errors`` are sentences: what they kept from being asked is still
    to be asked."""

    asked: int = 0
    found: int = 0
    missed: int = 0
    requests: int = 0
    errors: list[str] = []


class SiteKnowledge:
    """Fills the site's layer. What is learned is committed batch by batch, so that a stop loses one at most.

    A miss is remembered for a week, and never takes the place of something once learned.
    """

    def __init__(
        self,
        database: Database,
        client: CivitaiClient,
        view: View,
        previews: Previews,
        events: Events,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._client = client
        self._view = view
        self._previews = previews
        self._events = events
        self._now = now

    async def ask(
        self,
        content_ids: Sequence[int] | None = None,
        *,
        again: bool = False,
        refresh: bool = True,
        pictures: bool = True,
    ) -> Asked:
        """Asks about these contents, or about all, as far as they have a SHA256 and no answer of the last week.

        ``again`` asks about all of them; without ``refresh`` an answer lasts for ever, and only a miss for a week. With
        ``pictures`` previews of what was found are fetched last. Where the site can't be reached, or has had enough, it
        stops and says so in ``errors``; nothing is raised for that, and the next call goes on.
        """
        asked, began = Asked(), time.monotonic()
        patience = _Patience(asked)
        whole = content_ids is None
        due = site_rows.due_contents(None if again else self._now() - _WEEK, refresh=refresh)
        found: list[int] = []
        missed: list[int] = []
        async for batch in self._pages(due, content_ids, _BATCH):
            # One after the other: to read several large answers at once would hold the event loop for too long.
            asked.requests += 1
            try:
                answer = await self._client.by_hashes([sha256 for _, sha256 in batch], remember=False)
            except CivitaiError as error:
                patience.fail(error)
                if patience.is_over:
                    break
                continue
            patience.succeed()
            hits = [(content, answer[sha256]) for content, sha256 in batch if sha256 in answer]
            misses = [content for content, sha256 in batch if sha256 not in answer]
            await self._keep(hits)
            # Until they were tried by their other hashes too, they are to be asked about again tomorrow.
            await self._miss(misses, self._now() - _WEEK + _DAY)
            found += [content for content, _ in hits]
            missed += misses
            asked.asked += len(batch)
            asked.found, asked.missed = len(found), len(missed)
            self._say(asked, began, whole=whole)
        found += await self._ask_otherwise(missed, asked, patience)
        if pictures:
            await self.pictures(found)
        self._say(asked, began, whole=whole, final=True)
        return asked

    async def models(self, model_ids: Sequence[int] | None = None, *, again: bool = False) -> Asked:
        """Asks about these models, or those of all known versions, as far as they have no answer of the last day.

        It brings what a version's answer lacks: tags, creator, description, and the model's other versions. It ends as
        :meth:`ask` does.
        """
        asked = Asked()
        patience = _Patience(asked)
        before = None if again else self._now() - _DAY
        due = await self._database.read(lambda c: site_rows.due_models(c, model_ids, before))
        for batch in rows.chunks(due, _BATCH):
            asked.requests += 1
            try:
                found = await self._client.models_by_id(batch)
            except CivitaiError as error:
                patience.fail(error)
                if patience.is_over:
                    break
                continue
            patience.succeed()
            documents = await asyncio.to_thread(_short_models, list(found.values()))
            await self._write(documents, self._put_models)
            await self._write([each for each in batch if each not in found], self._miss_models)
            asked.asked += len(batch)
            asked.found += len(found)
            asked.missed += len(batch) - len(found)
            self._tell(len(found))
        return asked

    async def pictures(self, content_ids: Sequence[int] | None = None) -> int:
        """Fetches previews of these contents, or of all, that the site knows and that have none; says how many came."""
        new = 0
        room = asyncio.Semaphore(_PICTURES_AT_ONCE)

        async def fetch(content: int, sha256: str, document: dict[str, Any]) -> int | None:
            async with room:
                version = await asyncio.to_thread(ModelVersion.model_validate, document)
                return content if await self._previews.fetch(sha256, version) else None

        async for page in self._pages(site_rows.known_contents(), content_ids, _GROUP):
            bare = await asyncio.to_thread(self._without_picture, page)
            known = [content for content, _ in bare]
            versions = await self._database.read(partial(site_rows.versions_of, content_ids=known))
            fetched = await asyncio.gather(
                *(fetch(content, sha256, versions[content]) for content, sha256 in bare if content in versions)
            )
            done = [content for content in fetched if content is not None]
            await self._write(done, self._view.refresh_contents)
            self._tell(len(done))
            new += len(done)
        return new

    def _without_picture(self, page: list[tuple[int, str]]) -> list[tuple[int, str]]:
        return [(content, sha256) for content, sha256 in page if not self._previews.find(sha256)]

    # -- Asking ------------------------------------------------------------------------------------------------------

    async def _pages(
        self, query: Select[Any], content_ids: Sequence[int] | None, size: int
    ) -> AsyncIterator[list[tuple[int, str]]]:
        """The ``(content, sha256)`` that fit the query, all or among these, some at a time."""
        if content_ids is None:
            after = 0
            while found := await self._database.read(
                partial(site_rows.pairs, query=query.where(contents.c.id > after).limit(size))
            ):
                after = found[-1][0]
                yield found
            return
        waiting: list[tuple[int, str]] = []
        for chunk in rows.chunks(sorted(set(content_ids))):
            waiting += await self._database.read(partial(site_rows.pairs, query=query.where(contents.c.id.in_(chunk))))
            while len(waiting) >= size:
                yield waiting[:size]
                waiting = waiting[size:]
        if waiting:
            yield waiting

    async def _ask_otherwise(self, missed: list[int], asked: Asked, patience: _Patience) -> list[int]:
        """Tries what the site knows no SHA256 of by its other hashes, which go one by one; returns what was found."""
        found: list[int] = []
        room = asyncio.Semaphore(_AT_ONCE)

        async def match(content: int, hashes: tuple[str | None, list[str]]) -> tuple[int, ModelVersion | None] | None:
            async with room:
                try:
                    return None if patience.is_over else (content, await self._match(*hashes, asked))
                except CivitaiError as error:
                    patience.fail(error)
                    return None

        for part in rows.chunks(missed):
            if patience.is_over:
                break
            others = await self._database.read(partial(site_rows.other_hashes, content_ids=part))
            await self._miss([content for content, (own, stated) in others.items() if not (own or stated)], self._now())
            for group in rows.chunks((each for each in others.items() if any(each[1])), _GROUP):
                answers = [each for each in await asyncio.gather(*(match(*each) for each in group)) if each]
                hits = [(content, version) for content, version in answers if version is not None]
                await self._keep(hits, only_new=True)
                await self._miss([content for content, version in answers if version is None], self._now())
                found += [content for content, _ in hits]
                asked.found += len(hits)
                asked.missed -= len(hits)
        return found

    async def _match(self, own: str | None, stated: list[str], asked: Asked) -> ModelVersion | None:
        """The version with the file's own AutoV3, else the one version that all hashes in its header lead to."""
        if own and (version := await self._by_autov3(own, asked)):
            return version
        versions = [version for each in stated if (version := await self._by_autov3(each, asked))]
        return versions[0] if len({version.id for version in versions}) == 1 else None

    async def _by_autov3(self, value: str, asked: Asked) -> ModelVersion | None:
        asked.requests += 1
        try:
            version = await self._client.by_hash(value)
        except NotFoundError:
            return None
        own = (file for file in version.files if not version.is_linked(file))
        return version if any(file.hashes.autov3 == value for file in own) else None

    # -- Keeping -----------------------------------------------------------------------------------------------------

    async def _keep(self, hits: list[tuple[int, ModelVersion]], *, only_new: bool = False) -> None:
        """``only_new``: what is known to be of another version stays that."""

        def put(connection: Connection, part: list[tuple[int, dict[str, Any]]]) -> None:
            here = site_rows.still_here(connection, [content for content, _ in part])
            for content, document in part:
                if content in here:
                    known = rows.get_site(connection, content) if only_new else None
                    fits = known is None or known.version_id in (None, document["id"])
                    rows.put_site(connection, content, document if fits else None, fetched_at=self._now())
            self._view.refresh_contents(connection, here)

        documents = await asyncio.to_thread(_documents, hits)
        await self._write(documents, put)
        self._tell(len(hits))

    async def _miss(self, missed: list[int], at: float) -> None:
        """Remembers misses. They change nothing that a list shows."""
        for part in rows.chunks(missed):
            await self._database.write(partial(site_rows.put_misses, content_ids=part, at=at))

    def _put_models(self, connection: Connection, part: list[tuple[Model, dict[str, Any]]]) -> None:
        model_ids = [model.id for model, _ in part]
        owned = owned_versions(connection, model_ids)
        for model, document in part:
            rows.put_model(connection, model.id, document, newest_of(model, owned.get(model.id, {})), at=self._now())
        self._view.refresh_contents(connection, site_rows.contents_of_models(connection, model_ids))

    def _miss_models(self, connection: Connection, part: list[int]) -> None:
        for model_id in part:
            rows.put_model(connection, model_id, None, None, at=self._now())

    async def _write(self, entries: Sequence[T], work: Callable[[Connection, list[T]], None]) -> None:
        """In several transactions, so short that whoever writes next hardly waits."""
        for part in rows.chunks(entries, _PART):

            def write(connection: Connection, part: list[T] = part) -> None:
                work(connection, part)

            await self._database.write(write)

    def _tell(self, changed: int) -> None:
        if changed:
            self._events.publish(Event("library", "all", {"id": None, "count": changed}))

    def _say(self, asked: Asked, began: float, *, whole: bool, final: bool = False) -> None:
        if whole:
            data = {"phase": "done" if final else "asking", **asked.model_dump(), "files": asked.asked}
            data["seconds"] = round(time.monotonic() - began, 3)
            self._events.publish(Event("scan", "site", data, final=final))


class _Patience:
    """When to stop: at once where the site can't be reached or has had enough, else after some failures in a row."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._failures = 0
        self.is_over = False

    def succeed(self) -> None:
        self._failures = 0

    def fail(self, error: CivitaiError) -> None:
        self._failures += 1
        self.is_over = self.is_over or self._failures >= _FAILURES or isinstance(error, (NetworkError, RateLimitError))
        if str(error) not in self._asked.errors:
            log.warning("The site could not be asked: %s", error)
            self._asked.errors.append(str(error))


def _documents(hits: list[tuple[int, ModelVersion]]) -> list[tuple[int, dict[str, Any]]]:
    """The site's answers as they are kept: without the prompts of their pictures, which are most of them."""
    prompts = {"images": {"__all__": {"meta"}}}
    return [
        (content, version.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude=prompts))
        for content, version in hits
    ]


def _short_models(found: list[Model]) -> list[tuple[Model, dict[str, Any]]]:
    return [(model, short_model(model)) for model in found]
