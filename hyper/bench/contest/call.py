"""``call`` and ``load``: a built package called from Python, and a fresh process up to the first call."""

from __future__ import annotations

import sys
import tempfile
from typing import TYPE_CHECKING, Final

from hyper.bench.contest.arena import Contestant, contest
from hyper.bench.contest.calling import CALLS, names
from hyper.bench.contest.package import CALLED, MODULE, PACKAGE, build
from hyper.bench.processes import BARE, bare, figures, measure, once
from hyper.bench.processes import Contestant as Process
from hyper.bench.report import Report, Subject

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hyper.bench.workloads import Request

OURS: Final = "ours"
GENERATED: Final = "generated Python"
BY_HAND: Final = "Python by hand"
_OFF: Final[Mapping[str, str]] = {"HYPER_NATIVE": "off"}
_WHO: Final[tuple[tuple[str, str, Mapping[str, str]], ...]] = (
    (OURS, "native", {}),
    (GENERATED, "generated", _OFF),
    (BY_HAND, "by hand", _OFF),
)
_HEAVY: Final = ("numba", "llvmlite", "numpy")
_PRICE: Final = "(2000, 1000, 7)"


def call(report: Report, request: Request) -> None:
    """Each function is a contest of its own. Raises ``BenchError`` where it is not compiled."""
    report.subjects.append(_subject())
    with tempfile.TemporaryDirectory(prefix="hyper-bench-") as folder:
        out = build(folder)
        for name in names(request.kernels):
            task = {"function": name, "out": out, "seed": request.seed, "calls": CALLS}
            contestants = [
                Contestant(f"{name}: {shown}", "calling", {**task, "who": who}, settings=settings)
                for shown, who, settings in _WHO
            ]
            taking = contest(contestants, report, request.rounds, request.warm_up)
            for other in taking[1:]:
                ratio = report.compare(taking[0], other)
                text = f"{name}: one call, over {other.partition(': ')[2]}"
                report.aim("call", text, ratio.wall, 1)


def load(report: Report, request: Request) -> None:
    """Whole processes. Raises ``BenchError`` where one fails, or has loaded what a call has no need of."""
    report.subjects.append(_subject())
    with tempfile.TemporaryDirectory(prefix="hyper-bench-") as folder:
        out = build(folder)
        begin = f"import sys; sys.path.insert(0, {out!r}); "
        loaded = begin + f"from {PACKAGE}.native import load; f = load({MODULE!r}, 'margin'); "
        imported = begin + f"from {PACKAGE}.{MODULE} import margin as f; "
        right = f"assert f{_PRICE} == 142857; "
        none = f"assert not {{*{_HEAVY!r}}} & {{*sys.modules}}, sys.modules"
        for text in (loaded, imported):
            once((sys.executable, "-c", text + "assert type(f) is type(len); " + right + none))
        contestants = [
            bare(),
            Process("load: ours", (sys.executable, "-c", loaded + right), {}),
            Process("import: ours", (sys.executable, "-c", imported + right), {}),
            Process(f"import: {GENERATED}", (sys.executable, "-c", imported + right), _OFF),
            *_numba(folder, report),
        ]
        report.figures += figures(measure(contestants, request.rounds, request.warm_up))
    for each in contestants[1:]:
        ratio = report.compare(each.name, BARE)
        if each.name == "load: ours":
            report.aim("load", "fresh process to the first call, over bare Python", ratio.wall, 1.5)
    report.remarks.append(
        f"neither {', '.join(_HEAVY[:-1])} nor {_HEAVY[-1]} is loaded to call ours"
    )


_CACHED: Final = """\
import numba

@numba.njit("i8(i8,i8,i8)", cache=True)
def f(revenue, cost, units):
    return (revenue - cost) * 1000 // units
"""


def _numba(folder: str, report: Report) -> list[Process]:
    """The same from numba's cache, which is filled before."""
    from importlib.util import find_spec

    if find_spec("numba") is None:
        report.remarks.append("numba is skipped: it is not installed")
        return []
    with open(f"{folder}/cached.py", "w", encoding="utf-8") as stream:
        stream.write(_CACHED)
    text = f"import sys; sys.path.insert(0, {folder!r}); from cached import f; assert f{_PRICE} == 142857"
    command = (sys.executable, "-c", text)
    once(command)
    return [Process("numba.njit, from its cache", command, {})]


def _subject() -> Subject:
    return Subject(f"{MODULE}.intent", 1, len(CALLED.encode()))
