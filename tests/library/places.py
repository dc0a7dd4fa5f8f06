"""A library without the rest of the application: its database, its view, and a folder of LoRAs."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Row, select

from lorakeeper.py.civitai.http import Http
from lorakeeper.py.events import Event, Events
from lorakeeper.py.library.learn import Learner
from lorakeeper.py.library.lookup import Lookup
from lorakeeper.py.library.previews import Previews
from lorakeeper.py.library.roots import FolderRoots
from lorakeeper.py.library.scan import Scanner
from lorakeeper.py.library.usage import Usage
from lorakeeper.py.library.view import View
from lorakeeper.py.storage.database import Database
from lorakeeper.py.storage.tables import files
from lorakeeper.testing import samples


@dataclass
class Place:
    folder: Path
    database: Database
    view: View
    previews: Previews
    scanner: Scanner
    learner: Learner
    roots: FolderRoots
    published: list[Event]
    state: dict[str, Any] = field(default_factory=lambda: {"busy": False, "threads": 2})

    def put(self, name: str, content: bytes | None = None, *, root: str = "loras", age: float = 60.0) -> Path:
        """A file that was last written ``age`` seconds ago."""
        path = self.folder / root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(samples.lora(name).content() if content is None else content)
        status = path.stat()
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns - int(age * 1e9)))
        return path

    def usage(self) -> Usage:
        return Usage(self.database, self.view, Lookup(self.database, self.roots), Events())

    async def rows_by_id(self) -> list[int]:
        return list(await self.database.read(lambda c: c.execute(select(files.c.id)).scalars().all()))

    async def rows(self) -> dict[str, Row[Any]]:
        """The rows by the loaders' names."""
        found = await self.database.read(lambda c: c.execute(select(files)).all())
        return {row.name: row for row in found}


@asynccontextmanager
async def place(
    folder: Path, roots: Mapping[str, list[Path]] | None = None, *, busy: Callable[[], bool] | None = None
) -> AsyncIterator[Place]:
    (folder / "loras").mkdir(exist_ok=True)
    database = Database(folder / "home" / "lorakeeper.db")
    await database.open()
    events = Events()
    published: list[Event] = []
    events.subscribe(published.append)
    http = Http(base_url=lambda: "http://127.0.0.1:9", key_for=lambda url: None, proxy=lambda: "")
    previews = Previews(folder / "home" / "previews", http, nsfw_bits=lambda: 1, allowed=lambda url: False)
    view = View(previews, site_url=lambda: "https://civitai.com")
    where = FolderRoots(roots or {"loras": [folder / "loras"], "checkpoints": [folder / "checkpoints"]})
    state: dict[str, Any] = {"busy": False, "threads": 2}
    learner = Learner(
        database,
        view,
        previews,
        events,
        threads=lambda: int(state["threads"]),
        blake3=lambda: False,
        busy=busy or (lambda: bool(state["busy"])),
    )
    scanner = Scanner(database, where, view, events)
    try:
        yield Place(folder, database, view, previews, scanner, learner, where, published, state)
    finally:
        await http.close()
        await database.close()
