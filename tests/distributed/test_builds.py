"""A stage by this process and a fleet: real dispatchers, a real server, and workers that do as they are told."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import redis

from hyper.base.events import Event
from hyper.bench.source import files_of
from hyper.bench.tree import Tree
from hyper.distributed.acl import users
from hyper.distributed.dispatch.protocol import Answers, Ask, Hello
from hyper.distributed.names import Names
from hyper.engine.compiler import Compiler
from hyper.engine.executors import abroad, processes
from hyper.engine.executors import fleet as fleet_module
from hyper.engine.executors.abroad import Terms
from hyper.engine.executors.fleet import Fleet
from hyper.engine.executors.processes import Processes
from hyper.engine.executors.schedule import Prices
from hyper.engine.fleet.joining import REGISTRY
from tests.distributed.build_stages import OTHER, PLACE, SHOUT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from benchmarks.remote_server import RedisServer
    from hyper.distributed.dispatch.protocol import News

ALONE = Prices(start=1e9, sample=0.0)
"""No process beside this one pays."""
EAGER = Terms(start=0.0, item=0.0, sample=10**9, least=0.3)
"""Sending pays always."""
ITEMS = [f"item {number}" for number in range(400)]
MOST = 10_000
"""Milliseconds that any of the waits may take."""
COST = 0.0005
"""Seconds that an item costs here."""
NAMES = Names("shop")


class Heard:
    """What a fleet told."""

    def __init__(self) -> None:
        self.told: list[News] = []

    def news(self, news: News) -> None:
        self.told.append(news)

    def moved(self, out: int, done: int) -> None:
        pass

    @property
    def outages(self) -> list[str]:
        return [news.reason for news in self.told if not news.on]


class Counted(Fleet):
    """Counts what is out."""

    out = 0

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._kept: list[Answers] = []

    @property
    def awaited(self) -> bool:
        """Whether it is going to say something."""
        return self.answers >= 0 and (self.news is None or self.out > 0)

    def send(self, request: Any) -> None:
        if isinstance(request, Ask):
            self.out += len(request.items)
        super().send(request)

    def listen(self) -> None:
        """Hear what is said, and keep it for whoever asks."""
        self._kept += super().hear()

    def hear(self) -> list[Answers]:
        heard = [*self._kept, *super().hear()]
        self._kept.clear()
        self.out -= sum(len(answers.items) for answers in heard)
        return heard


class Build:
    """One build, which does its own items only as its fleet says something, for as long as that is expected."""

    def __init__(self, url: str, *, place: str = PLACE, environment: Any = None) -> None:
        self.heard = Heard()
        hello = Hello(place=place, project="shop", environment=environment or {}, url=url)
        self.fleet = Counted(hello, self.heard)
        self.executor = Processes(1, fleet=self.fleet, prices=ALONE, terms=EAGER)
        self.waits = True
        self.until: Callable[[], bool] = lambda: True
        """Items wait until this holds."""
        self.count = 0
        self.at: dict[int, Callable[[], None]] = {}

    def run(self, items: list[str] = ITEMS) -> list[str]:
        stage = msgspec.structs.replace(SHOUT, work=self._work)
        outcomes = self.executor.run(stage, b"so: ", items, [1.0 * len(item) for item in items])
        assert [outcome.item for outcome in outcomes] == items
        for outcome in outcomes:
            failed = outcome.item.startswith("raise")
            assert failed == (outcome.failure is not None)
            assert failed or outcome.value == f"so: {outcome.item.upper()}"
        return [outcome.item for outcome in outcomes if outcome.failure is not None]

    @property
    def remote(self) -> Any:
        return self.executor.usage.remote

    def wait(self, *, surely: bool = False) -> None:
        """Until there is something to hear, where that is expected."""
        if self.fleet.awaited or (surely and self.fleet.answers >= 0):
            poll = select.poll()
            poll.register(self.fleet.answers, select.POLLIN)
            if not poll.poll(MOST):
                pytest.fail("the fleet says nothing")

    def close(self) -> None:
        self.executor.close()

    def end(self) -> None:
        """Close, and wait for the end of the dispatcher however long that takes."""
        answers = os.dup(self.fleet.answers)
        self.close()
        until_closed(answers)

    def _work(self, context: bytes, item: str) -> str:
        self.count += 1
        until = time.process_time() + COST
        if self.count in self.at:
            self.at[self.count]()
        if self.waits:
            self.wait()
        while not self.until():
            self.wait(surely=True)
            self.fleet.listen()
        while time.process_time() < until:
            pass
        return SHOUT.work(context, item)


@pytest.fixture
def build() -> Iterator[Callable[..., Build]]:
    made: list[Build] = []

    def making(url: str, **options: Any) -> Build:
        made.append(Build(url, **options))
        return made[-1]

    yield making
    for each in made:
        each.close()


@pytest.fixture
def hire() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts workers, which listen then, and ends them after the test."""
    hired: list[subprocess.Popen[bytes]] = []

    def hiring(url: str, name: str = "one", place: str = PLACE) -> subprocess.Popen[bytes]:
        words = [sys.executable, "-m", "tests.distributed.inline_worker", url, place, name]
        worker = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        hired.append(worker)
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"listening\n"
        return worker

    yield hiring
    for each in hired:
        each.kill()
        each.wait()
        assert each.stdout is not None
        each.stdout.close()


