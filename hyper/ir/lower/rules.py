"""Rules: their clauses over ``self``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.ir.lower.declarations import doc_of
from hyper.ir.program import DeriveDef, RequireDef, RuleDef
from hyper.lang import tree

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.ir.lower.expressions import Expressions
    from hyper.lang.check.typed import RuleFacts
    from hyper.lang.symbols import RuleSymbol


def lower_rule(
    symbol: RuleSymbol, facts: RuleFacts, lowering: Expressions, *, clock: bool, extern: bool
) -> RuleDef:
    """Lower a rule."""
    decl = symbol.decl
    line_of = symbol.unit.source.line_of
    return RuleDef(
        decl.name.name,
        symbol.entity or "",
        tuple(_clause(clause, lowering, line_of) for clause in decl.clauses),
        facts.reads,
        facts.writes,
        clock,
        extern,
        symbol.markers,
        doc_of(decl.doc),
        line_of(decl.start),
    )


def _clause(
    clause: tree.Clause, lowering: Expressions, line_of: Callable[[int], int]
) -> RequireDef | DeriveDef:
    condition = lowering.lower(clause.condition)
    line = line_of(clause.start)
    if isinstance(clause, tree.Require):
        return RequireDef(condition, clause.message.value, line)
    fields = tuple((update.name.name, lowering.lower(update.value)) for update in clause.updates)
    return DeriveDef(condition, fields, line)
