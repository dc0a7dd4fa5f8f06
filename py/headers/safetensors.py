"""The safetensors layout, read and judged: the header's length in 8 bytes, the header as JSON, the tensors behind it.

The header is walked entry by entry instead of parsed at one go: nothing hostile grows in memory, and no call is so long
that other threads must wait. It is walked as Latin-1, in which a byte is a character, and what is kept becomes UTF-8.
"""

from __future__ import annotations

import codecs
import json
import math
import re
from typing import Any, BinaryIO

from .layout import MAX_NUMBER, MAX_TENSORS, Layout, LayoutError, Tensor, check_places, cut_off

MAX_HEADER = 100_000_000
_MAX_ENTRY = 4096  # characters of a tensor's name or description: more than any that a loader would take
_MAX_TYPE = 40
_MAX_KEYS = 10_000
_MAX_TEXT = 8_000_000
_CHUNK = 1 << 20

_BITS = {"F4": 4, "F6_E2M3": 6, "F6_E3M2": 6} | dict.fromkeys(("BOOL", "U8", "I8"), 8)
_BITS |= dict.fromkeys(("F8_E4M3", "F8_E5M2", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ"), 8)
_BITS |= dict.fromkeys(("U16", "I16", "F16", "BF16"), 16) | dict.fromkeys(("U32", "I32", "F32"), 32)
_BITS |= dict.fromkeys(("U64", "I64", "F64", "C64"), 64)

_SPACE = "[ \\t\\r\\n]*"
# An entry as the format's own library spells it, and as other writers do, with spaces. Whatever is spelled in still
# another way goes through the JSON parser.
_ENTRY = (
    r'"([^"\\\x00-\x1f]{0,4096})"~:~\{~"dtype"~:~"([A-Z0-9_]{1,40})"~,~"shape"~:~\[([0-9, ]{0,200})\]~'
    r',~"data_offsets"~:~\[~N~,~N~\]~\}~([,}])'
).replace("N", "(0|[1-9][0-9]{0,18})")
_COMPACT = re.compile(_ENTRY.replace("~", ""))
_SPACED = re.compile(_SPACE + _ENTRY.replace("~", _SPACE))
_OPEN = re.compile(f'{_SPACE}([}}"])')
_COLON = re.compile(f"{_SPACE}:{_SPACE}")
_NEXT = re.compile(f"{_SPACE}([,}}])")
_BLANK = re.compile(f"{_SPACE}\\Z")
_SCALAR = re.compile(r"null|true|false|-?[0-9][0-9.eE+-]{0,40}")


def looks_like(head: bytes, size: int) -> bool:
    """Whether ``head`` begins with a header's length and the brace after it."""
    return head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= size - 8


def read_layout(file: BinaryIO, size: int) -> Layout:
    """The layout of the file of ``size`` bytes, which is read from its start and no further than its header.

    Raises LayoutError where it is not what the format says, or promises more than it holds.
    """
    head = file.read(9)
    length = int.from_bytes(head[:8], "little")
    if len(head) < 9 or head[8:] != b"{" or length < 2:
        raise LayoutError("it has no safetensors header")
    if length > MAX_HEADER:
        raise LayoutError("its header is longer than the format allows")
    if length > size - 8:
        raise cut_off(length + 8 - size)
    tensors, metadata = _Walk(_text(file, length - 1)).run(8 + length)
    check_places(tensors.values(), size)
    return Layout(tensors, metadata, 8 + length)


def _text(file: BinaryIO, length: int) -> str:
    """The header as Latin-1, found to be UTF-8 on the way."""
    parts = ["{"]
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while length > 0 and (chunk := file.read(min(length, _CHUNK))):
            length -= len(chunk)
            decoder.decode(chunk)
            parts.append(chunk.decode("latin-1"))
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise LayoutError("its header is no text") from error
    if length > 0:
        raise cut_off(length)
    return "".join(parts)


class _Walk:
    """One walk along a header's entries."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._ascii = text.isascii()
        self._decoder = json.JSONDecoder()
        # By type and shape, as written: what it means, and how many bits that takes (None where that isn't known).
        self._shapes: dict[tuple[str, str], tuple[tuple[int, ...], int, int | None]] = {}

    def run(self, start: int) -> tuple[dict[str, Tensor], dict[str, str]]:
        try:
            return self._run(start)
        except LayoutError:
            raise
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise LayoutError("its header can't be read") from error

    def _run(self, start: int) -> tuple[dict[str, Tensor], dict[str, str]]:
        tensors: dict[str, Tensor] = {}
        metadata: dict[str, str] | None = None
        text, position, following = self._text, 1, ","
        compact, spaced, shapes, is_ascii = _COMPACT.match, _SPACED.match, self._shapes, self._ascii
        count = 0
        opened = _OPEN.match(text, 1)
        if opened and opened[1] == "}":
            position, following = opened.end(), "}"
        while following == ",":
            if usual := compact(text, position) or spaced(text, position):
                name, dtype, shape, first, last, following = usual.groups()
                position, begin, end = usual.end(), int(first), int(last)
                if not is_ascii:
                    name = _utf8(name)
            else:
                name, position = self._name(position)
                if name == "__metadata__":
                    if metadata is not None:
                        raise LayoutError("its header names something twice")
                    metadata, position = self._metadata(position)
                    position, following = self._after(position)
                    continue
                dtype, shape, begin, end, position = self._unusual(position)
                position, following = self._after(position)
            numbers, elements, bits = shapes.get((dtype, shape)) or self._shape(dtype, shape)
            if bits != (end - begin) * 8 and (bits is not None or end < begin):
                impossible = "its header holds impossible numbers"
                raise LayoutError(impossible if end < begin else "a tensor's size doesn't fit its shape")
            tensors[name] = Tensor(dtype, numbers, elements, start + begin, start + end)
            count += 1
            if len(tensors) != count:
                raise LayoutError("its header names something twice")
            if count > MAX_TENSORS:
                raise LayoutError(f"its header names more than {MAX_TENSORS} tensors")
        if not _BLANK.match(text, position):
            raise LayoutError("there is something between its header and its tensors")
        if "__metadata__" in tensors:
            raise LayoutError("its metadata can't be read")
        return tensors, metadata or {}

    def _name(self, position: int) -> tuple[str, int]:
        opened = _OPEN.match(self._text, position)
        if not opened or opened[1] != '"':
            raise LayoutError("its header can't be read")
        name, end = self._string(opened.start(1))
        if end - opened.start(1) > _MAX_ENTRY:
            raise LayoutError("its header holds a name that is too long")
        colon = _COLON.match(self._text, end)
        if not colon:
            raise LayoutError("its header can't be read")
        return name, colon.end()

    def _string(self, position: int) -> tuple[str, int]:
        """The string that begins at ``position``, empty if it is longer than anyone could want, and where it ends."""
        value, end = self._decoder.raw_decode(self._text, position)
        if end - position > _MAX_TEXT:
            return "", end
        if not self._ascii and not (raw := self._text[position:end]).isascii():
            value = json.loads(_utf8(raw))
        # A half of a pair of surrogates, which no database and no answer could carry.
        return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8"), end

    def _after(self, position: int) -> tuple[int, str]:
        following = _NEXT.match(self._text, position)
        if not following:
            raise LayoutError("its header can't be read")
        return following.end(), following[1]

    def _metadata(self, position: int) -> tuple[dict[str, str], int]:
        """The author's words. What is no text is left out; what is neither text nor a number is an error."""
        text, found = self._text, {}
        if text.startswith("null", position):
            return {}, position + 4
        if not text.startswith("{", position):
            raise LayoutError("its metadata can't be read")
        position += 1
        opened = _OPEN.match(text, position)
        if opened and opened[1] == "}":
            return {}, opened.end()
        seen: set[str] = set()
        following = ","
        while following == ",":
            name, position = self._name(position)
            if name in seen:
                raise LayoutError("its header names something twice")
            seen.add(name)
            if len(seen) > _MAX_KEYS:
                raise LayoutError("it has more metadata than any program writes")
            if text.startswith('"', position):
                found[name], position = self._string(position)
            elif scalar := _SCALAR.match(text, position):
                position = scalar.end()
            else:
                raise LayoutError("its metadata can't be read")
            position, following = self._after(position)
        return found, position

    def _unusual(self, position: int) -> tuple[str, str, int, int, int]:
        """A tensor whose description is spelled in no usual way: type, shape, its two places, and where that ends. It
        holds no brace but its own."""
        end = self._text.find("}", position, position + _MAX_ENTRY) + 1
        if not end:
            raise LayoutError("its header can't be read")
        entry = json.loads(self._text[position:end], object_pairs_hook=_unique)
        first, last = entry["data_offsets"]
        shape, dtype = entry["shape"], entry["dtype"]
        if not (isinstance(shape, list) and isinstance(dtype, str) and len(dtype) <= _MAX_TYPE and dtype.isascii()):
            raise LayoutError("its header can't be read")
        if not all(type(each) is int and 0 <= each < MAX_NUMBER for each in (first, last, *shape)):
            raise LayoutError("its header holds impossible numbers")
        return dtype, ",".join(map(str, shape)), first, last, end

    def _shape(self, dtype: str, shape: str) -> tuple[tuple[int, ...], int, int | None]:
        numbers = tuple(json.loads(f"[{shape}]"))
        elements, bits = math.prod(numbers), _BITS.get(dtype)
        if elements >= MAX_NUMBER or any(each >= MAX_NUMBER for each in numbers):
            raise LayoutError("its header holds impossible numbers")
        self._shapes[dtype, shape] = numbers, elements, None if bits is None else elements * bits
        return self._shapes[dtype, shape]


def _utf8(raw: str) -> str:
    return raw.encode("latin-1").decode("utf-8")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    unique = dict(pairs)
    if len(unique) < len(pairs):
        raise LayoutError("its header names something twice")
    return unique
