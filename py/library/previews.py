"""Preview images: one small picture a content, made by us from the site's, kept in the data folder."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Callable
from pathlib import Path

from ..atomic import write_atomically
from ..civitai.http import Http
from ..civitai.schemas import ModelVersion
from ..errors import LorakeeperError

log = logging.getLogger(__name__)

WIDTH, HEIGHT = 450, 600
MAX_BYTES = 20_000_000
MAX_PIXELS = 50_000_000


class Previews:
    """Keeps ``<sha256>.webp`` files in ``folder``. ``allowed`` tells whether an image may be asked for at ``url``."""

    def __init__(
        self, folder: Path, http: Http, *, nsfw_bits: Callable[[], int], allowed: Callable[[str], bool]
    ) -> None:
        self._folder = folder
        self._http = http
        self._nsfw_bits = nsfw_bits
        self._allowed = allowed

    def find(self, sha256: str) -> Path | None:
        path = self._folder / f"{sha256}.webp"
        return path if path.is_file() else None

    async def fetch(self, sha256: str, version: ModelVersion) -> bool:
        """Makes the preview from the version's first still image within the NSFW limit; says whether there is one.

        A picture is no reason to fail: trouble is logged, and the model does without.
        """
        if await asyncio.to_thread(self.find, sha256):
            return True
        limit = self._nsfw_bits()
        for image in version.images:
            if image.is_still_within(limit) and self._allowed(image.url):
                try:
                    content = await self._read(image.url)
                    small = await asyncio.to_thread(shrink, content)
                    await asyncio.to_thread(write_atomically, self._folder / f"{sha256}.webp", small)
                except (LorakeeperError, OSError, ValueError) as error:
                    log.warning("No preview for %s: %s", sha256[:12], error)
                    continue
                return True
        return False

    async def adopt(self, sha256: str, picture: Path) -> bool:
        """Makes the preview from a picture that lies on the disk, unless there is one; says whether there is one
        now."""
        try:
            return await asyncio.to_thread(self._adopt, sha256, picture)
        except (OSError, ValueError) as error:
            log.warning("No preview from %s: %s", picture.name, error)
            return False

    def _adopt(self, sha256: str, picture: Path) -> bool:
        if self.find(sha256) is None:
            with picture.open("rb") as file:
                content = file.read(MAX_BYTES + 1)
            if len(content) > MAX_BYTES:
                raise ValueError("the picture is too large")
            write_atomically(self._folder / f"{sha256}.webp", shrink(content))
        return True

    async def _read(self, url: str) -> bytes:
        async with self._http.open(url, {}, keyed=False) as response:
            content = await response.content.read(MAX_BYTES + 1)
            while len(content) <= MAX_BYTES and (more := await response.content.read(MAX_BYTES + 1)):
                content += more
        if len(content) > MAX_BYTES:
            raise ValueError("the picture is too large")
        return content


def shrink(content: bytes) -> bytes:
    """A picture of any common format as a WebP of at most 450 × 600. ValueError or OSError where it is none."""
    from PIL import Image, ImageOps

    with Image.open(io.BytesIO(content), formats=("PNG", "JPEG", "WEBP", "GIF")) as picture:
        if picture.width * picture.height > MAX_PIXELS:
            raise ValueError("the picture has too many pixels")
        picture.draft("RGB", (WIDTH, HEIGHT))
        small = ImageOps.exif_transpose(picture).convert("RGB")
        small.thumbnail((WIDTH, HEIGHT))
        out = io.BytesIO()
        # Saved without the original's metadata, which can hold a whole workflow.
        small.save(out, "WEBP", quality=80)
    return out.getvalue()
