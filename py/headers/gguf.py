"""The GGUF layout, read and judged: pairs of names and values, then tensors by name, type, shape and place.

It is walked through a window of the file: what isn't kept, such as a vocabulary, is only stepped over.
"""

from __future__ import annotations

import math
import os
import struct
from typing import BinaryIO

from .layout import MAX_NUMBER, MAX_TENSORS, Layout, LayoutError, Tensor, check_places, cut_off

MAGIC = b"GGUF"
_MAX_PAIRS = 65_536
_MAX_NAME = 65_535
_MAX_DIMENSIONS = 8
_MAX_STEPS = 2_000_000  # entries of lists of texts and of lists: several times the largest vocabulary
_MAX_KEPT = 64 * 1024
_WINDOW = 1 << 18

_STRING, _LIST, _BOOL = 8, 9, 7
_NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", _BOOL: "?", 10: "Q", 11: "q", 12: "d"}
# Name, elements a block, bytes a block; no size where versions differ.
_TYPES: dict[int, tuple[str, int, int]] = {
    0: ("F32", 1, 4),
    1: ("F16", 1, 2),
    2: ("Q4_0", 32, 18),
    3: ("Q4_1", 32, 20),
    6: ("Q5_0", 32, 22),
    7: ("Q5_1", 32, 24),
    8: ("Q8_0", 32, 34),
    9: ("Q8_1", 32, 0),
    10: ("Q2_K", 256, 84),
    11: ("Q3_K", 256, 110),
    12: ("Q4_K", 256, 144),
    13: ("Q5_K", 256, 176),
    14: ("Q6_K", 256, 210),
    15: ("Q8_K", 256, 292),
    16: ("IQ2_XXS", 256, 66),
    17: ("IQ2_XS", 256, 74),
    18: ("IQ3_XXS", 256, 98),
    19: ("IQ1_S", 256, 50),
    20: ("IQ4_NL", 32, 18),
    21: ("IQ3_S", 256, 110),
    22: ("IQ2_S", 256, 82),
    23: ("IQ4_XS", 256, 136),
    24: ("I8", 1, 1),
    25: ("I16", 1, 2),
    26: ("I32", 1, 4),
    27: ("I64", 1, 8),
    28: ("F64", 1, 8),
    29: ("IQ1_M", 256, 56),
    30: ("BF16", 1, 2),
    34: ("TQ1_0", 256, 54),
    35: ("TQ2_0", 256, 66),
    39: ("MXFP4", 32, 17),
}


def check_start(head: bytes, size: int) -> tuple[str, int, int, int]:
    """Byte order, version, tensors and pairs, from the first 24 bytes.

    Raises LayoutError where the version is unknown, or more is promised than the file could hold.
    """
    for order in "<>":
        version = int.from_bytes(head[4:8], "little" if order == "<" else "big")
        form = f"{order}II" if version == 1 else f"{order}QQ"
        if version in (1, 2, 3) and len(head) >= 8 + struct.calcsize(form):
            tensors, pairs = struct.unpack_from(form, head, 8)
            if tensors + pairs <= size:
                return order, version, tensors, pairs
    raise LayoutError("its GGUF header can't be right")


def read_layout(file: BinaryIO, size: int) -> Layout:
    """The layout of the file of ``size`` bytes, which is read from its start and no further than its header.

    Metadata is what is text or a number, as text. Raises LayoutError where the file is not what the format says, or
    promises more than it holds.
    """
    return _Walk(file, size).run()


