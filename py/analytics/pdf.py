"""A report as a PDF of A4 pages, without any browser: the sections of the page, the charts as vectors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any, Literal

from .pdf_charts import DARK, LIGHT, Charts, Palette, fill, put
from .pdf_type import Run, Type
from .sections import Advice, Chart, Row, Section, Table, Tile
from .summary import Summary
from .words import Words

if TYPE_CHECKING:
    from reportlab.graphics.shapes import Drawing
    from reportlab.pdfgen.canvas import Canvas
    from reportlab.platypus import Flowable

_MM = 72 / 25.4
_PAGE = (210 * _MM, 297 * _MM)
_SIDE, _TOP, _BOTTOM = 15 * _MM, 17 * _MM, 17 * _MM
_WIDTH = _PAGE[0] - 2 * _SIDE
_LEADING = 1.4
_TILES = 4
_LINES_OF_NAME, _LINES_OF_TEXT = 3, 8
_LANG = {"en": "en", "ja": "ja", "ko": "ko", "zh": "zh-Hans"}


def pdf(
    summary: Summary,
    sections: Sequence[Section],
    words: Words,
    *,
    title: str,
    theme: Literal["light", "dark", "auto"],
) -> bytes:
    """``auto`` is light: paper is."""
    letters, palette = Type(words.language), DARK if theme == "dark" else LIGHT
    return _Document(summary, words, title, letters, palette).build(sections)


@dataclass(frozen=True)
class _Document:
    summary: Summary
    words: Words
    title: str
    letters: Type
    palette: Palette

    def build(self, sections: Sequence[Section]) -> bytes:
        from reportlab.platypus import BaseDocTemplate, Frame, PageTemplate

        file = BytesIO()
        document = BaseDocTemplate(
            file,
            pagesize=_PAGE,
            title=self.title,
            author="Lorakeeper",
            creator="Lorakeeper",
            lang=_LANG[self.words.language],
        )
        height = _PAGE[1] - _TOP - _BOTTOM
        frame = Frame(_SIDE, _BOTTOM, _WIDTH, height, leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0)
        document.addPageTemplates(PageTemplate("page", [frame], onPage=lambda canvas, _: self._ground(canvas)))
        document.build([*self._head(), *self._story(sections)], canvasmaker=_numbered(self._frame_page))
        return file.getvalue()

    # -- Pages -------------------------------------------------------------------------------------------------------

    def _ground(self, canvas: Canvas) -> None:
        canvas.setFillColor(self.palette.ground)
        canvas.rect(0, 0, *_PAGE, stroke=0, fill=1)

    def _frame_page(self, canvas: Canvas, number: int, count: int) -> None:
        """What stands above and below a page's own."""
        from reportlab.graphics.shapes import Drawing

        made = self.words("analytics.made", day=self.words.day(self.summary.generated_at.date()))
        zone = self.words("analytics.zone", zone=self.summary.zone)
        page = self.letters.line(self.words("analytics.page", page=number, pages=count), 8)
        drawing = Drawing(_WIDTH, _PAGE[1])
        put(drawing, self.letters.line(f"{made} · {zone}", 8), 0, 9 * _MM, 8, self.palette.quiet)
        put(drawing, page, _WIDTH - sum(run.width for run in page), 9 * _MM, 8, self.palette.quiet)
        if number > 1:
            above = self.letters.lines(self.title, 8, _WIDTH, most=1)[0]
            put(drawing, above, 0, _PAGE[1] - 11 * _MM, 8, self.palette.quiet)
        drawing.drawOn(canvas, _SIDE, 0)

    # -- The story ---------------------------------------------------------------------------------------------------

    def _head(self) -> list[Flowable]:
        words, span = self.words, self.summary.period
        days = {"since": words.day(span.since), "until": words.day(span.until)}
        when = words("analytics.period", **days) if span.days > 1 else days["since"]
        head = [self._text(self.title, 20, bold=True, below=2), self._text(when, 12, below=1)]
        if any(total.before is not None for total in self.summary.totals):
            compared = words("analytics.compared", count=self.summary.before.days)
            head.append(self._text(compared, 9, color=self.palette.quiet))
        return [*head, _space(8)]

    def _story(self, sections: Sequence[Section]) -> list[Flowable]:
        story: list[Flowable] = []
        for section in sections:
            parts = list(self._parts(section))
            # A heading stays with what comes first below it.
            story.extend([_together([*self._heading(section), *parts[:1]]), *parts[1:], _space(14)])
        return story

    def _heading(self, section: Section) -> list[Flowable]:
        from reportlab.graphics.shapes import Drawing, Line
        from reportlab.lib.colors import HexColor
        from reportlab.platypus import AnchorFlowable

        rule = Drawing(_WIDTH, 8)
        rule.add(Line(0, 6, _WIDTH, 6, strokeColor=HexColor(self.palette.line), strokeWidth=0.7))
        return [AnchorFlowable(section.name), rule, self._text(section.title, 14, bold=True, below=4)]

    def _parts(self, section: Section) -> list[Flowable]:
        parts: list[Flowable] = []
        if section.tiles:
            parts.extend([self._tiles(section.tiles), _space(4)])
        parts.extend(self._text(text, 10, below=3) for text in section.sentences)
        parts.extend(map(self._advice, section.advice))
        for chart in section.charts:
            parts.extend([_space(10), self._chart(chart)])
        for table in section.tables:
            parts.extend([_space(12), *self._table(table)])
        return parts

    def _tiles(self, tiles: Sequence[Tile]) -> Flowable:
        width = _WIDTH / _TILES
        cells = [self._tile(tile, width - 10) for tile in tiles]
        cells.extend([""] * (-len(cells) % _TILES))
        rows = [cells[at : at + _TILES] for at in range(0, len(cells), _TILES)]
        return _grid(rows, [width] * _TILES, [("VALIGN", (0, 0), (-1, -1), "TOP"), *_padding(0, 4)])

    def _tile(self, tile: Tile, width: float) -> Any:
        color = {True: self.palette.good, False: self.palette.bad, None: self.palette.quiet}[tile.good]
        return [
            self._text(tile.label, 8.5, width, color=self.palette.quiet, most=2),
            self._text(tile.value, 15, width, bold=True, most=1),
            *([self._text(tile.change, 8.5, width, color=color, most=1)] if tile.change else []),
        ]

    def _advice(self, advice: Advice) -> Flowable:
        text = self._text(advice.text, 10, _WIDTH, below=4, indent=10)
        fill(text, 0, 4, 2, text.height - 4, self.palette.series[0])
        return text

    def _chart(self, chart: Chart) -> Flowable:
        drawn = Charts(self.letters, self.words, self.palette, _WIDTH).draw(chart)
        title = self._text(chart.title, 11, bold=True)
        return _together([title, self._text(chart.text, 8.5, color=self.palette.quiet, below=4, most=3), drawn])

    def _table(self, table: Table) -> list[Flowable]:
        from reportlab.platypus import CondPageBreak

        widths = self._widths(table)
        rows: list[list[Any]] = [
            [self._cell(text, width, self.palette.quiet, end=at > 0) for at, (text, width) in enumerate(pairs)]
            for pairs in [list(zip(table.columns, widths, strict=True))]
        ]
        for row in table.rows:
            others = [
                self._cell(text, width, self.palette.text, end=True)
                for text, width in zip(row.cells[1:], widths[1:], strict=True)
            ]
            rows.append([self._name(row, widths[0]), *others])
        style: list[tuple[Any, ...]] = [
            ("LINEBELOW", (0, 0), (-1, -1), 0.5, self.palette.line),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            *_padding(0, 3),
        ]
        title = self._text(table.title, 11, bold=True, below=2)
        # The title, the head and two rows at least.
        return [CondPageBreak(title.height + 60), title, _grid(rows, widths, style, heads=1)]

    def _widths(self, table: Table) -> list[float]:
        """Each column of figures as wide as its widest, and all the rest for the names."""
        lists = [table.columns, *(row.cells for row in table.rows)]
        widest = [
            min(max(self.letters.width(cells[at], 9) for cells in lists) + 16, _WIDTH / 5)
            for at in range(1, len(table.columns))
        ]
        return [_WIDTH - sum(widest), *widest]

    def _cell(self, text: str, width: float, color: str, *, end: bool) -> Drawing:
        return self._text(text, 9, width, color=color, most=3, end=end, indent=0 if end else 5)

    def _name(self, row: Row, width: float) -> Drawing:
        """The name, before a bar if the row has one."""
        from reportlab.graphics.shapes import Drawing

        text = self._text(row.cells[0], 9, width, indent=5, most=_LINES_OF_NAME)
        drawing = Drawing(text.width, text.height)
        if row.bar:
            fill(drawing, 0, -1.5, (width - 10) * row.bar, text.height + 1.5, self.palette.bar)
        for shape in text.contents:
            drawing.add(shape)
        return drawing

    def _text(
        self,
        text: str,
        size: float,
        width: float = _WIDTH,
        *,
        bold: bool = False,
        color: str = "",
        below: float = 0,
        most: int = _LINES_OF_TEXT,
        indent: float = 0,
        end: bool = False,
    ) -> Drawing:
        """Lines of text as a drawing, ``end`` to the right; no line is wider than ``width``."""
        from reportlab.graphics.shapes import Drawing

        lines: list[list[Run]] = self.letters.lines(text, size, width - indent, bold=bold, most=most)
        leading = size * _LEADING
        drawing = Drawing(width, leading * len(lines) + below)
        for number, runs in enumerate(lines):
            x = width - sum(run.width for run in runs) if end else indent
            y = drawing.height - leading * (number + 1) + size * 0.3
            put(drawing, runs, x, y, size, color or self.palette.text)
        return drawing


