"""Doing moves: on the disk in a thread, a few at a time, and in the rows right behind."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, select, update

from ...errors import ConflictError, LorakeeperError
from ...storage.database import Database
from ...storage.tables import contents, files
from .. import rows
from ..paths import real
from ..rows import Facts
from ..view import View
from .common import STOPPED, Run, dumped, reinsert, sentence
from .disk import Disk, facts, is_like
from .places import Places
from .steps import MoveStep

log = logging.getLogger(__name__)

_BATCH = 10  # moves between two writes of rows
_SECONDS = 0.1  # after which a batch ends early

Numbered = list[tuple[int, MoveStep]]


class Mover:
    """``scans`` is held while files and rows differ, so that no scan takes one for news."""

    def __init__(self, database: Database, view: View, places: Places, disk: Disk, scans: asyncio.Lock) -> None:
        self._database = database
        self._view = view
        self._places = places
        self._disk = disk
        self._scans = scans

    async def do(self, run: Run, steps: Numbered) -> set[int]:
        waiting = deque(steps)
        touched: set[int] = set()
        while waiting:
            async with self._scans:
                tried = await asyncio.to_thread(self._some, run, waiting)
                touched |= await self._database.write(partial(self._write, tried=tried))
        return touched

    async def settle(self, run: Run, steps: Numbered) -> set[int]:
        touched: set[int] = set()
        for chunk in rows.chunks(steps, _BATCH):
            await asyncio.to_thread(self._settle_all, run, chunk)
            moved = [step for _, step in chunk]
            touched |= await self._database.write(partial(self._write, tried=moved))
        return touched

    # -- In a thread -------------------------------------------------------------------------------------------------

    def _some(self, run: Run, waiting: deque[tuple[int, MoveStep]]) -> list[MoveStep]:
        begun = time.monotonic()
        tried: list[MoveStep] = []
        while waiting and len(tried) < _BATCH and time.monotonic() - begun < _SECONDS:
            number, step = waiting.popleft()
            self._move(run, number, step)
            tried.append(step)
        return tried

    def _move(self, run: Run, number: int, step: MoveStep) -> None:
        model, *others = step.pairs()
        try:
            run.tick(0)
            if not is_like(facts(model[0]), step.facts):
                raise ConflictError(f"{model[0].name} was replaced by another file meanwhile.")
            self._disk.move(*model, run.part(number, model[1]), run.tick)
            step.state, step.facts = "done", facts(model[1])
        except (LorakeeperError, OSError) as error:
            step.fail(sentence(model[0], error))
            return
        self._move_others(run, number, step, others)

    def _move_others(self, run: Run, number: int, step: MoveStep, others: list[tuple[Path, Path]]) -> None:
        """The files beside a model that has moved. One that can't follow stays, which is said."""
        for place, (source, target) in enumerate(others, 1):
            try:
                self._disk.move(source, target, run.part(number, target, place))
            except FileNotFoundError:
                log.info("%s went away before it could follow its model.", source)
            except (LorakeeperError, OSError) as error:
                step.why = f"{source.name} stayed behind. {sentence(source, error)}"

    def _settle_all(self, run: Run, steps: Numbered) -> None:
        for number, step in steps:
            try:
                self._settle(run, number, step)
            except (LorakeeperError, OSError) as error:
                step.fail(sentence(step.source, error))

    def _settle(self, run: Run, number: int, step: MoveStep) -> None:
        model, *others = step.pairs()
        if not self._disk.settle(*model, run.part(number, model[1]), step.facts[0]):
            step.fail(STOPPED)
            return
        step.state, step.facts = "done", facts(model[1])
        left = []
        for place, (source, target) in enumerate(others, 1):
            part = run.part(number, target, place)
            size = source.lstat().st_size if source.exists() else target.lstat().st_size if target.exists() else 0
            if not self._disk.settle(source, target, part, size):
                left.append((source, target))
        self._move_others(run, number, step, left)

    # -- In the rows -------------------------------------------------------------------------------------------------

    def _write(self, connection: Connection, tried: list[MoveStep]) -> set[int]:
        moved = [step for step in tried if step.state == "done"]
        known = self._known(connection, moved)
        for step in moved:
            self._write_one(connection, step, known)
        ids = {step.id for step in moved if step.id is not None}
        if any(step.trashed or step.was_trashed for step in moved):
            # Copies, and other versions of a model, are told apart from what has gone by what is here.
            found = connection.execute(select(files.c.content).where(files.c.id.in_(ids))).scalars()
            self._view.refresh_contents(connection, set(found))
        else:
            self._view.refresh(connection, ids)
        return ids

    def _known(self, connection: Connection, moved: list[MoveStep]) -> list[Row[Any]]:
        """The rows at the old and new places of these files."""
        paths = [path for step in moved for path in step.moves[0]]
        return list(connection.execute(select(files).where(files.c.path.in_(paths))))

    def _write_one(self, connection: Connection, step: MoveStep, known: list[Row[Any]]) -> None:
        before, after = step.moves[0]
        place = self._places.place(Path(real(after)))
        now = _facts_of_file(step)
        # The row is found by where the file was: the one with its id may tell of another file by now, one of the same
        # content that came while this was in the trash.
        here = [each for each in known if each.path in (before, after)]
        row = next((each for each in here if each.id == step.id), None)
        row = row or next((each for each in here if each.path == before), None)
        other = next((each for each in here if each.path == after and each is not row), None)
        if other is not None:
            if other.missing:
                step.displaced = {**dumped(other), "sha256": _sha256(connection, other.content)}
            rows.remove_file(connection, other.id)
        if row is None:
            content = step.content if _fits(connection, step.content, now) else None
            [step.id] = rows.add_files(connection, [(place, now, None, content)])
        else:
            step.id = row.id
            if step.trashed:
                place = rows.Place(place.path, row.kind, row.name, row.folder)
            rows.relocate(connection, row.id, place, now)
        if step.trashed:
            connection.execute(update(files).where(files.c.id == step.id).values(missing=True))
        if step.bring_back is not None:
            gone = dict(step.bring_back)
            back = reinsert(connection, gone, gone.pop("sha256"))
            self._view.refresh(connection, [] if back is None else [back])


def _facts_of_file(step: MoveStep) -> Facts:
    """What the rows keep: the facts of the file, also behind a link."""
    try:
        return rows.stamp(step.target)
    except OSError:
        return step.facts


def _sha256(connection: Connection, content: int) -> str | None:
    return connection.execute(select(contents.c.sha256).where(contents.c.id == content)).scalar()


def _fits(connection: Connection, content: int, now: Facts) -> bool:
    return connection.execute(select(contents.c.size).where(contents.c.id == content)).scalar() == now[0]
