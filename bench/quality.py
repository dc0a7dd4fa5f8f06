"""How well the calibrated profile tells intact pictures from spoilt ones, and how fast: ``python bench/quality.py``.

Give it folders of still pictures: ``python bench/quality.py FOLDER …``. The shipped limits come from the pictures in
the PyPI package ``comfyui-workflow-templates-media-image`` and the photographs (``nature``) of Debian's
``mate-backgrounds``. Every second scene sets the limits (``--fit`` prints them), the others only report. Pictures of
one scene, which are named alike but for a last number, stay together. Each picture is spoilt once in each way, by
chance in kind and strength; half of the spoilt ones are then saved as JPEG or WebP, as a fault is rarely fresh. Without
folders made pictures are taken, which no limit comes from.

Then the time of all metrics on 1024², against plain scikit-image and OpenCV calls for the classic ones, in one run;
medians of alternating rounds. Exit code 1 where an AUC is under 0.97, under 95 % of the intact are accepted, or the
time is over a third.
"""

from __future__ import annotations

import argparse
import re
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lorakeeper.py.variations.calibrated import Limit, Limits
from lorakeeper.py.variations.faults import traces
from lorakeeper.py.variations.pixels import colours, opaque
from lorakeeper.py.variations.quality import VariationQualityAnalyzer
from lorakeeper.testing.pictures import FAULTS, MAKERS, encoded

if TYPE_CHECKING:
    from PIL.Image import Image

AUC, ACCEPTED, TIME = 0.97, 0.95, 1 / 3
PASSED = 0.97  # of the intact ones of the half that sets the limits
LONGEST = 512  # larger pictures are reduced before they are spoilt
SUFFIXES = {".webp", ".png", ".jpg", ".jpeg"}
# Which faults of FAULTS each trace is there to find.
FINDS = {
    "blurred": {"blurred"},
    "blank": {"blank"},
    "noisy": {"noisy"},
    "speckled": {"noisy"},
    "striped": {"banded"},
    "cut off": {"cut off", "half grey"},
    "smeared": {"cut off"},
    "blocky": {"over-compressed"},
    "posterised": {"posterised"},
}

Traces = dict[str, float]


