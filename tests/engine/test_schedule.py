"""Who does what next, of this process, its workers and a fleet: whatever becomes of them, every item has one outcome."""

from __future__ import annotations

from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hyper.engine.executors.abroad import Abroad, Terms
from hyper.engine.executors.schedule import Prices, Schedule

FREE: Final = Prices(start=0.0, sample=0.0)
EAGER: Final = Terms(start=0.0, job=0.0, item=0.0, sample=10**9, least=0.5)
SECOND: Final = 1.0
ACTS: Final = (
    "own",
    "hand out",
    "finish",
    "die",
    "send",
    "answer",
    "lose",
    "deadly",
    "join",
    "leave",
    "wait",
    "claim",
    "grant",
    "refuse",
    "fly",
    "claim deadly",
)


class World:
    """What is around a schedule, as ``Run`` and ``Lane`` are, but for input and output."""

    def __init__(self, weights: list[float], processes: int) -> None:
        self.schedule = Schedule(weights, processes, FREE)
        self.abroad = self.schedule.abroad = Abroad(EAGER)
        self.count = len(weights)
        self.now = 0.0
        self.found: set[int] = set()
        self.worker: list[int] = []
        self.deaths: dict[int, int] = {}
        self.given_up: set[int] = set()
        self.asked: list[int] = []
        self.ours: set[int] = set()
        self.told: set[int] = set()

    def settle(self, index: int) -> None:
        if index not in self.found:
            self.found.add(index)
            if self.schedule.over(index).ours:
                assert index in self.ours
                self.told.add(index)

    def claim(self, _number: int) -> None:
        taken = self.schedule.claims(self.now)
        assert self.found.isdisjoint(taken)
        assert self.deaths.keys().isdisjoint(taken)
        assert not taken or self.schedule.turns.on
        self.asked += taken

    def grant(self, number: int) -> None:
        if self.asked:
            index = self.asked.pop(number % len(self.asked))
            if self.schedule.granted(index):
                assert index not in self.found
                self.ours.add(index)

    def refuse(self, number: int) -> None:
        if self.asked:
            self.schedule.unclaimed([self.asked.pop(number % len(self.asked))])

    def claim_deadly(self, number: int) -> None:
        if self.asked:
            self.end(self.asked.pop(number % len(self.asked)))

    def fly(self, number: int) -> None:
        if self.asked:
            self.schedule.elsewhere(self.asked.pop(number % len(self.asked)), self.now)

    def do(self, act: str, number: int) -> None:
        getattr(self, act.replace(" ", "_"))(number)
        self.check()

    def own(self, _number: int) -> None:
        index = self.schedule.own(self.now)
        if index is not None:
            assert index not in self.found
            assert index not in self.deaths
            self.schedule.measured(index, SECOND / 10)
            self.settle(index)

    def hand_out(self, _number: int) -> None:
        batch = self.schedule.batch(self.now)
        assert self.found.isdisjoint(batch)
        if any(index in self.deaths for index in batch):
            assert len(batch) == 1
        self.worker += batch

    def finish(self, _number: int) -> None:
        if self.worker:
            index = self.worker.pop(0)
            self.schedule.measured(index, SECOND / 10)
            self.settle(index)

    def die(self, _number: int) -> None:
        undone, self.worker = self.worker, []
        self.schedule.returned(undone[1:])
        for index in undone[:1]:
            self.end(index)

    def end(self, index: int) -> None:
        if index not in self.found:
            self.deaths[index] = self.deaths.get(index, 0) + 1
        if self.schedule.ended(index):
            assert self.deaths[index] == 2
            self.given_up.add(index)
            self.settle(index)

    def send(self, _number: int) -> None:
        job = self.schedule.job(self.now)
        assert self.found.isdisjoint(job)
        assert self.deaths.keys().isdisjoint(job)
        assert not job or self.abroad.slots

    def answer(self, number: int) -> None:
        out = self.abroad.items
        if out:
            index = out[number % len(out)]
            self.abroad.came([index], self.now)
            self.settle(index)

    def lose(self, number: int) -> None:
        out = self.abroad.items
        if out:
            self.schedule.came_back([out[number % len(out)]])

    def deadly(self, number: int) -> None:
        out = self.abroad.items
        if out:
            index = out[number % len(out)]
            self.abroad.came([index], self.now)
            self.end(index)

    def join(self, number: int) -> None:
        self.abroad.joined(number % 5, number % 7, 1, 0.001)
        self.schedule.turns.joined(0.001)

    def leave(self, _number: int) -> None:
        self.schedule.came_back(self.abroad.items)
        self.schedule.ask_nobody()
        self.ours &= self.found
        self.abroad.joined(0)
        self.asked.clear()

    def wait(self, number: int) -> None:
        self.now += number / 10

    def check(self) -> None:
        assert self.found.isdisjoint(self.abroad.items)
        assert self.told == self.ours & self.found
        if self.found == set(range(self.count)) and not self.schedule._waits():
            assert self.schedule._left == pytest.approx(0.0)

    def to_the_end(self) -> None:
        """Whoever went away, and whatever does not answer: this process and one worker come to an end."""
        for _ in range(6 * self.count + 10):
            if len(self.found) == self.count:
                return
            self.claim(0)
            self.own(0)
            if self.schedule.needs_worker or not self.worker:
                self.hand_out(0)
            self.finish(0)
            for waits in (self.schedule.turns.wakes(), self.abroad.wakes()):
                if waits is not None:
                    self.now = max(self.now, waits)
        raise AssertionError(f"{self.count - len(self.found)} items are never done")


