"""``batch``: kernels over millions of rows, beside numba by hand, NumPy, numexpr, Polars and DuckDB."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hyper.bench.contest.arena import Contestant, contest
from hyper.bench.contest.kernels import KERNELS, SOURCE
from hyper.bench.report import Report, Subject
from hyper.engine.executors.cores import available_cores

if TYPE_CHECKING:
    from hyper.bench.workloads import Request

GOAL_KERNELS: Final = ("rate", "eligible", "smoothed")
"""A table, a predicate and a recurrence: those that the goal names."""
ROWS: Final = 10_000_000
OURS: Final = "ours"
BATCH: Final = "ours, batch()"
BY_HAND: Final = "numba by hand"
FRAMES: Final = ("polars", "duckdb")
_LIBRARIES: Final = (
    ("numpy", "arrays"),
    ("numexpr", "arrays"),
    ("polars", "frames"),
    ("duckdb", "frames"),
)
_SETTINGS: Final = ("POLARS_MAX_THREADS", "NUMEXPR_MAX_THREADS", "OMP_NUM_THREADS")


def batch(report: Report, request: Request) -> None:
    """Each kernel is a contest of its own. Raises ``BenchError`` where ours does not compile."""
    cores = available_cores()
    rows = request.rows or ROWS
    for kernel in KERNELS:
        if request.kernels and kernel not in request.kernels:
            continue
        given = {"kernel": kernel, "rows": rows, "seed": request.seed}
        named = f"{kernel}, {rows:,} rows, seed {request.seed}"
        report.subjects.append(Subject(named, 1, len(SOURCE.encode())))
        contestants = [_entry(kernel, OURS, "ours", given, 1)]
        contestants.append(_entry(kernel, BY_HAND, "by_hand", given, 1))
        contestants.append(_entry(kernel, BATCH, "columns", given, 1))
        for name, module in _LIBRARIES:
            contestants.append(_entry(kernel, name, module, {**given, "library": name}, 1))
        if cores > 1:
            contestants.append(_entry(kernel, OURS, "ours", given, cores))
            if kernel == "price":
                for name in FRAMES:
                    task = {**given, "library": name}
                    contestants.append(_entry(kernel, name, "frames", task, cores))
        taking = contest(contestants, report, request.rounds, request.warm_up)
        _compare(report, kernel, taking, cores)
        report.remarks.append(_speeds(report, kernel, taking, rows))


def _entry(kernel: str, name: str, module: str, task: dict[str, object], cores: int) -> Contestant:
    settings = dict.fromkeys(_SETTINGS, str(cores))
    return Contestant(
        _name(kernel, name, cores), module, {**task, "cores": cores}, settings=settings
    )


def _name(kernel: str, name: str, cores: int) -> str:
    return f"{kernel}: {name}" + (f", {cores} cores" if cores > 1 else "")


def _compare(report: Report, kernel: str, taking: list[str], cores: int) -> None:
    ours, hand = _name(kernel, OURS, 1), _name(kernel, BY_HAND, 1)
    for name in taking:
        if name != ours:
            report.compare(name, ours)
    if hand in taking and kernel in GOAL_KERNELS:
        speed = report.figure(hand).wall_seconds / report.figure(ours).wall_seconds
        report.aim_high("batch", f"{kernel}: speed over numba by hand, one core", speed, 0.95)
    if kernel != "price":
        return
    for count in sorted({1, cores}):
        for name in FRAMES:
            peer = _name(kernel, name, count)
            if peer in taking:
                own = report.figure(_name(kernel, OURS, count)).wall_seconds
                text = f"price: {name} over ours, {'one core' if count == 1 else f'{count} cores'}"
                report.aim_high("batch", text, report.figure(peer).wall_seconds / own, 5)


def _speeds(report: Report, kernel: str, taking: list[str], rows: int) -> str:
    told = [
        f"{name.partition(': ')[2]} {rows / report.figure(name).wall_seconds / 1e6:,.0f}"
        for name in taking
    ]
    return f"{kernel}, million rows a second: {', '.join(told)}"
