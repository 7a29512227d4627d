"""A fleet whose parts are killed, stopped, starved and cut off: builds end in time, with the bytes of a local build."""

from __future__ import annotations

import os
import random
import signal
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import pytest
import redis

from benchmarks.remote_server import RedisServer
from hyper.bench.fleet.network import Network, lacking
from hyper.distributed.flights.contract import Rules
from hyper.distributed.flights.forms import events_of
from tests.checkout import ROOT
from tests.redis_server import require_server
from tests.trials.fleet import SEED, UNITS, TrialFleet, eventually, send
from tests.trust.command import LONG

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from hyper.distributed.flights.contract import EventKind
    from tests.trials.fleet import BuildProcess, Outcome

KILLS: Final = 200 if LONG else 3
STOPS: Final = 40 if LONG else 1
FULL: Final = 20 if LONG else 1
CUTS: Final = 30 if LONG else 1
CUT: Final = 23 if LONG else SEED
"""The seed of the tree that is built while machines are cut off."""
WORKERS: Final = 2
LIMIT: Final = Rules().strikes
SMALL, ROWS = ("3MB", 200) if LONG else ("1MB", 80)
"""The memory of a worker's processes, and how large tables are that take LLVM more."""


@pytest.fixture
def fleet(tmp_path: Path, server: RedisServer) -> Iterator[TrialFleet]:
    """A fleet without workers yet."""
    with TrialFleet(tmp_path, server, UNITS, SEED) as made:
        yield made


class Chaos:
    """Rounds in each of which something happens to one part of a fleet while it builds."""

    def __init__(self, fleet: TrialFleet, did: Counter[str], seed: int) -> None:
        self.fleet = fleet
        self._did = did
        self._draws = random.Random(seed)
        self._seconds = fleet.seconds
        self.killed = 0
        self._kills: tuple[Callable[[BuildProcess], bool], ...] = (
            *(self._daemon, self._zygote, self._worker_process, self._worker_process),
            *(self._dispatcher, self._build, self._server),
        )

    def kill(self, number: int) -> None:
        """Kill something at a random moment of a build; it or the next ends well."""
        fleet = self.fleet
        fleet.staffed(WORKERS)
        self._fresh(number)
        build = fleet.start()
        act = self._kills[number % len(self._kills)]
        if build.lasts(self._draws.uniform(0.2, 1.0) * self._seconds) and act(build):
            self.killed += 1
            self._did[f"kills of a {act.__name__.strip('_').replace('_', ' ')}"] += 1
        else:
            self._did["too late"] += 1
        ended = build.end()
        if ended.code == -signal.SIGKILL:
            ended = fleet.start().end()
        fleet.right(ended)
        self.count(ended)

    def stop(self, number: int) -> None:
        """Stop something for a while, or for the rest of the build: a machine that hangs."""
        fleet = self.fleet
        fleet.staffed(WORKERS)
        self._fresh(number)
        build = fleet.start()
        lasts = build.lasts(self._draws.uniform(0.0, self._seconds / 2))
        pids = self._hung(number)
        stopped = [pid for pid in pids if lasts and send(pid, signal.SIGSTOP)]
        self._did["processes stopped"] += len(stopped)
        try:
            if number % 2:
                build.lasts(self._draws.uniform(0.0, self._seconds))
                for pid in stopped:
                    send(pid, signal.SIGCONT)
            ended = build.end()
        finally:
            for pid in stopped:
                send(pid, signal.SIGCONT)
        fleet.right(ended)
        self.count(ended)

    def _fresh(self, number: int) -> None:
        """Other sources now and then, and a server that knows nothing: else all is done already."""
        if number % 5 == 4:
            self.fleet.edit()
        self.fleet.forget()

    def count(self, ended: Outcome) -> None:
        """Count what a build did."""
        self._did["builds"] += 1
        self._did["items done by workers"] += ended.remote("items")

    def _hung(self, number: int) -> list[int]:
        """A server, a worker's daemon, its children, or all of it."""
        tree = self._draws.choice(self.fleet.workers).processes()
        return [[self.fleet.server.pid], tree[:1], tree[1:], tree][number % 4]

    def _daemon(self, _: BuildProcess) -> bool:
        worker = self._draws.choice(self.fleet.workers)
        worker.kill()
        return True

    def _zygote(self, _: BuildProcess) -> bool:
        tree = self._draws.choice(self.fleet.workers).processes()
        return len(tree) > 1 and send(tree[1], signal.SIGKILL)

    def _worker_process(self, _: BuildProcess) -> bool:
        """A process at an item, which the zygote has forked."""
        tree = self._draws.choice(self.fleet.workers).processes()
        return len(tree) > 2 and send(self._draws.choice(tree[2:]), signal.SIGKILL)

    def _dispatcher(self, build: BuildProcess) -> bool:
        pid = build.dispatcher()
        return pid is not None and send(pid, signal.SIGKILL)

    def _build(self, build: BuildProcess) -> bool:
        return send(build.process.pid, signal.SIGKILL)

    def _server(self, build: BuildProcess) -> bool:
        """It comes back empty, soon or when the build is over."""
        self.fleet.server.kill()
        if self._draws.random() < 0.5:
            build.lasts(self._draws.uniform(0.0, self._seconds / 2))
        else:
            self.fleet.right(build.end())
        self.fleet.server.start()
        return True


