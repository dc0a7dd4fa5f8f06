"""A summary as it is shown: sections of tiles, charts, tables and sentences, everything in words and figures of the
reader's language. The sidebar, the page and the PDF all show these, and decide nothing but how they look."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel

from .summary import Action, Unit

SectionName = Literal["overview", "downloads", "usage", "storage", "variations", "security", "recommendations"]
SECTIONS: tuple[SectionName, ...] = (
    "overview",
    "recommendations",
    "downloads",
    "usage",
    "storage",
    "variations",
    "security",
)


class Tile(BaseModel):
    """One figure. ``change`` is against the period before, such as +12 %; ``good`` whether that is welcome, None where
    it is neither."""

    label: str
    value: str
    change: str | None = None
    good: bool | None = None


class ChartSeries(BaseModel):
    name: str
    values: list[float]


class Chart(BaseModel):
    """``lines`` and ``bars`` have a value of each series for each of ``x``; ``rows`` are bars that lie, one series;
    ``heat`` has a series for each row, from above. ``text`` says in a sentence what is to be seen."""

    kind: Literal["lines", "bars", "rows", "heat"]
    title: str
    unit: Unit
    x: list[str]
    series: list[ChartSeries]
    stacked: bool = False
    text: str


class Row(BaseModel):
    """``bar`` is the length of a bar behind the row, 0 to 1."""

    cells: list[str]
    bar: float | None = None
    action: Action | None = None


class Table(BaseModel):
    """The first column is text, all others are figures, aligned to their end."""

    title: str
    columns: list[str]
    rows: list[Row]


class Advice(BaseModel):
    text: str
    action: Action


class Section(BaseModel):
    """``sentences`` are what was found, or why there is nothing to show."""

    name: SectionName
    title: str
    sentences: list[str] = []
    tiles: list[Tile] = []
    charts: list[Chart] = []
    tables: list[Table] = []
    advice: list[Advice] = []
