"""Lowering: a resolved and checked world becomes a program of the typed IR.

``declarations`` and ``actions`` lower what is data, ``literals`` the defaults that are plain constants, ``bodies`` everything with
expressions. A world with errors is not lowered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.ir.lower.actions import lower_action, lower_service, operation_ids
from hyper.ir.lower.declarations import (
    Declarations,
    doc_of,
    lower_alias,
    lower_enum,
    lower_extern,
    lower_union,
)
from hyper.ir.lower.literals import lower_literal
from hyper.ir.program import Def, Module, Program
from hyper.lang import tree
from hyper.lang.symbols import (
    ActionSymbol,
    AliasSymbol,
    EntitySymbol,
    EnumSymbol,
    FunctionSymbol,
    ServiceSymbol,
    UnionSymbol,
)

if TYPE_CHECKING:
    from hyper.ir.nodes import Expr
    from hyper.lang.check import Checked
    from hyper.lang.symbols import Symbol, Unit, World
    from hyper.lang.types import Type

__all__ = ["lower"]


def lower(world: World, checked: Checked) -> Program:
    """Lower every unit of a world without errors."""
    lowering = _Lowering(world, checked)
    program = Program([lowering.module(unit) for unit in world.units.values()])
    world.symbols.reading("")
    return program


class _Lowering:
    """One lowering of a world."""

    def __init__(self, world: World, checked: Checked) -> None:
        self.world = world
        self.checked = checked
        self.declarations = Declarations(world, self.default)
        self.ids = operation_ids(world)

    def module(self, unit: Unit) -> Module:
        """Lower one unit."""
        self.world.symbols.reading(unit.name)
        definitions: list[Def] = []
        for decl in unit.module.declarations:
            if isinstance(decl, tree.FeatureDecl):
                from hyper.ir.lower.bodies import lower_feature

                definitions.append(lower_feature(decl, unit, self.world, self.checked))
                continue
            symbol = self.world.symbols.get(f"{unit.name}.{decl.name.name}")
            if symbol is not None and symbol.decl is decl:
                definitions.append(self.definition(symbol))
        return Module(
            unit.name,
            unit.path,
            doc_of(unit.module.doc),
            tuple(dict.fromkeys(use.module.name for use in unit.module.uses)),
            tuple(definitions),
            self.world.scopes[unit.name].markers,
        )

    def definition(self, symbol: Symbol) -> Def:
        """Lower one declaration."""
        if isinstance(symbol, EntitySymbol):
            return self.declarations.entity(symbol)
        if isinstance(symbol, EnumSymbol):
            return lower_enum(symbol)
        if isinstance(symbol, AliasSymbol):
            return lower_alias(symbol)
        if isinstance(symbol, UnionSymbol):
            return lower_union(symbol)
        if isinstance(symbol, ActionSymbol):
            return lower_action(symbol, self.ids[symbol.name], self.default)
        if isinstance(symbol, ServiceSymbol):
            return lower_service(symbol)
        if isinstance(symbol, FunctionSymbol) and isinstance(symbol.decl, tree.ExternDecl):
            return lower_extern(symbol, symbol.decl)
        from hyper.ir.lower.bodies import lower_body  # most imported trees have no bodies

        return lower_body(symbol, self.world, self.checked)

    def default(self, expr: tree.Expr, wanted: Type, unit: Unit) -> Expr:
        """Lower the default of a field or parameter."""
        literal = lower_literal(expr, wanted, self.world)
        if literal is not None:
            return literal
        from hyper.ir.lower.bodies import lower_default

        return lower_default(expr, wanted, unit, self.world, self.checked)