def test_parts_that_are_killed(fleet: TrialFleet, did: Counter[str]) -> None:
    chaos = Chaos(fleet, did, 31)
    for number in range(3 * KILLS):
        chaos.kill(number)
        if chaos.killed == KILLS:
            break
    assert chaos.killed > 0
    assert did["items done by workers"] > 0


def test_parts_that_hang(fleet: TrialFleet, did: Counter[str]) -> None:
    chaos = Chaos(fleet, did, 32)
    for number in range(STOPS):
        chaos.stop(number)


_CLOCK: Final = """\
import datetime, time
_time, _time_ns = time.time, time.time_ns
time.time = lambda: _time() + {seconds}
time.time_ns = lambda: _time_ns() + {seconds} * 10**9
class _Shifted(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return super().now(tz) + datetime.timedelta(seconds={seconds})
datetime.datetime = _Shifted
"""


@pytest.mark.parametrize("seconds", [90_000, -90_000] if LONG else [90_000])
def test_a_worker_whose_clock_is_wrong(
    seconds: int, fleet: TrialFleet, tmp_path: Path, did: Counter[str]
) -> None:
    """By more than a day: leases and lives are told by the server's clock, and nothing else."""
    place = tmp_path / "clock"
    place.mkdir()
    (place / "sitecustomize.py").write_text(_CLOCK.format(seconds=seconds))
    path = os.pathsep.join((str(place), str(ROOT)))
    worker = fleet.worker(more={"PYTHONPATH": path})
    worker.wait_for("ready")
    shown = datetime.fromisoformat(worker.said[0]["time"])
    assert abs((shown - datetime.now(UTC)).total_seconds()) > 80_000
    ended = fleet.build()
    did["items done by a worker with a wrong clock"] += ended.remote("items")
    assert ended.remote("items") > 0
    assert ended.remote("lost") == 0


def test_a_server_that_is_full(fleet: TrialFleet, did: Counter[str]) -> None:
    """It refuses to take more, sooner or later in a build; once there is room again it is used again."""
    draws = random.Random(33)
    fleet.staffed(1)
    with redis.Redis(unix_socket_path=fleet.server.path) as client:
        client.config_set("maxmemory-policy", "noeviction")
        for _ in range(FULL):
            fleet.forget()
            used = client.info("memory")["used_memory"]
            client.config_set("maxmemory", used + draws.randrange(200_000))
            fleet.build()
            did["builds with a full server"] += 1
        client.config_set("maxmemory", 0)
        fleet.forget()
        eventually(lambda: bool(client.exists("hyper:trial:fleet:workers")), "the worker is back")
    fleet.helped()


