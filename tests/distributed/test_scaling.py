"""How many processes a worker has: what holds over any trace, and what happens over some."""

from __future__ import annotations

import copy
import random
from itertools import pairwise
from typing import Any, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyper.distributed.scaling import Observation, Scaling, Settings
from tests.distributed.daemons import live

GIB = 1 << 30
Trace: TypeAlias = list[tuple[float, dict[str, int], dict[str, Any]]]


def seen(
    now: float = 0.0, processes: int = 1, busy: int = 0, depth: int = 0, **more: Any
) -> Observation:
    facts: dict[str, Any] = {"waiting": {"q": depth}, "busy": busy, "cores": 8}
    return Observation(now=now, processes=processes, **(facts | more))


@st.composite
def bounds(draw: st.DrawFn) -> Settings:
    least = draw(st.integers(0, 6))
    most = draw(st.none() | st.integers(max(least, 1), 12))
    return Settings(
        least=least,
        most=most,
        idle=draw(st.floats(0.0, 30.0)),
        step=draw(st.floats(0.1, 5.0)),
        worth=draw(st.floats(0.01, 2.0)),
        process_memory=GIB,
        reserve=GIB,
    )


@st.composite
def traces(draw: st.DrawFn) -> Trace:
    """Steps: how much later, the depths of queues, and what else is seen."""
    step: st.SearchStrategy[Any] = st.tuples(
        st.floats(0.0, 20.0),
        st.dictionaries(st.sampled_from("abc"), st.integers(0, 40), max_size=3),
        st.fixed_dictionaries(
            {
                "busy": st.integers(0, 12),
                "seconds": st.none() | st.floats(0.0, 1e6),
                "oldest": st.floats(0.0, 3.0),
                "workers": st.integers(1, 5),
                "cores": st.integers(1, 12),
                "memory": st.none() | st.integers(0, 12 * GIB),
            }
        ),
    )
    return draw(st.lists(step, max_size=40))


@given(bounds(), traces())
def test_between_the_bounds_and_what_memory_allows(settings: Settings, trace: Trace) -> None:
    machine, now, processes = Scaling(settings), 0.0, 0
    for later, waiting, more in trace:
        now += later
        busy = min(more["busy"], processes)
        what = seen(now, processes, waiting=waiting, **(more | {"busy": busy}))
        decision = machine.decide(what)
        least, most = machine.bounds(what.cores)
        assert least <= decision.wanted <= most
        assert decision.look > now
        if what.memory is not None and decision.wanted > max(processes, least):
            assert (decision.wanted - processes) * GIB <= what.memory - GIB
        if what.memory is not None and what.memory < GIB and processes > least:
            assert decision.wanted < processes
        processes = decision.wanted


@given(bounds(), traces(), st.integers(0, 40), st.integers(1, 40))
def test_more_work_never_wants_fewer(
    settings: Settings,
    trace: Trace,
    depth: int,
    further: int,
) -> None:
    machine, now, processes = Scaling(settings), 0.0, 0
    for later, waiting, more in trace:
        now += later
        what = seen(now, processes, waiting=waiting, **more)
        processes = machine.decide(what).wanted
    other = copy.deepcopy(machine)
    some = machine.decide(seen(now + 1, processes, min(processes, 2), depth))
    many = other.decide(seen(now + 1, processes, min(processes, 2), depth + further))
    assert many.wanted >= some.wanted


@given(bounds(), traces())
def test_changes_are_bounded(settings: Settings, trace: Trace) -> None:
    machine, now, processes, changes = Scaling(settings), 0.0, 0, 0
    for later, waiting, more in trace:
        now += later
        facts = more | {"memory": None, "cores": 8, "busy": min(more["busy"], processes)}
        what = seen(now, processes, waiting=waiting, **facts)
        wanted = machine.decide(what).wanted
        changes += wanted != processes
        processes = wanted
    assert changes <= 2 * (now / settings.step + 1) + machine.bounds(8)[1]


@given(bounds(), st.integers(0, 12), st.integers(0, 12), st.integers(0, 30), st.integers(1, 4))
def test_comes_to_rest_under_a_constant_load(
    settings: Settings, start: int, busy: int, depth: int, workers: int
) -> None:
    machine, now, processes = Scaling(settings), 0.0, start
    numbers = [processes]
    for _ in range(400):
        decision = machine.decide(
            seen(now, processes, min(busy, processes), depth, workers=workers)
        )
        now, processes = decision.look, decision.wanted
        numbers.append(processes)
    assert len(set(numbers[300:])) == 1
    changes = [b - a for a, b in pairwise(numbers) if a != b]
    # Grows first, then shrinks: never back and forth.
    ups = [change > 0 for change in changes]
    assert ups == sorted(ups, reverse=True)


def test_grows_at_once_to_what_pays() -> None:
    settings = Settings(least=0, most=8, worth=0.25)
    assert Scaling(settings).decide(seen(processes=0, depth=100)).wanted == 8
    assert Scaling(settings).decide(seen(processes=0, depth=100, seconds=0.6)).wanted == 2
    assert Scaling(settings).decide(seen(processes=0, depth=100, seconds=0.0)).wanted == 1
    assert Scaling(settings).decide(seen(processes=2, busy=2, depth=1, seconds=0.1)).wanted == 2
    late = seen(processes=2, busy=2, depth=1, seconds=0.1, oldest=1.0)
    assert Scaling(settings).decide(late).wanted == 3
    # Four workers see the same twelve jobs.
    shared = seen(processes=0, depth=12, seconds=100.0, workers=4)
    assert Scaling(settings).decide(shared).wanted == 3


