"""Reports as the doors want them: made for now, or kept in a folder of their own."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import count
from pathlib import Path

from pydantic import BaseModel

from ..atomic import write_new
from ..errors import MissingError
from .analyzer import AnalyticsAnalyzer
from .report import MEDIA_TYPES, ReportConfig, ReportGenerator

_TYPES = {f".{name}": media_type for name, media_type in MEDIA_TYPES.items()}


@dataclass(frozen=True)
class Report:
    """A file: its name, its type and its bytes."""

    name: str
    media_type: str
    data: bytes


class KeptReport(BaseModel):
    """A report in the folder; ``size`` in bytes."""

    name: str
    size: int
    made_at: datetime


class Reports:
    """Makes reports, and keeps those that were asked for ahead in ``folder``, which nothing else is written to."""

    def __init__(self, analyzer: AnalyticsAnalyzer, generator: ReportGenerator, folder: Path) -> None:
        self._analyzer = analyzer
        self._generator = generator
        self.folder = folder

    async def make(self, config: ReportConfig) -> Report:
        """Raises UsageError for a period that can't be read."""
        summary = await self._analyzer.summary(config.period, language=config.language)
        data = await asyncio.to_thread(self._generator.generate, summary, config)
        name = self._generator.file_name(summary, config)
        return Report(name, self._generator.media_type(config), data)

    async def keep(self, config: ReportConfig) -> Path:
        """Writes a report into the folder, beside those with its name."""
        report = await self.make(config)
        return await asyncio.to_thread(self._write, report)

    async def kept(self) -> list[KeptReport]:
        """What is in the folder, newest first."""
        return await asyncio.to_thread(self._list)

    async def read(self, name: str) -> Report:
        """One that is kept. Raises MissingError."""
        if all(name != each.name for each in await self.kept()):
            raise MissingError("There is no such report.")
        path = self.folder / name
        return Report(name, _TYPES[path.suffix], await asyncio.to_thread(path.read_bytes))

    def _write(self, report: Report) -> Path:
        stem, dot, suffix = report.name.rpartition(".")
        names = (report.name if number == 1 else f"{stem} ({number}){dot}{suffix}" for number in count(1))
        return write_new(self.folder, names, report.data)

    def _list(self) -> list[KeptReport]:
        if not self.folder.is_dir():
            return []
        found = []
        for path in self.folder.iterdir():
            if path.is_file() and path.suffix in _TYPES:
                facts = path.stat()
                made_at = datetime.fromtimestamp(facts.st_mtime, timezone.utc)
                found.append(KeptReport(name=path.name, size=facts.st_size, made_at=made_at))
        return sorted(found, key=lambda each: each.made_at, reverse=True)
