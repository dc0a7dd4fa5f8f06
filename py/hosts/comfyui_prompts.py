"""What ComfyUI's queue is doing: whether a prompt runs, and which have run."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from server import PromptServer

log = logging.getLogger(__name__)

_POLL = 1.0
_LATEST = 50


class Prompts:
    """Looks at the queue from outside. It asks once a second while there is something to run, and else not at all."""

    def __init__(self, server: PromptServer) -> None:
        self._server = server
        self._asked_for = asyncio.Event()
        self._counted: list[str] = []

    def attach(self) -> None:
        """Hears of new prompts from now on, by ComfyUI's own hook."""
        self._server.add_on_prompt_handler(self._heard)

    def busy(self) -> bool:
        """Whether a prompt runs or waits. On any thread."""
        return self._server.prompt_queue.get_tasks_remaining() > 0

    async def follow(self, ran: Callable[[Mapping[str, Any]], Awaitable[object]]) -> None:
        """Calls ``ran`` with every prompt that has run without an error, until it is cancelled."""
        while True:
            await self._asked_for.wait()
            self._asked_for.clear()
            # A prompt that was asked for may not be in the queue yet.
            await asyncio.sleep(_POLL)
            while True:
                busy = self.busy()
                for prompt in self._new():
                    try:
                        await ran(prompt)
                    except Exception:
                        log.exception("A prompt that has run could not be counted.")
                if not busy:
                    break
                await asyncio.sleep(_POLL)

    def _heard(self, request: dict[str, Any]) -> dict[str, Any]:
        self._server.loop.call_soon_threadsafe(self._asked_for.set)
        return request

    def _new(self) -> list[Mapping[str, Any]]:
        """The graphs of prompts that have run since the last call."""
        history = self._server.prompt_queue.get_history(max_items=_LATEST, map_function=_graph)
        new = [prompt_id for prompt_id in history if prompt_id not in self._counted]
        self._counted = [*self._counted, *new][-10 * _LATEST :]
        return [graph for prompt_id in new if (graph := history[prompt_id]) is not None]


def _graph(entry: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The nodes of a history entry; None where it did not run to its end."""
    status = entry.get("status") or {}
    prompt: Sequence[Any] = entry.get("prompt") or ()
    if status.get("status_str") != "success" or len(prompt) < 3 or not isinstance(prompt[2], dict):
        return None
    graph: Mapping[str, Any] = prompt[2]
    return graph
