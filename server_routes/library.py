"""``/lorakeeper/library``: the model files that are here, and what is known of them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from ..py.errors import MissingError, UsageError
from ..py.library.actions import IntegrityReport
from ..py.library.catalog import Count
from ..py.library.items import LibraryDetail, LibraryItem, LibraryPage, UserChanges
from ..py.library.learn import LearnReport
from ..py.library.metadata import Asked
from ..py.library.query import LibraryQuery
from ..py.library.roots import locate
from ..py.library.scan import ScanReport
from ..py.library.updates import UpdateReport
from .openapi import Api, Nothing, RowId

if TYPE_CHECKING:
    from ..py.app import App

_DIGITS = 12
_VIDEO = ("video/mp4",)


class Facets(BaseModel):
    """For each filter its values, each with how many files it would leave beside the other filters."""

    facets: dict[str, list[Count]]


class ScanState(BaseModel):
    """``scan`` is the last one, or the one under way; ``reading`` how far the reading of new files is, which is
    ``held_back`` where the user wants it so."""

    scanning: bool
    held_back: bool
    scan: ScanReport | None
    reading: LearnReport


class Reading(BaseModel):
    model_config = ConfigDict(extra="forbid")

    held_back: bool


class CheckState(BaseModel):
    checking: bool
    report: IntegrityReport | None


class Ids(BaseModel):
    ids: list[int]


class WhichCards(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: list[RowId] = Field(max_length=200, description="The ids of files.")


class Cards(BaseModel):
    items: list[LibraryItem]


class AskSite(BaseModel):
    """``ids`` of files, or all; ``again`` asks also about what is known."""

    model_config = ConfigDict(extra="forbid")

    ids: list[RowId] | None = None
    again: bool = False


class WhichFile(BaseModel):
    """One of: the path of a file in a model folder, any of the site's hashes, or a kind and a loader's name."""

    model_config = ConfigDict(extra="forbid")

    path: str | None = None
    hash: str | None = Field(None, pattern="^[0-9A-Fa-f]{8,64}$")
    kind: str | None = None
    name: str | None = None


class WhichContent(BaseModel):
    """What is asked for by its content never changes, and may be kept by a browser for good."""

    model_config = ConfigDict(extra="forbid")

    v: str = Field("", max_length=64, description="At least twelve digits of the content's SHA256.")


class WhichPreview(WhichContent):
    size: Literal["small"] | None = Field(None, description="For a list of lines: at most 96 x 128.")


def shown(path: Path, kind: str, which: WhichContent, sha256: str) -> web.FileResponse:
    fits = len(which.v) >= _DIGITS and sha256.startswith(which.v)
    return web.FileResponse(
        path,
        headers={
            "Content-Type": kind,
            "Cache-Control": "private, max-age=31536000, immutable" if fits else "private, no-cache",
            "X-Content-Type-Options": "nosniff",
        },
    )


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

    def state() -> ScanState:
        return ScanState(
            scanning=services.upkeep.scanning,
            held_back=not services.upkeep.reading,
            scan=services.upkeep.report,
            reading=services.learner.report,
        )

    @api.get("library", "The model files, newest first")
    async def page(query: LibraryQuery) -> LibraryPage:
        return await services.library.page(query)

    @api.get("library/facets", "How many files each value of each filter would leave")
    async def facets(query: LibraryQuery) -> Facets:
        return Facets(facets=await services.library.facets(query))

    @api.get("library/scan", "How far the scan and the reading of new files are")
    async def scan_state() -> ScanState:
        return state()

    @api.post("library/scan", "Look through all model folders; progress comes as `lorakeeper.scan` events", status=202)
    async def scan(body: Nothing) -> ScanState:
        services.upkeep.begin_scan()
        return state()

    @api.put("library/reading", "Hold the reading of new files back, or let it go on")
    async def reading(body: Reading) -> ScanState:
        if body.held_back:
            await services.upkeep.hold_reading()
        else:
            services.upkeep.go_on_reading()
        return state()

    @api.get("library/check", "What the integrity check has found, and whether it is under way")
    async def check_state() -> CheckState:
        return CheckState(checking=services.upkeep.checking, report=services.upkeep.checked)

    @api.post("library/check", "Read every file again, and say what has rotted or was cut off", status=202)
    async def check(body: Nothing) -> CheckState:
        services.upkeep.begin_check()
        return CheckState(checking=True, report=services.upkeep.checked)

    @api.delete("library/check", "Stop the integrity check")
    async def stop_check() -> CheckState:
        await services.upkeep.end_check()
        return CheckState(checking=False, report=services.upkeep.checked)

    @api.get("library/ids", "The ids of all files that fit, in the list's order, for an action on all of them")
    async def ids(query: LibraryQuery) -> Ids:
        return Ids(ids=await services.library.ids(query))

    @api.get("library/cards", "What a list shows of these files, in the order asked; those that are gone are left out")
    async def cards(query: WhichCards) -> Cards:
        return Cards(items=await services.library.cards(query.id))

    @api.post("library/site", "Ask the site what files are", status=200)
    async def ask_site(body: AskSite) -> Asked:
        return await services.upkeep.ask(body.ids, again=body.again)

    @api.post("library/updates", "Ask the site which models have newer versions")
    async def updates(body: Nothing) -> UpdateReport:
        return await services.updates.check()

    @api.get("library/{id}", "One model file with what the file, the site and the user say of it")
    async def get(id: RowId) -> LibraryDetail:  # noqa: A002 - the name in the path
        return await services.library.get(id)

    @api.patch("library/{id}", "Change what the user says of a model; what is left out stays")
    async def change(id: RowId, body: UserChanges) -> LibraryDetail:  # noqa: A002
        return await services.library.change_user(id, body)

    @api.get("library/{id}/preview", "The preview image", media=("image/webp",))
    async def preview(id: RowId, query: WhichPreview) -> web.StreamResponse:  # noqa: A002
        path, sha256 = await services.library.preview(id, small=query.size == "small")
        return shown(path, "image/webp", query, sha256)

    @api.get(
        "library/{id}/motion", "The short video, fetched from the site at the first request", media=_VIDEO, parts=True
    )
    async def motion(id: RowId, query: WhichContent) -> web.StreamResponse:  # noqa: A002
        path, sha256 = await services.library.motion(id)
        return shown(path, "video/mp4", query, sha256)

    @api.post("library/info", "All about a file in a model folder, or about the model with a hash")
    async def info(body: WhichFile) -> LibraryDetail:
        if body.hash:
            return await services.library.info(body.hash)
        return await services.library.info(await asyncio.to_thread(file_of, body))
