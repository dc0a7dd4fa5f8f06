"""Which of the models that a workflow names are here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from ..errors import MissingError, UsageError
from .lookup import Lookup, Match
from .workflows import NamedModel

# Kinds that packs have for other formats of the same thing.
_ALSO = {"diffusion_models": ("unet_gguf",), "text_encoders": ("clip_gguf",)}
# Fewer digits than these, and two files that have nothing to do with each other may share them.
_ENOUGH_DIGITS = 10
_SHA256 = 64

FindOwned = Callable[[str], Awaitable[Path | None]]


class State(str, Enum):
    HERE = "here"
    MISSING = "missing"


@dataclass(frozen=True)
class Presence:
    """Whether ``model`` is here. ``path`` is the file, None where several are called so; ``can_be_found`` whether a
    hash or a target is known to look for it by; ``note`` a sentence on a file that isn't sure to be the one meant."""

    model: NamedModel
    state: State
    path: Path | None = None
    note: str = ""

    @property
    def can_be_found(self) -> bool:
        return self.model.can_be_found


async def presence_of(
    models: Iterable[NamedModel], lookup: Lookup, find_owned: FindOwned, kinds: Sequence[str] = ()
) -> list[Presence]:
    """Each of ``models`` with whether it is here, in the same order.

    A file with one of its hashes is it, wherever it lies (``find_owned`` is ``Library.find_owned``); then one of its
    kind that loaders call so, or that Civitai does. ``kinds`` are looked through for models of no known kind. Changes
    nothing.
    """
    return [await _presence(model, lookup, find_owned, kinds) for model in models]


async def missing_of(
    models: Iterable[NamedModel], lookup: Lookup, find_owned: FindOwned, kinds: Sequence[str] = ()
) -> list[NamedModel]:
    """Those of ``models`` that are not here."""
    found = await presence_of(models, lookup, find_owned, kinds)
    return [each.model for each in found if each.state is State.MISSING]


async def _presence(model: NamedModel, lookup: Lookup, find_owned: FindOwned, kinds: Sequence[str]) -> Presence:
    for value in model.hashes:
        if len(value) >= _ENOUGH_DIGITS and (path := await find_owned(value)):
            return Presence(model, State.HERE, path)
    for name in (model.name, *(target for target in model.targets if "@" in target and "/" not in target)):
        for kind in (model.kind, *_ALSO.get(model.kind, ())) if model.kind else kinds:
            try:
                match = await lookup.find(name, kind=kind)
            except MissingError:
                continue
            except UsageError as error:  # several are called so
                return Presence(model, State.HERE, note=str(error))
            return Presence(model, State.HERE, match.path, _doubt(model, match))
    return Presence(model, State.MISSING)


def _doubt(model: NamedModel, match: Match) -> str:
    """A sentence where the file of that name has another content than the workflow says; "" where that isn't known."""
    if match.sha256 is None:
        return ""
    wanted = [value for value in model.hashes if len(value) in (_SHA256, _ENOUGH_DIGITS)]
    if not wanted or any(match.sha256.upper().startswith(value) for value in wanted):
        return ""
    return f"{model.name} here is not the file that this workflow was made with, so the result may differ."
