"""What the kinds of steps share: the rows they are about, how a run is told to stop, and how a refusal reads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Row, insert, select

from ...downloads.placement import OWN_PREFIX
from ...errors import LorakeeperError
from ...storage.database import Database
from ...storage.tables import contents, files
from .. import rows
from .disk import StoppedError
from .steps import AnyStep, KeptStep

STOPPED = "Lorakeeper was stopped before its turn."
GONE = "There is no such model in the library."

S = TypeVar("S", bound=AnyStep)


@dataclass
class Run:
    """One action under way. ``report`` is called with the bytes copied or read since the last call."""

    action: int
    stop: threading.Event = field(default_factory=threading.Event)
    report: Callable[[int], None] = lambda count: None

    def tick(self, count: int) -> None:
        """Raises StoppedError once the action is to stop."""
        if self.stop.is_set():
            raise StoppedError(STOPPED)
        self.report(count)

    def part(self, number: int, target: Path, place: int = 0) -> Path:
        """The name under which a file of step ``number`` grows beside ``target``: known again after a kill."""
        return target.with_name(f"{OWN_PREFIX}{self.action}-{number}-{place}.part")


class Doer(Protocol[S]):
    """Does one kind of steps: each gets its state, and its ``why`` where it failed. ``settle`` ends those of a run that
    was killed. Both write the rows and the list, and return the ids of the files that changed."""

    async def do(self, run: Run, steps: list[tuple[int, S]]) -> set[int]: ...

    async def settle(self, run: Run, steps: list[tuple[int, S]]) -> set[int]: ...


async def in_writes(
    database: Database, run: Run, steps: Iterable[S], size: int, write: Callable[..., set[int]]
) -> set[int]:
    """Does ``size`` steps a write, by ``write(connection, steps=…)``, until the run is to stop; returns the files that
    changed."""
    touched: set[int] = set()
    for chunk in rows.chunks(steps, size):
        try:
            run.tick(0)
        except StoppedError as error:
            for step in chunk:
                step.fail(str(error))
        else:
            touched |= await database.write(partial(write, steps=chunk))
    return touched


def load(connection: Connection, ids: Iterable[int]) -> dict[int, Row[Any]]:
    """The rows of those files that are known, each with its content's ``sha256``."""
    query = select(files, contents.c.sha256).join(contents, contents.c.id == files.c.content)
    return {
        row.id: row
        for chunk in rows.chunks(ids)
        for row in connection.execute(query.where(files.c.id.in_(chunk))).all()
    }


def unknown(file_id: int) -> KeptStep:
    return KeptStep(id=file_id, path="", state="refused", why=GONE)


def dumped(row: Row[Any]) -> dict[str, Any]:
    """A file's row for the journal."""
    return {column.name: row._mapping[column.name] for column in files.columns}


def reinsert(connection: Connection, row: dict[str, Any], sha256: str | None) -> int | None:
    """Knows a missing file again; returns its id, None where a file is known at its place, or its content has gone.

    It gets its own id back unless that has been given to another since.
    """
    if rows.file_at(connection, row["path"]) is not None:
        return None
    content = row["content"]
    known = connection.execute(select(contents.c.sha256).where(contents.c.id == content)).first()
    if known is None or known.sha256 != sha256:
        # Contents that turned out to be the same have become one since.
        content = rows.content_by_hash(connection, sha256) if sha256 else None
    if content is None:
        return None
    values = {**row, "content": content, "missing": True}
    if rows.get_file(connection, row["id"]) is not None:
        del values["id"]
    return int(connection.execute(insert(files).values(**values).returning(files.c.id)).scalar_one())


def sentence(path: Path, error: Exception) -> str:
    """Why nothing happened to the file at ``path``."""
    if isinstance(error, LorakeeperError):
        return str(error)
    if isinstance(error, FileExistsError):
        taken = error.filename2 or error.filename or path
        return f"There is a file already at {taken}."
    if isinstance(error, FileNotFoundError):
        return f"{path.name} isn't there any more."
    if isinstance(error, PermissionError):
        return f"{path.name} is in use, or its folder may not be changed: {error.strerror}."
    return f"{path.name} can't be moved: {getattr(error, 'strerror', None) or error}."
