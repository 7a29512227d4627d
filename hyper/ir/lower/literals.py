"""Literal defaults straight to constants: nearly every default of a real description is one."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Final

from hyper.ir.nodes import Const, EnumConst, Expr, MakeList, MakeMap, Now
from hyper.lang import tree
from hyper.lang.check.relations import normal, without_none
from hyper.lang.check.texts import canonical
from hyper.lang.resolve.values import bare, json_text
from hyper.lang.symbols import EnumSymbol
from hyper.lang.types import ANY, DATE, DATETIME, STRING, Dec, Enum, ListOf, Lit, MapOf, Opt, Prim

if TYPE_CHECKING:
    from hyper.lang.symbols import World
    from hyper.lang.types import Type

_EXACT: Final = Context(prec=28, rounding=ROUND_HALF_EVEN)
_CLOCK: Final[dict[str, Prim]] = {"now": DATETIME, "today": DATE}
_TEXTS: Final = frozenset({"bytes", "date", "time", "datetime", "duration", "uuid", "url", "email"})


def lower_literal(expr: tree.Expr, wanted: Type, world: World) -> Expr | None:
    """Lower a literal that stands where ``wanted`` is expected; ``None`` where it needs more than that.

    The types of the constants are free of aliases and markers.
    """
    expr = bare(expr)
    settled = normal(wanted, world)
    inside = without_none(settled)
    nullable = isinstance(settled, Opt)
    if isinstance(expr, tree.NoneLit):
        return Const(Opt(inside), "null") if nullable or inside == ANY else None
    if isinstance(expr, tree.ListLit) and isinstance(inside, ListOf):
        items = [lower_literal(item, inside.item, world) for item in expr.items]
        return None if None in items else MakeList(inside, tuple(items))  # type: ignore[arg-type]
    if isinstance(expr, tree.MapLit) and isinstance(inside, MapOf):
        return _map(expr, inside, world)
    if isinstance(expr, tree.Call) and isinstance(expr.callee, tree.Name) and not expr.args:
        kind = _CLOCK.get(expr.callee.name)
        return Now(kind) if kind is not None and kind == inside and not nullable else None
    if isinstance(inside, Enum):
        member = _member(expr, inside, world)
        return None if member is None else EnumConst(inside, member)
    text = constant_text(expr, inside)
    if text is None:
        return None
    return Const(Opt(inside) if nullable else inside, text)


def _map(expr: tree.MapLit, kind: MapOf, world: World) -> Expr | None:
    entries: list[tuple[Expr, Expr]] = []
    for entry in expr.entries:
        key = lower_literal(entry.key, STRING, world)
        value = lower_literal(entry.value, kind.value, world)
        if key is None or value is None:
            return None
        entries.append((key, value))
    return MakeMap(kind, tuple(entries))


def _member(expr: tree.Expr, kind: Enum, world: World) -> str | None:
    enum = world.symbols.get(kind.name)
    if not isinstance(enum, EnumSymbol):
        return None
    name = expr.name if isinstance(expr, tree.Name) else None
    return name if name in enum.members else None


def constant_text(expr: tree.Expr, kind: Type) -> str | None:
    """Give the canonical text of a literal as a constant of a type; ``None`` where it is none."""
    if isinstance(kind, Lit) or kind == ANY:
        return json_text(expr)
    if isinstance(expr, tree.StrLit):
        if kind == STRING:
            return encode_basestring(expr.value)
        if isinstance(kind, Prim) and kind.name in _TEXTS:
            return canonical(kind.name, expr.value)
        return None
    if isinstance(expr, tree.BoolLit):
        return json_text(expr) if kind == Prim("bool") else None
    return _number_text(expr, kind)


def _number_text(expr: tree.Expr, kind: Type) -> str | None:
    sign = 1
    while isinstance(expr, tree.Unary) and expr.op in "-+":
        sign = -sign if expr.op == "-" else sign
        expr = bare(expr.operand)
    if not isinstance(expr, tree.IntLit | tree.NumLit):
        return None
    value = expr.value * sign
    if isinstance(kind, Dec):
        return _scaled(Decimal(value), kind)
    if kind == Prim("float"):
        return float(value).hex()
    if kind in (Prim("int"), Prim("bigint")) and isinstance(value, int):
        return str(value)
    return None


def _scaled(value: Decimal, kind: Dec) -> str | None:
    """A decimal at its scale; ``None`` where it does not fit, which is an error when it is evaluated."""
    try:
        scaled = _EXACT.quantize(value, Decimal(1).scaleb(-kind.scale))
    except InvalidOperation:
        return None
    if scaled and scaled.adjusted() >= kind.precision - kind.scale:
        return None
    return format(scaled or abs(scaled), "f")
