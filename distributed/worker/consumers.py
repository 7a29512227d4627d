"""Takes jobs from queues with BullMQ's workers, one for each queue. Where one ends by itself, another takes its place."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from hyper.distributed.client import bullmq_options, disconnect, kind_of

if TYPE_CHECKING:
    from bullmq import Job as QueuedJob
    from bullmq import Worker as QueueWorker

    from hyper.distributed.settings import FleetSettings
    from hyper.distributed.worker.log import Log

Process: TypeAlias = Callable[["QueuedJob"], Coroutine[Any, Any, dict[str, Any]]]
"""The work of a job: its answer, or what it raises."""

_LOCK: Final = 10_000
_STALLED: Final = 5_000
_MANY: Final = 1_000_000
"""BullMQ gives a job up after so many crashes; strikes of actions are counted by the flights instead."""
_AGAIN: Final = 1.0
_SILENT: Final = "the queue does not answer"
_LEFT: Final = "a queue is not served"


class Consumers:
    """The queues from which jobs are taken, of each so many at once."""

    def __init__(self, settings: FleetSettings, log: Log, concurrency: int) -> None:
        self._settings = settings
        self._log = log
        self._concurrency = max(concurrency, 1)
        self._processes: dict[str, Process] = {}
        self._workers: dict[str, QueueWorker] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._closing = asyncio.Event()
        self.paused = False
        """Whether nothing is taken for now."""

    @property
    def queues(self) -> list[str]:
        """The names of the queues."""
        return list(self._processes)

    @property
    def under_way(self) -> int:
        """Jobs that were taken and are not answered."""
        return sum(len(worker.jobs) for worker in self._workers.values())

    def open(self, queue: str, process: Process) -> None:
        """Take jobs from a queue."""
        self._processes[queue] = process
        self._workers[queue] = self._worker(queue)
        self._tasks.append(asyncio.create_task(self._consume(queue)))

    async def pause(self) -> None:
        """Take nothing more for now: BullMQ asks some servers that are gone again and again, without a rest."""
        self.paused = True
        for worker in self._workers.values():
            await worker.pause(do_not_wait_active=True)

    def resume(self) -> None:
        """Take jobs again."""
        self.paused = False
        self._log.over(_SILENT)
        for worker in self._workers.values():
            worker.resume()

    def limit(self, concurrency: int) -> None:
        """Have so many jobs of each queue at once; one at least, so that the first one is heard of."""
        self._concurrency = max(concurrency, 1)
        for worker in self._workers.values():
            worker.opts["concurrency"] = self._concurrency

    def close(self) -> asyncio.Future[Any]:
        """Take nothing more. What comes back is done when nothing is under way; it must not be cancelled: BullMQ would begin it
        again, for ever."""
        self._closing.set()
        workers = self._workers.values()
        return asyncio.gather(*(worker.close() for worker in workers), return_exceptions=True)

    def cancel(self) -> None:
        """Break off what is under way."""
        for worker in self._workers.values():
            worker.cancelProcessing()

    def _worker(self, queue: str) -> QueueWorker:
        from bullmq import Worker as QueueWorker

        options = bullmq_options(
            self._settings,
            concurrency=self._concurrency,
            lockDuration=_LOCK,
            stalledInterval=_STALLED,
            maxStalledCount=_MANY,
            runRetryDelay=1000,
            drainDelay=2,
            skipVersionCheck=True,
            autorun=False,
            removeOnComplete={"age": 300, "count": 1000},
            removeOnFail={"age": 3600, "count": 1000},
        )
        process = self._processes[queue]

        async def taken(job: QueuedJob, _token: str) -> dict[str, Any]:
            self._log.over(_SILENT)
            self._log.over(_LEFT)
            return await process(job)

        worker = QueueWorker(queue, taken, options)
        if self._settings.address.cluster:
            # BullMQ would say its name to every node, and keep a connection to each for that.
            worker.clientName = ""
        worker.on("error", self._failed)
        return worker

    def _failed(self, error: Exception, *_: Any) -> None:
        self._log.once("warning", _SILENT, reason=kind_of(error))

    async def _consume(self, queue: str) -> None:
        """Take jobs from a queue, as long as there is a daemon: BullMQ's own loop ends at what it does not expect."""
        task = asyncio.current_task()
        while not self._closing.is_set():
            worker, reason = self._workers[queue], "it ended"
            try:
                await worker.run()
            except asyncio.CancelledError:
                if task is None or task.cancelling():
                    raise
            except Exception as error:  # noqa: BLE001  # whatever it is, the queue is to be served
                reason = kind_of(error)
            if self._closing.is_set():
                return
            self._log.once("error", _LEFT, queue=queue, reason=reason)
            with contextlib.suppress(Exception):
                await worker.close(force=True)
            with contextlib.suppress(Exception):
                await disconnect(worker.opts["connection"])
            await asyncio.sleep(_AGAIN)
            if not self._closing.is_set():
                self._workers[queue] = worker = self._worker(queue)
                if self.paused:
                    await worker.pause(do_not_wait_active=True)
