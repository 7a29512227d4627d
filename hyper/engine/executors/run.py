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
        self._stage = stage
        self._context = context
        self._items = items
        self._tell = tell
        self._found: dict[int, Outcome[R]] = {}
        self.schedule = schedule
        self.spans: list[Span] = []

    @property
    def left(self) -> int:
        """Items without an outcome."""
        return len(self._items) - len(self._found)

    def outcomes(self) -> list[Outcome[R]]:
        """The outcomes in the order of the items."""
        return [self._found[index] for index in range(len(self._items))]

    def step(self, workers: Sequence[Worker], lost: Callable[[Worker], str]) -> None:
        """Hand out batches, do an item here or else wait for the workers, and hear what they say.

        ``lost`` takes leave of a worker that has died, and says how that was.
        """
        for worker in workers:
            self._supply(worker)
        index = self.schedule.own()
        if index is not None:
            # The processor's time: what others make this process wait for says nothing of the item.
            before = time.process_time()
            self._do(index)
            self.schedule.measured(index, time.process_time() - before)
        if not workers:
            return
        poll = select.poll()
        heard = {worker.answers: worker for worker in workers}
        for descriptor in heard:
            poll.register(descriptor, select.POLLIN)
        for descriptor, _ in poll.poll(0 if index is not None else None):
            worker = heard[descriptor]
            answers = worker.hear()
            if answers is None:
                self._blame(worker, lost(worker))
            for answer in answers or ():
                self._take(worker, answer)

    def abandon(self) -> None:
        """There will be no worker any more for those items that only one may do."""
        for index in self.schedule.abandoned():
            item = self._items[index]
            self._settle(index, Outcome(item, failure=DeadlyItem(item, "ended a process")))

    def _supply(self, worker: Worker) -> None:
        while len(worker.batches) < _AHEAD and (batch := self.schedule.batch()):
            items = [(index, self._items[index]) for index in batch]
            if not worker.ask(Request(self._stage.name, items)):
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
            self.spans.append(
                Span(worker.name, self._stage.name, batch.began, seconds, batch.count)
            )
        self.schedule.measured(answer.item, answer.cost)
        if answer.size < 0:
            self._do(answer.item)
            return
        try:
            value = self._stage.unpack(worker.result(answer))
        except Exception:  # noqa: BLE001  # whatever came, it is not the result
            self._do(answer.item)
            return
        self._settle(answer.item, Outcome(self._items[answer.item], value))

    def _blame(self, worker: Worker, reason: str) -> None:
        """What a dead worker had not done is done again; that at which it died is watched."""
        undone = [index for batch in worker.batches for index in batch.indexes]
        if not worker.ready or not undone:
            self.schedule.returned(undone)
            return
        self.schedule.returned(undone[1:])
        if self.schedule.ended(undone[0]):
            item = self._items[undone[0]]
            self._settle(undone[0], Outcome(item, failure=DeadlyItem(item, reason)))

    def _do(self, index: int) -> None:
        self._settle(index, attempt(self._stage, self._context, self._items[index]))

    def _settle(self, index: int, outcome: Outcome[R]) -> None:
        self._found[index] = outcome
        if self._tell is not None:
            self._tell(len(self._found))
