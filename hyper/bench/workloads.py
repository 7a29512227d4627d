"""Named workloads, by the identifiers of the project's goals, and one command of anybody's."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING, Final

from hyper.bench import routes, shared
from hyper.bench.machine import facts
from hyper.bench.processes import BARE, Contestant, bare, figures, measure, once
from hyper.bench.report import Report
from hyper.bench.subject import FieldEdit, Way, Workplace, workplace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

COLD: Final = "cold"
NO_OP: Final = "no-op"
EDIT: Final = "edit"
PEER_PEAK: Final = 515e6
"""The peak of datamodel-code-generator on the GitHub description, in bytes, as the goals have it."""
_GITHUB: Final = "github"


def cold(work: Workplace, way: Way | None = None) -> Contestant:
    """A build from nothing: no output, no cache."""
    way = way or Way(COLD)
    place = work.place(way.name)
    command = place.command(work.tree, *way.words)
    return Contestant(way.name, command, {**place.settings, **way.settings}, place.clear)


def no_op(work: Workplace, way: Way | None = None) -> Contestant:
    """A build of what was built before."""
    way = way or Way(NO_OP)
    place = work.place(way.name)
    command = place.command(work.tree, *way.words)
    made = Contestant(way.name, command, {**place.settings, **way.settings})
    # The second trusts the times of the files that the first could not yet trust.
    for _ in range(2):
        once(made.command, made.settings)
    return made


def edit(work: Workplace, way: Way | None = None) -> Contestant:
    """A build after one field of the most imported entity changed."""
    way = way or Way(EDIT)
    place = work.place(way.name)
    tree = work.copy(way.name)
    change = FieldEdit(tree)
    change()
    command = place.command(tree, *way.words)
    made = Contestant(way.name, command, {**place.settings, **way.settings}, change)
    once(made.command, made.settings)
    return made


class Request:
    """What a workload is run on: the tree (see ``workplace``), how often, and after how many rounds that do not count. ``rows`` is
    the size of a contest, ``None`` its own choice; ``table`` that of its table; ``kernels`` those that take part; none is all."""

    def __init__(
        self,
        *,
        path: str | None = None,
        units: int = 100,
        sizes: Sequence[int] = (100, 1000),
        seed: int = 1,
        rounds: int = 5,
        warm_up: int = 1,
        rows: int | None = None,
        table: int | None = None,
        kernels: Sequence[str] = (),
    ) -> None:
        self.path = path
        self.units = units
        self.sizes = sizes
        self.seed = seed
        self.rounds = rounds
        self.warm_up = warm_up
        self.rows = rows
        self.table = table
        self.kernels = kernels

    def open(self, folder: str, units: int | None = None) -> Workplace:
        """The tree, made ready in a folder."""
        if units is not None:
            return workplace(folder, None, units, self.seed)
        return workplace(folder, self.path, self.units, self.seed)


def run(name: str, request: Request) -> Report:
    """Run a workload. Raises ``BenchError`` where it cannot be run."""
    report = Report(benchmark="run", workload=name, rounds=request.rounds, machine=facts())
    if absent(request.path, report):
        return report
    with tempfile.TemporaryDirectory(prefix="hyper-bench-") as folder:
        WORKLOADS[name](report, request, folder)
    return report


def absent(path: str | None, report: Report) -> bool:
    """Whether the tree is not there, which the report then says: a benchmark without its subject is skipped."""
    if path is None or os.path.exists(path):
        return False
    report.remarks.append(f"skipped: there is nothing at {path}")
    return True


def run_command(command: Sequence[str], rounds: int, warm_up: int) -> Report:
    """Measure one command beside bare Python. Raises ``BenchError`` where it fails."""
    report = Report(benchmark="run", workload="command", rounds=rounds, machine=facts())
    contestants = [bare(), Contestant(" ".join(command), tuple(command), {})]
    report.figures = figures(measure(contestants, rounds, warm_up))
    report.compare(contestants[1].name, BARE)
    return report


def _measured(
    report: Report, request: Request, work: Workplace, contestants: Sequence[Contestant]
) -> None:
    report.subjects.append(work.subject)
    report.figures += figures(measure([bare(), *contestants], request.rounds, request.warm_up))


def _cold(report: Report, request: Request, folder: str) -> None:
    work = request.open(folder)
    _measured(report, request, work, [cold(work)])
    report.compare(COLD, BARE)
    report.remarks.append("the goal is against peers: hyper bench compare")


def _no_op(report: Report, request: Request, folder: str) -> None:
    work = request.open(folder)
    _measured(report, request, work, [cold(work), no_op(work)])
    report.compare(COLD, NO_OP)
    ratio = report.compare(NO_OP, BARE)
    report.aim("no-op", "whole process, over bare Python", ratio.wall, 10)


def _edit(report: Report, request: Request, folder: str) -> None:
    work = request.open(folder)
    _measured(report, request, work, [cold(work), no_op(work), edit(work)])
    report.compare(COLD, EDIT)
    ratio = report.compare(EDIT, NO_OP)
    report.aim("edit", "whole process, over the no-op", ratio.wall, 2)


def _memory(report: Report, request: Request, folder: str) -> None:
    work = request.open(folder)
    _measured(report, request, work, [cold(work)])
    report.compare(COLD, BARE)
    if work.subject.name == _GITHUB:
        peak = report.figure(COLD).peak_bytes
        report.aim("memory", "peak, half of the peer's 515 MB", peak, PEER_PEAK / 2, "bytes")
    else:
        report.remarks.append("the goal is for the GitHub description: name it as the tree")


def _scale(report: Report, request: Request, folder: str) -> None:
    per_unit: dict[int, float] = {}
    for size in sorted(request.sizes):
        work = request.open(folder, size)
        colds = cold(work, Way(f"{COLD}, {size:,} units"))
        idle = no_op(work, Way(f"{NO_OP}, {size:,} units"))
        report.subjects.append(work.subject)
        found = figures(measure([bare(), colds, idle], request.rounds, request.warm_up))
        # Bare Python is measured beside each size, and is printed once.
        report.figures += [each for each in found if each.name != BARE or not report.figures]
        per_unit[size] = (found[1].wall_above_bare_python or 0.0) / size
        if size == 10_000:
            report.aim("scale", f"{idle.name}, seconds", found[2].wall_seconds, 1, "seconds")
    smallest, largest = min(per_unit), max(per_unit)
    growth = per_unit[largest] / per_unit[smallest]
    measure_text = f"cold above bare Python, per unit, {largest:,} over {smallest:,} units"
    report.aim("scale", measure_text, growth, 1)


def _route(report: Report, request: Request, folder: str) -> None:
    work = request.open(folder)
    contestants, path = routes.contestants(work)
    _measured(report, request, work, contestants)
    report.compare(routes.FIRST_REQUEST, routes.FASTAPI)
    report.remarks.append(f"the request is GET {path}, answered by the package's mock")
    report.remarks.append("the goal is against a peer: hyper bench compare --workload route")


def _fresh(report: Report, request: Request, folder: str) -> None:
    with shared.shared_cache(report, shared.FRESH) as cache:
        if cache is None:
            return
        work = request.open(folder)
        taken = shared.fresh(work, cache)
        contestants = [cold(work), taken, shared.copying(work, shared.FRESH)]
        _measured(report, request, work, contestants)
        if not shared.same_output(work, COLD, shared.FRESH):
            report.success = False
            report.remarks.append("the output on the empty machine is not the one of a cold build")
    gain = report.compare(COLD, shared.FRESH)
    report.aim_high("fresh", "cold over an empty machine with a filled cache", gain.wall, 3)
    price = report.compare(shared.FRESH, shared.COPY)
    report.aim("fresh", "whole process, over copying the bytes of the output", price.wall, 2)


WORKLOADS: Final[Mapping[str, Callable[[Report, Request, str], None]]] = {
    "cold": _cold,
    "no-op": _no_op,
    "edit": _edit,
    "fresh": _fresh,
    "scale": _scale,
    "memory": _memory,
    "route": _route,
}
