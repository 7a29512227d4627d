"""Whole processes: what is measured, what is taken off, and what is said of a command that fails."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

import hyper
from hyper.bench.processes import (
    BARE,
    Contestant,
    Run,
    compile_modules,
    environment,
    figures,
    measure,
    once,
)
from hyper.bench.report import BenchError, Report

if TYPE_CHECKING:
    from pathlib import Path


def test_a_command_that_fails_is_no_figure() -> None:
    with pytest.raises(BenchError, match="no such thing"):
        once((sys.executable, "-c", "raise SystemExit('no such thing')"), {})


def test_a_command_that_is_not_there_is_told() -> None:
    with pytest.raises(BenchError, match="does not start"):
        once(("/no/such/program",), {})


def test_a_command_that_is_measured_ends_with_an_interrupt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started: list[subprocess.Popen[bytes]] = []

    class Interrupted(subprocess.Popen[bytes]):
        """A process whose output is waited for until somebody has enough of it."""

        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            started.append(self)
            assert self.stdout is not None
            self.stdout.close()
            self.stdout = Impatient()

    class Impatient(io.BytesIO):
        def read(self, _size: int | None = -1) -> bytes:
            raise KeyboardInterrupt

    monkeypatch.setattr(subprocess, "Popen", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        once((sys.executable, "-c", "import time; time.sleep(600)"))
    (process,) = started
    assert process.returncode == -signal.SIGTERM
    with pytest.raises(ChildProcessError):
        os.waitpid(process.pid, os.WNOHANG)


def test_a_process_sees_no_option_but_those_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYPER_TIER", "insane")
    monkeypatch.setenv("PYTHONWARNINGS", "error")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    seen = environment({"HYPER_CACHE": "here"})
    assert {"HYPER_TIER", "PYTHONWARNINGS", "PYTHONDONTWRITEBYTECODE"}.isdisjoint(seen)
    assert seen["HYPER_CACHE"] == "here"


def test_modules_are_compiled_before_anything_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package, linked = tmp_path / "package", tmp_path / "room"
    for folder in (package / "inner" / "deep", linked / "disk"):
        folder.mkdir(parents=True)
        (folder / "module.py").write_text("answer = 42\n")
    (package / "room").symlink_to(linked)
    monkeypatch.setattr(hyper, "__path__", [str(package)])
    compile_modules()
    made = {path.parent.parent.name for path in tmp_path.rglob("__pycache__/module.*.pyc")}
    assert made == {"deep", "disk"}


def test_everybody_runs_in_turn_and_another_first_each_time() -> None:
    order: list[str] = []
    command = (sys.executable, "-c", "pass")
    one, two = (
        Contestant(name, command, {}, lambda name=name: order.append(name))  # type: ignore[misc]
        for name in ("one", "two")
    )
    runs = measure([one, two], 1, warm_up=2)
    assert order == ["one", "two", "two", "one", "one", "two"]
    assert [len(each) for each in runs.values()] == [1, 1]


def test_medians_above_bare_python() -> None:
    bare, ours = figures(
        {
            BARE: [Run(0.5, 0.1, 5)],
            "ours": [Run(1.0, 0.5, 10), Run(9.0, 0.7, 30), Run(2.0, 0.6, 20)],
        }
    )
    assert bare.wall_above_bare_python == 0
    assert ours.wall_seconds == 2.0
    assert ours.wall_above_bare_python == 1.5
    assert ours.wall_range == (1.0, 9.0)
    assert (ours.cpu_seconds, ours.peak_bytes, ours.runs) == (0.6, 20, 3)


def test_ratios_and_goals() -> None:
    report = Report(benchmark="run", workload="x")
    report.figures = figures({BARE: [Run(1, 1, 1)], "a": [Run(3, 6, 8)], "b": [Run(2, 3, 4)]})
    ratio = report.compare("a", "b")
    assert (ratio.wall, ratio.wall_above_bare_python, ratio.cpu, ratio.peak) == (1.5, 2, 2, 2)
    report.aim("x", "a most", 2, 1.5)
    report.aim_high("x", "a least", 2, 1.5)
    assert [goal.met for goal in report.goals] == [False, True]
    with pytest.raises(KeyError):
        report.figure("c")
