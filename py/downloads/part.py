"""The ``.part``: the bytes that have arrived, their journal, and their SHA256 as they come.

:class:`Part` is used from the event loop and holds it nowhere: one thread of its own writes, in the order in which the
bytes came, and is fed in batches, so that neither waits for the other at every chunk. It also hashes those that
continue what was hashed before. Where bytes came before those in front of them, a second thread reads them back, from
the system's cache, as soon as there is no gap any more.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import replace
from io import FileIO
from pathlib import Path
from typing import TypeVar

from filelock import BaseFileLock, FileLock, Timeout

from ..civitai.resolve import ResolvedFile
from ..errors import BusyError, DownloadError, LorakeeperError, SpaceError
from .held import Held
from .journal import Journal, identity
from .placement import OWN_PREFIX
from .spans import Spans

T = TypeVar("T")

_BATCH = 1 << 20  # bytes handed to the thread at once
_BATCHES = 4  # so many times that under way before the network has to wait
_SLOW = 0.25  # seconds after which a smaller batch goes as well, on slow links
_NOTE = 0.5  # seconds between two journals
_BLOCK = 1 << 20
_FLUSH = 64 << 20  # bytes after which the disk begins to take them, so that little is left to wait for at the end
_STEP = 32 << 20  # bytes re-hashed before a cancellation is noticed


class Part:
    """The part of ``source`` in ``folder``. Between :meth:`open` and :meth:`close` no other process can have it.

    ``spliced`` says that its bytes come from more than one answer, ``plain`` that something was wrong with what came
    before, so that they had better come over one connection. ``held`` is what the download waits for, ``came_at`` when
    bytes came last.
    """

    def __init__(self, folder: Path, source: ResolvedFile, *, batch: Callable[[], int] = lambda: _BATCH) -> None:
        """``batch``: bytes handed to the thread at once."""
        self._batch = batch
        self.path = part_path(folder, source)
        self._journal_path = self.path.with_suffix(".json")
        self.received = 0
        self.spliced = self.plain = False
        self._writing = self._hashing = self._reading_back = self._hashing_back = 0.0  # seconds, in the two threads
        self.held = Held(lambda: (self._writing + self._reading_back, self._hashing + self._hashing_back))
        self.came_at = time.monotonic()
        self._journal = Journal(identity(source))
        self._file: FileIO | None = None
        self._lock = _lock(self.path)
        self._sha = hashlib.sha256()
        # What is written belongs to the writing thread; what is hashed to it as well, but while another catches up.
        self._spans = Spans()
        self._hashed = 0
        self._catching: Future[None] | None = None
        self._ended = False
        self._noted_at = 0.0
        self._pending: list[tuple[int, bytes]] = []
        self._pending_size = 0
        self._pending_since = 0.0
        self._running: deque[asyncio.Future[None]] = deque()
        self._thread = ThreadPoolExecutor(1, "lorakeeper part")
        self._flusher = ThreadPoolExecutor(1, "lorakeeper flush")
        self._reader = ThreadPoolExecutor(1, "lorakeeper read back")
        self._unflushed = 0
        self._flushing: Future[None] | None = None
        self._closing: asyncio.Future[None] | None = None

    @property
    def etag(self) -> str | None:
        """The tag that the bytes came with, from :attr:`url`."""
        return self._journal.etag

    @property
    def url(self) -> str | None:
        return self._journal.url

    @property
    def sha256(self) -> str:
        """Of all that was received, after :meth:`flush`."""
        return self._sha.hexdigest()

    # -- On the event loop -------------------------------------------------------------------------------------------

    async def open(self, progress: Callable[[int], None]) -> None:
        """Takes up what an earlier download of the same file has left, hashing it again, else starts empty."""
        with self.held.behind():
            trusted = await self._call(self._open)
            hashed = 0
            while hashed < trusted:
                hashed = await self._call(self._rehash)
                self.received = hashed
                progress(hashed)
        self.received = self._spans.total
        self.spliced = trusted > 0 or self.received > 0

    @property
    def spans(self) -> Spans:
        """What is written, after :meth:`flush`."""
        return self._spans

    @property
    def has_gaps(self) -> bool:
        """Whether bytes are there that don't continue those from the beginning, after :meth:`flush`."""
        return self._spans.prefix < self._spans.total

    async def allocate(self, size: int) -> None:
        """Gives the file its whole length, so that bytes can be put anywhere."""
        await self._call(self._allocate, size)

    async def put(self, chunk: bytes, at: int | None = None) -> None:
        """Adds bytes at that place, or at the end. Waits only where the disk is behind."""
        self._pending.append((self.received if at is None else at, chunk))
        self._pending_size += len(chunk)
        self.received += len(chunk)
        self.came_at = time.monotonic()
        batch = self._batch()
        if self._pending_size >= batch or self.came_at - self._pending_since > _SLOW:
            self._pending_since = self.came_at
            self._submit()
            await self._drain(_BATCHES * max(1, _BATCH // batch) - 1)

    async def flush(self) -> None:
        """Everything received is written, and hashed up to the first gap."""
        self._submit()
        await self._drain(0)
        with self.held.behind():
            await self._call(self._caught_up)

    async def restart(self, source: ResolvedFile | None = None) -> None:
        """Forgets all bytes; those to come are of ``source``, if one is given."""
        self._pending, self._pending_size, self.received, self.spliced, self.plain = [], 0, 0, False, True
        await self._call(self._restart, identity(source) if source else self._journal.identity)

    async def tag(self, etag: str | None, url: str) -> None:
        """Remembers what the bytes that follow are tagged with, and where they come from."""
        if (etag, url) != (self.etag, self.url):
            await self._call(self._tag, etag, url)

    async def sync(self) -> None:
        """Everything is on the disk itself."""
        await self.flush()
        self.held.by("disk")
        await self._call(lambda: _to_disk(self._opened.fileno()))

    async def close(self) -> None:
        """Keeps what is whole for the next time; an empty part goes away. May be called twice."""
        if self._closing is None:
            self._ended = True  # whoever reads back need not go on
            self._submit()
            # The thread works in order, so this comes after all writing. Whoever comes next must find the part closed.
            self._closing = asyncio.get_running_loop().run_in_executor(self._thread, self._close)
            self._thread.shutdown(wait=False)
        await asyncio.shield(self._closing)

    async def _drain(self, left: int) -> None:
        if len(self._running) > left:
            with self.held.behind():
                while len(self._running) > left:
                    await self._running.popleft()

    def _submit(self) -> None:
        if self._pending:
            batch, self._pending, self._pending_size = self._pending, [], 0
            future = asyncio.get_running_loop().run_in_executor(self._thread, self._append, batch)
            future.add_done_callback(lambda done: done.cancelled() or done.exception())
            self._running.append(future)

    async def _call(self, function: Callable[..., T], *arguments: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._guarded, function, *arguments)

    # -- In the thread -----------------------------------------------------------------------------------------------

    @property
    def _opened(self) -> FileIO:
        if self._file is None:
            raise DownloadError("The download was closed already.")
        return self._file

    def _guarded(self, function: Callable[..., T], *arguments: object) -> T:
        try:
            return function(*arguments)
        except OSError as error:
            raise disk_error(error, self.path.parent) from error

    def _open(self) -> int:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._lock.acquire()
        except Timeout as error:
            raise BusyError("Another Lorakeeper is fetching this file: wait for it, or stop it there.") from error
        if self.path.exists() and self.path.stat().st_nlink > 1:
            # A kill came between link and unlink: this is the finished file as well, which must not be touched.
            self.path.unlink()
        self.path.touch()
        self._file = self.path.open("r+b", buffering=0)
        journal = Journal.load(self._journal_path, self._journal.identity)
        spans = Spans([(0, journal.written), *journal.beyond])
        end = max((end for _, end in spans), default=0)
        if not 0 < end <= self.path.stat().st_size:
            self._restart(self._journal.identity)
            return 0
        self._journal, self._spans = journal, spans
        if not journal.beyond:
            self._file.truncate(journal.written)
        return spans.prefix

    def _rehash(self) -> int:
        self._read_back(min(self._spans.prefix, self._hashed + _STEP))
        return self._hashed

    def _read_back(self, end: int) -> None:
        """Hashes what is written up to ``end``."""
        block = memoryview(bytearray(_BLOCK))
        with self.path.open("rb", buffering=0) as file:
            file.seek(self._hashed)
            while self._hashed < end and not self._ended:
                began = time.perf_counter()
                count = file.readinto(block[: end - self._hashed])
                if not count:
                    raise DownloadError(f"{self.path} became shorter while it was read.")
                read = time.perf_counter()
                self._sha.update(block[:count])
                self._hashed += count
                self._reading_back += read - began
                self._hashing_back += time.perf_counter() - read

    def _append(self, batch: list[tuple[int, bytes]]) -> None:
        try:
            began = time.perf_counter()
            for at, chunk in batch:
                if self._opened.tell() != at:
                    self._opened.seek(at)
                write_whole(self._opened, chunk)
                self._spans.add(at, at + len(chunk))
                self._unflushed += len(chunk)
            written = time.perf_counter()
            for at, chunk in batch:
                if at == self._hashed and self._catching is None:
                    self._sha.update(chunk)
                    self._hashed += len(chunk)
            self._writing += written - began
            self._hashing += time.perf_counter() - written
            self._catch_up()
            if time.monotonic() - self._noted_at > _NOTE:
                self._note()
            if self._unflushed > _FLUSH and (self._flushing is None or self._flushing.done()):
                self._unflushed = 0
                self._flushing = self._flusher.submit(_to_disk, self._opened.fileno())
        except OSError as error:
            self._close()  # nothing may be appended behind a torn end
            raise disk_error(error, self.path.parent) from error

    def _catch_up(self) -> None:
        """Has what lies behind a gap that is no more read back, and takes the hash over again when that is done."""
        if self._catching is not None and self._catching.done():
            self._catching.result()
            self._catching = None
        if self._catching is None and self._hashed < self._spans.prefix:
            self._catching = self._reader.submit(self._read_back, self._spans.prefix)

    def _caught_up(self) -> None:
        self._catch_up()
        while self._catching is not None:
            wait([self._catching])
            self._catch_up()

    def _allocate(self, size: int) -> None:
        if self._opened.seek(0, os.SEEK_END) < size:
            self._opened.truncate(size)

    def _restart(self, whose: dict[str, object]) -> None:
        # The journal goes first: it must never trust bytes that are being replaced.
        self._journal_path.unlink(missing_ok=True)
        if self._catching is not None:
            wait([self._catching])
        self._journal, self._spans, self._sha = Journal(whose), Spans(), hashlib.sha256()
        self._hashed, self._unflushed, self._catching = 0, 0, None
        self._opened.truncate(0)

    def _tag(self, etag: str | None, url: str) -> None:
        self._journal = Journal(self._journal.identity, etag=etag, url=url)
        self._note()

    def _note(self) -> None:
        written = self._spans.prefix
        beyond = tuple(span for span in self._spans if span[0] > written)
        self._journal = replace(self._journal, written=written, beyond=beyond)
        self._noted_at = time.monotonic()
        with suppress(OSError):  # a full disk, or a virus scanner: the journal of before is still there, and right
            self._journal.save(self._journal_path)

    def _close(self) -> None:
        self._reader.shutdown()
        self._flusher.shutdown()
        if self._file:
            self._file.close()
            self._file = None
            if self._spans.total:
                self._note()
            else:
                _remove(self.path)
        _release(self._lock)


def remove_part(part: Path) -> None:
    """Removes a part and all that belongs to it, unless another process is at it. Blocking."""
    if part.parent.is_dir():
        lock = _lock(part)
        with suppress(Timeout):
            lock.acquire()
            _remove(part)
        _release(lock)


def part_path(folder: Path, source: ResolvedFile) -> Path:
    """Where the part of ``source`` lies, on its way into ``folder``."""
    return folder / f"{OWN_PREFIX}{source.version.id}-{source.file.id or (source.sha256 or 'file')[:12]}.part"


def _remove(part: Path) -> None:
    for suffix in (".json", ".new", ".part"):
        part.with_suffix(suffix).unlink(missing_ok=True)


def _lock(part: Path) -> BaseFileLock:
    return FileLock(part.with_suffix(".lock"), timeout=0, thread_local=False)


def _release(lock: BaseFileLock) -> None:
    if lock.is_locked:
        with suppress(OSError):  # Windows keeps an open file, and there the lock removes it itself
            Path(lock.lock_file).unlink()
        lock.release()


_to_disk = getattr(os, "fdatasync", os.fsync)


def write_whole(file: FileIO, chunk: bytes) -> None:
    """Writes all of ``chunk``, in as many calls as the system likes."""
    view = memoryview(chunk)
    while view:
        view = view[file.write(view) :]


def disk_error(error: OSError, folder: Path) -> LorakeeperError:
    """What the disk's refusal means for the user."""
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        return SpaceError(f"The disk of {folder} is full: free some space, then resume the download.")
    if error.errno == errno.EFBIG:
        return SpaceError(f"The file system of {folder} can't hold a file this large: choose another disk.")
    return DownloadError(
        f"{folder} can't be written to ({error.strerror or error}): check the disk and its permissions."
    )
