"""``hyper explain``: everything about one name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.cli.console import UsageError
from hyper.cli.main import FAILED, OK
from hyper.cli.session import View, compile_with, verdict
from hyper.engine.explain import Explanation, explain
from hyper.engine.references import UnknownNameError, find

if TYPE_CHECKING:
    import argparse

    from hyper.cli.console import Console
    from hyper.ir.program import Program


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Print what is known of a declaration."""
    view = compile_with(arguments, console, lambda compiler, paths: compiler.analyse(paths))
    program = program_of(view, console)
    if program is None:
        return FAILED
    found = explain(program, find_name(program, arguments.name))
    place = view.shown(found.file)
    if console.json:
        console.object({"success": True} | found.as_dict() | {"file": place})
        return OK
    _text(found, place, console)
    return OK


def program_of(view: View, console: Console) -> Program | None:
    """The program of a result; where there are errors, they are printed instead."""
    program = view.result.compilation.program if view.result.compilation else None
    if view.result.success and program is not None:
        return program
    if console.json:
        from hyper.base.reports import as_object

        console.object(as_object(view.diagnostics))
    else:
        console.diagnostics(view.diagnostics, view.line_of)
        console.remark(f"hyper: {verdict(view.diagnostics)}")
    return None


def find_name(program: Program, name: str) -> str:
    """The declaration that a name of the command line means."""
    try:
        return find(program, name)
    except UnknownNameError as error:
        raise UsageError(str(error), " or ".join(error.near) or None) from None


def _text(found: Explanation, place: str, console: Console) -> None:
    paint = console.palette
    console.say(f"{paint.strong}{found.signature}{paint.reset}")
    console.say(f"  {found.name}, declared at {place}:{found.line}")
    for line in found.doc.splitlines():
        console.say(f"  {line}".rstrip())
    width = max((len(part.name) for part in found.parts), default=0)
    for part in found.parts:
        note = f"  ({part.note})" if part.note else ""
        console.say(f"    {part.name:<{width}}  {part.type}{note}".rstrip())
    if found.cost is not None:
        limit = f", at most {found.cost.maximum:,}" if found.cost.maximum is not None else ""
        same = limit and limit.endswith(f" {found.cost.steps}")
        console.say(f"  cost        {found.cost.steps} steps{'' if same else limit}")
        if found.cost.externs:
            console.say(f"              and what {', '.join(found.cost.externs)} take")
    if found.reads_clock:
        console.say("  clock       is read: now= is an input")
    for label, names in (
        ("uses", found.uses),
        ("dependents", found.dependents),
        ("callers", found.callers),
    ):
        if names:
            console.say(f"  {label:<11} {', '.join(names)}")
