"""Optimisation passes over the IR, one a file.

Each is a function from a definition to one that means the same: the same value, or the same error at the same line. They run in
the order of ``_passes``, once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from hyper.ir.program import CalcDef, Module, Program, RuleDef, TableDef

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.ir.interpreter import Interpreter
    from hyper.ir.program import Def

    Pass = Callable[[Def, Interpreter], Def]

_CHANGED: Final = (CalcDef, RuleDef, TableDef)
_FRAMES_PER_LEVEL: Final = 4


def _passes() -> tuple[Pass, ...]:
    # Loaded where there is something for them: they bring the interpreter with them.
    from hyper.ir.passes.branches import remove_dead_branches
    from hyper.ir.passes.completeness import mark_complete_tables
    from hyper.ir.passes.folding import fold_constants
    from hyper.ir.passes.rows import remove_dead_rows

    return (
        fold_constants,  # first: what it makes constant is what the others look for
        remove_dead_branches,
        remove_dead_rows,
        mark_complete_tables,
    )


def optimise(program: Program) -> Program:
    """The program after all passes."""
    return Program([optimise_module(module, program) for module in program.modules])


def optimise_module(module: Module, program: Program) -> Module:
    """A module of the program after all passes."""
    if not any(isinstance(found, _CHANGED) for found in module.definitions):
        return module
    from hyper.ir.interpreter import Interpreter

    # What an interpreter has looked at once it need not look at again, so that each module has its own: its reads are
    # then those of the module.
    interpreter = Interpreter.for_compiler(program)
    definitions = tuple(_optimised(found, interpreter) for found in module.definitions)
    return msgspec.structs.replace(module, definitions=definitions)


def _optimised(definition: Def, interpreter: Interpreter) -> Def:
    from hyper.ir.interpreter.stack import levels, run_deep

    if not isinstance(definition, _CHANGED):
        return definition

    def run() -> Def:
        result: Def = definition
        for change in _passes():
            result = change(result, interpreter)
        return result

    return run_deep(run, _FRAMES_PER_LEVEL * levels(definition))
