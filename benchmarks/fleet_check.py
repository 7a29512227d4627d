"""How far the simulator of a fleet is off: real workers on this machine beside what is predicted for them.

    python -m benchmarks.fleet_check [--costs FILE] [--seconds 12]

A server, one or two worker daemons with a process each, and a build that sends items as a dispatcher does: flights asked for and
queued, contents put, jobs added in the sizes of ``distributed/shares.py``, replies heard, results fetched. Items take seconds of
the processor, or sleep. Prints a table, what is predicted beside what was measured: items a second, and what each part took of the
processor for an item, which does not depend on what else the machine has to do.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import struct
import subprocess
import sys
import time
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from benchmarks.remote_server import RedisServer, executable
from hyper.base import digest
from hyper.cache.trust import Keyring
from hyper.distributed import roster
from hyper.distributed.blobs import Blobs, named
from hyper.distributed.client import bullmq_options, connect
from hyper.distributed.flights import Flights
from hyper.distributed.messages import Item, Job, Reply
from hyper.distributed.settings import FleetSettings
from hyper.distributed.shares import Circumstances, items_of_a_job
from hyper.distributed.simulation.costs import Costs, Work, measured, read_costs
from hyper.distributed.simulation.fleet import simulate
from hyper.distributed.simulation.plan import Plan
from hyper.distributed.stages import Registry, RemoteStage, action_key
from hyper.distributed.worker.daemon import Daemon, Options
from hyper.distributed.worker.log import Log

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PLACE: Final = "benchmarks.fleet_check:registry"
IDENTITY: Final = digest.of_bytes(b"fleet check")
_HEAD: Final = struct.Struct("<IdI")
_BLOCK: Final = bytes(20_000)
IN: Final = 1900
OUT: Final = 800
KEYS: Final = Keyring([("k", b"x" * 32)])
CASES: Final = (("spin", 0.01), ("spin", 0.001), ("sleep", 0.01))
ROUND_TRIP: Final = 0.0002


def registry() -> Registry:
    """A stage that takes as long as it is told, and gives bytes that nothing makes smaller."""
    stage: RemoteStage[bytes] = RemoteStage("take", b"".join, _take)
    return Registry(PLACE, IDENTITY, {"take": stage})


def _take(_: bytes, own: bytes) -> bytes:
    turns, seconds, _number = _HEAD.unpack_from(own)
    _turn(turns)
    time.sleep(seconds)
    return own[:OUT]


def _turn(turns: int) -> None:
    for _ in range(turns):
        sha256(_BLOCK).digest()


def turns_a_second() -> float:
    """How many turns a core of this machine does. Clocks of the processor are too coarse to be asked within an item."""
    began = time.process_time()
    _turn(20_000)
    return 20_000 / (time.process_time() - began)


def settings_of(url: str) -> FleetSettings:
    """The fleet of the check."""
    return FleetSettings(url, "check", keyring=KEYS, demands=True)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--costs", type=Path)
    parser.add_argument("--seconds", type=float, default=12.0)
    parser.add_argument("--worker", metavar="URL", help=argparse.SUPPRESS)
    parser.add_argument("--shards", type=int, default=1, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        asyncio.run(_work(arguments.worker, arguments.shards))
        return 0
    if executable() is None:
        print("no redis-server: nothing is measured")
        return 1
    costs = read_costs(arguments.costs) if arguments.costs else measured()
    print(
        "workers  items  each     items/s           server           build            worker, us each"
    )
    for kind, seconds in CASES:
        for workers in (1, 2):
            # Small items cost more than their time.
            count = int(arguments.seconds * workers / (seconds + 0.001))
            expected = predicted(costs, workers, count, seconds if kind == "spin" else 0.0, seconds)
            real = asyncio.run(run(workers, count, kind, seconds))
            cells = (
                _beside(count / expected.wall, count / real.wall),
                *(
                    _beside(1e6 * a / count, 1e6 * b / count)
                    for a, b in zip(expected.cpu(), real.cpu(), strict=True)
                ),
            )
            print(
                f"{workers:>7}  {kind:<5}  {1000 * seconds:>4.1f} ms  {'  '.join(cells)}",
                flush=True,
            )
    return 0


class Spent(msgspec.Struct):
    """Seconds of the clock, and those of the processor: of the server, the build, the daemons, and their processes."""

    wall: float
    server: float
    build: float
    loops: float
    processes: float
    jobs: int

    def cpu(self) -> tuple[float, float, float]:
        """Of the server, the build and all of the workers."""
        return self.server, self.build, self.loops + self.processes


def _beside(expected: float, real: float) -> str:
    return f"{expected:>6,.0f} {real:>6,.0f} {100 * (expected / max(real, 1e-9) - 1):>+4.0f}%"


def predicted(costs: Costs, workers: int, count: int, work: float, each: float) -> Spent:
    """What the simulator says of items of ``each`` seconds, ``work`` of which are the processor's."""
    what = Work(
        items=1.0, seconds=each, deviation=0.0, bytes_in=IN, bytes_out=OUT, build_seconds=0.0
    )
    costs = msgspec.structs.replace(costs, works={"take": what})
    plan = Plan(units=count, workers=workers, slots=1, work="take", round_trip=ROUND_TRIP)
    told = simulate(plan, costs)
    return Spent(
        told.wall,
        told.server * told.wall,
        told.dispatch * told.wall,
        told.jobs * costs.worker_job + count * costs.worker_item,
        count * (costs.process_item + work),
        told.jobs,
    )


