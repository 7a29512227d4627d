"""``hyper test``: run the scenarios, with the user's own Python functions where they are reached."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from hyper.base.reports import as_object
from hyper.cli.main import FAILED, OK
from hyper.cli.session import View, compile_with, counted, verdict

if TYPE_CHECKING:
    import argparse

    from hyper.cli.console import Console


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Run every scenario and say how many held."""
    # Externs name modules beside the project: they are found from the working folder, as with `python -m`.
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    view = compile_with(
        arguments, console, lambda compiler, paths: compiler.check(paths, externs=True)
    )
    results = view.result.compilation.scenarios if view.result.compilation else []
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
        console.object(as_object(view.diagnostics) | {"counts": counts, "scenarios": listed})
    else:
        console.diagnostics(view.diagnostics, view.line_of)
        _summary(view, counts, console)
    return OK if view.result.success else FAILED


def _summary(view: View, counts: dict[str, int], console: Console) -> None:
    total = counted(counts["total"], "scenario")
    if view.result.success:
        console.say(f"{total}: all hold" if counts["total"] else "there are no scenarios")
    else:
        console.remark(f"hyper: {counts['passed']:,} of {total} hold; {verdict(view.diagnostics)}")
