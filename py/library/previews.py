"""Previews: one small picture a content, made by us from the site's, and perhaps a short video; kept in the data
folder."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from ..atomic import write_atomically
from ..civitai.http import Http
from ..civitai.pictures import clips, stills
from ..civitai.remote import fetched
from ..civitai.schemas import Image, ModelVersion
from ..errors import LorakeeperError
from . import thumbnails

log = logging.getLogger(__name__)

MAX_BYTES = 20_000_000
MAX_VIDEO = 10_000_000
_VIDEO = "video/mp4"


class Previews:
    """Keeps ``<sha256>.webp``, ``<sha256>.small.webp`` and ``<sha256>.mp4`` in ``folder``. ``allowed`` tells whether
    something may be asked for at a URL. A picture is no reason to fail: trouble is logged, and the model does
    without."""

    def __init__(
        self, folder: Path, http: Http, *, nsfw_bits: Callable[[], int], allowed: Callable[[str], bool]
    ) -> None:
        self._folder = folder
        self._http = http
        self._nsfw_bits = nsfw_bits
        self._allowed = allowed
        self._fetching: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    # -- What there is; blocking -------------------------------------------------------------------------------------

    def find(self, sha256: str) -> Path | None:
        return _there(self._picture(sha256))

    def find_small(self, sha256: str) -> Path | None:
        """The picture for a list of lines, which is made at the first question."""
        if found := _there(path := self._folder / f"{sha256}.small.webp"):
            return found
        if (large := self.find(sha256)) is None:
            return None
        write_atomically(path, thumbnails.of_picture(large.read_bytes(), thumbnails.SMALL))
        return path

    def find_motion(self, sha256: str) -> Path | None:
        return _there(self._motion(sha256))

    def has_motion(self, sha256: str, version: Mapping[str, Any] | None) -> bool:
        """Whether there is a video, here or on the site, whose answer ``version`` is."""
        images = (version or {}).get("images")
        # Most versions have none, and a picture takes longer to be understood than to be looked at.
        shown = [each for each in images if "mp4" in str(each)] if isinstance(images, list) else ()
        known = ModelVersion.model_validate({"id": 0, "images": shown}).images if shown else ()
        return self._clip(known) is not None or self.find_motion(sha256) is not None

    # -- What comes --------------------------------------------------------------------------------------------------

    async def fetch(self, sha256: str, version: ModelVersion) -> bool:
        """Makes the preview from the version's first picture within the NSFW limit, else from a still of a video; says
        whether there is one."""
        if await asyncio.to_thread(self.find, sha256):
            return True
        for _, url in stills(version.images, self._nsfw_bits()):
            if self._allowed(url):
                try:
                    content = await self._read(url, MAX_BYTES)
                    small = await asyncio.to_thread(thumbnails.of_picture, content)
                    await asyncio.to_thread(write_atomically, self._picture(sha256), small)
                except (LorakeeperError, OSError, ValueError) as error:
                    log.warning("No preview for %s: %s", sha256[:12], error)
                    continue
                return True
        return False

    async def motion(self, sha256: str, version: ModelVersion | None) -> Path | None:
        """The video, fetched where it isn't here yet: the version's first one within the NSFW limit."""
        lock = self._fetching.setdefault(sha256, asyncio.Lock())
        async with lock:
            found = await asyncio.to_thread(self.find_motion, sha256)
            url = None if found else self._clip(version.images if version else ())
            if url is None:
                return found
            try:
                content = await self._read(url, MAX_VIDEO, _VIDEO)
                if not thumbnails.is_mp4(content):
                    raise ValueError("it is no MP4 video")
                await asyncio.to_thread(write_atomically, self._motion(sha256), content)
            except (LorakeeperError, OSError, ValueError) as error:
                log.warning("No video for %s: %s", sha256[:12], error)
                return None
            return self._motion(sha256)

    async def adopt(self, sha256: str, *, picture: Path | None = None, video: Path | None = None) -> None:
        """Takes over what lies beside a model: the video for its motion, and the picture, or else the video's first
        frame, for its preview. What there is stays."""
        steps: list[tuple[Path, Callable[[str, Path], None]]] = []
        if picture:
            steps.append((picture, self._adopt_picture))
        if video:
            steps += [(video, self._adopt_frame), (video, self._adopt_video)]
        for path, step in steps:
            try:
                await asyncio.to_thread(step, sha256, path)
            except (OSError, ValueError) as error:
                log.warning("No preview from %s: %s", path.name, error)

    # -- Inside ------------------------------------------------------------------------------------------------------

    def _picture(self, sha256: str) -> Path:
        return self._folder / f"{sha256}.webp"

    def _motion(self, sha256: str) -> Path:
        return self._folder / f"{sha256}.mp4"

    def _clip(self, images: Sequence[Image]) -> str | None:
        return next((url for _, url in clips(images, self._nsfw_bits()) if self._allowed(url)), None)

    def _adopt_picture(self, sha256: str, picture: Path) -> None:
        if self.find(sha256) is None:
            write_atomically(self._picture(sha256), thumbnails.of_picture(_content(picture, MAX_BYTES)))

    def _adopt_frame(self, sha256: str, video: Path) -> None:
        if self.find(sha256) is None:
            write_atomically(self._picture(sha256), thumbnails.of_video(video))

    def _adopt_video(self, sha256: str, video: Path) -> None:
        if self.find_motion(sha256) is None:
            content = _content(video, MAX_VIDEO)
            if not thumbnails.is_mp4(content):
                raise ValueError("it is no MP4 video")
            write_atomically(self._motion(sha256), content)

    async def _read(self, url: str, most: int, *types: str) -> bytes:
        _, content = await fetched(self._http, url, allowed=self._allowed, most=most, types=types or None)
        return content


def _there(path: Path) -> Path | None:
    return path if path.is_file() else None


def _content(path: Path, most: int) -> bytes:
    with path.open("rb") as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise ValueError("it is too large")
    return content
