"""What is claimed of a log of activity: what was planted, and nothing in noise. The long form is bench/evidence.py."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import Generator
from numpy.typing import NDArray

from lorakeeper.py.analytics.chance import t_bound, t_tail
from lorakeeper.py.analytics.evidence import (
    Trend,
    holm,
    rhythm_of_hours,
    rhythm_of_weekdays,
    share_change,
    together,
    trend,
)

HISTORIES = 100
MOST = 13  # of 100 at 5 %: more are claimed once in 2,000 times
Array = NDArray[np.float64]


def counts(chance: Generator, means: Array, size: float = 1.0) -> Array:
    """Overdispersed: the variance is the mean and its square over ``size``."""
    return chance.poisson(chance.gamma(size, means / size)).astype(float)


def lasting(chance: Generator, days: int, phi: float = 0.6) -> Array:
    """Standard normal figures that hang together from day to day."""
    weights = phi ** np.arange(30) * math.sqrt(1 - phi * phi)
    return np.convolve(chance.standard_normal(days + 29), weights, "valid")


def claimed(judge: Callable[[Generator], float | None], seed: int) -> int:
    chance = np.random.default_rng(seed)
    ps = [judge(chance) for _ in range(HISTORIES)]
    return sum(p is not None and p < 0.05 for p in ps)


def found(each: Trend | None) -> Trend:
    assert each is not None
    return each


NOISE: dict[str, Callable[[Generator, int], Array]] = {
    "bursts": lambda chance, days: counts(chance, np.full(days, 5.0)),
    "rare": lambda chance, days: counts(chance, np.full(days, 0.5)),
    "weekly": lambda chance, days: counts(chance, np.resize([2.0, 2, 2, 2, 2, 6, 6], days)),
    "lasting": lambda chance, days: chance.poisson(5 * np.exp(0.8 * lasting(chance, days))).astype(float),
    "sizes": lambda chance, days: np.exp(1.5 * chance.standard_normal(days)) * (chance.random(days) < 0.6) * 1e9,
}


@pytest.mark.parametrize("days", [14, 30, 90])
@pytest.mark.parametrize("kind", NOISE)
def test_noise_has_no_trend(kind: str, days: int) -> None:
    def judge(chance: Generator) -> float | None:
        told = trend(NOISE[kind](chance, days))
        return told.p if told else None

    assert claimed(judge, days) <= MOST


def test_doubling_is_found_and_measured() -> None:
    chance = np.random.default_rng(1)
    level = 5 * 2 ** np.linspace(0, 1, 180)
    told = [found(trend(counts(chance, level, 3))) for _ in range(60)]

    assert sum(each.p < 0.05 and each.direction == "up" for each in told) >= 45
    assert sum(each.ratio_low <= 2 <= each.ratio_high for each in told) >= 53
    assert 1.8 < np.median([each.ratio for each in told]) < 2.2
    assert 5 / 180 * 0.8 < np.median([each.slope for each in told]) < 5 / 180 * 1.2


def test_decline_is_found_with_its_sign() -> None:
    told = found(trend(np.random.default_rng(2).poisson(20 * 3 ** -np.linspace(0, 1, 60))))

    assert told.direction == "down"
    assert told.p < 0.001
    assert 0.15 < told.ratio_low < 1 / 3 < told.ratio_high < 0.5
    assert told.slope_low < told.slope < told.slope_high < 0


@settings(max_examples=60)
@given(seed=st.integers(0, 10_000), days=st.integers(14, 120), growth=st.floats(0.2, 5))
def test_interval_and_p_say_the_same(seed: int, days: int, growth: float) -> None:
    told = trend(counts(np.random.default_rng(seed), 6 * growth ** np.linspace(0, 1, days)))
    if told is None:
        return

    assert told.ratio_low <= told.ratio <= told.ratio_high
    assert told.slope_low <= told.slope <= told.slope_high
    assert told.direction == ("up" if told.ratio > 1 else "down" if told.ratio < 1 else None)
    if abs(told.p - 0.05) > 1e-6:
        outside = told.ratio_low > 1 or told.ratio_high < 1
        assert outside == (told.p < 0.05)


def test_unit_does_not_matter() -> None:
    values = counts(np.random.default_rng(3), np.linspace(3, 9, 75))
    small, large = found(trend(values)), found(trend(values * 2**30))

    assert large.p == pytest.approx(small.p)
    assert large.ratio == pytest.approx(small.ratio)
    assert large.slope == pytest.approx(small.slope * 2**30)


def test_one_huge_day_makes_no_trend() -> None:
    values = np.random.default_rng(4).poisson(5, 60).astype(float)
    values[57] = 10_000

    assert found(trend(values)).p > 0.05


def test_holiday_hides_no_trend() -> None:
    values = np.random.default_rng(5).poisson(10 * 2.5 ** np.linspace(0, 1, 90)).astype(float)
    values[60:80] = 0

    told = found(trend(values))
    assert told.direction == "up"
    assert told.p < 0.01
    assert 1.7 < told.ratio < 3.7


def test_weekly_cycle_alone_is_no_trend() -> None:
    for days, first in itertools.product((14, 17, 30, 61), range(7)):
        assert found(trend(np.resize(np.roll([1.0, 1, 1, 1, 1, 9, 9], first), days))).p > 0.9


def test_too_little_has_no_trend() -> None:
    assert trend([]) is None
    assert trend([3]) is None
    assert trend([1] * 13) is None
    assert trend([0] * 90) is None
    assert trend([1, *[0] * 12] * 7) is None


def test_constant_figure_has_the_flat_trend() -> None:
    for value in (1, 0.1, 3e12):
        assert found(trend([value] * 40)) == Trend(None, 1.0, 0, 0, 0, 1, 1, 1)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -1.0])
def test_impossible_figures_are_refused(bad: float) -> None:
    values = [1.0] * 27 + [bad]
    with pytest.raises(ValueError, match="finite"):
        trend(values)
    with pytest.raises(ValueError, match="finite"):
        rhythm_of_weekdays(values, 0)
    with pytest.raises(ValueError, match="finite"):
        rhythm_of_hours(np.full((10, 24), bad))
    with pytest.raises(ValueError, match="finite"):
        share_change(values, values, values, values)


def bursts(chance: Generator, days: int, first: int = 0, last: int = 23) -> Array:
    """A burst a day, on average, of one to four hours, begun from ``first`` to ``last``; it goes on past midnight."""
    line = np.zeros(days * 24 + 4)
    for day in chance.integers(days, size=chance.poisson(days)):
        begin = day * 24 + chance.integers(first, last + 1)
        line[begin : begin + chance.integers(1, 5)] += chance.poisson(chance.lognormal(1.5, 1)) + 1
    return line[: days * 24].reshape(days, 24)


@pytest.mark.parametrize("days", [10, 30, 90])
def test_bursts_at_random_hours_are_no_rhythm(days: int) -> None:
    def judge(chance: Generator) -> float | None:
        told = rhythm_of_hours(bursts(chance, days))
        return told.p if told else None

    assert claimed(judge, days) <= MOST


def test_evenings_are_found_with_their_share() -> None:
    chance = np.random.default_rng(6)
    days = np.zeros((30, 24))
    for day in range(30):
        for _ in range(chance.geometric(0.1)):
            days[day, chance.integers(18, 24) if chance.random() < 0.8 else chance.integers(18)] += 1

    told = rhythm_of_hours(days)
    assert told is not None
    assert told.p < 0.001
    assert told.busiest == (18, 19, 20, 21, 22, 23)
    assert told.share == days[:, 18:].sum() / days.sum()


def test_busiest_hours_go_on_past_midnight() -> None:
    told = rhythm_of_hours(bursts(np.random.default_rng(7), 40, 22, 23))

    assert told is not None
    assert told.p < 0.001
    assert {22, 23, 0, 1} <= set(told.busiest) <= {22, 23, 0, 1, 2}
    assert told.busiest[0] == 22


def test_one_heavy_day_makes_no_rhythm_of_hours() -> None:
    days = bursts(np.random.default_rng(8), 30)
    days[11, 3:6] = 5_000
    told = rhythm_of_hours(days)

    assert told is None or told.p > 0.05


def test_too_few_days_have_no_rhythm() -> None:
    assert rhythm_of_hours(np.zeros((0, 24))) is None
    assert rhythm_of_hours(np.zeros((50, 24))) is None
    assert rhythm_of_hours(np.ones((6, 24))) is None
    assert rhythm_of_weekdays([], 0) is None
    assert rhythm_of_weekdays([0] * 90, 0) is None
    assert rhythm_of_weekdays([1] * 27, 0) is None


def test_even_use_has_no_rhythm() -> None:
    hours, weekdays = rhythm_of_hours(np.ones((30, 24))), rhythm_of_weekdays([2] * 30, 3)
    assert hours is not None
    assert weekdays is not None
    assert hours.p == weekdays.p == 1


@pytest.mark.parametrize("kind", ["bursts", "rare", "lasting", "sizes"])
def test_noise_has_no_weekdays(kind: str) -> None:
    def judge(chance: Generator) -> float | None:
        told = rhythm_of_weekdays(NOISE[kind](chance, 61), 4)
        return told.p if told else None

    assert claimed(judge, 9) <= MOST


@pytest.mark.parametrize("start", range(7))
@pytest.mark.parametrize("days", [84, 88])
def test_weekends_are_found_from_any_first_day(start: int, days: int) -> None:
    means = [30.0 if (start + day) % 7 >= 5 else 10.0 for day in range(days)]
    values = np.random.default_rng(start).poisson(means)
    told = rhythm_of_weekdays(values, start)

    assert told is not None
    assert told.p < 0.001
    assert told.busiest == (5, 6)
    assert told.share == pytest.approx(6 / 11, abs=0.05)


def likings(chance: Generator, days: int, middle: float) -> tuple[Array, Array]:
    """What a day's uses choose hangs together, and so do neighbouring days."""
    whole = counts(chance, np.full(days, 8.0))
    chosen = 1 / (1 + np.exp(-middle - 2 * lasting(chance, days)))
    return chance.binomial(whole.astype(int), chosen).astype(float), whole


