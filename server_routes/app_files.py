"""``/lorakeeper/app/…``: the front end's files, served by a route because ComfyUI mirrors no static mounts."""

from __future__ import annotations

import asyncio
from pathlib import Path

from aiohttp import web

from ..py.errors import MissingError
from .openapi import Api

APP = Path(__file__).parent.parent / "web" / "app"
# Said here, because Windows' registry, which mimetypes asks, may call a script text/plain, and browsers refuse that.
TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".mjs": "text/javascript",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}


def add(api: Api) -> None:
    @api.get("app/{path:.*}", "A file of the front end", media=tuple(TYPES.values()))
    async def file(path: str) -> web.StreamResponse:
        return await serve(path)


async def serve(name: str, root: Path = APP) -> web.StreamResponse:
    """The file ``name`` under ``root``. MissingError for anything that is no file of a known kind inside it."""
    found = await asyncio.to_thread(_find, root, name)
    kind = TYPES[found.suffix]
    return web.FileResponse(
        found,
        headers={
            "Content-Type": f"{kind}; charset=utf-8" if kind.startswith("text/") else kind,
            # Kept, but asked about each time: an update of the pack shows at the next load.
            "Cache-Control": "no-cache",
            "X-Content-Type-Options": "nosniff",
        },
    )


def _find(root: Path, name: str) -> Path:
    try:
        path = (root / name).resolve()
        inside = "\\" not in name and path.is_relative_to(root.resolve())
        if inside and path.suffix in TYPES and path.is_file():
            return path
    except (OSError, ValueError):  # a NUL byte, a name too long: no file of ours
        pass
    raise MissingError("There is no such file in the front end.")
