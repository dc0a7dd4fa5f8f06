"""Whether analytics claims what is chance, and finds what is there: ``python bench/evidence.py [histories]``.

2,000 made histories of each kind and length, without anything in them, and how many of them are said to have a trend, a
rhythm, a changed share or a pair at p < 0.05: 5 % at most, and what 2,000 draws may be off (three sigma). Then how many
of 400 with something planted are found, how often the interval holds the truth, how many summaries of twelve such
questions claim anything after Holm's correction, and the time of six trends over a year. Exit code 1 where a limit is
not kept. A bar stands for what is too little to tell.
"""

from __future__ import annotations

import math
import statistics
import sys
import time
import zlib
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from lorakeeper.py.analytics.evidence import (
    holm,
    rhythm_of_hours,
    rhythm_of_weekdays,
    share_change,
    together,
    trend,
)

HISTORIES, LIMIT = 2_000, 0.05
LENGTHS = (14, 21, 30, 60, 90, 180, 365)
SUMMARIES, YEAR_LIMIT = 300, 0.060

Array = NDArray[np.float64]


def autoregressive(chance: Generator, days: int, phi: float) -> Array:
    """Standard normal figures, each of which hangs together with the one before."""
    weights = phi ** np.arange(40) * math.sqrt(1 - phi * phi)
    return np.convolve(chance.standard_normal(days + 39), weights, "valid")


def overdispersed(chance: Generator, mean: Array, size: float) -> Array:
    """Negative binomial counts: their variance is the mean and its square over ``size``."""
    return chance.poisson(chance.gamma(size, mean / size)).astype(float)


def working(chance: Generator, days: int) -> Array:
    """1 on days at work, 0 in holidays of a week, one a month, on average."""
    found, at_work = np.empty(days), bool(chance.random() < 0.8)
    for day in range(days):
        at_work = chance.random() >= (1 / 28 if at_work else 6 / 7)
        found[day] = at_work
    return found


WEEK = np.array([1, 1, 1, 1, 1, 3, 3.0])


def weekly(days: int) -> Array:
    return np.resize(WEEK, days)


# Daily figures around five, times a level for each day.
DAILY: dict[str, Callable[[Generator, Array], Array]] = {
    "Poisson": lambda chance, level: chance.poisson(5 * level).astype(float),
    "Poisson, 0.4 a day": lambda chance, level: chance.poisson(0.4 * level).astype(float),
    "negative binomial, 3": lambda chance, level: overdispersed(chance, 5 * level, 3),
    "negative binomial, 1": lambda chance, level: overdispersed(chance, 5 * level, 1),
    "negative binomial, 0.3": lambda chance, level: overdispersed(chance, 5 * level, 0.3),
    "60 % zeros": lambda chance, level: overdispersed(chance, 12 * level, 2) * (chance.random(len(level)) < 0.4),
    "AR 0.3": lambda chance, level: chance.poisson(
        5 * level * np.exp(0.8 * autoregressive(chance, len(level), 0.3))
    ).astype(float),
    "AR 0.6": lambda chance, level: chance.poisson(
        5 * level * np.exp(0.8 * autoregressive(chance, len(level), 0.6))
    ).astype(float),
    "AR 0.6, bytes": lambda chance, level: level * np.exp(1.5 * autoregressive(chance, len(level), 0.6)),
    "heavy tails": lambda chance, level: (
        level * np.exp(1.5 * chance.standard_normal(len(level))) * (chance.random(len(level)) < 0.6)
    ),
    "holidays": lambda chance, level: overdispersed(chance, 5 * level, 1) * working(chance, len(level)),
}
WEEKLY: dict[str, Callable[[Generator, Array], Array]] = {
    "weekly": lambda chance, level: overdispersed(chance, 3 * level * weekly(len(level)), 1),
    "weekly, AR 0.6": lambda chance, level: (
        chance.poisson(3 * level * weekly(len(level)) * np.exp(0.8 * autoregressive(chance, len(level), 0.6)))
    ).astype(float),
}


def sessions(chance: Generator, days: int, *, lengths: tuple[int, int] = (1, 5), share: float = 0.0) -> Array:
    """Bursts of so many hours, one in two days to two a day; ``share`` of them begin from 18 to 21, the others
    whenever. They go on past midnight."""
    counts = np.zeros(days * 24 + lengths[1])
    for _ in range(int(chance.poisson(chance.uniform(0.5, 2) * days))):
        hour = int(chance.integers(18, 22) if chance.random() < share else chance.integers(24))
        begin = int(chance.integers(days)) * 24 + hour
        length = int(chance.integers(*lengths))
        counts[begin : begin + length] += chance.poisson(chance.lognormal(1.5, 1), length)
    return counts[: days * 24].reshape(days, 24)


