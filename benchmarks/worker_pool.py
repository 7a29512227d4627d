"""What the pool of a worker's processes costs, with all that the compiler's stages import.

    python -m benchmarks.worker_pool [--rounds 3] [--out FILE]

Starting the zygote, a task in a process of its own (a fork that confines itself, and the way there and back), a task in a process
that is there, and items among many of one task: empty ones, and of 10 kB in and out. Medians of the rounds. The stage gives its
bytes back. Prints a table; the JSON has the same figures.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import statistics
import time
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hyper.distributed.pool import Limits, Pool, Task
from hyper.distributed.stages import Registry, RemoteStage
from hyper.engine.fleet import registry as compiler

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

PLACE: Final = "benchmarks.worker_pool:registry"
PROCESSES: Final = 30
TASKS: Final = 300
ITEMS: Final = 3000
ITEM: Final = bytes(10_000)


def registry() -> Registry:
    """A stage that gives its bytes back, in a process that has loaded the compiler."""
    real = compiler.registry()
    echo: RemoteStage[bytes] = RemoteStage("echo", b"".join, _echo)
    return Registry(PLACE, real.identity, {"echo": echo}, real.tools, real.warm)


def _echo(_: bytes, own: bytes) -> bytes:
    return own


def main() -> int:
    """Measure, print, and write what was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    rounds = [asyncio.run(measured()) for _ in range(arguments.rounds)]
    sandbox = rounds[0][0]
    figures = {
        name: statistics.median(figures[name] for _, figures in rounds) for name in rounds[0][1]
    }
    print(f"children are held by: {sandbox}\n")
    for name, figure in figures.items():
        print(f"{name:<46} {figure:>12,.2f}")
    if arguments.out:
        machine = {"machine": platform.machine(), "python": platform.python_version()}
        found = {**machine, "cores": os.cpu_count(), "sandbox": sandbox, "figures": figures}
        arguments.out.write_text(json.dumps(found, indent=2) + "\n")
    return 0


async def measured() -> tuple[str, dict[str, float]]:
    """What holds the children, and all figures by their names."""
    cores = os.cpu_count() or 1
    figures = {}
    pool = Pool(PLACE, 1, Limits(), jobs_per_process=1)
    figures["start the zygote, ms"] = 1e3 * await _seconds(pool.start)
    figures["of that, load the compiler, ms"] = 1e3 * pool.warmed
    empty = Task("echo", [], [b""])
    figures["a task in a process of its own, ms"] = 1e3 * await _median(pool, empty, PROCESSES)
    await pool.close()

    pool = Pool(PLACE, cores, Limits())
    await pool.start()
    await _all(pool, empty)
    figures["a task in a process that is there, us"] = 1e6 * await _median(pool, empty, TASKS)
    nothing = Task("echo", [], [b""] * ITEMS)
    seconds = await _seconds(lambda: _all(pool, nothing))
    figures["an empty item among many, us"] = 1e6 * seconds / ITEMS
    much = Task("echo", [], [ITEM] * ITEMS)
    for slots in sorted({1, cores}):
        seconds = await _seconds(partial(_at_once, pool, much, slots))
        name = f"items of 10 kB in and out, {slots} at once, 1/s"
        figures[name] = slots * ITEMS / seconds
    await pool.close()
    return pool.sandbox, figures


async def _seconds(work: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await work()
    return time.perf_counter() - began


async def _median(pool: Pool, task: Task, times: int) -> float:
    return statistics.median([await _seconds(lambda: _all(pool, task)) for _ in range(times)])


async def _at_once(pool: Pool, task: Task, count: int) -> None:
    await asyncio.gather(*(_all(pool, task) for _ in range(count)))


async def _all(pool: Pool, task: Task) -> None:
    async with aclosing(pool.run(task)) as results:
        async for ran in results:
            assert ran.state == "done", ran.reason


if __name__ == "__main__":
    raise SystemExit(main())
