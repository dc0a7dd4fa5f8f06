"""A browser before the real application: on the standalone page, and inside ComfyUI's real front end.

Whatever a page complains of on its console that is ours, fails the test.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Error, Page

from lorakeeper.py.app import App
from lorakeeper.py.hosts.relay import Relay
from lorakeeper.py.hosts.standalone import Standalone
from lorakeeper.py.library.roots import standalone_roots
from lorakeeper.server_routes import add_routes
from lorakeeper.testing.browser import Tab, chromium
from lorakeeper.testing.busy_month import Answers, intercept
from lorakeeper.testing.fake_civitai import FakeCivitai
from lorakeeper.testing.frontend_host import FRONTEND, FrontendHost, ObjectInfo, read_object_info
from lorakeeper.testing.graphs import node_info
from lorakeeper.testing.panel import OpenPage, view
from lorakeeper.testing.panel import tab as tab_button

HostOf = Callable[..., Awaitable[FrontendHost]]
OBJECT_INFO = Path(__file__).parent / "object_info.json"
# Where `run.py test` puts older versions of ComfyUI's front end.
FRONT_ENDS = Path(sys.prefix) / "front-ends"
# Said with its stack, which names the file, also where the front end keeps it to itself.
HEAR_REJECTIONS = """addEventListener("unhandledrejection", ({ reason }) =>
    console.error(`Unhandled rejection: ${reason?.stack ?? reason}`));"""


class Complaints:
    """What pages had to complain of: everything on our own page, what names us on another's."""

    def __init__(self, *, everything: bool) -> None:
        self._everything = everything
        self.list: list[str] = []

    def follow(self, page: Page) -> None:
        page.on("pageerror", self._hear_error)
        page.on("console", self._hear)

    def leave(self, page: Page) -> None:
        page.remove_listener("pageerror", self._hear_error)
        page.remove_listener("console", self._hear)

    def _hear_error(self, error: Error) -> None:
        self._add(f"{error}\n{error.stack}")

    def _hear(self, message: ConsoleMessage) -> None:
        where = message.location.get("url", "")
        # The browser reports each answer that is an error. A route may give one, a script or a picture must not. It
        # also reports a server that went away, as some tests let it, and names the script that wanted the connection.
        is_answer = message.text.startswith("Failed to load resource")
        is_file = is_answer and any(part in where for part in ("/app/", "/preview", "/image", "/extensions/"))
        is_expected = (is_answer and not is_file) or message.text.startswith("WebSocket connection")
        if message.type == "error" and not is_expected:
            self._add(f"{message.text} ({where})")

    def _add(self, text: str) -> None:
        if self._everything or "lorakeeper" in text.lower():
            self.list.append(text)


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def civitai() -> AsyncIterator[FakeCivitai]:
    async with FakeCivitai() as civitai:
        yield civitai


@pytest_asyncio.fixture(loop_scope="session")
async def app(civitai: FakeCivitai, tmp_path: Path) -> AsyncIterator[App]:
    models = tmp_path / "models"
    models.mkdir()
    app = App(tmp_path / "data", lambda _: standalone_roots([str(models)], comfyui=None, home=tmp_path))
    app.store.update({"civitai_url": civitai.url, "image_hosts": [civitai.storage.url]})
    async with app:
        yield app


async def new_context(browser: Browser, **options: Any) -> BrowserContext:
    context = await browser.new_context(**options)
    await context.grant_permissions(["clipboard-read", "clipboard-write"])
    await context.add_init_script(HEAR_REJECTIONS)
    context.set_default_timeout(10_000)
    return context


