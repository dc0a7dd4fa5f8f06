"""``/lorakeeper/performance``: how well downloads get on, what was changed for that and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..py.downloads.optimizer import PerformanceReport
from .openapi import Api

if TYPE_CHECKING:
    from ..py.app import App


def add(api: Api, services: App) -> None:
    @api.get("performance", "How fast downloads are, how many connections they have, what was changed when and why")
    async def report() -> PerformanceReport:
        return await services.performance()
