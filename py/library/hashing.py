"""The site's hashes of a file, in one pass over it: each byte is read once, whatever the number of hashes and lanes."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

_BLOCK = 1 << 20
# Blocks in memory: enough for two lanes to find work always; the memory of a call is this many MiB.
_AHEAD = 4
_SMALL = 8 << 20
_AUTOV1 = (0x100000, 0x110000)
_HAS_AUTOV1 = 2 << 20
_HASH_OF_NOTHING = "E3B0C44298FC"


class ChangedWhileReadError(OSError):
    """The file was written to while it was hashed: the hashes would be those of no file. To be tried again later."""


def hash_file(
    path: Path, *, blake3: bool = False, lanes: int = 2, tick: Callable[[int], None] | None = None
) -> tuple[str, dict[str, str]]:
    """``(sha256, hashes)``: SHA256 in lower-case hex, and the site's other kinds, each in the site's spelling.

    ``lanes`` is the number of threads that work at it, the calling one among them; files under 8 MiB get one. ``tick``
    is called on the calling thread with the number of bytes done since the last call: it may wait, which holds the
    others within 4 MiB, or raise, which ends them. Blocking: call it in a thread. Raises OSError where the file can't
    be read, and ChangedWhileReadError.
    """
    _require_ordinary(path, path.stat())
    with open(path, "rb", buffering=0, opener=_without_waiting) as file:
        before = os.fstat(file.fileno())
        size = before.st_size
        tensors_at = 8 + int.from_bytes(file.read(8), "little")
        file.seek(0)
        whole, autov1, tensors, checksum = hashlib.sha256(), hashlib.sha256(), hashlib.sha256(), _Crc32()
        streams = [_Stream(whole.update, 0, size), _Stream(checksum.update, 0, size)]
        if tensors_at < size:
            streams.append(_Stream(tensors.update, tensors_at, size))
        if size >= _HAS_AUTOV1:
            streams.append(_Stream(autov1.update, *_AUTOV1))
        if blake3:
            from blake3 import blake3 as new_blake3

            other = new_blake3()
            streams.append(_Stream(other.update, 0, size))
        helpers = min(lanes, len(streams)) - 1 if size >= _SMALL else 0
        # A size can be stale, as on a network's disk: nothing may follow it.
        intact = _Pass(file, size, streams, helpers, tick).run() and not file.read(1)
        after = os.fstat(file.fileno())
        if not intact or (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise ChangedWhileReadError(f"{path} was written to while it was read. Try again when it is complete.")
    hashes = {"AutoV2": whole.hexdigest()[:10].upper(), "CRC32": checksum.value.to_bytes(4, "little").hex().upper()}
    if size >= _HAS_AUTOV1:
        hashes["AutoV1"] = autov1.hexdigest()[:8].upper()
    if (autov3 := tensors.hexdigest()[:12].upper()) != _HASH_OF_NOTHING:
        hashes["AutoV3"] = autov3
    if blake3:
        hashes["BLAKE3"] = other.hexdigest().upper()
    return whole.hexdigest(), hashes


def _without_waiting(name: str, flags: int) -> int:
    """For ``open``: the handle of an ordinary file. Should it be a pipe by now, opening it still doesn't wait."""
    flag = getattr(os, "O_NONBLOCK", 0)
    handle = os.open(name, flags | flag)
    try:
        _require_ordinary(name, os.fstat(handle))
        if flag:
            os.set_blocking(handle, True)
    except BaseException:
        os.close(handle)
        raise
    return handle


def _require_ordinary(path: Path | str, status: os.stat_result) -> None:
    """Opening a pipe, or reading a device, could wait for ever."""
    if not stat.S_ISREG(status.st_mode):
        what = "a folder" if stat.S_ISDIR(status.st_mode) else "a pipe, a socket or a device"
        raise OSError(f"{path} is {what}: only ordinary files can be hashed.")


class _Crc32:
    def __init__(self) -> None:
        from isal import isal_zlib  # four times as fast as zlib's, whose share would be felt

        self._crc32 = isal_zlib.crc32
        self.value = 0

    def update(self, data: memoryview) -> None:
        self.value = self._crc32(data, self.value)


