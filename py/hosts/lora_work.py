"""What LoRA nodes ask of the application, as coroutines for the server's loop. Nothing here knows ComfyUI."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..app import App
from ..civitai.query import SearchQuery
from ..civitai.targets import HashTarget, ModelTarget, VersionTarget, parse_target
from ..errors import MissingError, UsageError
from ..library.fit import misfit
from ..library.items import LibraryDetail
from ..library.lookup import BASES, Match
from ..library.trigger_words import best_words, insert_trigger_words
from ..library.wishes import Wish
from ..views import found_page
from .node_work import download

Describe = Callable[[App, Path], Awaitable[LibraryDetail]]
Progress = Callable[[dict[str, Any]], None]

# The site's types of models that loaders take as LoRAs.
_TYPES = ("LORA", "LoCon", "DoRA")


@dataclass(frozen=True)
class Granted:
    """A wish, the file that it means, and what is known of that."""

    wish: Wish
    match: Match
    detail: LibraryDetail

    @property
    def entry(self) -> tuple[str, float, float]:
        """As a LORA_STACK holds it."""
        return self.match.name, self.wish.strength_model, self.wish.strength_clip


@dataclass(frozen=True)
class Loras:
    """The LoRAs of a node, in order. ``remarks`` are sentences that its user should see."""

    granted: list[Granted]
    remarks: list[str]

    @property
    def words(self) -> str:
        """The trigger words of all, comma-joined, each once."""
        return self.words_but("")

    def words_but(self, off: str) -> str:
        """The same without those that are switched ``off``, comma-joined too."""
        words = (word for each in self.granted for word in best_words(each.detail.trigger_words))
        return insert_trigger_words("", words, off=[off])

    @property
    def stack(self) -> list[tuple[str, float, float]]:
        """What counts of them, as a LORA_STACK."""
        return [each.entry for each in self.granted if each.wish.counts]


async def find(app: App, wish: Wish, *, exact: bool) -> Match:
    """See :meth:`Lookup.find`."""
    return await app.lookup.find(wish.name, content=wish.content, exact=exact)


async def loras(
    app: App,
    wishes: Sequence[Wish],
    describe: Describe,
    *,
    exact: bool = False,
    base: str = "",
    fetch: Progress | None = None,
) -> Loras:
    """The files that are meant and what is known of them. With ``exact`` only whole names and contents count.

    ``base`` is the file of the base model that they go on, "" if that isn't known. With ``fetch``, which hears of
    progress, what is absent is downloaded where it names one model. Raises UsageError and MissingError.
    """
    granted: list[Granted] = []
    for wish in wishes:
        try:
            match = await find(app, wish, exact=exact)
        except MissingError:
            if fetch is None:
                raise
            match = await _fetch(app, wish.name, fetch)
        granted.append(Granted(wish, match, await describe(app, match.path)))
    remarks = [each.match.note for each in granted]
    if base:
        [family] = await app.lookup.families([(BASES, base)])
        remarks += [misfit(each.match.name, each.detail.family, base, family) for each in granted if each.wish.counts]
    return Loras(granted, list(dict.fromkeys(filter(None, remarks))))


async def _fetch(app: App, name: str, progress: Progress) -> Match:
    target = await _target_of(app, name)
    found = await app.resolver.resolve(target)
    if found.kind != "loras":
        what = found.version.model.type if found.version.model else "file of an unknown kind"
        raise UsageError(f"{name} is no LoRA at Civitai but a {what}: name another.")
    detail = await download(app, target, "loras", progress)
    return Match(Path(detail.path or ""), "loras", detail.name, detail.sha256)


async def _target_of(app: App, name: str) -> str:
    """What to download for ``name``: a version, an AIR, a hash, or the one LoRA that has exactly this name."""
    if not name.isdecimal():
        try:
            target = parse_target(name, site=app.civitai.base_url, files=False)
        except UsageError:
            pass
        else:
            if isinstance(target, ModelTarget | VersionTarget | HashTarget):
                return str(target)
    # Who knows a name needn't be kept from it: the settings' limit still counts.
    page = await found_page(app, SearchQuery(query=name, types=_TYPES, nsfw=True, limit=100))
    called = [model for model in page.items if model.name.casefold() == name.casefold() and model.versions]
    if not called:
        raise MissingError(
            f"There is no LoRA {name} here, and Civitai has none of that name: write it as model@version."
        )
    if len(called) > 1:
        shown = " or ".join(f"{model.id}@{model.versions[0].id}" for model in called[:5])
        raise UsageError(f"Civitai has {len(called)} LoRAs called {name}: write one of them as {shown}.")
    return f"{called[0].id}@{called[0].versions[0].id}"