def left_behind(server: RedisServer) -> list[str]:
    """Jobs that wait, signs of life of builds, and actions that are theirs."""
    with redis.Redis.from_url(server.url, decode_responses=True) as client:
        found: Any = client.keys(f"{NAMES.prefix}:*")
        lists = [name for name in found if name.endswith((":wait", ":prioritized"))]
        builds = [name for name in found if name.startswith(NAMES.build(""))]
        actions = [name for name in found if name.startswith(f"{NAMES.prefix}:flight:")]
        held = [
            name
            for name in actions
            if client.hget(name, "a") or (client.hget(name, "h") or "").startswith("b:")
        ]
        return sorted(lists + builds + held)


def test_what_a_fleet_does_is_the_same(
    server: RedisServer, build: Callable[..., Build], hire: Callable[..., Any]
) -> None:
    hire(server.url)
    made = build(server.url)
    made.run()
    assert made.remote.items > 0
    assert made.remote.items + made.count >= len(ITEMS)
    assert (made.remote.lost, made.remote.workers) == (0, 1)
    assert made.heard.outages == []
    spans = made.executor.usage.spans
    assert sum(span.items for span in spans) == made.remote.items
    assert all(span.worker.startswith("far one ") for span in spans)
    made.end()
    assert made.remote.dispatcher_cpu > 0
    assert made.remote.bytes_out > 0
    assert made.remote.bytes_in > 0
    assert left_behind(server) == []


def test_what_is_there_already_is_fetched(
    server: RedisServer, build: Callable[..., Build], hire: Callable[..., Any]
) -> None:
    worker = hire(server.url)
    first = build(server.url)
    first.run()
    worker.send_signal(signal.SIGSTOP)
    second = build(server.url)
    second.at[3] = lambda: setattr(second, "waits", False)
    second.run()
    assert second.remote.found > 0


def test_an_exception_is_raised_here(
    server: RedisServer, build: Callable[..., Build], hire: Callable[..., Any]
) -> None:
    hire(server.url)
    names = ["raise this one, which is heavy", *ITEMS]
    made = build(server.url)
    assert made.run(names) == [names[0]]


def test_without_a_worker_all_is_done_here(
    server: RedisServer, build: Callable[..., Build]
) -> None:
    made = build(server.url)
    made.at[3] = lambda: setattr(made, "waits", False)
    made.run()
    assert made.count == len(ITEMS)
    assert made.remote.jobs == 0
    assert made.heard.outages == []


def test_builds_at_once_do_nothing_twice(server: RedisServer, build: Callable[..., Build]) -> None:
    several = [build(server.url) for _ in range(2)]
    threads = [threading.Thread(target=each.run) for each in several]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for each in several:
        assert each.remote.shared > 0
        assert each.remote.shared <= each.count
        each.end()
    # Each begins alone, until it knows of the server; and at the end it does not wait for ever.
    assert sum(each.remote.found for each in several) > len(ITEMS) // 2
    assert sum(each.count for each in several) < 1.5 * len(ITEMS)
    assert left_behind(server) == []


def test_workers_of_another_compiler_are_seen_and_not_asked(
    server: RedisServer, build: Callable[..., Build], hire: Callable[..., Any]
) -> None:
    hire(server.url, place=OTHER)
    made = build(server.url)
    made.at[3] = lambda: setattr(made, "waits", False)
    made.run()
    assert made.remote.jobs == 0
    assert made.heard.told[0].others == 1


def test_a_worker_that_comes_later_helps(
    server: RedisServer, build: Callable[..., Build], hire: Callable[..., Any]
) -> None:
    made = build(server.url)

    def hired() -> None:
        hire(server.url)
        made.until = lambda: bool(made.heard.told[-1].workers)

    made.at[4] = hired
    made.run()
    assert made.remote.items > 0


