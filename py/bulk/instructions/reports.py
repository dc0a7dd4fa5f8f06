"""Instructions to make a report, once or again and again."""

from __future__ import annotations

from datetime import date

from pydantic import JsonValue

from ...analytics.period import span_of
from ...analytics.report import ReportConfig
from ...analytics.reports import Reports
from ...errors import UsageError
from ..jobs import now
from .documents import Line, Remark, Validation
from .kinds import Progress


class ReportKind:
    """Writes a report into the folder of reports."""

    payload = ReportConfig

    def __init__(self, reports: Reports) -> None:
        self._reports = reports

    def tidied(self, payload: ReportConfig) -> ReportConfig:
        return payload

    async def validate(self, payload: ReportConfig) -> Validation:
        line = Line(number=1, text=f"{payload.period}, {payload.format}", outcome="do")
        line.folder = str(self._reports.folder)
        try:
            span_of(payload.period, date.today(), None)  # noqa: DTZ011 - the machine's own day is meant
        except UsageError as error:
            line.outcome, line.remarks = "refused", [Remark(kind="period", text=str(error))]
        refused = line.outcome == "refused"
        return Validation(at=now(), took=0, lines=[line], files=int(not refused), refused=int(refused))

    async def execute(
        self, payload: ReportConfig, validation: Validation, key: str, progress: Progress
    ) -> dict[str, JsonValue]:
        path = await self._reports.keep(payload)
        return {"file": str(path), "name": path.name}
