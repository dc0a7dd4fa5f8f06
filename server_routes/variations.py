"""``/lorakeeper/variations``: pictures made by Gemini from others, with the user's own key. A run that was begun is
followed by ``lorakeeper.variation`` events."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

from aiohttp import web
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from ..py.errors import LorakeeperError, UsageError
from ..py.uncancelled import within
from ..py.variations.memory import MemoryOptimizer
from ..py.variations.models import DEFAULT_MODEL, FALLBACKS
from ..py.variations.offer import Offered, offered
from ..py.variations.options import VariationOptions
from ..py.variations.places import Places, decoded, read
from ..py.variations.runs import RunSummary, RunView
from .openapi import Api, Nothing

if TYPE_CHECKING:
    from PIL.Image import Image

    from ..py.app import App
    from ..py.variations.gemini import ListedModel

BODY = 40 << 20  # bytes, with the pictures as base64
MOST_IMAGES = 16
MOST_PIXELS = 64_000_000  # of all images of one request together
TYPES = ("image/png", "image/jpeg", "image/webp")
_PATIENCE = 10.0  # seconds that the site has to say which models there are


def _bytes_of(value: Any) -> bytes:
    if not isinstance(value, str):
        raise ValueError("give base64, or a data: URL with it")
    head, comma, _ = value[:200].partition(",")
    if head.startswith("data:"):
        if not comma or not head.endswith(";base64"):
            raise ValueError("a data: URL must hold base64")
        value = value[len(head) + 1 :]
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("give base64, or a data: URL with it") from error


class Reference(BaseModel):
    """One of ``name`` (a picture on this machine, such as ``input/cat.png``) and ``data`` (a picture's bytes)."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(None, min_length=1, max_length=2000)
    data: Annotated[bytes, BeforeValidator(_bytes_of), WithJsonSchema({"type": "string"})] | None = Field(
        None, description="In base64, or as a data: URL."
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> Reference:
        if (self.name is None) == (self.data is None):
            raise ValueError("give either name or data")
        return self


class Wish(VariationOptions):
    """The first image is what variations are measured against, the others are further references; without any,
    pictures are made from words alone."""

    images: list[Reference] = Field([], max_length=MOST_IMAGES)


class NewRun(Wish):
    title: str = Field("", max_length=200, description="Names the folder of what is kept.")


class Estimate(BaseModel):
    """``kept`` answers are there already; requests to send, and US dollars, at least and at most. Dollars are null
    where a price isn't known."""

    kept: int
    fewest: int
    most: int
    least_cost: float | None
    most_cost: float | None


class RunList(BaseModel):
    items: list[RunSummary]


class Wanted(BaseModel):
    """``numbers`` of pictures, accepted or not; null is all that were accepted."""

    model_config = ConfigDict(extra="forbid")

    numbers: list[int] | None = Field(None, max_length=2000)


class KeptPictures(BaseModel):
    """The names of the files, as ``output/lorakeeper/Cats/Cats-001.png``."""

    names: list[str]


class Forgotten(BaseModel):
    forgotten: str


class Models(BaseModel):
    """``problem`` is why the site could not be asked, "" where it could."""

    items: list[Offered]
    default: str
    fallbacks: list[str]
    problem: str


class CacheView(BaseModel):
    """Bytes of what is kept, and of what may be."""

    bytes: int
    limit: int


class Cleared(BaseModel):
    """How many answers were dropped."""

    dropped: int


def add(api: Api, services: App) -> None:
    runs, cache = services.variation_runs, services.variation_cache

    async def images(references: list[Reference]) -> list[Image]:
        return await asyncio.to_thread(_images, references, services.pictures)

    @api.get("variations", "The runs, newest first; they are remembered until Lorakeeper ends")
    async def every() -> RunList:
        return RunList(items=runs.summaries())

    @api.post("variations", "Begin to make variations", status=202, most=BODY)
    async def begin(body: NewRun) -> RunView:
        return runs.begin(body.request(await images(body.images)), body.title)

    @api.post("variations/estimate", "What a run would do and cost; nothing is sent", most=BODY)
    async def estimate(body: Wish) -> Estimate:
        return Estimate(**asdict(await services.variations.foreseen(body.request(await images(body.images)))))

    @api.get("variations/models", "The models that make images, as far as is known, and what they cost")
    async def models() -> Models:
        listed, problem = await _listed(services)
        return Models(
            items=offered(listed),
            default=DEFAULT_MODEL,
            fallbacks=[*FALLBACKS],
            problem=problem,
        )

    @api.get("variations/cache", "How much is kept, so that it need not be paid for again")
    async def kept() -> CacheView:
        return CacheView(bytes=await cache.size(), limit=cache.limit)

    @api.delete("variations/cache", "Drop everything that is kept")
    async def clear() -> Cleared:
        return Cleared(dropped=await cache.clear())

    @api.get("variations/{id}", "One run, with what is said of each picture")
    async def get(id: str) -> RunView:  # noqa: A002 - the name in the path
        return runs.get(id)

    @api.get("variations/{id}/pictures/{number}", "A picture as Gemini made it", media=TYPES)
    async def picture(id: str, number: int) -> web.StreamResponse:  # noqa: A002
        found = runs.picture(id, number)
        return web.Response(
            body=found.content,
            content_type=found.mime,
            headers={
                "Cache-Control": "private, max-age=86400",
                "X-Content-Type-Options": "nosniff",
                "Content-Security-Policy": "default-src 'none'; sandbox",
            },
        )

    @api.post("variations/{id}/stop", "Send nothing more; what has arrived stays")
    async def stop(id: str, body: Nothing) -> RunView:  # noqa: A002
        return await runs.stop(id)

    @api.post("variations/{id}/keep", "Write pictures into the folder of results, in no other file's place")
    async def keep(id: str, body: Wanted) -> KeptPictures:  # noqa: A002
        return KeptPictures(names=await runs.keep(id, body.numbers))

    @api.delete("variations/{id}", "Stop a run and forget it; files that came of it stay")
    async def forget(id: str) -> Forgotten:  # noqa: A002
        await runs.forget(id)
        return Forgotten(forgotten=id)


def _images(references: Sequence[Reference], places: Places) -> list[Image]:
    """Decoded, those after the first reduced to what is sent of them. Blocking; raises UsageError and MissingError."""
    optimizer = MemoryOptimizer()
    images: list[Image] = []
    pixels = 0
    for number, reference in enumerate(references, 1):
        if reference.data is not None:
            image = decoded(reference.data, f"Image {number}")
        else:
            image = read(places.path(reference.name or ""))
        # The first is measured against at its own size.
        images.append(optimizer.reduced(image) if images else image)
        pixels += images[-1].width * images[-1].height
        if pixels > MOST_PIXELS:
            raise UsageError(f"The images have more than {MOST_PIXELS / 1e6:.0f} million pixels together: send fewer.")
    return images


async def _listed(services: App) -> tuple[tuple[ListedModel, ...] | None, str]:
    """What the site has, and why that isn't known."""
    status = await asyncio.to_thread(services.credentials.status, "gemini")
    if not status.configured:
        return None, "No key for Gemini is set, so it was not asked which models it has."
    try:
        return await within(_PATIENCE, services.gemini.list_models()), ""
    except LorakeeperError as error:
        return None, str(error)
    except asyncio.TimeoutError:
        return None, f"Gemini did not say within {_PATIENCE:.0f} seconds which models it has."
