"""``/lorakeeper/image-filters``: what the filters for duplicates remember of pictures, and a way to forget it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel

from ..py.variations.filters import Memory
from .openapi import Api

if TYPE_CHECKING:
    from ..py.app import App


class Remembered(BaseModel):
    """``session`` is of the pictures since Lorakeeper was started, ``ever`` of all."""

    name: Memory
    pictures: int


class Memories(BaseModel):
    items: list[Remembered]


def add(api: Api, services: App) -> None:
    async def memories() -> Memories:
        found = await services.filters.remembered()
        return Memories(items=[Remembered(name=name, pictures=pictures) for name, pictures in found.items()])

    @api.get("image-filters", "How many pictures the filters for duplicates remember")
    async def every() -> Memories:
        return await memories()

    @api.delete("image-filters/{name}", "Forget the pictures of one memory: they count as new again")
    async def forget(name: Memory) -> Memories:
        await services.filters.forget(name)
        return await memories()
