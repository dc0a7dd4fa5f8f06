"""The routes under ``/lorakeeper/``, the same in both hosts: one module a resource, and one function adds them all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from . import (
    actions,
    analytics,
    app_files,
    civitai,
    graph,
    health,
    image_filters,
    instructions,
    jobs,
    library,
    performance,
    prompt,
    security,
    settings,
    variations,
)
from .openapi import Api, Document

if TYPE_CHECKING:
    from ..py.app import App


def add_routes(routes: web.RouteTableDef, services: App) -> Api:
    """Adds every route to ``routes``. Call it once for a host; the services must be started before a request comes."""
    api = Api(routes, health.version(), services.events)
    health.add(api, services)
    actions.add(api, services)
    library.add(api, services)
    graph.add(api, services)
    civitai.add(api, services)
    jobs.add(api, services)
    instructions.add(api, services)
    settings.add(api, services)
    security.add(api, services)
    performance.add(api, services)
    variations.add(api, services)
    image_filters.add(api, services)
    analytics.add(api, services)
    prompt.add(api)
    app_files.add(api)

    @api.get("openapi.json", "This document")
    async def document() -> Document:
        return await api.document()

    return api
