"""``profile``: what a recorded profile is worth, for a large table and inputs that mostly fit a few of its rows, or that have one
code for all."""

from __future__ import annotations

import os
import sys
import tempfile
from typing import TYPE_CHECKING, Final

import msgspec

from hyper.bench.contest.arena import Contestant, contest
from hyper.bench.contest.package import PACKAGE
from hyper.bench.contest.skewed import CODE, FUNCTION, MODULE, OTHER, ROWS, code_at, inputs, source
from hyper.bench.processes import HYPER, once
from hyper.bench.report import Report, Subject
from hyper.jit.profiles import Profile, encode, load

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hyper.bench.workloads import Request

OFF: Final = "without a profile"
ON: Final = "for the profile"
MOVED: Final = "for its rows alone"
"""For a profile without what arguments always were."""
_TRAINED: Final = 5000
_BATCH: Final = 200_000
_WAYS: Final[Mapping[str, str]] = {
    "python": "generated Python",
    "native": "machine code",
    "rows": "machine code, rows",
}


def profile(report: Report, request: Request) -> None:
    """Build without, record a built package, build with, and ask both the same inputs: others than were recorded. Raises
    ``BenchError``."""
    table = request.table or ROWS
    text = source(table)
    report.subjects.append(Subject(f"{MODULE}.intent, {table} rows", 1, len(text.encode())))
    with tempfile.TemporaryDirectory(prefix="hyper-bench-") as folder:
        tree, path = os.path.join(folder, "tree"), os.path.join(folder, "runs.profile")
        _write(tree, text)
        outs = {OFF: _built(folder, tree, "plain")}
        _record(outs[OFF], path, inputs(_TRAINED, request.seed + 1, table))
        outs[ON] = _built(folder, tree, "tuned", "--profile", path)
        for even in (False, True):
            for way, shown in _WAYS.items():
                if not (even and way == "native"):  # of even inputs those that differ most
                    contestants = _contestants(request, outs, path, (way, shown), even=even)
                    _contest(report, request, contestants, None if even else _GOALS[way])
        _constant(report, request, folder, outs[OFF])
    report.remarks.append(
        f"how often a row fits falls as one over its rank; {_TRAINED:,} other inputs were recorded"
    )


def _write(tree: str, text: str) -> None:
    os.mkdir(tree)
    with open(os.path.join(tree, f"{MODULE}.intent"), "w", encoding="utf-8") as stream:
        stream.write(text)


def _constant(report: Report, request: Request, folder: str, plain: str) -> None:
    """The same with inputs of one code, and of another one than was recorded; and calls of a table whose rows cannot move."""
    table = request.table or ROWS
    codes = (code_at(CODE, table), "one code"), (code_at(OTHER, table), "another code")
    trained = _trained(request, folder, "tree", plain)
    for key in ("native", "rows"):
        for code, said in codes:
            goal = 3.0 if key == "rows" and code == codes[0][0] else None
            _compare(report, request, trained, (key, f"{_WAYS[key]}, {said}"), code=code, goal=goal)
    tree = os.path.join(folder, "stays")
    _write(tree, source(table, stays=True))
    trained = _trained(request, folder, "stays", _built(folder, tree, "stays-plain"))
    for code, said in codes:
        way = "native", f"{_WAYS['native']}, rows that stay, {said}"
        goal = 1.2 if code == codes[0][0] else None
        _compare(report, request, trained, way, code=code, goal=goal)


def _trained(request: Request, folder: str, tree: str, plain: str) -> Mapping[str, tuple[str, str]]:
    """Builds of a tree for what was recorded of one code, without and with the constants, and their profiles."""
    profiles = {name: os.path.join(folder, f"{tree}-{name[-4:]}.profile") for name in (MOVED, ON)}
    table = request.table or ROWS
    given = inputs(_TRAINED, request.seed + 1, table, code=code_at(CODE, table))
    _record(plain, profiles[ON], given)
    _without_constants(profiles[ON], profiles[MOVED])
    return {
        name: (
            _built(folder, os.path.join(folder, tree), f"{tree}-{name[-4:]}", "--profile", path),
            path,
        )
        for name, path in profiles.items()
    }


def _compare(
    report: Report,
    request: Request,
    trained: Mapping[str, tuple[str, str]],
    way: tuple[str, str],
    *,
    code: int,
    goal: float | None,
) -> None:
    contestants = [
        each
        for name, (out, path) in trained.items()
        for each in _contestants(request, {name: out}, path, way, code=code)
    ]
    _contest(report, request, contestants, goal)


def _without_constants(path: str, out: str) -> None:
    functions = {
        digest: msgspec.structs.replace(each, constants={})
        for digest, each in load(path).functions.items()
    }
    with open(out, "wb") as stream:
        stream.write(encode(Profile(functions)))


def _contestants(
    request: Request,
    outs: Mapping[str, str],
    path: str,
    way: tuple[str, str],
    *,
    even: bool = False,
    code: int | None = None,
) -> list[Contestant]:
    key, shown = way
    shown = f"{shown}, even inputs" if even else shown
    common = {
        "way": key,
        "seed": request.seed + 2,
        "rows": request.rows or _BATCH,
        "table": request.table or ROWS,
        "even": even,
        "code": code,
    }
    return [
        Contestant(
            f"{shown}: {name}",
            "profiled",
            {**common, "out": out, "profile": path if name != OFF else None},
            settings={"HYPER_NATIVE": "off"} if key == "python" else {},
        )
        for name, out in outs.items()
    ]


def _contest(
    report: Report, request: Request, contestants: list[Contestant], goal: float | None
) -> None:
    contest(contestants, report, request.rounds, request.warm_up)
    before, after = (each.name for each in contestants)
    ratio = report.compare(before, after)
    if goal is not None:
        way, _, without = before.partition(": ")
        text = f"{way}: {without}, over with it"
        report.aim_high("profile", text, ratio.wall, goal)


_GOALS: Final[Mapping[str, float]] = {"python": 2.0, "native": 1.0, "rows": 1.0}
"""What it is at least worth here: most in Python, where each row that is tried costs the same."""


def _built(folder: str, tree: str, name: str, *words: str) -> str:
    out = os.path.join(folder, name)
    fixed = ("--package", PACKAGE, "--target", "python,native", "--no-cache")
    once((*HYPER, "build", tree, "-o", out, *fixed, *words))
    return out


def _record(out: str, path: str, given: Sequence[tuple[int, int]]) -> None:
    """Let a built package record what it is asked."""
    text = (
        f"import sys; sys.path.insert(0, {out!r})\n"
        f"from {PACKAGE}.{MODULE} import {FUNCTION} as asked\n"
        f"for row in {given!r}:\n"
        "    asked(*row)\n"
    )
    script = f"{path}.py"
    with open(script, "w", encoding="utf-8") as stream:
        stream.write(text)
    once((sys.executable, script), {"HYPER_PROFILE_OUT": path})