def _space(height: float) -> Flowable:
    from reportlab.platypus import Spacer

    return Spacer(_WIDTH, height)


def _together(parts: list[Flowable]) -> Flowable:
    from reportlab.platypus import KeepTogether

    return KeepTogether(parts)


def _padding(side: float, above: float) -> list[tuple[Any, ...]]:
    sides = {"LEFTPADDING": side, "RIGHTPADDING": side, "TOPPADDING": above, "BOTTOMPADDING": above}
    return [(name, (0, 0), (-1, -1), size) for name, size in sides.items()]


def _grid(rows: Sequence[list[Any]], widths: Sequence[float], style: list[Any], heads: int = 0) -> Flowable:
    from reportlab.platypus import Table

    return Table(rows, colWidths=widths, style=style, repeatRows=heads, hAlign="LEFT")


def _numbered(finish: Callable[[Canvas, int, int], None]) -> type[Canvas]:
    """A canvas that calls ``finish`` for each page once it is known how many there are."""
    from reportlab.pdfgen.canvas import Canvas

    class Numbered(Canvas):
        def __init__(self, *given: Any, **named: Any) -> None:
            super().__init__(*given, **named)
            self._pages: list[dict[str, Any]] = []

        def showPage(self) -> None:  # noqa: N802 - its name there
            self._pages.append(dict(self.__dict__))
            self._startPage()  # type: ignore[attr-defined]

        def save(self) -> None:
            for number, page in enumerate(self._pages, 1):
                self.__dict__.update(page)
                finish(self, number, len(self._pages))
                super().showPage()
            super().save()

    return Numbered
