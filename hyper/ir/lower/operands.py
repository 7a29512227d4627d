"""What lowering asks of operands: the type that one has in the IR, and whether it may be written twice."""

from __future__ import annotations

from hyper.ir import nodes
from hyper.lang.check.relations import NEVER, is_flexible, natural
from hyper.lang.types import ANY, ListOf, MapOf, Opt, Type


def settled(kind: Type) -> Type:
    """A type for the IR: the items of an empty list are of any type."""
    if not is_flexible(kind) and not isinstance(kind, ListOf | MapOf | Opt):
        return kind
    return _of_any(natural(kind))


def _of_any(kind: Type) -> Type:
    match kind:
        case ListOf(item):
            return ListOf(_of_any(item))
        case MapOf(value):
            return MapOf(_of_any(value))
        case Opt(inner):
            return Opt(_of_any(inner))
    return ANY if kind == NEVER else kind


def is_simple(expr: nodes.Expr) -> bool:
    """Whether an expression costs nothing, cannot fail, and so may be written twice."""
    while isinstance(expr, nodes.Field):
        expr = expr.base
    if isinstance(expr, nodes.Convert) and isinstance(expr.operand, nodes.Local | nodes.Field):
        return expr.operand.type == Opt(expr.type) and is_simple(expr.operand)
    return isinstance(expr, nodes.Const | nodes.ConstRef | nodes.EnumConst | nodes.Local)
