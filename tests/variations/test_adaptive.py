"""The three levels, and the rules by which they follow each other."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lorakeeper.py.errors import UsageError
from lorakeeper.py.variations.adaptive import AdaptiveQualityManager, QualityLevel, QualitySettings

HIGH, MEDIUM, LOW = QualityLevel.HIGH, QualityLevel.MEDIUM, QualityLevel.LOW


def after(level: QualityLevel, results: list[float]) -> AdaptiveQualityManager:
    manager = AdaptiveQualityManager(enabled=True, level=level)
    for each in results:
        manager.record(each)
    return manager


@pytest.mark.parametrize(
    ("level", "wanted"),
    [
        ("high", QualitySettings(2048, 0.8, 3)),
        ("medium", QualitySettings(1536, 0.6, 2)),
        ("low", QualitySettings(1024, 0.4, 1)),
    ],
)
def test_levels(level: str, wanted: QualitySettings) -> None:
    assert AdaptiveQualityManager(level=QualityLevel(level)).settings == wanted


@pytest.mark.parametrize(
    ("level", "mean", "wanted"),
    [
        (HIGH, 0.5, HIGH),
        (HIGH, 0.49, MEDIUM),
        (HIGH, 1.0, HIGH),
        (MEDIUM, 0.3, MEDIUM),
        (MEDIUM, 0.29, LOW),
        (MEDIUM, 0.8, MEDIUM),
        (MEDIUM, 0.81, HIGH),
        (LOW, 0.0, LOW),
        (LOW, 0.8, LOW),
        (LOW, 0.81, MEDIUM),
    ],
)
def test_the_mean_of_five_results_decides(level: QualityLevel, mean: float, wanted: QualityLevel) -> None:
    assert after(level, [mean] * 4).level is level
    assert after(level, [mean] * 5).level is wanted


def test_only_recent_results_count() -> None:
    assert after(HIGH, [1.0] * 20 + [0.0, 0.0, 0.0]).level is MEDIUM


def test_a_new_level_is_judged_by_its_own_results() -> None:
    assert after(HIGH, [0.0] * 9).level is MEDIUM
    assert after(HIGH, [0.0] * 10).level is LOW


def test_changes_are_told_with_their_reasons() -> None:
    manager = after(HIGH, [0.0] * 5 + [1.0] * 5)

    assert [(each.before, each.after) for each in manager.changes] == [(HIGH, MEDIUM), (MEDIUM, HIGH)]
    assert [str(each) for each in manager.changes] == [
        "After 5 results the quality level was lowered from high to medium: 0% of the last 5 succeeded.",
        "After 10 results the quality level was restored from medium to high: 100% of the last 5 succeeded.",
    ]


def test_unless_asked_nothing_changes() -> None:
    manager = AdaptiveQualityManager()
    for _ in range(30):
        assert manager.record(0.0) is None

    assert manager.level is HIGH
    assert manager.changes == ()


@pytest.mark.parametrize("rate", [-0.1, 1.1, float("nan")])
def test_rates_that_make_no_sense_are_refused(rate: float) -> None:
    with pytest.raises(UsageError):
        AdaptiveQualityManager(enabled=True).record(rate)


@given(st.lists(st.floats(0, 1), max_size=60))
def test_steps_are_single_and_at_least_five_results_apart(results: list[float]) -> None:
    changes = after(HIGH, results).changes
    order = list(QualityLevel)

    assert all(abs(order.index(each.before) - order.index(each.after)) == 1 for each in changes)
    assert all(later.result - each.result >= 5 for each, later in pairwise(changes))
