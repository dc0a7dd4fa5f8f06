"""Small files of the site, such as pictures: from allowed hosts only, without the key, and no more than a size."""

from __future__ import annotations

from collections.abc import Callable, Collection

from ..errors import ForbiddenError, ValidationError
from .http import Http


async def fetched(
    http: Http, url: str, *, allowed: Callable[[str], bool], most: int, types: Collection[str] | None = None
) -> tuple[str, bytes]:
    """``(content type, content)``. ForbiddenError where ``url`` leads to another host, ValidationError for what is too
    large or of another type, and the CivitaiError tree."""
    if not allowed(url):
        raise ForbiddenError("Pictures come only from the hosts in the setting image_hosts.")
    async with http.open(url, {}, keyed=False) as response:
        if not allowed(str(response.url)):
            raise ForbiddenError("The picture has moved to a host that is not in the setting image_hosts.")
        if types is not None and response.content_type not in types:
            raise ValidationError(f"What the site sent is no picture but {response.content_type[:100]}.")
        content = bytearray()
        async for chunk in response.content.iter_any():
            content += chunk
            if len(content) > most:
                raise ValidationError("The picture is too large.")
    return response.content_type, bytes(content)
