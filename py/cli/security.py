"""``lorakeeper quarantine …`` and ``lorakeeper security``: what was held back, and what was scanned at all."""

from __future__ import annotations

import re
import sys
from dataclasses import asdict
from datetime import date

import click

from ..app import App
from ..errors import MissingError, UsageError
from ..security.quarantine import QuarantineEntry
from ..security.report import Counts
from . import GOOD
from .console import complain, say, say_json, size, table
from .session import opened

_SHORT = re.compile("[0-9a-f]{8,64}")
_COLUMNS = ("SCANNED", "SAFE", "UNVERIFIABLE", "QUARANTINED", "RELEASED", "DELETED")


async def entries(*, as_json: bool) -> int:
    """What is in quarantine."""
    async with opened() as app:
        held = await app.custody.entries()
    if as_json:
        for entry in held:
            say_json(asdict(entry))
    elif held:
        _list(held)
    else:
        say("Nothing is in quarantine.")
    return GOOD


async def release(sha256: str, reason: str | None, kind: str | None, *, as_json: bool) -> int:
    """Lets one file go. On a terminal the reason is asked for, elsewhere it must be given."""
    async with opened() as app:
        entry = await _find(app, sha256)
        if reason is None:
            if as_json or not sys.stdin.isatty():
                raise UsageError(f"To release {entry.name}, give with --reason why it was held back: {entry.reason}")
            complain(f"{entry.name} from {entry.source or 'an unknown source'} was held back: {entry.reason}")
            reason = str(click.prompt("Why was it held back", err=True))
        released = await app.custody.release(entry.sha256, reason, kind=kind)
    if as_json:
        say_json(released)
    elif released.owned:
        say(f"{entry.name} was there already: {released.path}")
    else:
        say(f"{entry.name} was released: {released.path}")
    return GOOD


async def delete(sha256: str, *, sure: bool, as_json: bool) -> int:
    """Deletes one file, once the user has agreed."""
    async with opened() as app:
        entry = await _find(app, sha256)
        if not sure:
            if as_json or not sys.stdin.isatty():
                raise UsageError(f"{entry.name} would be deleted for good: say so with --yes.")
            complain(f"{entry.name} was held back: {entry.reason}")
            if not click.confirm("Delete it for good?", default=False, err=True):
                say("Nothing was deleted.")
                return GOOD
        deleted = await app.custody.delete(entry.sha256)
    if as_json:
        say_json(deleted)
    else:
        say(f"{deleted.name} was deleted.")
    return GOOD


async def report(since: date | None, *, as_json: bool) -> int:
    """The security report."""
    async with opened() as app:
        found = await app.custody.report(since)
    if as_json:
        say_json(found)
        return GOOD
    table(
        ("", *_COLUMNS),
        [
            ("all", *_cells(found.total)),
            *((each.source, *_cells(each)) for each in found.by_source),
            *((each.day, *_cells(each)) for each in found.by_day),
        ],
    )
    if found.held:
        say(f"{found.held:,} in quarantine now:")
        _list(found.entries)
    else:
        say("Nothing is in quarantine.")
    return GOOD


async def _find(app: App, sha256: str) -> QuarantineEntry:
    """The entry whose hash begins so. Raises MissingError, or UsageError where that could be several, or no hash."""
    wanted = sha256.lower()
    if not _SHORT.fullmatch(wanted):
        raise UsageError("Give the SHA256 as the list has it, or at least its first 8 digits.")
    found = [entry for entry in await app.custody.entries() if entry.sha256.startswith(wanted)]
    if not found:
        raise MissingError(f"Nothing in quarantine has a SHA256 that begins with {wanted}.")
    if len(found) > 1:
        raise UsageError(f"{len(found)} files in quarantine begin with {wanted}: give more digits.")
    return found[0]


def _list(held: list[QuarantineEntry]) -> None:
    table(
        ("SHA256", "NAME", "SIZE", "SINCE", "FROM", "WHY"),
        (
            (entry.sha256[:12], entry.name, size(entry.size), entry.quarantined_at[:10], entry.source, entry.reason)
            for entry in held
        ),
    )


def _cells(counts: Counts) -> tuple[int, ...]:
    return tuple(getattr(counts, name.lower()) for name in _COLUMNS)
