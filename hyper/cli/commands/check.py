"""``hyper check``: diagnostics, scenarios included, and nothing written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.base.reports import as_github, as_object, as_sarif
from hyper.cli.console import UsageError
from hyper.cli.main import FAILED, OK
from hyper.cli.session import View, compile_with, counted, verdict

if TYPE_CHECKING:
    import argparse

    from hyper.cli.console import Console


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Check, and print what was found in the form that was asked for."""
    if console.json and arguments.format not in {None, "json"}:
        raise UsageError(f"--json and --format {arguments.format} name two forms: leave one out")
    form = arguments.format or ("json" if console.json else "text")
    console.json = form != "text"
    view = compile_with(arguments, console, lambda compiler, paths: compiler.check(paths))
    if form == "json":
        console.object(as_object(view.diagnostics) | {"stats": view.result.stats})
    elif form == "sarif":
        from hyper import __version__

        console.document(as_sarif(view.diagnostics, __version__))
    elif form == "github":
        console.write(as_github(view.diagnostics))
    else:
        _text(view, console)
    return OK if view.result.success else FAILED


def _text(view: View, console: Console) -> None:
    console.diagnostics(view.diagnostics, view.line_of)
    stats = view.result.stats
    found = verdict(view.diagnostics)
    checked = f"checked {counted(stats['files'], 'file')}"
    if view.result.success:
        skipped = stats["scenarios_skipped"]
        run = stats["scenarios"] - skipped
        ran = f", ran {counted(run, 'scenario')}" if run else ""
        if skipped:
            ran += f" ({skipped} more with `hyper test`: they reach your own Python code)"
        console.say(f"{checked}{ran}: {found or 'all fine'}")
    else:
        console.remark(f"hyper: {found}")
