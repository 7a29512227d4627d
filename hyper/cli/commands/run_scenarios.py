"""``hyper test``: run the scenarios, with the user's own Python functions where they are reached."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from hyper.base.reports import as_object
from hyper.cli.main import FAILED, OK
from hyper.cli.session import compile_with, counted, verdict

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
    total = view.result.stats["scenarios"]
    failed = len({(item.file, item.line) for item in view.diagnostics if _is_failure(item.code)})
    passed = total - failed if view.result.compilation and view.result.compilation.program else 0
    if console.json:
        counts = {"scenarios": {"total": total, "passed": passed, "failed": failed}}
        console.object(as_object(view.diagnostics) | counts)
    else:
        console.diagnostics(view.diagnostics, view.line_of)
        if view.result.success:
            console.say(f"{counted(total, 'scenario')}: all hold" if total else "no scenarios")
        else:
            console.remark(
                f"hyper: {passed:,} of {counted(total, 'scenario')} hold; {verdict(view.diagnostics)}"
            )
    return OK if view.result.success else FAILED


def _is_failure(code: str) -> bool:
    """Whether a diagnostic is a scenario's."""
    return code.startswith("E08")
