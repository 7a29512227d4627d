"""The scenarios of a program as a stage: one item a module that has some."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from hyper.engine.executors import DeadlyItem, Inline, Remote, Stage
from hyper.engine.parsed import fatal
from hyper.ir.interpreter import Interpreter
from hyper.ir.program import FeatureDef
from hyper.ir.scenarios import ScenarioResult, load_extern, module_results

if TYPE_CHECKING:
    from collections.abc import Collection

    from hyper.base.diagnostics import Diagnostic
    from hyper.engine.executors import Executor
    from hyper.ir.interpreter.watch import Watch
    from hyper.ir.program import Program


class Proof:
    """A program and what evaluates it, of which each process has its own; ``only`` are the modules that are asked for.

    Scenarios that reach user code run only with ``externs``. With a ``watch``, which hears of all that they
    decide, they run in this process.
    """

    def __init__(
        self,
        program: Program,
        only: Collection[str] | None,
        *,
        externs: bool,
        watch: Watch | None = None,
    ) -> None:
        loader = load_extern if externs else None
        self.program = program
        self.externs = externs
        self.stays = externs or watch is not None
        self.interpreter = Interpreter.for_compiler(program, externs=loader, watch=watch)
        if only is None:
            self.modules = {module.name: module for module in program.modules}
        else:
            self.modules = {name: program.module(name) for name in sorted(only)}


def _run(proof: Proof, name: str) -> list[ScenarioResult]:
    return module_results(proof.modules[name], proof.interpreter, externs=proof.externs)


def _pack_program(proof: Proof) -> list[bytes]:
    from hyper.engine.fleet.programs import pack_program

    return pack_program(proof.program)


def _pack_name(_proof: Proof, name: str) -> bytes:
    return name.encode()


RUN: Final = Stage(
    "hyper.engine.proving:RUN",
    _run,
    msgspec.msgpack.encode,
    msgspec.msgpack.Decoder(list[ScenarioResult]).decode,
    Remote("scenarios", _pack_program, _pack_name),
)


def run_scenarios(
    proof: Proof, executor: Executor
) -> tuple[list[ScenarioResult], list[Diagnostic]]:
    """The results in the order of modules and lines, and what keeps others from being there."""
    weights = {name: _scenarios(proof, name) for name in proof.modules}
    names = [name for name, weight in weights.items() if weight]
    # User code stays in this process, and what is watched.
    runner = Inline() if proof.stays else executor
    results: list[ScenarioResult] = []
    lost: list[Diagnostic] = []
    for outcome in runner.run(RUN, proof, names, [weights[name] for name in names]):
        if isinstance(outcome.failure, DeadlyItem):
            lost.append(fatal(proof.modules[outcome.item].path, outcome.failure))
        elif outcome.failure is not None:
            raise outcome.failure
        else:
            results += outcome.value or ()
    return results, lost


def _scenarios(proof: Proof, name: str) -> float:
    """How many runs of examples a module has."""
    return sum(
        len(found.scenarios)
        for found in proof.modules[name].definitions
        if isinstance(found, FeatureDef)
    )
