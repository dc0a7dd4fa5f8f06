"""``/lorakeeper/graph``: what the nodes in a graph want to know of the files that they name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field

from ..py.errors import MissingError, UsageError
from ..py.library.fit import misfit
from ..py.library.known import KnownFile, known_files
from ..py.library.lookup import BASES, Lookup, Match
from ..py.library.missing import missing_of
from ..py.library.prompt_loras import parse
from ..py.library.wishes import Wish, wish
from ..py.library.workflows import NamedModel
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


class AnyFile(BaseModel):
    """``kind`` is null where it isn't known; ``content`` the SHA256 that a workflow remembers, empty for none."""

    model_config = ConfigDict(extra="forbid")

    kind: str | None = None
    name: Name
    content: str = Field("", pattern="^([0-9A-Fa-f]{64})?$")


class AnyFiles(BaseModel):
    model_config = ConfigDict(extra="forbid")

    files: list[AnyFile] = Field([], max_length=_MOST)
    prompts: list[str] = Field([], max_length=_MOST, description="Texts that name LoRAs by tags.")


class Known(BaseModel):
    """``files`` are in the order of those asked for, null where one isn't here; ``named`` has, for each prompt, what is
    known of the LoRAs that it names, in their order."""

    files: list[KnownFile | None]
    named: list[list[KnownFile]]


class Missing(BaseModel):
    """The names of those that are not here, each once."""

    names: list[str]


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

    @api.post("graph/known", "What is known of files that a graph names")
    async def known(body: AnyFiles) -> Known:
        every = tuple(services.roots.kinds())

        async def look(named: Sequence[tuple[Sequence[str], str]]) -> list[KnownFile | None]:
            return await known_files(services.database, lookup, services.civitai.download_url, named)

        files = await look([((each.kind,) if each.kind else every, each.name) for each in body.files])
        matches = [await _matches(lookup, text) for text in body.prompts]
        named = [await look([((match.kind,), match.name) for match in found]) for found in matches]
        return Known(files=files, named=[[each for each in found if each] for found in named])

    @api.post("graph/missing", "Which of the files that a graph names are not here")
    async def missing(body: AnyFiles) -> Missing:
        """Nobody else is asked, and nothing is written."""
        models = [
            NamedModel(each.name.replace("\\", "/"), each.kind, (each.content.upper(),) if each.content else ())
            for each in body.files
        ]
        absent = set(await missing_of(models, lookup, services.library.find_owned, services.roots.kinds()))
        names = [each.name for each, model in zip(body.files, models, strict=True) if model in absent]
        return Missing(names=list(dict.fromkeys(names)))


async def _matches(lookup: Lookup, text: str) -> list[Match]:
    found = [await _match(lookup, Wish(each.name)) for each in parse(text)[1]]
    return [match for match in found if match]


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
