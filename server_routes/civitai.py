"""``/lorakeeper/civitai``: searching the site, what a pasted target is, and its pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from ..py.civitai.query import SearchQuery
from ..py.civitai.targets import Target, parse_target
from ..py.views import Resolved, SearchPage, resolved, search_page
from .images import ImageProxy
from .openapi import Api

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
