"""What a download job is: one file to fetch or many, how they are to be fetched, and how far they are."""

from __future__ import annotations

from datetime import datetime, timezone
from enum import Enum

from pydantic import BaseModel, ConfigDict, Field, field_validator


class BulkStatus(str, Enum):
    """A job's state. It is ``FAILED`` where nothing came of it; what failed beside something that came is counted."""

    PENDING = "pending"
    PROCESSING = "processing"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def active(self) -> bool:
        """Whether it waits for its turn or has it."""
        return self in (BulkStatus.PENDING, BulkStatus.PROCESSING)

    @property
    def over(self) -> bool:
        """Whether nothing more happens unless it is asked for."""
        return not self.active and self is not BulkStatus.PAUSED


class ItemState(str, Enum):
    """The state of one file."""

    QUEUED = "queued"
    RESOLVING = "resolving"
    DOWNLOADING = "downloading"
    VERIFYING = "verifying"
    SCANNING = "scanning"
    PAUSED = "paused"
    INSTALLED = "installed"
    OWNED = "owned"
    QUARANTINED = "quarantined"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def over(self) -> bool:
        return self in OVER

    @property
    def here(self) -> bool:
        """Whether the file lies in a model folder."""
        return self in (ItemState.INSTALLED, ItemState.OWNED)


RUNNING = (ItemState.RESOLVING, ItemState.DOWNLOADING, ItemState.VERIFYING, ItemState.SCANNING)
OVER = (ItemState.INSTALLED, ItemState.OWNED, ItemState.QUARANTINED, ItemState.FAILED, ItemState.CANCELLED)


class Priority(str, Enum):
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"

    @property
    def rank(self) -> int:
        return {Priority.LOW: 0, Priority.NORMAL: 1, Priority.HIGH: 2}[self]

    @classmethod
    def of(cls, rank: int) -> Priority:
        return (cls.LOW, cls.NORMAL, cls.HIGH)[rank]


class BatchStrategy(str, Enum):
    """``SEQUENTIAL``: one file after the other, in order. ``PARALLEL``: as many as may. ``ADAPTIVE``: many small or
    few large ones, because a large one has several connections by itself."""

    SEQUENTIAL = "sequential"
    PARALLEL = "parallel"
    ADAPTIVE = "adaptive"


class BulkOptions(BaseModel):
    """How a job is to be done."""

    model_config = ConfigDict(extra="forbid")

    batch_size: int = Field(5, ge=1, le=50, description="Files that are looked up at the site ahead of being fetched.")
    priority: Priority = Field(Priority.NORMAL, description="Which jobs go first.")
    strategy: BatchStrategy = Field(BatchStrategy.ADAPTIVE, description="How many files come at once.")
    priority_boost: int = Field(
        30, ge=0, le=10_080, description="Minutes of waiting after which the job counts as a level higher; 0 for never."
    )
    concurrency: int | None = Field(None, ge=1, le=16, description="Files of this job at once, at most.")
    folder: str | None = Field(
        None, max_length=300, description="Sub-folder such as {base_model}/{creator}, instead of that of the settings."
    )

    @field_validator("folder")
    @classmethod
    def _check_folder(cls, value: str | None) -> str | None:
        if value:
            from ..civitai.names import check_template
            from ..civitai.placement import template_values
            from ..errors import SettingsError

            try:
                check_template(value, template_values())
            except SettingsError as error:
                raise ValueError(str(error)) from error
        return value


class Wanted(BaseModel):
    """One file that a job shall fetch. ``kind`` is the model folder where the site's type names none."""

    model_config = ConfigDict(extra="forbid")

    target: str = Field(min_length=1, max_length=2000, description="A link, an AIR, a model id, a version or a hash.")
    kind: str | None = Field(None, max_length=64, description="The kind of model folder, where the site names none.")
    file_id: int | None = Field(None, description="A file of the version other than its primary one.")
    name: str | None = Field(None, max_length=300, description="What to call it until the site has said its name.")
    save_as: str | None = Field(
        None,
        max_length=500,
        description="The name that loaders shall have for it, with its folder, such as SDXL/a.sft.",
    )


class Item(BaseModel):
    """One file of a job and how far it is. Bytes, bytes a second, seconds; ``error`` is a sentence, ``cause`` the kind
    of the error that ended it. ``part`` is where what has arrived lies, once that is known; ``host``, ``base_model``
    and ``creator`` are the site's word then.

    ``seconds`` were spent on fetching it, over all pauses and as far as they were written down; ``held`` are those by
    what they were waited for, as in ``downloads.Outcome``. A file that was cancelled begins anew."""

    id: str
    job: str
    target: str
    position: float = 0.0
    name: str | None = None
    kind: str | None = None
    save_as: str | None = None
    state: ItemState = ItemState.QUEUED
    received: int = 0
    total: int | None = None
    rate: float = 0.0
    eta: float | None = None
    error: str | None = None
    cause: str | None = None
    path: str | None = None
    part: str | None = None
    sha256: str | None = None
    model_id: int | None = None
    version_id: int | None = None
    file_id: int | None = None
    library_id: int | None = None
    host: str | None = None
    base_model: str | None = None
    creator: str | None = None
    seconds: float = 0.0
    held: dict[str, float] = {}
    created_at: datetime
    updated_at: datetime


class Job(BaseModel):
    """A job and how far it is. ``downloaded_files`` are here now, fetched or owned before; ``failed_files`` were
    quarantined or could not be fetched. ``total`` is that of the ``sized_files``, None while there is none;
    ``eta`` takes the other files for as large. ``item`` is its one file, where it has only one; ``error`` that one's
    sentence."""

    id: str
    name: str
    state: BulkStatus
    options: BulkOptions
    position: float
    total_files: int = 0
    downloaded_files: int = 0
    failed_files: int = 0
    cancelled_files: int = 0
    sized_files: int = 0
    received: int = 0
    total: int | None = None
    rate: float = 0.0
    eta: float | None = None
    error: str | None = None
    item: Item | None = None
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    updated_at: datetime

    @property
    def title(self) -> str:
        """Its name, or that of its one file once that is known."""
        return (self.item and self.item.name) or self.name


class JobPage(BaseModel):
    items: list[Job]
    next_cursor: str | None


class ItemPage(BaseModel):
    items: list[Item]
    next_cursor: str | None


def now() -> datetime:
    return datetime.now(timezone.utc)