@pytest.mark.parametrize("days", [14, 30, 90])
def test_clustered_choice_is_no_change_of_share(days: int) -> None:
    def judge(chance: Generator) -> float | None:
        part, whole = likings(chance, 2 * days, -1.3)
        told = share_change(part[:days], whole[:days], part[days:], whole[days:])
        return told.p if told else None

    assert claimed(judge, days) <= MOST


def test_changed_share_is_found_and_measured() -> None:
    chance = np.random.default_rng(10)
    before, now = counts(chance, np.full(90, 8.0)), counts(chance, np.full(90, 8.0))
    told = share_change(chance.binomial(before.astype(int), 0.3), before, chance.binomial(now.astype(int), 0.6), now)

    assert told is not None
    assert told.p < 0.001
    assert told.difference == told.now - told.before
    assert 0.1 < told.low < told.difference < told.high < 0.5
    assert told.low < 0.3 < told.high


def test_share_of_few_days_is_not_told() -> None:
    much = [4.0] * 30
    assert share_change([], [], much, much) is None
    assert share_change([4] * 6, [4] * 6, much, much) is None
    assert share_change([1] * 30, [4] * 29 + [900], much, much) is None


def test_shares_of_nothing_and_all() -> None:
    nothing, much = [0.0] * 30, [4.0] * 30
    same, other = share_change(nothing, much, nothing, much), share_change(nothing, much, much, much)

    assert same is not None
    assert (same.p, same.difference) == (1, 0)
    assert other is not None
    assert other.p < 0.001
    assert 0 < other.low < other.difference == other.high == 1


