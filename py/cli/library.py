"""``lorakeeper scan`` and ``lorakeeper library …``: what lies in the model folders, and what is done to it."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError

from ..app import App
from ..errors import MissingError, UsageError
from ..library.actions import Done, Plan
from ..library.actions.requests import read_request
from ..library.query import LibraryQuery
from ..library.roots import FolderRoots
from . import FAILED, GOOD
from .console import Meter, say, say_json, size, table
from .session import opened


async def scan(paths: Sequence[Path], *, whole: bool, as_json: bool) -> int:
    """Looks through the model folders, or through ``paths``; with ``whole`` all that is new is read for its hashes."""
    async with opened() as app:
        roots = FolderRoots({"": [path.absolute() for path in paths]}) if paths else None
        with Meter(quiet=as_json) as progress:
            report = await app.upkeep.scan(roots, progress=lambda seen: progress.count("Looking", seen.files))
            stop = app.events.subscribe(
                lambda event: progress.reading(event.data) if event.subject == "learn" else None
            )
            try:
                await app.upkeep.learn(whole=whole)
            finally:
                stop()
        report = await app.upkeep.with_broken(report)
    if as_json:
        say_json(report.model_dump(mode="json"))
        return GOOD
    for finding in report.findings:
        say("!", finding)
    parts = {name: getattr(report, name) for name in ("new", "changed", "moved", "missing", "broken")}
    told = ", ".join(f"{count:,} {name}" for name, count in parts.items() if count) or "nothing new"
    say(f"{report.files:,} files in {report.folders:,} folders: {told}, in {report.seconds:.1f} s.")
    return GOOD


async def search(fields: Mapping[str, object], *, as_json: bool) -> int:
    """One page of the library."""
    query = _query(fields)
    async with opened() as app:
        page = await app.library.page(query)
    if as_json:
        for item in page.items:
            say_json(item)
        return GOOD
    table(
        ("ID", "NAME", "KIND", "BASE MODEL", "CREATOR", "SIZE", "FILE"),
        (
            (
                item.id,
                item.title,
                item.kind or "",
                item.base_model or item.family or "",
                item.creator or "",
                size(item.size),
                item.name,
            )
            for item in page.items
        ),
    )
    if page.next_cursor:
        say(f"{page.total:,} in all: go on with --cursor {page.next_cursor}")
    return GOOD


async def duplicates(*, as_json: bool) -> int:
    async with opened() as app:
        cursor, wasted = None, 0
        while True:
            page = await app.actions.duplicates(cursor=cursor, limit=200)
            wasted = page.total_wasted
            for group in page.groups:
                if as_json:
                    say_json(group)
                else:
                    say(f"{group.sha256[:12]}  {size(group.size)}, {size(group.wasted)} to win")
                    for file in group.files:
                        say("   ", file.path)
            if not (cursor := page.next_cursor):
                break
    if not as_json:
        say(f"{size(wasted)} are taken by exact duplicates." if wasted else "There are no exact duplicates.")
    return GOOD


async def verify(*, as_json: bool) -> int:
    """Reads everything again and says what is not as it was. The exit code is 1 where anything is wrong."""
    async with opened() as app:
        with Meter(quiet=as_json) as progress:
            report = await app.actions.verify(progress=lambda seen: progress.count("Reading", seen.checked))
    if as_json:
        say_json(report)
    else:
        for problem in report.problems:
            say("!", f"{problem.path}: {problem.why}")
        say(f"{report.checked:,} files read, {len(report.problems):,} with a problem.")
    return FAILED if report.problems else GOOD


async def updates(*, as_json: bool) -> int:
    async with opened() as app:
        report = await app.updates.check()
    if as_json:
        say_json(report)
        return GOOD
    for newer in report.newer:
        say(f"{newer.model_name}: {newer.version_name}  ({newer.model_id}@{newer.version_id})")
    say(f"{len(report.newer):,} of {report.models:,} models have a newer version.")
    return GOOD


async def act(document: dict[str, Any], which: Sequence[str], *, sure: bool, dry: bool, as_json: bool) -> int:
    """Plans an action, shows what it would do, asks, and does it. ``which`` are ids, paths or names for its ``ids``."""
    async with opened() as app:
        if which:
            found = [await _id_of(app, each) for each in which]
            document |= {"id": found[0]} if document["action"] == "rename" else {"ids": found}
        try:
            request = read_request(document)
        except ValidationError as error:
            raise UsageError(error.errors()[0]["msg"].removeprefix("Value error, ") + ".") from error
        plan = await app.actions.plan(request)
        if dry or not (sure or _agreed(plan, as_json=as_json)):
            _show(plan, as_json=as_json)
            return GOOD
        return _report(await app.actions.run(request), as_json=as_json)


async def undo(action_id: int, *, as_json: bool) -> int:
    async with opened() as app:
        return _report(await app.actions.undo(action_id), as_json=as_json)


async def history(*, as_json: bool) -> int:
    async with opened() as app:
        page = await app.actions.history(limit=50)
    if as_json:
        for entry in page.items:
            say_json(entry)
        return GOOD
    table(
        ("ID", "WHEN", "WHAT", "STATE"),
        ((entry.id, f"{entry.done_at:%Y-%m-%d %H:%M}", entry.summary, entry.state) for entry in page.items),
    )
    return GOOD


def _query(fields: Mapping[str, object]) -> LibraryQuery:
    try:
        return LibraryQuery.model_validate({name: value for name, value in fields.items() if value not in (None, ())})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise UsageError(f"--{str(first['loc'][0]).replace('_', '-')}: {first['msg'].rstrip('.')}.") from error


async def _id_of(app: App, what: str) -> int:
    """The row meant by an id, a path, or a loader's name."""
    if what.isdecimal():
        return (await app.library.get(int(what))).id or 0
    candidates = [Path(what), *(folder / what for kind in app.roots.kinds() for folder in app.roots.folders(kind))]
    for path in candidates:
        if (file_id := await app.library.id_of(path)) is not None:
            return file_id
    raise MissingError(f"The library has no file {what}: give a path, a loader's name or an id.")


def _show(plan: Plan, *, as_json: bool) -> None:
    if as_json:
        say_json(plan)
        return
    for step in plan.steps:
        if step.outcome == "change":
            say(f"{step.path} -> {step.to}" if step.to else step.path)
        elif step.why:
            say("!", f"{step.path}: {step.why}")
    say(plan.summary)


def _agreed(plan: Plan, *, as_json: bool) -> bool:
    """Whether the user says yes. Without a terminal nobody can, and the plan is all there is."""
    if as_json or not sys.stdin.isatty() or not plan.changes:
        return False
    _show(plan, as_json=False)
    return click.confirm("Do it?", default=False, err=True)


def _report(done: Done, *, as_json: bool) -> int:
    if as_json:
        say_json(done)
    else:
        for step in done.steps:
            if step.outcome == "failed":
                say("!", f"{step.path}: {step.why}")
        say(done.summary)
        if done.undoable and done.action_id:
            say(f"To take it back: library undo {done.action_id}")
    return FAILED if done.failed else GOOD
