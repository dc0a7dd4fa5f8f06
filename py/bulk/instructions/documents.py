"""What an instruction is: a plan that is written down, looked through, approved and carried out, in that order."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, time, timedelta, timezone
from enum import Enum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator


class InstructionKind(str, Enum):
    DOWNLOAD = "download"
    METADATA = "metadata"
    SCAN = "scan"
    VARIATIONS = "variations"
    REPORT = "report"


# What makes sense to be done again and again: a download that is here and pictures that were made stay so.
REPEATED = (InstructionKind.METADATA, InstructionKind.SCAN, InstructionKind.REPORT)


class Every(str, Enum):
    """How often one is carried out by itself once it is approved: each day, on Mondays, on the first of each month."""

    ONCE = "once"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class InstructionStatus(str, Enum):
    DRAFT = "draft"
    VALIDATED = "validated"
    APPROVED = "approved"
    EXECUTED = "executed"
    FAILED = "failed"
    REJECTED = "rejected"


class Remark(BaseModel):
    """Something to know before saying yes. ``kind`` is one word for programs, ``text`` a sentence."""

    kind: str
    text: str


class Line(BaseModel):
    """One thing of a plan: ``number`` counts from 1, or is the line of the list that it came from.

    ``outcome``: ``do``, ``owned`` (nothing to do), ``refused`` (can't be done, a remark says why). ``size`` in bytes.
    ``fingerprint`` is of the files here that it works on, as they were when it was looked through.
    """

    number: int
    text: str
    outcome: Literal["do", "owned", "refused"]
    name: str | None = None
    size: int | None = None
    kind: str | None = None
    folder: str | None = None
    path: str | None = None
    page: str | None = None
    fingerprint: str | None = None
    remarks: list[Remark] = []


class Room(BaseModel):
    """A disk that is written to: a folder on it, and bytes free now, needed, and free afterwards."""

    folder: str
    free: int
    needed: int
    after: int


class Validation(BaseModel):
    """What carrying it out would do. ``bytes`` are those of known size, ``unsized`` files have none; ``seconds`` is at
    the speed measured of late, None where none was; ``cost`` in US dollars, None where nothing costs."""

    at: datetime
    took: float
    lines: list[Line] = []
    files: int = 0
    bytes: int = 0
    unsized: int = 0
    owned: int = 0
    refused: int = 0
    rooms: list[Room] = []
    seconds: float | None = None
    cost: float | None = None
    remarks: list[Remark] = []

    @property
    def feasible(self) -> bool:
        """Whether there is anything to do, and nothing stands in the way of all of it."""
        return self.files > 0 and not any(remark.kind == "space" for remark in self.remarks)


class Instruction(BaseModel):
    """One plan. ``payload`` is of its kind's shape; ``result`` what carrying it out has brought, as ``{"job": id}``;
    ``running`` while it is being carried out. ``notes`` are sentences from where it was made. One that is done
    ``every`` so often stays approved, and is ``due`` at that moment; ``at`` is the hour, in the machine's own time."""

    id: str
    title: str
    kind: InstructionKind
    payload: dict[str, JsonValue]
    notes: list[str] = []
    every: Every = Every.ONCE
    at: str = "06:00"
    due: datetime | None = None
    status: InstructionStatus = InstructionStatus.DRAFT
    running: bool = False
    validation: Validation | None = None
    validated: str | None = Field(None, description="The fingerprint of the payload that was validated.")
    result: dict[str, JsonValue] | None = None
    error: str | None = None
    created_at: datetime
    changed_at: datetime
    validated_at: datetime | None = None
    approved_at: datetime | None = None
    executed_at: datetime | None = None
    rejected_at: datetime | None = None


class InstructionPage(BaseModel):
    items: list[Instruction]
    next_cursor: str | None


class NewInstruction(BaseModel):
    """An instruction as a user or a friend writes it."""

    model_config = ConfigDict(extra="forbid")

    title: str = Field("", max_length=200)
    kind: InstructionKind = InstructionKind.DOWNLOAD
    payload: dict[str, JsonValue]
    notes: list[str] = Field([], max_length=1000)
    every: Every = Field(Every.ONCE, description="How often it is done, once it is approved, while a server runs.")
    at: str = Field("06:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="The hour for that, such as 06:00.")

    @model_validator(mode="after")
    def _check_every(self) -> NewInstruction:
        if self.every is not Every.ONCE and self.kind not in REPEATED:
            known = ", ".join(kind.value for kind in REPEATED)
            raise ValueError(f"only these can be done again and again: {known}")
        return self


class Detail(BaseModel):
    """What became of one instruction of a batch. ``error`` is ``{kind, message}``."""

    id: str
    success: bool
    status: InstructionStatus | None = None
    error: dict[str, str] | None = None


class BatchResult(BaseModel):
    """``success`` and ``failed`` count instructions, ``details`` are in the order asked for; seconds."""

    success: int
    failed: int
    details: list[Detail]
    total_time: float


def fingerprint(kind: InstructionKind, payload: dict[str, Any]) -> str:
    """Tells whether a payload is still the one that was looked through."""
    text = json.dumps([kind.value, payload], sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def following(every: Every, at: str, after: datetime) -> datetime | None:
    """The next moment after ``after``, in UTC: that hour of the machine's own day; None for what is done once.

    On a day whose clock change leaves that hour out it is one earlier or later; one that comes twice counts once.
    """
    if every is Every.ONCE:
        return None
    hour = time.fromisoformat(at)
    day = after.astimezone().date()
    while True:
        moment = datetime.combine(day, hour).astimezone(timezone.utc)
        fits = {Every.DAY: True, Every.WEEK: day.weekday() == 0, Every.MONTH: day.day == 1}[every]
        if fits and moment > after:
            return moment
        day += timedelta(1)
