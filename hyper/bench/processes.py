"""Whole processes side by side: wall time, processor time and peak memory, taken in turns, as medians."""

from __future__ import annotations

import compileall
import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

import hyper
from hyper.bench.report import BenchError, Figure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

BARE: Final = "bare python"
PYTHON: Final = (sys.executable, "-c", "pass")
HYPER: Final = (sys.executable, "-m", "hyper")
_TOLD: Final = 2000
_PATIENCE: Final = 5.0
_LEFT_OUT: Final = frozenset({"PYTHONWARNINGS", "PYTHONDONTWRITEBYTECODE"})


def _nothing() -> None:
    """Nothing has to be made ready."""


@dataclass(frozen=True)
class Contestant:
    """A command, the ``HYPER_*`` variables that it runs with, and what makes the machine ready before each run of it."""

    name: str
    command: tuple[str, ...]
    settings: Mapping[str, str]
    prepare: Callable[[], None] = _nothing


@dataclass(frozen=True, slots=True)
class Run:
    """One run. Seconds, and bytes at the peak."""

    wall: float
    cpu: float
    peak: int


def compile_modules() -> None:
    """Compile the compiler's own modules to bytecode, as installers do with those of peers.

    A checkout has none at first, and has none for ever where ``PYTHONDONTWRITEBYTECODE`` is set: each process would then
    compile what it imports, which is more work than an edit is. Where they cannot be written nothing is said.
    """
    for package in hyper.__path__:
        # Rooms of a checkout are links, which are followed only where they are named.
        rooms = [entry.path for entry in os.scandir(package) if entry.is_dir()]
        for folder in (package, *rooms):
            compileall.compile_dir(folder, quiet=2)


def bare() -> Contestant:
    """Python that does nothing: what every process costs."""
    return Contestant(BARE, PYTHON, {})


def measure(
    contestants: Sequence[Contestant], rounds: int, warm_up: int = 1
) -> dict[str, list[Run]]:
    """Run each ``rounds`` times, all in turn, another first each time, after rounds that are not counted.

    Raises ``BenchError`` where a command fails.
    """

    def prepared(each: Contestant) -> Run:
        each.prepare()
        return once(each.command, each.settings)

    turns = {each.name: partial(prepared, each) for each in contestants}
    return in_turns(turns, rounds, warm_up)


def in_turns(
    contestants: Mapping[str, Callable[[], Run]], rounds: int, warm_up: int = 1
) -> dict[str, list[Run]]:
    """What each gave in each of ``rounds`` that count: all in turn, another first each time."""
    runs: dict[str, list[Run]] = {name: [] for name in contestants}
    order = list(contestants.items())
    for number in range(warm_up + rounds):
        first = number % len(order)
        for name, act in (*order[first:], *order[:first]):
            run = act()
            if number >= warm_up:
                runs[name].append(run)
    return runs


def once(command: Sequence[str], settings: Mapping[str, str] | None = None) -> Run:
    """Run a command to its end. Raises ``BenchError`` with what it printed where it fails."""
    return printing(command, settings, subprocess.STDOUT)[0]


def printing(
    command: Sequence[str],
    settings: Mapping[str, str] | None = None,
    errors: int = subprocess.DEVNULL,
) -> tuple[Run, bytes]:
    """Run a command to its end, and give what it printed; ``errors`` is where its stderr goes, as for ``subprocess``.

    Raises ``BenchError`` with what it printed where it fails.
    """
    if not hasattr(os, "wait4"):
        raise BenchError("processes are measured with wait4, which this system does not have")
    began = time.perf_counter()
    try:
        process = subprocess.Popen(
            command,
            env=environment(settings or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
        )
    except OSError as error:
        raise BenchError(f"{command[0]} does not start: {error.strerror or error}") from None
    assert process.stdout is not None
    try:
        with process.stdout:
            printed = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
    except BaseException:
        # Who interrupts the measurement wants neither the command to go on, nor what is left of it.
        _end(process)
        raise
    if process.returncode:
        text = printed.decode(errors="replace")[-_TOLD:]
        raise BenchError(f"{' '.join(command)} exited with {process.returncode}:\n{text}")
    scale = 1 if sys.platform == "darwin" else 1024
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * scale), printed


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process: it is asked to first, so that it removes what is temporary."""
    process.terminate()
    try:
        process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """The variables of a measured process: ours, with no option of the compiler but those given.

    Whoever makes warnings errors means their own program, not a peer; and whoever keeps bytecode out of a folder does not
    mean that all is to be compiled in each process.
    """
    kept = {
        name: text
        for name, text in os.environ.items()
        if not name.startswith("HYPER_") and name not in _LEFT_OUT
    }
    return kept | dict(settings)


def figures(runs: Mapping[str, Sequence[Run]]) -> list[Figure]:
    """Medians and the range of the wall times. Bare Python's median is taken off where it was measured too."""
    walls = {name: statistics.median(run.wall for run in each) for name, each in runs.items()}
    base = walls.get(BARE)
    return [
        Figure(
            name=name,
            wall_seconds=walls[name],
            wall_above_bare_python=None if base is None else walls[name] - base,
            wall_range=(min(run.wall for run in each), max(run.wall for run in each)),
            cpu_seconds=statistics.median(run.cpu for run in each),
            peak_bytes=int(statistics.median(run.peak for run in each)),
            runs=len(each),
        )
        for name, each in runs.items()
    ]
