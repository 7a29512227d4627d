"""What a profile is worth: both builds side by side, asked the same."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from hyper.base.diagnostics import Diagnostic
from hyper.emit.python.names import Names
from hyper.engine.emission import emit
from hyper.engine.evaluation import interpret
from hyper.engine.executors import Inline
from hyper.engine.generated import ANSWER, asking_module
from hyper.engine.options import Options
from hyper.engine.proving import Proof, run_scenarios
from hyper.engine.training import Training
from hyper.engine.tuning.inputs import Capture, Input, inputs_of_rows, parameters
from hyper.engine.tuning.replay import Calls, Function
from hyper.ir.passes import optimise_module
from hyper.ir.program import Program, TableDef
from hyper.jit.profiles import Profile

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hyper.engine.natives.emission import Natives
    from hyper.ir.program import Module

BASELINE: Final = "baseline"
TUNED: Final = "tuned"
CALLS: Final = "calls.json"
LEAST: Final = 1.02
"""The gain from which on it is believed to be one."""
_NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
_ASKING: Final = "hyper_asking"
_SECONDS: Final = 300


class TuneError(Exception):
    """A build that cannot be asked."""


class Table(msgspec.Struct, frozen=True):
    """A function that is made in another way: how many rows of a table stand elsewhere, how often it was called, and nanoseconds a
    call before and after, 0 where no input of it is known. ``held`` is the number of constants that machine code asks for in each
    call."""

    name: str
    moved: int
    calls: int
    before: float = 0.0
    after: float = 0.0
    held: int = 0


class Tuning(msgspec.Struct, frozen=True):
    """What came of it. ``inputs`` are those for which both builds and tier 0 were asked; ``different`` the functions that did not
    answer alike; ``gain`` is how many times as fast the calls of ``tables`` are, 1 where there are none."""

    profile: Profile
    tables: list[Table]
    inputs: int
    different: list[str]
    gain: float
    remarks: list[Diagnostic]

    @property
    def pays(self) -> bool:
        """Whether the profile is worth to be built for."""
        return self.gain >= LEAST and not self.different


def recorded(program: Program) -> Capture:
    """What the scenarios do that reach none of the user's own Python."""
    capture = Capture(program)
    run_scenarios(Proof(program, None, externs=False, watch=capture), Inline())
    return capture


def tune(
    program: Program,
    profile: Profile,
    capture: Capture,
    folder: str,
    *,
    fast: bool,
    options: Options | None = None,
) -> Tuning:
    """Build with and without the profile into a folder, ask both, and measure: machine code where ``options`` have it among the
    targets. Raises ``TuneError``, and ``OSError`` where the folder cannot be written."""
    training = Training(profile, "full")
    remarks = training.fit(program)
    tables = _changed(program, training, options or Options())
    if not tables:
        return Tuning(profile, [], 0, [], 1.0, remarks)
    inputs = _inputs(program, training, tables, capture)
    functions = _write(program, training, inputs, folder, options or Options())
    different = _differing(program, functions, folder)
    spent = _times(folder, rounds=2 if fast else 5)
    measured = [
        msgspec.structs.replace(
            each,
            before=spent[BASELINE].get(each.name, 0.0),
            after=spent[TUNED].get(each.name, 0.0),
        )
        for each in tables
    ]
    asked = sum(len(function.inputs) for function in functions)
    return Tuning(profile, measured, asked, different, _gain(measured), remarks)


def _gain(tables: list[Table]) -> float:
    known = [each for each in tables if each.before and each.after]
    after = sum(each.calls * each.after for each in known)
    return sum(each.calls * each.before for each in known) / after if after else 1.0


def _changed(program: Program, training: Training, options: Options) -> list[Table]:
    """What the profile makes in another way for single calls: tables whose rows move, and functions with constants."""
    found = {each.name: each for each in _moved(program, training)}
    if "native" in options.target:
        for name, held in _held(program, training).items():
            known = found.get(name) or Table(name, 0, training.of[name].calls)
            found[name] = msgspec.structs.replace(known, held=held)
    return list(found.values())


def _held(program: Program, training: Training) -> dict[str, int]:
    """The functions whose machine code asks for constants in each call, with how many it asks for."""
    from hyper.emit.native.unit import Unit
    from hyper.emit.native.values import NotNative

    unit = Unit(program, training.weights())
    found: dict[str, int] = {}
    for name in sorted(training.of):
        try:
            bodies = unit.native(name).bodies
        except NotNative:
            continue
        if bodies is not None and bodies.general != name:
            found[name] = len(bodies.constants)
    return found


def _moved(program: Program, training: Training) -> list[Table]:
    """The tables whose rows the profile moves, by name."""
    found = []
    for module in program.modules:
        if not any(f"{module.name}.{each.name}" in training.of for each in _tables(module)):
            continue
        plain = optimise_module(module, program)
        arranged = training.arranged(plain, program)
        for before, after in zip(_tables(plain), _tables(arranged), strict=True):
            pairs = zip(before.rows, after.rows, strict=True)
            moved = sum(one is not other for one, other in pairs)
            name = f"{module.name}.{before.name}"
            if moved:
                (counts, *_) = training.of[name].decisions
                found.append(Table(name, moved, sum(counts)))
    return found


def _tables(module: Module) -> list[TableDef]:
    return [found for found in module.definitions if isinstance(found, TableDef)]


