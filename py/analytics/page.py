"""A report as one HTML file that needs nothing else: no server, no network, no font, and JavaScript for charts alone.

Nothing can be loaded or run but what was put in here: the page's policy names each of its scripts and styles by hash.
Every text is escaped; the charts' figures lie in a block of JSON that no name in it can end.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Literal

from .sections import Chart, Row, Section, Table, Tile
from .summary import Summary
from .words import Words

_LANG = {"en": "en", "ja": "ja", "ko": "ko", "zh": "zh-Hans"}
_APP = Path(__file__).resolve().parent.parent.parent / "web" / "app"
# In the order in which they need each other; as one script they need no import.
_MODULES = ("format.js", "analytics/charts.js", "analytics/report.js")
_IMPORT = re.compile(r"^import .*?;\n", re.MULTILINE | re.DOTALL)
# What stands in for strings.js: figures are written alike in all reports, whatever their language.
_STRINGS = """const LANGUAGE = document.documentElement.lang || undefined;
const UNIT = { "unit.seconds": "s", "unit.minutes": "min", "unit.hours": "h" };
const t = (key, { count }) => `${count} ${UNIT[key]}`;
"""
_EXPORT = re.compile(r"^export (?=const|function|async function|class)", re.MULTILINE)
# Plotly makes these two by itself. The first is for its rules, which it adds one by one; the second would be filled
# with the rules of maps, which the policy refuses: where it is there already, it is left as it is.
_PLOTLY_STYLES = (
    "plotly.js-style-global",
    "9f215cf04c5486422605d13261cb87401f4e7763b6296af81e98efbc0130da53",
)


def page(
    summary: Summary,
    sections: Sequence[Section],
    words: Words,
    *,
    title: str,
    theme: Literal["light", "dark", "auto"],
) -> bytes:
    charts: list[Chart] = []
    body = "".join(_section(section, charts, words) for section in sections)
    style = _read("analytics/report.css")
    scripts = [_inside_script(_read("vendor/plotly-basic.min.js")), _inside_script(_module())] if charts else []
    policy = {
        "default-src": ["'none'"],
        "script-src": [_hash(text) for text in scripts] or ["'none'"],
        "style-src": [_hash(style), _hash("")],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
    }
    kinds = ("", ' type="module"')
    data = _json([chart.model_dump() for chart in charts])
    parts = [
        f'<!doctype html>\n<html lang="{_LANG[words.language]}" data-theme="{theme}">\n',
        '<head>\n<meta charset="utf-8">\n',
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(policy)}">\n',
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n',
        '<meta name="generator" content="Lorakeeper">\n<meta name="referrer" content="no-referrer">\n',
        f"<title>{escape(title)}</title>\n<style>{style}</style>\n",
        *(f'<style id="{name}"></style>\n' for name in _PLOTLY_STYLES),
        f'</head>\n<body>\n<div class="sheet">\n{_header(summary, sections, words, title)}',
        f"<main>\n{body}</main>\n{_footer(summary, words)}</div>\n",
        f'<script type="application/json" id="charts">{data}</script>\n' if charts else "",
        *(f"<script{kind}>{text}</script>\n" for kind, text in zip(kinds, scripts, strict=False)),
        "</body>\n</html>\n",
    ]
    return "".join(parts).encode()


# -- Parts of the page -----------------------------------------------------------------------------------------------


def _header(summary: Summary, sections: Sequence[Section], words: Words, title: str) -> str:
    span = summary.period
    when = words("analytics.period", since=words.day(span.since), until=words.day(span.until))
    when = words.day(span.since) if span.days == 1 else when
    compared = any(total.before is not None for total in summary.totals)
    about = words("analytics.compared", count=summary.before.days) if compared else ""
    links = "".join(f'<li><a href="#{each.name}">{escape(each.title)}</a></li>' for each in sections)
    contents = f'<nav aria-label="{escape(words("analytics.contents"))}"><ul>{links}</ul></nav>\n'
    return (
        f'<header>\n<h1>{escape(title)}</h1>\n<p class="when">{escape(when)}</p>\n'
        + (f'<p class="quiet">{escape(about)}</p>\n' if about else "")
        + (contents if len(sections) > 1 else "")
        + f"<noscript><p>{escape(words('analytics.noscript'))}</p></noscript>\n</header>\n"
    )


def _footer(summary: Summary, words: Words) -> str:
    made = words("analytics.made", day=words.day(summary.generated_at.date()))
    zone = words("analytics.zone", zone=summary.zone)
    return f'<footer class="quiet">{escape(made)} · {escape(zone)} · Lorakeeper</footer>\n'


def _section(section: Section, charts: list[Chart], words: Words) -> str:
    """Adds its charts to ``charts``: their place there is their name."""
    said = "".join(f"<p>{escape(text)}</p>" for text in section.sentences)
    tiles = "".join(_tile(tile, words) for tile in section.tiles)
    advice = "".join(f"<li>{escape(each.text)}</li>" for each in section.advice)
    parts = []
    for chart in section.charts:
        parts.append(_figure(chart, len(charts), words))
        charts.append(chart)
    parts.extend(map(_table, section.tables))
    return (
        f'<section id="{section.name}" aria-labelledby="{section.name}-title">\n'
        f'<h2 id="{section.name}-title">{escape(section.title)}</h2>\n'
        + (f'<dl class="tiles">{tiles}</dl>\n' if tiles else "")
        + (f'<div class="said">{said}</div>\n' if said else "")
        + (f'<ul class="advice">{advice}</ul>\n' if advice else "")
        + (f'<div class="parts">\n{"".join(parts)}</div>\n' if parts else "")
        + "</section>\n"
    )


def _tile(tile: Tile, words: Words) -> str:
    change = ""
    if tile.change is not None:
        judged = {True: " good", False: " bad", None: ""}[tile.good]
        change = f'<div class="change{judged}">{escape(tile.change)}</div>'
        if tile.change[0] in "+−±":
            spoken = escape(words("analytics.change.spoken", change=tile.change))
            change = (
                f'<div class="change{judged}"><span aria-hidden="true">{escape(tile.change)}</span>'
                f'<span class="heard">{spoken}</span></div>'
            )
    return f'<div><dt>{escape(tile.label)}</dt><dd><div class="figure">{escape(tile.value)}</div>{change}</dd></div>'


def _figure(chart: Chart, number: int, words: Words) -> str:
    wide = ' class="wide"' if chart.kind != "rows" else ""
    label = escape(f"{chart.title}. {chart.text}")
    scroll = f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(chart.title)}">'
    return (
        f"<figure{wide}><figcaption><h3>{escape(chart.title)}</h3>"
        f'<span class="quiet">{escape(chart.text)}</span></figcaption>'
        f'<div class="chart" role="img" aria-label="{label}" data-chart="{number}"></div>'
        f"<details><summary>{escape(words('analytics.values'))}</summary>"
        f"{scroll}{_values(chart, words)}</div>"
        "</details></figure>\n"
    )


def _values(chart: Chart, words: Words) -> str:
    """A chart's figures: a row for each of its places, for a heat map one for each of its rows."""
    if chart.kind == "heat":
        head = ["", *chart.x]
        rows = [[each.name, *(words.value(value, chart.unit) for value in each.values)] for each in chart.series]
    else:
        first = "name" if chart.kind == "rows" else "day"
        named = [each.name for each in chart.series] if chart.kind != "rows" else [words("analytics.column.value")]
        head = [words(f"analytics.column.{first}"), *named]
        values = [[words.value(value, chart.unit) for value in each.values] for each in chart.series]
        rows = [list(row) for row in zip(chart.x, *values, strict=True)]
    return _grid(head, [Row(cells=cells) for cells in rows])


