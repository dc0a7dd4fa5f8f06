"""What the optimizer makes of networks: simulated ones, with a clock that is turned by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from lorakeeper.py.downloads import NetworkCondition, OptimizationMode, PerformanceOptimizer
from lorakeeper.py.events import Event

MEGABYTE = 1_000_000
FAST, LIMITED, LOSSY = "fast", "limited for each connection", "lossy, with refusals"
# Bytes a second that so many connections bring, and the refusals that they meet in five seconds.
NETWORKS: dict[str, Callable[[int], tuple[float, int]]] = {
    FAST: lambda connections: (300 * MEGABYTE * (1 if connections <= 4 else 0.96), 0),
    LIMITED: lambda connections: (20 * MEGABYTE * connections, 0),
    LOSSY: lambda connections: (
        4 * MEGABYTE * connections if connections <= 4 else 10 * MEGABYTE,
        (connections > 4) * 3,
    ),
}


@dataclass
class World:
    """An optimizer and what is around it."""

    mode: OptimizationMode = OptimizationMode.ADAPTIVE
    most: int = 16
    busy: bool = False
    load: tuple[float, float] = (10.0, 10.0)
    now: float = 0.0
    published: list[Event] = field(default_factory=list)
    optimizer: PerformanceOptimizer = field(init=False)

    def __post_init__(self) -> None:
        self.optimizer = PerformanceOptimizer(
            mode=lambda: self.mode,
            most=lambda: self.most,
            busy=lambda: self.busy,
            load=lambda: self.load,
            clock=lambda: self.now,
            publish=self.published.append,
        )

    def pass_by(self, rate: float, *, answers: int = 5, errors: int = 0, refused: int = 0) -> None:
        """Five seconds in which so many bytes a second came."""
        for _ in range(answers):
            self.optimizer.answered(0.05)
        for number in range(errors + refused):
            self.optimizer.failed(refused=number < refused)
        self.optimizer.received(int(rate * 5))
        self.now += 5
        self.optimizer.judge()


@pytest.mark.parametrize("network", NETWORKS)
def test_adaptive_finds_nine_tenths_of_the_best_within_half_a_minute(network: str) -> None:
    world, brings = World(), NETWORKS[network]
    best = max(brings(connections)[0] for connections in range(1, 17))

    def go_on(times: int) -> list[float]:
        rates = []
        for _ in range(times):
            rate, refused = brings(world.optimizer.connections())
            rates.append(rate)
            world.pass_by(rate, refused=refused)
        return rates

    go_on(6)
    after = go_on(12)

    assert sum(after) / len(after) >= 0.9 * best
    assert brings(world.optimizer.connections())[0] >= 0.9 * best


def test_the_modes_that_are_not_adaptive_stay_as_they_are() -> None:
    for mode, connections in (
        (OptimizationMode.SPEED, 16),
        (OptimizationMode.EFFICIENCY, 8),
        (OptimizationMode.MINIMAL, 1),
    ):
        world = World(mode=mode)
        world.pass_by(MEGABYTE, refused=2)
        assert world.optimizer.connections() == connections
        assert world.optimizer.report().changes == []


def test_a_prompt_that_runs_leaves_one_connection_and_changes_nothing() -> None:
    world = World()
    before = world.optimizer.connections()
    world.busy = True
    world.pass_by(MEGABYTE, refused=3)

    assert world.optimizer.connections() == 1
    assert world.optimizer.report().configuration.mode is OptimizationMode.MINIMAL
    world.busy = False
    assert world.optimizer.connections() == before


@pytest.mark.parametrize(
    ("load", "rate", "told", "why", "key"),
    [
        ((10.0, 10.0), 50, {"refused": 1}, "refused", "refused"),
        ((10.0, 10.0), 10, {"errors": 16}, "broke", "broke"),
        ((99.0, 10.0), 50, {}, "processor", "cpu"),
        ((10.0, 99.0), 50, {}, "memory", "memory"),
        ((10.0, 10.0), 50, {}, "nothing", "nothing"),
    ],
    ids=["refused", "broken", "processor", "memory", "useless"],
)
def test_what_costs_too_much_is_taken_back_and_said(
    load: tuple[float, float], rate: float, told: dict[str, int], why: str, key: str
) -> None:
    world = World()
    world.pass_by(50 * MEGABYTE)
    before = world.optimizer.connections()
    world.load = load
    world.pass_by(rate * MEGABYTE, **told)

    assert world.optimizer.connections() < before
    newest = world.optimizer.report().changes[0]
    assert (newest.before, newest.after) == (before, world.optimizer.connections())
    assert why in newest.why
    assert [(event.topic, event.data["why"], event.final) for event in world.published] == [
        ("performance", "more", True),
        ("performance", key, True),
    ]
    assert world.published[-1].data == {
        "mode": "adaptive",
        "condition": world.optimizer.condition.value,
        "before": newest.before,
        "after": newest.after,
        "why": key,
    }


def test_a_change_of_the_networks_condition_is_told_once_and_without_a_change_of_connections() -> None:
    world = World(mode=OptimizationMode.SPEED)
    world.pass_by(2 * MEGABYTE)
    world.pass_by(2 * MEGABYTE)

    (event,) = world.published
    assert event.data == {"mode": "speed", "condition": "fair", "before": 16, "after": 16, "why": "condition"}


def test_breaks_and_a_few_refusals_cost_nothing_while_as_much_comes() -> None:
    """As where six connections are served, and one that broke is refused while the server still counts it."""
    world = World()
    world.pass_by(48 * MEGABYTE, refused=2)
    for turn in range(30):
        served = min(6, world.optimizer.connections())
        world.pass_by((served - 0.5) * 8 * MEGABYTE, errors=4, refused=1 + (world.optimizer.connections() > 6))
        assert world.optimizer.connections() >= 5, turn

    assert 5 <= world.optimizer.connections() <= 7


def test_never_fewer_than_one_nor_more_than_the_user_wants() -> None:
    world = World(most=3)
    for _ in range(10):
        world.pass_by(MEGABYTE, refused=1)
    assert world.optimizer.connections() == 1
    for turn in range(30):
        world.pass_by(MEGABYTE * 2.0**turn)
    assert world.optimizer.connections() == 3


@pytest.mark.parametrize(
    ("rates", "errors", "condition", "chunk"),
    [
        ([50e6] * 4, 0, NetworkCondition.EXCELLENT, 1 << 20),
        ([10e6] * 4, 0, NetworkCondition.GOOD, 1 << 18),
        ([1e6] * 4, 0, NetworkCondition.FAIR, 1 << 16),
        ([1e5] * 4, 0, NetworkCondition.POOR, 1 << 12),
        ([10e6] * 4, 1, NetworkCondition.POOR, 1 << 12),
        ([10e6] * 4, 9, NetworkCondition.UNSTABLE, 1 << 12),
        ([1e6, 90e6, 1e5, 1e5], 0, NetworkCondition.UNSTABLE, 1 << 12),
    ],
)
def test_conditions_are_told_from_speed_spread_and_errors(
    rates: list[float], errors: int, condition: NetworkCondition, chunk: int
) -> None:
    world = World(mode=OptimizationMode.SPEED)
    for rate in rates:
        world.pass_by(rate, errors=errors)

    assert world.optimizer.condition is condition
    assert world.optimizer.chunk == chunk
    assert world.optimizer.report().condition is condition


def test_worse_conditions_are_met_with_more_patience() -> None:
    patience = []
    for rate in (50e6, 10e6, 1e6, 1e5):
        world = World()
        world.pass_by(rate)
        patience.append(world.optimizer.patience)

    assert patience == sorted(patience)
    assert patience[0] < patience[-1]


def test_the_report_says_what_was_measured_and_what_could_be_done() -> None:
    world = World(mode=OptimizationMode.SPEED, load=(99.0, 99.0))
    world.pass_by(10 * MEGABYTE)
    world.pass_by(30 * MEGABYTE, refused=2)
    report = world.optimizer.report()

    assert report.metrics.current == pytest.approx(30 * MEGABYTE)
    assert report.metrics.peak == pytest.approx(30 * MEGABYTE)
    assert report.metrics.average == pytest.approx(20 * MEGABYTE)
    assert (report.metrics.errors, report.metrics.refused) == (2, 2)
    assert report.metrics.latency == pytest.approx(0.05)
    assert report.configuration.connections == 16
    assert [said.split()[1] for said in report.recommendations] == ["server", "connections", "memory", "processor"]


async def test_several_transfers_share_the_connections_and_are_judged_while_they_last() -> None:
    optimizer = PerformanceOptimizer(
        mode=lambda: OptimizationMode.ADAPTIVE, most=lambda: 8, load=lambda: (0.0, 0.0), every=0.01
    )
    alone = optimizer.connections()
    async with optimizer.transfer():
        assert optimizer.connections() == alone
        async with optimizer.transfer():
            assert optimizer.connections() == alone // 2
            optimizer.received(10**6)
            while optimizer.report().metrics.peak == 0:
                await asyncio.sleep(0.005)
    peak = optimizer.report().metrics
    await asyncio.sleep(0.05)
    assert optimizer.report().metrics == peak
    assert peak.transfers == 0
