"""The size of expressions: how many nodes they have, and how deep they nest.

Walks keep their own stack, since a chain of ``+`` can be thousands of nodes deep.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hyper.ir import nodes
from hyper.ir.program import CalcDef, DeriveDef, RuleDef, TableDef

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hyper.ir.program import Def

PARTS: Final[dict[type, tuple[str, ...]]] = {
    nodes.Const: (),
    nodes.ConstRef: (),
    nodes.EnumConst: (),
    nodes.Local: (),
    nodes.Now: (),
    nodes.Field: ("base",),
    nodes.Item: ("base", "index"),
    nodes.MakeList: ("items",),
    nodes.MakeMap: ("entries",),
    nodes.MakeRecord: ("fields",),
    nodes.WithFields: ("base", "fields"),
    nodes.Unary: ("operand",),
    nodes.Binary: ("left", "right"),
    nodes.And: ("left", "right"),
    nodes.Or: ("left", "right"),
    nodes.Coalesce: ("left", "right"),
    nodes.Choose: ("condition", "yes", "no"),
    nodes.IsNone: ("operand",),
    nodes.IsVariant: ("operand",),
    nodes.Convert: ("operand",),
    nodes.Quantise: ("operand",),
    nodes.Bind: ("value", "body"),
    nodes.Call: ("args",),
    nodes.Builtin: ("args",),
    nodes.Comprehend: ("source", "condition", "element"),
    nodes.Fold: ("source", "condition", "element"),
    nodes.Range: ("start", "stop"),
}
"""Where the operands of each node are, in the order of evaluation."""


def children(expr: nodes.Expr) -> list[nodes.Expr]:
    """The operands of an expression, in the order of evaluation. The value of a ``ConstRef`` is not one."""
    found: list[nodes.Expr] = []
    for name in PARTS[type(expr)]:
        part = getattr(expr, name)
        if type(part) is not tuple:
            if part is not None:
                found.append(part)
        elif name == "entries":
            for entry in part:
                found += entry
        elif name == "fields":
            found += [value for _, value in part]
        else:
            found += part
    return found


def walk(expr: nodes.Expr) -> Iterator[nodes.Expr]:
    """The expression and all that is in it, each before its operands."""
    stack = [expr]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(children(node)))


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
