"""``lorakeeper serve``: the standalone server in the foreground, on the user's data or on a made-up site."""

from __future__ import annotations

import asyncio
import gc
import os
import tempfile
import webbrowser
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

from yarl import URL

from ..app import App, data_folder
from ..hosts.standalone import is_loopback, serve
from ..library.roots import standalone_roots
from . import GOOD
from .console import say, say_json
from .session import comfyui_around, opened

DEMO_SPEED = 4_000_000  # bytes a second


def run(*, host: str, port: int | None, models: Path | None, demo: bool, browser: bool, as_json: bool) -> int:
    """Serves until Ctrl-C, which is its good end."""

    def ready(url: URL, notices: list[str]) -> None:
        if as_json:
            say_json({"url": str(url), "demo": demo, "notices": notices})
        else:
            say(f"Lorakeeper's demo is at {url}" if demo else f"Lorakeeper is at {url}", "(Ctrl-C stops it)")
            if demo:
                say("It uses a made-up Civitai with small sample models, and keeps nothing when it stops.")
            if not is_loopback(host):
                say("Everyone on this network can use it: it asks for no password.")
            for notice in notices:
                say(notice)
        if browser:
            webbrowser.open(str(url))
        # What was loaded until now stays: looking through it for garbage would hold the server for a moment, each time.
        gc.collect()
        gc.freeze()

    async def run() -> None:
        async with _made_up() if demo else opened(_chosen(models), adopt=True) as app:
            await serve(app, host=host, port=port, ready=lambda url: ready(url, app.database.notices))

    with suppress(KeyboardInterrupt):  # Windows; elsewhere the server takes the signal itself
        asyncio.run(run())
    return GOOD


def _chosen(models: Path | None) -> App | None:
    """The application with one models folder instead of the configured ones."""
    if models is None:
        return None
    folder = str(models.absolute())
    return App(data_folder(comfyui_around()), lambda _: standalone_roots([folder], comfyui=None, home=models))


@asynccontextmanager
async def _made_up() -> AsyncIterator[App]:
    """The application on a made-up site, in a folder that goes away with it."""
    from ...testing.demo_catalog import demo_catalog
    from ...testing.fake_civitai import FakeCivitai

    # The environment would win over the demo's own settings.
    for name in ("LORAKEEPER_CIVITAI_URL", "LORAKEEPER_IMAGE_HOSTS"):
        os.environ.pop(name, None)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lorakeeper-demo-")))
        catalog = await asyncio.to_thread(demo_catalog)
        # At the speed of a usual connection, so that there is something to watch.
        civitai = await stack.enter_async_context(FakeCivitai(catalog, pace=DEMO_SPEED))
        app = App(folder / "data", lambda _: standalone_roots([str(folder / "models")], comfyui=None, home=folder))
        app.store.update({"civitai_url": civitai.url, "image_hosts": [civitai.storage.url]})
        yield await stack.enter_async_context(opened(app))
