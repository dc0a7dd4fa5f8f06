"""A fake Civitai for tests and the demo: two origins on this machine, strict where the real one is lax.

    async with FakeCivitai() as civitai:
        ids = civitai.add(samples.lora("cat", trigger_words=["cat"]))
        ...  # the site is at civitai.url
        assert civitai.site.requests[-1].headers["Authorization"] == "Bearer secret"

``site`` has the API and the download links, ``storage`` the bytes. Both record each request.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from types import TracebackType
from urllib.parse import quote

from ..samples import Sample
from .catalogue import Catalogue, FileEntry, Ids
from .faults import (
    ChangedEtag,
    Corrupt,
    Delay,
    Drop,
    Fault,
    Faults,
    Html,
    NoEtag,
    NoRange,
    Pace,
    Stall,
    Status,
    Truncate,
    WrongLength,
)
from .origin import Origin, Recorded
from .renditions import kind_of, renditions
from .site import Quirks, Site
from .storage import Storage, Stored

__all__ = [
    "ChangedEtag",
    "Corrupt",
    "Delay",
    "Drop",
    "FakeCivitai",
    "Fault",
    "Faults",
    "Html",
    "Ids",
    "NoEtag",
    "NoRange",
    "Pace",
    "Quirks",
    "Recorded",
    "Stall",
    "Status",
    "Truncate",
    "WrongLength",
]


class FakeCivitai:
    """Both origins. ``link_lifetime`` is how long new signed links work, in seconds.

    ``keys`` are the keys that open what is locked; setting ``require_key`` to a set of keys locks every download.
    ``port`` is the site's; with ``context`` both origins speak TLS; ``pace`` is bytes a second for each model file.
    """

    def __init__(
        self,
        catalog: Iterable[Sample] = (),
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        context: ssl.SSLContext | None = None,
        pace: float | None = None,
    ) -> None:
        self.faults = Faults(storage=[Pace(pace, path="/model/")] if pace else [])
        self.link_lifetime = 3600.0
        self._where = (host, port, context)
        self._catalogue = Catalogue()
        self._objects = Storage()
        self._api = Site(self._catalogue, self._link)
        self.site = Origin(self.faults.site, self._api.answer)
        self.storage = Origin(self.faults.storage, self._objects.answer)
        self._first = tuple(catalog)

    @property
    def url(self) -> str:
        """The base URL."""
        return self.site.url

    @property
    def quirks(self) -> Quirks:
        return self._api.quirks

    @property
    def keys(self) -> set[str]:
        return self._api.keys

    @property
    def require_key(self) -> set[str]:
        return self._api.keys if self._api.require_key else set()

    @require_key.setter
    def require_key(self, keys: set[str]) -> None:
        self._api.require_key = bool(keys)
        self._api.keys = keys or self._api.keys

    def add(self, sample: Sample, *, model_id: int | None = None) -> Ids:
        """Puts a sample on the site: as a new model, or as the newest version of ``model_id``. The fake must run."""
        version, ids = self._catalogue.add(sample, model_id)
        for number, picture in enumerate(sample.previews):
            name = f"{version.id}{number}.{kind_of(picture)}"
            path = f"/image/{version.id}-{number}/{{}}/{name}"
            for rendition, content, kind in renditions(picture):
                self._objects.publish(path.format(rendition), _stored(content, f"{version.id}{number}.{kind}"))
            version.images.append((self._catalogue.next_image(), self.storage.url + path.format("original=true")))
        return ids

    def publish(self, content: bytes, name: str) -> str:
        """Puts a file where everybody may have it, such as a mirror, and returns its URL."""
        path = f"/public/{quote(name, safe='')}"
        self._objects.publish(path, _stored(content, name))
        return f"{self.storage.url}{path}"

    def replace(self, file_id: int, sample: Sample) -> None:
        """The author replaces a file: the same ids, other bytes and hashes."""
        self._catalogue.replace(file_id, sample)

    async def start(self) -> None:
        host, port, context = self._where
        await self.storage.start(host, 0, context)
        await self.site.start(host, port, context)
        self._catalogue.url = self.site.url
        for sample in self._first:
            self.add(sample)

    async def stop(self) -> None:
        await self.site.stop()
        await self.storage.stop()

    async def __aenter__(self) -> FakeCivitai:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def _link(self, file: FileEntry) -> str:
        sample = file.sample
        stored = Stored(sample.size, file.sha256[:32], sample.file_name, sample.read)
        return self.storage.url + self._objects.sign(stored, self.link_lifetime)


def _stored(content: bytes, name: str) -> Stored:
    return Stored(len(content), f"{len(content):x}", name, lambda at, length: content[at : at + length])
