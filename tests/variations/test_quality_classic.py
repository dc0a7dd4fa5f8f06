"""The classic metrics against scikit-image and OpenCV called on their own, and every rule at its edges."""

from __future__ import annotations

import dataclasses
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from skimage.metrics import structural_similarity as reference

from lorakeeper.py.errors import UsageError
from lorakeeper.py.variations.quality import CLASSIC, Metrics, VariationQualityAnalyzer
from lorakeeper.py.variations.ssim import ssim_gaussian, ssim_uniform
from lorakeeper.testing.pictures import MAKERS, blurred, edited, noisy, photograph

CLOSE = 1e-6


@pytest.fixture
def analyzer() -> VariationQualityAnalyzer:
    return VariationQualityAnalyzer("classic")


def structural_similarity(one: Any, other: Any, **options: Any) -> float:
    return float(reference(one, other, **options))  # type: ignore[no-untyped-call]


def grey(image: Image.Image) -> np.ndarray:
    return cv2.cvtColor(np.array(image), cv2.COLOR_RGB2GRAY)


def expected_aesthetic(image: Image.Image) -> float:
    pixels, plain = np.array(image), grey(image)
    colour = min(np.var([pixels[:, :, channel].var() for channel in range(3)]) / 10000, 1)
    contrast = min(2 * plain.std() / 255, 1)
    balance = 1 - 2 * abs(plain.mean() / 255 - 0.5)
    sharpness = min(cv2.Laplacian(plain, cv2.CV_64F).var() / 1000, 1)
    return float(np.mean([colour, contrast, balance, sharpness]))


def expected_integrity(image: Image.Image) -> float:
    edges = cv2.Canny(grey(image), 50, 150)
    if edges.max() == 0:
        return 0.1
    count, labels = cv2.connectedComponents(edges, connectivity=8)
    areas = np.bincount(labels.ravel(), minlength=count)[1:]
    return min(int((areas > 0.01 * edges.size).sum()) / 10, 1)


@pytest.mark.parametrize("name", MAKERS)
def test_every_metric_is_what_other_libraries_compute(name: str, analyzer: VariationQualityAnalyzer) -> None:
    original, others = MAKERS[name](1), [MAKERS[name](5), MAKERS[name](6)]
    variation = noisy(edited(original), 3)

    metrics = analyzer.analyze_variation_quality(original, variation, others)

    def ssim(one: Image.Image) -> float:
        return structural_similarity(grey(one), grey(variation))

    assert metrics.similarity == pytest.approx(ssim(original), abs=CLOSE)
    assert metrics.diversity == pytest.approx(np.mean([1 - ssim(other) for other in others]), abs=CLOSE)
    assert metrics.aesthetic == pytest.approx(expected_aesthetic(variation), abs=CLOSE)
    assert metrics.object_integrity == pytest.approx(expected_integrity(variation), abs=CLOSE)


def test_edges_that_cover_a_hundredth_each_are_counted(analyzer: VariationQualityAnalyzer) -> None:
    pixels = np.full((90, 90, 3), 255, np.uint8)
    for left in (10, 40, 70):
        pixels[5:85, left : left + 8] = 0
    image = Image.fromarray(pixels)

    metrics = analyzer.analyze_variation_quality(None, image)

    assert metrics.object_integrity == pytest.approx(0.3)
    assert expected_integrity(image) == pytest.approx(0.3)


def test_without_edges_object_integrity_is_a_tenth(analyzer: VariationQualityAnalyzer) -> None:
    metrics = analyzer.analyze_variation_quality(None, Image.new("RGB", (50, 50), (90, 90, 90)))

    assert metrics.object_integrity == 0.1


def test_another_size_is_brought_to_the_originals(analyzer: VariationQualityAnalyzer) -> None:
    original, variation = MAKERS["photograph"](2, (200, 150)), MAKERS["photograph"](2, (300, 260))

    metrics = analyzer.analyze_variation_quality(original, variation)

    resized = variation.resize((200, 150), Image.Resampling.LANCZOS)
    assert metrics.similarity == pytest.approx(structural_similarity(grey(original), grey(resized)), abs=CLOSE)


def test_without_others_there_is_no_diversity_and_among_none_it_is_full(analyzer: VariationQualityAnalyzer) -> None:
    image = MAKERS["drawing"](1)

    assert "diversity" not in analyzer.analyze_variation_quality(image, image)
    assert analyzer.analyze_variation_quality(image, image, []).diversity == 1.0


