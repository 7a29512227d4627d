"""What is simulated, and what came of it."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

from hyper.distributed.sharding import MOST as MOST_SHARDS

GRADES: Final = 2
"""Queues of a shard that a worker with a compiler of machine code listens to: for any worker, and for such ones."""

Whole = Annotated[int, msgspec.Meta(ge=1)]
Least = Annotated[float, msgspec.Meta(ge=0.0)]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A fleet and what it is asked for.

    ``workers`` are machines with ``slots`` processes at most and ``least`` at least. ``drivers`` builds share the ``units`` and
    begin at once. Jobs are spread over ``shards`` queues, on ``nodes`` servers of a cluster; ``group`` items are one action, with
    one flight and one blob each way. ``round_trip`` is in seconds, ``bandwidth`` in bytes a second of a server's line. A worker
    ``crashes`` and ``stalls`` so often an hour; it comes back after ``restart``, and goes on after ``stall`` seconds. What it
    had taken is taken anew after ``lock`` seconds without a sign of it.
    """

    units: Whole
    workers: Whole
    slots: Whole = 8
    least: Annotated[int, msgspec.Meta(ge=0)] = 1
    work: str = "objects"
    drivers: Whole = 1
    shards: Annotated[int, msgspec.Meta(ge=1, le=MOST_SHARDS)] = 1
    nodes: Whole = 1
    group: Whole = 1
    round_trip: Least = 0.0005
    bandwidth: Annotated[float, msgspec.Meta(gt=0.0)] = 1.25e9
    crashes: Least = 0.0
    restart: Least = 5.0
    stalls: Least = 0.0
    stall: Least = 20.0
    lock: Least = 15.0
    seed: int = 1


class Outcome(msgspec.Struct, frozen=True):
    """What came of a plan. Seconds are simulated ones; loads are parts of the time from the first to the last.

    ``work`` is what the items took in seconds of a process, each counted once. ``efficiency`` is that, divided by what the
    processes of all workers could have done in the time. ``server`` is the busiest server's core, ``line`` its network line,
    ``build`` the busiest build's own process and ``dispatch`` its dispatching one. ``limit`` names the largest of these and
    ``workers``, the efficiency. ``machine_hours`` counts all workers for the whole time, ``process_hours`` their processes while
    they were there. ``repeated`` jobs were taken more than once.
    """

    units: int
    items: int
    actions: int
    jobs: int
    wall: float
    work: float
    efficiency: float
    server: float
    line: float
    build: float
    dispatch: float
    limit: str
    machine_hours: float
    process_hours: float
    repeated: int
    connections: int
    wait: float
    """Seconds that a job waited in its queue, on average."""
    speed_up: float
    """How many times faster it was than one process that does all."""

    @property
    def units_a_second(self) -> float:
        """Throughput."""
        return self.units / self.wall


def connections(plan: Plan) -> int:
    """Connections that the workers keep open to each server: two for a queue, and three for all else."""
    return plan.workers * (2 * GRADES * plan.shards + 3)