def _table(table: Table) -> str:
    return _grid(table.columns, table.rows, table.title)


def _grid(head: Sequence[str], rows: Iterable[Row], title: str = "") -> str:
    columns = "".join(f'<th scope="col">{escape(text)}</th>' if text else "<td></td>" for text in head)
    lines = "".join(f"<tr>{_first(row)}{''.join(map(_cell, row.cells[1:]))}</tr>\n" for row in rows)
    caption = f"<caption>{escape(title)}</caption>" if title else ""
    return f"<table>{caption}<thead><tr>{columns}</tr></thead>\n<tbody>\n{lines}</tbody></table>\n"


def _cell(text: str) -> str:
    return f"<td>{escape(text)}</td>"


def _first(row: Row) -> str:
    name = escape(row.cells[0])
    return f'<th scope="row">{_bar(row)}<bdi class="name" title="{name}">{name}</bdi></th>'


def _bar(row: Row) -> str:
    # No style attribute: the policy refuses those.
    bar = '<svg class="bar" aria-hidden="true"><rect width="{:.1f}%" height="100%" rx="3"></rect></svg>'
    return bar.format(row.bar * 100) if row.bar else ""


# -- What is put into it ---------------------------------------------------------------------------------------------


def _read(name: str) -> str:
    return (_APP / name).read_text("utf-8")


def _module() -> str:
    """Our scripts as one module, without what binds them where they are files."""
    return "\n".join([_STRINGS, *(_EXPORT.sub("", _IMPORT.sub("", _read(name))) for name in _MODULES)])


def _inside_script(code: str) -> str:
    """What would end the script, or begin a comment of the page, can stand in strings alone: there a backslash changes
    nothing."""
    return re.sub(r"<(?=/script|!--)", r"\\x3c", code, flags=re.IGNORECASE)


def _json(data: object) -> str:
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    for each in ("<", ">", "&", "\u2028", "\u2029"):
        text = text.replace(each, f"\\u{ord(each):04x}")
    return text


def _hash(text: str) -> str:
    # Of what the browser's parser makes of it: it knows one kind of line end.
    seen = text.replace("\r\n", "\n").replace("\r", "\n")
    return f"'sha256-{base64.b64encode(hashlib.sha256(seen.encode()).digest()).decode()}'"


def _policy(policy: dict[str, list[str]]) -> str:
    return "; ".join(f"{name} {' '.join(sources)}" for name, sources in policy.items())
