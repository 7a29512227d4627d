"""``rules``: the same decision in engines of rules: one at a time, and ours a million at once."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING, Final

from hyper.bench.contest.arena import Contestant, contest
from hyper.bench.contest.engines import ENGINES
from hyper.bench.contest.package import CALLED, MODULE, build
from hyper.bench.report import Subject

if TYPE_CHECKING:
    from hyper.bench.report import Report
    from hyper.bench.workloads import Request

ROWS: Final = 1_000_000
_DECISIONS: Final = {"native": 20_000, "generated": 20_000, "cel-python": 500}
_USUAL: Final = 2000
"""Decisions of a run: some tenths of a second at most."""
NATIVE: Final = "ours, machine code"
GENERATED: Final = "ours, generated Python"


def rules(report: Report, request: Request) -> None:
    """A figure is of one decision. Raises ``BenchError`` where ours is not compiled."""
    rows = request.rows or ROWS
    report.subjects.append(Subject(f"the table rate of {MODULE}.intent", 1, len(CALLED.encode())))
    task = {"rows": rows, "seed": request.seed, "kernel": "rate", "cores": 1}
    with tempfile.TemporaryDirectory(prefix="hyper-bench-") as folder:
        out = build(folder)
        entries = [
            _entry(NATIVE, "native", {**task, "out": out}, {}),
            _entry(GENERATED, "generated", {**task, "out": out}, {"HYPER_NATIVE": "off"}),
            *(_entry(name, name, task, {}) for name in ENGINES),
        ]
        batched = f"ours, a batch of {rows:,}"
        many = {**task, "each": True}
        entries.append(Contestant(batched, "ours", many))
        taking = contest(entries, report, request.rounds, request.warm_up)
    for name in taking[1:]:
        report.compare(name, NATIVE)
    for name in taking:
        seconds = report.figure(name).wall_seconds * rows
        report.remarks.append(f"{rows:,} decisions by {name}: {seconds:,.4f} s")


def _entry(name: str, engine: str, task: dict[str, object], settings: dict[str, str]) -> Contestant:
    decisions = _DECISIONS.get(engine, _USUAL)
    return Contestant(
        name, "engines", {**task, "engine": engine, "decisions": decisions}, settings=settings
    )