def pictures(folders: list[Path]) -> Iterator[tuple[str, Image]]:
    """Scenes and their still pictures."""
    from PIL import Image as Images

    paths = sorted(path for folder in folders for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    for path in paths:
        with Images.open(path) as image:
            if getattr(image, "n_frames", 1) == 1:
                picture = opaque(image).copy()
                picture.thumbnail((LONGEST, LONGEST), Images.Resampling.LANCZOS)
                yield re.sub(r"-\d$", "", path.stem), picture
    if not folders:
        for seed in range(40):
            for name, make in MAKERS.items():
                yield f"{name} {seed}", make(seed, (400, 400))


def measured(folders: list[Path]) -> tuple[dict[str, list[Traces]], dict[str, list[Traces]]]:
    """The traces of the half that sets the limits and of the half that reports, by fault; ``""`` is intact."""
    halves: tuple[dict[str, list[Traces]], dict[str, list[Traces]]] = ({}, {})
    scenes: dict[str, int] = {}
    for index, (scene, image) in enumerate(pictures(folders)):
        half = halves[scenes.setdefault(scene, len(scenes)) % 2]
        half.setdefault("", []).append(traces(colours(image)))
        for place, (name, spoil) in enumerate(FAULTS.items(), 1):
            spoilt = spoil(image, index * 17 + place)
            if name != "over-compressed" and (index + place) % 2:
                spoilt = encoded(spoilt, 88, "WEBP" if (index + place) % 4 == 1 else "JPEG")
            half.setdefault(name, []).append(traces(colours(spoilt)))
    return halves


def auc(intact: list[float], spoilt: list[float]) -> float:
    """How often an intact picture scores higher than a spoilt one; a draw counts half."""
    one, other = np.asarray(intact)[:, None], np.asarray(spoilt)[None]
    return float((one > other).mean() + 0.5 * (one == other).mean())


def fitted(half: dict[str, list[Traces]]) -> Limits:
    """Of the ways to set limits that let 97 % of this half's intact pictures pass, the one that tells best what it
    tells worst."""
    found = []
    for weight in (5, 10, 15, 20, 25, 30, 40):
        for slack in (0.02, 0.04, 0.06, 0.08, 0.1, 0.12, 0.14, 0.16):
            limits = limits_of(half, weight, slack)
            accepted, areas, _ = judged(half, limits)
            if accepted[""] >= PASSED:
                found.append((min(area[2] for area in areas.values()), limits))
    return max(found, key=lambda each: each[0])[1]


def limits_of(half: dict[str, list[Traces]], weight: float, slack: float) -> Limits:
    """For each trace the middle of the range of limits that part about best, and a quarter of that range, or more where
    the intact spread more. A wrongly suspected picture counts as much as ``weight`` overlooked ones; ``slack`` is how
    much less than the best is about the best."""
    limits = {}
    for name, faults in FINDS.items():
        intact = np.asarray([each[name] for each in half[""]])
        spoilt = np.asarray([each[name] for fault in faults for each in half[fault]])
        ends = np.unique(np.concatenate([intact, spoilt]))
        middles = (ends[1:] + ends[:-1]) / 2
        gains = (spoilt > middles[:, None]).mean(1) - weight * (intact > middles[:, None]).mean(1)
        best = np.flatnonzero(gains >= gains.max() - slack)
        low, high = float(ends[best[0]]), float(ends[best[-1] + 1])
        spread = float(np.subtract(*np.percentile(intact, [75, 25])))
        limits[name.replace(" ", "_")] = Limit((low + high) / 2, max((high - low) / 4, spread / 8, 0.005))
    return Limits(**limits)


Areas = dict[str, tuple[float, ...]]


def judged(half: dict[str, list[Traces]], limits: Limits) -> tuple[dict[str, float], Areas, float]:
    """The share that is accepted, by fault; the AUC of aesthetic, integrity and overall for each fault; that of overall
    for all faults together."""
    analyzer = VariationQualityAnalyzer()
    scores: dict[str, list[tuple[float, float, float]]] = {}
    accepted: dict[str, float] = {}
    for fault, found in half.items():
        metrics = [analyzer.from_suspicions(limits.suspicions(each)) for each in found]
        scores[fault] = [(each.aesthetic, each.object_integrity, each.overall_quality) for each in metrics]
        accepted[fault] = sum(map(analyzer.is_acceptable_quality, metrics)) / len(metrics)
    areas = {
        fault: tuple(auc([each[at] for each in scores[""]], [each[at] for each in scores[fault]]) for at in range(3))
        for fault in FAULTS
    }
    everything = [each[2] for fault in FAULTS for each in scores[fault]]
    return accepted, areas, auc([each[2] for each in scores[""]], everything)


def report(half: dict[str, list[Traces]], limits: Limits) -> bool:
    """Whether what is promised holds."""
    accepted, areas, together = judged(half, limits)
    print(f"{'fault':16} {'aesthetic':>9} {'integrity':>9} {'overall':>9}  accepted")
    for fault, area in areas.items():
        print(f"{fault:16} {area[0]:9.3f} {area[1]:9.3f} {area[2]:9.3f}  {accepted[fault]:6.1%}")
    print(f"{'all together':16} {'':9} {'':9} {together:9.3f}  limit {AUC}")
    print(f"{'intact':46}  {accepted['']:6.1%} of {len(half[''])}, limit {ACCEPTED:.0%}")
    return together >= AUC and accepted[""] >= ACCEPTED


def plain(original: Image, variation: Image) -> tuple[float, ...]:
    """The classic metrics by the calls that one would write down first."""
    import cv2
    from skimage.metrics import structural_similarity

    one, other = np.array(original), np.array(variation)
    grey, others = cv2.cvtColor(one, cv2.COLOR_RGB2GRAY), cv2.cvtColor(other, cv2.COLOR_RGB2GRAY)
    similarity = structural_similarity(grey, others)  # type: ignore[no-untyped-call]
    variance = np.var([np.var(other[:, :, channel]) for channel in range(3)])
    contrast, balance = np.std(others), np.mean(others)
    sharpness = cv2.Laplacian(others, cv2.CV_64F).var()
    _, _, stats, _ = cv2.connectedComponentsWithStats(cv2.Canny(others, 50, 150), connectivity=8)
    return tuple(map(float, (similarity, variance, contrast, balance, sharpness, len(stats))))


def timing(rounds: int) -> bool:
    size = (1024, 1024)
    original, variation = MAKERS["photograph"](1, size), MAKERS["photograph"](2, size)
    analyzer, classic = VariationQualityAnalyzer(), VariationQualityAnalyzer("classic")
    works: dict[str, Callable[[], object]] = {
        "plain": lambda: plain(original, variation),
        "calibrated": lambda: analyzer.analyze_variation_quality(original, variation),
        "classic": lambda: classic.analyze_variation_quality(original, variation),
    }
    took: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds + 1):
        for name, work in works.items():
            began = time.perf_counter()
            work()
            took[name].append(time.perf_counter() - began)
    middle = {name: statistics.median(each[1:]) for name, each in took.items()}
    for name, seconds in middle.items():
        print(f"{name:12} {seconds * 1000:7.1f} ms   {seconds / middle['plain']:5.2f} of plain")
    print(f"{'limit':12} {'':10}   {TIME:5.2f}, for calibrated")
    return middle["calibrated"] <= middle["plain"] * TIME


def main() -> bool:
    import cv2

    cv2.setNumThreads(1)
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folders", nargs="*", type=Path)
    options.add_argument("--fit", action="store_true", help="print the limits that the first half would set")
    options.add_argument("--rounds", type=int, default=9)
    given = options.parse_args()
    first, second = measured(given.folders)
    if given.fit:
        limits = fitted(first)
        for each in fields(Limits):
            limit: Limit = getattr(limits, each.name)
            print(
                f"{each.name:12} Limit({limit.middle:.3g}, {limit.width:.2g})   shipped {getattr(Limits(), each.name)}"
            )
    good = report(second, Limits())
    return timing(given.rounds) and good


if __name__ == "__main__":
    sys.exit(not main())
