"""``/lorakeeper/analytics``: what was done in a period, in figures, as a report, as raw data, and forgotten."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

from aiohttp import web
from pydantic import BaseModel, Field

from ..py.analytics.layout import sections
from ..py.analytics.report import MEDIA_TYPES, ReportConfig, ReportDocument
from ..py.analytics.reports import KeptReport, Report
from ..py.analytics.sections import Section
from ..py.analytics.summary import Language, Summary
from ..py.analytics.words import Words
from .openapi import Api

if TYPE_CHECKING:
    from ..py.app import App

MEDIA = tuple(media_type.partition(";")[0] for media_type in MEDIA_TYPES.values())
LINES = "application/x-ndjson"
PERIOD = "Such as 30d, yesterday, last-week, last-month, last-year, 2026, 2026-03, 2026-03-01..2026-03-31 or all."


class SummaryQuery(BaseModel):
    period: Annotated[str, Field(max_length=60, description=PERIOD)] = "30d"
    language: Language = "en"


class SummaryView(BaseModel):
    """The figures, and the same as they are shown."""

    summary: Summary
    sections: list[Section]


class KeptReports(BaseModel):
    items: list[KeptReport]


class Wiped(BaseModel):
    """How many single events were forgotten, and with them all sums."""

    events: int


def add(api: Api, services: App) -> None:
    @api.get("analytics/summary", "A period in figures, against the one before")
    async def summary(query: SummaryQuery) -> SummaryView:
        await services.collector.flush()
        found = await services.analyzer.summary(query.period, language=query.language)
        return await asyncio.to_thread(_shown, found)

    @api.get("analytics/report", "A report as a file", media=MEDIA, model=ReportDocument)
    async def report(query: ReportConfig) -> web.StreamResponse:
        await services.collector.flush()
        return _file(await services.reports.make(query))

    @api.get("analytics/reports", "The reports that instructions have made, newest first")
    async def kept() -> KeptReports:
        return KeptReports(items=await services.reports.kept())

    @api.get("analytics/reports/{name}", "One of them", media=MEDIA, model=ReportDocument)
    async def read(name: str) -> web.StreamResponse:
        return _file(await services.reports.read(name))

    @api.get("analytics/export", "Everything recorded, an event or a daily sum a line", media=(LINES,))
    async def export(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={**_headers("lorakeeper-analytics.jsonl"), "Content-Type": LINES})
        lines = services.collector.export()
        first = await anext(lines, "")
        await answer.prepare(request)
        await answer.write(first.encode())
        async for part in lines:
            await answer.write(part.encode())
        await answer.write_eof()
        return answer

    @api.delete("analytics", "Forget everything recorded, for good")
    async def wipe() -> Wiped:
        return Wiped(events=await services.collector.wipe())


def _shown(summary: Summary) -> SummaryView:
    """Blocking."""
    return SummaryView(summary=summary, sections=sections(summary, Words(summary.language)))


def _file(report: Report) -> web.Response:
    return web.Response(body=report.data, headers={**_headers(report.name), "Content-Type": report.media_type})


def _headers(name: str) -> dict[str, str]:
    """Kept, never opened in the page's place: what it shows are names that strangers gave."""
    return {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}",
        "Content-Security-Policy": "sandbox",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
