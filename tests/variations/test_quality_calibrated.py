"""The calibrated profile: intact pictures pass at any size and mode, spoilt ones don't, and it says why."""

from __future__ import annotations

import dataclasses
import gc
from collections.abc import Callable
from functools import cache

import numpy as np
import psutil
import pytest
from PIL import Image

from lorakeeper.py.errors import UsageError
from lorakeeper.py.variations.calibrated import Limit, Limits
from lorakeeper.py.variations.quality import CALIBRATED, VariationQualityAnalyzer
from lorakeeper.testing.pictures import FAULTS, MAKERS, edited, encoded, mirrored

SEEDS = range(8)
WORDS = {
    "blurred": ("blurred",),
    "noisy": ("noise", "specks"),
    "banded": ("stripes",),
    "blank": ("nothing on it",),
    "half grey": ("missing",),
    "cut off": ("missing", "smeared"),
    "over-compressed": ("compression",),
    "posterised": ("steps of colour",),
}


@cache
def photograph(size: tuple[int, int]) -> Image.Image:
    return MAKERS["photograph"](3, size)


@pytest.fixture(scope="module")
def analyzer() -> VariationQualityAnalyzer:
    return VariationQualityAnalyzer()


@pytest.fixture(scope="module")
def intact() -> dict[str, list[Image.Image]]:
    return {name: [make(seed) for seed in SEEDS] for name, make in MAKERS.items()}


@pytest.mark.parametrize("name", MAKERS)
def test_intact_pictures_are_accepted(
    name: str, analyzer: VariationQualityAnalyzer, intact: dict[str, list[Image.Image]]
) -> None:
    reasons = [analyzer.why_not(analyzer.analyze_variation_quality(None, image)) for image in intact[name]]

    assert sum(not each for each in reasons) >= 0.95 * len(reasons), reasons


@pytest.mark.parametrize("fault", FAULTS)
def test_spoilt_pictures_score_below_intact_ones(
    fault: str, analyzer: VariationQualityAnalyzer, intact: dict[str, list[Image.Image]]
) -> None:
    images = [image for each in intact.values() for image in each]
    good = np.array([analyzer.analyze_variation_quality(None, image).overall_quality for image in images])
    spoilt = [encoded(FAULTS[fault](image, seed), 90) for seed, image in enumerate(images)]
    bad = np.array([analyzer.analyze_variation_quality(None, image).overall_quality for image in spoilt])

    # Black that is cut off with black shows nothing, nor does a night in four steps; so not every single one is told.
    assert (good[:, None] > bad[None]).mean() >= (0.85 if fault in {"cut off", "posterised"} else 0.97)


@pytest.mark.parametrize("fault", FAULTS)
def test_the_reason_names_the_fault(fault: str, analyzer: VariationQualityAnalyzer) -> None:
    metrics = analyzer.analyze_variation_quality(None, FAULTS[fault](MAKERS["photograph"](1), 5))

    reasons = analyzer.why_not(metrics)
    assert any(word in reason for word in WORDS[fault] for reason in reasons), reasons


@pytest.mark.parametrize("size", [(160, 160), (640, 400), (1024, 1024), (1280, 1280)])
@pytest.mark.parametrize("fault", [None, "blurred", "noisy", "banded", "half grey"])
def test_the_verdict_is_the_same_at_any_resolution(
    size: tuple[int, int], fault: str | None, analyzer: VariationQualityAnalyzer
) -> None:
    image = photograph(size)
    metrics = analyzer.analyze_variation_quality(None, image if fault is None else FAULTS[fault](image, 4))

    assert analyzer.is_acceptable_quality(metrics) == (fault is None), metrics


def test_similarity_is_the_same_at_any_resolution(analyzer: VariationQualityAnalyzer) -> None:
    image = photograph((1024, 1024))
    other = edited(image.resize((640, 640), 1)).resize((1024, 1024), 1)
    large = analyzer.analyze_variation_quality(image, other).similarity
    half = analyzer.analyze_variation_quality(image.resize((512, 512), 1), other.resize((640, 640), 1)).similarity

    assert large == pytest.approx(half, abs=0.02)


def test_an_edit_is_similar_enough_and_a_copy_too_similar(analyzer: VariationQualityAnalyzer) -> None:
    image, stranger = MAKERS["photograph"](4), MAKERS["drawing"](4)

    assert analyzer.is_acceptable_quality(analyzer.analyze_variation_quality(image, edited(image), [stranger]))
    assert "nearly its original" in " ".join(analyzer.why_not(analyzer.analyze_variation_quality(image, image)))
    assert "too little" in " ".join(
        analyzer.why_not(analyzer.analyze_variation_quality(image, Image.effect_noise(image.size, 60).convert("RGB")))
    )


