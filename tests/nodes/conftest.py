"""The nodes without ComfyUI: on the stand-in of what they use of it, against the fake Civitai."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

import lorakeeper.testing
from lorakeeper.testing.fake_civitai import FakeCivitai

STAND_IN = Path(lorakeeper.testing.__file__).parent / "comfy_api_stub"
KINDS = ("checkpoints", "loras", "embeddings", "vae", "configs", "custom_nodes")


@pytest.fixture(scope="session")
def stand_in() -> Iterator[None]:
    """Makes the stand-in's modules importable, and unknown again at the end."""
    sys.path.insert(0, str(STAND_IN))
    yield
    sys.path.remove(str(STAND_IN))
    names = {path.stem for path in STAND_IN.iterdir()}
    for name in list(sys.modules):
        if name.partition(".")[0] in names or name.startswith(("lorakeeper.nodes", "lorakeeper.py.hosts.comfyui")):
            del sys.modules[name]


@pytest.fixture
async def civitai() -> AsyncIterator[FakeCivitai]:
    async with FakeCivitai() as fake:
        yield fake


def loaded_host() -> Any:
    """The host of the pack that was loaded last."""
    from lorakeeper.py.hosts import comfyui

    return comfyui.host()


class Comfy:
    """ComfyUI as the nodes see it: the server's loop is the test's; nodes run on another thread, in their own."""

    def __init__(self, base: Path) -> None:
        import folder_paths
        import server

        self.models = base / "models"
        for kind in KINDS:
            (self.models / kind).mkdir(parents=True)
        folder_paths.user_directory = str(base / "user")
        folder_paths.folder_names_and_paths = {
            kind: ([str(self.models / kind)], {".safetensors", ".pt"}) for kind in KINDS
        }
        self.server = server.PromptServer(asyncio.get_running_loop())
        self.nodes: dict[str, Any] = {}

    async def start(self) -> TestClient[web.Request, web.Application]:
        """Loads the pack and starts the server. Closing the client stops it."""
        extension = await lorakeeper.comfy_entrypoint()
        await extension.on_load()
        self.nodes = {node.define_schema().node_id: node for node in await extension.get_node_list()}
        self.server.app.add_routes(self.server.routes)
        self.server.app.add_routes(
            web.route(route.method, f"/api{route.path}", route.handler)
            for route in self.server.routes
            if isinstance(route, web.RouteDef)
        )
        self.client = TestClient(TestServer(self.server.app))
        await self.client.start_server()
        return self.client

    async def forget_answers(self) -> None:
        """As if ComfyUI had been started anew: nothing of the site's is remembered."""
        await loaded_host().app.civitai.close()

    async def learn(self, *paths: Path, fetch: bool = False) -> None:
        """Files become known, as they do in the background."""
        for path in paths:
            await loaded_host().app.library.info(path, fetch=fetch)

    async def run(self, node_id: str, *, graph: Any = None, **inputs: Any) -> Any:
        """Runs a node as ComfyUI's worker does. It is number 7 in ``graph``."""
        from comfy_api.latest import io

        node = self.nodes[f"Lorakeeper_{node_id}"]
        running: Any = type(node.__name__, (node,), {"hidden": io.HiddenHolder("7", graph)})

        def work() -> Any:
            output = running.execute(**inputs)
            return asyncio.run(output) if asyncio.iscoroutine(output) else output

        return await asyncio.to_thread(work)


@pytest.fixture
def make_comfy(stand_in: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Comfy]:
    """A ComfyUI that is not started yet."""
    import comfy.model_management
    import comfy.utils

    monkeypatch.setattr(comfy.utils, "reads", [])
    monkeypatch.setattr(comfy.utils.ProgressBar, "shown", [])
    comfy.model_management.interrupt_current_processing(False)
    return lambda: Comfy(tmp_path)


@pytest.fixture
async def comfy(
    make_comfy: Callable[[], Comfy], civitai: FakeCivitai, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Comfy]:
    monkeypatch.setenv("LORAKEEPER_CIVITAI_URL", civitai.url)
    host = make_comfy()
    client = await host.start()
    await loaded_host().started()
    yield host
    await client.close()
