"""Stands in for ComfyUI's ``execution``: a queue that holds what a test puts into it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class PromptQueue:
    def __init__(self, server: Any) -> None:
        self.server = server
        self.remaining = 0
        self.history: dict[str, dict[str, Any]] = {}

    def get_tasks_remaining(self) -> int:
        return self.remaining

    def get_history(
        self,
        prompt_id: str | None = None,
        max_items: int | None = None,
        offset: int = -1,
        map_function: Callable[[Any], Any] | None = None,
    ) -> dict[str, Any]:
        newest = list(self.history.items())[-max_items if max_items else 0 :]
        return {each: map_function(entry) if map_function else entry for each, entry in newest}
