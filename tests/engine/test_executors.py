"""Executors: the same outcomes from each, in order, whatever happens to workers, and no process left."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyper.base.events import Event
from hyper.engine.executors import Inline, choose, values
from hyper.engine.executors.schedule import Prices, Schedule
from hyper.engine.trace import Trace
from tests.engine import executor_cases

ROOT: Final = Path(__file__).parents[2]
_ENDING: Final = {"interrupted", "killed"}
_CASES: Final = [
    name
    for name, case in inspect.getmembers(executor_cases, inspect.isfunction)
    if case.__module__ == executor_cases.__name__ and not name.startswith("_")
]


def _run(name: str) -> subprocess.CompletedProcess[str]:
    """Run a case in a process of its own. It has ended with all of its workers: they hold the pipe that is read here."""
    program = f"from tests.engine.executor_cases import {name}; {name}()"
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        start_new_session=True,
    )


@pytest.mark.parametrize("name", [name for name in _CASES if name not in _ENDING])
def test_case(name: str) -> None:
    done = _run(name)
    assert done.returncode == 0, done.stderr


def test_an_interrupt_leaves_no_process() -> None:
    done = _run("interrupted")
    assert (done.returncode, done.stdout) == (0, "interrupted\n"), done.stderr


def test_workers_end_when_their_starter_is_killed() -> None:
    assert _run("killed").returncode == -9


def test_inline_does_all_in_order() -> None:
    told: list[int] = []
    context = {"parent": str(executor_cases.ME), "item 1": "raise"}
    outcomes = Inline().run(
        executor_cases.STAGE, context, ["item 0", "item 1", "item 2"], [1, 1, 1], told.append
    )
    assert [outcome.value for outcome in outcomes] == ["item 0, done", None, "item 2, done"]
    assert told == [1, 2, 3]
    with pytest.raises(LookupError):
        values(outcomes)
    assert isinstance(choose(1), Inline)


# The schedule


def test_workers_are_only_wanted_where_they_save_more_than_they_cost() -> None:
    schedule = Schedule([1.0] * 101, 8, Prices(start=0.1, sample=0.0))
    assert schedule.helpers() == 0
    schedule.measured(schedule.own() or 0, 0.001)
    assert schedule.helpers() == 0
    slow = Schedule([1.0] * 101, 8, Prices(start=0.1, sample=0.0))
    slow.measured(slow.own() or 0, 0.02)
    # Of 2 s, the fourth worker would save 0.1 s.
    assert slow.helpers() == 3
    many = Schedule([1.0] * 101, 2, Prices(start=0.1, sample=0.0))
    many.measured(many.own() or 0, 10)
    assert many.helpers() == 1


def test_nothing_is_predicted_of_too_small_a_sample() -> None:
    schedule = Schedule([1.0] * 100, 4, Prices(start=0.0, sample=0.5))
    schedule.measured(0, 0.4)
    assert schedule.helpers() == 0
    schedule.measured(1, 0.2)
    assert schedule.helpers() > 0


def test_workers_take_the_heavy_items_and_batches_shrink() -> None:
    schedule = Schedule([float(number) for number in range(100)], 2, Prices(start=0.0, sample=0.0))
    assert schedule.own() == 0
    first, second = schedule.batch(), schedule.batch()
    assert first[0] == 99
    assert sum(first) > sum(second) > 0
    assert max(second) < min(first)


@given(st.lists(st.floats(0, 1e6), max_size=30), st.integers(1, 5), st.randoms())
def test_each_item_is_given_out_until_it_is_done_or_given_up(
    weights: list[float], processes: int, random: object
) -> None:
    chance = getattr(random, "random")  # noqa: B009  # hypothesis gives it no type
    schedule = Schedule(weights, processes, Prices(start=0.0, sample=0.0))
    settled: list[int] = []
    suspects: set[int] = set()
    while len(settled) < len(weights):
        own = schedule.own() if chance() < 0.5 else None
        if own is not None:
            assert own not in suspects
            schedule.measured(own, 0.001)
            settled.append(own)
        batch = schedule.batch()
        for position, index in enumerate(batch):
            if chance() < 0.3:
                schedule.returned(batch[position + 1 :])
                suspects.add(index)
                if schedule.ended(index):
                    settled.append(index)
                break
            schedule.measured(index, 0.001)
            settled.append(index)
    assert sorted(settled) == list(range(len(weights)))
    assert not schedule.needs_worker


# What others see of workers


def test_a_worker_has_a_lane_in_the_trace() -> None:
    trace = Trace()
    trace.hear(Event("phase:start", phase="parse"))
    trace.hear(Event("phase:end", phase="parse"))
    batch = Event(
        "worker:batch", phase="a.b:PARSE", total=7, worker="worker 1", began=3.0, seconds=0.5
    )
    trace.hear(batch)
    text = trace.encode().decode()
    assert '"args":{"name":"worker 1"}' in text
    assert '"dur":500000.0,"name":"parse","cat":"build","args":{"items":7}' in text
