"""``lorakeeper report`` and ``lorakeeper analytics …``, as they are said. Their work is imported when they run."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import click

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, one object a line.")
_file = click.Path(dir_okay=False, path_type=Path)
_LANGUAGES = ("en", "ja", "ko", "zh")
_SECTIONS = ("overview", "recommendations", "downloads", "usage", "storage", "variations", "security")

period = click.option(
    "--period",
    default="30d",
    show_default=True,
    help="30d, yesterday, last-week, last-month, last-year, 2026, 2026-03, 2026-03-01..2026-03-31 or all.",
)
language = click.option("--language", type=click.Choice(_LANGUAGES), default="en", show_default=True)
theme = click.option("--theme", type=click.Choice(["light", "dark", "auto"]), default="auto", show_default=True)
sections = click.option(
    "--section", "sections", multiple=True, type=click.Choice(_SECTIONS), help="Only this one (may be repeated)."
)
format_ = click.option("--format", type=click.Choice(["html", "pdf", "json"]), help="Write a file of this format.")


@click.command()
@period
@click.option("--output", type=_file, metavar="FILE", help="The file to write; its ending tells the format.")
@format_
@click.option("--force", is_flag=True, help="Replace FILE where there is one.")
@theme
@sections
@click.option("--title", default="", help="What to call it.")
@language
@as_json
def report(as_json: bool, output: Path | None, force: bool, **fields: Any) -> int:
    """Tell what was done in a period: here, or as a file to keep.

    Without --output and --format it is told on the terminal, and with --json as figures.
    """
    from .analytics import report

    return asyncio.run(report(fields, output, force=force, as_json=as_json))


@click.group()
def analytics() -> None:
    """Take out what is recorded of your use, or have it forgotten."""


@analytics.command()
@click.option("--output", type=_file, metavar="FILE", help="The file to write; without it, the standard output.")
@click.option("--force", is_flag=True, help="Replace FILE where there is one.")
def export(output: Path | None, force: bool) -> int:
    """Give out everything recorded as lines of JSON: the events, then the daily sums."""
    from .analytics import export

    return asyncio.run(export(output, force=force))


@analytics.command()
@click.option("--yes", "sure", is_flag=True, help="Do it without asking.")
@as_json
def wipe(sure: bool, as_json: bool) -> int:
    """Forget everything recorded, for good."""
    from .analytics import wipe

    return asyncio.run(wipe(sure=sure, as_json=as_json))
