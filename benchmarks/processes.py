"""Whole processes side by side: wall time, processor time and peak memory, taken in turns, as medians."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


@dataclass(frozen=True)
class Contestant:
    """A command, and what makes the machine ready before each run of it."""

    name: str
    command: tuple[str, ...]
    prepare: Callable[[], None]


@dataclass(frozen=True)
class Run:
    """One run. Seconds, and bytes at the peak."""

    wall: float
    cpu: float
    peak: int


def measure(contestants: Sequence[Contestant], rounds: int) -> dict[str, list[Run]]:
    """Run each in turn, ``rounds`` times, after one run that warms the file cache and is not counted."""
    runs: dict[str, list[Run]] = {each.name: [] for each in contestants}
    for number in range(rounds + 1):
        for each in contestants:
            each.prepare()
            run = once(each.command)
            if number:
                runs[each.name].append(run)
    return runs


def once(command: Sequence[str]) -> Run:
    """Run a command to its end. Raises ``RuntimeError`` with what it printed where it fails."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert process.stdout is not None
    printed = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    if process.returncode:
        text = printed.decode(errors="replace")[-2000:]
        raise RuntimeError(f"{' '.join(command)} exited with {process.returncode}:\n{text}")
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


def summary(runs: Mapping[str, Sequence[Run]]) -> dict[str, Any]:
    """Medians and the range of the wall times, by name."""
    return {
        name: {
            "wall_seconds": statistics.median(run.wall for run in each),
            "wall_range": [min(run.wall for run in each), max(run.wall for run in each)],
            "cpu_seconds": statistics.median(run.cpu for run in each),
            "peak_bytes": statistics.median(run.peak for run in each),
            "runs": len(each),
        }
        for name, each in runs.items()
    }
