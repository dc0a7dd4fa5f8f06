"""``lorakeeper quarantine …`` and ``lorakeeper security``, as they are said. Their work is imported when they run."""

from __future__ import annotations

import asyncio
from datetime import datetime

import click

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, one object a line.")
which = click.argument("sha256")
_day = click.DateTime(["%Y-%m-%d"])


@click.group()
def quarantine() -> None:
    """See what was held back, and delete it or let it go."""


@quarantine.command("list")
@as_json
def list_(as_json: bool) -> int:
    """List the files in quarantine, and why they are there."""
    from .security import entries

    return asyncio.run(entries(as_json=as_json))


@quarantine.command()
@which
@click.option("--reason", help="Why it was held back, or one whole sentence of that; without it you are asked.")
@click.option("--kind", help="The kind of model folder, such as loras, if not where it was meant to go.")
@as_json
def release(sha256: str, reason: str | None, kind: str | None, as_json: bool) -> int:
    """Move a file into the model folders although it is dangerous.

    SHA256 may be shortened to its first 8 digits or more. The reason for which the file was held back has to be typed.
    """
    from .security import release

    return asyncio.run(release(sha256, reason, kind, as_json=as_json))


@quarantine.command()
@which
@click.option("--yes", "sure", is_flag=True, help="Do it without asking.")
@as_json
def delete(sha256: str, sure: bool, as_json: bool) -> int:
    """Delete a file in quarantine for good.

    SHA256 may be shortened to its first 8 digits or more.
    """
    from .security import delete

    return asyncio.run(delete(sha256, sure=sure, as_json=as_json))


@click.command()
@click.option("--since", type=_day, metavar="DATE", help="Only what was scanned from this day on, such as 2026-01-31.")
@as_json
def security(since: datetime | None, as_json: bool) -> int:
    """Tell what was scanned, what is safe, and what was held back, by source and by day."""
    from .security import report

    return asyncio.run(report(since.date() if since else None, as_json=as_json))