def evenings(chance: Generator, days: int) -> Array:
    """Single uses, 80 % of them from 18 to 24, on three days in four, few or many."""
    counts = np.zeros((days, 24))
    for day in np.flatnonzero(chance.random(days) < 0.75):
        for _ in range(int(chance.geometric(0.15))):
            counts[day, int(chance.integers(18, 24) if chance.random() < 0.8 else chance.integers(18))] += 1
    return counts


def uses(chance: Generator, days: int, share: float, *, phi: float, spread: float) -> tuple[Array, Array]:
    """Uses of a day that are one part's, and all. Each day has a liking of its own, which lasts with ``phi``."""
    whole = overdispersed(chance, np.full(days, 8.0), 1)
    likings = math.log(share / (1 - share)) * math.sqrt(1 + spread**2 / 3) + spread * autoregressive(chance, days, phi)
    return chance.binomial(whole.astype(int), 1 / (1 + np.exp(-likings))).astype(float), whole


def changed(chance: Generator, days: int, shares: tuple[float, float], phi: float, spread: float) -> float | None:
    part, whole = uses(chance, 2 * days, shares[0], phi=phi, spread=spread)
    now = slice(days, None)
    if shares[1] != shares[0]:
        part[now], whole[now] = uses(chance, days, shares[1], phi=phi, spread=spread)
    found = share_change(part[:days], whole[:days], part[now], whole[now])
    return None if found is None else found.p


def pair(chance: Generator, days: int, kinship: float, *, busy: float = 0.0) -> float | None:
    """Two of twelve models in sessions of up to 40 prompts of the same one to five models; on ``busy`` days there are
    more sessions, and of more models. ``kinship`` is how often the first brings the second with it."""
    found = np.zeros((6, days))
    weights = 1 / np.arange(1, 13)
    weights /= weights.sum()
    level = np.exp(busy * autoregressive(chance, days, 0.6))
    for day in range(days):
        for _ in range(chance.poisson(1.5 * level[day])):
            count = 1 + min(4, chance.poisson(1.2 * level[day]))
            chosen = {*chance.choice(12, count, replace=False, p=weights).tolist()}
            if 2 in chosen and chance.random() < kinship:
                chosen.add(3)
            prompts, size = int(chance.integers(1, 41)), len(chosen)
            one, other = 2 in chosen, 3 in chosen
            found[:, day] += prompts * np.array([one and other, one, other, 1, size, size * (size - 1) / 2])
    told = together(*found)
    return None if told is None else told.p


def p_of(found: object) -> float | None:
    return None if found is None else float(getattr(found, "p"))  # noqa: B009


Judge = Callable[[Generator, int], float | None]


def flat(days: int) -> Array:
    return np.ones(days)


def doubling(days: int) -> Array:
    return np.asarray(2 ** np.linspace(0, 1, days))


def trends(make: Callable[[Generator, Array], Array], level: Callable[[int], Array]) -> Judge:
    return lambda chance, days: p_of(trend(make(chance, level(days))))


def hours(make: Callable[[Generator, int], Array]) -> Judge:
    return lambda chance, days: p_of(rhythm_of_hours(make(chance, days)))


def weekdays(make: Callable[[Generator, Array], Array]) -> Judge:
    return lambda chance, days: p_of(rhythm_of_weekdays(make(chance, np.ones(days)), 0))


def change(shares: tuple[float, float], phi: float, spread: float) -> Judge:
    return lambda chance, days: changed(chance, days, shares, phi, spread)


CHOICES = {"each day its own": (0.0, 1.5), "one kind a day": (0.0, 6.0), "likings last, AR 0.6": (0.6, 2.0)}


def cases() -> dict[tuple[str, str], Judge]:
    """Everything that is asked, with nothing to be found first."""
    everywhere = {**DAILY, **WEEKLY}
    found: dict[tuple[str, str], Judge] = {}
    for name, make in everywhere.items():
        found["trend: nothing", name] = trends(make, flat)
        found["trend: doubled", name] = trends(make, doubling)
    found["hours: nothing", "sessions"] = hours(sessions)
    found["hours: nothing", "queues of 4 to 12 hours"] = hours(
        lambda chance, days: sessions(chance, days, lengths=(4, 13))
    )
    found["hours: 80 % from 18 to 24", "single uses"] = hours(evenings)
    found["hours: 80 % begin 18 to 21", "sessions"] = hours(lambda chance, days: sessions(chance, days, share=0.8))
    for name, make in DAILY.items():
        found["weekdays: nothing", name] = weekdays(make)
    for name, make in WEEKLY.items():
        found["weekdays: weekends threefold", name] = weekdays(make)
    for name, (phi, spread) in CHOICES.items():
        for title, shares in (("share: nothing", (0.3, 0.3)), ("share: 30 to 60 %", (0.3, 0.6))):
            found[title, name] = change(shares, phi, spread)
    found["share: nothing", "5 %, one kind a day"] = change((0.05, 0.05), 0, 6)
    for name, busy in (("sessions", 0.0), ("sessions, busy days", 0.7)):
        found["together: nothing", name] = partial(pair, kinship=0.0, busy=busy)
        found["together: 80 % kin", name] = partial(pair, kinship=0.8, busy=busy)
    return found


