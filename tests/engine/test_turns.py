"""Whose turn it is: what is claimed for this machine is begun by whom it suits, and nothing waits that could be done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hyper.engine.executors.abroad import Abroad, Terms
from hyper.engine.executors.schedule import Prices, Schedule

if TYPE_CHECKING:
    from collections.abc import Sequence

FREE: Final = Prices(start=0.0, sample=0.0)
EAGER: Final = Terms(start=0.0, job=0.0, item=0.0, sample=10**9)
LATER: Final = 100.0


def asking(weights: Sequence[float], processes: int = 1) -> Schedule:
    """A schedule that has done its lightest item, and has a server to ask and no workers there."""
    schedule = Schedule(weights, processes, FREE)
    schedule.abroad = Abroad(EAGER)
    first = schedule.own()
    assert first is not None
    schedule.measured(first, 0.1)
    schedule.over(first)
    schedule.turns.joined(0.0)
    return schedule


def test_what_ended_processes_elsewhere_is_no_turn_of_this_process() -> None:
    schedule = asking([1.0] * 4)
    claimed = schedule.claims(0.0)
    assert len(claimed) == 3
    assert not schedule.ended(claimed[0])
    begun = [schedule.own(LATER) for _ in range(3)]
    assert begun == [*claimed[1:], None]
    assert schedule.needs_worker
    assert schedule.batch(LATER) == claimed[:1]
