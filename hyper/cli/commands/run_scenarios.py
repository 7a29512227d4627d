"""``hyper test``: run the scenarios, with the user's own Python functions where they are reached."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from hyper.base.reports import as_object
from hyper.cli.main import FAILED, OK
from hyper.cli.session import View, compile_with, counted, verdict

if TYPE_CHECKING:
    import argparse

    from hyper.cli.console import Console
    from hyper.engine.coverage import Point, Report


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Run every scenario and say how many held."""
    # Externs name modules beside the project: they are found from the working folder, as with `python -m`.
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    watch = None
    if arguments.coverage:
        from hyper.engine.coverage import Coverage

        watch = Coverage()
    view = compile_with(
        arguments, console, lambda compiler, paths: compiler.check(paths, externs=True, watch=watch)
    )
    made = view.result.compilation
    results = made.scenarios if made else []
    reached = watch.report(made.program) if watch and made and made.program else None
    counts = {
        "total": view.result.stats["scenarios"],
        "passed": sum(each.outcome == "passed" for each in results),
        "failed": sum(each.outcome == "failed" for each in results),
    }
    if console.json:
        listed = [
            {
                "feature": each.feature,
                "scenario": each.scenario,
                "module": each.module,
                "outcome": each.outcome,
            }
            for each in results
        ]
        told = {} if reached is None else {"coverage": _object(reached, view)}
        console.object(as_object(view.diagnostics) | {"counts": counts, "scenarios": listed} | told)
    else:
        console.diagnostics(view.diagnostics, view.line_of)
        _summary(view, counts, console)
        if reached is not None:
            _coverage(reached, view, console)
    return OK if view.result.success else FAILED


def _summary(view: View, counts: dict[str, int], console: Console) -> None:
    total = counted(counts["total"], "scenario")
    if view.result.success:
        console.say(f"{total}: all hold" if counts["total"] else "there are no scenarios")
    else:
        console.remark(f"hyper: {counts['passed']:,} of {total} hold; {verdict(view.diagnostics)}")


def _object(reached: Report, view: View) -> dict[str, Any]:
    value = reached.as_dict()
    for point in value["missed"]:
        point["file"] = view.shown(point["file"])
    return value


def _coverage(reached: Report, view: View, console: Console) -> None:
    console.say(
        f"coverage: {reached.covered:,} of {reached.total:,} rows and branches"
        f" ({reached.percent:.1f}%)"
    )
    for point in reached.missed:
        file = view.shown(point.file)
        source = (view.line_of(file, point.line) or "").strip()
        console.say(f"  {file}:{point.line}: {_missed(point)}:  {source}")


def _missed(point: Point) -> str:
    name = point.function.rpartition(".")[2]
    match point.kind:
        case "row":
            return f"row {point.outcome} of {name} never fits"
        case "branch":
            which = "else" if point.outcome == "else" else f"branch {point.outcome}"
            return f"{which} in {name} is never taken"
        case "choice":
            return f"{point.outcome} in {name} is never taken"
        case "require" | "derive":
            return f"in {name} there is no case that {point.outcome}"
