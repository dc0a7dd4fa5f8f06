"""The fake Gemini, to be used by hand: ``python -m lorakeeper.testing.fake_gemini``."""

from __future__ import annotations

import argparse
import asyncio
import contextlib

from . import KEY, FakeGemini


async def serve(port: int, side: int) -> None:
    async with FakeGemini(port=port, side=side) as gemini:
        print(f"The fake Gemini is at {gemini.url}; its key is {KEY}", flush=True)  # noqa: T201 - this is what it says
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A fake Gemini that makes images.")
    parser.add_argument("--port", type=int, default=9001)
    parser.add_argument("--side", type=int, default=1024, help="what the size 1K means, in pixels")
    arguments = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(arguments.port, arguments.side))
