"""Turning exact duplicates into hard links, and back. Each file is read again right before, whatever the rows say."""

from __future__ import annotations

import asyncio
import errno
import os
from functools import partial
from pathlib import Path

from sqlalchemy import Connection

from ...errors import ConflictError, LorakeeperError
from ...storage.database import Database
from .. import rows
from ..paths import real
from ..rows import Facts
from ..view import View
from .common import STOPPED, Run, sentence
from .disk import Disk, facts, sha256_of, sync_folder
from .steps import LinkStep, SplitStep

_Hashes = dict[tuple[int, Facts], str]
Numbered = list[tuple[int, LinkStep | SplitStep]]


class Linker:
    """``scans`` is held while files and rows differ."""

    def __init__(self, database: Database, view: View, disk: Disk, scans: asyncio.Lock) -> None:
        self._database = database
        self._view = view
        self._disk = disk
        self._scans = scans

    async def do(self, run: Run, steps: Numbered) -> set[int]:
        touched: set[int] = set()
        hashes: _Hashes = {}
        for number, step in steps:
            ready = await asyncio.to_thread(self._prepare, run, number, step, hashes)
            if ready is None:
                continue
            async with self._scans:
                await asyncio.to_thread(self._replace, step, *ready)
                touched |= await self._database.write(partial(self._write, step=step))
        return touched

    async def settle(self, run: Run, steps: Numbered) -> set[int]:
        touched: set[int] = set()
        for number, step in steps:
            await asyncio.to_thread(self._settle, run, number, step)
            touched |= await self._database.write(partial(self._write, step=step))
        return touched

    def _prepare(self, run: Run, number: int, step: LinkStep | SplitStep, hashes: _Hashes) -> tuple[Path, Facts] | None:
        """What is to replace the file, and what the file must still be then; None where that can't be made."""
        path = Path(real(step.path))
        part = run.part(number, path)
        try:
            run.tick(0)
            now = facts(path)
            if isinstance(step, SplitStep):
                if now[2] != step.facts[2] or path.lstat().st_nlink < 2:
                    raise ConflictError(f"{path.name} is a file of its own already, or another one.")
                if self._disk.copy(path, part, run.tick) != step.sha256:
                    raise ConflictError(f"{path.name} was changed since it was linked, so both names keep one file.")
                os.utime(part, ns=(part.stat().st_atime_ns, step.mtime_ns))
            else:
                self._link(run, step, path, part, hashes)
            if facts(path)[:2] != now[:2]:
                raise ConflictError(f"{path.name} was written to meanwhile, so it stays as it is.")
        except (LorakeeperError, OSError) as error:
            part.unlink(missing_ok=True)
            step.fail(_no_links(path, error) or sentence(path, error))
            return None
        return part, now

    def _link(self, run: Run, step: LinkStep, path: Path, part: Path, hashes: _Hashes) -> None:
        keep = Path(real(step.keep))
        if keep.lstat().st_dev != path.lstat().st_dev:
            raise ConflictError(f"{path.name} lies on another disk than {keep}.")
        for each in (keep, path):
            key = (each.lstat().st_dev, facts(each))
            if key not in hashes:
                hashes[key] = sha256_of(each, run.tick)
                if facts(each) != key[1]:
                    raise ConflictError(f"{each.name} was written to while it was read.")
            if hashes[key] != step.sha256:
                raise ConflictError(f"{each} is not what it was when it was last read: check it before anything else.")
        part.unlink(missing_ok=True)
        os.link(keep, part)

    def _replace(self, step: LinkStep | SplitStep, part: Path, then: Facts) -> None:
        path = Path(real(step.path))
        try:
            if facts(path)[:2] != then[:2]:
                raise ConflictError(f"{path.name} was written to meanwhile, so it stays as it is.")
            part.replace(path)
            sync_folder(path.parent)
            step.state, step.facts = "done", facts(path)
        except (LorakeeperError, OSError) as error:
            step.fail(sentence(path, error))
        # Where both were one file by then, replacing did nothing.
        part.unlink(missing_ok=True)

    def _settle(self, run: Run, number: int, step: LinkStep | SplitStep) -> None:
        path = Path(real(step.path))
        run.part(number, path).unlink(missing_ok=True)
        try:
            now = facts(path)
            if isinstance(step, LinkStep):
                done = os.path.samestat(path.lstat(), Path(real(step.keep)).lstat())
            else:
                done = now[2] != step.facts[2] and now[0] == step.facts[0]
        except OSError as error:
            step.fail(sentence(path, error))
            return
        if done:
            step.state, step.facts = "done", now
        else:
            step.fail(STOPPED)

    def _write(self, connection: Connection, step: LinkStep | SplitStep) -> set[int]:
        row = rows.file_at(connection, step.path)
        if step.state != "done" or row is None:
            return set()
        rows.relocate(connection, row.id, rows.Place(row.path, row.kind, row.name, row.folder), step.facts)
        # How many copies there are, all of them show.
        self._view.refresh_contents(connection, [row.content])
        return {row.id}


def _no_links(path: Path, error: Exception) -> str | None:
    if isinstance(error, OSError) and error.errno in (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK):
        return f"The disk of {path.parent} can't give one file two names."
    return None
