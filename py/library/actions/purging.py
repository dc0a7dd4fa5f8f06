"""Emptying the trash: what goes is gone for good, so only what the journal knows as trash is touched."""

from __future__ import annotations

import asyncio
import os
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, update

from ...errors import ConflictError, LorakeeperError
from ...storage.database import Database
from ...storage.tables import files
from .. import rows
from ..paths import real
from ..view import View
from .common import STOPPED, Run, sentence
from .disk import facts, is_like
from .places import Places
from .steps import KeptStep, MoveStep, PurgeStep

_BATCH = 10

Numbered = list[tuple[int, PurgeStep]]


def plan(
    trashed: dict[int, list[tuple[int, MoveStep]]], places: Places
) -> tuple[list[PurgeStep | KeptStep], set[Path]]:
    """``(steps, folders)`` for what these actions put there: what of it is still in the trash, and the folders that can
    go once they are empty. Blocking."""
    steps: list[PurgeStep | KeptStep] = []
    folders: set[Path] = set()
    for action, number, step in ((action, *each) for action, group in trashed.items() for each in group):
        path = step.target
        try:
            places.home(path)
            trash = places.trash_folder(path)
            if trash is None or not os.path.lexists(path):
                raise ConflictError(f"{step.source.name} isn't in the trash any more.")
            if not is_like(facts(path), step.facts):
                raise ConflictError(f"Another file lies at {path} now, so it stays.")
        except (LorakeeperError, OSError) as error:
            steps.append(KeptStep(id=step.id, path=step.moves[0][0], state="refused", why=sentence(path, error)))
            continue
        paths = [target for _, target in step.moves if os.path.lexists(real(target))]
        home, size = step.moves[0][0], step.facts[0]
        steps.append(PurgeStep(id=step.id, action=action, number=number, paths=paths, home=home, size=size))
        folders.update(each for each in path.parents if each.is_relative_to(trash))
    return steps, folders


class Purger:
    """Deletes. The rows stay, as missing where the files were before, and with them what is known."""

    def __init__(self, database: Database, view: View, places: Places, scans: asyncio.Lock) -> None:
        self._database = database
        self._view = view
        self._places = places
        self._scans = scans

    async def do(self, run: Run, steps: Numbered) -> set[int]:
        touched: set[int] = set()
        for chunk in rows.chunks((step for _, step in steps), _BATCH):
            async with self._scans:
                await asyncio.to_thread(self._delete, run, chunk)
                touched |= await self._database.write(partial(self._write, steps=chunk))
        return touched

    async def settle(self, run: Run, steps: Numbered) -> set[int]:
        """Finishes those of which something has gone already; the others stay in the trash."""
        begun = [(number, step) for number, step in steps if await asyncio.to_thread(_is_begun, step)]
        for number, step in steps:
            if (number, step) not in begun:
                step.fail(STOPPED)
        return await self.do(run, begun)

    def _delete(self, run: Run, steps: list[PurgeStep]) -> None:
        for step in steps:
            path = Path(real(step.paths[0]))
            try:
                run.tick(0)
                for each in step.paths:
                    whole = Path(real(each))
                    if self._places.trash_folder(whole) is None:
                        raise ConflictError(f"{whole} is not in the trash.")
                    whole.unlink(missing_ok=True)
                step.state = "done"
            except (LorakeeperError, OSError) as error:
                step.fail(sentence(path, error))

    def _write(self, connection: Connection, steps: list[PurgeStep]) -> set[int]:
        contents: set[int] = set()
        ids: set[int] = set()
        for step in steps:
            row = rows.get_file(connection, step.id) if step.id is not None else None
            if step.state != "done" or row is None or row.path != step.paths[0]:
                continue
            ids.add(row.id)
            contents.add(row.content)
            if rows.file_at(connection, step.home) is None:
                # No inode: a new file that gets it is no sign of this one.
                connection.execute(update(files).where(files.c.id == row.id).values(path=step.home, inode=0))
        self._view.refresh_contents(connection, contents)
        return ids


def _is_begun(step: PurgeStep) -> bool:
    return not all(os.path.lexists(real(each)) for each in step.paths)
