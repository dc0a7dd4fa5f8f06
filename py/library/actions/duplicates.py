"""Exact duplicates: files of one content that take their space more than once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from sqlalchemy import Connection, Row, func, select

from ...errors import LorakeeperError, UsageError
from ...storage.tables import contents, files
from .. import rows
from ..paths import real
from .common import sentence
from .disk import facts
from .places import Places
from .steps import KeptStep, LinkStep

_Key = tuple[int, int]


class Duplicate(BaseModel):
    """One file. ``shared`` says that it is another name of a file before it, and takes no space of its own."""

    id: int
    path: str
    kind: str | None
    name: str
    shared: bool


class DuplicateGroup(BaseModel):
    """All files of one content, the oldest in the library first. ``wasted`` is what one copy would save, in bytes."""

    sha256: str
    size: int
    wasted: int
    files: list[Duplicate]


class DuplicatePage(BaseModel):
    """The most wasteful groups first. ``total_wasted`` is of all pages, as far as the rows tell."""

    groups: list[DuplicateGroup]
    total_wasted: int
    next_cursor: str | None


_COPIES = func.count(files.c.inode.distinct())
_WASTED = ((_COPIES - 1) * contents.c.size).label("wasted")
_GROUPS = (
    select(contents.c.id, contents.c.sha256, contents.c.size, _WASTED)
    .join(files, files.c.content == contents.c.id)
    .where(files.c.missing.is_(False), contents.c.sha256.is_not(None), contents.c.size > 0)
    .group_by(contents.c.id, contents.c.sha256, contents.c.size)
    .having(_COPIES > 1)
)


def page(
    connection: Connection, cursor: str | None, limit: int
) -> tuple[list[tuple[Row[Any], Sequence[Row[Any]]]], int, str | None]:
    """``(contents with their present files, total, next cursor)``. Raises UsageError for a cursor of another list."""
    groups = _GROUPS.subquery()
    total = int(connection.execute(select(func.coalesce(func.sum(groups.c.wasted), 0))).scalar_one())
    query = select(groups).order_by(groups.c.wasted.desc(), groups.c.id).limit(limit + 1)
    if cursor is not None:
        found = re.fullmatch(r"(\d{1,18})-(\d{1,18})", cursor)
        if found is None:
            raise UsageError("That cursor is none of this list's.")
        wasted, content = int(found[1]), int(found[2])
        query = query.where((groups.c.wasted < wasted) | ((groups.c.wasted == wasted) & (groups.c.id > content)))
    chosen = list(connection.execute(query))
    following = f"{chosen[limit - 1].wasted}-{chosen[limit - 1].id}" if len(chosen) > limit else None
    return [(row, present(connection, row.id)) for row in chosen[:limit]], total, following


def present(connection: Connection, content: int) -> list[Row[Any]]:
    return [row for row in rows.files_of(connection, content) if not row.missing]


def look(content: Row[Any], group: Sequence[Row[Any]]) -> DuplicateGroup | None:
    """The group as the disk has it; None where nothing is wasted. Blocking."""
    seen: set[_Key] = set()
    found = []
    for row in group:
        try:
            status = Path(real(row.path)).stat()
        except OSError:  # it has gone since: the next scan will know
            continue
        key = (status.st_dev, status.st_ino)
        found.append(Duplicate(id=row.id, path=row.path, kind=row.kind, name=row.name, shared=key in seen))
        seen.add(key)
    if len(seen) < 2:
        return None
    return DuplicateGroup(sha256=content.sha256, size=content.size, wasted=(len(seen) - 1) * content.size, files=found)


def plan(groups: Sequence[tuple[str, Sequence[Row[Any]], set[int]]], places: Places) -> list[LinkStep | KeptStep]:
    """For each content ``(sha256, its present files, ids of those to link)``: on each disk, the oldest file is kept and
    the others become names of it. Blocking."""
    steps: list[LinkStep | KeptStep] = []
    for sha256, group, wanted in groups:
        kept: dict[int, tuple[Path, int]] = {}
        waiting: list[KeptStep] = []
        for row in group:
            path = Path(real(row.path))
            try:
                places.home(path)
                status = path.lstat()
                if path.is_symlink():
                    raise UsageError(f"{path.name} is a link already.")
                if row.stale:
                    raise UsageError(f"{path.name} has changed and was not read since.")
            except (LorakeeperError, OSError) as error:
                if row.id in wanted:
                    steps.append(KeptStep(id=row.id, path=row.path, state="refused", why=sentence(path, error)))
                continue
            first = kept.get(status.st_dev)
            if first is None:
                kept[status.st_dev] = (path, status.st_ino)
                if row.id in wanted:
                    why = "It is the one that is kept on its disk."
                    waiting.append(KeptStep(id=row.id, path=row.path, state="same", why=why))
            elif row.id not in wanted:
                continue
            elif status.st_ino == first[1]:
                why = "It is another name of the same file already."
                steps.append(KeptStep(id=row.id, path=row.path, state="same", why=why))
            else:
                now = facts(path)
                steps.append(
                    LinkStep(id=row.id, path=row.path, keep=str(first[0]), sha256=sha256, facts=now, mtime_ns=now[1])
                )
        steps += waiting
    return steps
