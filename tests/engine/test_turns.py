"""Whose turn it is: what is claimed for this machine is begun by whom it suits, and nothing waits that could be done."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final

from hyper.distributed.dispatch.protocol import Answered, Answers, Claim, Hello, News
from hyper.engine.executors.abroad import Abroad, Terms
from hyper.engine.executors.fleet import Fleet
from hyper.engine.executors.lane import Lane
from hyper.engine.executors.launch import Batch, Worker
from hyper.engine.executors.protocol import Usage
from hyper.engine.executors.run import Run
from hyper.engine.executors.schedule import Prices, Schedule
from tests.distributed.build_stages import SHOUT

if TYPE_CHECKING:
    import select
    from collections.abc import Sequence

    from hyper.distributed.dispatch.protocol import Request
    from hyper.engine.executors.worker import Request as Task

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


class Granting(Fleet):
    """A dispatcher that says at once that everything is this build's to do, and wakes nobody."""

    def __init__(self) -> None:
        super().__init__(Hello(place="", project="", environment={}))
        self._pid = 1
        self.news = News(on=True)
        self.claimed: list[int] = []
        self.said: list[Answers] = []

    def send(self, request: Request) -> None:
        if isinstance(request, Claim):
            indexes = [each.index for each in request.items]
            self.claimed += indexes
            items = [Answered(index, "yours") for index in indexes]
            self.said.append(Answers(request.run, "", items))

    def hear(self) -> list[Answers]:
        said, self.said = self.said, []
        return said

    def register(self, poll: select.poll) -> None:
        """There is no pipe."""


class Waking(Run[bytes, str]):
    """Waits for nothing that nobody says."""

    def _patience(self) -> float | None:
        assert self.lane is not None
        fleet = self.lane._fleet
        assert isinstance(fleet, Granting)
        assert fleet.said, "nobody would wake this process, and there is something to do"
        return 0.0


class Taking(Worker):
    """A worker of this machine that is at its items for ever."""

    def ask(self, request: Task) -> bool:
        indexes = [index for index, _ in request.items]
        self.batches.append(Batch(request.stage, indexes, len(indexes)))
        return True


def test_when_workers_took_what_was_claimed_there_is_more_for_this_process() -> None:
    items = [f"item {number}" for number in range(40)]
    schedule = asking([1.0] * len(items), 2)
    fleet = Granting()
    answers, never = os.pipe()
    run = Waking(SHOUT, b"", items, schedule, None)
    assert SHOUT.remote is not None
    run.lane = Lane(fleet, run, SHOUT.remote, Usage())
    worker = Taking("worker 1", 0, -1, answers, -1)
    try:
        for _ in range(4):
            run.step([worker], lambda _: "died")
    finally:
        os.close(answers)
        os.close(never)
    assert len(worker.batches) == 2
    assert run.left < len(items)


class Ending(Granting):
    """A dispatcher that has ended, as is noticed by who tells it something."""

    def send(self, request: Request) -> None:
        del request
        self.failed = True
        self.news = News(on=False, reason="ended")


def test_who_ends_before_it_says_whose_turn_it_is_is_not_waited_for() -> None:
    items = [f"item {number}" for number in range(4)]
    schedule = asking([1.0] * len(items))
    run = Run(SHOUT, b"", items, schedule, None)
    assert SHOUT.remote is not None
    run.lane = Lane(Ending(), run, SHOUT.remote, Usage())
    before = run.left
    for _ in range(3):
        run.step([], lambda _: "died")
    assert run.left == before - 2


def test_what_a_fleet_has_for_too_long_wakes_nobody_who_waits_for_a_turn() -> None:
    items = [f"item {number}" for number in range(4)]
    schedule = asking([1.0] * len(items))
    run = Run(SHOUT, b"", items, schedule, None)
    assert SHOUT.remote is not None
    lane = Lane(Granting(), run, SHOUT.remote, Usage())
    now = time.perf_counter()
    first, second, _ = schedule.claims(now)
    assert schedule.elsewhere(first, now - LATER)
    wait = lane.wait()
    assert wait is not None
    assert wait > 0.0
    for index in (second, 0):
        schedule.unclaimed([index])
    assert lane.wait() == 0.0


def test_workers_take_the_heavy_ones_of_what_is_claimed_and_this_process_the_light_ones() -> None:
    weights = [float(weight) for weight in range(40, 0, -1)]
    schedule = asking(weights, 2)
    claimed = schedule.claims(0.0)
    for index in claimed:
        assert schedule.granted(index)
    assert schedule.own() == 38
    assert schedule.batch()[:2] == [0, 1]
    # One that is alone begins with the light ones, as it does without a server.
    alone = asking(weights)
    assert alone.claims(0.0) == [38, 37, 36]


def test_who_answers_late_is_asked_no_more_though_there_are_news_of_others() -> None:
    schedule = asking([1.0] * 8)
    claimed = schedule.claims(0.0)
    assert schedule.own(LATER) in claimed
    schedule.turns.joined(0.0)
    assert not schedule.turns.asks
    schedule.unclaimed(claimed)
    assert schedule.turns.asks


def test_what_was_granted_before_an_outage_is_told_nobody_after_it() -> None:
    schedule = asking([1.0] * 8)
    claimed = schedule.claims(0.0)
    for index in claimed:
        assert schedule.granted(index)
    schedule.ask_nobody()
    begun = schedule.own()
    assert begun in claimed
    assert not schedule.over(begun).ours
    # The others are still at hand, and would be claimed anew had they to wait again.
    assert schedule.turns.pending == 2
    assert all(schedule.turns.may_ask(index) for index in claimed)
