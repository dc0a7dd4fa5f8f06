"""``lorakeeper report`` and ``lorakeeper analytics …``: what was done, told, written, taken out and forgotten."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from ..analytics.layout import sections as sections_of
from ..analytics.report import ReportConfig
from ..analytics.sections import SECTIONS, Section
from ..analytics.summary import Summary
from ..analytics.words import Words
from ..atomic import write_atomically
from ..errors import UsageError
from . import GOOD
from .console import say, say_json, table
from .session import opened

_BAR = 20


async def report(fields: Mapping[str, Any], output: Path | None, *, force: bool, as_json: bool) -> int:
    """Without a file or a format it is told."""
    wanted = fields["format"] or (output and _format_of(output))
    async with opened() as app:
        config = ReportConfig(
            format=wanted or app.settings.report_format,
            period=fields["period"],
            theme=fields["theme"],
            sections=[*fields["sections"]] or [*SECTIONS],
            title=fields["title"],
            language=fields["language"],
        )
        if wanted or output:
            made = await app.reports.make(config)
            path = output or Path(made.name)
            await asyncio.to_thread(_write, path, made.data, force=force)
            say_json({"file": str(path), "size": len(made.data)}) if as_json else say(f"Written to {path}")
            return GOOD
        summary = await app.analyzer.summary(config.period, language=config.language)
    if as_json:
        say_json(summary)
    else:
        _tell(
            summary,
            sections_of(summary, Words(config.language), [each for each in SECTIONS if each in config.sections]),
        )
    return GOOD


async def export(output: Path | None, *, force: bool) -> int:
    async with opened() as app:
        if output is None:
            async for part in app.collector.export():
                for line in part.splitlines():
                    say(line)
            return GOOD
        text = [part async for part in app.collector.export()]
    await asyncio.to_thread(_write, output, "".join(text).encode(), force=force)
    say(f"Written to {output}")
    return GOOD


async def wipe(*, sure: bool, as_json: bool) -> int:
    if not sure:
        if as_json or not sys.stdin.isatty():
            raise UsageError("Everything recorded would be forgotten for good: say so with --yes.")
        if not click.confirm("Forget everything recorded, for good?", default=False, err=True):
            say("Nothing was forgotten.")
            return GOOD
    async with opened() as app:
        count = await app.collector.wipe()
    if as_json:
        say_json({"events": count})
    else:
        say(f"{count:,} events are forgotten, and all sums.")
    return GOOD


def _format_of(path: Path) -> str:
    ending = path.suffix.lower().removeprefix(".")
    known = {"html": "html", "htm": "html", "pdf": "pdf", "json": "json"}
    if ending not in known:
        raise UsageError(f"{path.name} tells no format: end it with .html, .pdf or .json, or say --format.")
    return known[ending]


def _write(path: Path, data: bytes, *, force: bool) -> None:
    if path.exists() and not force:
        raise UsageError(f"{path} is there already: choose another name, or say --force.")
    write_atomically(path, data)


def _tell(summary: Summary, sections: list[Section]) -> None:
    say(f"{summary.period.since} … {summary.period.until} ({summary.zone})")
    for note in summary.notes:
        say("!", note)
    for section in sections:
        say("")
        say(section.title.upper())
        for tile in section.tiles:
            say(f"  {tile.label}: {tile.value}{f' ({tile.change})' if tile.change else ''}")
        for sentence in section.sentences:
            say(" ", sentence)
        for advice in section.advice:
            say("  →", advice.text)
        for each in section.tables:
            say("")
            table((each.title, *each.columns[1:]), (row.cells for row in each.rows))
