"""``hyper run``: evaluate a calc, table or rule on one input."""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from hyper.cli.commands.explain import find_name, program_of
from hyper.cli.console import UsageError
from hyper.cli.main import FAILED, OK
from hyper.cli.session import compile_with
from hyper.engine.evaluation import interpret, is_function, read_arguments
from hyper.engine.generated import run_generated

if TYPE_CHECKING:
    import argparse

    from hyper.cli.console import Console


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Evaluate, and print the value as JSON."""
    now = _now(arguments.now)
    view = compile_with(arguments, console, lambda compiler, paths: compiler.analyse(paths))
    program = program_of(view, console)
    if program is None:
        return FAILED
    name = find_name(program, arguments.name)
    if not is_function(program, name):
        raise UsageError(f'"{name}" is no calc, table or rule')
    try:
        given = read_arguments(program, name, _text(arguments.args))
    except ValueError as error:
        raise UsageError(f"--args: {error}") from None
    except RecursionError:
        raise UsageError("--args: the JSON is nested too deeply") from None
    # Externs name modules beside the project: they are found from the working folder, as with `python -m`.
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    evaluate = interpret if arguments.level == "0" else run_generated
    outcome = evaluate(program, name, given, now)
    failure = outcome.failure
    if failure is None:
        if console.json:
            console.object({"value": outcome.value})
        else:
            console.say(json.dumps(outcome.value, ensure_ascii=False, indent=2))
        return OK
    place = view.shown(failure.file) if failure.file else ""
    if console.json:
        console.object({"error": msgspec.to_builtins(failure) | {"file": place}})
    else:
        where = f"{place}:{failure.line}: " if place else ""
        console.remark(f"{where}{failure.code}: {failure.message}")
    return FAILED


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
