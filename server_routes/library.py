"""``/lorakeeper/library``: the model files that are here, and what is known of them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from ..py.errors import MissingError, UsageError
from ..py.library.items import LibraryDetail, LibraryPage, UserChanges
from ..py.library.roots import locate
from .openapi import Api, RowId

if TYPE_CHECKING:
    from ..py.app import App


class LibraryQuery(BaseModel):
    query: str = Field("", max_length=500, description="Every word must be found.")
    kind: str | None = Field(None, description="A kind of model folder, such as `loras`.")
    cursor: str | None = None
    limit: int = Field(100, ge=1, le=500)


class WhichFile(BaseModel):
    """One of: the path of a file in a model folder, any of the site's hashes, or a kind and a loader's name."""

    model_config = ConfigDict(extra="forbid")

    path: str | None = None
    hash: str | None = Field(None, pattern="^[0-9A-Fa-f]{8,64}$")
    kind: str | None = None
    name: str | None = None


def is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name too long, or one with a NUL
        return False


def add(api: Api, services: App) -> None:
    def file_of(which: WhichFile) -> Path:
        """The file meant. Only model folders: other files of this machine are no page's business."""
        if which.path:
            candidates = [Path(which.path)]
        elif which.kind and which.name:
            candidates = [folder / which.name for folder in services.roots.folders(which.kind)]
        else:
            raise UsageError("Say which file: a path, a hash, or a kind and a name.")
        for path in candidates:
            # The disk is asked only about places of ours: on Windows a path can name another machine.
            if locate(services.roots, path) and is_file(path):
                return path
        raise MissingError("There is no such file in the model folders.")

    @api.get("library", "The model files, newest first")
    async def page(query: LibraryQuery) -> LibraryPage:
        return await services.library.page(query=query.query, kind=query.kind, cursor=query.cursor, limit=query.limit)

    @api.get("library/{id}", "One model file with what the file, the site and the user say of it")
    async def get(id: RowId) -> LibraryDetail:  # noqa: A002 - the name in the path
        return await services.library.get(id)

    @api.patch("library/{id}", "Change what the user says of a model; what is left out stays")
    async def change(id: RowId, body: UserChanges) -> LibraryDetail:  # noqa: A002
        return await services.library.change_user(id, body)

    @api.get("library/{id}/preview", "The preview image", media=("image/webp",))
    async def preview(id: RowId) -> web.StreamResponse:  # noqa: A002
        item = await services.library.get(id)
        path = await asyncio.to_thread(services.library.preview, item.sha256) if item.sha256 else None
        if path is None:
            raise MissingError("This model has no preview image.")
        return web.FileResponse(
            path,
            headers={
                "Content-Type": "image/webp",
                "Cache-Control": "private, no-cache",
                "X-Content-Type-Options": "nosniff",
            },
        )

    @api.post("library/info", "All about a file in a model folder, or about the model with a hash")
    async def info(body: WhichFile) -> LibraryDetail:
        if body.hash:
            return await services.library.info(body.hash)
        return await services.library.info(await asyncio.to_thread(file_of, body))
