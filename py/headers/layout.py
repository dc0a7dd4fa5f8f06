"""What a model file's header comes down to, in any format: named tensors with their places, and the author's words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

MAX_TENSORS = 100_000
MAX_NUMBER = 2**63


class LayoutError(ValueError):
    """What is wrong with a file, as a clause about it, such as ``its tensors overlap``."""


class Tensor(NamedTuple):
    """``shape`` is in rows-first order, whatever the format's own; ``begin`` and ``end`` count bytes from the file's
    start. ``end`` is ``begin`` where the size of such numbers isn't known."""

    dtype: str
    shape: tuple[int, ...]
    elements: int
    begin: int
    end: int


@dataclass(frozen=True)
class Layout:
    """A header that was found to be sound. ``start`` is where the tensors begin."""

    tensors: dict[str, Tensor]
    metadata: dict[str, str]
    start: int


def check_places(tensors: Iterable[Tensor], size: int) -> None:
    """Raises LayoutError where tensors share bytes, or the file of ``size`` bytes ends before they do."""
    end = last = 0
    for begin, stop in sorted((each.begin, each.end) for each in tensors):
        if begin < end and begin < stop:
            raise LayoutError("its tensors overlap")
        end = max(end, stop)
        last = max(last, begin)
    if max(end, last) >= MAX_NUMBER:
        raise LayoutError("its header holds impossible numbers")
    if end > size:
        raise cut_off(end - size)
    if last > size:
        raise cut_off(last - size)


def cut_off(missing: int) -> LayoutError:
    bytes_are = "byte is" if missing == 1 else "bytes are"
    return LayoutError(f"it is cut off, and {missing} {bytes_are} missing beyond its end")
