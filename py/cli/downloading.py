"""``lorakeeper download``: jobs like the sidebar's, waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from ..app import App
from ..bulk.jobs import BulkStatus, Item, ItemState, Job
from ..civitai.targets import parse_target
from ..errors import ConflictError, UsageError
from . import FAILED, GOOD, WRONG_USE
from .console import Watch, complain, say, say_json
from .session import opened


async def download(targets: Sequence[str], kind: str | None, file_id: int | None, *, as_json: bool) -> int:
    """Downloads what ``targets`` name and reports on each in turn.

    Where nothing but wrong use stood in the way of all of them the exit code is 2; where any failed it is 1.
    """
    codes: list[int] = []
    async with opened() as app:
        with Watch(quiet=as_json) as watch:
            stop = app.events.subscribe(
                lambda event: watch(Item.model_validate(event.data)) if event.topic == "item" else None
            )
            begun: list[tuple[str, Job | UsageError]] = []
            try:
                for target in targets:
                    job = await _begin(app, target, kind, file_id)
                    begun.append((target, job))
                for target, job in begun:
                    done = job if isinstance(job, UsageError) else await app.jobs.wait(job.id)
                    with watch.aside():
                        codes.append(_report(target, done, as_json=as_json, named=len(targets) > 1))
            except asyncio.CancelledError:
                for _, job in begun:
                    if isinstance(job, Job):
                        with suppress(ConflictError):  # that one is over
                            await app.jobs.pause(job.id)
                raise
            finally:
                stop()
    return WRONG_USE if min(codes) == WRONG_USE else FAILED if any(codes) else GOOD


async def _begin(app: App, target: str, kind: str | None, file_id: int | None) -> Job | UsageError:
    """A job for ``target``: the one that Ctrl-C paused, else a new one."""
    try:
        # Spelled anew, because a pasted link can hold a key, and jobs are kept.
        target = str(parse_target(target, site=app.civitai.base_url))
        for job in await app.jobs.for_target(target):
            same = job.item and kind in (None, job.item.kind) and file_id in (None, job.item.file_id)
            if same and job.state is BulkStatus.PAUSED:
                return await app.jobs.resume(job.id)
        return await app.jobs.add(target, kind=kind, file_id=file_id, files=True)
    except UsageError as error:
        return error


def _report(target: str, done: Job | UsageError, *, as_json: bool, named: bool) -> int:
    """Prints how it went, and returns the exit code that it deserves."""
    if isinstance(done, UsageError):
        status, error, facts = "failed", str(done), {}
    else:
        item = done.item
        finished = item is not None and (item.state.here or item.state is ItemState.QUARANTINED)
        status = item.state.value if item and finished else "failed"
        error = done.error or ("" if finished else f"The download was {done.state.value} from elsewhere.")
        facts = {"path": item and item.path, "sha256": item and item.sha256}
    if as_json:
        document: dict[str, Any] = {"target": target, "status": status, "path": None, "sha256": None, **facts}
        say_json({**document, "error": error or None})
    if status in ("installed", "owned"):
        if not as_json:
            say("Installed" if status == "installed" else "Already here:", facts["path"])
        return GOOD
    if status == "quarantined":
        error = f"The file was put into quarantine, at {facts['path']}: {error}"
    complain(f"{target}: {error}" if named else error)
    return WRONG_USE if isinstance(done, UsageError) else FAILED