def _inputs(
    program: Program, training: Training, tables: list[Table], capture: Capture
) -> dict[str, list[Input]]:
    """What to ask, by function: what is made in another way, and all that the scenarios called."""
    inputs = {
        name: each
        for name, each in capture.inputs().items()
        if parameters(program, name) is not None and each
    }
    for table in tables:
        definition = program.definitions[table.name]
        known = inputs.get(table.name, [])
        if not isinstance(definition, TableDef):
            inputs[table.name] = [msgspec.structs.replace(each, weight=1) for each in known]
            continue
        rows = inputs_of_rows(definition, program, training.of[table.name].decisions[0])
        if parameters(program, table.name) is not None and rows:
            inputs[table.name] = [*rows, *known]
    return dict(sorted(inputs.items()))


def _write(
    program: Program,
    training: Training,
    inputs: dict[str, list[Input]],
    folder: str,
    options: Options,
) -> list[Function]:
    """Write both packages, and what to ask of them."""
    package = "tuned_package"
    asked = {name: f"{_ASKING}_{number}" for number, name in enumerate(inputs)}
    modules = [asking_module(program, name, module) for name, module in asked.items()]
    whole = Program([*program.modules, *modules])
    names = Names(whole, package)
    functions = [
        Function(
            name,
            ".".join((package, *names.home(name))),
            names.symbol(name),
            ".".join((package, *names.home(f"{asked[name]}.{ANSWER}"))),
            each,
        )
        for name, each in inputs.items()
    ]
    _clear(folder)
    for kind, arranged in ((BASELINE, None), (TUNED, training.arranged)):
        place = os.path.join(folder, kind, package)
        natives = _natives(options, inputs, training if kind == TUNED else None)
        targets = ("python",) if natives is None else ("python", "native")
        made = emit(whole, package, targets, natives=natives, arranged=arranged)
        for path, file in made.files.items():
            target = os.path.join(place, path)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with open(target, "wb") as stream:
                stream.write(file.data or b"")
    with open(os.path.join(folder, CALLS), "wb") as stream:
        stream.write(msgspec.json.encode(Calls(package, _NOW, functions)))
    return functions


def _clear(folder: str) -> None:
    """Make an empty folder: what is there may have come with a tree of strangers, and would be followed or run."""
    for place in (os.path.dirname(folder), folder):
        if os.path.islink(place):
            raise TuneError(f"{place} is a link")
    if os.path.lexists(folder):
        shutil.rmtree(folder)
    os.makedirs(folder)


def _natives(options: Options, asked: Iterable[str], training: Training | None) -> Natives | None:
    """What makes machine code of what is asked, where that is a target."""
    if "native" not in options.target:
        return None
    from hyper.emit.native.weights import NO_WEIGHTS
    from hyper.engine.natives.emission import Natives
    from hyper.engine.natives.toolchain import toolchain

    chosen = Natives(options.profiles, options.kernels or (), toolchain())
    kernels = [name for name in asked if chosen.chosen(name)]
    weights = training.weights() if training is not None else NO_WEIGHTS
    return Natives(options.profiles, kernels or [""], toolchain(), None, weights)


def command(folder: str, kind: str) -> list[str]:
    """What asks one of the two builds a fixed number of times, in a process of its own."""
    module = "hyper.engine.tuning.replay"
    return [sys.executable, "-m", module, os.path.join(folder, kind), os.path.join(folder, CALLS)]


def _asked(folder: str, kind: str, what: str) -> dict[str, Any]:
    environment = {
        name: text for name, text in os.environ.items() if not name.startswith("HYPER_PROFILE")
    }
    try:
        done = subprocess.run(  # noqa: S603  # what was just built, by this Python
            [*command(folder, kind), what],
            capture_output=True,
            text=True,
            check=True,
            timeout=_SECONDS,
            env=environment,
        )
    except subprocess.CalledProcessError as error:
        raise TuneError(f"the {kind} build cannot be asked: {error.stderr.strip()}") from None
    except subprocess.TimeoutExpired:
        raise TuneError(f"the {kind} build gave no answer in {_SECONDS} s") from None
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _differing(program: Program, functions: list[Function], folder: str) -> list[str]:
    """The functions whose answers are not the same in both builds and of tier 0."""
    before, after = (_asked(folder, kind, "--answers") for kind in (BASELINE, TUNED))
    found = []
    for function in functions:
        expected = [
            msgspec.to_builtins(interpret(program, function.name, each.arguments, _NOW))
            for each in function.inputs
        ]
        known = [_comparable(each) for each in expected]
        same = before[function.name] == after[function.name]
        if not same or [_comparable(each) for each in after[function.name]] != known:
            found.append(function.name)
    return found


def _comparable(outcome: dict[str, Any]) -> Any:
    """An outcome without what tiers say in other words."""
    failure = outcome["failure"]
    return outcome["value"] if failure is None else (failure["code"],)


def _times(folder: str, rounds: int) -> dict[str, dict[str, float]]:
    """Nanoseconds a call in both builds, asked in turns: the least of some rounds each."""
    best: dict[str, dict[str, float]] = {BASELINE: {}, TUNED: {}}
    for _ in range(rounds):
        for kind, known in best.items():
            for name, spent in _asked(folder, kind, "--times").items():
                known[name] = min(known.get(name, spent), spent)
    return best
