"""What is evaluated first in an expression."""

from __future__ import annotations

from hyper.ir import nodes


def is_pure(expr: nodes.Expr) -> bool:
    """Whether an expression cannot fail and has no effect, so that its place in the order does not matter."""
    while isinstance(expr, nodes.Field):
        expr = expr.base
    return isinstance(expr, nodes.Const | nodes.ConstRef | nodes.EnumConst | nodes.Local)


def _first_operand(expr: nodes.Expr) -> nodes.Expr | None:
    """The operand that is evaluated first and written first."""
    match expr:
        case nodes.Field(_, base, _) | nodes.Item(_, base, _):
            return base
        case nodes.Binary(_, _, left, _) | nodes.And(_, left, _) | nodes.Or(_, left, _):
            return left
        case nodes.Unary(_, _, operand) | nodes.IsNone(_, operand):
            return operand
        case nodes.Choose(_, condition, _, _):
            return condition
        case nodes.Call(_, _, args) if args:
            return args[0]
        case nodes.MakeList(_, items) if items:
            return items[0]
        case nodes.Quantise(_, operand) | nodes.Convert(_, operand):
            return operand if operand.type == expr.type or _is_plain(operand) else None
        case _:
            return None


def _is_plain(expr: nodes.Expr) -> bool:
    """Whether a conversion writes its operand once, and first."""
    from hyper.ir.types import Opt

    return not isinstance(expr.type, Opt)


def starts_with_local(expr: nodes.Expr, name: str) -> bool:
    """Whether reading the local of that name is the first thing that the expression does."""
    node: nodes.Expr | None = expr
    while node is not None:
        if isinstance(node, nodes.Local):
            return node.name == name
        if isinstance(node, nodes.Bind):
            return False
        node = _first_operand(node)
    return False
