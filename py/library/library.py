"""The library: what is known of every model file, and the steps by which a single one becomes known."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, select

from ..civitai.client import CivitaiClient
from ..civitai.schemas import ModelVersion
from ..civitai.targets import is_sha256
from ..errors import MissingError, UsageError
from ..events import Event, Events
from ..searches import searched
from ..storage.database import Database
from ..storage.tables import contents, files, site
from . import rows
from .catalog import Catalog, Count
from .items import Layers, LibraryDetail, LibraryItem, LibraryPage, UserChanges, UserLayer, compose, told
from .learn import Learner
from .learned import read_beginning, settle
from .metadata import SiteKnowledge
from .owned import files_of_versions, hashes_of
from .paths import real, stored
from .previews import Previews
from .query import LibraryQuery
from .roots import Roots, folder_of, locate
from .view import View


class Library:
    """Answers what a file is. Nothing here blocks the loop: reading, hashing and queries run in threads."""

    def __init__(
        self,
        database: Database,
        client: CivitaiClient,
        roots: Roots,
        view: View,
        learner: Learner,
        knowledge: SiteKnowledge,
        previews: Previews,
        catalog: Catalog,
        events: Events,
        *,
        site_url: Callable[[], str],
    ) -> None:
        self._database = database
        self._client = client
        self._roots = roots
        self._view = view
        self._learner = learner
        self._knowledge = knowledge
        self._previews = previews
        self._catalog = catalog
        self._events = events
        self._site_url = site_url

    # -- Questions ---------------------------------------------------------------------------------------------------

    async def page(self, query: LibraryQuery) -> LibraryPage:
        """One page of the list. UsageError for a cursor that is none of this list's."""

        def work(connection: Connection) -> LibraryPage:
            found = self._catalog.page(connection, query)
            items = [LibraryItem.model_validate_json(card) for card in found.cards]
            return LibraryPage(items=items, next_cursor=found.next_cursor, total=found.total)

        if not query.query.strip() or query.cursor is not None:
            return await self._database.read(work)
        with searched(self._events, "library", types=query.kind, base_models=query.base_model) as found:
            page = await self._database.read(work)
            found(page.total)
        return page

    async def facets(self, query: LibraryQuery) -> dict[str, list[Count]]:
        """How many files each value of each filter would leave."""
        return await self._database.read(lambda c: self._catalog.facets(c, query))

    async def ids(self, query: LibraryQuery, limit: int = 100_000) -> list[int]:
        """The ids of all files that fit, in the list's order."""
        return await self._database.read(lambda c: self._catalog.ids(c, query, limit))

    async def cards(self, file_ids: Sequence[int]) -> list[LibraryItem]:
        """What a list shows of these files, in their order; those that there are not are left out."""

        def work(connection: Connection) -> list[LibraryItem]:
            return [LibraryItem.model_validate_json(card) for card in self._catalog.cards(connection, file_ids)]

        return await self._database.read(work)

    async def get(self, file_id: int) -> LibraryDetail:
        """One file with its layers. Raises MissingError."""
        found = await self._database.read(lambda c: self._view.detail(c, file_id))
        if found is None:
            raise MissingError("There is no such model in the library.")
        if (
            found.state in ("present", "broken")
            and found.path
            and not await asyncio.to_thread(os.path.lexists, found.path)
        ):
            await self._miss(file_id)
            return await self.get(file_id)
        return found

    async def find_owned(self, sha256: str) -> Path | None:
        """A file of that content that is here now, its row still fitting what the disk says."""

        def work(connection: Connection) -> Path | None:
            content = rows.content_by_hash(connection, sha256)
            for row in rows.files_of(connection, content) if content is not None else ():
                path = Path(real(row.path))
                try:
                    if not row.stale and not row.missing and rows.stamp(path) == rows.facts_of(row):
                        return path
                except OSError:
                    continue
            return None

        return await self._database.read(work)

    async def id_of(self, path: Path) -> int | None:
        """The id of the file at ``path``, if there is a row of it."""
        row = await self._database.read(lambda c: rows.file_at(c, _spelled(path)))
        return row.id if row else None

    async def owned(self, versions: Iterable[ModelVersion], model_ids: Iterable[int] = ()) -> dict[int, int]:
        """``{version: file}`` of those versions that are here, and of all others of their models and of these."""
        every = list(versions)
        models = {*model_ids, *(version.model_id for version in every if version.model_id)}
        hashes = hashes_of(every)
        return await self._database.read(lambda c: files_of_versions(c, models, hashes))

    async def known(self, version_id: int) -> ModelVersion | None:
        """What the site said of a version that is here, or was."""
        query = select(site.c.version).where(site.c.version_id == version_id).limit(1)
        document = await self._database.read(lambda c: c.execute(query).scalar())
        return ModelVersion.model_validate(document) if document else None

    async def preview(self, file_id: int, *, small: bool = False) -> tuple[Path, str]:
        """The preview image, and the SHA256 that it is of. Raises MissingError."""
        sha256, _ = await self._database.read(lambda c: _shown(c, file_id))
        find = self._previews.find_small if small else self._previews.find
        if not sha256 or (path := await asyncio.to_thread(find, sha256)) is None:
            raise MissingError("This model has no preview image.")
        return path, sha256

    async def motion(self, file_id: int) -> tuple[Path, str]:
        """The short video, fetched at the first question, and the SHA256 that it is of. Raises MissingError."""
        sha256, version = await self._database.read(lambda c: _shown(c, file_id))
        if not sha256 or (path := await self._previews.motion(sha256, version)) is None:
            raise MissingError("This model has no video that can be shown.")
        return path, sha256

    # -- Learning ----------------------------------------------------------------------------------------------------

    async def info(self, what: str | Path, *, fetch: bool = True, whole: bool = True) -> LibraryDetail:
        """All about a local file, or about the model with a hash (any of the site's six kinds).

        A file whose content isn't known yet is read: ``whole`` for its hashes, else its header alone. With ``fetch``
        the site is asked once for what is not known yet; where it can't be reached the answer is made of what is known
        here. Raises MissingError for a file or hash nobody knows.
        """
        path = Path(what)
        if await asyncio.to_thread(path.is_file):
            file_id = await self._learn_file(path, whole=whole)
            if fetch:
                await self._ask_site(file_id)
            return await self.get(file_id)
        text = str(what).strip()
        if not re.fullmatch(r"[0-9A-Fa-f]{8,64}", text):
            raise MissingError(f"There is no file at {text}, and it is no hash either.")
        return await self._info_of_hash(text, fetch=fetch)

    async def learn(self, path: Path) -> int:
        """The content of a local file, which is read if it isn't known. Raises OSError."""
        file_id = await self._learn_file(path, whole=True)
        row = await self._database.read(lambda c: rows.get_file(c, file_id))
        if row is None:
            raise MissingError(f"There is no file at {path}.")
        return int(row.content)

    async def record(self, path: Path, sha256: str, version: ModelVersion | None, hashes: dict[str, str]) -> int:
        """Takes in a file whose SHA256 was just computed, with the site's word on it; returns its id."""
        file_id = await self._row_of(path)
        reading = await asyncio.to_thread(read_beginning, path)
        whole = replace(reading, sha256=sha256.lower(), others=hashes)

        def write(connection: Connection) -> int:
            (content,) = settle(connection, self._view, file_id, whole) or (0,)
            if version is not None and content:
                document = version.model_dump(mode="json", by_alias=True, exclude_defaults=True)
                rows.put_site(connection, content, document)
                self._view.refresh_contents(connection, [content])
            # A file that was missing under another name goes on in its old row.
            row = rows.file_at(connection, _spelled(path))
            return row.id if row else file_id

        if version is not None:
            await self._previews.fetch(sha256.lower(), version)
        file_id = await self._database.write(write)
        self._events.publish(Event("library", str(file_id), {"id": file_id}, final=True))
        return file_id

    async def change_user(self, file_id: int, changes: UserChanges) -> LibraryDetail:
        """Changes what the user says of a file's content. Raises MissingError."""
        given = changes.model_dump(exclude_unset=True)

        def work(connection: Connection) -> None:
            row = rows.get_file(connection, file_id)
            if row is None:
                raise MissingError("There is no such model in the library.")
            layer = rows.user_layer(connection, row.content).model_dump()
            layer |= {name: value for name, value in given.items() if value is not None}
            if "preferred_strength" in given:
                layer["preferred_strength"] = given["preferred_strength"]
            rows.put_user(connection, row.content, UserLayer.model_validate(layer))
            self._view.refresh_contents(connection, [row.content])

        await self._database.write(work)
        self._events.publish(Event("library", str(file_id), {"id": file_id}, final=True))
        return await self.get(file_id)

    # -- Steps -------------------------------------------------------------------------------------------------------

    async def _row_of(self, path: Path) -> int:
        """The id of the file's row, which is made, or brought in line with the disk."""
        place = await asyncio.to_thread(self._place, path)
        facts = await asyncio.to_thread(rows.stamp, path)

        def find(connection: Connection) -> int | None:
            row = rows.file_at(connection, place.path)
            return row.id if row and rows.facts_of(row) == facts and not row.missing else None

        def write(connection: Connection) -> int:
            row = rows.file_at(connection, place.path) or _moved(connection, facts)
            if row is None:
                (file_id,) = rows.add_files(connection, [(place, facts, None, None)])
            else:
                file_id = row.id
                rows.relocate(connection, file_id, place, facts)
                if rows.facts_of(row) != facts:
                    connection.execute(files.update().where(files.c.id == file_id).values(stale=True, problem=None))
            self._view.refresh(connection, [file_id])
            return file_id

        known = await self._database.read(find)
        return known if known is not None else await self._database.write(write)

    async def _learn_file(self, path: Path, *, whole: bool) -> int:
        """The file's id, once it is known what it is: by its row while that can be trusted, else by reading it."""
        file_id = await self._row_of(path)
        row = await self._database.read(lambda c: rows.get_file(c, file_id))
        if row is None or not row.stale:
            return file_id
        if whole:
            await self._learner.learn(file_id)
        elif not await self._database.read(lambda c: _is_read(c, row.content)):
            reading = await asyncio.to_thread(read_beginning, path)
            await self._database.write(lambda c: settle(c, self._view, file_id, reading))
        found = await self.id_of(path)
        return file_id if found is None else found

    async def _miss(self, file_id: int) -> None:
        """The file has gone since it was last seen."""

        def work(connection: Connection) -> None:
            connection.execute(files.update().where(files.c.id == file_id).values(missing=True))
            row = rows.get_file(connection, file_id)
            self._view.refresh_contents(connection, [row.content] if row else [])

        await self._database.write(work)
        self._events.publish(Event("library", str(file_id), {"id": file_id}, final=True))

    def _place(self, path: Path) -> rows.Place:
        kind, name = locate(self._roots, path) or (None, path.name)
        return rows.Place(_spelled(path), kind, name, folder_of(name))

    async def _ask_site(self, file_id: int) -> None:
        """Asks the site for a file's content unless its answer, or that it has none, is known already."""
        row = await self._database.read(lambda c: rows.get_file(c, file_id))
        if row is not None and not row.stale:
            await self._knowledge.ask([row.content], refresh=False)

    async def _info_of_hash(self, text: str, *, fetch: bool) -> LibraryDetail:
        content = await self._database.read(lambda c: rows.content_by_hash(c, text))
        if content is not None:
            if fetch:
                await self._knowledge.ask([content], refresh=False)
            here = await self._database.read(lambda c: rows.files_of(c, content))
            if here:
                return await self.get(min(here, key=lambda row: (row.missing, row.id)).id)
        if not fetch:
            raise MissingError(f"No model with the hash {text} is known here.")
        version = await self._client.by_hash(text)
        facts: dict[str, Any] = {"sha256": text.lower() if is_sha256(text) else None, "state": "missing"}
        document = version.model_dump(mode="json", by_alias=True)
        found = compose(Layers(facts, version=document), self._site_url())
        return told(found, await self.owned([version]))


