"""The library: what is known of every model file, and the steps by which it becomes known."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row

from ..civitai.client import CivitaiClient
from ..civitai.schemas import ModelVersion
from ..civitai.targets import is_sha256
from ..errors import BrokenFileError, CivitaiError, MissingError, NotFoundError, UsageError
from ..events import Event, Events
from ..storage.database import Database
from ..storage.tables import files
from . import catalog
from .hashing import hash_file
from .header import read_header
from .items import LibraryDetail, LibraryItem, LibraryPage, UserChanges, UserLayer, at, compose
from .previews import Previews
from .roots import Roots, locate

log = logging.getLogger(__name__)

_ASK_AGAIN = 7 * 24 * 3600.0


class Library:
    """Answers what a file is. Nothing here blocks the loop: reading, hashing and queries run in threads."""

    def __init__(
        self,
        database: Database,
        client: CivitaiClient,
        roots: Roots,
        previews: Previews,
        events: Events,
        *,
        site_url: Callable[[], str],
    ) -> None:
        self._database = database
        self._client = client
        self._roots = roots
        self._previews = previews
        self._events = events
        self._site_url = site_url

    # -- Questions ---------------------------------------------------------------------------------------------------

    async def page(
        self, *, query: str = "", kind: str | None = None, cursor: str | None = None, limit: int = 100
    ) -> LibraryPage:
        """The newest files first. UsageError for a cursor that is none of ours."""
        if cursor and not cursor.isdecimal():
            raise UsageError("That cursor is none of this list's.")
        before = int(cursor) if cursor else None

        def work(connection: Connection) -> LibraryPage:
            rows, total = catalog.page(connection, query=query, kind=kind, before=before, limit=limit + 1)
            shown = set(LibraryItem.model_fields)
            views = (self._view(row, {}) for row in rows[:limit])
            items = [LibraryItem.model_validate(view.model_dump(include=shown)) for view in views]
            # One more than asked for tells whether there is a next page.
            return LibraryPage(
                items=items, next_cursor=str(rows[limit - 1].id) if len(rows) > limit else None, total=total
            )

        return await self._database.read(work)

    async def get(self, file_id: int) -> LibraryDetail:
        """One file with its layers. Raises MissingError."""
        return await self._read_one(file_id)

    async def find_owned(self, sha256: str) -> Path | None:
        """A file of that content that is here now, its row still fitting what the disk says."""

        def work(connection: Connection) -> Path | None:
            for path in map(Path, catalog.paths_of(connection, sha256.lower())):
                try:
                    if catalog.trusted_hash(connection, str(path), catalog.stamp(path)) == sha256.lower():
                        return path
                except OSError:
                    continue
            return None

        return await self._database.read(work)

    async def id_of(self, path: Path) -> int | None:
        """The id of the file at ``path``, if there is a row of it."""
        row = await self._database.read(lambda c: catalog.get(c, files.c.path == str(path.absolute())))
        return row.id if row else None

    def preview(self, sha256: str) -> Path | None:
        return self._previews.find(sha256)

    # -- Learning ----------------------------------------------------------------------------------------------------

    async def info(self, what: str | Path, *, fetch: bool = True) -> LibraryDetail:
        """All about a local file, or about the model with a hash (any of the site's six kinds).

        With ``fetch`` the site is asked once for what is not known yet; where it can't be reached the answer is made of
        what is known here. Raises MissingError for a file or hash nobody knows.
        """
        path = Path(what)
        if await asyncio.to_thread(path.is_file):
            file_id, sha256 = await self._learn_file(path)
            if fetch:
                await self._ask_site(sha256)
            return await self._read_one(file_id)
        text = str(what).strip()
        if not re.fullmatch(r"[0-9A-Fa-f]{8,64}", text):
            raise MissingError(f"There is no file at {text}, and it is no hash either.")
        return await self._info_of_hash(text, fetch=fetch)

    async def record(self, path: Path, sha256: str, version: ModelVersion | None, hashes: dict[str, str]) -> int:
        """Takes in a file whose SHA256 was just computed, with the site's word on it; returns its id."""
        file_id = await self._put_file(path, sha256.lower(), hashes)
        if version is not None:
            await self._put_site(sha256.lower(), version)
        self._events.publish(Event("library", str(file_id), {"id": file_id}, final=True))
        return file_id

    async def change_user(self, file_id: int, changes: UserChanges) -> LibraryDetail:
        """Changes what the user says of a file's content. Raises MissingError."""
        given = changes.model_dump(exclude_unset=True)

        def work(connection: Connection) -> None:
            row = catalog.get(connection, files.c.id == file_id)
            if row is None:
                raise MissingError("There is no such model in the library.")
            layer = catalog.user_layer(row).model_dump() | {k: v for k, v in given.items() if v is not None}
            if "preferred_strength" in given:
                layer["preferred_strength"] = given["preferred_strength"]
            catalog.put_user(connection, row.sha256, UserLayer.model_validate(layer))

        await self._database.write(work)
        self._events.publish(Event("library", str(file_id), {"id": file_id}, final=True))
        return await self._read_one(file_id)

    # -- Steps -------------------------------------------------------------------------------------------------------

    async def _learn_file(self, path: Path) -> tuple[int, str]:
        """The file's id and SHA256: from its row while that can be trusted, else by reading the file."""
        path, facts = await asyncio.to_thread(_here, path)
        known = await self._database.read(lambda c: catalog.trusted_hash(c, str(path), facts))
        if known and (file_id := await self.id_of(path)) is not None:
            return file_id, known
        sha256, hashes = await asyncio.to_thread(hash_file, path)
        return await self._put_file(path, sha256, hashes), sha256

    async def _put_file(self, path: Path, sha256: str, hashes: dict[str, str]) -> int:
        path, facts = await asyncio.to_thread(_here, path)
        header: dict[str, Any] | None = None
        broken = None
        try:
            header = await asyncio.to_thread(read_header, path)
        except BrokenFileError as error:
            broken = str(error)
        kind, name = locate(self._roots, path) or (None, path.name)
        row = catalog.FileFacts(str(path), kind, name, *facts, sha256)

        def work(connection: Connection) -> int:
            catalog.put_content(connection, sha256, facts[0], hashes, header, broken)
            return catalog.put_file(connection, row)

        return await self._database.write(work)

    async def _put_site(self, sha256: str, version: ModelVersion) -> None:
        model = version.model
        creator = model.creator.username if model and model.creator else ""
        words = [model.name if model else "", version.name, creator or "", *version.trained_words]
        document = version.model_dump(mode="json", by_alias=True)
        text = "\n".join(word for word in words if word)
        await self._database.write(lambda c: catalog.put_site(c, sha256, document, text))
        await self._previews.fetch(sha256, version)

    async def _ask_site(self, sha256: str) -> None:
        """Asks the site for a content unless its answer, or that it has none, is known already."""
        row = await self._database.read(lambda c: catalog.get_site(c, sha256))
        if row and (row.version is not None or time.time() - row.fetched_at < _ASK_AGAIN):
            return
        try:
            await self._put_site(sha256, await self._client.by_hash(sha256))
        except NotFoundError:
            await self._database.write(lambda c: catalog.put_site(c, sha256, None))
        except CivitaiError as error:
            log.warning("The site could not be asked about %s: %s", sha256[:12], error)

    async def _info_of_hash(self, text: str, *, fetch: bool) -> LibraryDetail:
        sha256 = await self._database.read(lambda c: catalog.content_by_hash(c, text))
        if sha256:
            if fetch:
                await self._ask_site(sha256)
            row = await self._database.read(lambda c: catalog.get(c, files.c.sha256 == sha256))
            if row:
                return await self._read_one(row.id)
        if not fetch:
            raise MissingError(f"No model with the hash {text} is known here.")
        version = await self._client.by_hash(text)
        return compose(
            {"sha256": text.lower() if is_sha256(text) else None, "state": "missing"},
            hashes={},
            header=None,
            version=version.model_dump(mode="json", by_alias=True),
            user=UserLayer(),
            site_url=self._site_url(),
        )

    async def _read_one(self, file_id: int) -> LibraryDetail:
        def work(connection: Connection) -> LibraryDetail | None:
            row = catalog.get(connection, files.c.id == file_id)
            return self._view(row, catalog.hashes_of(connection, row.sha256)) if row else None

        found = await self._database.read(work)
        if found is None:
            raise MissingError("There is no such model in the library.")
        return found

    def _view(self, row: Row[Any], hashes: dict[str, str]) -> LibraryDetail:
        path = Path(row.path)
        state = "broken" if row.broken else "present" if path.is_file() else "missing"
        facts = {
            "id": row.id,
            "kind": row.kind,
            "name": row.name,
            "file_name": path.name,
            "title": path.stem,
            "sha256": row.sha256,
            "size": row.size,
            "state": state,
            "broken": row.broken,
            "has_preview": self.preview(row.sha256) is not None,
            "added_at": at(row.added_at),
            "path": row.path,
        }
        return compose(
            facts,
            hashes=hashes,
            header=row.header,
            version=row.version,
            user=catalog.user_layer(row),
            site_url=self._site_url(),
        )


def _here(path: Path) -> tuple[Path, tuple[int, int, int]]:
    return path.absolute(), catalog.stamp(path)
