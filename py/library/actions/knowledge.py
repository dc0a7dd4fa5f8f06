"""What the user says: planned field by field, and taken back only where it still stands."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row

from ...storage.database import Database
from .. import rows
from ..items import UserLayer
from ..view import View
from .common import GONE, Run, in_writes, load
from .requests import Favourite, Note, Strength, TagChange, Words
from .steps import KeptStep, UserStep

Said = Favourite | TagChange | Note | Words | Strength

_BATCH = 50  # files whose list rows one write computes anew


def change(request: Said, layer: UserLayer) -> dict[str, Any]:
    """The fields that a request changes, as they are afterwards. Raises ValueError where that can't be kept."""
    if isinstance(request, Favourite):
        wanted: dict[str, Any] = {"favourite": request.value}
    elif isinstance(request, TagChange):
        wanted = {"tags": _tags(layer.tags, request.add, request.remove)}
    elif isinstance(request, Note):
        wanted = {"notes": _note(layer.notes, request)}
    elif isinstance(request, Words):
        wanted = {"trigger_words": list(dict.fromkeys(request.trigger_words))}
    else:
        wanted = {"preferred_strength": request.value}
    now = layer.model_dump()
    return {name: value for name, value in wanted.items() if value != now[name]}


def plan(connection: Connection, request: Said, known: Iterable[Row[Any]]) -> list[UserStep | KeptStep]:
    """One step a content: files of the same content share what is said of it."""
    steps: list[UserStep | KeptStep] = []
    seen: set[int] = set()
    known = list(known)
    layers = rows.user_layers(connection, {row.content for row in known})
    for row in known:
        if row.content in seen:
            steps.append(KeptStep(id=row.id, path=row.path, state="same", why="It is the same model as one before it."))
            continue
        seen.add(row.content)
        layer = layers.get(row.content) or UserLayer()
        try:
            after = change(request, layer)
        except ValueError as error:
            steps.append(KeptStep(id=row.id, path=row.path, state="refused", why=str(error)))
            continue
        if not after:
            steps.append(KeptStep(id=row.id, path=row.path, state="same", why="It is so already."))
            continue
        before = layer.model_dump(include=set(after))
        steps.append(UserStep(id=row.id, path=row.path, content=row.content, before=before, after=after))
    return steps


class Teller:
    """Writes what the user says, in short writes."""

    def __init__(self, database: Database, view: View) -> None:
        self._database = database
        self._view = view

    async def do(self, run: Run, steps: list[tuple[int, UserStep]]) -> set[int]:
        return await in_writes(self._database, run, [step for _, step in steps], _BATCH, self.write)

    async def settle(self, run: Run, steps: list[tuple[int, UserStep]]) -> set[int]:
        """Finishes: what is written already is recognised."""
        return await self.do(run, steps)

    def write(self, connection: Connection, steps: Iterable[UserStep]) -> set[int]:
        """Each step where its ``before`` still stands. Takes part in the caller's transaction."""
        steps = list(steps)
        known = load(connection, [step.id for step in steps if step.id is not None])
        layers = rows.user_layers(connection, {row.content for row in known.values()})
        told: dict[int, UserLayer] = {}
        ids: set[int] = set()
        for step in steps:
            row = known.get(step.id) if step.id is not None else None
            if row is None:
                step.fail(GONE)
                continue
            layer = told.get(row.content) or layers.get(row.content) or UserLayer()
            now = layer.model_dump(include=set(step.before))
            if now not in (step.before, step.after):
                step.fail("It was changed again since, and stays as it is.")
                continue
            step.state, step.content = "done", row.content
            told[row.content] = UserLayer.model_validate({**layer.model_dump(), **step.after})
            ids.add(row.id)
        rows.put_users(connection, told)
        self._view.refresh_contents(connection, told)
        return ids


def _tags(now: list[str], add: list[str], remove: list[str]) -> list[str]:
    gone = {tag.casefold() for tag in remove}
    kept = [tag for tag in now if tag.casefold() not in gone]
    known = {tag.casefold() for tag in kept}
    for tag in add:
        if tag.casefold() not in known:
            known.add(tag.casefold())
            kept.append(tag)
    return kept


def _note(now: str, request: Note) -> str:
    text = f"{now}\n{request.text}" if request.mode == "append" and now else request.text
    if len(text) > 100_000:
        raise ValueError("The note would become longer than 100,000 signs.")
    return text
