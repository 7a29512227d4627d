"""The driver of the policy: compiles off the caller's thread, what it tells, and many threads at once."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from hyper.base.events import Event
from hyper.jit.policy.driver import CannotCompile, Deoptimisation, Driver
from hyper.jit.policy.machine import Policy, Step

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def call(driver: Driver, clock: Clock, costs: tuple[float, float]) -> int:
    """One call whose time is that of its tier; gives the tier."""
    tier = driver.before().tier
    began = clock.now
    clock.now += costs[tier]
    driver.ran(tier, 1, began, clock.now)
    return tier


def test_a_compile_runs_beside_the_calls_and_is_taken_when_it_is_there() -> None:
    clock, waiting, heard = Clock(), list[Any](), list[Event]()
    policy = Policy((Step(0.01),))
    driver = Driver(
        "f", policy, [lambda: "code"], listener=heard.append, clock=clock, start=waiting.append
    )
    while not waiting:
        assert call(driver, clock, (0.001, 0.0001)) == 0
    assert call(driver, clock, (0.001, 0.0001)) == 0
    assert not driver.code
    waiting[0]()
    assert driver.code == {1: "code"}
    assert call(driver, clock, (0.001, 0.0001)) == 1
    assert [(event.name, event.function, event.tier) for event in heard] == [
        ("jit:tier:upgrade", "f", 1)
    ]


def test_the_reason_of_a_deoptimisation_is_kept_with_its_place_and_value() -> None:
    clock, heard = Clock(), list[Event]()
    driver = Driver(
        "f",
        Policy((Step(0.0),)),
        [lambda: "code"],
        listener=heard.append,
        clock=clock,
        start=lambda work: work(),
    )
    while driver.before().tier == 0:
        driver.ran(0, 1, clock.now, clock.now + 0.001)
        clock.now += 0.001
    why = Deoptimisation(1, "x is no longer constant", "f.py", 7, "3")
    actions = [driver.guard_failed(why, 1, 0.0, 0.001, 0.002) for _ in range(4)]
    assert actions == ["stay", "stay", "stay", "switch"]
    assert (driver.tier(), driver.guard_failures) == (0, 4)
    assert set(driver.deoptimisations) == {why}
    (event,) = [each for each in heard if each.name == "jit:deoptimization"]
    assert (event.tier, event.reason, event.path, event.line) == (
        1,
        "x is no longer constant: 3",
        "f.py",
        7,
    )


def test_a_tier_that_a_probe_shows_to_be_slow_is_the_one_that_is_left() -> None:
    clock, heard = Clock(), list[Event]()
    driver = Driver("f", Policy((Step(0.0),)), [lambda: "code"], listener=heard.append, clock=clock)
    driver.supply(1)
    costs = [0.001, 0.0005]
    for _ in range(400):
        tier = driver.before().tier
        driver.ran(tier, 1, clock.now, clock.now + costs[tier])
        clock.now += costs[tier]
        if driver.tier() == 1:
            costs[0] = 0.0001
    left = [event for event in heard if event.name == "jit:deoptimization"]
    assert left
    assert {(event.tier, event.reason) for event in left} == {(1, "slower than a tier below")}


def test_a_function_without_a_form_stays_with_the_reason() -> None:
    def refuses() -> object:
        raise CannotCompile("it has a dict")

    def breaks() -> object:
        raise ZeroDivisionError("a defect of the compiler")

    for compile_, reason in (
        (refuses, "it has a dict"),
        (breaks, "ZeroDivisionError: a defect of the compiler"),
    ):
        clock = Clock()
        driver = Driver(
            "f", Policy((Step(0.001),)), [compile_], clock=clock, start=lambda work: work()
        )
        for _ in range(50):
            assert call(driver, clock, (0.01, 0.0)) == 0
        assert driver.refusals == {1: reason}


def test_the_compile_is_on_another_thread() -> None:
    where: list[threading.Thread] = []
    driver = Driver("f", Policy((Step(0.0),)), [lambda: where.append(threading.current_thread())])
    driver.ran(0, 1, 0.0, 1.0)
    driver.before()
    driver.wait()
    assert where != [threading.current_thread()]
    assert where[0].daemon


def test_where_no_thread_is_to_be_had_calls_stay_where_they_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    clock = Clock()
    driver = Driver("f", Policy((Step(0.01),)), [lambda: "code"], clock=clock)
    monkeypatch.setattr(threading.Thread, "start", start)
    assert {call(driver, clock, (0.001, 0.0001)) for _ in range(400)} == {0}
    assert driver.refusals == {1: "it cannot be compiled: can't start new thread"}
    driver.in_background(lambda: None)
    driver.wait()


def test_many_threads_compile_once() -> None:
    compiled: list[int] = []
    driver = Driver("f", Policy((Step(0.0),)), [lambda: compiled.append(1)])
    barrier = threading.Barrier(8)

    def work() -> None:
        barrier.wait()
        for _ in range(500):
            tier = driver.before().tier
            driver.ran(tier, 1, 0.0, 0.001 if tier == 0 else 0.0001)

    _together(work, 8)
    driver.wait()
    assert compiled == [1]


def _together(work: Callable[[], None], count: int) -> None:
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
