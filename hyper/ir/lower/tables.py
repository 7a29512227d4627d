"""Rows of decision tables: a condition for each cell that tests anything, and the result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.ir import nodes
from hyper.ir.program import RowDef

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.ir.lower.expressions import Expressions
    from hyper.lang.check.typed import RowFacts, TableFacts


def lower_rows(
    facts: TableFacts, lowering: Expressions, line_of: Callable[[int], int]
) -> tuple[RowDef, ...]:
    """Lower the rows of a table."""
    return tuple(
        RowDef(
            tuple(lowering.lower(condition) for condition in row.conditions),
            _result(facts, row, lowering),
            line_of(row.row.start),
        )
        for row in facts.rows
    )


def _result(facts: TableFacts, row: RowFacts, lowering: Expressions) -> nodes.Expr:
    values = tuple(lowering.lower(result) for result in row.row.results)
    if not row.fields:
        return values[0]
    return nodes.MakeRecord(facts.element, tuple(zip(row.fields, values, strict=True)))
