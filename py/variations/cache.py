"""The cache of what Gemini made: whoever asks the same again gets it without a request and without paying.

Each answer has files of its own, never written to twice; the index says which belong to it and what they must hold.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from filelock import FileLock, Timeout

from ..atomic import write_atomically
from ..errors import StorageError
from .cache_table import CacheIndex, Entry, KeptFile
from .decoding import SUFFIXES
from .models import GeminiRequest, ModelChoice, bare
from .outcomes import ImageOutcome, Picture, Usage

log = logging.getLogger(__name__)

LIMIT = 1_000_000_000
# What is left after clearing out, as a part of the limit.
KEPT_PART = 0.8
# Files in no entry are another process's work in progress, until they are this old, in seconds.
_ORPHAN_AGE = 3600.0
_BATCH = 64


def cache_key(request: GeminiRequest, fallbacks: Sequence[ModelChoice] = ()) -> str:
    """SHA256 over the images' content, the prompt, the model and its fallbacks, and all parameters. Blocking.

    Parameters that mean the same have the same key: order does not count, nor whether a whole number is a float.
    """
    document = {
        "version": 1,
        "images": [[hashlib.sha256(image.content).hexdigest(), image.mime] for image in request.images],
        "prompt": request.prompt,
        "model": bare(request.model),
        "aspect_ratio": request.aspect_ratio,
        "size": request.size,
        "temperature": request.temperature,
        "system_instruction": request.system_instruction,
        "extra": dict(request.extra),
        "fallbacks": [vars(choice) for choice in fallbacks],
    }
    text = json.dumps(_plain(document), sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def answer_key(key: str, number: int) -> str:
    """The key of one of several answers to the request that has ``key``."""
    return hashlib.sha256(f"{key} {number}".encode()).hexdigest()


class VariationCache:
    """Keeps answers as files in ``folder`` and as entries of ``index``. ``limit`` is in bytes; 0 keeps nothing.

    Safe for several processes with one folder and one index. A cache is no reason to fail: trouble with the disk is
    logged, and means that an answer is not kept or not found.
    """

    def __init__(
        self,
        folder: Path,
        index: CacheIndex,
        *,
        limit: int | Callable[[], int] = LIMIT,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.folder = folder
        self._index = index
        self._limit = limit
        self._now = now

    @property
    def limit(self) -> int:
        return self._limit() if callable(self._limit) else self._limit

    async def get(self, key: str) -> ImageOutcome | None:
        """The kept answer, marked as from the cache and costing nothing. An entry whose files are not as they were is
        dropped."""
        try:
            # Again after each that was dropped: another process may have put a new one in its place.
            while entry := await self._index.get(key):
                try:
                    images = await asyncio.to_thread(self._read, entry)
                except (FileNotFoundError, ValueError) as error:
                    log.warning("A kept image can't be used any more and is dropped: %s", error)
                    await self._drop([entry])
                    continue
                await self._index.touch(key, self._now())
                return ImageOutcome(images, entry.text, Usage(), entry.model, from_cache=True)
        except (OSError, StorageError) as error:
            # What can't be read now, such as a file that another program holds, may be there later.
            log.warning("The kept images can't be looked into: %s", error)
        return None

    async def has(self, key: str) -> bool:
        """Whether an answer is kept, without looking at it or counting as a use."""
        try:
            return await self._index.get(key) is not None
        except StorageError as error:
            log.warning("The kept images can't be looked into: %s", error)
            return False

    async def put(self, key: str, outcome: ImageOutcome) -> bool:
        """Keeps an answer, in place of an older one; says whether it did. May drop others to make room."""
        size = sum(len(image.content) for image in outcome.images)
        if size > self.limit:
            return False
        token = uuid.uuid4().hex
        try:
            files = await asyncio.to_thread(self._write, key, token, outcome.images)
        except OSError as error:
            log.warning("An image can't be kept: %s", error)
            return False
        now = self._now()
        usage = outcome.usage
        entry = Entry(key, token, files, size, outcome.model, outcome.text, usage.tokens_in, usage.tokens_out, now, now)
        try:
            before = await self._index.put(entry)
        except StorageError as error:
            log.warning("An image can't be kept: %s", error)
            await asyncio.to_thread(self._delete, [file.name for file in files])
            return False
        if before is not None:
            await asyncio.to_thread(self._delete, [file.name for file in before.files])
        try:
            if await self._index.total() > self.limit:
                await self.make_room()
        except (OSError, StorageError) as error:
            log.warning("No room could be made among the kept images: %s", error)
        return True

    async def make_room(self) -> int:
        """Drops what was used longest ago until the files have :data:`KEPT_PART` of the limit by their real sizes.

        Files that belong to nothing go first. Returns how many entries went; 0 where another process is at it.
        """
        await asyncio.to_thread(self.folder.mkdir, parents=True, exist_ok=True)
        lock = FileLock(self.folder / "clearing.lock", timeout=0, thread_local=False)
        try:
            await asyncio.to_thread(lock.acquire)
        except Timeout:
            return 0
        try:
            return await self._make_room()
        finally:
            await asyncio.to_thread(lock.release)

    async def clear(self) -> int:
        """Drops everything, and returns how many entries that was."""
        gone = 0
        while entries := await self._index.oldest(_BATCH):
            await self._drop(entries)
            gone += len(entries)
        return gone

    async def size(self) -> int:
        """Bytes of all that is kept."""
        return await self._index.total()

    # -- Inside ------------------------------------------------------------------------------------------------------

    async def _make_room(self) -> int:
        sizes = await asyncio.to_thread(self._sizes)
        known = await self._index.names()
        orphans = [name for name, (_, age) in sizes.items() if name not in known and age > _ORPHAN_AGE]
        await asyncio.to_thread(self._delete, orphans)
        total = sum(size for name, (size, _) in sizes.items() if name not in set(orphans))
        goal = self.limit * KEPT_PART
        gone = 0
        while total > goal and (entries := await self._index.oldest(_BATCH)):
            leaving: list[Entry] = []
            for entry in entries:
                if total <= goal:
                    break
                # A file that is not there any more frees nothing; its entry goes like the others.
                total -= sum(sizes[file.name][0] for file in entry.files if file.name in sizes)
                leaving.append(entry)
            await self._drop(leaving)
            gone += len(leaving)
        log.info("Dropped %d kept images and %d files of nobody's", gone, len(orphans))
        return gone

    async def _drop(self, entries: list[Entry]) -> None:
        # The index first: an entry without files is worse than a file without an entry, which is found later.
        await self._index.remove(entries)
        await asyncio.to_thread(self._delete, [file.name for entry in entries for file in entry.files])

    def _read(self, entry: Entry) -> tuple[Picture, ...]:
        """OSError or ValueError where a file is not what was kept."""
        images: list[Picture] = []
        for file in entry.files:
            with self._path(file.name).open("rb") as opened:
                content = opened.read(file.size + 1)
            if len(content) != file.size or hashlib.sha256(content).hexdigest() != file.sha256:
                raise ValueError(f"{file.name} is not what was kept")
            images.append(Picture(content, file.mime, file.width, file.height))
        if not images:
            raise ValueError("the entry has no images")
        return tuple(images)

    def _write(self, key: str, token: str, images: tuple[Picture, ...]) -> tuple[KeptFile, ...]:
        kept: list[KeptFile] = []
        try:
            for number, image in enumerate(images):
                name = f"{key[:16]}-{token[:16]}-{number}.{SUFFIXES.get(image.mime, 'bin')}"
                write_atomically(self._path(name), image.content)
                digest = hashlib.sha256(image.content).hexdigest()
                kept.append(KeptFile(name, len(image.content), digest, image.mime, image.width, image.height))
        except OSError:
            self._delete([file.name for file in kept])
            raise
        return tuple(kept)

    def _delete(self, names: list[str]) -> None:
        for name in names:
            try:
                self._path(name).unlink(missing_ok=True)
            except OSError as error:
                # Such as one that a virus scanner holds open on Windows: it belongs to nothing now, and goes later.
                log.warning("A file of the cache can't be deleted yet: %s", error)

    def _sizes(self) -> dict[str, tuple[int, float]]:
        """Size and age in seconds of each image file and each left temporary file, by name."""
        found: dict[str, tuple[int, float]] = {}
        now = self._now()
        for path in self.folder.glob("*/*"):
            try:
                stat = path.stat()
            except FileNotFoundError:
                # Another process dropped it meanwhile.
                continue
            found[path.name] = (stat.st_size, now - stat.st_mtime)
        return found

    def _path(self, name: str) -> Path:
        if Path(name).name != name:
            raise ValueError(f"{name!r} is no name of a file of the cache")
        # Temporary files begin with a dot and lie beside what they become.
        return self.folder / name.removeprefix(".")[:2] / name


def _plain(value: object) -> object:
    """JSON in which equal things look equal."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    return value
