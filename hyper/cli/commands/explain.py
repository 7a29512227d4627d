"""``hyper explain``: everything about one name."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from hyper.base.codes import CODES
from hyper.base.render import printable
from hyper.cli.console import UsageError
from hyper.cli.main import FAILED, OK
from hyper.cli.session import View, compile_with, counted, verdict
from hyper.engine.explain import Explanation, explain
from hyper.engine.references import UnknownNameError, find
from hyper.jit.profiles import ProfileError, load

if TYPE_CHECKING:
    import argparse

    from hyper.cli.console import Console
    from hyper.engine.compiler import Compiler
    from hyper.engine.execution import Execution
    from hyper.engine.result import Result
    from hyper.ir.program import Program
    from hyper.jit.profiles import Profile

DEFAULT_PROFILE: Final = "hyper.profile"


def profile_beside(view: View) -> str:
    """Where ``hyper tune`` writes a profile: beside the configuration, else in the working folder."""
    home = os.path.relpath(view.result.folder or os.curdir)
    return os.path.normpath(os.path.join(home, DEFAULT_PROFILE))


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Print what is known of a declaration."""
    configured: list[str | None] = []

    def analyse(compiler: Compiler, paths: list[str]) -> Result:
        configured.append(compiler.options(paths).profile)
        return compiler.analyse(paths)

    view = compile_with(arguments, console, analyse)
    program = program_of(view, console)
    if program is None:
        return FAILED
    profile = None
    if arguments.recorded is not None:
        profile = _profile(arguments.recorded or configured[0] or profile_beside(view))
    found = explain(program, find_name(program, arguments.name), profile)
    place = view.shown(found.file)
    if console.json:
        shown = found.as_dict()
        if found.execution is not None and found.execution.file:
            shown["execution"]["file"] = view.shown(found.execution.file)
        for why in (shown["recorded"] or {}).get("left", ()):
            why["file"] = view.shown(why["file"])
        console.object({"success": True} | shown | {"file": place})
        return OK
    _text(found, view, console)
    if profile is not None:
        _recorded(found, view, console)
    return OK


def _profile(path: str) -> Profile:
    try:
        return load(path)
    except FileNotFoundError:
        made = "`hyper run --record FILE` and `hyper tune` make one"
        raise UsageError(f"there is no profile {path}: {made}") from None
    except OSError as error:
        raise UsageError(f"cannot read the profile {path}: {error.strerror}") from None
    except ProfileError as error:
        raise UsageError(f"{path} is no profile: {error}") from None


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
        code = CODES.get(name)
        if code is not None:
            told = f"{name} is the code of {code.severity}s, {code.title}"
            raise UsageError(f"{told}: see docs/diagnostics/{name}.md") from None
        raise UsageError(error.message, " or ".join(error.near) or None) from None


def _text(found: Explanation, view: View, console: Console) -> None:
    paint = console.palette
    place = view.shown(found.file)
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
    if found.execution is not None:
        console.say(f"  runs as     {_runs_as(found.execution, view)}")
    if found.reads_clock:
        console.say("  clock       is read: now= is an input")
    for label, names in (
        ("uses", found.uses),
        ("dependents", found.dependents),
        ("callers", found.callers),
    ):
        if names:
            console.say(f"  {label:<11} {', '.join(names)}")


def _runs_as(execution: Execution, view: View) -> str:
    if execution.calls:
        return "machine code, in batches and in calls"
    reason = f"{execution.reason} ({view.shown(execution.file)}:{execution.line})"
    if execution.batches:
        return f"machine code in batches; a call is Python: {reason}"
    return f"Python: {reason}"


def _recorded(found: Explanation, view: View, console: Console) -> None:
    """What the profile says."""
    known = found.recorded
    if known is None:
        console.say("  recorded    nothing of it")
        return
    if not known.fits:
        console.say("  recorded    of another version of it, which is left out")
        return
    label = "recorded"
    for each in known.tiers:
        many = counted(each.calls, "call")
        mean = f", {each.nanoseconds / each.calls / 1000:,.2f} µs each" if each.calls else ""
        over = f", {counted(each.rows, 'row')}" if each.rows != each.calls else ""
        left = f", {each.guard_failures:,} left to a lower tier" if each.guard_failures else ""
        console.say(f"  {label:<11} tier {each.tier}: {many}{over}{mean}{left}")
        label = ""
    for why in known.left:
        at = printable(f"{view.shown(why.file)}:{why.line}: {why.reason}: {why.value}")
        console.say(f"              left tier {why.tier} at {at}")
    if known.promotions:
        console.say(f"              {counted(known.promotions, 'promotion')}")
    width = max((len(f"{row.count:,}") for row in known.rows), default=0)
    for row in known.rows:
        where = f"{view.shown(found.file)}:{row.line}" if row.line else "no row"
        noun = "time" if row.count == 1 else "times"
        console.say(f"              {row.count:>{width},} {noun:<5} {where}")
    for name, text in known.constants.items():
        console.say(f"              {name} was {text} in 99 of 100 calls or more")
