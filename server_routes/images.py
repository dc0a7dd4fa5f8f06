"""The site's pictures for pages that may load none from elsewhere. Only configured origins, small ones, and no key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web
from cachetools import LRUCache

from ..py.civitai.remote import fetched
from ..py.errors import ForbiddenError

if TYPE_CHECKING:
    from ..py.app import App

LARGEST = 10_000_000
CACHED = 32_000_000
# No SVG: it can hold scripts, and would run them as ours.
TYPES = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif", "image/avif", "video/mp4"})


class ImageProxy:
    """Fetches pictures, and keeps the last few in memory. The browser keeps them, too."""

    def __init__(self, services: App) -> None:
        self._services = services
        self._kept: LRUCache[str, tuple[str, bytes]] = LRUCache(CACHED, getsizeof=lambda kept: len(kept[1]))

    async def get(self, url: str) -> web.Response:
        """The picture at ``url``. ForbiddenError for other hosts, ValidationError for what is no picture."""
        allowed = self._services.may_show
        if not allowed(url):
            raise ForbiddenError("Pictures come only from the hosts in the setting image_hosts.")
        if (found := self._kept.get(url)) is None:
            found = await fetched(self._services.http, url, allowed=allowed, most=LARGEST, types=TYPES)
            self._kept[url] = found
        kind, content = found
        return web.Response(
            body=content,
            content_type=kind,
            headers={
                "Cache-Control": "private, max-age=86400",
                "X-Content-Type-Options": "nosniff",
                "Content-Security-Policy": "default-src 'none'; sandbox",
            },
        )
