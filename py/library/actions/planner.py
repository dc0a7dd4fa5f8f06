"""From a request to the steps that would carry it out. Nothing is changed here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from ...civitai.names import check_template
from ...civitai.placement import template_values
from ...errors import MissingError, UsageError
from ...storage.database import Database
from ...storage.tables import contents, files
from .. import rows
from ..paths import real
from . import duplicates, forgetting, knowledge, organising, purging
from .common import load, unknown
from .disk import Disk
from .journal import PURGE, Journal
from .moves import Moves
from .places import Places, new_name
from .requests import (
    ActionRequest,
    Favourite,
    Forget,
    Link,
    Move,
    Note,
    Organise,
    Plan,
    Purge,
    Rename,
    Restore,
    Strength,
    TagChange,
    Trash,
    Words,
)
from .steps import AnyStep, Document, ForgetStep, KeptStep, LinkStep, MoveStep, PurgeStep, SplitStep, UserStep, spelled

_SAID = (Favourite, TagChange, Note, Words, Strength)
_NOT_TRASHED = "It isn't in the trash."


@dataclass
class Draft:
    """An action before it is done. ``phrase`` is its summary, with ``{}`` for what it is about."""

    phrase: str
    steps: Sequence[AnyStep]
    made: list[str] = field(default_factory=list)
    prune: list[str] = field(default_factory=list)
    changes: list[AnyStep] = field(init=False)
    summary: str = field(init=False)

    def __post_init__(self) -> None:
        self.changes = [step for step in self.steps if step.state == "planned"]
        one = Path(self.changes[0].shown_path()).name if len(self.changes) == 1 else None
        self.summary = self.phrase.replace("{}", one or f"{len(self.changes)} files", 1)

    def document(self, of: int | None = None) -> Document:
        return Document(steps=self.changes, made=self.made, prune=self.prune, of=of)

    def plan(self, action: str) -> Plan:
        steps = [step.public() for step in self.steps]
        size = sum(step.size for step in steps if step.outcome == "change")
        return Plan(
            action=action,
            summary=self.summary,
            steps=steps,
            changes=len(self.changes),
            refused=sum(step.outcome == "refused" for step in steps),
            size=size,
            frees=size if action in ("purge", "link") else 0,
            undoable=action != PURGE,
            needs_confirm=action == PURGE,
        )


class Planner:
    def __init__(
        self, database: Database, journal: Journal, places: Places, disk: Disk, busy: Callable[[Path], bool]
    ) -> None:
        self._database = database
        self._journal = journal
        self._places = places
        self._disk = disk
        self._busy = busy

    async def plan(self, request: ActionRequest, action: int) -> Draft:
        """What ``request`` would do as action number ``action``. Raises a LorakeeperError where it makes no sense at
        all; a file for which it makes none is a step that says so."""
        if isinstance(request, _SAID):
            return await self._say(request)
        if isinstance(request, Rename):
            return await self._rename(request)
        if isinstance(request, Move):
            return await self._move(request)
        if isinstance(request, Organise):
            return await self._organise(request)
        if isinstance(request, Trash):
            return await self._trash(request, action)
        if isinstance(request, Restore):
            return await self._restore(request)
        if isinstance(request, Purge):
            return await self._purge(request)
        if isinstance(request, Link):
            return await self._link(request)
        return await self._forget(request)

    async def back(self, kind: str, document: Document) -> Draft:
        """The way back of an action, the last step first."""
        done = [(number, step) for number, step in enumerate(document.steps) if step.state == "done"]
        owners = await self._owners(step for _, step in done)
        return await asyncio.to_thread(self._back, kind, document, done[::-1], owners)

    # -- What the user says ------------------------------------------------------------------------------------------

    async def _say(self, request: knowledge.Said) -> Draft:
        def work(connection: Connection) -> list[AnyStep]:
            known = load(connection, request.ids)
            planned = knowledge.plan(connection, request, [known[each] for each in request.ids if each in known])
            return [*planned, *(unknown(each) for each in request.ids if each not in known)]

        return Draft(_PHRASES[request.action], await self._database.read(work))

    # -- Where files lie ---------------------------------------------------------------------------------------------

    async def _rename(self, request: Rename) -> Draft:
        def work(moves: Moves, known: dict[int, Row[Any]]) -> None:
            moves.add(known[request.id], lambda path: new_name(path, request.name))

        # An impossible name is a mistake of the request, and said as such.
        known = await self._load([request.id])
        if request.id in known:
            new_name(Path(known[request.id].path), request.name)
        return await self._moves(f"Rename {{}} to {request.name.strip()}", [request.id], work)

    async def _move(self, request: Move) -> Draft:
        # A folder that can't be is a mistake of the request, not of each file.
        self._places.folder(request.kind, request.folder, request.root, None)

        def target(path: Path) -> Path:
            home = self._places.home(path)
            return self._places.folder(request.kind, request.folder, request.root, home) / path.name

        def work(moves: Moves, known: dict[int, Row[Any]]) -> None:
            for each in request.ids:
                if each in known:
                    moves.add(known[each], target, prunes=True)

        where = "/".join(part for part in (request.kind, request.folder.strip("/\\")) if part)
        return await self._moves(f"Move {{}} to {where}", request.ids, work)

    async def _organise(self, request: Organise) -> Draft:
        check_template(request.template, template_values())
        if (request.ids is None) == (request.kind is None):
            raise UsageError("Say which files to organise: either their ids, or a kind.")
        if request.kind is not None:
            self._places.require_kind(request.kind)
        find = partial(organising.ids_of_kind, kind=str(request.kind))
        ids = await self._database.read(find) if request.ids is None else request.ids
        values: dict[int, dict[str, str]] = {}
        for chunk in rows.chunks(ids):
            values |= await self._database.read(partial(organising.values_of, ids=chunk))

        def target(path: Path, file_id: int) -> Path:
            folder = organising.folder_in(request.template, values[file_id])
            return self._places.home(path).root.joinpath(*folder.split("/")) / path.name

        def work(moves: Moves, known: dict[int, Row[Any]]) -> None:
            for each in ids:
                if each in known:
                    moves.add(known[each], partial(target, file_id=each), prunes=True)

        return await self._moves(f"Organise {{}} by {request.template}", ids, work)

    async def _trash(self, request: Trash, action: int) -> Draft:
        def work(moves: Moves, known: dict[int, Row[Any]]) -> None:
            for each in request.ids:
                if each in known:
                    moves.add(
                        known[each],
                        lambda path: self._places.trash(path, self._places.home(path), action),
                        trashed=True,
                    )

        return await self._moves("Move {} to the trash", request.ids, work)

    async def _restore(self, request: Restore) -> Draft:
        ids, actions = request.ids or [], request.actions or []
        known = await self._load(ids)
        trashed = await self._in_trash(request, known)
        every = [step for group in trashed.values() for _, step in group]
        steps = {_at(step): step for step in every}

        def work(moves: Moves, known: dict[int, Row[Any]]) -> None:
            for number in actions:
                for _place, step in trashed[number]:
                    moves.bring_back(step, None, beside_others=True)
            for each in ids:
                if each not in known:
                    continue
                found = steps.get((each, known[each].path))
                if found is None:
                    moves.keep(each, known[each].path, _NOT_TRASHED)
                else:
                    moves.bring_back(found, None, beside_others=True)

        return await self._moves("Restore {} from the trash", ids, work, await self._owners(every), known)

    async def _moves(
        self,
        phrase: str,
        ids: Sequence[int],
        work: Callable[[Moves, dict[int, Row[Any]]], None],
        owners: Mapping[str, int] | None = None,
        known: dict[int, Row[Any]] | None = None,
    ) -> Draft:
        """``known`` are the rows of ``ids``, where they were loaded already."""
        found = await self._load(ids) if known is None else known

        def look() -> Draft:
            moves = Moves(self._places, self._disk, self._busy, owners)
            work(moves, found)
            made, prune = moves.folders()
            return Draft(phrase, [*moves.steps, *(unknown(each) for each in ids if each not in found)], made, prune)

        if len(ids) == 1 and not found:
            return Draft(phrase, [unknown(ids[0])])
        return await asyncio.to_thread(look)

    # -- The rest ----------------------------------------------------------------------------------------------------

    async def _purge(self, request: Purge) -> Draft:
        ids = request.ids or []
        known = await self._load(ids)
        trashed = await self._in_trash(request, known)
        if request.ids is not None:
            places = {(each, known[each].path) for each in ids if each in known}
            trashed = {
                number: [(place, step) for place, step in group if _at(step) in places]
                for number, group in trashed.items()
            }
        found = {step.id for group in trashed.values() for _, step in group}

        def look() -> Draft:
            steps, folders = purging.plan(trashed, self._places)
            others = [
                KeptStep(id=each, path=known[each].path, state="refused", why=_NOT_TRASHED)
                if each in known
                else unknown(each)
                for each in ids
                if each not in found
            ]
            phrase = "Delete {} in the trash for good"
            return Draft(phrase, [*steps, *others], prune=sorted(map(spelled, folders)))

        return await asyncio.to_thread(look)

    async def _link(self, request: Link) -> Draft:
        if (request.ids is None) == (request.sha256 is None):
            raise UsageError("Say what to link: either the ids of files, or the hashes of contents.")

        def work(connection: Connection) -> tuple[list[tuple[str, list[Row[Any]], set[int]]], list[KeptStep]]:
            if request.ids is not None:
                return _groups_of_files(connection, request.ids)
            return _groups_of_hashes(connection, list(dict.fromkeys(request.sha256 or ())))

        groups, kept = await self._database.read(work)
        planned = await asyncio.to_thread(duplicates.plan, groups, self._places)
        return Draft("Turn {} into hard links of their duplicates", [*planned, *kept])

    async def _forget(self, request: Forget) -> Draft:
        known = await self._load(request.ids)
        found = [known[each] for each in request.ids if each in known]
        planned = await asyncio.to_thread(forgetting.plan, found)
        return Draft("Forget {}", [*planned, *(unknown(each) for each in request.ids if each not in known)])

    async def _load(self, ids: Iterable[int]) -> dict[int, Row[Any]]:
        return await self._database.read(lambda c: load(c, ids))

    async def _in_trash(
        self, request: Restore | Purge, known: Mapping[int, Row[Any]]
    ) -> dict[int, list[tuple[int, MoveStep]]]:
        """What the actions that a request names, or those that trashed its files, have put into the trash. ``known``
        are the rows of its files."""
        if (request.ids is None) == (request.actions is None):
            raise UsageError(
                f"Say what to {request.action}: either the ids of files, or actions that put files into the trash."
            )
        if request.actions is not None:
            return await self._trashed(request.actions, strict=True)
        numbers = {self._places.trash_number(Path(row.path)) for row in known.values()}
        return await self._trashed({number for number in numbers if number is not None}, strict=False)

    async def _trashed(self, numbers: Iterable[int], *, strict: bool) -> dict[int, list[tuple[int, MoveStep]]]:
        """What each of these actions has put into the trash, with its place in that action.

        With ``strict``, UsageError for an action of another kind and MissingError for none."""
        found: dict[int, list[tuple[int, MoveStep]]] = {}
        for number in sorted(numbers):
            try:
                row = await self._journal.find(number)
            except MissingError:
                if strict:
                    raise
                continue
            if row.kind == "trash":
                steps = enumerate((await self._journal.load(row)).steps)
                found[number] = [
                    (place, step) for place, step in steps if isinstance(step, MoveStep) and step.state == "done"
                ]
            elif strict:
                raise UsageError(f"Action {number} put nothing into the trash.")
        return found

    async def _owners(self, steps: Iterable[AnyStep]) -> dict[str, int]:
        """The rows at the places where these steps have put something."""
        paths = [step.moves[0][1] for step in steps if isinstance(step, MoveStep)]
        found: dict[str, int] = {}
        for chunk in rows.chunks(paths):
            query = select(files.c.path, files.c.id).where(files.c.path.in_(chunk))
            found |= {row.path: row.id for row in await self._database.read(partial(_all, query=query))}
        return found

    def _back(self, kind: str, document: Document, done: list[tuple[int, AnyStep]], owners: Mapping[str, int]) -> Draft:
        moves = Moves(self._places, self._disk, self._busy, owners)
        steps: list[AnyStep] = []
        for number, step in done:
            if isinstance(step, MoveStep):
                moves.bring_back(step, number, beside_others=step.trashed)
            elif isinstance(step, UserStep):
                steps.append(step.reversed(number))
            elif isinstance(step, LinkStep):
                fields = {"sha256": step.sha256, "facts": step.facts, "mtime_ns": step.mtime_ns}
                steps.append(SplitStep(id=step.id, path=step.path, origin=number, **fields))
            elif isinstance(step, ForgetStep):
                steps.append(ForgetStep(id=step.id, row=step.row, sha256=step.sha256, back=True, origin=number))
            elif isinstance(step, PurgeStep):
                raise UsageError("What was deleted from the trash is gone for good.")
        moves.prune.update(Path(real(each)) for each in document.made)
        made, prune = moves.folders()
        return Draft(f"Undo: {kind} of {{}}", [*steps, *moves.steps], made, prune)


def _at(step: MoveStep) -> tuple[int | None, str]:
    """The file that a step has put into the trash, and its path there."""
    return step.id, step.moves[0][1]


def _all(connection: Connection, query: Select[Any]) -> Sequence[Row[Any]]:
    return connection.execute(query).all()


def _groups_of_files(
    connection: Connection, ids: list[int]
) -> tuple[list[tuple[str, list[Row[Any]], set[int]]], list[KeptStep]]:
    known = load(connection, ids)
    kept = [unknown(each) for each in ids if each not in known]
    wanted: dict[int, set[int]] = {}
    for row in known.values():
        why = None
        if row.missing:
            why = "It is missing, so there is nothing to link."
        elif row.sha256 is None:
            why = "It wasn't read yet, so nobody knows its duplicates."
        if why:
            kept.append(KeptStep(id=row.id, path=row.path, state="refused", why=why))
        else:
            wanted.setdefault(row.content, set()).add(row.id)
    shas = {row.content: row.sha256 for row in known.values()}
    return [(shas[each], duplicates.present(connection, each), ids) for each, ids in wanted.items()], kept


def _groups_of_hashes(
    connection: Connection, hashes: list[str]
) -> tuple[list[tuple[str, list[Row[Any]], set[int]]], list[KeptStep]]:
    groups: list[tuple[str, list[Row[Any]], set[int]]] = []
    kept: list[KeptStep] = []
    for sha256 in hashes:
        content = connection.execute(select(contents.c.id).where(contents.c.sha256 == sha256)).scalar()
        here = [] if content is None else duplicates.present(connection, content)
        if here:
            groups.append((sha256, here, {row.id for row in here}))
        else:
            kept.append(KeptStep(id=None, path="", state="refused", why=f"There is no file of the content {sha256}."))
    return groups, kept


_PHRASES = {
    "favourite": "Change the favourite mark of {}",
    "tag": "Change the tags of {}",
    "note": "Change the note of {}",
    "words": "Change the trigger words of {}",
    "strength": "Change the preferred strength of {}",
}
