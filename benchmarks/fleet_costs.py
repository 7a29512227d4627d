"""What the parts of a fleet cost on this machine, for the simulator (``hyper worker simulate``, docs/scale.md).

    python -m benchmarks.fleet_costs [--jobs 4000] [--units 30] [--out FILE]

Measures a real server with BullMQ: jobs added in bulk and done by one to four worker processes, the server's seconds of the
processor for each (``INFO cpu``), blobs by size, scripts as flights run them; and what LLVM takes for the objects of a generated
tree, with the sizes of texts and objects; and what a build and a real worker take of the processor for items that do nothing.
Writes the JSON of ``distributed/simulation/costs.py``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from contextlib import contextmanager, redirect_stdout
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from benchmarks import fleet_check
from benchmarks.fleet_check import server_seconds
from benchmarks.fleet_loop import QUEUE, adding, consumer, options
from benchmarks.remote_server import RedisServer, executable
from hyper.base import digest
from hyper.cache.remote import RedisLayer
from hyper.cache.trust import Keyring
from hyper.distributed.client import connect
from hyper.distributed.flights import Flights, Result
from hyper.distributed.settings import FleetSettings
from hyper.distributed.simulation.costs import Costs, Server, Work
from hyper.engine.natives.objects import TOGETHER

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SIZES: Final = (256, 1024, 4096, 16384, 65536)
BATCH: Final = 32
FLIGHTS: Final = 320 * BATCH
ITEMS: Final = 6000
ITEMS_OF_A_JOB: Final = 40
SECONDS: Final = 10.0
SHARDS: Final = 7
START: Final = 0.05
"""Seconds until a forked process works: the upper end of what was seen."""
PYTHON_UNIT: Final = {"parse": 0.0004, "emission": 0.0027}
"""Seconds a unit of these stages, from the profile of a build of 1,000 generated units."""


def main() -> int:
    """Measure, print, and write what was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--jobs", type=int, default=4000)
    parser.add_argument("--units", type=int, default=30)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    if executable() is None:
        print("no redis-server: nothing is measured")
        return 1
    found = measure(arguments.jobs, arguments.units)
    text = json.dumps(msgspec.to_builtins(found), indent=2) + "\n"
    print(text)
    if arguments.out:
        arguments.out.write_text(text)
    return 0


def measure(jobs: int, units: int) -> Costs:
    """All costs."""
    texts, objects, times, few = compiled(units)
    many = compiled(4 * units)[3]
    server = RedisServer()
    try:
        added = adding_costs(server, jobs)
        worked = working_costs(server, jobs)
        blobs = blob_costs(server)
        flights = flight_costs(server)
        sizes = stored_sizes(server, texts, objects)
    finally:
        server.close()
    dispatch_job = added["client"] + worked["event"]
    presence = presence_costs()
    whole = asyncio.run(fleet_check.run(1, ITEMS, "sleep", 0.0, ITEMS_OF_A_JOB))
    work = Work(
        items=len(times) / units,
        seconds=statistics.fmean(times),
        deviation=statistics.stdev(times),
        bytes_in=sizes[0],
        bytes_out=sizes[1],
        build_seconds=max(many - few, 0.0) / (3 * units),
        together=max(1, min(round(len(times) / units), TOGETHER)),
    )
    return Costs(
        machine=f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        server=Server(
            add=added["server"],
            job=worked["server"],
            ask=flights["ask"].server / FLIGHTS,
            claim=flights["claim"].server / FLIGHTS,
            publish=flights["publish"].server / FLIGHTS,
            read=blobs["read"][0],
            read_byte=blobs["read"][1],
            write=blobs["write"][0],
            write_byte=blobs["write"][1],
            worker=presence[0],
            queue=presence[1],
        ),
        dispatch_job=dispatch_job,
        dispatch_item=max(whole.build - whole.jobs * dispatch_job, 0.0) / ITEMS,
        worker_job=worked["client"],
        worker_item=max(whole.loops - whole.jobs * worked["client"], 0.0) / ITEMS,
        process_item=whole.processes / ITEMS,
        start=START,
        works={"objects": work} | python_works(work.build_seconds),
    )


