"""``hyper tune``: record, build for it, see that no answer changes, and keep it where it pays."""

from __future__ import annotations

import os
import shlex
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from hyper.base.aside import writing
from hyper.cli.commands.explain import find_name, profile_beside, program_of
from hyper.cli.console import UsageError
from hyper.cli.main import FAILED, OK
from hyper.cli.session import compile_with, counted
from hyper.engine.batch.files import FileError
from hyper.engine.evaluation import is_function
from hyper.engine.tuning.tune import BASELINE, TUNED, TuneError, command, recorded, tune
from hyper.jit.hardware import ProfileError as HardwareError
from hyper.jit.profiles import Profile, ProfileError, encode, load, merge

if TYPE_CHECKING:
    import argparse

    from hyper.cli.console import Console
    from hyper.cli.session import View
    from hyper.engine.compiler import Compiler
    from hyper.engine.options import Options
    from hyper.engine.result import Result
    from hyper.engine.tuning.inputs import Capture
    from hyper.engine.tuning.tune import Tuning
    from hyper.ir.program import Program

_SHOWN: Final = 10


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Tune, and say what it is worth."""
    out, arguments.out = arguments.out, None
    given = [_given(path) for path in arguments.recorded or ()]
    chosen: list[Options] = []

    def analysed(compiler: Compiler, paths: list[str]) -> Result:
        chosen.append(compiler.options(paths))
        return compiler.analyse(paths)

    view = compile_with(arguments, console, analysed)
    program = program_of(view, console)
    if program is None:
        return FAILED
    files = [_named(each, program) for each in arguments.rows or ()]
    home = os.path.relpath(view.result.folder or os.curdir)
    folder = os.path.normpath(os.path.join(home, ".hyper", "tune"))
    capture = recorded(program)
    if not given and not files:
        given = [capture.profile()]
    given += [_recorded(program, name, path, capture, console) for name, path in files]
    profile = merge(*given)
    try:
        tuning = tune(program, profile, capture, folder, fast=arguments.fast, options=chosen[0])
    except (OSError, TuneError, HardwareError) as error:
        raise UsageError(f"cannot tune: {error}") from None
    path = os.path.normpath(arguments.into or profile_beside(view))
    kept = tuning.pays and not arguments.dry_run
    built = None
    if kept:
        _save(path, tuning.profile)
        arguments.out, arguments.profile = out, path
        built = compile_with(arguments, console, lambda compiler, paths: compiler.compile(paths))
        if not built.result.success:
            console.diagnostics(built.diagnostics, built.line_of)
            return FAILED
    if console.json:
        console.object(_object(tuning, path if kept else None, folder))
    else:
        console.diagnostics(tuning.remarks, view.line_of)
        _say(tuning, console, dry=arguments.dry_run)
        _say_place(tuning, built, path, folder, console)
    return FAILED if tuning.different else OK


def _given(path: str) -> Profile:
    try:
        return load(path)
    except OSError as error:
        raise UsageError(f"--from: cannot read {path}: {error.strerror}") from None
    except ProfileError as error:
        raise UsageError(f"--from: {path}: {error}") from None


def _named(pair: str, program: Program) -> tuple[str, str]:
    """The function and the file of ``NAME=FILE``."""
    name, parted, path = pair.partition("=")
    if not (name and parted and path):
        raise UsageError(f"--data: {pair!r} is not NAME=FILE, a function and its table")
    full = find_name(program, name)
    if not is_function(program, full):
        raise UsageError(f'--data: "{full}" is no calc, table or rule')
    return full, path


def _recorded(
    program: Program, name: str, path: str, capture: Capture, console: Console
) -> Profile:
    # Externs name modules beside the project: they are found from the working folder, as with `python -m`.
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        from hyper.engine.tuning.rows import record_rows

        found = record_rows(program, name, path, datetime.now(UTC), capture)
    except (FileError, ModuleNotFoundError) as error:
        raise UsageError(f"--data: {error}") from None
    except ValueError as error:
        raise UsageError(f"--data: {path}: {error}") from None
    if found.unread:
        rows = counted(found.rows, "row")
        console.remark(f"hyper: {path}: {found.unread:,} of {rows} cannot be read as {name}")
    return found.profile


def _save(path: str, profile: Profile) -> None:
    """Write the profile; a file that is there and is none is left alone."""
    try:
        if os.path.exists(path):
            load(path)
        with writing(path) as aside, open(aside, "wb") as stream:
            stream.write(encode(profile))
    except (OSError, ProfileError) as error:
        raise UsageError(f"--into: {path}: {error}") from None


def _say(tuning: Tuning, console: Console, *, dry: bool) -> None:
    functions = tuning.profile.functions.values()
    calls = sum(each.calls for each in functions)
    console.say(f"recorded  {counted(len(functions), 'function')}, {counted(calls, 'call')}")
    if not tuning.tables:
        console.say("rows      stand as they were found to be best: there is nothing to move")
        console.say("gain      none: the baseline is kept")
        return
    width = max(len(each.name) for each in tuning.tables[:_SHOWN])
    for label, each in zip(["rows", *[""] * _SHOWN], tuning.tables[:_SHOWN], strict=False):
        moved = f"{counted(each.moved, 'row')} moved" if each.moved or not each.held else ""
        if each.held:
            moved += f"{', ' if moved else ''}{counted(each.held, 'constant')}"
        spent = "not measured"
        if each.before:
            spent = f"{each.before:,.0f} ns a call, {each.after:,.0f} ns after"
        console.say(f"{label:<9} {each.name:<{width}}  {moved}; {spent}")
    if len(tuning.tables) > _SHOWN:
        console.say(f"          and {counted(len(tuning.tables) - _SHOWN, 'more table')}")
    if tuning.different:
        names = ", ".join(tuning.different[:_SHOWN])
        console.say(f"answers   differ for {names}: the baseline is kept")
        return
    console.say(f"answers   equal for {counted(tuning.inputs, 'input')}: both builds, and tier 0")
    if not tuning.pays:
        console.say(f"gain      none ({tuning.gain:.2f} times as fast): the baseline is kept")
        return
    then = "; nothing is written (--dry-run)" if dry else ""
    console.say(f"gain      {tuning.gain:.2f} times as fast, calls of these tables{then}")


def _say_place(
    tuning: Tuning, built: View | None, path: str, folder: str, console: Console
) -> None:
    if built is not None:
        place = os.path.join(built.result.out, built.result.package or "").replace(os.sep, "/")
        console.say(f"wrote     {path}; {place} is built for it")
        console.say(f'next      profile = "{os.path.basename(path)}" in the configuration')
        console.say("back      hyper build --profile-effort none")
    if tuning.tables:
        words = [shlex.quote(shlex.join(command(folder, kind))) for kind in (BASELINE, TUNED)]
        console.say(f"measure   hyperfine {' '.join(words)}")


def _object(tuning: Tuning, path: str | None, folder: str) -> dict[str, Any]:
    return {
        "success": not tuning.different,
        "profile": path,
        "gain": tuning.gain,
        "inputs": tuning.inputs,
        "different": tuning.different,
        "tables": [msgspec.to_builtins(each) for each in tuning.tables],
        "diagnostics": [each.as_dict() for each in tuning.remarks],
        "commands": {kind: command(folder, kind) for kind in (BASELINE, TUNED)},
    }
