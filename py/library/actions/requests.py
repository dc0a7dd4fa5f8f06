"""What can be asked of the library's files, and what is answered: shared by routes, command line and journal."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter

MAX_FILES = 100_000


def _once(values: list[int]) -> list[int]:
    return list(dict.fromkeys(values))


Ids = Annotated[list[int], Field(min_length=1, max_length=MAX_FILES), AfterValidator(_once)]
Tag = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
TagList = Annotated[list[Tag], Field(max_length=500)]
TriggerWords = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=5_000)]
Sha256 = Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, pattern=r"^[0-9A-Fa-f]{64}$")]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid")


# -- What the user says ------------------------------------------------------------------------------------------------


class Favourite(_Request):
    action: Literal["favourite"]
    ids: Ids
    value: bool = True


class TagChange(_Request):
    """Adds and removes tags of the user's own, compared without regard to case."""

    action: Literal["tag"]
    ids: Ids
    add: TagList = []
    remove: TagList = []


class Note(_Request):
    action: Literal["note"]
    ids: Ids
    text: str = Field(max_length=100_000)
    mode: Literal["replace", "append"] = "replace"


class Words(_Request):
    """The user's own trigger words: sets, each comma-joined. An empty list leaves them to the site and the file."""

    action: Literal["words"]
    ids: Ids
    trigger_words: list[TriggerWords] = Field(max_length=500)


class Strength(_Request):
    """The preferred strength; None for no preference."""

    action: Literal["strength"]
    ids: Ids
    value: float | None = Field(ge=-100, le=100, allow_inf_nan=False)


# -- Where files lie ---------------------------------------------------------------------------------------------------


class Rename(_Request):
    """``name`` is the new file name, with the extension of the file or without any."""

    action: Literal["rename"]
    id: int
    name: str = Field(min_length=1, max_length=500)


class Move(_Request):
    """Into ``folder``, a path inside a folder of ``kind``; "" is that folder itself. ``root`` says which of the kind's
    folders, in full; without it, the one in which the file lies, else the first."""

    action: Literal["move"]
    ids: Ids
    kind: str
    folder: str = Field(default="", max_length=2_000)
    root: str | None = None


class Organise(_Request):
    """Into the folders of a path template such as ``{base_model}/{creator}``: these files, or all of a kind."""

    action: Literal["organise"]
    ids: Ids | None = None
    kind: str | None = None
    template: str = Field(min_length=1, max_length=500)


class Trash(_Request):
    action: Literal["trash"]
    ids: Ids


class Restore(_Request):
    """Files out of the trash: by their ids, or all that these actions put there."""

    action: Literal["restore"]
    ids: Ids | None = None
    actions: Ids | None = None


class Purge(_Request):
    """Deletes for good what is in the trash: files by their ids, or all that these actions put there. Can't be undone,
    so it needs ``confirm``."""

    action: Literal["purge"]
    ids: Ids | None = None
    actions: Ids | None = None
    confirm: bool = False


class Link(_Request):
    """Makes exact duplicates names of one file on the disk: these files, or all files of these contents."""

    action: Literal["link"]
    ids: Ids | None = None
    sha256: Annotated[list[Sha256], Field(min_length=1, max_length=MAX_FILES)] | None = None


class Forget(_Request):
    """Drops files that are missing from the list. What is known of their contents stays."""

    action: Literal["forget"]
    ids: Ids


ActionRequest = Annotated[
    Favourite
    | TagChange
    | Note
    | Words
    | Strength
    | Rename
    | Move
    | Organise
    | Trash
    | Restore
    | Purge
    | Link
    | Forget,
    Field(discriminator="action"),
]

_ADAPTER: TypeAdapter[Any] = TypeAdapter(ActionRequest)


def read_request(document: dict[str, Any]) -> ActionRequest:
    """The request that ``document`` is. Raises pydantic's ValidationError."""
    return _ADAPTER.validate_python(document)  # type: ignore[no-any-return]


# -- The answers -------------------------------------------------------------------------------------------------------

Outcome = Literal["change", "same", "refused", "done", "failed"]


class Step(BaseModel):
    """One file's part. ``change`` is planned, ``done`` or ``failed`` is what became of it; ``same`` is a file that is
    already as it is wanted, ``refused`` one that is left alone. ``why`` is a sentence wherever nothing happens.

    ``beside`` are the names of the files that go along; ``copied`` says that it goes to another disk; ``before`` and
    ``after`` are what the user says of it, as far as that changes.
    """

    id: int | None
    path: str
    to: str | None = None
    outcome: Outcome
    why: str | None = None
    beside: list[str] = []
    size: int = 0
    copied: bool = False
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None


class Plan(BaseModel):
    """What a request would do: nothing has changed yet. ``size`` is the sum of the files that would change, in bytes;
    ``frees`` what the disks would win by it."""

    action: str
    summary: str
    steps: list[Step]
    changes: int
    refused: int
    size: int = 0
    frees: int = 0
    undoable: bool = True
    needs_confirm: bool = False


class Done(BaseModel):
    """What has happened. ``action_id`` is what undo takes, None where nothing was there to do; ``state`` is ``done``,
    ``partly``, ``failed``, or ``undone`` after a whole undo."""

    action_id: int | None
    action: str
    summary: str
    state: str
    steps: list[Step]
    done: int
    failed: int
    undoable: bool


class HistoryEntry(BaseModel):
    id: int
    action: str
    summary: str
    state: str
    done_at: datetime
    undoable: bool


class HistoryPage(BaseModel):
    """Newest first. ``next_cursor`` is None on the last page."""

    items: list[HistoryEntry]
    next_cursor: str | None
