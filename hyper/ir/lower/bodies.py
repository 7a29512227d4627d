"""Everything with expressions: calcs, tables, rules, consts, defaults and features."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hyper.ir.lower.consts import Consts
from hyper.ir.lower.declarations import (
    Declarations,
    doc_of,
    lower_alias,
    lower_enum,
    lower_params,
    lower_union,
)
from hyper.ir.lower.expressions import Expressions, Names
from hyper.ir.lower.literals import lower_literal
from hyper.ir.lower.rules import lower_rule
from hyper.ir.lower.scenarios import lower_features
from hyper.ir.lower.statements import Statements
from hyper.ir.lower.tables import lower_rows
from hyper.ir.program import CalcDef, Def, FeatureDef, TableDef
from hyper.lang import tree
from hyper.lang.check import deep
from hyper.lang.symbols import (
    AliasSymbol,
    ConstSymbol,
    EntitySymbol,
    EnumSymbol,
    FunctionSymbol,
    RuleSymbol,
    Symbol,
    UnionSymbol,
)

if TYPE_CHECKING:
    from hyper.ir.nodes import Expr
    from hyper.lang.check import Checked
    from hyper.lang.check.typed import Typing
    from hyper.lang.symbols import Unit, World
    from hyper.lang.types import Type


class Bodies:
    """Lowers the bodies of a world, each once."""

    def __init__(self, world: World, checked: Checked) -> None:
        self.world = world
        self.checked = checked
        self.consts = Consts(world, checked, self)
        self.declarations = Declarations(world, self.default)
        self._made: dict[str, Def] = {}
        self._features: dict[str, dict[tree.FeatureDecl, FeatureDef]] = {}

    def expressions(self, typing: Typing) -> Expressions:
        """A lowering of the expressions of one body."""
        return Expressions(self.world, typing, self.consts.value, Names())

    def definition(self, symbol: Symbol) -> Def:
        """The definition of a calc, table, rule or const."""
        made = self._made.get(symbol.name)
        if made is None:
            before = self.world.symbols.reading(symbol.unit.name)
            made = self._made[symbol.name] = self._lower(symbol)
            self.world.symbols.reading(before)
        return made

    def _lower(self, symbol: Symbol) -> Def:
        if isinstance(symbol, ConstSymbol):
            return self.consts.definition(symbol)
        body = self.checked.bodies[symbol.name]
        lowering = self.expressions(body.typing)
        clock = symbol.name in self.checked.clock
        extern = symbol.name in self.checked.externs
        if isinstance(symbol, RuleSymbol):
            facts = self.checked.rules[symbol.name]
            return lower_rule(symbol, facts, lowering, clock=clock, extern=extern)
        if isinstance(symbol, FunctionSymbol) and isinstance(symbol.decl, tree.TableDecl):
            return self._table(symbol, symbol.decl, lowering, clock=clock, extern=extern)
        if isinstance(symbol, FunctionSymbol) and isinstance(symbol.decl, tree.CalcDecl):
            return self._calc(symbol, symbol.decl, lowering, clock=clock, extern=extern)
        raise TypeError(f"{symbol.name} has no body")

    def _calc(
        self,
        symbol: FunctionSymbol,
        decl: tree.CalcDecl,
        lowering: Expressions,
        *,
        clock: bool,
        extern: bool,
    ) -> CalcDef:
        line_of = symbol.unit.source.line_of
        return CalcDef(
            decl.name.name,
            lower_params(symbol),
            symbol.returns,
            Statements(lowering, line_of).body(decl.body, ends=True),
            clock,
            extern,
            symbol.markers,
            doc_of(decl.doc),
            line_of(decl.start),
        )

    def _table(
        self,
        symbol: FunctionSymbol,
        decl: tree.TableDecl,
        lowering: Expressions,
        *,
        clock: bool,
        extern: bool,
    ) -> TableDef:
        line_of = symbol.unit.source.line_of
        facts = self.checked.tables[symbol.name]
        policy: Any = facts.policy
        return TableDef(
            decl.name.name,
            lower_params(symbol),
            symbol.returns,
            facts.element,
            policy,
            lower_rows(facts, lowering, line_of),
            clock,
            extern,
            symbol.markers,
            doc_of(decl.doc),
            line_of(decl.start),
        )

    def data(self, symbol: EntitySymbol | EnumSymbol | UnionSymbol | AliasSymbol) -> Def:
        """The definition of a type."""
        if isinstance(symbol, EntitySymbol):
            return self.declarations.entity(symbol)
        if isinstance(symbol, EnumSymbol):
            return lower_enum(symbol)
        return lower_union(symbol) if isinstance(symbol, UnionSymbol) else lower_alias(symbol)

    def default(self, expr: tree.Expr, wanted: Type, unit: Unit) -> Expr:
        """The default of a field or parameter."""
        del unit
        literal = lower_literal(expr, wanted, self.world)
        if literal is not None:
            return literal
        return self.expressions(self.checked.defaults[expr]).lower(expr)

    def feature(self, decl: tree.FeatureDecl, unit: Unit) -> FeatureDef:
        """A feature with its runs."""
        known = self._features.get(unit.name)
        if known is None:
            known = self._features[unit.name] = lower_features(unit, self.checked, self.expressions)
        return known[decl]


def bodies_of(world: World, checked: Checked) -> Bodies:
    """The one lowering of the bodies of a world."""
    bodies: Bodies | None = checked.lowered.get("bodies")
    if bodies is None:
        bodies = checked.lowered["bodies"] = Bodies(world, checked)
    return bodies


def lower_body(symbol: Symbol, world: World, checked: Checked) -> Def:
    """Lower a calc, table, rule or const."""
    with deep():
        return bodies_of(world, checked).definition(symbol)


def lower_default(
    expr: tree.Expr, wanted: Type, unit: Unit, world: World, checked: Checked
) -> Expr:
    """Lower the default of a field or parameter."""
    with deep():
        return bodies_of(world, checked).default(expr, wanted, unit)


def lower_feature(decl: tree.FeatureDecl, unit: Unit, world: World, checked: Checked) -> FeatureDef:
    """Lower a feature."""
    with deep():
        return bodies_of(world, checked).feature(decl, unit)