def test_one_like_the_others_is_refused(analyzer: VariationQualityAnalyzer) -> None:
    image = MAKERS["photograph"](4)
    variation = edited(image)
    metrics = analyzer.analyze_variation_quality(image, variation, [encoded(variation, 80)])

    assert metrics.diversity == pytest.approx(0, abs=0.05)
    assert "other variations" in " ".join(analyzer.why_not(metrics))


def sixteen_bits(image: Image.Image) -> Image.Image:
    return Image.fromarray(np.asarray(image.convert("L"), np.uint16) * 257)


@pytest.mark.parametrize(
    "convert",
    [
        lambda image: image.convert("L").convert("RGBA"),
        lambda image: image.convert("LA"),
        sixteen_bits,
        lambda image: Image.fromarray(np.asarray(image.convert("L"), np.int32) * 257),
        lambda image: Image.fromarray(np.asarray(image.convert("L"), np.float32) / 255),
    ],
    ids=["RGBA", "LA", "I;16", "I", "F"],
)
@pytest.mark.parametrize("profile", ["classic", "calibrated"])
def test_modes_of_the_same_grey_picture_score_the_same(
    convert: Callable[[Image.Image], Image.Image], profile: str
) -> None:
    analyzer = VariationQualityAnalyzer(profile)  # type: ignore[arg-type]
    plain, original = MAKERS["photograph"](5).convert("L"), MAKERS["photograph"](6)
    wanted = analyzer.analyze_variation_quality(original, plain, [original])

    assert analyzer.analyze_variation_quality(original, convert(plain), [original]) == wanted


def test_what_is_transparent_shows_grey(analyzer: VariationQualityAnalyzer) -> None:
    clear = Image.new("RGBA", (64, 64), (255, 0, 0, 0))
    grey = Image.new("RGB", (64, 64), (128, 128, 128))

    assert analyzer.analyze_variation_quality(None, clear) == analyzer.analyze_variation_quality(None, grey)


def test_a_picture_and_its_mirror_image_have_the_same_traces(analyzer: VariationQualityAnalyzer) -> None:
    image = MAKERS["photograph"](7)
    one, other = (analyzer.analyze_variation_quality(None, each) for each in (image, mirrored(image)))

    assert other.aesthetic == pytest.approx(one.aesthetic, abs=0.02)
    assert other.object_integrity == pytest.approx(one.object_integrity, abs=0.02)


def test_every_limit_is_an_input() -> None:
    lenient = Limits(blurred=Limit(5.0, 0.05), blank=Limit(5.0, 0.05))
    analyzer = VariationQualityAnalyzer(thresholds=dataclasses.replace(CALIBRATED, limits=lenient))
    soft = FAULTS["blurred"](MAKERS["photograph"](1), 5)

    assert analyzer.is_acceptable_quality(analyzer.analyze_variation_quality(None, soft))


@pytest.mark.parametrize(("middle", "width"), [(float("nan"), 1), (1, 0), (1, -1)])
def test_limits_that_make_no_sense_are_refused(middle: float, width: float) -> None:
    with pytest.raises(UsageError):
        Limit(middle, width)


@pytest.mark.parametrize("size", [(31, 400), (1, 1), (400, 31)])
def test_pictures_too_small_to_judge_are_refused(size: tuple[int, int], analyzer: VariationQualityAnalyzer) -> None:
    with pytest.raises(UsageError, match="32 pixels"):
        analyzer.analyze_variation_quality(None, Image.new("RGB", size))


@pytest.mark.parametrize("size", [(32, 32), (33, 2000), (3000, 40), (47, 61)])
@pytest.mark.parametrize("value", [0, 128, 255])
def test_even_pictures_of_odd_shapes_are_blank(size: tuple[int, int], value: int) -> None:
    analyzer = VariationQualityAnalyzer()
    metrics = analyzer.analyze_variation_quality(None, Image.new("RGB", size, (value, value, value)), [])

    assert "There is next to nothing on it." in analyzer.why_not(metrics)


def test_memory_does_not_grow_over_a_thousand_pictures(analyzer: VariationQualityAnalyzer) -> None:
    images = [MAKERS["photograph"](seed, (64, 64)) for seed in range(4)]

    def judge(count: int) -> int:
        for at in range(count):
            analyzer.analyze_variation_quality(images[at % 4], images[(at + 1) % 4], images[:1])
        gc.collect()
        return int(psutil.Process().memory_info().rss)

    before = judge(100)

    assert judge(900) - before < 16 << 20
