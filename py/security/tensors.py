"""Formats that hold tensors and no code: safetensors, GGUF, and NumPy's where it holds no objects."""

from __future__ import annotations

import ast
import io
from typing import IO, BinaryIO

from ..headers import gguf, safetensors
from ..headers.layout import LayoutError
from . import pickles

GGUF = gguf.MAGIC
NUMPY = b"\x93NUMPY"
_GAP = 64  # bytes that a writer may leave between tensors, or after them, to align them
_PLAIN_DTYPE = "?bBhHiIlLqQefdgFDGuUScVmM"


looks_like_safetensors = safetensors.looks_like


def scan_safetensors(file: BinaryIO, size: int) -> tuple[str, ...]:
    """Findings where the header is not what the format says, or where tensors overlap or leave room between them."""
    try:
        layout = safetensors.read_layout(file, size)
    except LayoutError as error:
        return (_sentence(error),)
    end = layout.start
    for begin, stop in [*sorted((each.begin, each.end) for each in layout.tensors.values()), (size, size)]:
        if begin - end > _GAP:
            return ("It holds bytes that belong to no tensor.",)
        end = max(end, stop)
    return ()


def scan_gguf(head: bytes, size: int) -> tuple[str, ...]:
    """Findings where the version is unknown, or more is promised than the file could hold."""
    try:
        gguf.check_start(head, size)
    except LayoutError as error:
        return (_sentence(error),)
    return ()


def _sentence(error: LayoutError) -> str:
    clause = str(error)
    return f"{clause[:1].upper()}{clause[1:]}."


def scan_numpy(file: IO[bytes]) -> tuple[str, ...]:
    """Findings in one array: in its pickle, if it holds objects instead of numbers."""
    head = file.read(8)
    size = int.from_bytes(file.read(2 if head[6:7] == b"\x01" else 4), "little")
    try:
        if size > 1 << 16:
            raise ValueError
        described = ast.literal_eval(file.read(size).decode("latin-1").strip())["descr"]
    except (ValueError, SyntaxError, TypeError, KeyError, MemoryError, RecursionError):
        return ("Its NumPy header can't be read.",)
    return () if _is_plain(described) else pickles.scan_pickles(io.BytesIO(file.read(pickles.LIMIT + 1)))


def _is_plain(described: object) -> bool:
    """Whether a type description names numbers and text only. Whatever is not understood may be an object."""
    if isinstance(described, str):
        letters = described.lstrip("<>|=")
        return letters[:1] in _PLAIN_DTYPE and letters[:1] != "" and letters[1:].partition("[")[0].isdigit()
    if isinstance(described, list):
        return all(isinstance(field, tuple) and len(field) > 1 and _is_plain(field[1]) for field in described)
    return isinstance(described, tuple) and len(described) == 2 and _is_plain(described[0])
