"""What nodes ask of the application, as coroutines for the server's loop. Nothing here knows ComfyUI."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..app import App
from ..bulk.jobs import BulkStatus, Job
from ..civitai.query import SearchQuery
from ..civitai.targets import HashTarget, VersionTarget, parse_target
from ..errors import DownloadError, LorakeeperError, UsageError
from ..events import Event
from ..library.items import LibraryDetail
from ..uncancelled import within
from ..views import search_page

log = logging.getLogger(__name__)


async def search(app: App, wanted: Mapping[str, object]) -> list[dict[str, Any]]:
    """The results of a search, as plain data. ``wanted`` are the fields of a SearchQuery.

    ``target`` of a result is what :func:`download` takes: its newest version, None where there is none.
    """
    try:
        query = SearchQuery.model_validate(wanted)
    except ValidationError as error:
        first = error.errors()[0]
        raise UsageError(f"{first['loc'][0]} can't be searched for: {first['msg']}.") from error
    found = (await search_page(app, query)).items
    # Its picture is an address of this server's, of no use in a workflow.
    return [
        {
            "target": f"{model.id}@{model.versions[0].id}" if model.versions else None,
            **model.model_dump(mode="json", exclude={"image"}),
        }
        for model in found
    ]


async def download(
    app: App, target: str, kind: str | None, progress: Callable[[dict[str, Any]], None] = lambda job: None
) -> LibraryDetail:
    """The library's word on the file that ``target`` names, fetched unless it is here.

    ``progress`` gets the job's file as JSON at every change. Cancelling pauses the download, and the same call goes on
    with it. A version that is here needs no site. Raises DownloadError with the sentence of a download that failed or
    was quarantined.
    """
    # In short, and without a key that a link may hold.
    target = str(parse_target(target, site=app.civitai.base_url, files=False))
    if (present := await _present(app, target, kind)) is not None:
        return present
    beginning = asyncio.create_task(_begin(app, target, kind))
    try:
        job = await asyncio.shield(beginning)
        unsubscribe = app.events.subscribe(_listener(job.id, progress))
        try:
            # Paused in the sidebar: whoever paused it goes on with it there, or presses Stop.
            while not (job := await app.jobs.wait(job.id)).state.over:  # noqa: ASYNC110
                await asyncio.sleep(0.5)
        finally:
            unsubscribe()
    except asyncio.CancelledError:
        job = await beginning
        with suppress(LorakeeperError):  # over just now
            await app.jobs.pause(job.id)
        raise
    if not (job.item and job.item.state.here and job.item.path):
        raise DownloadError(job.error or f"The download was {job.state.value}.")
    return await app.library.info(Path(job.item.path), fetch=False)


async def by_hash(app: App, text: str) -> LibraryDetail:
    """What is known of the model with that hash, here or at the site. Raises UsageError for what is no hash."""
    # The library would take the path of any file on this machine too, and a workflow may come from anywhere.
    if not re.fullmatch(r"[0-9A-Fa-f]{8,64}", text):
        raise UsageError("That is no hash: it has 8, 10, 12 or 64 digits, which are 0-9 and A-F.")
    return await app.library.info(text)


class Descriptions:
    """Says what is known of local files without ever making a graph wait long for the site."""

    def __init__(self, patience: float = 10.0, quiet: float = 300.0, reading: float = 3.0) -> None:
        """``patience``: seconds to wait for the site, ``reading``: for a file to be hashed. ``quiet``: seconds before
        the site is asked in vain once more."""
        self._patience = patience
        self._reading = reading
        self._quiet = quiet
        self._asked: dict[Path | None, float] = {}  # None stands for the site as a whole

    async def describe(self, app: App, path: Path) -> LibraryDetail:
        """What is known of the file. Where nobody but its header names trigger words, the site is asked, once."""
        detail = await app.library.info(path, fetch=False, whole=False)
        if any(word.source != "header" for word in detail.trigger_words) or self._is_quiet(path):
            return detail
        if not detail.hashed:
            try:
                await within(self._reading, app.library.learn(path))
            except (asyncio.TimeoutError, OSError):
                log.info("%s is not hashed yet, so the site can't be asked what it is.", path.name)
                return detail
        self._asked[path] = time.monotonic()
        try:
            return await within(self._patience, app.library.info(path))
        except asyncio.TimeoutError:
            log.warning("The site took too long to say what %s is.", path.name)
            self._asked[None] = time.monotonic()
            return await app.library.info(path, fetch=False, whole=False)

    def _is_quiet(self, path: Path) -> bool:
        last = max((self._asked[each] for each in (path, None) if each in self._asked), default=None)
        return last is not None and time.monotonic() - last < self._quiet


async def _begin(app: App, target: str, kind: str | None) -> Job:
    """The job for ``target``: the newest one, if it runs, was stopped or failed; else a new one."""
    found = await app.jobs.for_target(target)
    same = [job for job in found if job.item and kind in (None, job.item.kind)]
    if same and same[0].state.active:
        return same[0]
    if same and same[0].state is BulkStatus.PAUSED:
        return await app.jobs.resume(same[0].id)
    if same and same[0].state is BulkStatus.FAILED and not (same[0].item and same[0].item.path):
        return await app.jobs.retry(same[0].id)
    return await app.jobs.add(target, kind=kind)


async def _present(app: App, target: str, kind: str | None) -> LibraryDetail | None:
    """The file of exactly that version or SHA256, where it is known and still here."""
    wanted = parse_target(target, files=False)
    sha256 = wanted.hash if isinstance(wanted, HashTarget) and len(wanted.hash) == 64 else None
    if isinstance(wanted, VersionTarget):
        for job in (*await app.jobs.for_target(target), *(await app.jobs.page()).items):
            if not (item := job.item) or not item.state.here:
                continue
            same = item.target == target or (item.version_id == wanted.version_id and not wanted.choices)
            if same and wanted.file_id in (None, item.file_id) and kind in (None, item.kind):
                sha256 = item.sha256
                break
    if not sha256 or not (path := await app.library.find_owned(sha256)):
        return None
    detail = await app.library.info(path, fetch=False)
    return detail if kind in (None, detail.kind) else None


def _listener(job_id: str, progress: Callable[[dict[str, Any]], None]) -> Callable[[Event], None]:
    def listen(event: Event) -> None:
        if event.topic == "item" and event.data["job"] == job_id:
            progress(event.data)

    return listen
