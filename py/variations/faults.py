"""Traces of faults in a picture: one number a fault, larger where it is more likely spoilt.

Each is measured on the picture reduced to :data:`WORKING` pixels, so that the same picture leaves the same traces at
any resolution; only the blocks of a strong compression are looked for in the pixels as they came, because reducing
hides them. No trace needs another picture to compare with.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .pixels import grey, within

if TYPE_CHECKING:
    from .pixels import Bytes, Floats

WORKING = 512
SAMPLE = 1024  # the middle that is searched for blocks
_TILE = 32
_SMALL_TILE = 16
_EVEN = 12  # grey levels between the least and the most around a pixel


def traces(pixels: Bytes) -> dict[str, float]:
    """All traces by the names of their faults. ``pixels`` is RGB of at least 32 × 32."""
    import numpy as np

    small = within(pixels, WORKING)
    plain = grey(small)
    values = plain.astype(np.float32)
    blur, detail = _softness(values)
    return {
        "blurred": blur,
        "blank": detail,
        "noisy": _grain(values),
        "speckled": _specks(plain),
        "striped": _stripes(values),
        "cut off": _missing_side(values),
        "smeared": _smear(values),
        "blocky": _blocks(pixels),
        "posterised": _steps(small),
    }


def _tiles(values: Any, side: int) -> Any:
    """The means of the whole tiles of ``side`` × ``side``."""
    height, width = (length // side * side for length in values.shape)
    return values[:height, :width].reshape(height // side, side, width // side, side).mean((1, 3)).ravel()


def _softness(values: Floats) -> tuple[float, float]:
    """How little fine detail comes with the coarse, in the sharpest tiles: what lies out of focus by intent does not
    count while something is sharp. And how little detail there is at all. Both are logarithms."""
    import cv2
    import numpy as np

    first = cv2.GaussianBlur(values, (0, 0), 0.8)
    second = cv2.GaussianBlur(first, (0, 0), 1.6)
    third = cv2.GaussianBlur(second, (0, 0), 3.2)
    side = min(_TILE, *values.shape)
    fine, coarse = _tiles((first - second) ** 2, side), _tiles((second - third) ** 2, side)
    most = float(np.percentile(coarse, 95))
    telling = coarse >= min(4.0, most)
    ratio = float(np.percentile(fine[telling] / (coarse[telling] + 0.5), 90))
    return -0.5 * math.log(ratio + 1e-4), -0.5 * math.log(most + 1e-2)


def _grain(values: Floats) -> float:
    """The deviation of noise in the smoothest tiles, in grey levels. Black and white show half of it: enough."""
    import cv2
    import numpy as np

    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    rough = _tiles(np.abs(cv2.filter2D(values, -1, kernel)), _SMALL_TILE)
    return float(np.percentile(rough, 15)) * math.sqrt(math.pi / 2) / 6


def _specks(plain: Bytes) -> float:
    """The share of pixels far brighter or far darker than all eight neighbours. A thin line is none."""
    import cv2
    import numpy as np

    around = np.ones((3, 3), np.uint8)
    around[1, 1] = 0
    brighter = cv2.subtract(plain, cv2.dilate(plain, around)) > 30
    darker = cv2.subtract(cv2.erode(plain, around), plain) > 30
    return float(np.count_nonzero(brighter | darker)) / plain.size


def _stripes(values: Floats) -> float:
    """The amplitude, in grey levels, of the strongest wave that runs through all parts of the picture in step."""
    import cv2
    import numpy as np

    strongest = 0.0
    for turned in (values, values.T):
        length, across = turned.shape
        parts = 8
        lowest = max(3, length // 24)
        profile = np.ascontiguousarray(turned[:, : across // parts * parts]).reshape(length, parts, -1).mean(2)
        profile = profile - cv2.blur(profile, (1, 2 * (length // 24) + 1))
        waves = np.fft.rfft(profile * np.hanning(length)[:, None], axis=0)[lowest:] * 4 / length
        in_step = np.abs(waves.sum(1)) / parts
        weak_part = np.sort(np.abs(waves), axis=1)[:, 1] * 1.5
        strongest = max(strongest, float(np.minimum(in_step, weak_part).max(initial=0.0)))
    return strongest


def _missing_side(values: Floats) -> float:
    """The share of the picture that an even strip along one side takes, weighed by how much of the strip's inner edge
    is a hard step. White paper around a drawing has no such step. A strip in the very grey that decoders put where a
    file ends counts without a step."""
    import numpy as np

    worst = 0.0
    for turned in (values, values.T):
        still = (np.abs(np.diff(turned, axis=0)) > 2).mean(1) < 0.1
        for rows, quiet in ((turned, still), (turned[::-1], still[::-1])):
            run = len(quiet) if quiet.all() else int(np.argmin(quiet))
            if 0.1 * len(rows) < run < len(rows) - 8:
                step = float((np.abs(rows[max(run - 3, 0)] - rows[run + 4]) > 10).mean())
                filled = float((np.abs(rows[: max(run - 3, 1)] - 128) <= 3).mean())
                worst = max(worst, run / len(rows) * max(step, filled if filled > 0.95 else 0.0))
    return worst


def _smear(values: Floats) -> float:
    """The share of the picture, from one side, where lines repeat: much change along them, none across."""
    import numpy as np

    longest = 0.0
    down, along = np.abs(np.diff(values, axis=0)), np.abs(np.diff(values, axis=1))
    for across, within_line in ((down, along), (along.T, down.T)):
        next_line = across.mean(1)
        in_line = within_line[: len(next_line)]
        # A few hard steps are the sides of a post; a smear of anything has changes all along.
        busy = (in_line > 2).mean(1) > 0.07
        count = len(next_line)
        same = busy & (next_line < 0.12 * in_line.mean(1))
        for run in (same, same[::-1]):
            longest = max(longest, (len(run) if run.all() else int(np.argmin(run))) / count)
    return longest


def _blocks(pixels: Bytes) -> float:
    """How much larger the steps between neighbours are at every eighth line than elsewhere; about 1 without blocks."""
    import cv2
    import numpy as np

    height, width = pixels.shape[:2]
    top, left = max(0, (height - SAMPLE) // 2), max(0, (width - SAMPLE) // 2)
    plain = grey(np.ascontiguousarray(pixels[top : top + SAMPLE, left : left + SAMPLE]))
    found = 1.0
    for axis in (0, 1):
        one, other = (plain[1:], plain[:-1]) if axis == 0 else (plain[:, 1:], plain[:, :-1])
        # Outlines are clipped: the many small steps of a compression shall decide, not a few large ones.
        steps = np.minimum(cv2.absdiff(one, other), 30)
        line = cv2.reduce(steps, 1 - axis, cv2.REDUCE_AVG, dtype=cv2.CV_32F).ravel()
        phases = line[: len(line) // 8 * 8].reshape(-1, 8).mean(0)
        place = int(phases.argmax())
        found *= (float(phases[place]) + 0.1) / (float(np.median(np.delete(phases, place))) + 0.1)
    return math.sqrt(found)


def _steps(pixels: Bytes) -> float:
    """The share of values that sit on a few even levels, in the channel where that is least: between black and white,
    or of all values where few steps between neighbours are small, as a drawing's soft outlines would have.

    Only even spots count, where there are enough: a later compression leaves those as they were.
    """
    import cv2
    import numpy as np

    window = np.ones((5, 5), np.uint8)
    uneven = cv2.subtract(cv2.dilate(pixels, window), cv2.erode(pixels, window)).max(2)
    even = (uneven <= _EVEN).astype(np.uint8)
    spots = even if even.mean() > 0.05 else None
    counts = [cv2.calcHist([pixels], [channel], spots, [256], [0, 256]).ravel() for channel in range(3)]
    levels = np.stack(counts) / float(counts[0].sum())
    between = np.where((np.arange(256) > 5) & (np.arange(256) < 250), levels, 0)
    jumps = []
    for one, other in ((pixels[2:], pixels[:-2]), (pixels[:, 2:], pixels[:, :-2])):
        step = np.ascontiguousarray(cv2.absdiff(one, other))
        jumps.append([cv2.calcHist([step], [channel], None, [256], [0, 256]).ravel() for channel in range(3)])
    steps = np.asarray(jumps).sum(0)
    hard = np.log((steps[:, 48:].sum(1) + 50) / (steps[:, 8:40].sum(1) + 50))
    whole = _on_combs(levels) * float(np.clip((np.median(hard) + 2) / 2, 0, 1))
    # Without colours two levels are line art.
    whole *= min(float(cv2.absdiff(pixels[..., 0], pixels[..., 2]).mean()) / 8, 1.0)
    return max(_on_combs(between), whole)


def _on_combs(levels: Any) -> float:
    """The share of ``levels`` on the best comb, in the channel where it is least, with and without the fullest level:
    a drawing's paper may lie on a comb by chance, but then its other colours don't."""
    import numpy as np

    combs, few = _combs(), 0.02  # where there is next to nothing, that says nothing
    rest = _without_fullest(levels)
    all_of_it = combs @ levels.T / (levels.sum(1) + few)
    others = np.where(rest.sum(1) > 0.05, combs @ rest.T / (rest.sum(1) + few), 1.0)
    return float(np.minimum(all_of_it, others).min(1).max())


def _without_fullest(levels: Any) -> Any:
    """``levels`` of each channel without the nine around the fullest."""
    import numpy as np

    sums = np.stack([np.convolve(each, np.ones(9), "same") for each in levels])
    far = np.abs(np.arange(levels.shape[1])[None] - sums.argmax(1)[:, None]) > 4
    return np.where(far, levels, 0)


def _combs() -> Any:
    """Which values lie near the levels of a picture of two to five levels, by the three usual ways of rounding."""
    import numpy as np

    combs = []
    for count in range(2, 6):
        places = np.arange(count)
        for levels in (places * 256 / count, places * 255 / (count - 1), (places + 0.5) * 256 / count):
            far = np.abs(np.arange(256)[:, None] - np.round(levels)[None]).min(1)
            combs.append(far <= 4)
    return np.asarray(combs, np.float64)