async def run(workers: int, count: int, kind: str, seconds: float, size: int = 0) -> Spent:
    """What it takes, in jobs of ``size`` items, or of the size that a build would choose."""
    server = RedisServer()
    command = [sys.executable, "-m", "benchmarks.fleet_check", "--worker", server.url]
    started = [subprocess.Popen(command) for _ in range(workers)]  # noqa: ASYNC220
    try:
        build = _Build(server.url)
        await build.wait_for(workers)
        contents = list(_contents(count, kind, seconds))
        how = Circumstances(item=seconds, round_trip=0.004, slots=workers)
        before = server_seconds(server.url), time.process_time(), *_of(started)
        began = time.perf_counter()
        jobs = await build.run(contents, how, size)
        wall = time.perf_counter() - began
        after = server_seconds(server.url), time.process_time(), *_of(started)
        asked, own, loops, processes = (b - a for a, b in zip(before, after, strict=True))
        return Spent(wall, asked, own, loops, processes, jobs)
    finally:
        for each in started:
            each.terminate()
        for each in started:
            each.wait()
        server.close()


def server_seconds(url: str) -> float:
    """Seconds of the processor that a server took since it began, in the system and without."""
    import redis

    with redis.Redis.from_url(url) as client:
        figures: Any = client.info("cpu")
    return float(figures["used_cpu_user"]) + float(figures["used_cpu_sys"])


def _of(daemons: Sequence[subprocess.Popen[bytes]]) -> tuple[float, float]:
    """Seconds of the processor of daemons, and of all processes below them."""
    parents: dict[int, int] = {}
    taken: dict[int, float] = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            fields = Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(name)] = int(fields[1])
        taken[int(name)] = sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")
    own = {each.pid for each in daemons}
    below = set(own)
    while more := {pid for pid, parent in parents.items() if parent in below} - below:
        below |= more
    return sum(taken[pid] for pid in own), sum(taken[pid] for pid in below - own)


def _contents(count: int, kind: str, seconds: float) -> Iterator[bytes]:
    turns = round(seconds * turns_a_second()) if kind == "spin" else 0
    rest = 0.0 if kind == "spin" else seconds
    for number in range(count):
        yield _HEAD.pack(turns, rest, number) + os.urandom(IN)


