"""What is known of model files, put together file by file: the site's word, or else the file's own."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel
from sqlalchemy import Connection, Row, Select, select

from ..civitai.placement import choose_file
from ..civitai.schemas import ModelVersion, VersionFile
from ..errors import BrokenFileError, LorakeeperError, MissingError, NotFoundError
from ..headers import Header
from ..storage.database import Database
from ..storage.tables import contents, files, models, site
from . import rows
from .knowledge import Asked, SiteKnowledge
from .paths import stored
from .trigger_words import split_words
from .walk import is_model

__all__ = ["Asked", "FileInfo", "FileMetadata", "MetadataExtractor", "SiteKnowledge"]

_READ_AT_ONCE = 2
_CHUNK = 100

Progress = Callable[[int, int], None]


class FileInfo(BaseModel):
    """A file as the site lists it. ``size`` is in bytes, None where the site's figure isn't exact; ``hashes`` are in
    upper case, by the site's names of their kinds."""

    id: int | None = None
    name: str = ""
    size: int | None = None
    type: str = ""
    format: str = ""
    fp: str = ""
    hashes: dict[str, str] = {}


class FileMetadata(BaseModel):
    """What is known of one file. ``model_hash`` is its SHA256 in lower case.

    ``source`` is where the rest is from: the site's answer, one that another tool kept beside the file, or the file's
    own header, which knows no ids. ``name`` is the model's; ``trained_words`` are the author's sets, each comma-joined.
    ``download_urls`` begin with the site's links, living mirrors follow; ``file_info`` is of the primary file.
    """

    file_path: Path
    model_hash: str | None = None
    model_id: int | None = None
    version_id: int | None = None
    name: str = ""
    version_name: str = ""
    description: str = ""
    nsfw_level: int = 0
    trained_words: list[str] = []
    base_model: str | None = None
    base_model_type: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    download_urls: list[str] = []
    file_info: FileInfo | None = None
    source: Literal["site", "sidecar", "header"] = "header"


class MetadataExtractor:
    """Tells what is known of files, inside the model folders or elsewhere; the site is asked a hundred at a time.

    ``learn`` gives the content of a file whose row can't be trusted, by reading the file; it may raise OSError.
    """

    def __init__(self, database: Database, knowledge: SiteKnowledge, learn: Callable[[Path], Awaitable[int]]) -> None:
        self._database = database
        self._knowledge = knowledge
        self._learn = learn

    async def process_single_file(self, path: str | Path) -> FileMetadata:
        """Raises MissingError where there is no such file, BrokenFileError where it can't be read."""
        (found,) = await self.extract_batch([path])
        if isinstance(found, LorakeeperError):
            raise found
        return found

    async def process_directory(
        self, path: str | Path, *, recursive: bool = True, progress: Progress | None = None
    ) -> list[FileMetadata | LorakeeperError]:
        """The model files in a folder, in the order of their paths, each as :meth:`extract_batch` tells it.

        Links to folders are not followed. Raises MissingError where there is no such folder.
        """
        folder = Path(path)
        if not await asyncio.to_thread(folder.is_dir):
            raise MissingError(f"There is no folder {folder}.")
        found = await asyncio.to_thread(lambda: sorted(_model_files(folder, recursive)))
        return await self.extract_batch(found, progress=progress)

    async def extract_batch(
        self, paths: Iterable[str | Path], *, progress: Progress | None = None
    ) -> list[FileMetadata | LorakeeperError]:
        """For each path what is known of the file, or why it can't be read, in the order given.

        ``progress`` is called with how many files of how many have been looked at. Where the site can't be reached the
        answers are made of what is known here.
        """
        wanted = [Path(path) for path in paths]
        known: list[int | LorakeeperError] = []
        for chunk in rows.chunks(wanted, _CHUNK):
            known += await self._contents(chunk)
            if progress:
                progress(len(known), len(wanted))
        found = sorted({content for content in known if isinstance(content, int)})
        await self._knowledge.ask(found, refresh=False, pictures=False)
        answers: list[FileMetadata | LorakeeperError] = []
        for part in rows.chunks(zip(wanted, known, strict=True), _CHUNK):
            answers += await self._database.read(partial(_answers, part=part))
        return answers

    async def _contents(self, paths: list[Path]) -> list[int | LorakeeperError]:
        trusted = await self._database.read(lambda c: _trusted(c, paths))
        room = asyncio.Semaphore(_READ_AT_ONCE)

        async def content_of(path: Path) -> int | LorakeeperError:
            if path in trusted:
                return trusted[path]
            try:
                async with room:
                    return await self._learn(path)
            except LorakeeperError as error:
                return error
            except FileNotFoundError:
                return MissingError(f"There is no file at {path}.")
            except OSError as error:
                return BrokenFileError(f"{path} can't be read: {error.strerror or error}.")

        return await asyncio.gather(*map(content_of, paths))


