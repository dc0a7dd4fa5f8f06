"""The pictures of models and versions: which may be shown, and at which of the site's addresses.

An address has its rendition as a part of its path: ``…/original=true/x.jpeg`` is what was uploaded. Of a video the site
gives stills too, and small copies.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from .schemas import Image

WIDTH = 450

_RENDITION = re.compile(r"(?<=/)(?:[A-Za-z]+=[^/?#,=]*)(?:,[A-Za-z]+=[^/?#,=]*)*(?=/)")


def _rendered(url: str, rendition: str) -> str | None:
    """The same picture in that rendition; None for an address that has none."""
    address, mark, rest = url.partition("?")
    changed, times = _RENDITION.subn(rendition, address, count=1)
    return changed + mark + rest if times else None


def small(image: Image) -> str | None:
    """Where a small still of it is: of a video only where the site makes one."""
    if image.is_video:
        return _rendered(image.url, f"anim=false,transcode=true,width={WIDTH}")
    return _rendered(image.url, f"width={WIDTH}") or image.url


def clip(image: Image) -> str | None:
    """Where a small copy of a video is; None for a still picture."""
    return (_rendered(image.url, f"transcode=true,width={WIDTH}") or image.url) if image.is_video else None


def original(image: Image) -> str:
    """Where it is as it was uploaded."""
    return _rendered(image.url, "original=true") or image.url


def stills(images: Iterable[Image], nsfw_bits: int) -> Iterator[tuple[Image, str]]:
    """Those within the NSFW limit, each with its :func:`small` address: pictures first, then stills of videos."""
    for image in sorted(images, key=lambda each: each.is_video):
        if image.is_within(nsfw_bits) and (url := small(image)):
            yield image, url


def clips(images: Iterable[Image], nsfw_bits: int) -> Iterator[tuple[Image, str]]:
    """The videos within the NSFW limit, each with its :func:`clip` address."""
    for image in images:
        if image.is_within(nsfw_bits) and (url := clip(image)):
            yield image, url
