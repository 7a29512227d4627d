"""What can be shown wrong without running anything: tables, rules and conditions.

Reads the IR, where constants have their values, and the tree for places.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.ir.analyse.conditions import analyse_conditions
from hyper.ir.analyse.rules import analyse_rules
from hyper.ir.analyse.tables import analyse_table
from hyper.ir.program import ActionDef, CalcDef, RuleDef, TableDef

if TYPE_CHECKING:
    from hyper.base.diagnostics import Diagnostic
    from hyper.ir.program import Program
    from hyper.lang.symbols import World


def analyse(program: Program, world: World) -> list[Diagnostic]:
    """Findings of all declarations, in the order of modules and of their sources."""
    found: list[Diagnostic] = []
    for module in program.modules:
        world.symbols.reading(module.name)
        for definition in module.definitions:
            if not isinstance(definition, TableDef | CalcDef | RuleDef | ActionDef):
                continue
            name = f"{module.name}.{definition.name}"
            symbol = world.symbols.get(name)
            if symbol is None:
                continue
            match definition:
                case TableDef():
                    found += analyse_table(definition, symbol, program)
                case ActionDef():
                    found += analyse_rules(definition, symbol, program)
                case CalcDef() | RuleDef():
                    found += analyse_conditions(definition, symbol, program)
    return found


__all__ = ["analyse"]
