"""``/lorakeeper/graph``: what the nodes in a graph want to know of the files that they name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field

from ..py.errors import MissingError, UsageError
from ..py.library.fit import misfit
from ..py.library.lookup import BASES, Lookup, Match
from ..py.library.prompt_loras import parse
from ..py.library.wishes import Wish, wish
from .openapi import Api

if TYPE_CHECKING:
    from ..py.app import App

_MOST = 500

Name = Annotated[str, Field(max_length=4096)]


class NamedFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    kind: str = "loras"
    name: Name


class Names(BaseModel):
    model_config = ConfigDict(extra="forbid")

    names: list[NamedFile] = Field([], max_length=_MOST)
    prompts: list[str] = Field([], max_length=_MOST, description="Texts that name LoRAs by tags.")


class Contents(BaseModel):
    """``contents`` are in the order of the names: SHA256, null where a file isn't here, or isn't read yet. ``named``
    has, for each prompt, what is known of the files that it names, by name."""

    contents: list[str | None]
    named: list[dict[str, str]]


class LorasOnBase(BaseModel):
    """The LoRAs of one node, and the file of the base model that reaches it. ``contents`` is the node's memory."""

    model_config = ConfigDict(extra="forbid")

    node: str
    base: Name
    loras: list[Name] = Field([], max_length=_MOST)
    contents: list[str] = Field([], max_length=_MOST, description="For each of the LoRAs; empty for none.")
    prompts: list[str] = Field([], max_length=_MOST, description="Texts that name LoRAs by tags.")


class Nodes(BaseModel):
    model_config = ConfigDict(extra="forbid")

    nodes: list[LorasOnBase] = Field(max_length=_MOST)


class Warnings(BaseModel):
    """For each node that there is something to say of: its sentences, one a line."""

    warnings: dict[str, str]


def add(api: Api, services: App) -> None:
    lookup = services.lookup

    @api.post("graph/contents", "The contents of files that a graph names")
    async def contents(body: Names) -> Contents:
        known = await lookup.contents([(each.kind, each.name) for each in body.names])
        return Contents(contents=known, named=[await _named(lookup, text) for text in body.prompts])

    @api.post("graph/check", "Which LoRAs don't fit the base models that they are put on")
    async def check(body: Nodes) -> Warnings:
        bases = await lookup.families([(BASES, each.base) for each in body.nodes])
        warnings: dict[str, str] = {}
        for node, base in zip(body.nodes, bases, strict=True):
            wanted = _wishes(node) if base else []
            names = [match.name for each in wanted if (match := await _match(lookup, each))]
            families = await lookup.families([(("loras",), name) for name in names])
            said = [misfit(name, family, node.base, base) for name, family in zip(names, families, strict=True)]
            if text := "\n".join(dict.fromkeys(filter(None, said))):
                warnings[node.node] = text
        return Warnings(warnings=warnings)


def _wishes(node: LorasOnBase) -> list[Wish]:
    memories = [*node.contents, *[""] * len(node.loras)]
    chosen = [wish(name, memory) for name, memory in zip(node.loras, memories, strict=False)]
    named = [
        Wish(each.name, each.strength_model, each.strength_clip) for text in node.prompts for each in parse(text)[1]
    ]
    return [each for each in [*chosen, *named] if each and each.counts]


async def _named(lookup: Lookup, text: str) -> dict[str, str]:
    found = {each.name: await _match(lookup, Wish(each.name)) for each in parse(text)[1]}
    return {name: match.sha256 for name, match in found.items() if match and match.sha256}


async def _match(lookup: Lookup, wanted: Wish) -> Match | None:
    """The LoRA that will be used; None where that isn't known, which is for the run to say."""
    try:
        return await lookup.find(wanted.name, content=wanted.content)
    except (MissingError, UsageError):
        return None
