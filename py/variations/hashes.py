"""Perceptual hashes of 64 bits: pHash, aHash and dHash, the same bits as the usual definitions give.

pHash: the 8 × 8 lowest cosine coefficients of the picture at 32 × 32, against their median. aHash: 8 × 8 grey values
against their mean. dHash: 9 × 8, each value against the one on its left. The first bit of the first row is the highest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from .pixels import opaque

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL.Image import Image

    Words = npt.NDArray[np.uint64]

BITS = 64
_SIDE, _FINE = 8, 32
_PIECE = 4096


class Hashes(NamedTuple):
    """Each 0 to 2**64 − 1."""

    p: int
    a: int
    d: int


def hashes(image: Image) -> Hashes:
    import numpy as np
    from PIL.Image import Resampling

    plain = opaque(image).convert("L")

    def values(width: int, height: int) -> Any:
        return np.asarray(plain.resize((width, height), Resampling.LANCZOS), np.float64)

    cosines = _cosines(_FINE)[:_SIDE]
    low = cosines @ values(_FINE, _FINE) @ cosines.T
    coarse = values(_SIDE, _SIDE)
    row = values(_SIDE + 1, _SIDE)
    return Hashes(_word(low > np.median(low)), _word(coarse > coarse.mean()), _word(row[:, 1:] > row[:, :-1]))


def _cosines(length: int) -> Any:
    """The matrix of the cosine transform (DCT-II), without any scaling but the usual 2."""
    import numpy as np

    place = np.arange(length)
    return 2 * np.cos(np.pi * place[:, None] * (2 * place[None] + 1) / (2 * length))


def _word(bits: Any) -> int:
    import numpy as np

    return int.from_bytes(np.packbits(bits.ravel()).tobytes(), "big")


def distance(one: int, other: int) -> int:
    """How many bits differ."""
    return bin(one ^ other).count("1")


def differing(words: Words, word: int) -> Any:
    """How many bits of each of ``words`` differ from ``word``."""
    import numpy as np

    mixed = np.bitwise_xor(words, np.uint64(word))
    counted = getattr(np, "bitwise_count", None)
    return counted(mixed) if counted is not None else set_bits(mixed)


def set_bits(words: Words) -> Any:
    """What ``numpy.bitwise_count`` does from numpy 2 on. Works in pieces that stay in the processor's cache."""
    import numpy as np

    pairs, fours = np.uint64(0x5555555555555555), np.uint64(0x3333333333333333)
    eights, ones = np.uint64(0x0F0F0F0F0F0F0F0F), np.uint64(0x0101010101010101)
    one, two, four, last = (np.uint64(bits) for bits in (1, 2, 4, 56))
    counts = np.empty(len(words), np.uint8)
    room, other = np.empty((2, min(len(words), _PIECE)), np.uint64)
    for start in range(0, len(words), _PIECE):
        part = words[start : start + _PIECE]
        a, b = room[: len(part)], other[: len(part)]
        np.right_shift(part, one, a)
        np.bitwise_and(a, pairs, a)
        np.subtract(part, a, a)
        np.right_shift(a, two, b)
        np.bitwise_and(b, fours, b)
        np.bitwise_and(a, fours, a)
        np.add(a, b, a)
        np.right_shift(a, four, b)
        np.add(a, b, a)
        np.bitwise_and(a, eights, a)
        np.multiply(a, ones, a)
        np.right_shift(a, last, a)
        counts[start : start + len(part)] = a
    return counts
