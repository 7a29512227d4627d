"""Where a fleet is while it is measured: a machine that builds, one with Redis, one for each worker; and what is read of them."""

from __future__ import annotations

import json
import secrets
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final, Self

from hyper.bench.fleet.figures import Built
from hyper.bench.fleet.network import Loopback, Network
from hyper.bench.fleet.usage import seconds_of
from hyper.bench.fleet.worker import WorkerProcess
from hyper.bench.processes import printing
from hyper.bench.redis_server import RedisServer
from hyper.bench.report import BenchError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from hyper.bench.fleet.network import Machine
    from hyper.bench.processes import Run

_PROJECT: Final = "benchmark"
_HANDED: Final = ("parse", "check", "lower", "scenarios", "emit")
"""Phases of which items may be handed out."""
_OVERHEAD: Final = "hyper_worker_job_overhead_seconds"
_WORK: Final = "hyper_worker_item_seconds_sum"
_WORK_CPU: Final = "hyper_worker_cpu_seconds_total"
_TRIPS: Final = 41
_TRIP: Final = """\
import socket, statistics, sys, time
with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as near:
    near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    took = []
    for _ in range(int(sys.argv[3])):
        began = time.perf_counter()
        near.sendall(b"PING\\r\\n")
        near.recv(64)
        took.append(time.perf_counter() - began)
print(statistics.median(took))
"""


class FleetPlace:
    """A fleet of one latency. The build, its dispatcher, Redis and what makes packets late have core 0; workers have the others."""

    def __init__(self, latency: float, rate: int, workers: int, cores: int, *, apart: bool) -> None:
        """``latency`` is what a round trip to Redis takes longer; with ``apart`` machines are namespaces, else all are this one.

        Raises ``BenchError``.
        """
        self._stack = ExitStack()
        self._cores = cores
        self.latency = latency
        with ExitStack() as undo:
            undo.callback(self.close)
            self._network: Network | Loopback = Network() if apart else Loopback()
            self._stack.callback(self._network.close)
            self._driver = self._network.machine("driver")
            server = self._far(latency, rate)
            self._workers = [self._network.machine(f"worker-{at + 1}") for at in range(workers)]
            try:
                self._redis = RedisServer(
                    tcp=True, before=server.before(0 if cores > 1 else None), address=server.address
                )
            except OSError as error:
                raise BenchError(f"redis-server does not start: {error}") from None
            self._stack.callback(self._redis.close)
            self.settings = {
                "HYPER_QUEUE_URL": self._redis.url,
                "HYPER_CACHE_KEYS": f"benchmark:{secrets.token_hex(32)}",
                "HYPER_PROJECT": _PROJECT,
            }
            undo.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End all."""
        self._stack.close()

    @property
    def trip(self) -> float:
        """Seconds of a round trip from the machine that builds to Redis and back, as measured."""
        host, _, port = self._redis.url.removeprefix("redis://").partition(":")
        command = (*self._driver.before(), sys.executable, "-c", _TRIP, host, port, str(_TRIPS))
        return float(printing(command)[1])

    def build(
        self, words: Sequence[str], settings: Mapping[str, str], workers: int, *, wide: bool = False
    ) -> Built:
        """Run a build with ``--json`` while so many workers are there that have just begun; without one, the fleet is not asked.

        ``wide`` lets the build have all cores. Raises ``BenchError``.
        """
        core = None if wide or self._cores == 1 else 0
        command = (*self._driver.before(core), *words, "--json")
        if not workers:
            return _alone(command, settings)
        with ExitStack() as ends:
            there = [self._start(at, ends) for at in range(workers)]
            for each in there:
                each.wait_for("ready")
            before = [each.cpu() for each in there]
            aside = self._aside()
            run, printed = printing(
                (*command, "--distributed", "on"), {**settings, **self.settings}
            )
            aside = [now - then for now, then in zip(self._aside(), aside, strict=True)]
            spent = [each.cpu() - then for each, then in zip(there, before, strict=True)]
            told = [each.metrics() for each in there]
        self._forget()
        return _built(run, printed, aside, spent, told)

    def _start(self, at: int, ends: ExitStack) -> WorkerProcess:
        core = 1 + at % (self._cores - 1) if self._cores > 1 else None
        made = WorkerProcess(
            self._workers[at].name, ("--max", "1"), self.settings, self._workers[at].before(core)
        )
        ends.callback(made.kill)
        return made

    def _far(self, latency: float, rate: int) -> Machine:
        if isinstance(self._network, Loopback):
            return self._network.machine("redis")
        return self._network.machine("redis", late=latency / 2, rate=rate)

    def _aside(self) -> list[float]:
        """Processor seconds of Redis, and of what makes packets late."""
        redis, *cables = seconds_of([self._redis.pid, *self._network.cables])
        return [redis, sum(cables)]

    def _forget(self) -> None:
        """Leave nothing on the server of the build before."""
        self._redis.kill()
        self._redis.start()


def _alone(command: Sequence[str], settings: Mapping[str, str]) -> Built:
    run, printed = printing(command, settings)
    return Built(wall=run.wall, handed=_handed(_read(printed)), driver=run.cpu)


def _built(
    run: Run,
    printed: bytes,
    aside: Sequence[float],
    spent: Sequence[float],
    told: Sequence[Mapping[str, float]],
) -> Built:
    value = _read(printed)
    metrics = value["metrics"]
    redis, network = aside
    # A build for which a fleet does not pay does not say anything of one.
    dispatcher = metrics.get("dispatcher_cpu_seconds", 0.0)
    return Built(
        wall=run.wall,
        handed=_handed(value),
        driver=run.cpu - dispatcher,
        dispatcher=dispatcher,
        redis=redis,
        network=network,
        workers=tuple(spent),
        work=sum(took for each in told for name, took in each.items() if name.startswith(_WORK)),
        jobs=int(_sum(told, f"{_OVERHEAD}_count")),
        items=int(metrics.get("remote_items", 0)),
        overhead=_sum(told, f"{_OVERHEAD}_sum"),
        work_cpu=_sum(told, _WORK_CPU),
    )


def _sum(told: Sequence[Mapping[str, float]], name: str) -> float:
    return sum(each.get(name, 0.0) for each in told)


def _handed(value: Mapping[str, Any]) -> float:
    timing: dict[str, float] = value["timing"]
    return sum(timing.get(phase, 0.0) for phase in _HANDED)


def _read(printed: bytes) -> dict[str, Any]:
    try:
        value: dict[str, Any] = json.loads(printed)
    except ValueError:
        raise BenchError("the build did not print what --json promises") from None
    return value
