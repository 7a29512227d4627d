"""The size of expressions: how many nodes they have, and how deep they nest.

Walks keep their own stack, since a chain of ``+`` can be thousands of nodes deep.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.ir import nodes
from hyper.ir.program import CalcDef, DeriveDef, RuleDef, TableDef

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hyper.ir.program import Def

_EXPR = (
    nodes.Const,
    nodes.ConstRef,
    nodes.EnumConst,
    nodes.Local,
    nodes.Now,
    nodes.Field,
    nodes.Item,
    nodes.MakeList,
    nodes.MakeMap,
    nodes.MakeRecord,
    nodes.WithFields,
    nodes.Unary,
    nodes.Binary,
    nodes.And,
    nodes.Or,
    nodes.Coalesce,
    nodes.Choose,
    nodes.IsNone,
    nodes.IsVariant,
    nodes.Convert,
    nodes.Quantise,
    nodes.Bind,
    nodes.Call,
    nodes.Builtin,
    nodes.Comprehend,
    nodes.Fold,
    nodes.Range,
)


def children(expr: nodes.Expr) -> Iterator[nodes.Expr]:
    """The operands of an expression, in the order of evaluation but for a ``ConstRef``, whose value is not a part."""
    if isinstance(expr, nodes.ConstRef):
        return
    if isinstance(expr, nodes.Comprehend | nodes.Fold):
        yield expr.source
        if expr.condition is not None:
            yield expr.condition
        yield expr.element
        return
    for name in expr.__struct_fields__:
        yield from _expressions(getattr(expr, name))


def _expressions(part: object) -> Iterator[nodes.Expr]:
    if isinstance(part, _EXPR):
        yield part
    elif isinstance(part, tuple):
        for item in part:
            yield from _expressions(item)


def walk(expr: nodes.Expr) -> Iterator[nodes.Expr]:
    """The expression and all that is in it, each before its operands."""
    stack = [expr]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(list(children(node))))


def weight(expr: nodes.Expr) -> int:
    """How many nodes it has."""
    return sum(1 for _ in walk(expr))


def depth(expr: nodes.Expr) -> int:
    """How many nodes the longest path into it has."""
    deepest = 0
    stack = [(expr, 1)]
    while stack:
        node, level = stack.pop()
        deepest = max(deepest, level)
        stack.extend((child, level + 1) for child in children(node))
    return deepest


def statement_expressions(stmt: nodes.Stmt) -> Iterator[nodes.Expr]:
    """The expressions of a statement itself, not those of statements inside it."""
    if isinstance(stmt, nodes.For):
        yield stmt.source
    elif isinstance(stmt, nodes.If):
        for branch in stmt.branches:
            yield branch.condition
    else:
        yield stmt.value


def inner_blocks(stmt: nodes.Stmt) -> Iterator[tuple[nodes.Stmt, ...]]:
    """The blocks inside a statement."""
    if isinstance(stmt, nodes.For):
        yield stmt.body
    elif isinstance(stmt, nodes.If):
        for branch in stmt.branches:
            yield branch.body
        yield stmt.orelse


def statements(body: tuple[nodes.Stmt, ...]) -> Iterator[nodes.Stmt]:
    """All statements of a body, those inside others too, in the order of the source."""
    stack = list(reversed(body))
    while stack:
        stmt = stack.pop()
        yield stmt
        for block in reversed(list(inner_blocks(stmt))):
            stack.extend(reversed(block))


def definition_expressions(definition: Def) -> Iterator[nodes.Expr]:
    """The expressions that run when a function is called, in the order of the source."""
    match definition:
        case CalcDef():
            for stmt in statements(definition.body):
                yield from statement_expressions(stmt)
        case TableDef():
            for row in definition.rows:
                yield from row.conditions
                yield row.result
        case RuleDef():
            for clause in definition.clauses:
                yield clause.condition
                if isinstance(clause, DeriveDef):
                    yield from (value for _, value in clause.fields)
        case _:
            return
