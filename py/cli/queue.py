"""``lorakeeper queue …``: downloads as jobs, here or in the server that runs beside."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any

from pydantic import ValidationError

from ..app import App
from ..bulk.instructions import exchange
from ..bulk.jobs import BulkOptions, BulkStatus, Item, ItemState, Job, Priority, Wanted
from ..errors import MissingError, UsageError
from . import FAILED, GOOD
from .console import Watch, complain, say, say_json, size, table
from .session import opened

_OPEN = (BulkStatus.PENDING, BulkStatus.PROCESSING, BulkStatus.PAUSED)
_OPTIONS = ("priority", "strategy", "concurrency", "batch_size", "priority_boost", "folder")


async def jobs(*, everything: bool, as_json: bool) -> int:
    async with opened() as app:
        found = await all_jobs(app, () if everything else _OPEN)
    if as_json:
        for job in found:
            say_json(job)
        return GOOD
    table(
        ("ID", "STATE", "FILES", "BYTES", "PRIORITY", "NAME"),
        (
            (
                job.id[:8],
                job.state.value,
                f"{job.downloaded_files}/{job.total_files}"
                + (f", {job.failed_files} failed" if job.failed_files else ""),
                f"{size(job.received)} of {size(job.total)}",
                job.options.priority.value,
                job.title,
            )
            for job in found
        ),
    )
    return GOOD


async def show(which: str, *, as_json: bool) -> int:
    async with opened() as app:
        job = await find(app, which)
        files = await app.jobs.all_items(job.id)
    if as_json:
        say_json({**job.model_dump(mode="json"), "items": [item.model_dump(mode="json") for item in files]})
        return GOOD
    say(f"{job.title}: {job.state.value}, {job.downloaded_files} of {job.total_files} files, {size(job.received)}")
    table(
        ("ID", "STATE", "BYTES", "NAME", "WHY"),
        (
            (
                item.id[:8],
                item.state.value,
                size(item.received),
                item.name or item.target,
                item.error or item.path or "",
            )
            for item in files
        ),
    )
    return GOOD


async def add(
    targets: Sequence[str], lists: Sequence[str], how: Mapping[str, Any], *, wait: bool, as_json: bool
) -> int:
    """Makes one job of all targets, those of lists too, and waits for it only if told to."""
    listed = [entry for text in lists for new in exchange.read(text) for entry in new.payload.get("targets") or ()]  # type: ignore[union-attr]
    named = [str(entry["target"]) for entry in listed if isinstance(entry, dict)]
    try:
        options = BulkOptions(**{name: how[name] for name in _OPTIONS if how.get(name) is not None})
        wanted = [Wanted(target=target, kind=how.get("kind")) for target in (*targets, *named)]
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise UsageError(f"{first['loc'][0]}: {first['msg'].removeprefix('Value error, ')}.") from error
    async with opened() as app:
        job = await app.jobs.create_bulk_job(wanted, how["name"], options, here=wait, files=True)
        if wait:
            return await follow(app, [job], as_json=as_json)
    if as_json:
        say_json(job)
    else:
        say(f"{job.id[:8]}: {job.total_files} files wait. A running server begins by itself; without one: queue run")
    return GOOD


async def act(what: str, which: str, files: Sequence[str], *, as_json: bool) -> int:
    """Pauses, resumes, cancels or tries again a job, or files of it."""
    async with opened() as app:
        job = await find(app, which)
        if not files:
            does: dict[str, Callable[[str], Awaitable[Job]]] = {
                "pause": app.jobs.pause,
                "resume": partial(app.jobs.resume, here=False),
                "cancel": app.jobs.cancel,
                "retry": partial(app.jobs.retry, here=False),
            }
            job = await does[what](job.id)
        else:
            does_one: dict[str, Callable[[str, str], Awaitable[Item]]] = {
                "pause": app.jobs.pause_item,
                "resume": app.jobs.resume_item,
                "cancel": app.jobs.cancel_item,
                "retry": partial(app.jobs.retry_item, here=False),
            }
            for item in await _items(app, job, files):
                await does_one[what](job.id, item.id)
            job = await app.jobs.get(job.id)
    _report(job, as_json=as_json)
    return GOOD


async def move(which: str, file: str | None, before: str | None, *, as_json: bool) -> int:
    async with opened() as app:
        job = await find(app, which)
        if file is None:
            job = await app.jobs.move(job.id, (await find(app, before)).id if before else None)
        else:
            found = await _items(app, job, [file, *([before] if before else [])])
            await app.jobs.move_item(job.id, found[0].id, found[1].id if before else None)
    _report(job, as_json=as_json)
    return GOOD


async def set_priority(which: str, priority: str, *, as_json: bool) -> int:
    async with opened() as app:
        job = await app.jobs.change((await find(app, which)).id, priority=Priority(priority))
    _report(job, as_json=as_json)
    return GOOD


async def remove(which: Sequence[str], *, over: bool) -> int:
    if not which and not over:
        raise UsageError("Say which jobs, or --over for all that are over.")
    async with opened() as app:
        found = [await find(app, each) for each in which]
        if over:
            found += [job for job in await all_jobs(app) if job.state.over]
        for job in {job.id: job for job in found}.values():
            await app.jobs.remove(job.id)
    say(f"{len(found)} jobs are forgotten.")
    return GOOD


async def run(*, as_json: bool) -> int:
    """Does what waits and what a process that died was at, and follows what another one runs."""
    async with opened() as app:
        await app.jobs.start(adopt=True)
        return await follow(app, await all_jobs(app, _OPEN[:2]), as_json=as_json)


async def speed(*, as_json: bool) -> int:
    async with opened() as app:
        report = await app.performance()
    if as_json:
        say_json(report)
        return GOOD
    metrics, chosen = report.metrics, report.configuration
    say(f"Network: {report.condition.value}; mode {chosen.mode.value}, {chosen.connections} connections")
    average, peak = size(int(metrics.average)), size(int(metrics.peak))
    say(f"Speed: {average}/s on average, {peak}/s at best, {size(metrics.received)} in all")
    say(f"Errors: {metrics.errors}, of them refused as too many: {metrics.refused}")
    for change in report.changes[:10]:
        say(f"{change.at:%Y-%m-%d %H:%M:%S}  {change.before} -> {change.after} connections: {change.why}")
    for sentence in report.recommendations:
        say("!", sentence)
    return GOOD


# -- What the commands of instructions use as well ---------------------------------------------------------------------


async def follow(app: App, jobs: Sequence[Job], *, as_json: bool) -> int:
    """Waits for jobs with their progress, and reports on each file. Ctrl-C leaves them as they are, to go on."""
    codes = [GOOD]
    with Watch(quiet=as_json) as watch:
        stop = app.events.subscribe(
            lambda event: watch(Item.model_validate(event.data)) if event.topic == "item" else None
        )
        try:
            for job in jobs:
                done = await app.jobs.wait(job.id)
                with watch.aside():
                    codes.append(await _report_files(app, done, as_json=as_json))
        finally:
            stop()
    return max(codes)


async def find(app: App, which: str) -> Job:
    """The job of an id or of its beginning. MissingError, or UsageError where several begin so."""
    found = [job for job in await all_jobs(app) if job.id.startswith(which.lower())]
    if not found:
        raise MissingError(f"There is no job {which}.")
    if len(found) > 1:
        raise UsageError(f"Several jobs begin with {which}: give more of the id.")
    return found[0]


async def all_jobs(app: App, states: Sequence[BulkStatus] = ()) -> list[Job]:
    """Newest first."""
    found: list[Job] = []
    cursor: str | None = None
    while True:
        page = await app.jobs.page(cursor=cursor, limit=500, states=states)
        found += page.items
        if not (cursor := page.next_cursor):
            return found


async def _items(app: App, job: Job, which: Sequence[str]) -> list[Item]:
    known = await app.jobs.all_items(job.id)
    found = []
    for each in which:
        fitting = [item for item in known if item.id.startswith(each.lower()) or each in (item.name, item.target)]
        if len(fitting) != 1:
            what = f"Several files of that job begin with {each}: give more of the id."
            raise UsageError(what) if fitting else MissingError(f"That job has no file {each}.")
        found += fitting
    return found


async def _report_files(app: App, job: Job, *, as_json: bool) -> int:
    for item in await app.jobs.all_items(job.id):
        if as_json:
            say_json(
                {
                    "job": job.id,
                    "target": item.target,
                    "status": item.state.value,
                    "path": item.path,
                    "sha256": item.sha256,
                    "error": item.error,
                }
            )
        elif item.state.here:
            say("Installed" if item.state is ItemState.INSTALLED else "Already here:", item.path)
        else:
            complain(f"{item.name or item.target}: {item.error or item.state.value}")
    if not as_json:
        say(f"{job.title}: {job.downloaded_files} of {job.total_files} files are here.")
    return GOOD if job.downloaded_files == job.total_files else FAILED


def _report(job: Job, *, as_json: bool) -> None:
    if as_json:
        say_json(job)
    else:
        say(f"{job.id[:8]} {job.title}: {job.state.value}, {job.downloaded_files} of {job.total_files} files")
