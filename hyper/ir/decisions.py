"""What a function decides, in an order of its own, and the digest that says which function it is: for profiles.

A decision is a place where one of several things happens: the row of a table that fits, the branch of an ``if`` that is taken (the
way past one without ``else`` too), whether a clause of a rule holds, the side of a conditional expression.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec

from hyper.base import digest
from hyper.ir import nodes
from hyper.ir.program import CalcDef, DeriveDef, RequireDef, RuleDef, TableDef
from hyper.ir.stored import encode
from hyper.ir.weight import definition_expressions, statements, walk

if TYPE_CHECKING:
    from collections.abc import Iterator

Kind: TypeAlias = Literal["rows", "branches", "clause", "choice"]
Function: TypeAlias = CalcDef | TableDef | RuleDef


class Decision(msgspec.Struct, frozen=True):
    """One decision. Outcomes are of ``rows`` the rows in their order, of ``branches`` the branches and then the ``else``, of a
    ``clause`` and a ``choice`` 0 where the condition does not hold and 1 where it does. ``node`` is what decides."""

    kind: Kind
    node: TableDef | nodes.If | RequireDef | DeriveDef | nodes.Choose
    outcomes: int


def decisions(definition: Function) -> Iterator[Decision]:
    """The decisions of a function as it was written, before any pass: statements first, then expressions."""
    match definition:
        case TableDef():
            yield Decision("rows", definition, len(definition.rows))
        case CalcDef():
            for stmt in statements(definition.body):
                if isinstance(stmt, nodes.If):
                    yield Decision("branches", stmt, len(stmt.branches) + 1)
        case RuleDef():
            for clause in definition.clauses:
                yield Decision("clause", clause, 2)
    for expr in definition_expressions(definition):
        for node in walk(expr):
            if isinstance(node, nodes.Choose):
                yield Decision("choice", node, 2)


def function_digest(name: str, definition: Function) -> str:
    """32 hexadecimal digits of a function's qualified name and all that it says but lines and documentation."""
    bare: Function
    replace = msgspec.structs.replace
    match definition:
        case TableDef():
            rows = tuple(replace(row, line=0) for row in definition.rows)
            bare = replace(definition, rows=rows, doc="", line=0)
        case CalcDef():
            bare = replace(definition, body=_block(definition.body), doc="", line=0)
        case RuleDef():
            clauses = tuple(replace(clause, line=0) for clause in definition.clauses)
            bare = replace(definition, clauses=clauses, doc="", line=0)
    return digest.of_parts((name.encode("utf-8", "surrogatepass"), encode(bare)))[:32]


def _block(body: tuple[nodes.Stmt, ...]) -> tuple[nodes.Stmt, ...]:
    return tuple(map(_statement, body))


def _statement(stmt: nodes.Stmt) -> nodes.Stmt:
    replace = msgspec.structs.replace
    if isinstance(stmt, nodes.For):
        return replace(stmt, body=_block(stmt.body), line=0)
    if isinstance(stmt, nodes.If):
        branches = tuple(
            replace(branch, body=_block(branch.body), line=0) for branch in stmt.branches
        )
        return replace(stmt, branches=branches, orelse=_block(stmt.orelse), line=0)
    return replace(stmt, line=0)