class _Stream:
    """One hash over the file's bytes from ``start`` to ``end``. It takes the blocks in order, each in one thread."""

    def __init__(self, update: Callable[[memoryview], object], start: int, end: int) -> None:
        self._update, self._start, self._end = update, start, end
        self.next = start // _BLOCK
        self.stop = -(-end // _BLOCK)
        self.busy = False

    def take(self, block: memoryview) -> None:
        offset = self.next * _BLOCK
        self._update(block[max(0, self._start - offset) : self._end - offset])


class _Pass:
    """One pass over ``size`` bytes of ``file``: a ring of blocks, and threads that take what is to do next.

    The steps are: to read a block, to feed a block to a stream, to tell of a block that all streams have. A stream
    belongs to no thread, so none idles while another has two to feed. Only the calling thread tells, and a block's
    place in the ring is free once it was told: so a caller that waits holds them all.
    """

    def __init__(
        self, file: io.FileIO, size: int, streams: list[_Stream], helpers: int, tick: Callable[[int], None] | None
    ) -> None:
        self._file, self._size, self._tick, self._helpers = file, size, tick, helpers
        self._blocks = -(-size // _BLOCK)
        places = min(_AHEAD if helpers else 1, self._blocks)
        self._ring = [memoryview(bytearray(min(_BLOCK, size))) for _ in range(places)]
        self._turn = threading.Condition(threading.Lock())
        # All below is changed under `_turn`. Counts of blocks.
        self._open = [stream for stream in streams if stream.next < stream.stop]
        self._read = self._told = 0
        self._reading = self._stopped = self._short = False

    def run(self) -> bool:
        """False if the file ended early."""
        if not self._helpers:
            self._work(caller=True)
            return not self._short
        with ThreadPoolExecutor(self._helpers, "hashing") as pool:
            try:
                working = [pool.submit(self._work) for _ in range(self._helpers)]
                self._work(caller=True)
            except BaseException:  # Such as no thread to be had for the second: the first would wait for ever.
                self._stop()
                raise
        for each in working:
            each.result()
        return not self._short

    def _work(self, *, caller: bool = False) -> None:
        try:
            while step := self._next_step(caller):
                step()
        except BaseException:
            self._stop()
            raise

    def _next_step(self, caller: bool) -> Callable[[], None] | None:
        """What this thread does next, claimed for it; waits until there is something. None at the end."""
        with self._turn:
            while not self._stopped:
                least = min((stream.next for stream in self._open), default=self._blocks)
                if caller and self._told < least:
                    return self._tell
                if least == self._blocks:
                    return None
                if not self._reading and self._read < min(self._blocks, self._told + len(self._ring)):
                    self._reading = True
                    return self._fill
                if ready := [stream for stream in self._open if not stream.busy and stream.next < self._read]:
                    stream = min(ready, key=lambda each: each.next)
                    stream.busy = True
                    return partial(self._feed, stream)
                self._turn.wait()
        return None

    def _tell(self) -> None:
        if self._tick:
            self._tick(len(self._block(self._told)))
        with self._turn:
            self._told += 1
            self._turn.notify_all()

    def _fill(self) -> None:
        block, filled = self._block(self._read), 0
        while filled < len(block) and (count := self._file.readinto(block[filled:])):
            filled += count
        with self._turn:
            self._reading = False
            self._read += 1
            if filled < len(block):
                self._short = self._stopped = True
            self._turn.notify_all()

    def _feed(self, stream: _Stream) -> None:
        stream.take(self._block(stream.next))
        with self._turn:
            stream.busy = False
            stream.next += 1
            if stream.next == stream.stop:
                self._open.remove(stream)
            self._turn.notify_all()

    def _stop(self) -> None:
        with self._turn:
            self._stopped = True
            self._turn.notify_all()

    def _block(self, number: int) -> memoryview:
        return self._ring[number % len(self._ring)][: min(_BLOCK, self._size - number * _BLOCK)]
