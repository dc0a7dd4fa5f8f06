"""ComfyUI's real front end without ComfyUI: its built files from PyPI, our extension and our routes on one server.

It answers what the front end asks at its start, and no more: enough to open the sidebar and to work with nodes.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Protocol

from aiohttp import WSMsgType, web

EXTENSION = "/extensions/ComfyUI-Lorakeeper/"
FRONTEND = Path(str(files("comfyui_frontend_package"))) / "static"
PACK = Path(__file__).resolve().parent.parent

ObjectInfo = Mapping[str, Mapping[str, Any]]

# Without these the tutorial, the templates, the release notes, and warnings about the default workflow cover the page.
SETTINGS: Mapping[str, Any] = {
    "Comfy.TutorialCompleted": True,
    "Comfy.InstalledVersion": "99.0.0",
    "Comfy.Notification.ShowVersionUpdates": False,
    "Comfy.UseNewMenu": "Top",
    "Comfy.Workflow.ShowMissingModelsWarning": False,
    "Comfy.Workflow.ShowMissingNodesWarning": False,
}
EMPTY: Mapping[str, Any] = {
    "users": {"storage": "server", "migrated": True},
    "system_stats": {"system": {"os": "linux", "comfyui_version": "0.33.0", "argv": []}, "devices": []},
    "jobs": {"jobs": [], "pagination": {"offset": 0, "limit": 0, "total": 0, "has_more": False}},
    "queue": {"queue_running": [], "queue_pending": []},
    "prompt": {"exec_info": {"queue_remaining": 0}},
    **{name: {} for name in ("features", "global_subgraphs", "history", "workflow_templates")},
    **{name: [] for name in ("userdata", "userdata/comfy.templates.json", "experiment/models", "embeddings")},
}
# What a user has of these in a new installation is empty; without an answer each is an error on the console.
NOTHING = ("/user.css", "/api/userdata/user.css", "/favicon.ico")


class AddRoutes(Protocol):
    """Puts Lorakeeper's routes into a table, as ``server_routes.add_routes`` does with its services."""

    def __call__(self, routes: web.RouteTableDef) -> object: ...


class FrontendHost:
    """Serves the front end at :attr:`url`. ``object_info`` is asked anew at every request, as ComfyUI's is.

    ``settings`` are the user's ComfyUI settings, such as ``{"Comfy.ColorPalette": "light"}``, ``extensions`` the
    scripts that the front end imports, and ``frontend`` the folder of its own files. ``listening`` is a socket that
    stays open: hosts one after the other have the same address then, and a browser knows their files.
    """

    def __init__(
        self,
        add_routes: AddRoutes,
        object_info: Callable[[], ObjectInfo],
        settings: Mapping[str, Any] | None = None,
        frontend: Path = FRONTEND,
        listening: socket.socket | None = None,
    ) -> None:
        self._object_info = object_info
        self._frontend = frontend
        self._listening = listening
        self.settings: dict[str, Any] = {**SETTINGS, **(settings or {})}
        self.extensions = [EXTENSION + "lorakeeper.js"]
        self._sockets: set[web.WebSocketResponse] = set()
        routes = web.RouteTableDef()
        add_routes(routes)
        self._app = web.Application()
        self._app.add_routes([*routes, *_mirrored(routes), *self._comfyui()])
        self._runner = web.AppRunner(self._app, access_log=None, shutdown_timeout=1)
        self.url = ""

    async def __aenter__(self) -> FrontendHost:
        await self._runner.setup()
        site = (
            web.SockSite(self._runner, self._listening.dup())
            if self._listening
            else web.TCPSite(self._runner, "127.0.0.1", 0)
        )
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}/"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    @property
    def empty(self) -> str:
        """A page of the same origin with nothing on it."""
        return f"{self.url}user.css"

    async def send(self, event: str, data: Mapping[str, Any]) -> None:
        """Sends ``event`` to every page, as ``PromptServer.send_sync`` does."""
        for page in list(self._sockets):
            await page.send_json({"type": event, "data": data})

    def _comfyui(self) -> Iterable[web.AbstractRouteDef]:
        yield web.get("/ws", self._websocket)
        yield from (web.get(path, _nothing) for path in NOTHING)
        yield web.get("/internal/folder_paths", _no_folders)
        yield web.get("/api/{name:.+}", self._get)
        yield web.post("/api/{name:.+}", self._post)
        yield web.static(EXTENSION, PACK / "web" / "comfyui")
        yield web.get("/", self._index)
        yield web.static("/", self._frontend)

    async def _index(self, _: web.Request) -> web.StreamResponse:
        return web.FileResponse(self._frontend / "index.html")

    async def _websocket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"type": "status", "data": {"status": EMPTY["prompt"], "sid": "page"}})
        self._sockets.add(socket)
        try:
            async for message in socket:
                if message.type is WSMsgType.ERROR:
                    break
        finally:
            self._sockets.discard(socket)
        return socket

    async def _get(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        answers = {
            **EMPTY,
            "settings": self.settings,
            "i18n": translations(),
            "object_info": self._object_info(),
            "extensions": self.extensions,
        }
        return web.json_response(answers[name]) if name in answers else web.Response(status=404)

    async def _post(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name.startswith("settings/"):
            self.settings[name.removeprefix("settings/")] = await request.json()
        return web.json_response({})


def read_object_info(path: Path) -> ObjectInfo:
    """The recorded ``/object_info`` of a real ComfyUI."""
    found: ObjectInfo = json.loads(path.read_text("utf-8"))
    return found


def translations() -> dict[str, dict[str, Any]]:
    """The pack's ``locales/`` by language, put together as ComfyUI does it."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted((PACK / "locales").glob("*/*.json")):
        said = json.loads(path.read_text("utf-8"))
        found.setdefault(path.parent.name, {}).update(said if path.stem == "main" else {path.stem: said})
    return found


async def _nothing(request: web.Request) -> web.Response:
    return web.Response(content_type="text/css" if request.path.endswith(".css") else "image/x-icon")


async def _no_folders(_: web.Request) -> web.Response:
    return web.json_response({})


def _mirrored(routes: web.RouteTableDef) -> Iterable[web.AbstractRouteDef]:
    """The same routes under ``/api``, as ComfyUI has them."""
    for route in routes:
        if isinstance(route, web.RouteDef):
            yield web.route(route.method, "/api" + route.path, route.handler)
