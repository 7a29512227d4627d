"""What a build says of a fleet."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from hyper.base.events import Event
from hyper.cli import progress
from hyper.cli.commands.build import _fleet
from hyper.cli.console import Console
from hyper.cli.progress import Progress
from hyper.engine.trace import Trace

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from tests.cli.conftest import Done

    Hyper = Callable[..., Done]


def test_a_build_without_a_server_says_so_once_and_goes_on(hyper: Hyper, tree: Path) -> None:
    done = hyper("build", "--distributed", "on")
    assert done.code == 0
    why = "HYPER_QUEUE_URL says where its server is"
    assert done.err == f"hyper: building without the fleet: {why}\n"
    assert (tree / "dist" / "shop" / "openapi.json").exists()


def test_a_build_that_is_not_to_use_a_fleet_says_nothing(hyper: Hyper, tree: Path) -> None:
    del tree
    done = hyper("build", "--tier", "insane", "--distributed", "off")
    assert (done.code, done.err) == (0, "")


def test_each_outage_has_its_words(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console()
    for reason in ("missing", "connection", "full", "ended"):
        console._fleet_lost(Event("fleet:outage", reason=reason, path="redis://far:6379"))
    console._fleet_of_others(Event("fleet:others", total=1, path="redis://far:6379"))
    console._fleet_of_others(Event("fleet:others", total=3, path="redis://far:6379"))
    at = "hyper: building without the fleet at redis://far:6379"
    assert capsys.readouterr().err.splitlines() == [
        f"{at}: pip install 'hypercompiler[distributed]'",
        f"{at}: no connection",
        f"{at}: its server has no memory left",
        f"{at}: what leads to it has ended",
        "hyper: 1 worker is of another version at redis://far:6379, and of no use here: install the same sources there",
        "hyper: 3 workers are of another version at redis://far:6379, and of no use here: install the same sources there",
    ]


def _said(asked: bool, **figures: float) -> None:
    made: Any = SimpleNamespace(
        metrics={f"remote_{name}": value for name, value in figures.items()}
    )
    _fleet(made, Console(), asked=asked)


def test_a_build_says_what_its_fleet_did(capsys: pytest.CaptureFixture[str]) -> None:
    _said(asked=False, workers=2, jobs=98, items=1325, found=182, lost=0)
    _said(asked=False, workers=1, jobs=1, items=1, found=0, lost=0)
    _said(asked=False, workers=2, jobs=8, items=1, found=1, hedged=18, lost=0)
    _said(asked=True, workers=2, jobs=8, items=0, found=0, hedged=18, lost=0)
    _said(asked=True)
    _said(asked=True, workers=0, shared=57)
    _said(asked=False, workers=0, items=56, found=56, shared=57)
    _said(asked=False)
    done = capsys.readouterr()
    assert done.err == ""
    assert done.out.splitlines() == [
        "  fleet     2 workers: 1,325 items in 98 jobs, 182 of them done before",
        "  fleet     1 worker: 1 item in 1 job",
        "  fleet     2 workers: 1 item in 8 jobs, 1 of them done before; 18 more took too long and were done here",
        "  fleet     nothing came back in time of 8 jobs: all was done here",
        "  fleet     nothing was sent: no worker was there, or there was too little to do",
        "  fleet     nothing was sent: no worker was there, or there was too little to do; 57 items done here are there for others",
        "  fleet     56 items done by other builds",
    ]


def test_a_fleet_that_refuses_what_it_gets_is_told_of(capsys: pytest.CaptureFixture[str]) -> None:
    _said(asked=True, workers=2, jobs=57, items=0, found=0, lost=64)
    done = capsys.readouterr()
    assert done.out == ""
    said = "hyper: 64 items came back from the fleet undone: see that HYPER_CACHE_KEYS is the same"
    assert done.err.startswith(said)


def test_the_bar_shows_what_a_fleet_does(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.StringIO()
    monkeypatch.setattr("sys.stderr", shown)
    monkeypatch.setattr(progress, "_PATIENCE", 0.0)
    monkeypatch.setattr(progress, "_PAUSE", 0.0)
    bar = Progress()
    bar.hear(Event("phase:start", phase="parse", total=100))
    bar.hear(Event("compilation:progress", phase="parse", done=10, total=100))
    bar.hear(Event("fleet:progress", workers=3, total=40, done=7))
    bar.hear(Event("compilation:progress", phase="parse", done=20, total=100))
    made: Any = bar._bar
    assert made.tasks[0].fields["fleet"] == "3 far: 40 out, 7 done"
    bar.hear(Event("fleet:progress", workers=0, total=3, done=9))
    bar.hear(Event("compilation:progress", phase="parse", done=30, total=100))
    assert made.tasks[0].fields["fleet"] == "other builds: 3 out, 9 done"
    bar.close()


def test_a_trace_has_a_lane_for_each_worker_of_a_fleet() -> None:
    trace = Trace()
    for worker in ("far a 1", "far b 1"):
        event = Event("worker:batch", phase="x:PARSE", worker=worker, total=3, seconds=0.5)
        trace.hear(event)
    text = trace.encode()
    assert b'"far a 1"' in text
    assert b'"far b 1"' in text
