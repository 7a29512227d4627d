"""The daemon's life: it starts its processes, waits for the server, takes jobs, says that it is there, and ends when it is told to.

Nothing here works on an item: the event loop only talks, so that locks are renewed whatever the items do.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import platform
import signal
import socket
import time
from typing import TYPE_CHECKING, Any, Final

import msgspec

from hyper.distributed import roster
from hyper.distributed.blobs import Blobs
from hyper.distributed.client import bullmq_options, connect
from hyper.distributed.flights import Flights
from hyper.distributed.messages import Checked, MessageError
from hyper.distributed.pool import Limits, Pool
from hyper.distributed.worker.http import Endpoints
from hyper.distributed.worker.jobs import Jobs
from hyper.distributed.worker.status import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from bullmq import Job as QueuedJob
    from bullmq import Worker as QueueWorker

    from hyper.distributed.settings import FleetSettings
    from hyper.distributed.stages import Registry
    from hyper.distributed.worker.log import Log

_BEAT: Final = 2.0
_LOCK: Final = 10_000
_STALLED: Final = 5_000
_MANY: Final = 1_000_000
"""BullMQ gives a job up after so many crashes; strikes of actions are counted by the flights instead."""
_HELD: Final = 256 << 20


class Options(msgspec.Struct, frozen=True):
    """How a daemon works. ``least`` and ``most`` are numbers of processes; seconds are of the clock.

    ``once``: end when nothing has come for ``idle`` seconds. ``drain``: what is under way when it is told to end has so long.
    ``port`` of the loopback for health and metrics, 0 for a free one, ``None`` for none. ``lease``: another worker takes over what
    this one has if it was silent for so long.
    """

    name: str
    least: int
    most: int
    shards: int = 1
    once: bool = False
    idle: float = 10.0
    drain: float = 30.0
    port: int | None = None
    lease: float = 10.0
    limits: Limits = Limits()


class Daemon:
    """A worker of a fleet."""

    def __init__(
        self, settings: FleetSettings, registry: Registry, options: Options, log: Log, version: str
    ) -> None:
        self._settings = settings
        self._registry = registry
        self._options = options
        self._log = log
        self._version = version
        self.status = Status(options.name, version)
        self._pool = Pool(registry.place, options.most, options.limits)
        self._stop = asyncio.Event()
        self._halt = asyncio.Event()
        self._workers: list[QueueWorker] = []
        self._last = time.monotonic()
        self._began = time.time()

    async def run(self) -> int:
        """Work until told to end. Gives the exit code."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        endpoints = Endpoints(self.status, self._facts)
        if self._options.port is not None:
            await endpoints.start(self._options.port)
        self._log.event(
            "info",
            "starting",
            worker=self._options.name,
            fleet=self._settings.names.prefix,
            processes=self._options.most,
            grades=",".join(self._registry.grades()),
            http=endpoints.port or None,
        )
        client = connect(self._settings, text=False, timeout=5.0, retries=1)
        blobs = Blobs(self._settings, held=_HELD)
        try:
            await self._pool.start()
            flights = Flights(client, self._settings.names, self._settings.keyring)
            jobs = Jobs(
                self._settings,
                self._registry,
                flights,
                blobs,
                self._pool,
                self.status,
                self._options,
            )
            await self._work(client, jobs)
        finally:
            self.status.become("stopped")
            with contextlib.suppress(Exception):
                await roster.leave(client, self._settings.names, self._member())
            await self._pool.close(kill=True)
            blobs.close()
            await client.aclose()
            await endpoints.close()
        self._log.event("info", "ended", worker=self._options.name)
        return 0

    def stop(self) -> None:
        """Finish what is under way and end; when it is called again, hand it back and end."""
        if self._stop.is_set():
            self._halt.set()
        self._stop.set()

    async def _work(self, client: Any, jobs: Jobs) -> None:
        beat = asyncio.create_task(self._beats(client))
        try:
            await self._first_answer()
            if not self._stop.is_set():
                self._open(jobs)
                await self._until_stopped()
            await self._drain(jobs)
        finally:
            beat.cancel()
            await asyncio.gather(beat, return_exceptions=True)

    async def _first_answer(self) -> None:
        while self.status.phase != "ready" and not self._stop.is_set():
            await _first(self._stop.wait(), asyncio.sleep(0.05))

    async def _until_stopped(self) -> None:
        if not self._options.once:
            await self._stop.wait()
            return
        while not self._stop.is_set():
            left = self._last + self._options.idle - time.monotonic()
            if left <= 0 and not any(worker.jobs for worker in self._workers):
                self._log.event("info", "nothing more to do", seconds=self._options.idle)
                self._stop.set()
                return
            await _first(self._stop.wait(), asyncio.sleep(max(left, 0.1)))

    def _open(self, jobs: Jobs) -> None:
        """Take jobs from the queues that this compiler can serve."""
        from bullmq import Worker as QueueWorker

        names, identity = self._settings.names, self._registry.identity
        queues = [
            (names.queue(identity, grade, shard), jobs.do)
            for grade in self._registry.grades()
            for shard in range(self._options.shards)
        ]
        if "check" in self._registry.stages:
            queues.append((names.checks(), jobs.check))
        for queue, do in queues:
            options = bullmq_options(
                self._settings,
                concurrency=2 * self._options.most,
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
            worker = QueueWorker(queue, self._noting(do), options)
            worker.on("error", self._failed)
            self._workers.append(worker)
        for worker in self._workers:
            _ = asyncio.ensure_future(worker.run())

    def _noting(
        self, do: Callable[[QueuedJob], Coroutine[Any, Any, dict[str, Any]]]
    ) -> Callable[[QueuedJob, str], Coroutine[Any, Any, dict[str, Any]]]:
        """The work of a job, with what is said of it."""
        from bullmq import UnrecoverableError

        async def process(job: QueuedJob, _token: str) -> dict[str, Any]:
            self._last = time.monotonic()
            try:
                answer = await do(job)
            except MessageError as error:
                self.status.refused.labels(error.fault).inc()
                self.status.jobs.labels("refused").inc()
                self._log.event(
                    "warning", "refused", job=job.id, fault=error.fault, reason=str(error)
                )
                raise UnrecoverableError(f"refused ({error.fault}): {error}") from None
            except Exception as error:
                self.status.jobs.labels("failed").inc()
                self._log.event(
                    "error", "failed", job=job.id, reason=f"{type(error).__name__}: {error}"
                )
                raise
            finally:
                self._last = time.monotonic()
            self.status.jobs.labels("done").inc()
            return answer

        return process

    def _failed(self, error: Exception, *_: Any) -> None:
        self._log.once("warning", "the queue does not answer", reason=type(error).__name__)

    async def _beats(self, client: Any) -> None:
        """Say that it is there, again and again; see whether the server is."""
        from redis.exceptions import RedisError

        while True:
            try:
                await roster.announce(client, self._settings.names, self._member())
            except (RedisError, OSError) as error:
                if self.status.become("lost"):
                    self.status.outages.inc()
                    self._log.event("warning", "the server does not answer", reason=_reason(error))
            else:
                if self.status.become("ready"):
                    self._log.over("the queue does not answer")
                    self._log.event("info", "ready", worker=self._options.name)
            self.status.slots.set(self._pool.slots)
            self.status.busy.set(self._pool.busy)
            await asyncio.sleep(_BEAT)

    async def _drain(self, jobs: Jobs) -> None:
        """Take nothing more; finish what is under way, or hand it back."""
        self.status.become("draining")
        self._log.event("info", "draining", jobs=sum(len(each.jobs) for each in self._workers))
        closing = [asyncio.ensure_future(worker.close()) for worker in self._workers]
        jobs.drain()
        if closing:
            ends = asyncio.ensure_future(asyncio.wait(closing))
            await _first(ends, self._halt.wait(), asyncio.sleep(self._options.drain))
            if not ends.done():
                self._log.event("warning", "handing back what is not done")
                await jobs.hand_back()
                await _first(ends, asyncio.sleep(5.0))

    def _member(self) -> roster.Worker:
        draining = self.status.phase in {"draining", "stopped"}
        return roster.Worker(
            name=self._options.name,
            identity=self._registry.identity,
            grades=tuple(self._registry.grades()),
            slots=self._pool.slots,
            busy=self._pool.busy,
            shards=self._options.shards,
            cores=os.cpu_count() or 1,
            version=self._version,
            platform=f"{platform.system().lower()}-{platform.machine()}",
            host=socket.gethostname()[:200],
            draining=draining,
            since=self._began,
        )

    def _facts(self) -> dict[str, object]:
        return {
            "fleet": self._settings.names.prefix,
            "identity": self._registry.identity,
            "grades": self._registry.grades(),
            "slots": self._pool.slots,
            "busy": self._pool.busy,
            "sandbox": self._pool.sandbox,
        }


def _reason(error: BaseException) -> str:
    """What can be said of an error without an address or a password."""
    return type(error).__name__


async def _first(*waits: Any) -> None:
    """Wait for the first of several; the others are no longer waited for."""
    tasks = [asyncio.ensure_future(each) for each in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            if not task.done():
                task.cancel()


__all__ = ["Checked", "Daemon", "Options"]
