"""``/lorakeeper/prompt``: trigger words for the sidebar's insert button."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from ..py.library.trigger_words import Placement, insert_trigger_words
from .openapi import Api


class InsertWords(BaseModel):
    model_config = ConfigDict(extra="forbid")

    prompt: str
    words: list[str]
    placement: Placement = Placement.BEFORE
    separator: str = Field(", ", max_length=20)
    weight: float = Field(1.0, ge=-100, le=100)


class Prompt(BaseModel):
    prompt: str


def add(api: Api) -> None:
    @api.post("prompt/trigger-words", "A prompt with trigger words put in, each at most once")
    async def insert(body: InsertWords) -> Prompt:
        return Prompt(
            prompt=insert_trigger_words(
                body.prompt, body.words, body.placement, separator=body.separator, weight=body.weight
            )
        )
