"""``/lorakeeper/civitai``: searching the site, what a pasted target is, and its pictures."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from ..py.civitai.query import SearchQuery
from ..py.civitai.targets import Target, parse_target
from ..py.views import ExamplePage, Resolved, SearchPage, examples, resolved, search_page
from .guard import json_answer
from .images import ImageProxy
from .openapi import Api, RowId

if TYPE_CHECKING:
    from ..py.app import App


class WhichTarget(BaseModel):
    model_config = ConfigDict(extra="forbid")

    target: str = Field(min_length=1, max_length=2000, description="A link, an AIR, a model id, a version or a hash.")
    file_id: int | None = Field(None, description="A file of the version other than its primary one.")

    def parsed(self, services: App) -> Target:
        """The target. Not a path: which files this machine has is no page's business."""
        return parse_target(self.target, site=services.civitai.base_url, files=False)


class ImageQuery(BaseModel):
    url: str = Field(max_length=2000)


class WhichExamples(BaseModel):
    model_config = ConfigDict(extra="forbid")

    version_id: RowId
    cursor: str | None = Field(None, max_length=500, description="`next_cursor` of the page before.")
    limit: int = Field(20, ge=1, le=100)


class WhichWorkflow(BaseModel):
    model_config = ConfigDict(extra="forbid")

    version_id: RowId
    url: str = Field(max_length=2000, description="An example's `original`.")


class Workflow(BaseModel):
    """``workflow`` is a graph of ComfyUI's front end, ``prompt`` one of its server; at least one is there."""

    name: str
    workflow: dict[str, JsonValue] | None
    prompt: dict[str, JsonValue] | None


def add(api: Api, services: App) -> None:
    images = ImageProxy(services)

    @api.get("civitai/search", "Models on the site")
    async def search(query: SearchQuery) -> SearchPage:
        return await search_page(services, query)

    @api.post("civitai/resolve", "What a target is, and where it would go")
    async def resolve(body: WhichTarget) -> Resolved:
        return await resolved(services, body.parsed(services), file_id=body.file_id)

    @api.get("civitai/image", "A picture of the site", media=("image/*", "video/mp4"))
    async def image(query: ImageQuery) -> web.StreamResponse:
        return await images.get(query.url)

    @api.get("civitai/examples", "The pictures that were made with a version, and how; within the NSFW limit")
    async def some(query: WhichExamples) -> ExamplePage:
        return await examples(services, query.version_id, cursor=query.cursor, limit=query.limit)

    @api.get(
        "civitai/examples/workflow", "The workflow inside of an example", media=("application/json",), model=Workflow
    )
    async def workflow(query: WhichWorkflow) -> web.StreamResponse:
        found = await services.examples.workflow(query.version_id, query.url)
        return json_answer(await asyncio.to_thread(found.written))
