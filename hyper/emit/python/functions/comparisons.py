"""Comparisons that Python has a shorter form for."""

from __future__ import annotations

from hyper.emit.python.functions.order import is_pure
from hyper.ir import nodes
from hyper.ir.types import Dec


def equalities(expr: nodes.Or) -> list[nodes.Binary]:
    """The comparisons of ``x == a or x == b …`` of one local or field with constants; none for any other test."""
    found: list[nodes.Binary] = []
    waiting: list[nodes.Expr] = [expr]
    while waiting:
        match waiting.pop():
            case nodes.Or(_, left, right):
                waiting += [right, left]
            case nodes.Binary(_, "eq", left, nodes.Const() | nodes.EnumConst()) as test if (
                is_repeatable(left) and (not found or left == found[0].left)
            ):
                found.append(test)
            case _:
                return []
    return found


def is_chain(expr: nodes.And) -> bool:
    """Whether ``a < b and b < c`` is ``a < b < c``: the middle costs nothing, and the operators point one way."""
    left, right = expr.left, expr.right
    if not (isinstance(left, nodes.Binary) and isinstance(right, nodes.Binary)):
        return False
    rising, falling = {"lt", "le"}, {"gt", "ge"}
    ops = {left.op, right.op}
    return (ops <= rising or ops <= falling) and left.right == right.left and is_pure(right.left)


def is_repeatable(expr: nodes.Expr) -> bool:
    """Whether writing an expression twice costs nothing: a local, or a field of one."""
    while isinstance(expr, nodes.Field):
        expr = expr.base
    return isinstance(expr, nodes.Local)


def constant_bool(expr: nodes.Expr) -> bool | None:
    """The value of a constant bool, also where it stands beside one that may be none."""
    if isinstance(expr, nodes.ConstRef):
        return None  # it is written by its name
    while isinstance(expr, nodes.Convert):
        expr = expr.operand
    if isinstance(expr, nodes.Const) and expr.text in {"true", "false"}:
        return expr.text == "true"
    return None


def without_places(expr: nodes.Expr) -> nodes.Expr:
    """A decimal constant that is whole, without its places: 2 for 2.00."""
    if isinstance(expr, nodes.Const) and isinstance(expr.type, Dec):
        whole, _, places = expr.text.partition(".")
        if whole.lstrip("-").isdigit() and not places.strip("0"):
            return nodes.Const(expr.type, "0" if whole == "-0" else whole)
    return expr
