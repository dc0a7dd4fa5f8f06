"""``/lorakeeper/quarantine``: the files held back, and why; ``/lorakeeper/security``: all that was scanned."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from ..py.security.custody import Deleted, Released
from ..py.security.quarantine import QuarantineEntry
from ..py.security.records import Became, Judgement, ScanPage
from ..py.security.report import SecurityReport
from .openapi import Api

if TYPE_CHECKING:
    from ..py.app import App


class QuarantineView(BaseModel):
    items: list[QuarantineEntry]


class Release(BaseModel):
    """``reason`` is why the file was held back, typed once more; ``kind`` a kind of model folder, where the file shall
    not go to where it was meant to."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(max_length=5000)
    kind: str | None = None


class ReportQuery(BaseModel):
    """Days in UTC, both counted."""

    since: date | None = None
    until: date | None = None


class ScansQuery(BaseModel):
    cursor: str | None = None
    limit: int = Field(50, ge=1, le=500)
    verdict: Judgement | None = None
    became: Became | None = None


def add(api: Api, services: App) -> None:
    @api.get("quarantine", "The files held back, newest first")
    async def entries() -> QuarantineView:
        return QuarantineView(items=await services.custody.entries())

    @api.post("quarantine/{sha256}/release", "Let a file into the model folders all the same")
    async def release(sha256: str, body: Release) -> Released:
        return await services.custody.release(sha256, body.reason, kind=body.kind)

    @api.delete("quarantine/{sha256}", "Delete a file held back, for good")
    async def delete(sha256: str) -> Deleted:
        return await services.custody.delete(sha256)

    @api.get("security/report", "What was scanned and what became of it, by source and by day")
    async def report(query: ReportQuery) -> SecurityReport:
        return await services.custody.report(query.since, query.until)

    @api.get("security/scans", "What the scanner said of each file that was fetched, newest first")
    async def scans(query: ScansQuery) -> ScanPage:
        return await services.custody.page(**dict(query))
