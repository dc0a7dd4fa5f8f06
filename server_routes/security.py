"""``/lorakeeper/quarantine``: the files that were held back, and why."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from pydantic import BaseModel

from ..py.security.quarantine import QuarantineEntry
from .openapi import Api

if TYPE_CHECKING:
    from ..py.app import App


class QuarantineView(BaseModel):
    items: list[QuarantineEntry]


def add(api: Api, services: App) -> None:
    @api.get("quarantine", "The files held back, newest first")
    async def entries() -> QuarantineView:
        return QuarantineView(items=await asyncio.to_thread(services.quarantine.list))
