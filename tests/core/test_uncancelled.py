"""Waiting: what is cancelled is cancelled, whenever that comes."""

from __future__ import annotations

import asyncio

import pytest

from lorakeeper.py.uncancelled import within


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_what_ends_in_time_is_given() -> None:
    async def work() -> str:
        await turns(3)
        return "done"

    assert await within(5, work()) == "done"


async def test_what_fails_in_time_fails() -> None:
    async def work() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await within(5, work())


async def test_what_takes_too_long_is_cancelled_and_has_ended_by_then() -> None:
    ended: list[str] = []

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await turns(2)
            ended.append("cleaned up")

    with pytest.raises(asyncio.TimeoutError):
        await within(0.01, work())
    assert ended == ["cleaned up"]


@pytest.mark.parametrize("after", range(6))
async def test_a_cancellation_that_comes_as_the_work_ends_is_not_lost(after: int) -> None:
    end = asyncio.Event()

    async def wait() -> None:
        while True:
            await within(5, end.wait())
            await asyncio.sleep(60)

    waiting = asyncio.create_task(wait())
    await turns(3)
    end.set()
    await turns(after)
    waiting.cancel()
    ended, _ = await asyncio.wait({waiting}, timeout=5)

    assert ended == {waiting}
    assert waiting.cancelled()