def test_machines_that_are_cut_off(tmp_path: Path, did: Counter[str]) -> None:
    """A plug is pulled in the middle of a build, of a worker, of the server, or of the machine that builds."""
    reason = lacking()
    if reason is not None:
        pytest.skip(reason)
    require_server()
    draws = random.Random(34)
    with ExitStack() as stack:
        net = stack.enter_context(Network())
        machines = [net.machine(name) for name in ("worker", "server", "driver")]
        worker, server, driver = machines
        redis_server = RedisServer(before=server.before(), address=server.address)
        stack.callback(redis_server.close)
        fleet = stack.enter_context(
            TrialFleet(tmp_path, redis_server, UNITS, CUT, before=driver.before())
        )
        fleet.worker(before=worker.before())
        for number in range(CUTS):
            fleet.staffed(1)
            machine = machines[number % 3]
            build = fleet.start()
            if build.lasts(draws.uniform(0.1, fleet.seconds)):
                machine.cut()
                did[f"{machine.name}s cut off"] += 1
            if number % 2:
                build.lasts(draws.uniform(0.0, fleet.seconds))
                machine.mend()
            ended = build.end()
            machine.mend()
            fleet.right(ended)
            fleet.forget()


def only_heavy(fleet: TrialFleet) -> None:
    """Sources whose kernels take LLVM more memory than it has in a worker of ``SMALL``."""
    for at in range(8):
        rows = "\n".join(f"    {n} | < {n * 7 % 1000}.5 => {(n + at) % 97}.5" for n in range(ROWS))
        head = f"table heavy{at}(code: int, amount: decimal(14, 2)) -> decimal(14, 2)?, first:"
        text = (
            f"intent heavy{at}\n\n{head}\n    code | amount => result\n{rows}\n    - | - => none\n"
        )
        (fleet.source / f"heavy{at}.intent").write_text(text, encoding="utf-8")
    for place in fleet.source.rglob("*.intent"):
        if not place.name.startswith("heavy"):
            place.unlink()
    fleet.changed()


def strikes(fleet: TrialFleet) -> dict[str, list[EventKind]]:
    """What happened to each action that was struck, by its key."""
    found: dict[str, list[EventKind]] = {}
    with redis.Redis(unix_socket_path=fleet.server.path) as client:
        for name in client.scan_iter(match="hyper:trial:fleet:trail:*", count=1000):
            entries = [each.decode() for each in client.lrange(name, 0, -1)]
            kinds = [event.kind for event in events_of(entries)[0]]
            if "struck" in kinds:
                found[name.decode()] = kinds
    return found


def test_items_that_end_each_process_that_takes_them(fleet: TrialFleet, did: Counter[str]) -> None:
    """LLVM ends a process that has too little memory: an item that did so too often is set aside, and done by the build."""
    only_heavy(fleet)
    fleet.worker("--memory", SMALL)
    fleet.staffed(1)
    aside: list[list[EventKind]] = []
    for _ in range(6):
        fleet.build()
        struck = strikes(fleet)
        aside = [kinds for kinds in struck.values() if "deadly" in kinds]
        if aside:
            break
    did["processes ended by items"] += sum(kinds.count("struck") for kinds in struck.values())
    did["items set aside"] += len(aside)
    assert aside
    assert all(kinds.count("struck") == LIMIT for kinds in aside)
    ended = fleet.build()
    again = strikes(fleet)
    assert all(again[key].count("struck") == LIMIT for key in again if "deadly" in again[key])
    assert ended.code == 0


@pytest.mark.skipif(not LONG, reason="with --full")
def test_an_item_that_ends_the_processes_of_the_build_too(
    fleet: TrialFleet, did: Counter[str]
) -> None:
    """It is reported at its file."""
    only_heavy(fleet)
    fleet.worker("--memory", SMALL)
    fleet.staffed(1)
    build = fleet.start()
    while build.lasts(0.002):
        # Before it is there, its process looks like one that works.
        for pid in build.helpers() if build.dispatcher() is not None else ():
            did["processes of a build killed"] += send(pid, signal.SIGKILL)
    ended = build.end()
    assert ended.code == 1
    told = ended.value["diagnostics"]
    assert {each["code"] for each in told} == {"E0901"}
    assert {each["file"].rpartition("/")[2][:5] for each in told} == {"heavy"}
    did["items reported"] += len(told)
    fleet.build()