def test_part_beyond_its_whole_is_refused() -> None:
    with pytest.raises(ValueError, match="whole"):
        share_change([2.0] * 9, [1.0] * 9, [1.0] * 9, [1.0] * 9)
    with pytest.raises(ValueError, match="whole"):
        share_change([1.0] * 8, [1.0] * 9, [1.0] * 9, [1.0] * 9)


def prompts_of(chance: Generator, days: int, kinship: float) -> Array:
    """Sessions of the same few of eight models, more of both on busy days: what ``together`` is asked about 2 and 3."""
    found = np.zeros((6, days))
    level = np.exp(0.7 * lasting(chance, days))
    for day in range(days):
        for _ in range(chance.poisson(2 * level[day])):
            chosen = {*chance.choice(8, 1 + min(4, chance.poisson(level[day])), replace=False).tolist()}
            if 2 in chosen and chance.random() < kinship:
                chosen.add(3)
            size = len(chosen)
            facts = [2 in chosen and 3 in chosen, 2 in chosen, 3 in chosen, 1, size, size * (size - 1) / 2]
            found[:, day] += chance.integers(1, 30) * np.array(facts)
    return found


def test_what_is_chosen_by_chance_does_not_go_together() -> None:
    def judge(chance: Generator) -> float | None:
        told = together(*prompts_of(chance, 60, 0))
        return told.p if told else None

    assert claimed(judge, 12) <= MOST


def test_what_goes_together_is_found() -> None:
    told = together(*prompts_of(np.random.default_rng(4), 90, 0.9))

    assert told is not None
    assert told.p < 0.001
    assert told.times > 1.3 * told.expected


def test_what_is_in_every_prompt_goes_with_nothing() -> None:
    prompts = np.array([9.0, 4, 7, 12, 5, 8, 6, 10, 3, 11])
    other = np.array([3.0, 1, 2, 4, 2, 3, 1, 5, 1, 2])

    assert together(other, prompts, other, prompts, prompts + other, other) is None


def test_meetings_by_hand() -> None:
    """Ten days of ten prompts, four with one, five with the other, three with both: chance would bring two."""
    told = together(*(np.full(10, figure) for figure in (3.0, 4, 5, 10, 12, 4)))

    assert told is not None
    assert told.expected == pytest.approx(20)
    assert told.p < 0.001


def test_few_days_tell_nothing_of_meetings() -> None:
    assert together(*np.ones((6, 7))) is None
    assert together(*np.zeros((6, 50))) is None


def test_holm_by_hand() -> None:
    assert holm([]) == []
    assert holm([0.3]) == [0.3]
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.001, 0.9, 0.02]) == pytest.approx([1, 0.004, 1, 0.06])


@pytest.mark.parametrize(("t", "df", "p"), [(12.706, 1, 0.05), (4.303, 2, 0.05), (3.182, 3, 0.05), (2.228, 10, 0.05)])
def test_tails_of_t_are_those_of_the_tables(t: float, df: int, p: float) -> None:
    assert t_tail(t, df) == pytest.approx(p, abs=2e-5)
    assert t_bound(df) == pytest.approx(t, abs=6e-4)
    assert (t_tail(0, df), t_tail(math.inf, df)) == (1, 0)
