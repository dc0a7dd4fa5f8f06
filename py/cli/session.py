"""The application as a command uses it: beside the ComfyUI that we lie in, if we do."""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from ..app import App

# Not resolved: where a link to our folder lies in custom_nodes, that is the ComfyUI we belong to.
ROOT = Path(os.path.abspath(__file__)).parents[2]  # noqa: PTH100


def comfyui_around(root: Path = ROOT) -> Path | None:
    """The folder of the ComfyUI in whose ``custom_nodes`` our root folder lies."""
    return root.parent.parent if root.parent.name == "custom_nodes" else None


@asynccontextmanager
async def opened(app: App | None = None, *, adopt: bool = False) -> AsyncIterator[App]:
    """The application, started. Without ``adopt`` it leaves alone what a server that was killed left behind."""
    # The log file tells the story; without this handler warnings would go to stderr beside our one sentence.
    logging.getLogger().addHandler(logging.NullHandler())
    app = app or App.standalone(comfyui=comfyui_around())
    try:
        await app.start(adopt=adopt)
        yield app
    finally:
        await app.close()
