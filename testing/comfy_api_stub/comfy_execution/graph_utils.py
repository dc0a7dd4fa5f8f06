"""Stands in for ``comfy_execution.graph_utils``: the value that keeps what gets it from running."""

from __future__ import annotations


class ExecutionBlocker:
    def __init__(self, message: str | None) -> None:
        self.message = message
