"""A fleet as people run it: a server, daemons in processes of their own, and builds of a tree that hand work out."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

import redis

from hyper.bench.edits import Edits, apply, write_tree
from hyper.bench.fleet.usage import tree_of
from hyper.bench.fleet.worker import WorkerProcess
from tests.trust.command import digests, environment, hyper

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from benchmarks.remote_server import RedisServer

OURS: Final = f"k1:{'ab' * 32}"
PROJECT: Final = "trial"
UNITS: Final = 14
SEED: Final = 21
"""The tree that trials build, where there is no time for one of their own."""
BOUND: Final = 90.0
"""Seconds within which a build ends, whatever happens to its fleet."""
_TARGETS: Final = "python,native"
_TURN: Final = 0.02


class Outcome(NamedTuple):
    """How a build ended: its exit code, the object that it printed (empty where it did not), and its stderr."""

    code: int
    value: dict[str, Any]
    said: str

    def remote(self, name: str) -> int:
        """What it counted of its fleet; nothing where it did not come to use one."""
        return int(self.value["metrics"].get(f"remote_{name}", 0))


class _Local(NamedTuple):
    """A build without a fleet: digests of its sources and of its output, and how long it took."""

    sources: Mapping[str, str]
    output: Mapping[str, str]
    seconds: float


_BUILT: Final[list[_Local]] = []
"""Those of this process: trials of the same sources need them once."""


class BuildProcess:
    """A build under way in a process of its own."""

    def __init__(self, folder: Path, command: Sequence[str], settings: Mapping[str, str]) -> None:
        self._folder = folder
        self._printed = folder / "printed.json"
        with self._printed.open("wb") as printed:
            self.process = subprocess.Popen(
                command,
                cwd=folder,
                env=environment(settings),
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.PIPE,
            )

    def lasts(self, seconds: float) -> bool:
        """Whether it still runs after a while."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return True
        return False

    def dispatcher(self) -> int | None:
        """The process that talks to the server for it, where it runs."""
        for pid in tree_of(self.process.pid)[1:]:
            if b"hyper.distributed.dispatch" in command_of(pid):
                return pid
        return None

    def helpers(self) -> list[int]:
        """The processes that work beside it, without its dispatcher."""
        return [
            pid
            for pid in tree_of(self.process.pid)[1:]
            if b"hyper.distributed.dispatch" not in command_of(pid)
        ]

    def end(self, seconds: float = BOUND) -> Outcome:
        """How it ended, which it does in time. Raises ``subprocess.TimeoutExpired``."""
        try:
            _, said = self.process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            raise
        text = self._printed.read_text(encoding="utf-8")
        value = json.loads(text) if text.endswith("}\n") else {}
        return Outcome(self.process.returncode, value, said.decode(errors="backslashreplace"))


