"""Dropping missing files from the list, and knowing them again."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row

from ...storage.database import Database
from .. import rows
from ..paths import real
from ..view import View
from .common import Run, dumped, in_writes, reinsert
from .steps import ForgetStep, KeptStep

_BATCH = 100


def plan(known: Iterable[Row[Any]]) -> list[ForgetStep | KeptStep]:
    """Blocking: it looks whether the files are missing indeed."""
    steps: list[ForgetStep | KeptStep] = []
    for row in known:
        why = None
        if not row.missing:
            why = "It is here, so it isn't forgotten: only missing files can be."
        elif os.path.lexists(real(row.path)):
            why = "It is in the trash: restore it, or empty the trash first."
        if why:
            steps.append(KeptStep(id=row.id, path=row.path, state="refused", why=why))
        else:
            steps.append(ForgetStep(id=row.id, row=dumped(row), sha256=row.sha256))
    return steps


class Forgetter:
    """Removes rows, or puts them back."""

    def __init__(self, database: Database, view: View) -> None:
        self._database = database
        self._view = view

    async def do(self, run: Run, steps: list[tuple[int, ForgetStep]]) -> set[int]:
        return await in_writes(self._database, run, [step for _, step in steps], _BATCH, self._write)

    async def settle(self, run: Run, steps: list[tuple[int, ForgetStep]]) -> set[int]:
        """Finishes: what is done already is recognised."""
        return await self.do(run, steps)

    def _write(self, connection: Connection, steps: list[ForgetStep]) -> set[int]:
        ids: set[int] = set()
        for step in steps:
            (self._remember if step.back else self._forget)(connection, step)
            if step.state == "done" and step.id is not None:
                ids.add(step.id)
        return ids

    def _forget(self, connection: Connection, step: ForgetStep) -> None:
        now = rows.get_file(connection, step.row["id"])
        if now is not None and (now.path != step.row["path"] or not now.missing):
            step.fail("It has come back meanwhile.")
            return
        if now is not None:
            rows.remove_file(connection, now.id)
            # Copies, and other versions of the model, are told apart by what is known.
            self._view.refresh_contents(connection, [now.content])
        step.state = "done"

    def _remember(self, connection: Connection, step: ForgetStep) -> None:
        known = rows.file_at(connection, step.row["path"])
        if known is not None and (known.id, known.content, known.missing) == (
            step.row["id"],
            step.row["content"],
            True,
        ):
            step.state = "done"
            return
        back = reinsert(connection, step.row, step.sha256)
        if back is None:
            step.fail("A file is known at its place again." if known is not None else "What was known of it has gone.")
            return
        step.state, step.id = "done", back
        self._view.refresh(connection, [back])
