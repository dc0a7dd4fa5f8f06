"""Actions on a real library: folders, rows and all that the disk has."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Row, Select, select

from lorakeeper.py.events import Event, Events
from lorakeeper.py.library import rows
from lorakeeper.py.library.actions import Actions, Done, Plan, read_request
from lorakeeper.py.library.catalog import Catalog
from lorakeeper.py.library.items import LibraryItem, UserLayer
from lorakeeper.py.library.query import LibraryQuery
from lorakeeper.py.library.rows import facts_of, stamp
from lorakeeper.py.storage.tables import cards, items

from ..places import Place, place

TRASH = ".lorakeeper-trash"


@dataclass
class World:
    place: Place
    actions: Actions
    events: list[Event]

    @property
    def loras(self) -> Path:
        return self.place.folder / "loras"

    @property
    def checkpoints(self) -> Path:
        return self.place.folder / "checkpoints"

    def put(self, name: str, content: bytes | None = None, *, root: str = "loras") -> Path:
        return self.place.put(name, content, root=root)

    async def learn(self) -> dict[str, int]:
        """Scans and reads everything; returns the ids by the loaders' names."""
        await self.place.scanner.scan()
        await self.place.learner.run()
        return await self.ids()

    async def ids(self) -> dict[str, int]:
        return {name: row.id for name, row in (await self.place.rows()).items()}

    async def row(self, file_id: int) -> Row[Any]:
        row = await self.place.database.read(lambda c: rows.get_file(c, file_id))
        assert row is not None
        return row

    async def plan(self, action: str, **fields: Any) -> Plan:
        return await self.actions.plan(read_request({"action": action, **fields}))

    async def run(self, action: str, **fields: Any) -> Done:
        return await self.actions.run(read_request({"action": action, **fields}))

    async def undo(self, done: Done) -> Done:
        assert done.action_id is not None
        return await self.actions.undo(done.action_id)

    async def user(self, file_id: int) -> UserLayer:
        row = await self.row(file_id)
        return await self.place.database.read(lambda c: rows.user_layer(c, row.content))

    async def tell(self, file_id: int, **fields: Any) -> None:
        row = await self.row(file_id)
        await self.place.database.write(lambda c: rows.put_user(c, row.content, UserLayer(**fields)))

    async def site(self, file_id: int, version: dict[str, Any]) -> None:
        row = await self.row(file_id)

        def work(connection: Any) -> None:
            rows.put_site(connection, row.content, version)
            self.place.view.refresh_contents(connection, [row.content])

        await self.place.database.write(work)

    async def listed(self, **query: Any) -> dict[str, str]:
        """The state of each file that the list shows, by the loaders' names."""
        page = await self.place.database.read(lambda c: Catalog().page(c, LibraryQuery(**query)))
        found = [LibraryItem.model_validate_json(card) for card in page.cards]
        return {item.name: item.state for item in found}

    async def count(self, query: Select[Any]) -> int:
        return int(await self.place.database.read(lambda c: c.execute(query).scalar_one()))

    def tree(self) -> dict[str, bytes]:
        """Every file with its bytes, and every folder with none, but for the database's."""
        found = {}
        for path in sorted(self.place.folder.rglob("*")):
            name = path.relative_to(self.place.folder).as_posix()
            if not name.startswith("home"):
                found[name + "/" * path.is_dir()] = b"" if path.is_dir() else path.read_bytes()
        return found

    async def list_(self) -> list[Any]:
        """The list's rows, which are to fit the files'."""
        query = select(items.c.file, items.c.kind, items.c.folder, items.c.missing, items.c.trashed, cards.c.card).join(
            cards, cards.c.file == items.c.file
        )
        return list(await self.place.database.read(lambda c: c.execute(query.order_by(items.c.file)).all()))

    async def agrees(self) -> None:
        """Rows, list and disk say the same, so that a scan finds nothing to do."""
        known = {row.path: row for row in (await self.place.rows()).values()}
        for path, row in known.items():
            if not row.missing:
                assert stamp(path) == facts_of(row), path
        shown = {row.file: row for row in await self.list_()}
        assert set(shown) == {row.id for row in known.values()}
        for row in known.values():
            here = shown[row.id]
            assert (here.kind, here.folder, here.missing or here.trashed) == (row.kind, row.folder, row.missing), (
                row.path
            )
        report = await self.place.scanner.scan()
        assert not report.touched, report
        leftover = [str(path) for path in self.place.folder.rglob(".lorakeeper-*.part")]
        assert not leftover


@asynccontextmanager
async def world(folder: Path, roots: Mapping[str, list[Path]] | None = None, **more: Any) -> AsyncIterator[World]:
    (folder / "checkpoints").mkdir(exist_ok=True)
    home = folder / "home"
    home.mkdir(exist_ok=True)
    async with place(folder, roots) as here:
        events = Events()
        published: list[Event] = []
        events.subscribe(published.append)
        yield World(here, Actions(here.database, here.roots, here.view, events, **more), published)


def far(source: Path, target: Path) -> None:
    """A rename as between two disks: it refuses."""
    import errno

    raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), str(source), None, str(target))


def far_between(one: Path, other: Path, rename: Callable[[Path, Path], None]) -> Callable[[Path, Path], None]:
    """Renames, but for those that go from one of the folders to the other."""

    def move(source: Path, target: Path) -> None:
        if source.is_relative_to(one) != target.is_relative_to(one) and (
            source.is_relative_to(other) or target.is_relative_to(other)
        ):
            far(source, target)
        rename(source, target)

    return move
