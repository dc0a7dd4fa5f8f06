"""What the node for many downloads asks of the application, as a coroutine for the server's loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..app import App
from ..bulk import BulkOptions, BulkStatus, Job, Wanted
from ..bulk.instructions import exchange
from ..bulk.manager import wanted_of
from ..errors import DownloadError, LorakeeperError, UsageError
from ..library.roots import locate

_OPEN = (BulkStatus.PENDING, BulkStatus.PROCESSING, BulkStatus.PAUSED)
_NO_ITEMS = {"id", "target", "name", "state", "path", "sha256", "error"}


@dataclass(frozen=True)
class Done:
    """A job as a node gives it on: its id, a report as plain data, the loaders' names and the paths of its files."""

    job: str
    report: dict[str, Any]
    names: list[str]
    paths: list[Path]


async def bulk(
    app: App,
    targets: str,
    results: Sequence[Mapping[str, Any]] | None,
    name: str,
    options: Mapping[str, str],
    wait: bool,
    progress: Callable[[dict[str, Any]], None],
) -> Done:
    """Downloads what ``targets`` (one a line) and search ``results`` name, as one job.

    With ``wait`` until it is over: cancelling pauses it, and the same call goes on with it. Raises UsageError where
    nothing is named, DownloadError where nothing came.
    """
    beginning = asyncio.create_task(_begin(app, _wanted(targets, results), name, BulkOptions.model_validate(options)))
    try:
        job = await asyncio.shield(beginning)
        if wait:
            # Paused in the sidebar: whoever paused it goes on with it there, or presses Stop.
            while not (job := await app.jobs.wait(job.id, lambda job: progress(_plain(job)))).state.over:  # noqa: ASYNC110
                await asyncio.sleep(0.5)
    except asyncio.CancelledError:
        job = await beginning
        if wait:
            with suppress(LorakeeperError):  # over just now
                await app.jobs.pause(job.id)
        raise
    files = await app.jobs.all_items(job.id)
    here = [item for item in files if item.state.here and item.path]
    if wait and not here:
        raise DownloadError(next((item.error for item in files if item.error), "The downloads were cancelled."))
    paths = [Path(item.path or "") for item in here]
    report = {**_plain(job), "files": [item.model_dump(mode="json", include=_NO_ITEMS) for item in files]}
    return Done(job.id, report, [_loader_name(app, path) for path in paths], paths)


def _wanted(targets: str, results: Sequence[Mapping[str, Any]] | None) -> list[Wanted]:
    listed = exchange.targets_of(targets) if targets.strip() else []
    found = [each for result in results or () if isinstance(result, Mapping) and (each := wanted_of(result))]
    if not listed and not found:
        raise UsageError("Say what to download: give targets, one a line, or connect search results.")
    return [*(Wanted.model_construct(target=target) for _, target in listed), *found]


async def _begin(app: App, wanted: Sequence[Wanted], name: str, options: BulkOptions) -> Job:
    """The open job for exactly these files, which goes on if it was paused, else a new one."""
    targets = {app.jobs.spelled(each.target) for each in wanted}
    for job in (await app.jobs.page(limit=500, states=_OPEN)).items:
        if job.total_files == len(targets) and {item.target for item in await app.jobs.all_items(job.id)} == targets:
            return await app.jobs.resume(job.id) if job.state is BulkStatus.PAUSED else job
    return await app.jobs.create_bulk_job(wanted, name, options)


def _plain(job: Job) -> dict[str, Any]:
    return job.model_dump(mode="json", exclude={"item"})


def _loader_name(app: App, path: Path) -> str:
    found = locate(app.roots, path)
    return found[1] if found else path.name