@dataclass(frozen=True)
class Rate:
    claimed: int
    told: int

    def __str__(self) -> str:
        return f"{100 * self.claimed / self.told:5.1f}" if self.told else "    -"

    @property
    def chance(self) -> bool:
        """Whether so many claims are chance at 5 %."""
        return self.claimed <= LIMIT * self.told + 3 * math.sqrt(LIMIT * (1 - LIMIT) * self.told)


def rate(case: tuple[str, str], days: int, histories: int) -> Rate:
    judge = cases()[case]
    chance = np.random.default_rng(zlib.crc32(f"{case} {days}".encode()))
    ps = [judge(chance, days) for _ in range(histories)]
    told = [p for p in ps if p is not None]
    return Rate(sum(p < LIMIT for p in told), len(told))


def nothing(case: tuple[str, str]) -> bool:
    return case[0].endswith("nothing")


def covered(days: int, histories: int) -> Rate:
    """How often the interval misses a doubling of counts."""
    chance = np.random.default_rng(days)
    found = [trend(overdispersed(chance, 5 * doubling(days), 1)) for _ in range(histories)]
    told = [each for each in found if each is not None]
    return Rate(sum(not each.ratio_low <= 2 <= each.ratio_high for each in told), len(told))


def summaries(days: int) -> Rate:
    """How many summaries of chance claim anything: six trends, two rhythms, three shares and a pair."""
    chance = np.random.default_rng(days + 1)
    claimed = 0
    for _ in range(SUMMARIES):
        ps: list[float | None] = [p_of(trend(make(chance, flat(days)))) for make in list(DAILY.values())[3:9]]
        ps.append(p_of(rhythm_of_hours(sessions(chance, days))))
        ps.append(p_of(rhythm_of_weekdays(DAILY["AR 0.6"](chance, flat(days)), 0)))
        ps += [changed(chance, days, (0.3, 0.3), phi, spread) for phi, spread in CHOICES.values()]
        ps.append(pair(chance, days, 0))
        claimed += any(p < LIMIT for p in holm([p for p in ps if p is not None]))
    return Rate(claimed, SUMMARIES)


def year() -> float:
    """The seconds of six trends over a year, the median of twenty rounds."""
    chance = np.random.default_rng(6)
    series = [make(chance, flat(365)) for make in list(DAILY.values())[:6]]
    rounds = []
    for _ in range(20):
        begin = time.perf_counter()
        for each in series:
            trend(each)
        rounds.append(time.perf_counter() - begin)
    return statistics.median(rounds)


def row(name: str, rates: Iterable[Rate], limited: bool) -> bool:
    rates = list(rates)
    kept = not limited or all(each.chance for each in rates)
    print(f"  {name:26}", *(f"{each!s:>6}" for each in rates), "" if kept else "  MISSED", flush=True)
    return kept


def main(histories: int) -> int:
    print(
        f"% of {histories} histories about which something is claimed, by days\n{'':28}", *(f"{n:6}" for n in LENGTHS)
    )
    kept, title = [], ""
    with ProcessPoolExecutor() as pool:
        asked = {
            case: [pool.submit(rate, case, days, histories if nothing(case) else histories // 5) for days in LENGTHS]
            for case in sorted(cases(), key=lambda case: case[0].split(":"))
        }
        misses = [pool.submit(covered, days, histories) for days in LENGTHS]
        claims = [pool.submit(summaries, days) for days in LENGTHS]
        for (question, name), rates in asked.items():
            limited = nothing((question, name))
            if question != title:
                title = question
                print(f"{title}{', at most 5' if limited else ''}")
            kept.append(row(name, (each.result() for each in rates), limited))
        print("trend: doubling not within the interval, at most 5")
        kept.append(row("negative binomial, 1", (each.result() for each in misses), True))
        print(f"whole summaries that claim anything, at most 5, of {SUMMARIES}")
        kept.append(row("Holm", (each.result() for each in claims), True))
    seconds = year()
    kept.append(seconds <= YEAR_LIMIT)
    print(f"six trends over a year: {seconds * 1e3:.1f} ms, limit {YEAR_LIMIT * 1e3:.0f} ms")
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if sys.argv[1:] else HISTORIES))