def _model_files(folder: Path, recursive: bool) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        yield from (Path(place, name) for name in names if is_model(name))
        if not recursive:
            folders.clear()


def _trusted(connection: Connection, paths: list[Path]) -> dict[Path, int]:
    """The contents of those files whose rows still fit what the disk says."""
    spelled = {path: stored(os.path.abspath(path)) for path in paths}  # noqa: PTH100 - links stay
    query = (
        select(files)
        .join(contents, files.c.content == contents.c.id)
        .where(files.c.path.in_({text for text in spelled.values() if text}))
        .where(files.c.stale.is_(False), contents.c.sha256.is_not(None))
    )
    known = {row.path: row for row in connection.execute(query).all()}
    found: dict[Path, int] = {}
    for path, text in spelled.items():
        # Whoever reads a file that is gone says so.
        with suppress(OSError):
            if (row := known.get(text)) and rows.stamp(path) == rows.facts_of(row):
                found[path] = row.content
    return found


def _answers(
    connection: Connection, part: Sequence[tuple[Path, int | LorakeeperError]]
) -> list[FileMetadata | LorakeeperError]:
    query: Select[Any] = (
        select(contents.c.id, contents.c.sha256, contents.c.header, site.c.version, models.c.document)
        .outerjoin(site, site.c.content == contents.c.id)
        .outerjoin(models, models.c.id == site.c.model_id)
        .where(contents.c.id.in_([content for _, content in part if isinstance(content, int)]))
    )
    found = {row.id: row for row in connection.execute(query).all()}

    def answer(path: Path, content: int | LorakeeperError) -> FileMetadata | LorakeeperError:
        if isinstance(content, LorakeeperError):
            return content
        if content not in found:
            return MissingError(f"{path} was changed while it was looked at: try again.")
        return _metadata(path, found[content])

    return [answer(path, content) for path, content in part]


def _metadata(path: Path, row: Row[Any]) -> FileMetadata:
    if row.version:
        return _from_site(path, row)
    header = Header.model_validate(row.header) if row.header else None
    return FileMetadata(
        file_path=path,
        model_hash=row.sha256,
        name=(header and header.title) or path.stem,
        description=(header and header.description) or "",
        trained_words=header.words if header else [],
        base_model=header.base_model if header else None,
    )


def _from_site(path: Path, row: Row[Any]) -> FileMetadata:
    version = ModelVersion.model_validate(row.version)
    primary = _primary(version)
    return FileMetadata(
        file_path=path,
        model_hash=row.sha256,
        model_id=version.model_id,
        version_id=version.id,
        name=(version.model and version.model.name) or (row.document or {}).get("name") or version.name,
        version_name=version.name,
        description=version.description or (row.document or {}).get("description") or "",
        nsfw_level=version.nsfw_level,
        trained_words=[words for words in version.trained_words if split_words(words)],
        base_model=version.base_model or None,
        base_model_type=version.base_model_type or None,
        created_at=version.created_at,
        updated_at=version.updated_at,
        download_urls=_download_urls(version, primary),
        file_info=_file_info(primary) if primary else None,
        source="sidecar" if row.version.get("adopted") else "site",
    )


def _primary(version: ModelVersion) -> VersionFile | None:
    try:
        return choose_file(version)
    except NotFoundError:
        return None


def _file_info(file: VersionFile) -> FileInfo:
    return FileInfo(
        id=file.id,
        name=file.override_name or file.name,
        size=file.size,
        type=file.type,
        format=file.metadata.format,
        fp=file.metadata.fp,
        hashes=file.hashes.by_kind(),
    )


def _download_urls(version: ModelVersion, primary: VersionFile | None) -> list[str]:
    urls = [version.download_url]
    if primary:
        urls += [primary.download_url, *(mirror.url for mirror in primary.mirrors if not mirror.deleted_at)]
    good = [url for url in urls if url and url.lower().startswith(("https://", "http://"))]
    # Other tools keep links as the site's batches have them, which lead nowhere.
    return list(dict.fromkeys(url for url in good if not url.startswith("https://undefined/")))
