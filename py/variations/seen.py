"""Everything that was seen: hashes in memory, small greys where they are kept, and the search for what is near.

A picture is near another when each of the three hashes is within its radius; whether it is the same, the precise check
decides. The search goes through all p hashes, then through the a and d hashes of what is left: the same answers as
comparing everything with everything, in about a millisecond for a million.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ..errors import UsageError
from .hashes import BITS, Hashes, differing

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from .hashes import Words
    from .pixels import Bytes

_FIRST_ROOM = 64


@dataclass(frozen=True)
class Radii:
    """How many of the 64 bits of each hash may differ, both ends included."""

    p: int = 18
    a: int = 16
    d: int = 16

    def __post_init__(self) -> None:
        if not all(0 <= each <= BITS for each in (self.p, self.a, self.d)):
            raise UsageError(f"A radius must lie between 0 and {BITS} bits.")


class Kept(NamedTuple):
    """What is remembered of a picture. ``number`` is the store's own name for it."""

    number: int
    hashes: Hashes


class SeenStore(Protocol):
    """Where what was seen outlives the process. Several processes may share one. All methods may block."""

    def load(self, after: int = -1) -> Iterable[Kept]:
        """What has a number over ``after``, in their order: all of it, or the first of it."""

    def save(self, hashes: Hashes, grey: bytes) -> int:
        """Keeps one picture for good and gives its number, which was never given before."""

    def greys(self, numbers: Sequence[int]) -> dict[int, bytes]:
        """The small greys of those numbers; what is gone is left out."""

    def clear(self) -> None:
        """Forgets everything."""


class MemoryStore:
    """A store for as long as the object lives: for one batch, or a session."""

    def __init__(self) -> None:
        self._kept: dict[int, tuple[Hashes, bytes]] = {}
        self._numbers = count()

    def load(self, after: int = -1) -> Iterable[Kept]:
        new: list[Kept] = []
        for number in reversed(self._kept):
            if number <= after:
                break
            new.append(Kept(number, self._kept[number][0]))
        return new[::-1]

    def save(self, hashes: Hashes, grey: bytes) -> int:
        number = next(self._numbers)
        self._kept[number] = (hashes, grey)
        return number

    def greys(self, numbers: Sequence[int]) -> dict[int, bytes]:
        return {number: self._kept[number][1] for number in numbers if number in self._kept}

    def clear(self) -> None:
        self._kept.clear()


class HashIndex:
    """The hashes of all pictures as three columns. 32 bytes a picture; safe in threads."""

    def __init__(self, radii: Radii | None = None) -> None:
        self.radii = radii or Radii()
        self._lock = threading.Lock()
        self._count = 0
        self._columns: tuple[Words, ...]
        self._numbers: npt.NDArray[np.int64]
        self._empty()

    def __len__(self) -> int:
        return self._count

    def add_all(self, kept: Sequence[Kept]) -> None:
        import numpy as np

        words = np.array([each.hashes for each in kept], np.uint64).reshape(-1, 3)
        self.fill(np.array([each.number for each in kept], np.int64), words[:, 0], words[:, 1], words[:, 2])

    def fill(self, numbers: npt.NDArray[np.int64], p: Words, a: Words, d: Words) -> None:
        """Adds whole columns of the same length."""
        with self._lock:
            end = self._count + len(numbers)
            self._make_room(end)
            for column, words in zip((*self._columns, self._numbers), (p, a, d, numbers), strict=True):
                column[self._count : end] = words
            self._count = end

    def near(self, hashes: Hashes) -> list[int]:
        """The numbers of what is within the radii, nearest first by the sum of all bits that differ."""
        import numpy as np

        with self._lock:
            columns, numbers, count = self._columns, self._numbers, self._count
        place: npt.NDArray[np.intp] | None = None
        total: npt.NDArray[np.int64] | None = None
        for column, word, radius in zip(columns, hashes, (self.radii.p, self.radii.a, self.radii.d), strict=True):
            bits = differing(column[:count] if place is None else column[place], word)
            inside = np.flatnonzero(bits <= radius)
            place = inside if place is None else place[inside]
            found = bits[inside].astype(np.int64)
            total = found if total is None else total[inside] + found
            if not len(place):
                return []
        if place is None or total is None:
            return []
        return [int(number) for number in numbers[place[np.argsort(total, kind="stable")]]]

    def clear(self) -> None:
        with self._lock:
            self._empty()

    def _empty(self) -> None:
        import numpy as np

        self._count = 0
        self._columns = tuple(np.empty(_FIRST_ROOM, np.uint64) for _ in range(3))
        self._numbers = np.empty(_FIRST_ROOM, np.int64)

    def _make_room(self, count: int) -> None:
        """Grows by doubling. The old arrays are left as they are for searches that still read them."""
        import numpy as np

        room = len(self._numbers)
        if count <= room:
            return
        room = max(count, 2 * room)
        self._columns = tuple(
            np.concatenate([column[: self._count], np.empty(room - self._count, np.uint64)]) for column in self._columns
        )
        self._numbers = np.concatenate([self._numbers[: self._count], np.empty(room - self._count, np.int64)])


class Seen:
    """The index over a store: what ``add`` was told, now and before, and by other processes until the last ``add`` or
    :meth:`catch_up`. ``adding`` is for who looks first and adds then."""

    def __init__(self, store: SeenStore | None = None, radii: Radii | None = None) -> None:
        self._store: SeenStore = MemoryStore() if store is None else store
        self._index = HashIndex(radii)
        self._last = -1
        self._catching_up = threading.Lock()
        self.adding = threading.Lock()
        self.catch_up()

    def __len__(self) -> int:
        return len(self._index)

    def add(self, hashes: Hashes, grey: Bytes) -> int:
        number = self._store.save(hashes, grey.tobytes())
        self.catch_up()
        return number

    def candidates(self, hashes: Hashes, most: int) -> list[tuple[int, bytes]]:
        """The ``most`` nearest and their greys, nearest first."""
        numbers = self._index.near(hashes)[:most]
        greys = self._store.greys(numbers) if numbers else {}
        return [(number, greys[number]) for number in numbers if number in greys]

    def clear(self) -> None:
        with self._catching_up:
            self._store.clear()
            self._index.clear()

    def catch_up(self) -> None:
        """Takes what the store got since; what another process has forgotten stays until then without a grey."""
        with self._catching_up:
            while kept := list(self._store.load(self._last)):
                self._index.add_all(kept)
                self._last = kept[-1].number
