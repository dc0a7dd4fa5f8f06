"""One file of a job, from what was asked for to the library. Says nothing of when, nor of rows."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path, PurePath

from ..civitai.names import safe_file_name, safe_part
from ..civitai.placement import folder_of
from ..civitai.resolve import ResolvedFile, Resolver
from ..civitai.targets import ModelTarget, VersionTarget
from ..downloads import Downloads, Outcome, Progress
from ..downloads.part import part_path
from ..errors import PlacementError
from ..library.library import Library
from ..library.roots import Roots, folder_for
from ..security.custody import Custody
from ..security.records import host_in
from .jobs import BulkOptions, Item

log = logging.getLogger(__name__)


class Runner:
    """The steps of one file. All methods belong to one event loop and raise the LorakeeperErrors of what they do."""

    def __init__(
        self, resolver: Resolver, downloads: Downloads, library: Library, custody: Custody, roots: Roots
    ) -> None:
        self._resolver = resolver
        self._downloads = downloads
        self._library = library
        self._custody = custody
        self._roots = roots

    async def resolve(self, item: Item, options: BulkOptions) -> ResolvedFile:
        """The file that is meant: once it is known, the same one, also when its model gets a newer version."""
        target = self._resolver.read(item.target)
        if isinstance(target, ModelTarget) and item.version_id is not None:
            target = VersionTarget(item.version_id, item.model_id)
        return shaped(await self._resolver.resolve(target, file_id=item.file_id), item.save_as, options)

    def place(self, kind: str | None, source: ResolvedFile) -> Path:
        """The folder where a file goes, of that ``kind`` or its own. PlacementError where only the user can say."""
        kind = kind or source.kind
        if kind is None:
            model = source.version.model
            what = (model.type if model else "") or source.file.type or "unknown"
            raise PlacementError(
                f"{source.name} is of a type that has no folder of its own ({what}): say where it goes."
            )
        return folder_for(self._roots, kind) / source.folder

    def facts(self, source: ResolvedFile) -> dict[str, object]:
        """What an item says of what it is and where it comes from."""
        version, model = source.version, source.version.model
        creator = model.creator.username if model and model.creator else None
        return {
            "name": source.name,
            "sha256": source.sha256,
            "total": source.size,
            "model_id": version.model_id,
            "version_id": version.id,
            "file_id": source.file.id,
            "host": host_in(source.urls[0]) if source.urls else None,
            "base_model": version.base_model or None,
            "creator": creator or None,
        }

    def part(self, source: ResolvedFile, folder: Path) -> Path:
        """Where the file lies on its way."""
        return part_path(folder, source)

    async def fetch(self, source: ResolvedFile, folder: Path, progress: Callable[[Progress], None]) -> Outcome:
        return await self._downloads.fetch(source, folder, progress=progress)

    async def record(self, source: ResolvedFile, outcome: Outcome) -> int | None:
        """The library's id of a file that is here."""
        if outcome.status == "quarantined":
            return None
        others = source.file.hashes.others() if source.sha256 == outcome.sha256 else {}
        return await self._library.record(outcome.path, outcome.sha256, source.version, others)

    async def note(self, outcome: Outcome) -> None:
        """Keeps what the scanner said."""
        if outcome.scan:
            await self._custody.note(outcome.scan)

    async def discard(self, item: Item) -> None:
        """Removes what has arrived of a file, if anything did and nobody is at it."""
        try:
            if item.part:
                await self._downloads.discard(Path(item.part))
        except OSError as error:
            log.warning("The part of %s could not be removed: %s", item.name or item.target, error)

    def check_kind(self, kind: str | None) -> None:
        """Raises UsageError for a kind of model folder that there isn't."""
        if kind is not None:
            folder_for(self._roots, kind)


def shaped(source: ResolvedFile, save_as: str | None, options: BulkOptions) -> ResolvedFile:
    """``source`` with the name and the sub-folder that it gets: those of ``save_as``, as far as they are safe and of
    the same format, else the folder of the job's template."""
    if save_as:
        *folders, name = save_as.replace("\\", "/").split("/")
        safe = safe_file_name(name, otherwise=source.name)
        same = PurePath(safe).suffix == PurePath(source.name).suffix.lower()
        folder = "/".join(part for each in folders if (part := safe_part(each)))
        return replace(source, name=safe if same else source.name, folder=folder)
    if options.folder is not None:
        return replace(source, folder=folder_of(options.folder, source.version))
    return source
