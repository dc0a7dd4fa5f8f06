"""What of a summary is shown, in which order, and in which words. What there is nothing of becomes one sentence.

Names of models, creators and hosts come from strangers. They stay plain text, and lose what isn't seen: control
characters, and the marks that would turn the direction of the text around them.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import Literal, TypedDict

from .sections import SECTIONS, Advice, Chart, ChartSeries, Row, Section, SectionName, Table, Tile
from .summary import Series, Share, Summary, Total, Unit
from .words import Words

_ROWS = 15
_BARS = 8
_FEW = 5  # a count below this is compared as itself: 50 % more of two says less than that it was two
_BAD = {"failed", "errors"}
_UNSEEN = re.compile(r"[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


_OverTime = Literal["lines", "bars"]


class _Change(TypedDict, total=False):
    change: str
    good: bool | None


def sections(summary: Summary, words: Words, wanted: Sequence[SectionName] = SECTIONS) -> list[Section]:
    """The ``wanted`` sections, in the order of SECTIONS. Where nothing was ever recorded, one that says what will be
    here, and after it what the library tells by itself."""
    return _Layout(summary, words).sections([name for name in SECTIONS if name in wanted])


def plain(text: str) -> str:
    """A stranger's name in one line, without what isn't seen."""
    seen = "".join(" " if unicodedata.category(each) in {"Cc", "Zl", "Zp"} else each for each in _UNSEEN.sub("", text))
    return " ".join(seen.split())


class _Layout:
    def __init__(self, summary: Summary, words: Words) -> None:
        self._of = summary
        self._words = words
        self._totals = {total.name: total for total in summary.totals}
        self._series = {series.name: series for series in summary.series}
        month = summary.step == "month"
        self._starts = [start.isoformat()[: 7 if month else 10] for start in summary.starts]

    def sections(self, wanted: Sequence[SectionName]) -> list[Section]:
        if self._of.recorded_since is None:
            known: list[SectionName] = ["recommendations", "storage"] if self._of.storage.files else []
            return [self._nothing_yet(), *(self._section(name) for name in known if name in wanted)]
        return [self._section(name) for name in wanted]

    def _section(self, name: SectionName) -> Section:
        parts: dict[SectionName, Callable[[], Section]] = {
            "overview": self._overview,
            "recommendations": self._recommendations,
            "downloads": self._downloads,
            "usage": self._usage,
            "storage": self._storage,
            "variations": self._variations,
            "security": self._security,
        }
        return parts[name]()

    # -- Sections ----------------------------------------------------------------------------------------------------

    def _nothing_yet(self) -> Section:
        words = self._words
        notes = [note for note in self._of.notes if note != words("analytics.note.none")]
        sentences = [words("analytics.empty.what"), words("analytics.empty.how"), *notes]
        return Section(name="overview", title=words("analytics.empty.title"), sentences=sentences)

    def _overview(self) -> Section:
        words, of = self._words, self._of
        shown = [total for total in of.totals if total.value or total.before or total.name in {"prompts", "downloads"}]
        found = [plain(finding.text) for finding in of.findings]
        return Section(
            name="overview",
            title=words("analytics.section.overview"),
            sentences=[*of.notes, *(found or ([] if of.empty else [words("analytics.none.findings")]))],
            tiles=[
                Tile(label=total.label, value=words.value(total.value, total.unit), **self._change(total))
                for total in shown
            ],
            charts=self._over_time("lines", "activity", "prompts", "downloads"),
            tables=self._shares("errors", "error", "count", "count", of.errors),
        )

    def _recommendations(self) -> Section:
        advice = [Advice(text=plain(each.text), action=each.action) for each in self._of.recommendations]
        return self._made("recommendations", bool(advice), advice=advice)

    def _downloads(self) -> Section:
        words, of = self._words, self._of.downloads
        tried = of.files + of.owned + of.quarantined + of.failed + of.cancelled
        helps = dict.fromkeys((each.label, each.hint) for each in of.failures[:3] if each.hint)
        return self._made(
            "downloads",
            bool(tried),
            sentences=[
                *([of.bottleneck] if of.bottleneck else []),
                *(words("analytics.failure.line", cause=cause, hint=hint) for cause, hint in helps),
            ],
            tiles=[
                self._tile("files", of.files, total="downloads"),
                self._tile("downloaded", of.bytes, "bytes", total="downloaded"),
                *([self._tile("rate", of.rate, "rate")] if of.rate is not None else []),
                self._tile("failed", of.failed, total="failed"),
                *self._tiles(owned=of.owned, quarantined=of.quarantined, cancelled=of.cancelled),
            ],
            charts=[
                *self._over_time("bars", "downloads", "downloads", "failed"),
                *self._over_time("bars", "downloaded", "downloaded"),
                *self._over_time("lines", "rate", "rate"),
                *self._rows("held", "share", [(each.label, each.share) for each in of.held]),
            ],
            tables=[
                *self._shares("failures", "cause", "count", "count", of.failures),
                *self._shares("hosts", "host", "size", "bytes", of.hosts),
            ],
        )

    def _usage(self) -> Section:
        words, of = self._words, self._of.usage
        pairs = [
            Row(
                cells=[
                    " + ".join(map(plain, pair.labels)),
                    words.number(pair.times),
                    words.number(pair.days),
                    "–" if pair.expected is None else words.number(pair.expected),
                ]
            )
            for pair in of.together[:_ROWS]
        ]
        columns = [words(f"analytics.column.{name}") for name in ("pair", "prompts", "days", "expected")]
        return self._made(
            "usage",
            bool(of.prompts or of.searches),
            tiles=[
                self._tile("prompts", of.prompts, total="prompts"),
                self._tile("searches", of.searches, total="searches"),
            ],
            charts=[
                *self._over_time("bars", "prompts", "prompts"),
                *self._rhythm(),
                *self._rows("base_models", "count", [(each.label, each.value) for each in of.base_models]),
            ],
            tables=[
                *self._shares("models", "model", "prompts", "count", of.models),
                *self._shares("base_models", "base_model", "prompts", "count", of.base_models),
                *self._shares("creators", "creator", "prompts", "count", of.creators),
                *self._shares("families", "family", "prompts", "count", of.families),
                *([Table(title=words("analytics.table.together"), columns=columns, rows=pairs)] if pairs else []),
            ],
        )

    def _storage(self) -> Section:
        words, of = self._words, self._of.storage
        unused, copies = of.unused, of.duplicates
        sentences = []
        if unused.watched < unused.days:
            sentences.append(words("analytics.storage.watched", count=unused.watched, days=unused.days))
        elif unused.files:
            size = words.bytes(unused.bytes)
            sentences.append(words("analytics.storage.unused", count=unused.files, size=size, days=unused.days))
        if copies.files:
            size = words.bytes(copies.bytes)
            sentences.append(words("analytics.storage.duplicates", count=copies.files, size=size))
        if of.freed and unused.files and copies.files:
            sentences.append(words("analytics.storage.freed", size=words.bytes(of.freed)))
        return self._made(
            "storage",
            bool(of.files or of.missing),
            sentences=sentences,
            tiles=[
                self._tile("models", of.files),
                self._tile("size", of.bytes, "bytes"),
                *([self._tile("unused", unused.bytes, "bytes")] if unused.files else []),
                *([self._tile("duplicates", copies.bytes, "bytes")] if copies.files else []),
                *([self._tile("freed", of.freed, "bytes")] if of.freed else []),
                *self._tiles(missing=of.missing, broken=of.broken),
            ],
            charts=self._rows("kinds", "bytes", [(each.label, each.value) for each in of.kinds]),
            tables=[
                *self._shares("kinds", "kind", "size", "bytes", of.kinds),
                *self._shares("space", "base_model", "size", "bytes", of.base_models),
                *self._shares("unused", "kind", "size", "bytes", unused.kinds),
            ],
        )

    def _variations(self) -> Section:
        words, of = self._words, self._of.variations
        judged = of.accepted + of.rejected
        share = words.percent(of.rejected / judged) if judged else ""
        return self._made(
            "variations",
            bool(of.runs or judged or of.cost),
            sentences=[words("analytics.variations.rejected", share=share)] if of.rejected else [],
            tiles=[
                self._tile("runs", of.runs),
                self._tile("accepted", of.accepted),
                self._tile("rejected", of.rejected),
                *self._tiles(cache=of.from_cache),
                self._tile("cost", of.cost, "dollars", total="cost"),
                *([self._tile("each", of.each, "dollars")] if of.each is not None else []),
            ],
            charts=[
                *self._over_time("bars", "pictures", "accepted", "rejected"),
                *self._over_time("bars", "cost", "cost"),
            ],
            tables=self._shares("gemini", "model", "cost", "dollars", of.models),
        )

    def _security(self) -> Section:
        words, of = self._words, self._of.security
        sentences = [] if of.dangerous else [words("analytics.security.fine")]
        for name, count in (("dangerous", of.dangerous), ("unverifiable", of.unverifiable)):
            if count:
                sentences.append(words(f"analytics.security.{name}", count=count))
        return self._made(
            "security",
            bool(of.scanned),
            sentences=sentences,
            tiles=[
                self._tile("scanned", of.scanned),
                self._tile("safe", of.safe),
                self._tile("unverifiable", of.unverifiable),
                self._tile("dangerous", of.dangerous),
            ],
            tables=self._shares("sources", "host", "files", "count", of.sources),
        )

    def _made(self, name: SectionName, anything: bool, **parts: object) -> Section:
        title = self._words(f"analytics.section.{name}")
        if not anything:
            return Section(name=name, title=title, sentences=[self._words(f"analytics.none.{name}")])
        return Section.model_validate({"name": name, "title": title, **parts})

    # -- Parts of a section ------------------------------------------------------------------------------------------

    def _tile(self, name: str, value: float, unit: Unit = "count", *, total: str | None = None) -> Tile:
        """A figure, compared with the period before where it is that ``total``'s."""
        of = self._totals.get(total) if total else None
        shown = self._words.value(value, unit)
        # Rounding aside: the same thing counted otherwise isn't compared.
        compared = self._change(of) if of and math.isclose(of.value, value, rel_tol=1e-6) else {}
        return Tile(label=self._words(f"analytics.tile.{name}"), value=shown, **compared)

    def _tiles(self, **counts: int) -> list[Tile]:
        """Of those that are not zero."""
        return [self._tile(name, count) for name, count in counts.items() if count]

    def _change(self, total: Total) -> _Change:
        before, value = total.before, total.value
        if before is None or (not before and not value):
            return {}
        ratio = value / before - 1 if before else 0.0
        percent = round(ratio * 100)
        # What is shown as no change is none to be glad or sorry of.
        good = None if total.name not in _BAD or (before and not percent) else value < before
        if not before or ratio > 10 or (total.unit == "count" and before < _FEW):
            text = self._words("analytics.change.before", value=self._words.value(before, total.unit))
        elif not percent:
            text = "±0 %"
        else:
            text = f"{'+' if percent > 0 else '−'}{self._words.number(abs(percent))} %"
        return {"change": text, "good": good}

    def _over_time(self, kind: _OverTime, title: str, *names: str) -> list[Chart]:
        """The series of these ``names`` in one chart, without those of zeros alone; bars of several are stacked."""
        some = [self._series[name] for name in names if name in self._series and any(self._series[name].values)]
        if not some or len(self._starts) < 2:
            return []
        return [
            Chart(
                kind=kind,
                title=self._words(f"analytics.chart.{title}"),
                unit=some[0].unit,
                x=self._starts,
                series=[ChartSeries(name=each.label, values=each.values) for each in some],
                stacked=kind == "bars" and len(some) > 1,
                text=("" if self._words.language in {"ja", "zh"} else " ").join(map(self._peak, some)),
            )
        ]

    def _peak(self, series: Series) -> str:
        most = max(series.values)
        x = self._starts[series.values.index(most)]
        shown = self._words.value(most, series.unit)
        return self._words(f"analytics.text.{self._of.step}", name=series.label, x=x, most=shown)

    def _rows(self, title: str, unit: Unit, values: Sequence[tuple[str, float]]) -> list[Chart]:
        """The largest of ``values`` as bars that lie; one alone shows nothing."""
        largest = [(plain(label), value) for label, value in values if value > 0][:_BARS]
        if len(largest) < 2:
            return []
        words, (first, most) = self._words, max(largest, key=lambda each: each[1])
        title = words(f"analytics.chart.{title}")
        return [
            Chart(
                kind="rows",
                title=title,
                unit=unit,
                x=[label for label, _ in largest],
                series=[ChartSeries(name=title, values=[value for _, value in largest])],
                text=words("analytics.text.rows", name=first, most=words.value(most, unit)),
            )
        ]

    def _rhythm(self) -> list[Chart]:
        words, rhythm = self._words, self._of.usage.rhythm
        if not any(map(any, rhythm)):
            return []
        day, hour = max(
            ((day, hour) for day, hours in enumerate(rhythm) for hour in range(len(hours))),
            key=lambda place: rhythm[place[0]][place[1]],
        )
        span = {"from": f"{hour:02}:00", "to": f"{(hour + 1) % 24:02}:00"}
        return [
            Chart(
                kind="heat",
                title=words("analytics.chart.rhythm"),
                unit="count",
                x=[f"{hour:02}" for hour in range(24)],
                series=[
                    ChartSeries(name=words(f"analytics.weekday.short.{day}"), values=[float(each) for each in hours])
                    for day, hours in enumerate(rhythm)
                ],
                text=words("analytics.text.rhythm", day=words(f"analytics.weekday.{day}"), **span),
            )
        ]

    def _shares(self, title: str, what: str, figure: str, unit: Unit, shares: Sequence[Share]) -> list[Table]:
        """A table of parts of a whole; the share before stands there where any is known."""
        if not shares:
            return []
        words = self._words
        compared = any(each.before is not None for each in shares)
        columns = [what, figure, "share", *(["before"] if compared else [])]
        longest = max(each.share for each in shares)
        rows = [
            Row(
                cells=[
                    plain(each.label) or words("analytics.unknown"),
                    words.value(each.value, unit),
                    words.percent(each.share),
                    *([words.percent(each.before) if each.before is not None else "–"] if compared else []),
                ],
                bar=min(1.0, max(0.0, each.share / longest)) if longest > 0 else None,
                action=each.action,
            )
            for each in shares[:_ROWS]
        ]
        if len(shares) > _ROWS:
            more = words("analytics.more", count=len(shares) - _ROWS)
            rows.append(Row(cells=[more, *("" for _ in columns[1:])]))
        return [
            Table(
                title=words(f"analytics.table.{title}"),
                columns=[words(f"analytics.column.{name}") for name in columns],
                rows=rows,
            )
        ]