class _Walk:
    """One walk along a GGUF header. ``_at`` is where the window begins in the file."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._size = file, size
        self._window, self._at, self._next = b"", 0, 0
        self._steps = 0
        self._order, self._length = "<", struct.Struct("<Q")

    def run(self) -> Layout:
        head = self._take(min(24, self._size))
        if head[:4] != MAGIC:
            raise LayoutError("it is no GGUF file")
        self._order, version, count, pairs = check_start(head, self._size)
        if count > MAX_TENSORS or pairs > _MAX_PAIRS:
            raise LayoutError("its GGUF header promises more than any model has")
        self._length = struct.Struct(f"{self._order}{'I' if version == 1 else 'Q'}")
        self._next = 8 + 2 * self._length.size
        metadata: dict[str, str] = {}
        for _ in range(pairs):
            name = self._text(_MAX_NAME)
            if name in metadata:
                raise LayoutError("its header names something twice")
            value = self._value(self._number("I"))
            if value is not None:
                metadata[name] = value
        found = self._tensors(count)
        alignment = metadata.get("general.alignment", "32")
        aligned = int(alignment) if alignment.isdigit() and len(alignment) < 10 else 0
        if not aligned:
            raise LayoutError("its header holds impossible numbers")
        end = self._at + self._next
        start = end + -end % aligned
        tensors = {name: each._replace(begin=start + each.begin, end=start + each.end) for name, each in found.items()}
        check_places(tensors.values(), self._size)
        return Layout(tensors, metadata, start)

    def _tensors(self, count: int) -> dict[str, Tensor]:
        tensors: dict[str, Tensor] = {}
        for _ in range(count):
            name = self._text(_MAX_NAME)
            dimensions = self._number("I")
            if dimensions > _MAX_DIMENSIONS:
                raise LayoutError("its header holds impossible numbers")
            shape = tuple(self._number(self._length.format[-1]) for _ in range(dimensions))
            dtype, begin = self._number("I"), self._number("Q")
            elements = math.prod(shape)
            label, block, width = _TYPES.get(dtype, (f"type {dtype}", 1, 0))
            if elements >= MAX_NUMBER or begin >= MAX_NUMBER or (width and elements % block):
                raise LayoutError("its header holds impossible numbers")
            if name in tensors:
                raise LayoutError("its header names something twice")
            tensors[name] = Tensor(label, shape[::-1], elements, begin, begin + elements // block * width)
        return tensors

    def _value(self, kind: int, depth: int = 0) -> str | None:
        """A text or number as text. What else there is, is stepped over: None."""
        if kind == _STRING:
            length = self._long()
            if length > _MAX_KEPT:
                self._skip(length)
                return None
            return self._decoded(self._take(length))
        if kind in _NUMBERS:
            number = self._number(_NUMBERS[kind])
            return str(number).lower() if kind == _BOOL else f"{number}"
        if kind != _LIST or depth > 3:
            raise LayoutError("its header can't be read")
        kind, count = self._number("I"), self._long()
        if kind in _NUMBERS:
            self._skip(count * struct.calcsize(f"={_NUMBERS[kind]}"))
            return None
        self._steps += count
        if self._steps > _MAX_STEPS:
            raise LayoutError("its GGUF header promises more than any model has")
        for _ in range(count):
            if kind == _STRING:
                self._skip(self._long())
            else:
                self._value(kind, depth + 1)
        return None

    def _text(self, limit: int) -> str:
        length = self._long()
        if length > limit:
            raise LayoutError("its header holds a name that is too long")
        return self._decoded(self._take(length))

    def _decoded(self, raw: bytes) -> str:
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError as error:
            raise LayoutError("its header is no text") from error

    def _long(self) -> int:
        size = self._length.size
        if self._next + size > len(self._window):
            self._fill(size)
        (value,) = self._length.unpack_from(self._window, self._next)
        self._next += size
        return int(value)

    def _number(self, form: str) -> int:
        form = f"{self._order}{form}"
        return struct.unpack(form, self._take(struct.calcsize(form)))[0]  # type: ignore[no-any-return]

    def _take(self, count: int) -> bytes:
        if self._next + count > len(self._window):
            self._fill(count)
        self._next += count
        return self._window[self._next - count : self._next]

    def _skip(self, count: int) -> None:
        if self._next + count <= len(self._window):
            self._next += count
            return
        position = self._at + self._next + count
        if position > self._size:
            raise cut_off(position - self._size)
        self._file.seek(position, os.SEEK_SET)
        self._window, self._at, self._next = b"", position, 0

    def _fill(self, count: int) -> None:
        """Makes the window begin at the next byte and hold ``count`` of them."""
        self._at += self._next
        if self._at + count > self._size:
            raise cut_off(self._at + count - self._size)
        self._window = self._window[self._next :]
        self._next = 0
        while len(self._window) < count:
            chunk = self._file.read(max(_WINDOW, count - len(self._window)))
            if not chunk:
                raise cut_off(count - len(self._window))
            self._window += chunk
