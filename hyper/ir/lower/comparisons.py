"""Chains of comparisons: each operand is evaluated once, and the chain ends at the first link that does not hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hyper.ir import nodes
from hyper.ir.lower.operands import is_simple, settled
from hyper.lang.types import BOOL, NONE, Type, Unknown

if TYPE_CHECKING:
    from hyper.ir.lower.expressions import Expressions
    from hyper.lang import tree

_OPS: Final[dict[str, nodes.BinaryOp]] = {
    "==": "eq",
    "!=": "ne",
    "<": "lt",
    "<=": "le",
    ">": "gt",
    ">=": "ge",
    "in": "in",
    "not in": "in",
}


def compare(lowering: Expressions, node: tree.Compare) -> nodes.Expr:
    """A chain as ``And`` and ``Bind``."""
    operands = [node.first, *node.rest]
    return _chain(lowering, node, operands, 0, lowering.lower(node.first))


def _chain(
    lowering: Expressions,
    node: tree.Compare,
    operands: list[tree.Expr],
    place: int,
    left: nodes.Expr,
) -> nodes.Expr:
    """The links from ``place`` on, whose left side is evaluated already unless it is the only link."""
    right_node = operands[place + 1]
    is_last = place == len(node.ops) - 1
    if is_last:
        return link(lowering, node, place, left, lowering.lower(right_node))
    bound: list[tuple[str, nodes.Expr]] = []
    right = lowering.lower(right_node)
    if not is_simple(left) and place == 0:
        left = _bind(lowering, left, bound)
    if not is_simple(right):
        right = _bind(lowering, right, bound)
    result: nodes.Expr = nodes.And(
        BOOL,
        link(lowering, node, place, left, right),
        _chain(lowering, node, operands, place + 1, right),
    )
    for name, value in reversed(bound):
        result = nodes.Bind(BOOL, name, value, result)
    return result


def _bind(
    lowering: Expressions, expr: nodes.Expr, bound: list[tuple[str, nodes.Expr]]
) -> nodes.Expr:
    name = lowering.names.fresh("side")
    bound.append((name, expr))
    return nodes.Local(expr.type, name)


def link(
    lowering: Expressions, node: tree.Compare, place: int, left: nodes.Expr, right: nodes.Expr
) -> nodes.Expr:
    """One comparison of a chain."""
    op = node.ops[place]
    left_node = node.first if place == 0 else node.rest[place - 1]
    types = lowering.typing.types
    left_is_none = types[left_node] == NONE
    if left_is_none or types[node.rest[place]] == NONE:
        test = nodes.IsNone(BOOL, right if left_is_none else left)
        return nodes.Unary(BOOL, "not", test) if op in ("!=", "is not") else test
    left, right = sides(lowering, node, place, left, right)
    made = nodes.Binary(BOOL, _OPS[op], left, right)
    return nodes.Unary(BOOL, "not", made) if op == "not in" else made


def sides(
    lowering: Expressions, node: tree.Compare, place: int, left: nodes.Expr, right: nodes.Expr
) -> tuple[nodes.Expr, nodes.Expr]:
    """The two sides of a link at the type at which they meet."""
    pair: Type | None = lowering.typing.pairs[node][place]
    if pair is None or isinstance(pair, Unknown):
        return left, right
    left_node = node.first if place == 0 else node.rest[place - 1]
    left = lowering.convert(left, _type_of(lowering, left_node), pair)
    if node.ops[place] not in ("in", "not in"):
        right = lowering.convert(right, _type_of(lowering, node.rest[place]), pair)
    return left, right


def _type_of(lowering: Expressions, node: tree.Expr) -> Type:
    """What an operand is when it was lowered."""
    return settled(lowering.typing.coerced.get(node, lowering.typing.types[node]))