@pytest.mark.parametrize(
    ("similarity", "counts"), [(0.6, 1.0), (0.45, 0.5), (0.75, 0.5), (0.29, 0.1), (0.91, 0.1), (None, 0.5)]
)
def test_overall_weighs_the_four(similarity: float | None, counts: float, analyzer: VariationQualityAnalyzer) -> None:
    overall = analyzer.overall(similarity, 0.4, 0.8, 0.3)

    assert overall == pytest.approx(0.2 * counts + 0.3 * 0.4 + 0.3 * 0.8 + 0.2 * 0.3)
    assert analyzer.overall(similarity, None, 0.8, 0.3) == pytest.approx(overall + 0.3 * 0.1)


GOOD = Metrics(similarity=0.6, diversity=0.5, aesthetic=0.7, object_integrity=0.8, overall_quality=0.7)


def changed(name: str, value: float) -> Metrics:
    options: dict[str, Any] = {name: value}
    return dataclasses.replace(GOOD, **options)


@pytest.mark.parametrize(
    ("name", "passes", "fails", "word"),
    [
        ("similarity", 0.3, 0.29, "too little"),
        ("similarity", 0.9, 0.91, "nearly its original"),
        ("diversity", 0.2, 0.19, "too much like"),
        ("aesthetic", 0.6, 0.59, "aesthetic score"),
        ("object_integrity", 0.7, 0.69, "object integrity"),
        ("overall_quality", 0.6, 0.59, "overall quality"),
        ("aesthetic", 0.6, float("nan"), "aesthetic score"),
    ],
)
def test_each_threshold_decides_and_says_so(
    name: str, passes: float, fails: float, word: str, analyzer: VariationQualityAnalyzer
) -> None:
    good, bad = changed(name, passes), changed(name, fails)

    assert analyzer.is_acceptable_quality(good)
    assert analyzer.why_not(good) == []
    assert not analyzer.is_acceptable_quality(bad)
    assert word in " ".join(analyzer.why_not(bad))
    assert all(reason.endswith(".") for reason in analyzer.why_not(bad))


def test_thresholds_are_inputs() -> None:
    picky = VariationQualityAnalyzer("classic", dataclasses.replace(CLASSIC, aesthetic=0.75))

    assert not picky.is_acceptable_quality(GOOD)


@pytest.mark.parametrize("change", [{"aesthetic": 1.1}, {"overall": float("nan")}, {"similarity_min": 0.95}])
def test_thresholds_that_make_no_sense_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        dataclasses.replace(CLASSIC, **change)


def test_an_unknown_profile_is_refused() -> None:
    with pytest.raises(UsageError, match="classic"):
        VariationQualityAnalyzer("best")  # type: ignore[arg-type]


def test_pictures_too_small_for_the_window_are_refused(analyzer: VariationQualityAnalyzer) -> None:
    small = Image.new("RGB", (6, 40))

    with pytest.raises(UsageError, match="7 pixels"):
        analyzer.analyze_variation_quality(small, small)


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(7, 40), st.integers(7, 40), st.sampled_from([1, 8, 40, 128]))
def test_ssim_of_any_pictures_is_scikit_images(seed: int, width: int, height: int, spread: int) -> None:
    chance = np.random.default_rng(seed)
    one = chance.integers(0, 256, (height, width), dtype=np.uint8)
    other = np.clip(one + chance.integers(-spread, spread + 1, one.shape), 0, 255).astype(np.uint8)

    assert ssim_uniform(one, other) == pytest.approx(structural_similarity(one, other), abs=CLOSE)


@pytest.mark.parametrize("name", MAKERS)
def test_gaussian_ssim_is_scikit_images_to_four_places(name: str) -> None:
    one, other = grey(MAKERS[name](3)), grey(blurred(MAKERS[name](3), 1))
    wanted = structural_similarity(one, other, gaussian_weights=True, sigma=1.5, use_sample_covariance=False)

    assert ssim_gaussian(one, other) == pytest.approx(wanted, abs=1e-4)


def test_scores_are_had_by_their_names() -> None:
    analyzer = VariationQualityAnalyzer("classic")
    metrics = analyzer.analyze_variation_quality(photograph(1), photograph(2), [])

    assert [*metrics] == ["similarity", "diversity", "aesthetic", "object_integrity", "overall_quality"]
    assert metrics["diversity"] == metrics.diversity == 1.0
    assert analyzer.is_acceptable_quality(dict(metrics)) == analyzer.is_acceptable_quality(metrics)
    with pytest.raises(KeyError):
        metrics["suspicions"]
