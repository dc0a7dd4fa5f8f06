"""A fake Gemini for tests and the demo: its REST API on this machine, strict where the real one is lax.

    async with FakeGemini() as gemini:
        gemini.faults.append(faults.quota(per="minute", delay="7s"))
        ...  # the API is at gemini.url
        assert gemini.requests[-1].headers["x-goog-api-key"] == "secret-gemini-key-1"

Images are made from the prompt and how often it was asked, so that each answer differs and each run is the same.
"""

from __future__ import annotations

import ssl
from types import TracebackType

from ..fake_civitai.faults import Fault
from ..fake_civitai.origin import Origin, Recorded
from .service import KEY, Service

__all__ = ["KEY", "FakeGemini"]


class FakeGemini:
    """``keys`` are the keys that are good. ``side`` is what the size 1K means here, in pixels.

    ``requests`` is the record, ``highest`` the most requests that were under way at once.
    """

    def __init__(
        self, *, host: str = "127.0.0.1", port: int = 0, context: ssl.SSLContext | None = None, side: int = 128
    ) -> None:
        self.faults: list[Fault] = []
        self._where = (host, port, context)
        self._service = Service(side)
        self._origin = Origin(self.faults, self._service.answer)

    @property
    def url(self) -> str:
        """The base URL."""
        return self._origin.url

    @property
    def requests(self) -> list[Recorded]:
        return self._origin.requests

    @property
    def highest(self) -> int:
        return self._origin.highest

    @property
    def keys(self) -> set[str]:
        return self._service.keys

    @property
    def models(self) -> list[str]:
        """The names of the models that there are. May be changed."""
        return self._service.models

    async def start(self) -> None:
        host, port, context = self._where
        await self._origin.start(host, port, context)

    async def stop(self) -> None:
        await self._origin.stop()

    async def __aenter__(self) -> FakeGemini:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
