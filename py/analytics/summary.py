"""What is known of a period: the one shape that routes, the sidebar and every report are made from.

Sizes are bytes, times seconds, costs US dollars, shares 0 to 1. Texts are sentences in the summary's language.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, Field, JsonValue

Language = Literal["en", "ja", "ko", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "ja", "ko", "zh")
Unit = Literal["count", "bytes", "seconds", "rate", "dollars", "share"]
StepName = Literal["day", "week", "month"]


class Span(BaseModel):
    """Whole days of the machine's own time, ``until`` is the last of them."""

    since: date
    until: date

    @property
    def days(self) -> int:
        return (self.until - self.since).days + 1


class Action(BaseModel):
    """What a reader can do about it: a view of the sidebar, with what the library's list is to be asked for, or the
    setting to be looked at. ``label`` is the button's text."""

    label: str
    view: Literal["library", "discover", "queue", "settings", "security"]
    query: dict[str, JsonValue] = {}
    setting: str | None = None


class Total(BaseModel):
    """One figure, and what it was in the period before; None where there was none."""

    name: str
    label: str
    unit: Unit
    value: float
    before: float | None = None


class Series(BaseModel):
    """A value for each of the summary's ``starts``."""

    name: str
    label: str
    unit: Unit
    values: list[float]


class Share(BaseModel):
    """One part of a whole: ``key`` for programs, ``label`` for people. ``before`` is its share in the period before,
    None where there was nothing then. ``action`` shows it."""

    key: str
    label: str
    value: float
    share: float
    before: float | None = None
    action: Action | None = None


class Finding(BaseModel):
    """Something that is hardly chance: of a hundred summaries of pure chance at most five have any. ``p`` is corrected
    for all that was looked at. ``value`` lies, with 95 % confidence, between ``low`` and ``high``."""

    id: str
    kind: Literal["trend", "rhythm", "share", "together"]
    text: str
    direction: Literal["up", "down"] | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    p: float


class Failure(Share):
    """Downloads that failed of one cause; ``hint`` says what helps, "" where nothing is known to."""

    hint: str = ""


class Downloads(BaseModel):
    """``held`` is what the seconds of downloads were spent waiting for: network, disk, cpu, site. ``bottleneck`` is a
    sentence on that, None where too little was downloaded to tell. ``rate`` is in bytes a second."""

    files: int = 0
    owned: int = 0
    quarantined: int = 0
    failed: int = 0
    cancelled: int = 0
    bytes: int = 0
    seconds: float = 0.0
    rate: float | None = None
    hosts: list[Share] = []
    failures: list[Failure] = []
    held: list[Share] = []
    bottleneck: str | None = None


class Pair(BaseModel):
    """Two models of the same prompts: how many, on how many days, and how many there would be by chance, None where
    that can't be told."""

    labels: tuple[str, str]
    times: int
    days: int
    expected: float | None = None


class Usage(BaseModel):
    """Of prompts that ran. ``rhythm`` has 7 rows, Monday first, of 24 hours: what was done in each, prompts, downloads,
    searches and variations."""

    prompts: int = 0
    searches: int = 0
    rhythm: list[list[int]] = []
    base_models: list[Share] = []
    families: list[Share] = []
    creators: list[Share] = []
    models: list[Share] = []
    together: list[Pair] = []


class Unused(BaseModel):
    """Files that no prompt has used for so many days, and that were here as long. ``watched`` is the number of days for
    which uses are known."""

    days: int
    watched: int
    files: int = 0
    bytes: int = 0
    kinds: list[Share] = []


class Duplicates(BaseModel):
    """Contents with several files, and what the further ones take."""

    contents: int = 0
    files: int = 0
    bytes: int = 0


class Storage(BaseModel):
    """The library as it is now. ``freed`` is what the unused and the duplicates take, each counted once."""

    files: int = 0
    bytes: int = 0
    missing: int = 0
    broken: int = 0
    kinds: list[Share] = []
    base_models: list[Share] = []
    unused: Unused
    duplicates: Duplicates = Duplicates()
    freed: int = 0


class Variations(BaseModel):
    """Runs with Gemini and filters. ``cost`` is an estimate; ``each`` is that of one accepted picture."""

    runs: int = 0
    accepted: int = 0
    rejected: int = 0
    from_cache: int = 0
    cost: float = 0.0
    each: float | None = None
    models: list[Share] = []


class Security(BaseModel):
    """Files that were scanned after their download, by the scanner's word, and by the hosts of the dangerous ones."""

    scanned: int = 0
    safe: int = 0
    unverifiable: int = 0
    dangerous: int = 0
    sources: list[Share] = []


class Recommendation(BaseModel):
    """Something to do: what it is told from, and the action that shows it. The weightiest come first."""

    id: str
    text: str
    data: dict[str, JsonValue]
    action: Action


class Summary(BaseModel):
    """A period and the one before, of the same length. ``recorded_since`` is the first day of which anything is known,
    None while nothing is; ``notes`` say what the figures leave out."""

    version: Literal[1] = Field(1, description="The version of this shape.")
    language: Language
    zone: str = Field(description="The time zone of days and hours, such as UTC+09:00.")
    generated_at: datetime
    period: Span
    before: Span
    recorded_since: date | None = None
    step: StepName = Field("day", description="What each value of a series is of.")
    starts: list[date] = Field([], description="The first day of each step.")
    totals: list[Total] = []
    series: list[Series] = []
    findings: list[Finding] = []
    downloads: Downloads = Downloads()
    usage: Usage = Usage()
    storage: Storage
    variations: Variations = Variations()
    security: Security = Security()
    errors: list[Share] = []
    recommendations: list[Recommendation] = []
    notes: list[str] = []

    @property
    def empty(self) -> bool:
        """Whether nothing was recorded in the period."""
        return self.recorded_since is None or not any(total.value for total in self.totals)
