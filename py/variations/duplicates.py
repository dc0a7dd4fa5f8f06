"""Whether a picture is there already: resized, compressed again, a little cropped, in other light, or mirrored.

Hashes find what may be the same, and the precise check decides: both laid over each other, evened in light, SSIM over
the threshold on the whole and no part of the picture that is another's. So an edit of the same scene is a new picture.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import UsageError
from .alignment import SIDE, Match, match, small_grey
from .hashes import Hashes, hashes
from .seen import Seen

if TYPE_CHECKING:
    from PIL.Image import Image

    from .pixels import Bytes


@dataclass(frozen=True)
class Duplicate:
    """What a picture is a duplicate of: the number that this was added under, and how well they fit each other."""

    number: int
    match: Match
    mirrored: bool


class DuplicationPreventer:
    """Remembers pictures, and knows them when it meets them again.

    The scope is that of ``seen``: without any its own, else one that several share, for a session or over a store that
    keeps everything ever added. What another process adds to that is known here from the next picture on that is new.
    ``mirrored`` also takes a picture for a duplicate of its mirror image. ``weakest`` is the SSIM that the worst of 64
    parts needs. At most ``checked`` candidates are looked at precisely, nearest first. Safe in threads.
    """

    def __init__(
        self,
        similarity_threshold: float = 0.95,
        *,
        weakest: float = 0.75,
        mirrored: bool = False,
        checked: int = 50,
        seen: Seen | None = None,
    ) -> None:
        if not all(math.isfinite(each) and -1 <= each <= 1 for each in (similarity_threshold, weakest)):
            raise UsageError("A similarity that makes duplicates must lie between -1 and 1.")
        if checked < 1:
            raise UsageError("At least one candidate must be looked at to find duplicates.")
        self._threshold, self._weakest, self._mirrored, self._checked = similarity_threshold, weakest, mirrored, checked
        self._seen = Seen() if seen is None else seen  # an empty one is false
        self._seen.catch_up()

    def __len__(self) -> int:
        return len(self._seen)

    def is_duplicate(self, image: Image) -> bool:
        return self.duplicate_of(image) is not None

    def duplicate_of(self, image: Image) -> Duplicate | None:
        """The best of what ``image`` is a duplicate of."""
        return self._search(image, hashes(image), small_grey(image))

    def add_variation(self, image: Image) -> bool:
        """Remembers ``image``, unless it is a duplicate. True when it was new."""
        return isinstance(self.added(image), int)

    def added(self, image: Image) -> Duplicate | int:
        """Like :meth:`add_variation`, but says what it was a duplicate of, or its own number when it was new."""
        words, grey = hashes(image), small_grey(image)
        with self._seen.adding:  # of two alike that come at once, one is new
            return self._search(image, words, grey) or self._seen.add(words, grey)

    def clear(self) -> None:
        """Forgets everything, in the store too."""
        self._seen.clear()

    def _search(self, image: Image, words: Hashes, grey: Bytes) -> Duplicate | None:
        found = self._matches(words, grey, mirrored=False)
        if not found and self._mirrored:
            from PIL.Image import Transpose

            turned = image.transpose(Transpose.FLIP_LEFT_RIGHT)
            found = self._matches(hashes(turned), small_grey(turned), mirrored=True)
        return max(found, key=lambda each: each.match.similarity, default=None)

    def _matches(self, words: Hashes, grey: Bytes, *, mirrored: bool) -> Sequence[Duplicate]:
        import numpy as np

        found = []
        for number, data in self._seen.candidates(words, self._checked):
            if len(data) != SIDE * SIDE:
                continue  # kept by a version that compared at another size
            kept = np.frombuffer(data, np.uint8).reshape(SIDE, SIDE)
            how = match(kept, grey)
            if how.similarity > self._threshold and how.weakest >= self._weakest:
                found.append(Duplicate(number, how, mirrored))
        return found