def test_what_a_dead_worker_had_is_done_here(
    server: RedisServer, build: Callable[..., Build], hire: Callable[..., Any]
) -> None:
    worker = hire(server.url)
    made = build(server.url)
    names = ["kill the worker, as this is heavy", *ITEMS]
    made.at[3] = lambda: setattr(made, "waits", False)
    made.run(names)
    assert made.remote.hedged > 0
    assert worker.wait() == -signal.SIGKILL


def test_what_a_worker_takes_too_long_for_is_done_here_too(
    server: RedisServer, build: Callable[..., Build], hire: Callable[..., Any]
) -> None:
    hire(server.url)
    made = build(server.url)
    made.at[3] = lambda: setattr(made, "waits", False)
    made.run(["hang for as long as you want", *ITEMS])
    assert made.remote.hedged > 0
    made.end()
    # What it is at cannot be taken from it, but nothing waits any more.
    assert left_behind(server) == []


def test_a_dispatcher_that_is_killed_is_not_needed(
    server: RedisServer, build: Callable[..., Build], hire: Callable[..., Any]
) -> None:
    hire(server.url)
    made = build(server.url)
    made.at[6] = lambda: os.kill(made.fleet._pid, signal.SIGKILL)
    made.run()
    assert made.heard.outages == ["ended"]


def test_a_dispatcher_that_stands_still_is_not_needed(
    server: RedisServer, build: Callable[..., Build], hire: Callable[..., Any]
) -> None:
    hire(server.url)
    made = build(server.url)

    def freeze() -> None:
        made.waits = False
        os.kill(made.fleet._pid, signal.SIGSTOP)

    made.at[6] = freeze
    pid = made.fleet
    try:
        made.run()
    finally:
        os.kill(pid._pid, signal.SIGCONT)
    assert made.heard.outages == []


def test_a_server_that_is_not_there_is_told_of_once(build: Callable[..., Build]) -> None:
    made = build("unix:///nowhere/at/all")
    made.at[3] = lambda: setattr(made, "waits", False)
    made.run()
    assert made.count == len(ITEMS)
    assert made.heard.outages == ["connection"]


def test_a_server_that_dies_is_not_needed(
    start: Callable[..., RedisServer], build: Callable[..., Build], hire: Callable[..., Any]
) -> None:
    server = start()
    hire(server.url)
    made = build(server.url)

    def kill() -> None:
        server.kill()
        made.waits = False

    made.at[6] = kill
    made.run()
    assert made.heard.outages in (["connection"], [])


def test_a_server_that_begins_anew_is_of_use_again(
    start: Callable[..., RedisServer], build: Callable[..., Build], hire: Callable[..., Any]
) -> None:
    server = start()
    hire(server.url)
    made = build(server.url)

    def restart() -> None:
        server.kill()
        made.wait(surely=True)
        server.start()
        # That the server is back may be told before who is there.
        made.until = lambda: "two" in made.heard.told[-1].workers
        hire(server.url, "two")

    made.at[6] = restart
    made.run([f"item {number}" for number in range(2000)])
    assert made.remote.items > 0
    assert "two" in made.heard.told[-1].workers


def test_a_server_that_stands_still_is_not_needed(
    start: Callable[..., RedisServer], build: Callable[..., Build], hire: Callable[..., Any]
) -> None:
    server = start()
    hire(server.url)
    made = build(server.url)

    def freeze() -> None:
        server.freeze()
        made.waits = False

    made.at[6] = freeze
    made.run()
    server.thaw()


def test_a_server_that_is_full_is_told_of(
    start: Callable[..., RedisServer], build: Callable[..., Build], hire: Callable[..., Any]
) -> None:
    server = start()
    hire(server.url)
    made = build(server.url)

    def fill() -> None:
        with redis.Redis.from_url(server.url) as client:
            client.config_set("maxmemory-policy", "noeviction")
            client.config_set("maxmemory", "1")

    made.at[2] = fill
    made.run()
    assert made.heard.outages == ["full"]


