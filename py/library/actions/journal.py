"""The journal of actions. A long action is kept in parts, so that no write of it, and no reading, takes long.

The head of an action is a row of its own; where it has more than a few hundred steps they are in rows of the kind
``part``, whose ids the head knows. An undo has a head as well, while it lasts.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from ...errors import MissingError
from ...storage.database import Database
from ...storage.tables import actions
from .. import rows
from .requests import HistoryEntry, HistoryPage
from .steps import AnyStep, Document, State

DOING = "doing"
UNDO = "undo"
PURGE = "purge"
_PART = "part"
_STEPS = 500  # in one row
# What these have done can be taken back, at least in part. A purge can't.
_UNDOABLE = ("done", "partly")


class Journal:
    """Writes before anything is done, and once all is done; what is between is told from the disk."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def next_id(self) -> int:
        """The number that the next action will have."""
        return await self._database.read(_next_id)

    async def begin(self, kind: str, at: float) -> int:
        """A new action of which nothing is known yet; returns its number."""
        return await self._database.write(partial(_insert, kind=kind, document={}, state=DOING, at=at))

    async def plan(self, number: int, summary: str, document: Document, at: float) -> None:
        """Writes down what is about to be done. Nothing may be begun before."""
        if len(document.steps) > _STEPS:
            for chunk in rows.chunks(document.steps, _STEPS):
                write = partial(_insert, kind=_PART, document=_kept(chunk), state=_PART, at=at)
                document.parts.append(await self._database.write(write))
        await self._database.write(partial(_put, number=number, summary=summary, document=_head(document)))

    async def finish(self, number: int, document: Document, state: str, at: float | None = None) -> None:
        """Writes down what has become of the steps."""
        for part, chunk in zip(document.parts, rows.chunks(document.steps, _STEPS), strict=bool(document.parts)):
            await self._database.write(partial(_put, number=part, document=_kept(chunk)))
        values = {"document": _head(document), "state": state} | ({} if at is None else {"done_at": at})
        await self._database.write(lambda c: _put(c, number=number, **values))

    async def mark(self, number: int, states: Mapping[int, State], emptied: str) -> str:
        """Changes the states of some steps; returns the action's new one: ``emptied`` where none is done any more."""
        document = await self.load(await self.find(number))
        for place, state in states.items():
            document.steps[place].state = state
        whole = "partly" if any(step.state == "done" for step in document.steps) else emptied
        await self.finish(number, document, whole)
        return whole

    async def drop(self, number: int) -> None:
        await self._database.write(partial(_drop, number=number))

    async def find(self, number: int) -> Row[Any]:
        """An action's head. Raises MissingError; an undo is no action of its own."""
        query = select(actions).where(actions.c.id == number, actions.c.kind.not_in((UNDO, _PART)))
        row = await self._database.read(lambda c: c.execute(query).first())
        if row is None:
            raise MissingError(f"There is no action {number} in the history.")
        return row

    async def load(self, head: Row[Any]) -> Document:
        """All of an action."""
        document = Document.model_validate(head.document)
        for part in document.parts:
            document.steps += await self._database.read(partial(_steps, part=part))
        return document

    async def unfinished(self) -> list[Row[Any]]:
        """The heads of what was begun and not finished, in the order in which it began."""
        query = select(actions).where(actions.c.kind != _PART, actions.c.state == DOING).order_by(actions.c.id)
        return await self._database.read(lambda c: list(c.execute(query)))

    async def sweep(self, before: float) -> None:
        """Drops parts of before then that no head knows: a kill came before their action was begun."""
        await self._database.write(partial(_sweep, before=before))

    async def page(self, before: int | None, limit: int) -> HistoryPage:
        """Newest first."""
        return await self._database.read(partial(_page, before=before, limit=limit))


def is_undoable(kind: str, state: str) -> bool:
    return kind != PURGE and state in _UNDOABLE


def _page(connection: Connection, before: int | None, limit: int) -> HistoryPage:
    query = select(actions.c.id, actions.c.kind, actions.c.summary, actions.c.state, actions.c.done_at)
    query = query.where(actions.c.kind.not_in((UNDO, _PART))).order_by(actions.c.id.desc()).limit(limit + 1)
    found = list(connection.execute(query if before is None else query.where(actions.c.id < before)))
    items = [
        HistoryEntry(
            id=row.id,
            action=row.kind,
            summary=row.summary,
            state=row.state,
            done_at=datetime.fromtimestamp(row.done_at, timezone.utc),
            undoable=is_undoable(row.kind, row.state),
        )
        for row in found[:limit]
    ]
    # One more than asked for tells whether there is a next page.
    return HistoryPage(items=items, next_cursor=str(items[-1].id) if len(found) > limit else None)


def _next_id(connection: Connection) -> int:
    return int(connection.execute(select(func.max(actions.c.id))).scalar() or 0) + 1


def _insert(connection: Connection, *, kind: str, document: dict[str, Any], state: str, at: float) -> int:
    number = _next_id(connection)
    values = {"id": number, "kind": kind, "summary": "", "document": document, "state": state, "done_at": at}
    connection.execute(insert(actions).values(**values))
    return number


def _put(connection: Connection, *, number: int, **values: Any) -> None:
    connection.execute(update(actions).where(actions.c.id == number).values(**values))


def _drop(connection: Connection, *, number: int) -> None:
    document = connection.execute(select(actions.c.document).where(actions.c.id == number)).scalar()
    connection.execute(delete(actions).where(actions.c.id.in_([number, *(document or {}).get("parts", ())])))


def _steps(connection: Connection, *, part: int) -> list[AnyStep]:
    document = connection.execute(select(actions.c.document).where(actions.c.id == part)).scalar()
    return Document.model_validate(document or {}).steps


def _sweep(connection: Connection, *, before: float) -> None:
    old = select(actions.c.id).where(actions.c.kind == _PART, actions.c.done_at < before)
    parts = set(connection.execute(old).scalars())
    if parts:
        heads = connection.execute(select(actions.c.document).where(actions.c.kind != _PART)).scalars()
        for document in heads:
            parts.difference_update(document.get("parts", ()))
        for chunk in rows.chunks(parts):
            connection.execute(delete(actions).where(actions.c.id.in_(chunk)))


def _head(document: Document) -> dict[str, Any]:
    more = document.model_dump(mode="json", exclude_defaults=True, exclude={"steps"})
    return more if document.parts else {**more, **_kept(document.steps)}


def _kept(steps: list[AnyStep]) -> dict[str, Any]:
    return {"steps": [{"step": step.step, **step.model_dump(mode="json", exclude_defaults=True)} for step in steps]}
