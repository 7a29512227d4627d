"""``hyper run``: evaluate a calc, table or rule on one input, or on each row of a file."""

from __future__ import annotations

import json
import os
import sys
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from hyper.cli.commands.explain import find_name, program_of
from hyper.cli.console import UsageError
from hyper.cli.main import FAILED, OK
from hyper.cli.session import compile_with
from hyper.engine.evaluation import interpret, is_function, read_arguments

if TYPE_CHECKING:
    import argparse

    from hyper.base.diagnostics import Diagnostic
    from hyper.cli.console import Console
    from hyper.cli.session import View
    from hyper.engine.compiler import Compiler
    from hyper.engine.evaluation import Outcome
    from hyper.engine.options import Options
    from hyper.engine.result import Result
    from hyper.engine.why import Why
    from hyper.ir.program import Program


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Evaluate, and print the value as JSON."""
    now = _now(arguments.now)
    _agree(arguments)
    chosen: list[Options] = []

    def analysed(compiler: Compiler, paths: list[str]) -> Result:
        chosen.append(compiler.options(paths))
        return compiler.analyse(paths)

    view = compile_with(arguments, console, analysed)
    program = program_of(view, console)
    if program is None:
        return FAILED
    name = find_name(program, arguments.name)
    if not is_function(program, name):
        raise UsageError(f'"{name}" is no calc, table or rule')
    # Externs name modules beside the project: they are found from the working folder, as with `python -m`.
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    if arguments.data is not None:
        return _rows(_Asked(program, name, {}, now), chosen[0], view, arguments, console)
    try:
        given = read_arguments(program, name, _text(arguments.args or "{}"))
    except ValueError as error:
        raise UsageError(f"--args: {error}") from None
    except RecursionError:
        raise UsageError("--args: the JSON is nested too deeply") from None
    asked = _Asked(program, name, given, now)
    recorded = _record(asked, arguments, console) if arguments.record is not None else None
    outcome, steps = (recorded, None) if recorded is not None else _evaluate(asked, arguments)
    told: dict[str, Any] = {}
    if steps is not None:
        from hyper.cli.steps import as_objects, show

        told = {"why": as_objects(steps, view)} if console.json else told
        if not console.json:
            show(steps, view, console)
    failure = outcome.failure
    if failure is None:
        if console.json:
            console.object({"value": outcome.value} | told)
        else:
            console.say(json.dumps(outcome.value, ensure_ascii=False, indent=2))
        return OK
    place = view.shown(failure.file) if failure.file else ""
    if console.json:
        console.object({"error": msgspec.to_builtins(failure) | {"file": place}} | told)
    else:
        where = f"{place}:{failure.line}: " if place else ""
        console.remark(f"{where}{failure.code}: {failure.message}")
    return FAILED


def _agree(arguments: argparse.Namespace) -> None:
    """Raise for options that do not go together."""
    if arguments.data is not None:
        for option, value in (("--args", arguments.args), ("--why", arguments.why)):
            if value:
                raise UsageError(f"{option} is for one input, --data for a table of them")
        if arguments.record is not None and arguments.level in {"0", "2", "3"}:
            raise UsageError(f"--record is of tier 1, not of --tier {arguments.level}")
        return
    if arguments.results is not None:
        raise UsageError("--out is for the results of --data")
    if arguments.level in {"2", "3"}:
        raise UsageError(f"--tier {arguments.level} is for --data: one input is run at tier 0 or 1")


class _Asked(NamedTuple):
    program: Program
    name: str
    given: dict[str, Any]
    now: datetime


def _evaluate(asked: _Asked, arguments: argparse.Namespace) -> tuple[Outcome, Why | None]:
    """The outcome of the tier that is asked for, and how it came about where that is asked for too."""
    steps: Why | None = None
    if arguments.why:
        from hyper.engine.why import runs_user_code, why

        outcome, steps = why(*asked)
        if arguments.level != "1" or runs_user_code(asked.program, asked.name):
            return outcome, steps
    if arguments.level != "1":
        return interpret(*asked), steps
    from hyper.engine.generated import run_generated

    return run_generated(*asked), steps


def _rows(
    asked: _Asked, options: Options, view: View, arguments: argparse.Namespace, console: Console
) -> int:
    """Evaluate each row of a file."""
    try:
        from hyper.cli.commands.run_data import run_data
    except ModuleNotFoundError as error:
        if error.name != "numpy":
            raise
        raise UsageError(str(error)) from None
    from hyper.engine.recording import recorded_packages
    from hyper.engine.training import training_for

    level = options.jit_level if arguments.level is None else int(arguments.level)
    found: list[Diagnostic] = []
    weights = training_for(asked.program, options, found.append).weights()
    console.diagnostics(found, view.line_of)
    with ExitStack() as stack:
        if arguments.record is not None:
            level = 1
            try:
                stack.enter_context(recorded_packages(arguments.record))
            except (OSError, ValueError) as error:
                raise UsageError(f"--record: {arguments.record}: {error}") from None
        return run_data(
            asked.program,
            asked.name,
            arguments,
            console,
            level=level,
            cores=options.batch_cores,
            now=asked.now,
            shown=view.shown,
            weights=weights,
        )


def _record(asked: _Asked, arguments: argparse.Namespace, console: Console) -> Outcome | None:
    """Evaluate by tier 0, and add what it did to a profile. The outcome, where that is the one that is asked for."""
    from hyper.engine.recording import Recorder
    from hyper.engine.why import runs_user_code
    from hyper.jit.profile_records import add
    from hyper.jit.profiles import as_body

    once = runs_user_code(asked.program, asked.name)
    if once and arguments.why:
        message = "runs your own Python, and --record and --why would run it twice"
        raise UsageError(f"{asked.name} {message}")
    recorder = Recorder(asked.program)
    outcome = interpret(*asked, recorder)
    try:
        remark = add(arguments.record, as_body(recorder.profile()))
    except (OSError, ValueError) as error:
        raise UsageError(f"--record: {arguments.record}: {error}") from None
    if remark:
        console.remark(f"hyper: {arguments.record}: {remark}")
    return outcome if once or (arguments.level != "1" and not arguments.why) else None


def _now(text: str | None) -> datetime:
    if text is None:
        return datetime.now(UTC)
    try:
        now = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--now: {text!r} is no ISO 8601 time") from None
    if now.tzinfo is None:
        raise UsageError("--now needs an offset: 2026-03-01T12:00:00Z")
    try:
        return now.astimezone(UTC)
    except OverflowError:
        raise UsageError(f"--now: {text!r} is outside the years 1 to 9999 in UTC") from None


def _text(given: str) -> str:
    if not given.startswith("@"):
        return given
    try:
        with open(given[1:], encoding="utf-8") as stream:
            return stream.read()
    except OSError as error:
        raise UsageError(f"--args: cannot read {given[1:]}: {error.strerror}") from None