def test_a_compiler_makes_the_same_with_a_fleet(
    server: RedisServer,
    hire: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    hire(server.url, place=REGISTRY)
    source = tmp_path / "source"
    for path, text in files_of(Tree(60, 1)):
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        (source / path).write_text(text, encoding="utf-8")
    fleets: list[Counted] = []

    class Kept(Counted):
        def __init__(self, *given: Any) -> None:
            super().__init__(*given)
            fleets.append(self)

    def wait(event: Event) -> None:
        """Let the fleet say what there is to say, before this process does one more item."""
        if event.phase == "parse" and fleets[-1].awaited:
            poll = select.poll()
            poll.register(fleets[-1].answers, select.POLLIN)
            assert poll.poll(MOST)

    monkeypatch.setattr(fleet_module, "Fleet", Kept)
    monkeypatch.setattr(abroad, "TERMS", EAGER)
    for price in ("FORK", "SPAWN"):
        monkeypatch.setattr(processes, price, ALONE)
    heard: list[Event] = []
    options: dict[str, Any] = {
        "incremental": False,
        "processes": 1,
        "project": "shop",
        "target": "openapi",
    }
    with Compiler(environment={}, **options) as compiler:
        assert compiler.compile(source, out=str(tmp_path / "alone")).success
    with Compiler(environment={}, distributed={"redis": server.url}, **options) as compiler:
        compiler.on("compilation:progress", wait)
        compiler.on("fleet:joined", heard.append)
        compiler.on("worker:batch", heard.append)
        result = compiler.compile(source, out=str(tmp_path / "together"))
    assert result.success
    assert contents(tmp_path / "alone") == contents(tmp_path / "together")
    assert result.metrics["remote_items"] > 0
    assert result.metrics["remote_lost"] == 0
    assert heard[0] == Event("fleet:joined", workers=1, total=2, path=server.url)
    assert {event.worker[:8] for event in heard[1:]} == {"far one "}


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def interrupt(made: Build) -> None:
    """Interrupt a build, and wait for the end of its dispatcher."""
    ends: list[int] = []

    def stop() -> None:
        ends.append(os.dup(made.fleet.answers))
        raise KeyboardInterrupt

    made.at[3] = lambda: setattr(made, "waits", False)
    made.at[40] = stop
    with pytest.raises(KeyboardInterrupt):
        made.run()
    until_closed(ends[0])


def test_an_interrupt_leaves_nothing_behind(
    server: RedisServer, build: Callable[..., Build], hire: Callable[..., Any]
) -> None:
    hire(server.url).send_signal(signal.SIGSTOP)
    interrupt(build(server.url))
    assert left_behind(server) == []


def test_a_build_does_with_the_rights_of_its_role(
    server: RedisServer, build: Callable[..., Build], hire: Callable[..., Any]
) -> None:
    with redis.Redis.from_url(server.url) as client:
        client.execute_command("ACL", "LOG", "RESET")
        for user in users(NAMES, ["builder"]):
            client.execute_command(*user.command().split())
        hire(server.url)
        place = server.url.removeprefix("unix://")
        made = build(f"unix://shop-fleet-builder:BUILDER-PASSWORD@{place}")
        made.run()
        assert made.heard.outages == []
        assert made.remote.items > 0
        made.end()
        assert client.execute_command("ACL", "LOG") == []
    assert left_behind(server) == []


def test_a_build_that_may_not_is_told_so(server: RedisServer, build: Callable[..., Build]) -> None:
    with redis.Redis.from_url(server.url) as client:
        client.execute_command("ACL", "SETUSER", "nobody", "reset", "on", ">word", "+ping")
    made = build(server.url.replace("unix://", "unix://nobody:word@"))
    made.at[3] = lambda: setattr(made, "waits", False)
    made.run()
    assert made.heard.outages == ["authentication"]


def test_a_build_that_is_killed_leaves_nothing_behind(
    server: RedisServer, hire: Callable[..., Any]
) -> None:
    hire(server.url).send_signal(signal.SIGSTOP)
    words = [sys.executable, "-c", KILLED, server.url]
    assert subprocess.run(words, check=False, timeout=30).returncode == -signal.SIGKILL
    until = time.monotonic() + MOST / 1000
    while left := left_behind(server):
        assert time.monotonic() < until, left


KILLED = """
import os, signal, sys
from tests.distributed.test_builds import Build
made = Build(sys.argv[1])
made.at[3] = lambda: setattr(made, "waits", False)
made.at[60] = lambda: os.kill(os.getpid(), signal.SIGKILL)
made.run()
"""


def until_closed(end: int) -> None:
    os.set_blocking(end, True)
    poll = select.poll()
    poll.register(end, select.POLLIN)
    with contextlib.closing(os.fdopen(end, "rb", 0)) as stream:
        while poll.poll(MOST):
            if not stream.read(1 << 16):
                return
    raise AssertionError("the dispatcher does not end")
