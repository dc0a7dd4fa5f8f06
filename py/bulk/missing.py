"""The models of a workflow that are not here: looked for at the site, and written down as an instruction."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import Literal

from pydantic import BaseModel, JsonValue

from ..civitai.client import CivitaiClient
from ..civitai.query import SearchQuery
from ..civitai.schemas import ModelVersion, VersionFile
from ..civitai.targets import HashTarget, VersionTarget, parse_target
from ..errors import CivitaiError, LorakeeperError, NotFoundError
from ..library.lookup import Lookup
from ..library.missing import Presence, State, presence_of
from ..library.walk import is_model
from ..library.workflows import NamedModel, read_workflow
from .instructions import Instruction, InstructionKind, Instructions, NewInstruction

_AT_ONCE = 5
_TYPES = {
    "checkpoints": ("Checkpoint",),
    "diffusion_models": ("Checkpoint", "UNet"),
    "loras": ("LORA", "LoCon", "DoRA"),
    "embeddings": ("TextualInversion",),
    "vae": ("VAE",),
    "controlnet": ("Controlnet",),
    "upscale_models": ("Upscaler",),
    "hypernetworks": ("Hypernetwork",),
    "text_encoders": ("TextEncoder", "CLIP"),
    "clip_vision": ("CLIPVision",),
    "animatediff_models": ("MotionModule",),
}

By = Literal["target", "hash", "name"]


class WorkflowModel(BaseModel):
    """A model that a workflow names. ``state``: ``here`` (at ``path``), ``found`` (at the site: ``target``, by what the
    workflow says, a hash, or only its name) or ``unknown``. ``url`` is an address elsewhere, to look at by oneself;
    ``note`` a sentence, ``where`` the place in the workflow."""

    name: str
    kind: str | None
    state: Literal["here", "found", "unknown"]
    path: str | None = None
    target: str | None = None
    by: By | None = None
    url: str | None = None
    where: str = ""
    note: str = ""


class MissingReport(BaseModel):
    """All models of a workflow, and the instruction that fetches those that were found; None where there are none."""

    models: list[WorkflowModel]
    instruction: Instruction | None


class MissingModels:
    """Reads workflows and looks their missing models up."""

    def __init__(
        self,
        lookup: Lookup,
        find_owned: Callable[[str], Awaitable[Path | None]],
        kinds: Callable[[], Sequence[str]],
        client: CivitaiClient,
        instructions: Instructions,
    ) -> None:
        self._lookup = lookup
        self._find_owned = find_owned
        self._kinds = kinds
        self._client = client
        self._instructions = instructions

    async def look(self, data: bytes, name: str = "") -> MissingReport:
        """``data`` is a workflow, a prompt, generation parameters, or a picture with one of them inside; ``name`` its
        file's. Raises UsageError for what is none. What the site can't say now is unknown."""
        models = await asyncio.to_thread(read_workflow, data, name)
        present = await presence_of(models, self._lookup, self._find_owned, self._kinds())
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(presence: Presence) -> WorkflowModel:
            async with gate:
                return await self._look(presence)

        found = await asyncio.gather(*map(one, present))
        return MissingReport(models=found, instruction=await self._instruct(found, name))

    async def _instruct(self, found: Sequence[WorkflowModel], name: str) -> Instruction | None:
        wanted: dict[str, JsonValue] = {}
        for model in found:
            if model.target:
                kind = model.kind if model.kind in self._kinds() else None
                entry: dict[str, JsonValue] = {"target": model.target, "name": model.name}
                if kind:
                    entry["kind"] = kind
                if is_model(model.name):
                    # Under the name by which the workflow's loaders ask for it.
                    entry["save_as"] = model.name
                wanted.setdefault(model.target, entry)
        if not wanted:
            return None
        unknown = [f"Not found: {each.name}{f' ({each.url})' if each.url else ''}." for each in found if _is_lost(each)]
        guessed = [f"Found by its name only: {each.name}." for each in found if each.by == "name"]
        new = NewInstruction(
            title=f"Missing models of {name or 'a workflow'}"[:200],
            kind=InstructionKind.DOWNLOAD,
            payload={"targets": [*wanted.values()], "name": (name or "A workflow's models")[:200]},
            notes=[*unknown, *guessed][:1000],
        )
        return await self._instructions.create(new)

    # -- One model ---------------------------------------------------------------------------------------------------

    async def _look(self, presence: Presence) -> WorkflowModel:
        model = presence.model
        known = WorkflowModel(
            name=model.name, kind=model.kind, state="unknown", url=model.url, where=model.where, note=presence.note
        )
        if presence.state is State.HERE:
            return known.model_copy(update={"state": "here", "path": presence.path and str(presence.path)})
        for way in (self._by_target, self._by_hash, self._by_name):
            try:
                found = await way(model)
            except NotFoundError:
                continue
            except CivitaiError as error:
                known.note = str(error)
                continue
            if found:
                target, by, note = found
                return known.model_copy(update={"state": "found", "target": target, "by": by, "note": note})
        return known

    async def _by_target(self, model: NamedModel) -> tuple[str, By, str] | None:
        for text in model.targets:
            try:
                target = parse_target(text, site=self._client.base_url, files=False)
                if isinstance(target, VersionTarget):
                    await self._client.version(target.version_id)
            except (NotFoundError, LorakeeperError) as error:
                if isinstance(error, CivitaiError) and not isinstance(error, NotFoundError):
                    raise
                continue
            return str(target), "target", ""
        return None

    async def _by_hash(self, model: NamedModel) -> tuple[str, By, str] | None:
        for value in model.hashes:
            try:
                version = await self._client.by_hash(value)
            except NotFoundError:
                continue
            file = next((file for file in version.files if value in file.hashes.by_kind().values()), None)
            return (_target(version, file) if file else str(HashTarget(value, ""))), "hash", ""
        return None

    async def _by_name(self, model: NamedModel) -> tuple[str, By, str] | None:
        """A file of exactly that name, among what a search for it brings."""
        path = PurePosixPath(model.name)
        wanted, stem = path.name.casefold(), path.name.removesuffix(path.suffix) if is_model(path.name) else path.name
        if not stem:
            return None
        words = " ".join(stem.replace("_", " ").replace("-", " ").split())
        found: dict[str, str] = {}
        for query in dict.fromkeys((stem, words)):
            types = _TYPES.get(model.kind or "", ())
            page = await self._client.models(SearchQuery(query=query[:500], types=types, nsfw=True, limit=20))
            for each in page.items:
                for version in each.versions:
                    for file in version.files:
                        if file.name.casefold() == wanted or _stem(file.name) == stem.casefold():
                            of_model = version.model_copy(update={"model_id": version.model_id or each.id})
                            found.setdefault(file.hashes.sha256 or str(file.id), _target(of_model, file))
            if found:
                break
        if not found:
            return None
        others = len(found) - 1
        note = f"The site has {others} other file{'s' if others > 1 else ''} of this name." if others else ""
        return next(iter(found.values())), "name", note


def _target(version: ModelVersion, file: VersionFile) -> str:
    return str(VersionTarget(version.id, version.model_id, file.id))


def _stem(name: str) -> str:
    return name.rpartition(".")[0].casefold()


def _is_lost(model: WorkflowModel) -> bool:
    return model.state == "unknown"
