"""What a fleet costs, part by part, and how much of it is work."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence


class Built(msgspec.Struct, frozen=True, kw_only=True):
    """One build. Seconds are of the clock, or where they are called ``cpu`` of the processor.

    ``handed`` is the time of the phases whose items are handed out. ``driver`` is the build's own process, ``dispatcher`` the one
    that talks for it; ``work`` is what items took at the workers, ``network`` what makes packets late.
    """

    wall: float
    handed: float
    driver: float
    dispatcher: float = 0.0
    redis: float = 0.0
    network: float = 0.0
    workers: tuple[float, ...] = ()
    work: float = 0.0
    jobs: int = 0
    items: int = 0
    overhead: float = 0.0
    """Seconds of jobs at the workers beside their items, all jobs together."""
    work_cpu: float = 0.0
    """Processor seconds of items at the workers."""


class FleetFigure(msgspec.Struct, frozen=True, kw_only=True):
    """Builds with a number of workers: medians of the runs. What is named ``overhead``, ``efficiency`` and ``cpu_over_alone`` is as
    ``docs/bench.md`` says; ``None`` where there is nothing to compare with, and but for the last where no job was done."""

    name: str
    targets: str
    workers: int
    latency_seconds: float
    round_trip_seconds: float
    wall_seconds: float
    wall_range: tuple[float, float]
    handed_seconds: float
    driver_cpu_seconds: float
    dispatcher_cpu_seconds: float
    redis_cpu_seconds: float
    network_cpu_seconds: float
    worker_cpu_seconds: list[float]
    work_seconds: float
    jobs: int
    items: int
    overhead_seconds_per_job: float | None
    overhead_cpu_seconds_per_job: float | None
    efficiency: float | None
    cpu_over_alone: float | None
    runs: int


def figure(
    name: str,
    targets: str,
    runs: Sequence[Built],
    *,
    workers: int = 0,
    cores: int = 1,
    latency: float = 0.0,
    trip: float = 0.0,
    alone: FleetFigure | None = None,
) -> FleetFigure:
    """The figure of runs. ``cores`` are those that they had, one for the build and all that is not a worker; ``alone`` is the build
    on one core."""

    def middle(values: Sequence[float]) -> float:
        return statistics.median(values)

    handed = middle([run.handed for run in runs])
    aside = middle([run.dispatcher + run.redis + run.network for run in runs])
    jobs = int(middle([run.jobs for run in runs]))
    overhead = overhead_cpu = efficiency = cpu_over_alone = None
    if jobs:
        did = [run for run in runs if run.jobs]
        overhead = middle([run.overhead / run.jobs for run in did])
        overhead_cpu = middle([(sum(run.workers) - run.work_cpu) / run.jobs for run in did])
    if alone is not None and workers:
        spent = middle([run.driver + sum(run.workers) for run in runs])
        cpu_over_alone = spent / alone.driver_cpu_seconds
        had = cores * handed - aside
        if jobs and had > 0:
            # Of the processor, so that other work of the machine does not count as work.
            share = alone.handed_seconds / alone.wall_seconds
            efficiency = alone.driver_cpu_seconds * share / had
    return FleetFigure(
        name=name,
        targets=targets,
        workers=workers,
        latency_seconds=latency,
        round_trip_seconds=trip,
        wall_seconds=middle([run.wall for run in runs]),
        wall_range=(min(run.wall for run in runs), max(run.wall for run in runs)),
        handed_seconds=handed,
        driver_cpu_seconds=middle([run.driver for run in runs]),
        dispatcher_cpu_seconds=middle([run.dispatcher for run in runs]),
        redis_cpu_seconds=middle([run.redis for run in runs]),
        network_cpu_seconds=middle([run.network for run in runs]),
        worker_cpu_seconds=[middle([run.workers[at] for run in runs]) for at in range(workers)],
        work_seconds=middle([run.work for run in runs]),
        jobs=jobs,
        items=int(middle([run.items for run in runs])),
        overhead_seconds_per_job=overhead,
        overhead_cpu_seconds_per_job=overhead_cpu,
        efficiency=efficiency,
        cpu_over_alone=cpu_over_alone,
        runs=len(runs),
    )
