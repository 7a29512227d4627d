"""The daemon's life: it starts its processes, waits for the server, takes jobs, says that it is there, and ends when it is told to.

Nothing here works on an item: the event loop only talks, so that locks are renewed whatever the items do.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import platform
import signal
import socket
import time
from typing import TYPE_CHECKING, Any, Final

import msgspec

from hyper.cache.remote.settings import shown_address
from hyper.distributed import expiry, roster
from hyper.distributed.blobs import Blobs
from hyper.distributed.client import cancelled, connect, disconnect, kind_of
from hyper.distributed.flights.server import Flights
from hyper.distributed.messages import MessageError
from hyper.distributed.overview import depths_of
from hyper.distributed.pool import Limits, Pool, PoolError
from hyper.distributed.scaling import Observation, Scaling, Settings
from hyper.distributed.worker.builds import Builds
from hyper.distributed.worker.consumers import Consumers
from hyper.distributed.worker.equipment import Equipment
from hyper.distributed.worker.http import Endpoints
from hyper.distributed.worker.jobs import Jobs
from hyper.distributed.worker.status import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from bullmq import Job as QueuedJob
    from redis.asyncio import Redis

    from hyper.distributed.settings import FleetSettings
    from hyper.distributed.stages import Registry
    from hyper.distributed.worker.consumers import Process
    from hyper.distributed.worker.log import Log

_BEAT: Final = 2.0
_RENEW: Final = 60.0
_HELD: Final = 256 << 20
_PROCESS: Final = 256 << 20
_LAST: Final = 5.0
_QUIET: Final = 3.0
_LOOK: Final = 0.25


class Options(msgspec.Struct, frozen=True):
    """How a daemon works. ``least`` and ``most`` are numbers of processes; seconds are of the clock.

    ``once``: end when nothing has come for ``idle`` seconds. ``drain``: what is under way when it is told to end has so long.
    ``port`` of ``host`` for health and metrics, 0 for a free one, ``None`` for none. ``lease``: another worker takes over what
    this one has if it was silent for so long. ``ahead``: jobs taken for each process, so that the next is here when one is done.
    """

    name: str
    least: int
    most: int
    shards: int = 1
    once: bool = False
    idle: float = 10.0
    drain: float = 30.0
    port: int | None = None
    host: str = "127.0.0.1"
    lease: float = 10.0
    limits: Limits = Limits()
    jobs_per_process: int = 1000
    ahead: int = 2


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
        self._pool = Pool(
            registry.place,
            max(options.least, 1),
            options.limits,
            jobs_per_process=options.jobs_per_process,
        )
        self._scaling = Scaling(
            Settings(least=options.least, most=options.most, process_memory=_PROCESS)
        )
        self._slots = max(options.least, 1)
        self._crowd = 1
        """Workers that look at the same queues, this one included."""
        self._equipment: Equipment | None = None
        self._stop = asyncio.Event()
        self._halt = asyncio.Event()
        self._consumers = Consumers(settings, log, self._taken)
        self._fault: PoolError | None = None
        """Why it cannot work any more."""
        self._last = time.monotonic()
        self._began = time.time()

    async def run(self) -> None:
        """Work until told to end. Raises ``OSError`` where the port is taken, and ``PoolError`` where no process starts."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        settings, options = self._settings, self._options
        endpoints = Endpoints(self.status, self._facts)
        client = connect(settings, text=False, timeout=5.0, retries=1)
        blobs = Blobs(settings, held=_HELD)
        try:
            if options.port is not None:
                await endpoints.start(options.port, options.host)
            await self._pool.start()
            self._log.event(
                "info",
                "starting",
                worker=options.name,
                version=self._version,
                fleet=settings.names.prefix,
                server=shown_address(settings.url),
                processes=f"{options.least} to {options.most}",
                grades=" ".join(self._registry.grades()),
                sandbox=self._pool.sandbox,
                http=endpoints.port or None,
            )
            flights = Flights(
                client,
                settings.names,
                settings.keyring,
                demands=settings.demands,
                rules=settings.flights,
            )
            self._equipment = Equipment(
                name=options.name,
                lease=options.lease,
                post=settings.post,
                registry=self._registry,
                flights=flights,
                blobs=blobs,
                pool=self._pool,
                builds=Builds(client, settings.names),
                status=self.status,
                log=self._log,
            )
            await self._work(client, Jobs(self._equipment))
        finally:
            self.status.become("stopped")
            if self._equipment is not None:
                await self._equipment.aside.close(_QUIET)
            with contextlib.suppress(Exception):
                await roster.leave(client, settings.names, self._member())
            await self._pool.close(kill=True)
            blobs.close()
            with contextlib.suppress(Exception):
                await disconnect(client)
            await endpoints.close()
        self._log.event("info", "ended", worker=options.name)

    def figures(self) -> dict[str, float]:
        """What was counted, by name."""
        found: dict[str, float] = {}
        for family in self.status.registry.collect():
            for sample in family.samples:
                if sample.name.startswith("hyper_worker_") and sample.name.endswith("_total"):
                    labels = "".join(f"_{value}" for value in sample.labels.values())
                    name = sample.name.removeprefix("hyper_worker_").removesuffix("_total")
                    found[name + labels] = sample.value
        return found

    def stop(self) -> None:
        """Finish what is under way and end; when it is called again, hand it back and end."""
        if self._stop.is_set():
            self._halt.set()
        self._stop.set()

    async def _work(self, client: Redis, jobs: Jobs) -> None:
        beside = [asyncio.create_task(each) for each in (self._beats(client), self._scales(client))]
        for task in beside:
            task.add_done_callback(self._is_over)
        try:
            self._last = time.monotonic()
            while self.status.phase == "starting" and not self._stop.is_set():
                await _first(self._stop.wait(), asyncio.sleep(0.05))
                self._end_where_idle("the server does not answer")
            if not self._stop.is_set():
                self._open(jobs, client)
                await self._until_stopped()
            await self._drain()
            await self._renew_queues(client)
        finally:
            for task in beside:
                task.cancel()
            ends = await asyncio.gather(*beside, return_exceptions=True)
        for end in (self._fault, *ends):
            if isinstance(end, Exception):
                raise end

    def _is_over(self, task: asyncio.Task[None]) -> None:
        """What has to go on has ended: a daemon that cannot say that it is there ends."""
        if not task.cancelled() and task.exception() is not None:
            self.stop()

    async def _until_stopped(self) -> None:
        if not self._options.once:
            await self._stop.wait()
            return
        while not self._stop.is_set():
            left = self._last + self._options.idle - time.monotonic()
            await _first(self._stop.wait(), asyncio.sleep(max(left, 0.1)))
            self._end_where_idle()

    def _end_where_idle(self, reason: str | None = None) -> None:
        """With ``once``, end where nothing is under way and nothing has come for long enough."""
        idle = self._options.idle
        if (
            self._options.once
            and not self._stop.is_set()
            and not self._consumers.under_way
            and time.monotonic() - self._last >= idle
        ):
            self._log.event("info", "nothing more to do", seconds=idle, reason=reason)
            self._stop.set()

    def _open(self, jobs: Jobs, client: Redis) -> None:
        """Take jobs from the queues that this compiler can serve."""
        names, identity = self._settings.names, self._registry.identity
        served = {
            names.queue(identity, grade, shard): jobs.do
            for grade in self._registry.grades()
            for shard in range(self._options.shards)
        }
        if "check" in self._registry.stages:
            served[names.checks()] = jobs.check
        for queue, do in served.items():
            self._consumers.open(queue, self._noting(client, queue, do))

    def _noting(
        self,
        client: Redis,
        queue: str,
        do: Callable[[QueuedJob], Coroutine[Any, Any, dict[str, Any]]],
    ) -> Process:
        """The work of a job, with what is said of it."""
        from bullmq import UnrecoverableError

        async def process(job: QueuedJob) -> dict[str, Any]:
            self._last = time.monotonic()
            assert self._equipment is not None
            renewed = expiry.renew(client, self._settings.names, [], [(queue, str(job.id))])
            self._equipment.aside.do(renewed)
            try:
                answer = await do(job)
            except MessageError as error:
                self.status.refused.labels(error.fault).inc()
                self.status.jobs.labels("refused").inc()
                self._log.seldom(
                    "warning", "refused", job=job.id, fault=error.fault, reason=str(error)
                )
                raise UnrecoverableError(f"refused ({error.fault}): {error}") from None
            except PoolError as error:
                self.status.jobs.labels("failed").inc()
                self._give_up(error)
                raise
            except Exception as error:
                self.status.jobs.labels("failed").inc()
                self._log.seldom(
                    "error", "failed", job=job.id, reason=f"{type(error).__name__}: {error}"
                )
                raise
            finally:
                self._last = time.monotonic()
            self.status.jobs.labels("done").inc()
            return answer

        return process

    def _give_up(self, error: PoolError) -> None:
        """Without processes it would take each job that there is, and do none: the other workers have them instead."""
        if self._fault is None and not self._stop.is_set():
            self._fault = error
            self._log.event("error", "no process can be had", reason=str(error))
            self.stop()

    @property
    def _taken(self) -> int:
        """Jobs that are taken from a queue at a time. An idle worker listens, so that the first job starts a process."""
        return max(self._options.ahead * self._slots // self._options.shards, 1)

    async def _beats(self, client: Redis) -> None:
        """Say that it is there, again and again; see whether the server is."""
        from hyper.distributed.dispatch.outages import TROUBLE

        renewed = -math.inf
        while True:
            try:
                await roster.announce(client, self._settings.names, self._member())
                self._crowd = await roster.count_workers(client, self._settings.names)
                if time.monotonic() - renewed > _RENEW:
                    renewed = time.monotonic()
                    await expiry.renew(client, self._settings.names, self._consumers.queues)
            except TROUBLE as error:
                if self.status.phase == "starting":
                    self._log.once("warning", "waits for the server", reason=kind_of(error))
                elif self.status.become("lost"):
                    self.status.outages.inc()
                    self._log.event("warning", "the server is lost", reason=kind_of(error))
                    await self._consumers.pause()
            else:
                if self.status.become("ready"):
                    self._consumers.resume()
                    self._last = time.monotonic()
                    self._log.event("info", "ready", worker=self._options.name)
            self.status.slots.set(self._slots)
            self.status.busy.set(self._pool.busy)
            if cancelled():
                return
            await asyncio.sleep(_BEAT)

    async def _scales(self, client: Redis) -> None:
        """Have as many processes as pay."""
        from hyper.distributed.dispatch.outages import TROUBLE

        while not self._stop.is_set() and not cancelled():
            waiting: dict[str, int] = {}
            with contextlib.suppress(*TROUBLE):
                depths = await depths_of(client, self._settings.names, self._consumers.queues)
                waiting = {each.queue: each.waiting for each in depths}
            self.status.waiting.set(sum(waiting.values()))
            waiting["here"] = max(self._consumers.under_way - self._pool.busy, 0)
            decision = self._scaling.decide(
                Observation(
                    now=time.monotonic(),
                    processes=self._slots,
                    busy=min(self._pool.busy, self._slots),
                    waiting=waiting,
                    cores=self._options.most,
                    workers=self._crowd,
                    memory=_free_memory(),
                )
            )
            if decision.wanted != self._slots:
                self._log.event(
                    "info", "scaled", processes=decision.wanted, was=self._slots, why=decision.why
                )
                self._slots = decision.wanted
                await self._pool.resize(self._slots)
                self._consumers.limit(self._taken)
            await asyncio.sleep(max(decision.look - time.monotonic(), 0.01))

    async def _renew_queues(self, client: Redis) -> None:
        """What the last jobs have made ends, too."""
        from hyper.distributed.dispatch.outages import TROUBLE

        with contextlib.suppress(*TROUBLE):
            await expiry.renew(client, self._settings.names, self._consumers.queues)

    async def _drain(self) -> None:
        """Take nothing more; finish what is under way, or hand it back."""
        assert self._equipment is not None
        self.status.become("draining")
        self._log.event("info", "draining", jobs=self._consumers.under_way)
        if not self._consumers.queues:
            return
        self._equipment.ending.set()
        closing = self._consumers.close()
        await _first(
            asyncio.shield(closing),
            self._halt.wait(),
            asyncio.sleep(self._options.drain),
            self._nothing_left(),
        )
        if self._consumers.under_way:
            self._log.event("warning", "handing back", jobs=self._consumers.under_way)
            self._equipment.halted.set()
            await _first(asyncio.shield(closing), asyncio.sleep(_LAST))
        if not closing.done():
            # The server does not answer: what is under way is taken over when its leases run out. Closing is not cancelled: BullMQ
            # would begin it again, for ever.
            self._consumers.cancel()
            await _first(asyncio.shield(closing), asyncio.sleep(_LAST))

    async def _nothing_left(self) -> None:
        """Wait until nothing has been under way for a while: then it is the server for which closing waits."""
        quiet = 0.0
        while quiet < _QUIET:
            await asyncio.sleep(_LOOK)
            quiet = 0.0 if self._consumers.under_way else quiet + _LOOK

    def _member(self) -> roster.Worker:
        draining = self.status.phase in {"draining", "stopped"}
        return roster.Worker(
            name=self._options.name,
            identity=self._registry.identity,
            grades=tuple(self._registry.grades()),
            slots=self._options.most,
            busy=self._pool.busy,
            shards=self._options.shards,
            cores=os.cpu_count() or 1,
            version=self._version,
            platform=f"{platform.system().lower()}-{platform.machine()}",
            processor=self._registry.processor,
            host=socket.gethostname()[:200],
            draining=draining,
            done=self.status.done,
            since=self._began,
        )

    def _facts(self) -> dict[str, object]:
        return {
            "fleet": self._settings.names.prefix,
            "identity": self._registry.identity,
            "grades": self._registry.grades(),
            "slots": self._slots,
            "busy": self._pool.busy,
            "sandbox": self._pool.sandbox,
        }


def _free_memory() -> int | None:
    """Bytes that processes can have without swapping; ``None`` where the system does not say."""
    try:
        with open("/proc/meminfo", encoding="ascii") as stream:
            for line in stream:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    return None


async def _first(*waits: Any) -> None:
    """Wait for the first of several: coroutines are given up then, futures go on."""
    tasks = [asyncio.ensure_future(each) for each in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task, wait in zip(tasks, waits, strict=True):
            if task is not wait:
                task.cancel()
