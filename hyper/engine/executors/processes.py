"""The executor that works with processes beside this one, and with a fleet, from the moment on where they pay.

It begins alone. When what is left is predicted to take longer than with workers, which have to be started first, it starts them;
for little work it never does. They are kept as long as the context is the same. This process goes on working too, and between two
items it hears what the others have done.

A worker that dies is replaced, and what it had not done is done again; the item that it was at is then tried alone, and is given up
after it has ended two. What a worker cannot do or send back is done here, so that its exception is raised here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

from hyper.engine.executors.launch import UNSTARTED, start_worker, way_to_start
from hyper.engine.executors.protocol import Usage
from hyper.engine.executors.run import Run
from hyper.engine.executors.schedule import FORK, SPAWN, Schedule

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hyper.engine.executors.abroad import Terms
    from hyper.engine.executors.fleet import Fleet
    from hyper.engine.executors.launch import Start, Worker
    from hyper.engine.executors.protocol import Outcome, Stage
    from hyper.engine.executors.schedule import Prices

C = TypeVar("C")
R = TypeVar("R")

_DEATHS: Final = 8
"""After so many deaths it is not the items: no more workers are started."""
_NOTHING: Final = object()


class Processes:
    """Runs stages with at most ``processes`` processes, this one included, and with a fleet where there is one.

    ``prices``, ``terms`` and ``way`` are what the system has, unless they are given. ``usage`` tells what was started.
    """

    def __init__(
        self,
        processes: int,
        *,
        fleet: Fleet | None = None,
        prices: Prices | None = None,
        terms: Terms | None = None,
        way: Start | None = None,
    ) -> None:
        self.usage = Usage()
        self._processes = processes
        self._prices = prices
        self._way = way
        self._fleet = fleet
        self._terms = terms
        self._workers: list[Worker] = []
        self._context: Any = _NOTHING
        self._broken = False

    @property
    def far(self) -> bool:
        """Whether a fleet may get items."""
        return self._fleet is not None

    def run(
        self,
        stage: Stage[C, R],
        context: C,
        items: Sequence[str],
        weights: Sequence[float],
        tell: Callable[[int], None] | None = None,
    ) -> list[Outcome[R]]:
        """The outcome of each item, in their order."""
        if context is not self._context:
            self._dismiss()
        self._context = context
        prices = self._prices or (FORK if way_to_start() == "fork" else SPAWN)
        schedule = Schedule(weights, self._processes, prices)
        run = Run(stage, context, items, schedule, tell)
        if self._fleet is not None and stage.remote is not None:
            from hyper.engine.executors.abroad import TERMS, Abroad
            from hyper.engine.executors.lane import Lane

            schedule.abroad = Abroad(self._terms or TERMS)
            run.lane = Lane(self._fleet, run, stage.remote, self.usage)
        try:
            while run.left:
                self._start(run)
                run.step(self._workers, self._lost)
            self._part()
        except BaseException:
            self._kill()
            if self._fleet is not None:
                self._fleet.leave()
            raise
        finally:
            if run.lane is not None:
                run.lane.end()
                self.usage.spans += run.lane.spans
            self.usage.spans += run.spans
        return run.outcomes()

    def close(self) -> None:
        """Let the workers end, and wait for that."""
        try:
            self._dismiss()
        finally:
            if self._fleet is not None:
                self._fleet.close()
                figures, remote = self._fleet.figures, self.usage.remote
                remote.dispatcher_cpu = figures.cpu
                remote.bytes_in, remote.bytes_out = figures.bytes_in, figures.bytes_out
                remote.refused = figures.refused

    def _dismiss(self) -> None:
        memory = 0
        try:
            for worker in self._workers:
                worker.dismiss()
            for worker in self._workers:
                memory += worker.farewell()
        finally:
            self._kill()
        self.usage.peak_memory = max(self.usage.peak_memory, memory)

    def _start(self, run: Run[Any, Any]) -> None:
        """Start the workers that pay now, or the one without whom some items are never done."""
        needed = run.schedule.needs_worker and not self._workers
        wanted = 0 if self._broken else max(run.schedule.helpers(), int(needed))
        if wanted > len(self._workers):
            way = self._way or way_to_start()
            try:
                while way is not None and len(self._workers) < wanted:
                    name = f"worker {self.usage.started + 1}"
                    ends = self._fleet.descriptors if self._fleet is not None else []
                    self._workers.append(
                        start_worker(way, name, self._context, self._workers, ends)
                    )
                    self.usage.started += 1
            except UNSTARTED:
                self._broken = True
        if needed and not self._workers:
            run.abandon()

    def _part(self) -> None:
        """End the workers that are at what others were quicker with: nobody waits for it, and no other run shall hear of it."""
        busy = [worker for worker in self._workers if worker.batches]
        self._workers = [worker for worker in self._workers if not worker.batches]
        self._end(busy)

    def _lost(self, worker: Worker) -> str:
        """Take leave of a worker that has died: how that was."""
        self._workers.remove(worker)
        reason, seconds = worker.reap()
        self.usage.cpu_seconds += seconds
        self.usage.died += 1
        # One that dies before it has begun says nothing of an item: another one would do the same.
        self._broken = self._broken or not worker.ready or self.usage.died >= _DEATHS
        return reason

    def _kill(self) -> None:
        workers, self._workers, self._context = self._workers, [], _NOTHING
        self._end(workers)

    def _end(self, workers: Sequence[Worker]) -> None:
        for worker in workers:
            worker.kill()
        for worker in workers:
            self.usage.cpu_seconds += worker.reap()[1]
