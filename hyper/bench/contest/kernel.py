"""``kernel``: native code of one kernel, in a process that is warm and in fresh ones, beside ``numba.njit`` with a signature."""

from __future__ import annotations

import os
import sys
import tempfile
from typing import TYPE_CHECKING, Final

from hyper.bench.contest.arena import Contestant, contest
from hyper.bench.contest.compiling import SIGNATURES
from hyper.bench.contest.kernels import SOURCE
from hyper.bench.processes import Contestant as Process
from hyper.bench.processes import bare, figures, measure
from hyper.bench.report import Report, Subject

if TYPE_CHECKING:
    from hyper.bench.workloads import Request

_FRESH: Final = "price"
OURS: Final = "ours"
NUMBA: Final = "numba.njit"


def kernel(report: Report, request: Request) -> None:
    """Each kernel as a call and as a loop, warm; one of them in fresh processes. Raises ``BenchError``."""
    from hyper.bench.contest.ours import program_of
    from hyper.ir.stored import encode_module

    report.subjects.append(Subject("kernels of contest.intent", 1, len(SOURCE.encode())))
    with tempfile.TemporaryDirectory(prefix="hyper-bench-") as folder:
        path = os.path.join(folder, "contest.module")
        with open(path, "wb") as stream:
            stream.write(encode_module(program_of(SOURCE).modules[0]))
        for name, form in SIGNATURES:
            if not request.kernels or name in request.kernels:
                _warm(report, request, (name, form), path)
        _fresh(report, request, path)


def _warm(report: Report, request: Request, subject: tuple[str, str], path: str) -> None:
    name, form = subject
    shown = f"{name}, {form}"
    task = {"kernel": name, "form": form, "file": path, "seed": request.seed}
    contestants = [
        Contestant(f"{shown}: {library}", "compiling", {**task, "library": library})
        for library in (OURS, NUMBA)
    ]
    taking = contest(contestants, report, request.rounds, request.warm_up)
    if len(taking) > 1:
        ratio = report.compare(taking[1], taking[0])
        report.aim_high("kernel", f"{shown}, warm: {NUMBA} over ours", ratio.wall, 5)


def _fresh(report: Report, request: Request, path: str) -> None:
    """Whole processes: imports are most of them."""
    from importlib.util import find_spec

    if find_spec("numba") is None:
        return
    contestants = [
        Process(
            f"fresh process, {_FRESH}, {form}: {library}",
            (sys.executable, "-m", "hyper.bench.contest.compiling", library, form, _FRESH, path),
            {},
        )
        for form in ("call", "loop")
        for library in (OURS, NUMBA)
    ]
    report.figures += figures(measure([bare(), *contestants], request.rounds, request.warm_up))
    for place in (0, 2):
        ratio = report.compare(contestants[place + 1].name, contestants[place].name)
        above = ratio.wall_above_bare_python
        assert above is not None
        text = f"{contestants[place].name.partition(':')[0]}, above bare Python: {NUMBA} over ours"
        report.aim_high("kernel", text, above, 5)
