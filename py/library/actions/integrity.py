"""The integrity check: reads every file again and says which are not what they were. Nothing is changed by it."""

from __future__ import annotations

import asyncio
import stat
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel
from sqlalchemy import Connection, Row, select

from ...civitai.schemas import ModelVersion
from ...errors import BrokenFileError, MissingError
from ...headers import read_header
from ...storage.database import Database
from ...storage.tables import contents, files, site
from .. import rows
from ..paths import real
from .common import STOPPED
from .disk import StoppedError, sha256_of

_BATCH = 200

Verdict = Literal["ok", "rotted", "changed", "truncated", "broken", "unreadable", "not_the_sites"]


class Verified(BaseModel):
    """One file. ``rotted``: other bytes, although its size and time are as they were; ``changed``: it was written to
    since it was last read; ``truncated`` and ``broken``: it can't be what it claims; ``not_the_sites``: another content
    than the site says for this file. ``sha256`` is what it has now, ``expected`` what it should have."""

    id: int
    path: str
    verdict: Verdict
    why: str | None = None
    sha256: str | None = None
    expected: str | None = None


class IntegrityReport(BaseModel):
    """``problems`` are all files that are not ``ok``. ``next_cursor`` is where to go on after a stop, else None."""

    checked: int = 0
    ok: int = 0
    size: int = 0
    problems: list[Verified] = []
    next_cursor: int | None = None


class Integrity:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def verify(
        self,
        ids: Sequence[int] | None = None,
        *,
        cursor: int = 0,
        workers: int = 2,
        progress: Callable[[IntegrityReport], None] = lambda report: None,
        stop: threading.Event | None = None,
    ) -> IntegrityReport:
        """In the order of ids, those after ``cursor``, ``workers`` at a time. ``progress`` is called after each
        file. Raises MissingError where none of ``ids`` is known."""
        report = IntegrityReport()
        wanted = None if ids is None else sorted(set(ids))
        ended = threading.Event()

        def tick(count: int) -> None:
            if ended.is_set() or (stop is not None and stop.is_set()):
                raise StoppedError(STOPPED)

        pool = ThreadPoolExecutor(max(1, workers), "lorakeeper-verify")
        try:
            while batch := await self._database.read(partial(_next, wanted=wanted, after=cursor)):
                loop = asyncio.get_running_loop()
                checks = [loop.run_in_executor(pool, check, row, tick) for row in batch]
                for row, result in zip(batch, await asyncio.gather(*checks, return_exceptions=True), strict=True):
                    if isinstance(result, StoppedError):
                        report.next_cursor = cursor
                        return report
                    if isinstance(result, BaseException):
                        raise result
                    cursor = row.id
                    _count(report, row, result)
                    progress(report)
        finally:
            ended.set()
            pool.shutdown(wait=False, cancel_futures=True)
        if wanted is not None and not report.checked and not cursor:
            raise MissingError("There is no such model in the library.")
        return report


def check(row: Row[Any], tick: Callable[[int], None]) -> Verified:
    """One file against its row. Blocking."""
    tick(0)
    path = Path(real(row.path))
    told = Verified(id=row.id, path=row.path, verdict="ok", expected=row.sha256)
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            return told.model_copy(update={"verdict": "unreadable", "why": f"{path.name} is no file."})
        now = rows.stamp(path)
        told.sha256 = sha256_of(path, tick)
        still = rows.stamp(path) == now
        broken = _broken(path)
    except OSError as error:
        why = f"{path.name} can't be read: {error.strerror or error}."
        return told.model_copy(update={"verdict": "unreadable", "why": why})
    told.verdict, told.why = _judge(row, told.sha256, broken, untouched=still and now == rows.facts_of(row))
    return told


def _judge(row: Row[Any], sha256: str, broken: str | None, *, untouched: bool) -> tuple[Verdict, str | None]:
    name = Path(row.path).name
    known = row.sha256 if not row.stale else None
    if untouched and known and sha256 != known:
        return (
            "rotted",
            f"{name} has other bytes, though nobody wrote to it: fetch it again, and check the disk.",
        )
    if broken:
        return ("truncated" if " is cut off" in broken else "broken"), broken
    if row.sha256 and sha256 != row.sha256:
        return "changed", f"{name} was written to since it was last read."
    expected = _site_says(row.version, name, sha256)
    if expected:
        return "not_the_sites", f"{name} is not the file that the site has: that one's SHA256 is {expected}."
    return "ok", None


def _site_says(version: dict[str, Any] | None, name: str, sha256: str) -> str | None:
    """The site's SHA256 for the file, where it is another one; None where it fits, or nobody knows which file it is."""
    known = ModelVersion.model_validate(version) if version else None
    files = [file for file in known.files if file.hashes.sha256] if known else []
    if not files or any(file.hashes.sha256 == sha256.upper() for file in files):
        return None
    named = [file for file in files if file.name.casefold() == name.casefold()]
    chosen = named or (files if known and len(known.files) == 1 else [])
    return (chosen[0].hashes.sha256 or "").lower() or None if len(chosen) == 1 else None


def _broken(path: Path) -> str | None:
    try:
        read_header(path)
    except BrokenFileError as error:
        return str(error)
    return None


def _next(connection: Connection, wanted: list[int] | None, after: int) -> list[Row[Any]]:
    query = (
        select(files, contents.c.sha256, site.c.version)
        .join(contents, contents.c.id == files.c.content)
        .outerjoin(site, site.c.content == files.c.content)
        .where(files.c.id > after)
        .order_by(files.c.id)
        .limit(_BATCH)
    )
    if wanted is None:
        return list(connection.execute(query.where(files.c.missing.is_(False))))
    left = [each for each in wanted if each > after]
    for chunk in rows.chunks(left, _BATCH):
        if found := list(connection.execute(query.where(files.c.id.in_(chunk)))):
            return found
    return []


def _count(report: IntegrityReport, row: Row[Any], result: Verified) -> None:
    report.checked += 1
    report.size += row.size
    if result.verdict == "ok":
        report.ok += 1
    else:
        report.problems.append(result)
