"""Conditions as comparisons of paths with constants, decided on witnesses.

A *path* is a local or a chain of fields from one; what is neither a comparison of a path with a
constant nor a logical connection of such is an *opaque* condition, free to be true or false.
"""

from __future__ import annotations

import json
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import msgspec

from hyper.ir import nodes as n
from hyper.ir.analyse.regions import OTHER, Member
from hyper.lang import types as t

if TYPE_CHECKING:
    from collections.abc import Iterator

NOT_CONSTANT: Final = object()


def constant(expr: n.Expr) -> Any:
    """The value of a constant expression, or ``NOT_CONSTANT``."""
    while isinstance(expr, n.ConstRef | n.Convert | n.Quantise):
        if isinstance(expr, n.Convert) and not _is_widening(expr):
            return NOT_CONSTANT
        expr = expr.value if isinstance(expr, n.ConstRef) else expr.operand
    if isinstance(expr, n.EnumConst):
        return Member(expr.member)
    if isinstance(expr, n.Unary) and expr.op == "neg":
        inner = constant(expr.operand)
        is_number = isinstance(inner, int | float | Decimal) and not isinstance(inner, bool)
        return -inner if is_number else NOT_CONSTANT
    if not isinstance(expr, n.Const):
        return NOT_CONSTANT
    return _value(t.plain(expr.type), expr.text)


def _is_widening(expr: n.Convert) -> bool:
    return isinstance(t.plain(expr.type), t.Opt | t.Dec) or t.plain(expr.type) in (
        t.FLOAT,
        t.BIGINT,
    )


def _value(kind: t.Type, text: str) -> Any:
    if isinstance(kind, t.Opt):
        kind = t.plain(kind.inner)
    match kind:
        case t.Prim("float"):
            return float.fromhex(text)
        case t.Dec():
            return Decimal(text)
        case t.Prim("date"):
            return date.fromisoformat(text)
        case t.Prim("datetime"):
            return datetime.fromisoformat(text)
        case t.Prim("time"):
            return time.fromisoformat(text)
        case t.Prim("bool" | "int" | "bigint" | "string" | "none") | t.Lit():
            return json.loads(text)
        case t.Prim("url" | "email" | "uuid"):
            return text
        case _:
            return NOT_CONSTANT


def path(expr: n.Expr) -> n.Expr | None:
    """The expression as a path, conversions that only narrow or widen left out; ``None`` if it is none."""
    while isinstance(expr, n.Convert) and _is_widening(expr):
        expr = expr.operand
    inner = expr
    while isinstance(inner, n.Field | n.Convert):
        inner = inner.base if isinstance(inner, n.Field) else inner.operand
    return expr if isinstance(inner, n.Local) else None


def key(expr: n.Expr) -> str:
    """What a path is called: ``self.customer.tier``."""
    names: list[str] = []
    while not isinstance(expr, n.Local):
        if isinstance(expr, n.Field):
            names.append(expr.name)
            expr = expr.base
        elif isinstance(expr, n.Convert):
            expr = expr.operand
        else:
            return ""
    names.append(expr.name)
    return ".".join(reversed(names))


_COMPARISONS: Final = frozenset({"eq", "ne", "lt", "le", "gt", "ge"})
_MIRRORED: Final = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le", "eq": "eq", "ne": "ne"}


class Atom(msgspec.Struct, frozen=True):
    """A comparison of a path with a constant: ``op`` as in ``Binary``, or ``isnone``."""

    subject: n.Expr
    op: str
    value: Any


def atom(expr: n.Expr) -> Atom | None:
    """The expression as an atom, where it is one."""
    if isinstance(expr, n.IsNone):
        subject = path(expr.operand)
        return None if subject is None else Atom(subject, "isnone", None)
    if isinstance(expr, n.Binary) and expr.op in _COMPARISONS:
        left, right = path(expr.left), path(expr.right)
        if left is not None and (value := constant(expr.right)) is not NOT_CONSTANT:
            return Atom(left, expr.op, value)
        if right is not None and (value := constant(expr.left)) is not NOT_CONSTANT:
            return Atom(right, _MIRRORED[expr.op], value)
    subject = path(expr)
    if subject is not None and t.plain(subject.type) == t.BOOL:
        return Atom(subject, "eq", True)
    return None


def atoms(expr: n.Expr) -> Iterator[Atom | n.Expr]:
    """All atoms of a condition, and its opaque parts as they are."""
    pending = [expr]
    while pending:
        item = pending.pop()
        match item:
            case n.And(_, left, right) | n.Or(_, left, right):
                pending += [right, left]
            case n.Unary(_, "not", operand):
                pending.append(operand)
            case n.Const():
                pass
            case _:
                yield atom(item) or item


def holds(test: Atom, value: Any) -> bool:
    """Whether a comparison holds for a witness of its subject."""
    if test.op == "isnone":
        return value is None
    if test.op in ("eq", "ne"):
        same = value is not OTHER and bool(value == test.value)
        return same if test.op == "eq" else not same
    if value is None or value is OTHER or test.value is None:
        return False
    match test.op:
        case "lt":
            return bool(value < test.value)
        case "le":
            return bool(value <= test.value)
        case "gt":
            return bool(value > test.value)
        case _:
            return bool(value >= test.value)


def decide(expr: n.Expr, values: dict[str, Any], opaque: dict[n.Expr, bool]) -> bool:
    """The truth of a condition: witnesses by path, and a truth for each opaque part."""
    match expr:
        case n.And(_, left, right):
            return decide(left, values, opaque) and decide(right, values, opaque)
        case n.Or(_, left, right):
            return decide(left, values, opaque) or decide(right, values, opaque)
        case n.Unary(_, "not", operand):
            return not decide(operand, values, opaque)
        case n.Const(_, text):
            return text == "true"
    test = atom(expr)
    if test is None:
        return opaque[expr]
    return holds(test, values[key(test.subject)])
