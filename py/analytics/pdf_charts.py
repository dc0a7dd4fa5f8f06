"""Charts as drawings of lines and areas, for paper. They show what ``web/app/analytics/charts.js`` shows on a
screen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .pdf_type import Run, Type
from .sections import Chart
from .summary import Unit
from .words import Words

if TYPE_CHECKING:
    from reportlab.graphics.shapes import Drawing, Path, Shape
    from reportlab.lib.colors import Color

_SIZE = 8.0
_ROW = 17.0
_CELL = 14.0
_PLOT = 120.0
_BELOW = 16.0
_LEGEND = 16.0
_BASE = 0.3  # of a letter's size: how far its middle is above the line it stands on
_NOTHING = 1e-9
_SECONDS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200)


@dataclass(frozen=True)
class Palette:
    """Colours as ``#rrggbb``. ``series`` are told apart by those who see fewer colours too."""

    ground: str
    text: str
    quiet: str
    line: str
    bar: str
    good: str
    bad: str
    series: tuple[str, ...]
    none: tuple[int, int, int]
    most: tuple[int, int, int]


LIGHT = Palette(
    ground="#ffffff",
    text="#1b1b1f",
    quiet="#5c5c66",
    line="#dcdee4",
    bar="#e3edf9",
    good="#17733e",
    bad="#bb2d27",
    series=("#2b6cb8", "#c96a1b", "#2a8c82", "#8d5aa8"),
    none=(236, 240, 245),
    most=(24, 84, 156),
)
DARK = Palette(
    ground="#18181b",
    text="#f2f2f3",
    quiet="#a8a8b2",
    line="#3a3a41",
    bar="#24364d",
    good="#5fce8f",
    bad="#ff8a82",
    series=("#64a8f0", "#efa04b", "#4cc2b3", "#c79ad8"),
    none=(42, 46, 54),
    most=(122, 190, 255),
)


class Charts:
    """Draws charts so many points wide."""

    def __init__(self, letters: Type, words: Words, palette: Palette, width: float) -> None:
        self._type = letters
        self._words = words
        self._palette = palette
        self._width = width

    def draw(self, chart: Chart) -> Drawing:
        return {"lines": self._over_time, "bars": self._over_time, "rows": self._rows, "heat": self._heat}[chart.kind](
            chart
        )

    # -- Kinds -------------------------------------------------------------------------------------------------------

    def _over_time(self, chart: Chart) -> Drawing:
        from reportlab.graphics.shapes import Drawing, Line

        several = len(chart.series) > 1
        drawing = Drawing(self._width, _BELOW + _PLOT + 8 + (_LEGEND if several else 0))
        values = [each.values for each in chart.series]
        tops = [sum(each) for each in zip(*values, strict=True)] if chart.stacked else [max(each) for each in values]
        marks = ticks(max([0.0, *tops]), chart.unit)
        labels = [self._words.value(mark, chart.unit) for mark in marks]
        left = max(self._type.width(label, _SIZE) for label in labels) + 6
        step = (self._width - left) / len(chart.x)
        for mark, label in zip(marks, labels, strict=True):
            y = _BELOW + mark / marks[-1] * _PLOT
            drawing.add(Line(left, y, self._width, y, strokeColor=_color(self._palette.line), strokeWidth=0.5))
            self._write(drawing, label, left - 6, y - _SIZE * _BASE, self._palette.quiet, end=True)
        room = self._type.width("2026-11-03", _SIZE) * 1.6
        for place in evenly(len(chart.x), int((self._width - left) / room)):
            half = self._type.width(chart.x[place], _SIZE) / 2
            middle = min(max(left + (place + 0.5) * step, left + half), self._width - half)
            self._write(drawing, chart.x[place], middle - half, 2, self._palette.quiet)
        for each in self._marks(chart, left, step, _PLOT / marks[-1]):
            drawing.add(each)
        if several:
            self._legend(drawing, [each.name for each in chart.series], left, _BELOW + _PLOT + 12)
        return drawing

    def _marks(self, chart: Chart, left: float, step: float, scale: float) -> list[Shape]:
        from reportlab.graphics.shapes import Path, Polygon, PolyLine

        found: list[Shape] = []
        below = [0.0] * len(chart.x)
        for number, series in enumerate(chart.series):
            color = _color(self._palette.series[number % len(self._palette.series)])
            if chart.kind == "bars":
                path = Path(fillColor=color, strokeColor=None)
                gap = step * (0.05 if len(chart.x) > 60 else 0.14)
                for place, value in enumerate(series.values):
                    if value > 0:
                        _box(
                            path,
                            left + place * step + gap,
                            _BELOW + below[place] * scale,
                            step - 2 * gap,
                            value * scale,
                        )
                        below[place] += value if chart.stacked else 0.0
                found.append(path)
                continue
            points = [
                each
                for place, value in enumerate(series.values)
                for each in (left + (place + 0.5) * step, _BELOW + value * scale)
            ]
            if len(chart.series) == 1:
                area = [points[0], _BELOW, *points, points[-2], _BELOW]
                found.append(Polygon(area, fillColor=_color(self._palette.bar), strokeColor=None))
            width = 0.7 if len(chart.x) > 120 else 1.3
            found.append(PolyLine(points, strokeColor=color, strokeWidth=width, strokeLineJoin=1))
        return found

    def _rows(self, chart: Chart) -> Drawing:
        from reportlab.graphics.shapes import Drawing

        values = chart.series[0].values
        shown = [self._words.value(value, chart.unit) for value in values]
        drawing = Drawing(self._width, _ROW * len(values))
        side = min(self._width * 0.4, max(self._type.width(name, _SIZE) for name in chart.x) + 1)
        left = side + 8
        room = self._width - left - max(self._type.width(text, _SIZE) for text in shown) - 8
        most = max(values) or 1.0
        for place, (name, value, text) in enumerate(zip(chart.x, values, shown, strict=True)):
            y = _ROW * (len(values) - place - 1)
            stand = y + _ROW / 2 - _SIZE * _BASE
            length = max(0.5, room * value / most)
            color = self._palette.series[0]
            fill(drawing, left, y + 3, length, _ROW - 6, color)
            runs = self._type.cut(name, _SIZE, side)
            put(drawing, runs, side - _width(runs), stand, _SIZE, self._palette.text)
            self._write(drawing, text, left + length + 5, stand, self._palette.text)
        return drawing

    def _heat(self, chart: Chart) -> Drawing:
        from reportlab.graphics.shapes import Drawing

        most = max([1.0, *(value for each in chart.series for value in each.values)])
        left = max(self._type.width(each.name, _SIZE) for each in chart.series) + 6
        step = (self._width - left) / len(chart.x)
        height = _CELL * len(chart.series)
        drawing = Drawing(self._width, height + _BELOW)
        for row, each in enumerate(chart.series):
            y = _BELOW + height - _CELL * (row + 1)
            stand = y + _CELL / 2 - _SIZE * _BASE
            self._write(drawing, each.name, left - 6, stand, self._palette.text, end=True)
            for place, value in enumerate(each.values):
                color = self._warmth(value / most)
                x = left + place * step
                fill(drawing, x + 0.8, y + 0.8, step - 1.6, _CELL - 1.6, color)
        for place in range(0, len(chart.x), 2):
            half = self._type.width(chart.x[place], _SIZE) / 2
            self._write(drawing, chart.x[place], left + (place + 0.5) * step - half, 3, self._palette.quiet)
        return drawing

    # -- Parts of a drawing ------------------------------------------------------------------------------------------

    def _legend(self, drawing: Drawing, names: Sequence[str], x: float, y: float) -> None:
        for number, name in enumerate(names):
            color = self._palette.series[number % len(self._palette.series)]
            fill(drawing, x, y, 7, 7, color)
            self._write(drawing, name, x + 11, y + 1, self._palette.text)
            x += 11 + self._type.width(name, _SIZE) + 16

    def _write(self, drawing: Drawing, text: str, x: float, y: float, color: str, *, end: bool = False) -> None:
        runs = self._type.line(text, _SIZE)
        put(drawing, runs, x - _width(runs) if end else x, y, _SIZE, color)

    def _warmth(self, share: float) -> str:
        """The colour of a share of the most; the root keeps small ones from looking like nothing."""
        way = math.sqrt(min(1.0, max(0.0, share)))
        none, most = self._palette.none, self._palette.most
        mixed = (round(one + (other - one) * way) for one, other in zip(none, most, strict=True))
        return "#" + "".join(f"{part:02x}" for part in mixed)