def _shown(connection: Connection, file_id: int) -> tuple[str | None, ModelVersion | None]:
    """What a file is shown by: its SHA256, where that is known, and the site's answer. Raises MissingError."""
    query = select(contents.c.sha256, site.c.version).join_from(files, contents, files.c.content == contents.c.id)
    row = connection.execute(
        query.outerjoin(site, site.c.content == contents.c.id).where(files.c.id == file_id)
    ).first()
    if row is None:
        raise MissingError("There is no such model in the library.")
    return row.sha256, ModelVersion.model_validate(row.version) if row.version else None


def _moved(connection: Connection, facts: rows.Facts) -> Row[Any] | None:
    """The row of a file with these facts that is no longer where it was."""
    every = rows.twins(connection, [facts[2]]).get(facts[2], [])
    return next((row for row in every if rows.facts_of(row) == facts and not os.path.lexists(real(row.path))), None)


def _is_read(connection: Connection, content: int) -> bool:
    row = connection.execute(select(contents.c.header, contents.c.broken).where(contents.c.id == content)).first()
    return row is not None and (row.header is not None or row.broken is not None)


def _spelled(path: Path) -> str:
    """The path as the database spells it. Raises UsageError for a name that it can't hold."""
    text = stored(os.path.abspath(path))  # noqa: PTH100 - links stay as the user wrote them
    if text is None:
        raise UsageError(f"The name of {path.name!r} can't be kept: rename the file.")
    return text
