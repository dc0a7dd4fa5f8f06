"""Which bytes of a file are there, and who fetches which of those that aren't."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass


class Spans:
    """A set of bytes, kept as half-open ranges that neither touch nor overlap, in their order."""

    def __init__(self, ranges: Iterable[tuple[int, int]] = ()) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        for start, end in ranges:
            self.add(start, end)

    def add(self, start: int, end: int) -> None:
        """Adds the bytes from ``start`` up to ``end``."""
        if start >= end:
            return
        first, last = bisect_left(self._ends, start), bisect_right(self._starts, end)
        if first < last:
            start, end = min(start, self._starts[first]), max(end, self._ends[last - 1])
        self._starts[first:last], self._ends[first:last] = [start], [end]

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter(list(zip(self._starts, self._ends, strict=True)))

    @property
    def total(self) -> int:
        return sum(self._ends) - sum(self._starts)

    @property
    def prefix(self) -> int:
        """Where the bytes from the beginning end."""
        return self._ends[0] if self._starts and self._starts[0] == 0 else 0

    def gaps(self, size: int) -> list[tuple[int, int]]:
        """What is missing of a file of ``size`` bytes."""
        starts, ends = [*self._starts, size], [0, *self._ends]
        return [(end, start) for end, start in zip(ends, starts, strict=True) if end < start]


@dataclass(eq=False)
class Piece:
    """Bytes that one connection fetches: those from ``at`` up to ``end`` are still to come. ``end`` may shrink."""

    at: int
    end: int

    @property
    def left(self) -> int:
        return max(0, self.end - self.at)


class Pieces:
    """The missing bytes of a file, handed out in their order, so that what is there grows from its beginning.

    Once all are handed out, whoever asks takes half of the largest piece that is still under way.
    """

    def __init__(self, spans: Spans, size: int, length: int, least: int) -> None:
        """Pieces of ``length`` bytes; none is halved to less than ``least``."""
        self._gaps = spans.gaps(size)[::-1]
        self._length = length
        self._least = least
        self._taken: list[Piece] = []

    @property
    def waiting(self) -> bool:
        """Whether there is anything for one more connection."""
        return bool(self._gaps) or any(piece.left >= 2 * self._least for piece in self._taken)

    def take(self) -> Piece | None:
        if self._gaps:
            start, end = self._gaps.pop()
            # What is left of a gap is no piece of its own where it would be a small one.
            cut = start + self._length if end - start > self._length + self._least else end
            if cut < end:
                self._gaps.append((cut, end))
            piece = Piece(start, cut)
        else:
            largest = max(self._taken, key=lambda each: each.left, default=None)
            if largest is None or largest.left < 2 * self._least:
                return None
            piece = Piece(largest.at + largest.left // 2, largest.end)
            largest.end = piece.at
        self._taken.append(piece)
        return piece

    def give_back(self, piece: Piece) -> None:
        """``piece`` is done with; what is left of it waits for another connection."""
        self._taken.remove(piece)
        if piece.left:
            self._gaps.append((piece.at, piece.end))
            self._gaps.sort(reverse=True)