class TrialFleet:
    """A tree, the server of a fleet, and its workers; ``settings`` are the variables with which one takes part."""

    def __init__(
        self,
        folder: Path,
        server: RedisServer,
        units: int,
        seed: int,
        *,
        keys: str | None = OURS,
        before: Sequence[str] = (),
    ) -> None:
        """``before`` are the words that start a build somewhere else."""
        self.folder = folder
        self._before = tuple(before)
        self.source = folder / "src"
        self.out = folder / "out"
        self.server = server
        self._work = Edits(units, seed)
        write_tree(str(self.source), self._work.files())
        self.settings = {
            "HYPER_QUEUE_URL": server.url,
            "HYPER_PROJECT": PROJECT,
            # So that there is something to hand out: two cores have a small tree done before anybody else has come.
            "HYPER_PROCESSES": "1",
        }
        if keys is not None:
            self.settings["HYPER_CACHE_KEYS"] = keys
        self.workers: list[WorkerProcess] = []
        self._numbers = 0
        self._local: _Local | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        for each in self.workers:
            end(each)
        if error is None:
            eventually(lambda: not self.left_behind(), "dispatchers end with their builds")
        for pid in self.left_behind():
            send(pid, signal.SIGKILL)

    def left_behind(self) -> list[int]:
        """The dispatchers of our builds, by the folder that they were started in, that still run."""
        folder = os.fsencode(self.folder)
        commands = {
            pid: command_of(pid) for pid in map(int, filter(str.isdigit, os.listdir("/proc")))
        }
        return [
            pid
            for pid, command in commands.items()
            if folder in command and b"hyper.distributed.dispatch" in command
        ]

    def edit(self, times: int = 1) -> None:
        """What somebody does to the tree next."""
        for _ in range(times):
            apply(str(self.source), self._work.next())
        self.changed()

    def changed(self) -> None:
        """The sources are others now."""
        self._local = None

    def forget(self) -> None:
        """Have the server know nothing but which workers are there."""
        with redis.Redis(unix_socket_path=self.server.path) as client:
            kept = (b":worker:", b":workers")
            gone = [name for name in client.scan_iter() if not any(each in name for each in kept)]
            if gone:
                client.delete(*gone)

    def worker(
        self,
        *words: str,
        more: Mapping[str, str] | None = None,
        before: Sequence[str] = (),
    ) -> WorkerProcess:
        """A worker of the fleet, begun."""
        self._numbers += 1
        made = WorkerProcess(
            f"worker-{self._numbers}",
            ("--max", "1", *words),
            {**self.settings, **(more or {})},
            before,
        )
        self.workers.append(made)
        return made

    def staffed(self, count: int) -> None:
        """See that so many workers are there and ready; those that are over are replaced."""
        self.workers = [each for each in self.workers if each.code is None]
        while len(self.workers) < count:
            self.worker()
        for each in self.workers:
            each.wait_for("ready")

    def start(self, *words: str, more: Mapping[str, str] | None = None) -> BuildProcess:
        """Begin a build from nothing that hands work out."""
        shutil.rmtree(self.out, ignore_errors=True)
        command = (
            *(*self._before, sys.executable, "-m", "hyper", "build", "src", "-o", "out", "--json"),
            *("--target", _TARGETS, "--no-cache", "--distributed", "on", *words),
        )
        return BuildProcess(self.folder, command, {**self.settings, **(more or {})})

    def build(self, *words: str, more: Mapping[str, str] | None = None) -> Outcome:
        """A build from nothing that hands work out: it ends well, and its output is right."""
        return self.right(self.start(*words, more=more).end())

    def helped(self) -> None:
        """Its workers do something for a build: the first, or one after it where they were not heard of in time. Raises
        ``AssertionError``."""
        eventually(lambda: self.build().remote("items") > 0, "workers help")

    def right(self, outcome: Outcome) -> Outcome:
        """The outcome of a build that nobody ended: it is well, with the bytes of a local build. Raises ``AssertionError``."""
        assert outcome.code == 0, (outcome.code, outcome.said, outcome.value.get("diagnostics"))
        made, wanted = digests(self.out), self.expected()
        wrong = [path for path in sorted({*made, *wanted}) if made.get(path) != wanted.get(path)]
        assert not wrong
        return outcome

    def expected(self) -> Mapping[str, str]:
        """The digests of what the sources come to without a fleet."""
        return self._built().output

    @property
    def seconds(self) -> float:
        """How long a build without a fleet takes."""
        return self._built().seconds

    def _built(self) -> _Local:
        if self._local is None:
            sources = digests(self.source)
            self._local = next((each for each in _BUILT if each.sources == sources), None)
        if self._local is None:
            self._local = self._build_here(sources)
            _BUILT.append(self._local)
        return self._local

    def _build_here(self, sources: Mapping[str, str]) -> _Local:
        clean = self.folder / "clean"
        shutil.rmtree(clean, ignore_errors=True)
        words = ("build", "src", "-o", "clean", "--no-cache", "--target", _TARGETS)
        began = time.perf_counter()
        done = hyper(self.folder, *words)
        seconds = time.perf_counter() - began
        assert done.code == 0, done.text
        return _Local(sources, digests(clean), seconds)


def end(worker: WorkerProcess) -> None:
    """End a worker and all of its processes, stopped ones too."""
    tree = worker.processes()
    worker.kill()
    for pid in tree[1:]:
        send(pid, signal.SIGKILL)


def send(pid: int, number: signal.Signals) -> bool:
    """Send a signal to a process that we started, or that one of ours did; whether it was there."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


def command_of(pid: int) -> bytes:
    """The words that started a process; empty where it is gone."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as stream:
            return stream.read()
    except OSError:
        return b""


def eventually(found: Callable[[], bool], what: str, seconds: float = BOUND) -> None:
    """Wait until something is so. Raises ``AssertionError`` where it is not in time."""
    until = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < until, f"not within {seconds:g} s: {what}"
        time.sleep(_TURN)
