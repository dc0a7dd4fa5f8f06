"""Judging a variation: how near it is to its original, how far from the others, and whether it is a good picture.

Two profiles with the same names of metrics. ``classic`` takes global figures at the picture's own size and thresholds
that few pictures reach; ``calibrated`` looks for traces of faults at one working size. Scores are 0 to 1, but a
similarity can be a little below 0.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from ..errors import UsageError
from . import calibrated, classic
from .pixels import colours

if TYPE_CHECKING:
    from PIL.Image import Image

Profile = Literal["classic", "calibrated"]
PROFILES: tuple[Profile, ...] = ("calibrated", "classic")

WEIGHTS: Mapping[str, float] = MappingProxyType(
    {"similarity": 0.2, "diversity": 0.3, "aesthetic": 0.3, "object_integrity": 0.2}
)
_MISSING = 0.5  # what a metric counts that there is nothing to measure by
_ASTRAY = 0.1  # what a similarity out of range counts
_WORDS = {
    "blurred": "It is blurred.",
    "blank": "There is next to nothing on it.",
    "noisy": "It is full of noise.",
    "speckled": "It is full of specks.",
    "striped": "There are stripes all over it.",
    "cut off": "A side of it is missing.",
    "smeared": "A side of it is smeared.",
    "blocky": "It shows the blocks of a strong compression.",
    "posterised": "It has only a few steps of colour.",
}


@dataclass(frozen=True)
class Thresholds:
    """What an acceptable picture must reach. ``limits`` matter to the profile ``calibrated`` only."""

    similarity_min: float
    similarity_max: float
    diversity: float
    aesthetic: float
    object_integrity: float
    overall: float
    limits: calibrated.Limits = field(default_factory=calibrated.Limits)

    def __post_init__(self) -> None:
        numbers = (self.diversity, self.aesthetic, self.object_integrity, self.overall)
        if not all(math.isfinite(each) and 0 <= each <= 1 for each in numbers):
            raise UsageError("Every threshold of quality must lie between 0 and 1.")
        if not -1 <= self.similarity_min < self.similarity_max <= 1:
            raise UsageError("The similarities that are wanted must be a range between -1 and 1.")


CLASSIC = Thresholds(0.3, 0.9, 0.2, 0.6, 0.7, 0.6)
CALIBRATED = Thresholds(0.15, 0.96, 0.1, 0.6, 0.5, 0.5)


_NAMES = ("similarity", "diversity", "aesthetic", "object_integrity", "overall_quality")


@dataclass(frozen=True)
class Metrics(Mapping[str, float]):
    """The scores by their names; as attributes they are None where there was nothing to compare with. ``suspicions``
    says of which faults there are traces, each 0 to 1; it is empty in the profile ``classic``."""

    similarity: float | None
    diversity: float | None
    aesthetic: float
    object_integrity: float
    overall_quality: float
    suspicions: Mapping[str, float] = field(default_factory=dict)

    def __getitem__(self, name: str) -> float:
        value: float | None = getattr(self, name) if name in _NAMES else None
        if value is None:
            raise KeyError(name)
        return value

    def __iter__(self) -> Iterator[str]:
        return (name for name in _NAMES if getattr(self, name) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class VariationQualityAnalyzer:
    """Measures and judges by one profile. Keeps nothing between calls; safe in threads."""

    def __init__(self, profile: Profile = "calibrated", thresholds: Thresholds | None = None) -> None:
        if profile not in PROFILES:
            raise UsageError(f"There is no profile {profile!r} of quality: take {' or '.join(PROFILES)}.")
        self.profile = profile
        self.thresholds = thresholds or (CLASSIC if profile == "classic" else CALIBRATED)

    def analyze_variation_quality(
        self, original: Image | None, variation: Image, other_variations: Sequence[Image] | None = None
    ) -> Metrics:
        """Scores ``variation``. Without an original there is no similarity; without ``other_variations`` (None) there
        is no diversity, while none so far (an empty list) makes it as diverse as can be."""
        if self.profile == "classic":
            return self._classic(original, variation, other_variations)
        return self._calibrated(original, variation, other_variations)

    def from_suspicions(
        self, found: Mapping[str, float], similarity: float | None = None, diversity: float | None = None
    ) -> Metrics:
        """The calibrated metrics, where the suspicions were measured before."""
        aesthetic, integrity = calibrated.aesthetic(found), calibrated.object_integrity(found)
        overall = self.overall(similarity, diversity, aesthetic, integrity)
        return Metrics(similarity, diversity, aesthetic, integrity, overall, found)

    def is_acceptable_quality(self, metrics: Mapping[str, float]) -> bool:
        return not self.why_not(metrics)

    def why_not(self, metrics: Mapping[str, float]) -> list[str]:
        """What keeps ``metrics`` from being acceptable, one sentence each; empty where nothing does. A similarity or a
        diversity that is not there counts for nothing."""
        wanted, reasons = self.thresholds, list[str]()
        similarity, diversity = metrics.get("similarity"), metrics.get("diversity")
        if similarity is not None and not similarity >= wanted.similarity_min:
            reasons.append(
                f"It has too little of its original (similarity {similarity:.2f}, wanted"
                f" {wanted.similarity_min:.2f} or more)."
            )
        if similarity is not None and not similarity <= wanted.similarity_max:
            reasons.append(
                f"It is nearly its original (similarity {similarity:.2f}, wanted {wanted.similarity_max:.2f} or less)."
            )
        if diversity is not None and not diversity >= wanted.diversity:
            reasons.append(
                f"It is too much like the other variations (diversity {diversity:.2f}, wanted"
                f" {wanted.diversity:.2f} or more)."
            )
        low = [
            f"Its {name} is {score:.2f}, wanted {least:.2f} or more."
            for name, score, least in (
                ("aesthetic score", metrics["aesthetic"], wanted.aesthetic),
                ("object integrity", metrics["object_integrity"], wanted.object_integrity),
                ("overall quality", metrics["overall_quality"], wanted.overall),
            )
            if not score >= least
        ]
        if low and isinstance(metrics, Metrics):
            faults = sorted(metrics.suspicions.items(), key=lambda each: -each[1])
            reasons += [_WORDS[name] for name, suspicion in faults if suspicion >= 0.5]
        return reasons + low

    def _classic(self, original: Image | None, variation: Image, others: Sequence[Image] | None) -> Metrics:
        pixels = colours(variation)
        similarity = None if original is None else classic.similarity(original, variation)
        diversity = None if others is None else _apart([classic.similarity(each, variation) for each in others])
        aesthetic, integrity = classic.aesthetic(pixels), classic.object_integrity(pixels)
        return Metrics(
            similarity, diversity, aesthetic, integrity, self.overall(similarity, diversity, aesthetic, integrity)
        )

    def _calibrated(self, original: Image | None, variation: Image, others: Sequence[Image] | None) -> Metrics:
        pixels = colours(variation)
        found = calibrated.suspicions(pixels, self.thresholds.limits)
        similarity = None if original is None else calibrated.similarity(colours(original), pixels)
        diversity = None
        if others is not None:
            diversity = _apart([calibrated.similarity(colours(each), pixels) for each in others])
        return self.from_suspicions(found, similarity, diversity)

    def overall(self, similarity: float | None, diversity: float | None, aesthetic: float, integrity: float) -> float:
        """The weighed mean. Best is a similarity in the middle of the wanted range, and 0 at its ends."""
        low, high = (
            (CLASSIC.similarity_min, CLASSIC.similarity_max)
            if self.profile == "classic"
            else (self.thresholds.similarity_min, self.thresholds.similarity_max)
        )
        nearness = _MISSING
        if similarity is not None:
            inside = low <= similarity <= high
            nearness = 1 - abs(similarity - (low + high) / 2) / ((high - low) / 2) if inside else _ASTRAY
        scores = {
            "similarity": nearness,
            "diversity": _MISSING if diversity is None else diversity,
            "aesthetic": aesthetic,
            "object_integrity": integrity,
        }
        return sum(WEIGHTS[name] * score for name, score in scores.items())


def _apart(similarities: Sequence[float]) -> float:
    """The mean of 1 − similarity; 1 where there is nobody to be like."""
    return 1 - sum(similarities) / len(similarities) if similarities else 1.0
