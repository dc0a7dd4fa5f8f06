"""Carries out by itself what is done again and again, when it is due."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

from ...errors import LorakeeperError
from .documents import Instruction
from .service import Instructions

log = logging.getLogger(__name__)

_LOOK = 20.0  # seconds between two looks: another process may have approved one


class Timetable:
    """Carries out what is due, while a server runs. What fell due while none ran is done once, at its start."""

    def __init__(self, instructions: Instructions) -> None:
        self._instructions = instructions
        self._loop: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._loop = asyncio.create_task(self._run(), name="lorakeeper timetable")

    async def close(self) -> None:
        if self._loop:
            self._loop.cancel()
            with suppress(asyncio.CancelledError):
                await self._loop
            self._loop = None

    async def look(self) -> list[Instruction]:
        """Carries out all that is due now; returns what has become of it."""
        done = []
        for instruction in await self._instructions.due():
            try:
                if await self._instructions.take_turn(instruction.id):
                    done.append(await self._instructions.execute(instruction.id))
            except LorakeeperError as error:
                log.warning("%s was due and could not be carried out: %s", instruction.title, error)
        return done

    async def _run(self) -> None:
        while True:
            try:
                await self.look()
            except LorakeeperError as error:
                log.warning("What is due could not be looked up: %s", error)
            await asyncio.sleep(_LOOK)