def put(drawing: Drawing, runs: Sequence[Run], x: float, y: float, size: float, color: str) -> None:
    """Writes one line that begins at ``x`` and stands on ``y``."""
    from reportlab.graphics.shapes import String

    for run in runs:
        drawing.add(String(x, y, run.text, fontName=run.font, fontSize=size, fillColor=_color(color)))
        x += run.width


def fill(drawing: Drawing, x: float, y: float, width: float, height: float, color: str) -> None:
    """Adds a rectangle of one colour."""
    from reportlab.graphics.shapes import Path

    path = Path(fillColor=_color(color), strokeColor=None)
    _box(path, x, y, width, height)
    drawing.add(path)


def ticks(most: float, unit: Unit) -> list[float]:
    """Round values from 0 up to one that is not below ``most``, as round as the unit has them: 512 MB, not 500."""
    most = most if most > _NOTHING else 1.0
    step = _step(most / 4, unit)
    return [number * step for number in range(max(1, math.ceil(most / step - 1e-9)) + 1)]


def evenly(count: int, most: int) -> range:
    """At most so many places of ``count``, the same number apart, as far from one edge as from the other."""
    apart = max(1, math.ceil(count / max(1, most)))
    return range((count - 1) % apart // 2, count, apart)


def _step(least: float, unit: Unit) -> float:
    if unit in {"bytes", "rate"}:
        return float(2 ** max(0, math.ceil(math.log2(max(1.0, least)))))
    if unit == "seconds":
        return float(next((each for each in _SECONDS if each >= least), math.ceil(least / 86400) * 86400))
    power = 10.0 ** math.floor(math.log10(least))
    step = next(each * power for each in (1, 2, 5, 10) if each * power >= least * (1 - 1e-9))
    return max(1.0, step) if unit == "count" else step


def _box(path: Path, x: float, y: float, width: float, height: float) -> None:
    path.moveTo(x, y)
    path.lineTo(x + width, y)
    path.lineTo(x + width, y + height)
    path.lineTo(x, y + height)
    path.closePath()


def _width(runs: Sequence[Run]) -> float:
    return sum(run.width for run in runs)


def _color(text: str) -> Color:
    from reportlab.lib.colors import HexColor

    return HexColor(text)