weights = st.lists(st.sampled_from([0.5, 1.0, 2.0, 50.0]), min_size=1, max_size=40)
stories = st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 60)), max_size=120)


@settings(max_examples=400, deadline=None)
@given(weights, stories, st.integers(1, 4))
def test_every_item_has_one_outcome(
    weights: list[float], story: list[tuple[str, int]], processes: int
) -> None:
    world = World(weights, processes)
    world.do("own", 0)
    for act, number in story:
        world.do(act, number)
    world.to_the_end()
    assert world.found == set(range(len(weights)))
    assert all(world.deaths[index] == 2 for index in world.given_up)


def joined(count: int = 100, terms: Terms = EAGER) -> tuple[Schedule, Abroad]:
    schedule = Schedule([1.0] * count, 1, FREE)
    abroad = schedule.abroad = Abroad(terms)
    abroad.joined(2, 4, 1, 0.001)
    return schedule, abroad


def measured(schedule: Schedule, seconds: float) -> None:
    index = schedule.own()
    assert index is not None
    schedule.measured(index, seconds)
    schedule.over(index)


def test_nothing_goes_abroad_before_something_is_measured() -> None:
    schedule, _ = joined()
    assert schedule.job(0.0) == []
    measured(schedule, 0.01)
    assert schedule.job(0.0)


def test_no_more_jobs_are_out_than_there_is_room_for() -> None:
    schedule, abroad = joined(10_000)
    measured(schedule, 0.01)
    sent = 0
    while schedule.job(0.0):
        sent += 1
    assert sent == 4
    abroad.joined(2, 5, 1, 0.001)
    assert schedule.job(0.0)
    assert not schedule.job(0.0)


def test_a_job_is_worth_its_way() -> None:
    schedule, _ = joined(10_000, Terms(start=0.0))
    measured(schedule, 0.005)
    seconds = len(schedule.job(0.0)) * 0.005
    assert 0.2 <= seconds <= 0.3


def test_what_costs_less_here_than_to_send_stays() -> None:
    schedule, _ = joined(10_000, Terms(start=0.0, item=0.002))
    measured(schedule, 0.001)
    assert schedule.job(0.0) == []
    assert schedule.unpaid


def test_the_price_of_sending_is_measured() -> None:
    schedule, abroad = joined(10_000, Terms(start=0.0, item=0.0, sample=10))
    measured(schedule, 0.001)
    assert schedule.job(0.0)
    abroad.spent(0.5, 100)
    assert abroad.price == pytest.approx(0.005)
    assert schedule.job(0.0) == []


def test_what_is_done_here_before_an_answer_can_come_stays() -> None:
    schedule, abroad = joined(5)
    measured(schedule, 0.01)
    abroad.joined(2, 4, 1, 1.0)
    assert schedule.job(0.0) == []


def test_a_fleet_is_started_where_enough_is_left() -> None:
    schedule, _ = joined(100, Terms(start=0.5))
    assert not schedule.wants_fleet()
    measured(schedule, 0.001)
    assert not schedule.wants_fleet()
    measured(schedule, 0.5)
    assert schedule.wants_fleet()


def test_what_is_out_for_too_long_is_done_here_when_nothing_waits() -> None:
    schedule, abroad = joined(8)
    measured(schedule, 1.0)
    sent = schedule.job(0.0)
    while (index := schedule.own(0.0)) is not None:
        schedule.over(index)
    late = abroad.wakes()
    assert late is not None
    assert schedule.own(late - 0.001) is None
    again = schedule.own(late + 0.001)
    assert again in sent
    assert schedule.over(again)
    assert not abroad.has(again)


def test_what_came_back_twice_without_a_result_stays() -> None:
    schedule, _ = joined(1000)
    measured(schedule, 0.1)
    first = schedule.job(0.0)
    schedule.came_back(first)
    second = schedule.job(0.0)
    assert sorted(first) == sorted(second)
    schedule.came_back(second)
    third = schedule.job(0.0)
    assert third
    assert set(third).isdisjoint(first)


def test_what_ended_a_process_here_is_not_left_to_a_fleet_that_has_it_too() -> None:
    schedule, _ = joined(4)
    measured(schedule, 1.0)
    schedule.job(0.0)
    while (index := schedule.own(0.0)) is not None:
        schedule.over(index)
    (late,) = schedule.batch(100.0)
    assert not schedule.ended(late)
    assert schedule.batch(100.0) == [late]
    # It was not taken: the worker had died before.
    schedule.returned([late])
    assert schedule.needs_worker
    assert schedule.batch(100.0) == [late]