def test_shrinks_one_after_the_other() -> None:
    life = live([(0.0, 1.0)] * 8, Settings(least=0, most=8, idle=10.0, step=2.0), until=60.0)
    assert [number for _, number in life.changes] == [8, 7, 6, 5, 4, 3, 2, 1, 0]
    times = [at for at, _ in life.changes[1:]]
    assert times[0] >= 10.0
    assert all(b - a >= 2.0 for a, b in pairwise(times))


def test_a_return_of_work_is_learnt() -> None:
    """A burst every 15 seconds, and ten are waited: it has forked and ended for nothing once, and then it knows."""
    jobs = [(15.0 * turn, 0.5) for turn in range(80) for _ in range(16)]
    life = live(jobs, Settings(least=0, most=8), until=1200.0)
    assert life.most() == 8
    assert len(life.changes) < 30
    assert max(life.waits) <= 1.2


@pytest.mark.parametrize("seed", range(5))
def test_steady_arrivals(seed: int) -> None:
    """Three processes' worth of work with the noise of real arrivals: hardly any changes, and nobody waits long."""
    draw = random.Random(seed)
    jobs, now = [], 0.0
    while now < 1800.0:
        now += draw.expovariate(6.0)
        jobs.append((now, draw.uniform(0.3, 0.7)))
    life = live(jobs, Settings(least=1, most=8), until=1900.0)
    assert len([at for at, _ in life.changes if at <= now]) < 30
    assert sum(life.waits) / len(life.waits) < 0.1
    assert life.at_the_end() == 1


@pytest.mark.parametrize("seed", range(5))
def test_bursts(seed: int) -> None:
    """Builds that come when people press a key: each finds as many processes as it can use within the time of a fork."""
    draw = random.Random(seed)
    jobs, now = [], 0.0
    for _ in range(40):
        now += draw.expovariate(1 / 90.0)
        jobs += [(now, 0.4)] * draw.randint(1, 60)
    jobs.sort()
    life = live(jobs, Settings(least=0, most=8), until=now + 400.0)
    assert max(life.waits) < 0.4 * 60 / 8 * 4
    assert life.at_the_end() == 0


def test_a_night_costs_nothing() -> None:
    """Eight hours of work, sixteen of nothing: what is paid for is the day."""
    draw = random.Random(7)
    day = sorted(draw.uniform(0.0, 8 * 3600.0) for _ in range(8000))
    life = live([(at, 0.5) for at in day], Settings(least=0, most=8), until=24 * 3600.0)
    assert life.at_the_end() == 0
    assert max(at for at, _ in life.changes) < 8 * 3600.0 + 400.0
    assert life.paid < 8 * 3600.0 * 4
    assert sum(life.waits) / len(life.waits) < 0.1


def test_memory_bounds_growth_and_makes_room() -> None:
    machine = Scaling(Settings(least=0, most=8, process_memory=GIB, reserve=GIB))
    first = machine.decide(seen(0.0, 0, 0, 100, memory=4 * GIB))
    assert (first.wanted, first.why) == (3, "memory")
    # What was just started has not taken its memory yet: it is not given away twice.
    assert machine.decide(seen(0.1, 3, 3, 100, memory=4 * GIB)).wanted == 3
    assert machine.decide(seen(6.0, 3, 3, 100, memory=3 * GIB)).wanted == 5
    assert machine.decide(seen(20.0, 5, 5, 100, memory=0)).wanted == 4
    assert machine.decide(seen(21.0, 4, 4, 100, memory=4 * GIB)).wanted == 4
    assert machine.decide(seen(26.0, 4, 4, 100, memory=4 * GIB)).wanted == 7
    big = Scaling(Settings(least=0, most=8, process_memory=GIB, reserve=GIB))
    assert big.decide(seen(0.0, 0, 0, 100, memory=9 * GIB, process_memory=4 * GIB)).wanted == 2


def test_a_clock_that_goes_back() -> None:
    machine = Scaling(Settings(least=0, idle=10.0))
    assert machine.decide(seen(100.0, 2, 2)).wanted == 2
    decision = machine.decide(seen(50.0, 2))
    assert (decision.wanted, decision.look) == (2, 101.0)
    assert machine.decide(seen(111.0, 2)).wanted == 1


@pytest.mark.parametrize(("least", "most"), [(-1, None), (3, 2), (0, 0)])
def test_bounds_that_nothing_lies_between(least: int, most: int | None) -> None:
    with pytest.raises(ValueError, match="at least 0 processes"):
        Settings(least=least, most=most)


def test_a_crowd_looks_less_often() -> None:
    waiting = {str(queue): 1 for queue in range(16)}
    alone = Scaling(Settings()).decide(seen(10.0, 1, 1, waiting=waiting))
    assert alone.look == 10.25
    crowd = Scaling(Settings()).decide(seen(10.0, 1, 1, waiting=waiting, workers=1000))
    assert crowd.look == 18.0
