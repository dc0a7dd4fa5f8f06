"""Stands in for ComfyUI's server: routes, application, loop, and what was sent to pages."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

import execution
from aiohttp import web


class PromptServer:
    instance: ClassVar[PromptServer]

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        PromptServer.instance = self
        self.loop = loop
        self.app = web.Application()
        self.routes = web.RouteTableDef()
        self.client_id: str | None = None
        self.sent: list[tuple[str, Any]] = []
        self.texts: list[tuple[str, str]] = []
        self.prompt_queue = execution.PromptQueue(self)
        self.on_prompt_handlers: list[Any] = []

    def add_on_prompt_handler(self, handler: Any) -> None:
        self.on_prompt_handlers.append(handler)

    def send_sync(self, event: str, data: Any, sid: str | None = None) -> None:
        self.sent.append((event, data))

    def send_progress_text(self, text: str, node_id: str, sid: str | None = None) -> None:
        self.texts.append((node_id, text))
