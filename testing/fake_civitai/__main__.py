"""The fake site with the demo's models, to be looked at by hand: ``python -m lorakeeper.testing.fake_civitai``."""

from __future__ import annotations

import argparse
import asyncio
import contextlib

from ..demo_catalog import demo_catalog
from . import FakeCivitai


async def serve(port: int, pace: float) -> None:
    async with FakeCivitai(demo_catalog(), port=port, pace=pace) as civitai:
        print(f"The fake Civitai is at {civitai.url}", flush=True)  # noqa: T201 - this is what it says
        print(f"Its pictures are at {civitai.storage.url}", flush=True)  # noqa: T201
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A fake Civitai with a few models.")
    parser.add_argument("--port", type=int, default=9000)
    parser.add_argument("--pace", type=float, default=0, help="bytes a second for each model file, 0 for all that goes")
    arguments = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(arguments.port, arguments.pace))