def python_works(native: float) -> dict[str, Work]:
    """Stages of target python, with sources of 2 kB and a result of 10 kB compressed to a third."""
    return {
        name: Work(
            items=1.0,
            seconds=seconds,
            deviation=seconds / 2,
            bytes_in=700.0,
            bytes_out=3500.0,
            build_seconds=max(native - seconds, 0.0),
        )
        for name, seconds in PYTHON_UNIT.items()
    }


class Spent:
    """Seconds of the processor that a server and this process took, and of the clock, within a ``with``."""

    server = 0.0
    client = 0.0
    wall = 0.0


@contextmanager
def spending(server: RedisServer) -> Iterator[Spent]:
    """Take the time of what is within."""
    spent = Spent()
    before, own, clock = server_seconds(server.url), time.process_time(), time.perf_counter()
    yield spent
    spent.wall = time.perf_counter() - clock
    spent.client = time.process_time() - own
    spent.server = server_seconds(server.url) - before


def adding_costs(server: RedisServer, jobs: int) -> dict[str, float]:
    """Seconds a job that is added, of the server and of who adds it."""
    with spending(server) as spent:
        asyncio.run(adding(server.url, jobs))
    print(f"added {jobs / spent.wall:,.0f} jobs/s", file=sys.stderr)
    return {"server": spent.server / jobs, "client": spent.client / jobs}


def working_costs(server: RedisServer, jobs: int) -> dict[str, float]:
    """Seconds a job that is taken and finished: of the server, of a worker, and of a build that hears of it."""
    import redis

    found: dict[str, float] = {}
    spawn = get_context("spawn")
    for workers in (1, 2, 3, 4):
        with redis.Redis.from_url(server.url) as client:
            client.flushall()
        asyncio.run(adding(server.url, jobs))
        ready, go, told = spawn.Semaphore(0), spawn.Event(), spawn.Queue()
        started = [
            spawn.Process(target=consumer, args=(server.url, ready, go, told))
            for _ in range(workers)
        ]
        for each in started:
            each.start()
        for _ in started:
            ready.acquire()
        with spending(server) as spent:
            go.set()
            if workers == 1:
                own = time.process_time()
                asyncio.run(_hear(server.url, jobs))
                found["event"] = (time.process_time() - own) / jobs
            cpu = sum(told.get() for _ in started)
        for each in started:
            each.join()
        print(f"{workers} workers did {jobs / spent.wall:,.0f} jobs/s", file=sys.stderr)
        if workers == 1:
            found |= {"server": spent.server / jobs, "client": cpu / jobs}
    return found


async def _hear(url: str, jobs: int) -> None:
    from bullmq import QueueEvents

    over = asyncio.Event()
    heard = 0

    def completed(_event: object, _place: object) -> None:
        nonlocal heard
        heard += 1
        if heard == jobs:
            over.set()

    events: Any = QueueEvents(QUEUE, options(url, lastEventId="0-0", autorun=False))
    events.on("completed", completed)
    running = asyncio.ensure_future(events.run())
    await over.wait()
    await events.close()
    running.cancel()


