"""Measuring some calls for all: bounded against traces of calls, pauses of the machine, and a count that loses none."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from hyper.jit.policy.driver import Deoptimisation, Driver
from hyper.jit.policy.machine import Policy, Settings, Step
from hyper.jit.policy.sampling import Sampler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class World:
    """A function with two tiers above it, on a clock that its calls move."""

    def __init__(self, settings: Settings, compiles: tuple[float, float]) -> None:
        self.now = 0.0
        self.spent = 0.0
        self.costs = (1e-5, 1e-5, 1e-5)
        self.calls = 0
        self.driver = Driver(
            "f",
            Policy((Step(compiles[0]), Step(compiles[1])), settings),
            [lambda: self._compile(1, compiles[0]), lambda: self._compile(2, compiles[1])],
            clock=lambda: self.now,
            work=lambda: self.now,
            start=lambda work: work(),
        )
        self.sampler = Sampler(self.driver, self._form(0), self._settle)
        self._fast = self._form(0)
        self._ticks: Iterator[None] = iter(())

    def _compile(self, tier: int, seconds: float) -> Callable[[], None]:
        self.now += seconds
        self.spent += seconds
        return self._form(tier)

    def _form(self, tier: int) -> Callable[[], None]:
        def run() -> None:
            self.calls += 1
            self.now += self.costs[tier]
            self.spent += self.costs[tier]

        return run

    def _settle(self, fast: Callable[[], Any], ticks: Iterator[None]) -> None:
        self._fast, self._ticks = fast, ticks

    def call(self) -> None:
        for _ in self._ticks:
            self._fast()
            return
        self.sampler.measured()


def test_seeded_traces_stay_within_the_bound() -> None:
    for seed in range(60):
        draw = random.Random(seed)
        settings = Settings()
        compiles = (10 ** draw.uniform(-3, 0), 10 ** draw.uniform(-3, 0))
        world = World(settings, compiles)
        alone = risk = 0.0
        epochs = draw.randrange(1, 5)
        for _ in range(epochs):
            world.costs = tuple(10 ** draw.uniform(-7, -3) for _ in range(3))  # type: ignore[assignment]
            calls = draw.randrange(1, 20_000)
            for _ in range(calls):
                world.call()
            alone += calls * world.costs[0]
            # Calls between two measurements are those of 2 ms at the cost before, at the cost now.
            call = max(world.costs)
            risk = max(risk, max(compiles) + 2 * (settings.window + 20_000 * call))
        assert world.spent <= (1 + settings.share) * alone + epochs * risk, seed


def test_steady_calls_cost_what_the_best_tier_does() -> None:
    world = World(Settings(), (0.01, 0.01))
    world.costs = (1e-5, 2e-6, 1e-6)
    for _ in range(400_000):
        world.call()
    assert world.driver.tier() == 2
    assert world.spent < 0.25 * 400_000 * 1e-5


def test_pauses_of_the_machine_do_not_cost_a_tier() -> None:
    world = World(Settings(), (0.001, 9.0))
    world.costs = (1e-5, 5e-6, 5e-6)
    draw = random.Random(3)
    left = 0
    before = 0
    for _ in range(300_000):
        if draw.random() < 1e-3:
            world.now += 0.05
        world.call()
        left += world.driver.tier() < before
        before = world.driver.tier()
    assert before == 1
    assert left <= 2


def test_no_call_is_lost_in_the_counts() -> None:
    world = World(Settings(), (0.001, 0.002))
    draw = random.Random(5)
    for number in range(50_000):
        if number % 10_000 == 0:
            world.costs = tuple(10 ** draw.uniform(-6, -4) for _ in range(3))  # type: ignore[assignment]
        world.call()
    assert sum(calls for calls, _ in world.sampler.counts().values()) == world.calls == 50_000


def test_a_guard_that_fails_once_in_a_while_does_not_lead_back() -> None:
    world = World(Settings(), (0.001, 9.0))
    world.costs = (1e-5, 1e-6, 1e-6)
    why = Deoptimisation(1, "it did not hold")
    while world.driver.tier() == 0:
        world.call()
    for number in range(200_000):
        world.call()
        if number % 2_000 == 0:
            world.sampler.guard_failed(why, (world.now, world.now, world.now + 1e-5), spoilt=False)
    assert world.driver.tier() == 1
    for _ in range(6):
        world.sampler.guard_failed(why, (world.now, world.now, world.now + 1e-5), spoilt=False)
    assert world.driver.tier() == 0
