"""Formats that hold tensors and no code: safetensors, GGUF, and NumPy's where it holds no objects."""

from __future__ import annotations

import ast
import io
import json
import math
import struct
from typing import IO, Any, BinaryIO

from . import pickles

GGUF = b"GGUF"
NUMPY = b"\x93NUMPY"
_HEADER_LIMIT = 100 << 20
_GAP = 64  # bytes that a writer may leave between tensors, or after them, to align them
_BITS = {"F4": 4, "F6_E2M3": 6, "F6_E3M2": 6} | dict.fromkeys(("BOOL", "U8", "I8"), 8)
_BITS |= dict.fromkeys(("F8_E4M3", "F8_E5M2", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ"), 8)
_BITS |= dict.fromkeys(("U16", "I16", "F16", "BF16"), 16) | dict.fromkeys(("U32", "I32", "F32"), 32)
_BITS |= dict.fromkeys(("U64", "I64", "F64", "C64"), 64)
_PLAIN_DTYPE = "?bBhHiIlLqQefdgFDGuUScVmM"


def looks_like_safetensors(head: bytes, size: int) -> bool:
    """Whether ``head`` begins with a header's length and the brace after it."""
    return head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= size - 8


def scan_safetensors(file: BinaryIO, size: int) -> tuple[str, ...]:
    """Findings where the header is not what the format says, or where tensors overlap or leave room between them."""
    length = int.from_bytes(file.read(8), "little")
    if length > _HEADER_LIMIT:
        return ("Its header is longer than the format allows.",)
    try:
        # The hook refuses doubled names, and lets other threads run while a long header is parsed.
        header = json.loads(file.read(length).decode("utf-8"), object_pairs_hook=_unique)
        header.pop("__metadata__", None)
        spans = sorted(_span(name, entry) for name, entry in header.items())
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        return (str(error) if isinstance(error, _FormatError) else "Its header can't be read.",)
    end = 0
    for begin, stop in [*spans, (size - 8 - length, size - 8 - length)]:
        if begin < end:
            return ("Its tensors overlap, or lie beyond its end.",)
        if begin - end > _GAP:
            return ("It holds bytes that belong to no tensor.",)
        end = stop
    return ()


class _FormatError(ValueError):
    """What is wrong with a header, as a sentence."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    unique = dict(pairs)
    if len(unique) < len(pairs):
        raise _FormatError("Its header names something twice.")
    return unique


def _span(name: str, entry: dict[str, Any]) -> tuple[int, int]:
    begin, end = entry["data_offsets"]
    shape = entry["shape"]
    if not all(isinstance(each, int) and each >= 0 for each in (begin, end, *shape)) or end < begin:
        raise _FormatError("Its header holds impossible numbers.")
    bits = _BITS.get(entry["dtype"])
    if bits and math.prod(shape) * bits != (end - begin) * 8:
        raise _FormatError("A tensor's size doesn't fit its shape.")
    return begin, end


def scan_gguf(head: bytes, size: int) -> tuple[str, ...]:
    """Findings where the version is unknown, or more is promised than the file could hold."""
    if len(head) >= 24:
        for order in "<>":
            version, count, pairs = struct.unpack(f"{order}IQQ", head[4:24])
            if version == 1 or (version in (2, 3) and count + pairs <= size):
                return ()
    return ("Its GGUF header can't be right.",)


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
