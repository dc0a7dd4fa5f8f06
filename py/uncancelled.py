"""Waiting where a cancellation must neither leave work half done nor be lost."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


async def uncancelled(work: Awaitable[T]) -> T:
    """What ``work`` gives, waited for to its end: a cancellation that comes meanwhile comes too late."""
    task = asyncio.ensure_future(work)
    await _waited_for(task, threading.Event())
    return task.result()


async def cancelled_after(work: Awaitable[T], stop: threading.Event | None = None) -> T:
    """What ``work`` gives, waited for to its end: a cancellation that comes meanwhile sets ``stop``, and is obeyed
    then."""
    task, told = asyncio.ensure_future(work), stop or threading.Event()
    if await _waited_for(task, told):
        task.exception()  # looked at, so that it counts as seen
        raise asyncio.CancelledError
    return task.result()


async def within(seconds: float, work: Awaitable[T]) -> T:
    """What ``work`` gives, or asyncio.TimeoutError after so many seconds, when it is cancelled. Before Python 3.12
    asyncio.wait_for loses a cancellation that comes as ``work`` ends: Ctrl-C would do nothing."""
    task = asyncio.ensure_future(work)
    try:
        ended, _ = await asyncio.wait({task}, timeout=seconds)
    except asyncio.CancelledError:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        raise
    if not ended:
        task.cancel()
        await asyncio.wait({task})
        if task.cancelled():
            raise asyncio.TimeoutError
    return task.result()


async def _waited_for(task: asyncio.Future[T], told: threading.Event) -> bool:
    """Waits for the end of ``task``, and says whether a cancellation came meanwhile, which sets ``told`` at once."""
    cancelled = False
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():
                raise
            cancelled = True
            told.set()
    return cancelled