async def idle(workers: int, shards: int, seconds: float) -> float:
    """The server's seconds of the processor a second for workers that are there and have nothing to do."""
    server = RedisServer()
    command = [sys.executable, "-m", "benchmarks.fleet_check", "--worker", server.url]
    command += ["--shards", str(shards)]
    started = [subprocess.Popen(command) for _ in range(workers)]  # noqa: ASYNC220
    try:
        await _Build(server.url).wait_for(workers)
        await asyncio.sleep(2.0)
        before, began = server_seconds(server.url), time.perf_counter()
        await asyncio.sleep(seconds)
        return (server_seconds(server.url) - before) / (time.perf_counter() - began)
    finally:
        for each in started:
            each.terminate()
        for each in started:
            each.wait()
        server.close()


async def _work(url: str, shards: int) -> None:
    options = Options(name=f"worker-{os.getpid()}", least=1, most=1, shards=shards)
    await Daemon(settings_of(url), registry(), options, Log("text", "error"), "check").run()


class _Build:
    """Sends all at once, as a build does whose share is large enough, and waits for all."""

    def __init__(self, url: str) -> None:
        self._settings = settings_of(url)
        self._client = connect(self._settings, text=False)
        self._flights = Flights(self._client, self._settings.names, KEYS)
        self._blobs = Blobs(self._settings)
        self._queue = self._settings.names.queue(IDENTITY, "any", 0)
        self._left = 0
        self._replies: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()

    async def wait_for(self, workers: int) -> None:
        """Wait until so many are there."""
        names = self._settings.names
        while len(await roster.read_workers(self._client, names)) < workers:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        await asyncio.sleep(0.5)

    async def run(self, contents: list[bytes], how: Circumstances, size: int) -> int:
        """Have all done, from the first question to the last result; the number of jobs."""
        from bullmq import Queue, QueueEvents

        quiet = {"skipVersionCheck": True}
        queue: Any = Queue(self._queue, bullmq_options(self._settings, **quiet))
        listening = {"lastEventId": "0-0", "autorun": False}
        events: Any = QueueEvents(self._queue, bullmq_options(self._settings, **quiet, **listening))
        events.on("completed", self._heard)
        following = asyncio.ensure_future(events.run())
        beats = asyncio.ensure_future(self._beat())
        fetching = asyncio.ensure_future(self._fetch(len(contents)))
        at = jobs = 0
        while at < len(contents):
            some = contents[at : at + (size or items_of_a_job(how, len(contents) - at))]
            await self._send(queue, f"check-{at}", some)
            at += len(some)
            jobs += 1
        await fetching
        for task in (following, beats):
            task.cancel()
        await queue.close()
        self._blobs.close()
        await self._client.aclose()
        return jobs

    async def _send(self, queue: Any, name: str, contents: list[bytes]) -> None:
        blobs = named(contents)
        keys = [action_key(IDENTITY, "take", [], own) for own in blobs]
        await self._flights.ask("check", keys, 60.0)
        await self._blobs.put(blobs)
        await self._flights.queued("check", name, keys)
        job = Job("check", IDENTITY, "take", [], [Item(own) for own in blobs])
        data = self._settings.post.write(job, name)
        await queue.add("job", data, {"jobId": name, "removeOnComplete": True})

    def _heard(self, event: dict[str, Any], _place: object) -> None:
        self._replies.put_nowait((event["jobId"], event["returnvalue"]))

    async def _fetch(self, count: int) -> None:
        done = 0
        while done < count:
            job, value = await self._replies.get()
            given = msgspec.json.decode(value) if isinstance(value, str) else value
            reply = self._settings.post.read(given, job, Reply)
            found = await self._blobs.get(each.blob for each in reply.items if each.blob)
            assert len(found) == len(reply.items), reply
            done += len(found)

    async def _beat(self) -> None:
        while True:
            await roster.announce(
                self._client, self._settings.names, roster.Build("check", IDENTITY)
            )
            await asyncio.sleep(5.0)


if __name__ == "__main__":
    sys.exit(main())
