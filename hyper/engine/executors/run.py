"""One run of a stage: what is handed out, done here, heard of workers, and what became of each item."""

from __future__ import annotations

import select
import time
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from hyper.engine.executors.inline import attempt
from hyper.engine.executors.protocol import DeadlyItem, Outcome, Span
from hyper.engine.executors.worker import READY, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hyper.distributed.dispatch.protocol import Answered
    from hyper.engine.executors.lane import Lane
    from hyper.engine.executors.launch import Worker
    from hyper.engine.executors.protocol import Stage
    from hyper.engine.executors.schedule import Schedule
    from hyper.engine.executors.worker import Answer

C = TypeVar("C")
R = TypeVar("R")

_AHEAD: Final = 2
"""Batches that a worker is given at a time, so that it need not wait for the next."""


class Run(Generic[C, R]):
    """One run of a stage."""

    def __init__(
        self,
        stage: Stage[C, R],
        context: C,
        items: Sequence[str],
        schedule: Schedule,
        tell: Callable[[int], None] | None,
    ) -> None:
        self.stage = stage
        self.context = context
        self.items = items
        self._tell = tell
        self._found: dict[int, Outcome[R]] = {}
        self.schedule = schedule
        self.lane: Lane[C] | None = None
        """What a fleet does of it, where one may help."""
        self.spans: list[Span] = []

    @property
    def left(self) -> int:
        """Items without an outcome."""
        return len(self.items) - len(self._found)

    def outcomes(self) -> list[Outcome[R]]:
        """The outcomes in the order of the items."""
        return [self._found[index] for index in range(len(self.items))]

    def step(self, workers: Sequence[Worker], lost: Callable[[Worker], str]) -> None:
        """Hand out batches, do an item here or else wait for the others, and hear what they say.

        ``lost`` takes leave of a worker that has died, and says how that was.
        """
        lane = self.lane
        if lane is not None:
            lane.supply()
        for worker in workers:
            self._supply(worker)
        if lane is not None:
            # What workers took is made up for before this process would wait for its turn.
            lane.claim()
        index = self.schedule.own(time.perf_counter())
        if index is not None:
            # The processor's time: what others make this process wait for says nothing of the item.
            before = time.process_time()
            outcome = attempt(self.stage, self.context, self.items[index])
            seconds = time.process_time() - before
            self.schedule.measured(index, seconds)
            self._settle(index, outcome, seconds=seconds)
        if not self.left or (not workers and (lane is None or not lane.listens)):
            return
        poll = select.poll()
        heard = {worker.answers: worker for worker in workers}
        for descriptor in heard:
            poll.register(descriptor, select.POLLIN)
        if lane is not None:
            lane.register(poll)
        for descriptor, _ in poll.poll(0 if index is not None else self._patience()):
            if descriptor not in heard:
                continue
            worker = heard[descriptor]
            answers = worker.hear()
            if answers is None:
                self._blame(worker, lost(worker))
            for answer in answers or ():
                self._take(worker, answer)
        if lane is not None:
            for item, who in lane.hear():
                self._take_far(lane, item, who)

    def _patience(self) -> float | None:
        """Milliseconds to wait for the others."""
        if self.lane is None:
            return None
        seconds = self.lane.wait()
        return None if seconds is None else seconds * 1000 + 1

    def abandon(self) -> None:
        """There will be no worker any more for those items that only one may do."""
        for index in self.schedule.abandoned():
            item = self.items[index]
            self._settle(index, Outcome(item, failure=DeadlyItem(item, "ended a process")))

    def _supply(self, worker: Worker) -> None:
        now = time.perf_counter()
        while len(worker.batches) < _AHEAD and (batch := self.schedule.batch(now)):
            items = [(index, self.items[index]) for index in batch]
            if not worker.ask(Request(self.stage.name, items)):
                self.schedule.returned(batch)
                return

    def _take(self, worker: Worker, answer: Answer) -> None:
        if answer.item == READY:
            worker.ready = True
        if answer.item < 0:
            return
        batch = worker.batches[0]
        batch.indexes.remove(answer.item)
        batch.began = batch.began or answer.began
        if not batch.indexes:
            worker.batches.pop(0)
            seconds = answer.began + answer.seconds - batch.began
            self.spans.append(Span(worker.name, self.stage.name, batch.began, seconds, batch.count))
        self.schedule.measured(answer.item, answer.cost)
        if answer.item in self._found:
            return
        if answer.size < 0:
            self._do(answer.item)
            return
        try:
            data = worker.result(answer)
            value = self.stage.unpack(data)
        except Exception:  # noqa: BLE001  # whatever came, it is not the result
            self._do(answer.item)
            return
        outcome = Outcome(self.items[answer.item], value)
        self._settle(answer.item, outcome, data=data, seconds=answer.cost)

    def _blame(self, worker: Worker, reason: str) -> None:
        """What a dead worker had not done is done again; that at which it died is watched."""
        undone = [index for batch in worker.batches for index in batch.indexes]
        if not worker.ready or not undone:
            self.schedule.returned(undone)
            return
        self.schedule.returned(undone[1:])
        if self.schedule.ended(undone[0]):
            item = self.items[undone[0]]
            self._settle(undone[0], Outcome(item, failure=DeadlyItem(item, reason)))

    def _take_far(self, lane: Lane[C], item: Answered, who: str) -> None:
        """An answer of the fleet to an item that it still had."""
        if item.state == "deadly":
            # Tried once more, by a process of this machine alone.
            if self.schedule.ended(item.index):
                name = self.items[item.index]
                self._settle(item.index, Outcome(name, failure=DeadlyItem(name, item.reason)))
            return
        before = time.process_time()
        if item.state != "done":
            # It raised there, and does so here, for whoever asked.
            self._do(item.index)
            return
        try:
            value = self.stage.unpack(item.data)
        except Exception:  # noqa: BLE001  # whatever came, it is not the result
            self._do(item.index)
            return
        lane.took(time.process_time() - before, here=not who)
        self._settle(item.index, Outcome(self.items[item.index], value))

    def _do(self, index: int) -> None:
        self._settle(index, attempt(self.stage, self.context, self.items[index]))

    def _settle(
        self, index: int, outcome: Outcome[R], data: bytes | None = None, seconds: float = 0.0
    ) -> None:
        self._found[index] = outcome
        over = self.schedule.over(index)
        if self.lane is not None and over.abroad:
            self.lane.withdraw(index)
        if self.lane is not None and over.ours:
            self.lane.made(index, outcome, data, seconds)
        if self._tell is not None:
            self._tell(len(self._found))
