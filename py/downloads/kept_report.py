"""The last performance report in the data folder, for other processes and for after a restart."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from pydantic import ValidationError

from ..atomic import write_atomically
from .optimizer import PerformanceReport

log = logging.getLogger(__name__)


class KeptReport:
    """Owns the file. Losing it loses nothing but figures."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def keep(self, report: PerformanceReport) -> None:
        """Writes the file in a thread, later. On the event loop."""
        content = report.model_dump_json(indent=2).encode()
        asyncio.get_running_loop().run_in_executor(None, self._write, content)

    def read(self) -> PerformanceReport | None:
        """Blocking."""
        try:
            return PerformanceReport.model_validate_json(self._path.read_bytes())
        except (OSError, ValidationError):
            return None

    def _write(self, content: bytes) -> None:
        try:
            write_atomically(self._path, content)
        except OSError as error:
            log.warning("The performance report can't be kept: %s", error)