@asynccontextmanager
async def pages(browser: Browser, url: str, *, everything: bool) -> AsyncIterator[OpenPage]:
    """Opens pages at ``url``, and afterwards looks at what they had to complain of."""
    complaints = Complaints(everything=everything)
    contexts: list[BrowserContext] = []

    async def open_page(width: int = 1280, height: int = 800, **options: Any) -> Page:
        context = await new_context(browser, viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = await context.new_page()
        complaints.follow(page)
        await page.goto(url, timeout=60_000)
        return page

    yield open_page
    for context in contexts:
        await context.close()
    assert complaints.list == []


@pytest_asyncio.fixture(loop_scope="session")
async def standalone(app: App) -> AsyncIterator[Standalone]:
    async with Standalone(app, port=0) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def open_page(browser: Browser, standalone: Standalone) -> AsyncIterator[OpenPage]:
    """Opens the standalone page."""
    async with pages(browser, str(standalone.url), everything=True) as open_page:
        yield open_page


@pytest_asyncio.fixture(loop_scope="session")
async def page(open_page: OpenPage) -> Page:
    """The standalone page, 1280 pixels wide."""
    return await open_page()


def object_info(app: App) -> ObjectInfo:
    """Our nodes as they were recorded, some of core's, and the models that are there now."""

    def names(kind: str) -> list[str]:
        folders = app.roots.folders(kind)
        return [str(path.relative_to(folder)) for folder in folders for path in sorted(folder.rglob("*.safetensors"))]

    nodes = deepcopy(dict(read_object_info(OBJECT_INFO)))
    for about in nodes.values():
        for group in about["input"].values():
            for name, (_, *options) in group.items():
                if name.startswith("lora_") and options and "options" in options[0]:
                    options[0]["options"] = [*options[0]["options"][: "default" in options[0]], *names("loras")]
    core = [
        node_info("CLIPTextEncode", {"text": ["STRING", {"multiline": True}], "clip": ["CLIP"]}, ["CONDITIONING"]),
        node_info("CheckpointLoaderSimple", {"ckpt_name": [names("checkpoints")]}, ["MODEL", "CLIP", "VAE"]),
        node_info(
            "LoraLoader", {"model": ["MODEL"], "clip": ["CLIP"], "lora_name": [names("loras")]}, ["MODEL", "CLIP"]
        ),
        node_info("LoraLoaderModelOnly", {"model": ["MODEL"], "lora_name": [names("loras")]}, ["MODEL"]),
        node_info("PreviewAny", {"source": ["*", {}]}, []),
    ]
    core[0]["display_name"] = "CLIP Text Encode (Prompt)"
    return {**nodes, **{about["name"]: about for about in core}}


@asynccontextmanager
async def hosted(app: App, frontend: Path, listening: socket.socket) -> AsyncIterator[FrontendHost]:
    """ComfyUI's front end before the application, and the application's events sent to it."""
    host = FrontendHost(
        lambda routes: add_routes(routes, app), lambda: object_info(app), frontend=frontend, listening=listening
    )
    sent: set[asyncio.Task[None]] = set()

    def tell(event: str, data: dict[str, Any]) -> None:
        task = asyncio.create_task(host.send(event, data))
        sent.add(task)
        task.add_done_callback(sent.discard)

    async with host:
        relay = Relay(app.events, asyncio.get_running_loop(), tell)
        yield host
        relay.close()


@dataclass(frozen=True)
class Place:
    """Where one version of the front end is served and opened by all tests. It takes seconds to load in a new tab."""

    static: Path
    listening: socket.socket
    tab: Tab


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def places(browser: Browser) -> AsyncIterator[Callable[[str], Awaitable[Place]]]:
    """A place for each version in ``front_ends.txt``, and by no name for the one that is installed: the newest."""
    made: dict[str, Place] = {}

    async def place(version: str) -> Place:
        if version not in made:
            static = FRONT_ENDS / version / "comfyui_frontend_package" / "static" if version else FRONTEND
            if not static.is_dir():
                pytest.skip(f"ComfyUI's front end {version} is not here: `python run.py test` fetches it.")
            page = await (await new_context(browser)).new_page()
            made[version] = Place(static, socket.create_server(("127.0.0.1", 0)), Tab(page))
        return made[version]

    yield place
    for each in made.values():
        await each.tab.page.context.close()
        each.listening.close()


@pytest_asyncio.fixture(loop_scope="session")
async def front_ends(app: App, places: Callable[[str], Awaitable[Place]]) -> AsyncIterator[HostOf]:
    """The host of a version, as in :func:`places`, before this test's application."""
    async with AsyncExitStack() as stack:
        hosts: dict[str, FrontendHost] = {}

        async def host(version: str = "") -> FrontendHost:
            if version not in hosts:
                place = await places(version)
                hosts[version] = await stack.enter_async_context(hosted(app, place.static, place.listening))
            return hosts[version]

        yield host


@pytest.fixture
def answers() -> Answers:
    return Answers()


@pytest_asyncio.fixture(loop_scope="session")
async def analytics(page: Page, answers: Answers) -> Page:
    """The Analytics view of a busy month, open on the standalone page."""
    await intercept(page, answers)
    await view(page, "Analytics")
    return page


@pytest_asyncio.fixture(loop_scope="session")
async def comfyui(front_ends: HostOf) -> FrontendHost:
    return await front_ends()


@pytest_asyncio.fixture(loop_scope="session")
async def open_comfyui(places: Callable[[str], Awaitable[Place]], front_ends: HostOf) -> AsyncIterator[OpenPage]:
    """Opens ComfyUI's front end with an empty graph, and our tab unless ``tab=False``. ``window.comfy`` is its app.

    ``front_end`` is a version in ``front_ends.txt``. There is one page of it at a time.
    """
    complaints = Complaints(everything=False)
    opened: list[Tab] = []

    async def open_comfyui(
        tab: bool = True, vue_nodes: bool = False, front_end: str = "", width: int = 1440, height: int = 900
    ) -> Page:
        host, place = await front_ends(front_end), await places(front_end)
        host.settings["Comfy.VueNodes.Enabled"] = vue_nodes
        page = place.tab.page
        await place.tab.clean(host.empty, width, height)
        complaints.follow(page)
        opened.append(place.tab)
        await page.goto(host.url, timeout=60_000)
        await tab_button(page).wait_for(timeout=60_000)
        await page.evaluate("""async () => {
            const { app } = await import("/scripts/app.js");
            window.comfy = app;
            app.graph.clear();
            app.canvas.ds.offset = [0, 0];
            app.canvas.ds.scale = 1;
            app.canvas.setDirty(true, true);
        }""")
        if tab:
            await tab_button(page).click()
            await page.locator("lk-library").wait_for()
        return page

    yield open_comfyui
    for each in opened:
        await each.leave()
        complaints.leave(each.page)
    assert complaints.list == []