def blob_costs(server: RedisServer) -> dict[str, tuple[float, float]]:
    """Seconds of the server for a blob that is read or written, and for each of its bytes: a line through those of all sizes."""
    import redis

    points: dict[str, list[tuple[float, float]]] = {"read": [], "write": []}
    with redis.Redis.from_url(server.url) as client:
        for size in SIZES:
            count = min(40_000, max(4000, (256 << 20) // size))
            data = os.urandom(size)
            for kind in ("write", "read"):
                with spending(server) as spent:
                    for first in range(0, count, BATCH):
                        pipe = client.pipeline(transaction=False)
                        for number in range(first, first + BATCH):
                            name = f"blob:{number % 500}"
                            if kind == "write":
                                pipe.set(name, data, ex=1000)
                            else:
                                pipe.getrange(name, 0, 1 << 20)
                        pipe.execute()
                points[kind].append((float(size), spent.server / count))
            client.flushall()
    return {kind: line(found) for kind, found in points.items()}


def line(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The line through points, with errors in proportion to the values: what is small counts as much."""
    weights = [1 / max(value, 1e-9) ** 2 for _, value in points]
    total = sum(weights)
    middle = sum(w * x for w, (x, _) in zip(weights, points, strict=True)) / total
    height = sum(w * y for w, (_, y) in zip(weights, points, strict=True)) / total
    above = sum(w * (x - middle) * (y - height) for w, (x, y) in zip(weights, points, strict=True))
    below = sum(w * (x - middle) ** 2 for w, (x, _) in zip(weights, points, strict=True))
    slope = max(above / below, 0.0)
    return max(height - slope * middle, 0.0), slope


def flight_costs(server: RedisServer) -> dict[str, Spent]:
    """What a flight costs in batches: asked for and queued by a build, claimed and published by a worker."""
    return asyncio.run(_fly(server))


async def _fly(server: RedisServer) -> dict[str, Spent]:
    keyring = Keyring([("k", b"x" * 32)])
    settings = FleetSettings(server.url, "costs", keyring=keyring, demands=True)
    client = connect(settings, text=False)
    flights = Flights(client, settings.names, keyring)
    keys = [digest.of_bytes(b"%d" % number) for number in range(FLIGHTS)]
    batches = [keys[first : first + BATCH] for first in range(0, FLIGHTS, BATCH)]
    found: dict[str, Spent] = {}
    with spending(server) as found["ask"]:
        for number, batch in enumerate(batches):
            await flights.ask("build-1", batch, 60.0)
            await flights.queued("build-1", f"job-{number}", batch)
    tokens: dict[str, int] = {}
    with spending(server) as found["claim"]:
        for number, batch in enumerate(batches):
            claims = await flights.claim("worker-1", f"job-{number}", batch, 60.0)
            tokens |= {key: claim.token for key, claim in claims.items()}
    with spending(server) as found["publish"]:
        for number, batch in enumerate(batches):
            results = [(key, tokens[key], Result(key, 1000, 0.01, 0.01)) for key in batch]
            await flights.publish("worker-1", results)
            await flights.replied("worker-1", f"job-{number}", "32 done")
    await client.aclose()
    return found


def presence_costs() -> tuple[float, float]:
    """Seconds of the server a second for a worker that is there with nothing to do, and for each queue that it listens to."""
    few = asyncio.run(fleet_check.idle(2, 1, SECONDS))
    many = asyncio.run(fleet_check.idle(2, 1 + SHARDS, SECONDS))
    queue = max(many - few, 0.0) / (2 * SHARDS)
    return max(few / 2 - queue, 0.0), queue


def stored_sizes(
    server: RedisServer, texts: Sequence[bytes], objects: Sequence[bytes]
) -> tuple[float, float]:
    """Bytes as they lie on the server, on average, of texts that go in and of objects that come out."""
    import redis

    keyring = Keyring([("k", b"x" * 32)])
    layer = RedisLayer(
        server.url, "costs", scope="fleet", reads=("fleet",), keyring=keyring, key_filter=False
    )
    found: list[float] = []
    for values in (texts, objects):
        layer.put_many("blob", {bytes.fromhex(digest.of_bytes(data)): data for data in values})
        layer.flush()
        with redis.Redis.from_url(server.url) as client:
            found.append(
                statistics.fmean(int(client.strlen(name)) for name in client.keys("hyper:*:blob:*"))
            )
            client.flushall()
    layer.close()
    return found[0], found[1]


def compiled(units: int) -> tuple[list[bytes], list[bytes], list[float], float]:
    """Texts and objects of the kernels of a generated tree, the seconds that LLVM took for each, and those of all else."""
    from hyper.cli import main as hyper
    from hyper.jit.llvm.target import Compiler

    texts: list[bytes] = []
    objects: list[bytes] = []
    times: list[float] = []
    plain = Compiler.object

    def timed(self: Compiler, text: str, *rest: Any, **named: Any) -> bytes:
        began = time.process_time()
        made = plain(self, text, *rest, **named)
        times.append(time.process_time() - began)
        texts.append(text.encode())
        objects.append(made)
        return made

    Compiler.object = timed  # type: ignore[method-assign]
    try:
        with tempfile.TemporaryDirectory() as folder, redirect_stdout(sys.stderr):
            tree, out = os.path.join(folder, "tree"), os.path.join(folder, "out")
            assert hyper(["bench", "generate", str(units), "-o", tree]) == 0
            began = time.process_time()
            options_ = ["--target", "python,native", "--no-cache", "--processes", "1"]
            assert hyper(["build", tree, "-o", out, *options_]) == 0
            spent = time.process_time() - began
    finally:
        Compiler.object = plain  # type: ignore[method-assign]
    return texts, objects, times, spent - sum(times)


if __name__ == "__main__":
    sys.exit(main())
