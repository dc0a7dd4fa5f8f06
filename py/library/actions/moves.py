"""Planning where files go: each with the files beside it, never into another's place, and only where there is room."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Row

from ...errors import ConflictError, LorakeeperError, SpaceError
from ..paths import real
from .beside import Beside, renamed
from .common import sentence
from .disk import Disk, facts, is_alias, is_like, missing_folders, nearest_folder, readable
from .places import Places, trashed_name
from .steps import KeptStep, MoveStep, spelled

Pairs = list[tuple[Path, Path]]


class Moves:
    """The moves of one action, planned one after the other. Blocking: it looks at the disk at every step.

    ``steps`` come out in the order in which files were added; ``made`` and ``prune`` are for the journal.
    """

    def __init__(
        self,
        places: Places,
        disk: Disk,
        busy: Callable[[Path], bool],
        owners: Mapping[str, int] | None = None,
    ) -> None:
        """``owners`` are the rows at the places from which something is to be brought back."""
        self.steps: list[KeptStep | MoveStep] = []
        self.made: set[Path] = set()
        self.prune: set[Path] = set()
        self._places = places
        self._disk = disk
        self._busy = busy
        self._owners = owners or {}
        self._roots = places.all_roots()
        self._beside = Beside()
        self._leaving: set[str] = set()
        self._taken: set[str] = set()
        self._rooms: dict[int, int] = {}

    def add(
        self, row: Row[Any], target: Callable[[Path], Path], *, trashed: bool = False, prunes: bool = False
    ) -> None:
        """The file of ``row`` goes where ``target`` says of its path, which may raise a LorakeeperError.

        ``prunes``: the folders that become empty by it go.
        """
        path = Path(real(row.path))
        try:
            home = self._places.home(path)
            if row.missing:
                raise ConflictError(f"{path.name} is missing, so there is nothing to move.")
            new = target(path)
            if unicodedata.normalize("NFC", str(new)) == unicodedata.normalize("NFC", str(path)):
                self.keep(row.id, row.path, "It is there already.", same=True)
                return
            now = facts(path)
            beside = self._beside.of(path, self._leaving)
            pairs = [(path, new)]
            for name in beside:
                called = trashed_name(name) if trashed else renamed(name, path, new)
                pairs.append((path.with_name(name), new.with_name(called)))
            self._plan(row.id, pairs, now, content=row.content, trashed=trashed)
            if prunes:
                self.prune.update(each for each in path.parents if each.is_relative_to(home.root))
        except (LorakeeperError, OSError) as error:
            self.keep(row.id, row.path, sentence(path, error))
        else:
            self._leaving.add(str(path))

    def bring_back(self, step: MoveStep, origin: int | None, *, beside_others: bool) -> None:
        """The way back of a step that was done. ``beside_others``: where its old place is taken, under another name."""
        path, old = step.target, step.source
        try:
            self._places.home(old)
            if not os.path.lexists(path):
                raise ConflictError(f"{path.name} isn't where it was put any more: {path.parent}.")
            now = facts(path)
            if not is_like(now, step.facts) or self._owners.get(step.moves[0][1], step.id) != step.id:
                raise ConflictError(f"Another file lies at {path} now.")
            pairs = [(new, before) for before, new in step.pairs() if os.path.lexists(new)]
            if beside_others:
                pairs = self._beside_others(pairs)
            self._plan(
                step.id,
                pairs,
                now,
                content=step.content,
                trashed=step.was_trashed,
                was_trashed=step.trashed,
                origin=origin,
                bring_back=step.displaced,
            )
        except (LorakeeperError, OSError) as error:
            self.keep(step.id, spelled(path), sentence(path, error), origin=origin)
            return
        trash = self._places.trash_folder(path)
        if trash is not None:
            self.prune.update(each for each in path.parents if each.is_relative_to(trash))

    def keep(self, file_id: int | None, path: str, why: str, *, same: bool = False, origin: int | None = None) -> None:
        state = "same" if same else "refused"
        self.steps.append(KeptStep(id=file_id, path=path, state=state, why=why, origin=origin))

    def folders(self) -> tuple[list[str], list[str]]:
        """``(made, prune)`` for the journal; a model folder itself never goes."""
        prune = self.prune - self._roots
        return sorted(map(spelled, self.made)), sorted(map(spelled, prune))

    def _plan(self, file_id: int | None, pairs: Pairs, now: tuple[int, int, int], **more: Any) -> None:
        path, target = pairs[0]
        for source, new in pairs:
            self._places.place(new)
            if self._busy(source) or self._busy(new):
                raise ConflictError(f"{source.name} is being worked on: try again when that is over.")
            if _key(new) in self._taken or (os.path.lexists(new) and not is_alias(source, new)):
                raise ConflictError(f"There is a file already at {new}.")
        if path.is_dir():
            raise ConflictError(f"{path.name} is a folder.")
        there = nearest_folder(target.parent)
        missing = missing_folders(target.parent)
        if (missing[-1].parent if missing else target.parent) != there:
            raise ConflictError(f"{target.parent} can't be made: there is a file in its way.")
        copied = path.lstat().st_dev != there.stat().st_dev
        if copied:
            self._take_room(there, sum(source.lstat().st_size for source, _ in pairs))
        moves = [(spelled(source), spelled(new)) for source, new in pairs]
        self.steps.append(MoveStep(id=file_id, moves=moves, facts=now, copied=copied, **more))
        self.made.update(missing)
        self._taken.update(_key(new) for _, new in pairs)

    def _take_room(self, folder: Path, size: int) -> None:
        disk = folder.stat().st_dev
        left = self._rooms.setdefault(disk, self._disk.room(folder))
        if left < size:
            raise SpaceError(
                f"Not enough room in {folder}: {readable(size)} are needed, {readable(max(0, left))} are free. "
                "Free some space, then try again."
            )
        self._rooms[disk] = left - size

    def _beside_others(self, pairs: Pairs) -> Pairs:
        """The pairs with the first name for all of them under which nothing lies yet."""
        model, number, called = pairs[0][1], 1, pairs
        while any(os.path.lexists(new) or _key(new) in self._taken for _, new in called):
            mark = " (restored)" if number == 1 else f" (restored {number})"
            stem = f"{model.stem}{mark}"
            fresh = model.with_name(stem + model.suffix)
            called = [(source, new.with_name(renamed(new.name, model, fresh))) for source, new in pairs]
            number += 1
        return called


def _key(path: Path) -> str:
    """What two paths share that are one on some system."""
    return unicodedata.normalize("NFC", str(path)).casefold()
