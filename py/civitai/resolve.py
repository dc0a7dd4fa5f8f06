"""From a target to the one file to fetch."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from ..errors import CivitaiError, NotFoundError, UsageError
from .client import CivitaiClient
from .names import safe_file_name
from .placement import choose_file, folder_of, kind_of
from .schemas import ModelVersion, VersionFile
from .targets import FileTarget, HashTarget, ModelTarget, Target, VersionTarget, parse_target

log = logging.getLogger(__name__)


class PlacementSettings(Protocol):
    """The settings that say where files go."""

    @property
    def path_template(self) -> str: ...


@dataclass(frozen=True)
class ResolvedFile:
    """One file to fetch: what it is, which bytes, from where, and which kind of folder it belongs to.

    ``version`` has its ``model``. ``name`` is a safe file name with its extension and no path. ``size`` is in bytes,
    None unless the site's figure is exact. ``sha256`` is lower-case hex, None where the site doesn't say. ``urls`` are
    the site's own address first, then living mirrors. ``kind`` is ComfyUI's folder name such as ``loras``; None means
    that the user must say. ``folder`` is the sub-folder of the path template, safe on every system, "" for none.
    """

    version: ModelVersion
    file: VersionFile
    name: str
    size: int | None
    sha256: str | None
    urls: tuple[str, ...]
    kind: str | None
    folder: str


class Resolver:
    """Finds what a target means. Raises UsageError for a bad target, and the CivitaiError tree."""

    def __init__(self, client: CivitaiClient, settings: Callable[[], PlacementSettings]) -> None:
        self._client = client
        self._settings = settings

    async def version(self, target: str | Target, *, fresh: bool = False) -> ModelVersion:
        """The version that a target means, with its model (creator and tags too, where the site has them)."""
        return (await self._find(self.read(target), fresh))[0]

    async def resolve(self, target: str | Target, *, file_id: int | None = None, fresh: bool = False) -> ResolvedFile:
        """The file to fetch: the one that the target or ``file_id`` names, else the version's primary one."""
        known = self.read(target)
        version, file_hash = await self._find(known, fresh)
        if isinstance(known, VersionTarget):
            file_id = file_id or known.file_id
        file = choose_file(
            version,
            file_id=file_id,
            file_hash=file_hash,
            choices=known.choices if isinstance(known, VersionTarget) else (),
        )
        if version.is_linked(file):
            version, file = await self._owner(version, file)
        return self._resolved(version, file)

    async def refresh(self, source: ResolvedFile) -> ResolvedFile:
        """The same file as the site has it now: its hash and size may be others, if its author replaced it."""
        version = await self._complete(await self._client.version(source.version.id, fresh=True), fresh=True)
        return self._resolved(version, choose_file(version, file_id=source.file.id))

    def read(self, target: str | Target) -> Target:
        """What is meant, without asking anybody. Links to the configured site count, whatever its name."""
        return parse_target(target, site=self._client.base_url) if isinstance(target, str) else target

    # -- Inside ------------------------------------------------------------------------------------------------------

    async def _find(self, target: Target, fresh: bool) -> tuple[ModelVersion, str | None]:
        """``(version, hash of the file that is meant)``."""
        file_hash = None
        if isinstance(target, VersionTarget):
            version = await self._client.version(target.version_id, fresh=fresh)
            if target.model_id and version.model_id and target.model_id != version.model_id:
                raise UsageError(f"Version {version.id} belongs to model {version.model_id}, not {target.model_id}.")
        elif isinstance(target, ModelTarget):
            version = await self._newest(target.model_id, fresh)
        else:
            file_hash = target.hash if isinstance(target, HashTarget) else await asyncio.to_thread(_sha256, target)
            version = await self._client.by_hash(file_hash, fresh=fresh)
        return await self._complete(version, fresh=fresh), file_hash

    async def _newest(self, model_id: int, fresh: bool) -> ModelVersion:
        model = await self._client.model(model_id, fresh=fresh)
        listed = next((version for version in model.versions if version.files), None) or next(
            iter(model.versions), None
        )
        if listed is None:
            raise NotFoundError(
                f"The site lists no version of model {model_id}: paste a link to one of its versions.", 404
            )
        try:
            return await self._client.version(listed.id, fresh=fresh)
        except NotFoundError:
            return listed.model_copy(update={"model_id": model_id})

    async def _complete(self, version: ModelVersion, *, fresh: bool) -> ModelVersion:
        """The version with all that the site says of its model, but the model's other versions."""
        if not version.model_id:
            return version
        try:
            model = await self._client.model(version.model_id, fresh=fresh)
        except CivitaiError as error:
            # A version can outlive its model's page.
            log.info("Nothing more is known of model %d: %s", version.model_id, error)
            return version
        return version.model_copy(update={"model": model.model_copy(update={"versions": []})})

    async def _owner(self, version: ModelVersion, file: VersionFile) -> tuple[ModelVersion, VersionFile]:
        """The version that a linked file really belongs to, where the site tells."""
        if not file.hashes.sha256:
            return version, file
        try:
            owner = await self._client.by_hash(file.hashes.sha256)
        except NotFoundError:
            return version, file
        own = next((each for each in owner.files if each.hashes.sha256 == file.hashes.sha256), None)
        return (await self._complete(owner, fresh=False), own) if own else (version, file)

    def _resolved(self, version: ModelVersion, file: VersionFile) -> ResolvedFile:
        title = version.model.name if version.model else ""
        return ResolvedFile(
            version=version,
            file=file,
            name=safe_file_name(
                file.override_name or file.name,
                otherwise=title or f"model-{version.id}",
                file_format=file.metadata.format,
            ),
            size=file.size,
            sha256=file.hashes.sha256.lower() if file.hashes.sha256 else None,
            urls=self._urls(version, file),
            kind=kind_of(version, file),
            folder=folder_of(self._settings().path_template, version),
        )

    def _urls(self, version: ModelVersion, file: VersionFile) -> tuple[str, ...]:
        urls = [self._client.download_url(version.id, file.id)]
        if version.is_linked(file) and file.download_url:
            # By its id such a file may not be found under this version.
            urls.append(f"{self._client.base_url}/api/download/models/{version.id}?{urlsplit(file.download_url).query}")
        urls += [mirror.url for mirror in file.mirrors if not mirror.deleted_at]
        return tuple(dict.fromkeys(url for url in urls if url.startswith(("https://", "http://"))))


def _sha256(target: FileTarget) -> str:
    path: Path = target.path
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(4 << 20):
                digest.update(block)
    except OSError as error:
        raise UsageError(f"{path} can't be read: {error.strerror}.") from error
    return digest.hexdigest()
