"""Definitions with all their expressions and blocks changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from hyper.ir.program import CalcDef, DeriveDef, RequireDef, RuleDef, TableDef
from hyper.ir.rebuild import rewrite_statement

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.ir import nodes
    from hyper.ir.program import Def

    Change = Callable[[nodes.Expr], nodes.Expr]


def map_expressions(definition: Def, change: Change) -> Def:
    """The definition with ``change`` applied to each whole expression that runs when it is called."""
    match definition:
        case CalcDef():
            return msgspec.structs.replace(definition, body=_block(definition.body, change))
        case TableDef():
            rows = tuple(
                msgspec.structs.replace(
                    row,
                    conditions=tuple(map(change, row.conditions)),
                    result=change(row.result),
                )
                for row in definition.rows
            )
            return msgspec.structs.replace(definition, rows=rows)
        case RuleDef():
            clauses = tuple(_clause(clause, change) for clause in definition.clauses)
            return msgspec.structs.replace(definition, clauses=clauses)
        case _:
            return definition


def _block(body: tuple[nodes.Stmt, ...], change: Change) -> tuple[nodes.Stmt, ...]:
    return tuple(
        rewrite_statement(stmt, change, lambda block: _block(block, change)) for stmt in body
    )


def _clause(clause: RequireDef | DeriveDef, change: Change) -> RequireDef | DeriveDef:
    if isinstance(clause, RequireDef):
        return msgspec.structs.replace(clause, condition=change(clause.condition))
    fields = tuple((name, change(value)) for name, value in clause.fields)
    return msgspec.structs.replace(clause, condition=change(clause.condition), fields=fields)
