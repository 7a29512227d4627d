"""What can be shown wrong without running anything: tables, rules and conditions.

Reads the IR, where constants have their values, and the tree for places.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from hyper.ir.program import ActionDef, CalcDef, RuleDef, TableDef
from hyper.ir.reads import Reads

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hyper.base.diagnostics import Diagnostic
    from hyper.ir.program import Def, Program
    from hyper.lang.symbols import Symbol, World


class _Looked(Mapping[str, "Def"]):
    """The definitions of a program, and of the units that were not compiled along. Each look is noted in the world."""

    def __init__(self, own: Mapping[str, Def], world: World) -> None:
        self._own = own
        self._world = world

    def __getitem__(self, name: str) -> Def:
        self._world.symbols.note_body(name)
        found = self._own.get(name)
        if found is None and self._world.foreign is not None:
            found = self._world.foreign.definition(name)
        if found is None:
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._own)

    def __len__(self) -> int:
        return len(self._own)


def analyse(program: Program, world: World) -> list[Diagnostic]:
    """Findings of all declarations, in the order of modules and of their sources.

    What is looked up of the definitions is noted in the world's symbols; those of units that are not compiled along are found.
    """
    looked = program.noted(Reads(kept=False))
    looked.definitions = _Looked(program.definitions, world)
    found: list[Diagnostic] = []
    for module in program.modules:
        world.symbols.reading(module.name)
        for definition in module.definitions:
            if not isinstance(definition, TableDef | CalcDef | RuleDef | ActionDef):
                continue
            symbol = world.symbols.get(f"{module.name}.{definition.name}")
            if symbol is not None:
                found += _findings(definition, symbol, looked)
    return found


def _findings(
    definition: TableDef | CalcDef | RuleDef | ActionDef, symbol: Symbol, looked: Program
) -> list[Diagnostic]:
    # Loaded where there is something for them: most units of imported trees have data alone.
    match definition:
        case TableDef():
            from hyper.ir.analyse.tables import analyse_table

            return analyse_table(definition, symbol, looked)
        case ActionDef(checks=checks):
            if not checks:
                return []
            from hyper.ir.analyse.rules import analyse_rules

            return analyse_rules(definition, symbol, looked)
        case _:
            from hyper.ir.analyse.conditions import analyse_conditions

            return analyse_conditions(definition, symbol, looked)


__all__ = ["analyse"]
