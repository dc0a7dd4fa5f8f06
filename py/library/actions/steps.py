"""The steps of an action as its journal keeps them: each says enough to be done, settled after a kill, and reversed.

Paths are in the spelling of library.paths. ``state`` is ``planned`` until the step is done; ``same`` and ``refused``
steps are planned as nothing, and not kept.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from ..paths import real, stored
from ..rows import Facts
from .requests import Outcome, Step

State = Literal["planned", "same", "refused", "done", "failed", "undone", "purged"]
_OUTCOMES: dict[str, Outcome] = {"planned": "change", "undone": "done"}


class Recorded(BaseModel):
    """``id`` is the file's row, ``origin`` the place of the step in the action that this one undoes."""

    id: int | None
    state: State = "planned"
    why: str | None = None
    origin: int | None = None

    def public(self) -> Step:
        return Step(id=self.id, path=self.shown_path(), outcome=self.outcome(), why=self.why)

    def shown_path(self) -> str:
        raise NotImplementedError

    def outcome(self) -> Outcome:
        return _OUTCOMES.get(self.state) or self.state  # type: ignore[return-value]

    def fail(self, why: str) -> None:
        self.state, self.why = "failed", why


class KeptStep(Recorded):
    """A file that is left alone, for the reason that ``why`` tells."""

    step: Literal["keep"] = "keep"
    path: str
    to: str | None = None

    def shown_path(self) -> str:
        return self.path

    def public(self) -> Step:
        return super().public().model_copy(update={"to": self.to})


class UserStep(Recorded):
    """What the user says of ``content``: the fields that change."""

    step: Literal["user"] = "user"
    path: str
    content: int
    before: dict[str, Any]
    after: dict[str, Any]

    def shown_path(self) -> str:
        return self.path

    def public(self) -> Step:
        return super().public().model_copy(update={"before": self.before, "after": self.after})

    def reversed(self, origin: int) -> UserStep:
        return self.model_copy(
            update={"before": self.after, "after": self.before, "origin": origin, "state": "planned", "why": None}
        )


class MoveStep(Recorded):
    """A model and the files beside it, each from and to where; the model comes first.

    ``facts`` are the model's. ``trashed`` says that it is in the trash afterwards, ``was_trashed`` that it was before.
    ``displaced`` is the row of a missing file that was known at the new place, ``bring_back`` one that an earlier step
    displaced and that is to be known again.
    """

    step: Literal["move"] = "move"
    moves: list[tuple[str, str]]
    facts: Facts
    content: int
    copied: bool = False
    trashed: bool = False
    was_trashed: bool = False
    displaced: dict[str, Any] | None = None
    bring_back: dict[str, Any] | None = None

    @property
    def source(self) -> Path:
        return Path(real(self.moves[0][0]))

    @property
    def target(self) -> Path:
        return Path(real(self.moves[0][1]))

    def pairs(self) -> list[tuple[Path, Path]]:
        return [(Path(real(source)), Path(real(target))) for source, target in self.moves]

    def shown_path(self) -> str:
        return self.moves[0][0]

    def public(self) -> Step:
        beside = [os.path.basename(source) for source, _ in self.moves[1:]]  # noqa: PTH119 - a text
        more = {"to": self.moves[0][1], "beside": beside, "size": self.facts[0], "copied": self.copied}
        return super().public().model_copy(update=more)


class LinkStep(Recorded):
    """``path`` becomes another name of the file ``keep``, which has the same content ``sha256``. ``facts`` are those of
    ``path``: before it is done, of the duplicate; afterwards, of the one file."""

    step: Literal["link"] = "link"
    path: str
    keep: str
    sha256: str
    facts: Facts
    mtime_ns: int

    def shown_path(self) -> str:
        return self.path

    def public(self) -> Step:
        return super().public().model_copy(update={"to": self.keep, "size": self.facts[0]})


class SplitStep(Recorded):
    """The way back: ``path`` becomes a file of its own again, written at ``mtime_ns``. ``facts`` are those of the
    shared file, afterwards of the own one."""

    step: Literal["split"] = "split"
    path: str
    sha256: str
    facts: Facts
    mtime_ns: int

    def shown_path(self) -> str:
        return self.path

    def public(self) -> Step:
        return super().public().model_copy(update={"size": self.facts[0]})


class PurgeStep(Recorded):
    """Files in the trash that go for good, the model first. ``home`` is where that was before step ``number`` of
    ``action``."""

    step: Literal["purge"] = "purge"
    action: int
    number: int
    paths: list[str]
    home: str
    size: int

    def shown_path(self) -> str:
        return self.home

    def public(self) -> Step:
        return super().public().model_copy(update={"size": self.size})


class ForgetStep(Recorded):
    """The row of a missing file goes, or with ``back`` comes again. ``sha256`` is its content's, where known."""

    step: Literal["forget"] = "forget"
    row: dict[str, Any]
    sha256: str | None = None
    back: bool = False

    def shown_path(self) -> str:
        return str(self.row["path"])


AnyStep = KeptStep | UserStep | MoveStep | LinkStep | SplitStep | PurgeStep | ForgetStep


class Document(BaseModel):
    """An action as it is kept. ``made`` are folders that weren't there before, ``prune`` those that go once they are
    empty, ``of`` is the action that this one undoes; ``parts`` are the rows that have the steps, if not this one."""

    steps: list[Annotated[AnyStep, Field(discriminator="step")]] = []
    made: list[str] = []
    prune: list[str] = []
    of: int | None = None
    parts: list[int] = []


def spelled(path: Path | str) -> str:
    """``path`` for the journal; what can't be kept is refused before it comes here."""
    text = stored(str(path))
    if text is None:
        raise ValueError(f"{path!r} can't be kept.")
    return text
