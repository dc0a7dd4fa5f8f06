"""What the tests of asking the site share: a library whose files are mostly rows only, and a clock that can be set."""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, select, update

from lorakeeper.py.civitai.client import CivitaiClient
from lorakeeper.py.civitai.http import Http, RetryPolicy
from lorakeeper.py.events import Event, Events
from lorakeeper.py.library import rows
from lorakeeper.py.library.hashing import hash_file
from lorakeeper.py.library.learned import read_beginning, settle
from lorakeeper.py.library.metadata import MetadataExtractor, SiteKnowledge
from lorakeeper.py.library.previews import Previews
from lorakeeper.py.library.updates import Updates
from lorakeeper.py.library.view import View
from lorakeeper.py.storage.database import Database
from lorakeeper.py.storage.tables import contents, files, hashes, items, models, site
from lorakeeper.testing import samples
from lorakeeper.testing.fake_civitai import FakeCivitai

FAST = RetryPolicy(attempts=2, busy_attempts=2, wait=0.001, longest=0.01, jitter=0.001, patience=5.0)


def digest(name: object) -> str:
    """A SHA256, always the same for the same name."""
    return hashlib.sha256(str(name).encode()).hexdigest()


def listed(name: object, **more: Any) -> samples.Sample:
    """What the site lists: a file of which only the hashes matter, its SHA256 being :func:`digest`'s."""
    known = {"SHA256": digest(name).upper(), **more.pop("hashes", {})}
    return samples.Sample(f"{name}.safetensors", str(name).encode(), name=str(name), hashes=known).but(**more)


class Rig:
    def __init__(self, civitai: FakeCivitai, database: Database, http: Http, folder: Path) -> None:
        self.civitai = civitai
        self.database = database
        self.events: list[Event] = []
        self.later = 0.0
        """How many seconds from now it is."""
        self.learned: list[Path] = []
        stream = Events()
        stream.subscribe(self.events.append)
        previews = Previews(folder, http, nsfw_bits=lambda: 63, allowed=lambda url: True)
        self.view = View(previews, site_url=lambda: civitai.url)
        client = CivitaiClient(http, cache=False)
        clock = lambda: time.time() + self.later  # noqa: E731
        self.knowledge = SiteKnowledge(database, client, self.view, previews, stream, now=clock)
        self.updates = Updates(database, self.knowledge, self.view)
        self.extractor = MetadataExtractor(database, self.knowledge, self.learn)

    async def add(
        self, sha256: str, *, others: Mapping[str, str] | None = None, header: dict[str, Any] | None = None
    ) -> int:
        """A file that was read already, as a row; returns its content."""
        (content,) = await self.add_files([sha256])

        def write(connection: Connection) -> None:
            rows.put_header(connection, content, header, None)
            rows.put_hashes(connection, content, dict(others or {}))
            self.view.refresh_contents(connection, [content])

        if others or header:
            await self.database.write(write)
        return content

    async def add_files(self, sha256s: Sequence[str]) -> list[int]:
        """Many of them."""

        def write(connection: Connection) -> list[int]:
            names = [f"{sha256}.safetensors" for sha256 in sha256s]
            places = [rows.Place(f"/models/{name}", "loras", name, "") for name in names]
            new = rows.add_files(connection, [(place, (10, 1, 1), None, None) for place in places])
            query = select(files.c.content).where(files.c.id.in_(new)).order_by(files.c.id)
            found = list(connection.execute(query).scalars())
            for content, sha256 in zip(found, sha256s, strict=True):
                connection.execute(update(contents).where(contents.c.id == content).values(sha256=sha256))
            self.view.refresh(connection, new)
            return found

        return await self.database.write(write)

    async def add_contents(self, sha256s: Sequence[str]) -> None:
        """Contents alone: a file each would take its time."""
        every = [{"sha256": each, "size": 10} for each in sha256s]
        await self.database.write(lambda c: c.execute(contents.insert(), every))

    async def learn(self, path: Path) -> int:
        """Reads a real file and takes it in, as the library does."""
        self.learned.append(path)
        reading = await asyncio.to_thread(read_beginning, path)
        sha256, others = await asyncio.to_thread(hash_file, path)
        whole = replace(reading, sha256=sha256, others=others)

        def write(connection: Connection) -> int:
            known = rows.file_at(connection, str(path))
            place = rows.Place(str(path), None, path.name, "")
            if known is None:
                (file,) = rows.add_files(connection, [(place, reading.facts, None, None)])
            else:
                file = known.id
                rows.relocate(connection, file, place, reading.facts)
            (content,) = settle(connection, self.view, file, whole)
            return content

        return await self.database.write(write)

    async def site(self, content: int) -> Row[Any] | None:
        return await self.database.read(lambda c: c.execute(select(site).where(site.c.content == content)).first())

    async def version_id(self, content: int) -> int | None:
        row = await self.site(content)
        return row.version_id if row else None

    async def model(self, model_id: int) -> Row[Any] | None:
        return await self.database.read(lambda c: c.execute(select(models).where(models.c.id == model_id)).first())

    async def item(self, content: int) -> Row[Any]:
        return await self.database.read(lambda c: c.execute(select(items).where(items.c.content == content)).one())

    async def hashes(self, content: int) -> dict[str, str]:
        query = select(hashes.c.kind, hashes.c.value).where(hashes.c.content == content)
        return await self.database.read(lambda c: {row.kind: row.value for row in c.execute(query)})

    def asked(self, path: str) -> int:
        """How many requests went to exactly that path of the API."""
        return sum(request.path == f"/api/v1/{path}" for request in self.civitai.site.requests)

    @property
    def singles(self) -> list[str]:
        """The hashes that were asked about one by one."""
        paths = [request.path.split("/") for request in self.civitai.site.requests if request.method == "GET"]
        return [path[-1] for path in paths if path[-2] == "by-hash"]


@asynccontextmanager
async def site_rig(civitai: FakeCivitai, folder: Path) -> AsyncIterator[Rig]:
    database = Database(folder / "library.db")
    await database.open()
    http = Http(base_url=civitai.url, key_for=lambda url: None, retry=FAST)
    yield Rig(civitai, database, http, folder / "previews")
    await http.close()
    await database.close()


def put(folder: Path, sample: samples.Sample, name: str = "") -> Path:
    path = folder / (name or sample.file_name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(sample.content())
    # Never the time of another file that was just there.
    os.utime(path, ns=(time.time_ns(), time.time_ns()))
    return path
