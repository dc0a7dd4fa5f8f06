"""Pickles: what they would import, read by picklescan, judged by our own list."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from typing import IO, BinaryIO, cast

from .safe_globals import SAFE_GLOBALS

LIMIT = 100 << 20  # bytes of one pickle; those of real models are far smaller, because tensors lie outside
_TORCH_MAGIC = 0x1950A86A20F9469CFC6C
_CALLS = {"REDUCE", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "BUILD"}
_UNREADABLE = ("It holds a pickle that can't be read to its end.",)
_TOO_LARGE = ("It holds a pickle too large to be checked.",)
_REGISTERED = ("It calls code through pickle's extension registry.",)


class _UnjudgedError(Exception):
    """The stream can't be cleared; ``findings`` say why."""

    def __init__(self, findings: tuple[str, ...]) -> None:
        super().__init__(findings)
        self.findings = findings


def starts_pickle(head: bytes) -> bool:
    """Whether ``head`` begins with a pickle's protocol mark. Protocols 0 and 1 have none: see :func:`scan_unmarked`."""
    return len(head) > 1 and head[0] == 0x80 and head[1] <= 5


def scan_stream(file: IO[bytes]) -> tuple[str, tuple[str, ...]]:
    """``(format, findings)`` of a file that is one pickle or several in a row, or torch's format of before 1.6:
    five pickles, then the raw tensors."""
    try:
        first = _take(file)
        if _is_torch_magic(first):
            return "torch", _judge(_take(file) for _ in range(4))
        return "pickle", _judge([first]) + _judge(_rest(file))
    except _UnjudgedError as error:
        return "pickle", error.findings


def scan_pickles(file: IO[bytes]) -> tuple[str, ...]:
    """Findings in a stream that must hold nothing but pickles."""
    try:
        return _judge(_rest(file))
    except _UnjudgedError as error:
        return error.findings


def scan_unmarked(file: IO[bytes]) -> tuple[str, ...]:
    """Findings in a stream of any kind, if an unpickler would get as far as calling something that it imported."""
    start = file.tell()
    try:
        if not _runs(file):
            return ()
        file.seek(start)
        return _judge([file.read(LIMIT)])
    except _UnjudgedError as error:
        return error.findings


def _take(file: IO[bytes]) -> bytes:
    """The next pickle's bytes."""
    import pickletools

    start = file.tell()
    try:
        for opcode, _, _ in pickletools.genops(_bounded(file)):
            if opcode.name.startswith("EXT"):
                raise _UnjudgedError(_REGISTERED)
    except (ValueError, OverflowError) as error:
        raise _UnjudgedError(_UNREADABLE) from error
    end = file.tell()
    file.seek(start)
    return file.read(end - start)


def _rest(file: IO[bytes]) -> Iterator[bytes]:
    while file.read(1):
        file.seek(-1, os.SEEK_CUR)
        yield _take(file)


def _judge(streams: Iterator[bytes] | list[bytes]) -> tuple[str, ...]:
    from picklescan.scanner import scan_pickle_bytes  # type: ignore[import-untyped]

    bad: dict[str, None] = {}
    for stream in streams:
        try:
            found = scan_pickle_bytes(io.BytesIO(stream), "a pickle").globals
        except Exception as error:  # a parser that stumbles has not cleared the file
            raise _UnjudgedError(_UNREADABLE) from error
        names = [(each.module, each.name) for each in found]
        bad |= {f"It imports {'.'.join(pair)}.": None for pair in names if pair not in SAFE_GLOBALS}
    return tuple(bad)


def _is_torch_magic(stream: bytes) -> bool:
    import pickletools

    opcodes = [(opcode.name, value) for opcode, value, _ in pickletools.genops(stream)]
    return len(opcodes) == 3 and opcodes[1] == ("LONG1", _TORCH_MAGIC)


def _runs(file: IO[bytes]) -> bool:
    """Whether an unpickler would come to a call, or to the end of a pickle that imports, before it stumbles.

    Only the heights of its stack are followed, which text and tensors soon get wrong.
    """
    import pickletools

    stack: list[object] = []
    imports = False
    try:
        for opcode, _, _ in pickletools.genops(_bounded(file)):
            takes = opcode.stack_before
            if pickletools.markobject in takes:
                mark = len(stack) - 1 - stack[::-1].index(pickletools.markobject)
                if takes[1:2] != [pickletools.stackslice] and len(stack) - mark < len(takes) - 1:
                    return False
                takes = takes[: takes.index(pickletools.markobject)]
                del stack[mark:]
            if len(stack) < len(takes):
                return False
            if opcode.name in _CALLS or (opcode.name == "STOP" and imports):
                return True
            imports = imports or opcode.name.endswith("GLOBAL") or opcode.name.startswith("EXT")
            del stack[len(stack) - len(takes) :]
            stack.extend(opcode.stack_after)
    except (ValueError, OverflowError):
        pass
    return False


class _Bounded:
    """A stream for pickletools that refuses to hold more than LIMIT in memory, whatever lengths a pickle claims."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._left = LIMIT

    def read(self, count: int) -> bytes:
        return self._counted(self._file.read(min(count, self._left + 1)))

    def readline(self) -> bytes:
        return self._counted(self._file.readline(self._left + 1))

    def _counted(self, data: bytes) -> bytes:
        self._left -= len(data)
        if self._left < 0:
            raise _UnjudgedError(_TOO_LARGE)
        return data


def _bounded(file: IO[bytes]) -> IO[bytes]:
    return cast("IO[bytes]", _Bounded(file))  # all that pickletools asks of a stream


def tar_members(file: BinaryIO) -> list[str]:
    """The names inside a plain tar file; none where ``file`` is no tar, or an empty one."""
    import tarfile

    try:
        with tarfile.open(fileobj=file, mode="r:") as archive:
            return archive.getnames()
    except (tarfile.TarError, ValueError, OverflowError, EOFError):
        return []
    finally:
        file.seek(0)
