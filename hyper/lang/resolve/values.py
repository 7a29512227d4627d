"""The constants that markers and wire values take: numbers, strings and JSON."""

from __future__ import annotations

from decimal import Decimal
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Final

from hyper.lang import tree
from hyper.lang.resolve.lookup import find
from hyper.lang.symbols import ConstSymbol

if TYPE_CHECKING:
    from hyper.lang.markers import Number
    from hyper.lang.symbols import Scope, World

# A number beyond this many digits or this exponent is no sensible bound and costs much to compute with.
MAX_EXPONENT: Final = 400
_MAX_BITS: Final = 1400
# A const may be another const, up to this many steps.
_MAX_HOPS: Final = 1100

_LITERAL_NAMES: Final = {"true": "true", "false": "false", "none": "null", "null": "null"}


def bare(expr: tree.Expr) -> tree.Expr:
    """Take parentheses off."""
    while isinstance(expr, tree.Paren):
        expr = expr.inner
    return expr


def number_of(expr: tree.Expr, scope: Scope, world: World) -> Number | None:
    """Give the number that an expression states: a literal, a negated one, or a const that is one."""
    sign = 1
    for _ in range(_MAX_HOPS):
        expr = bare(expr)
        if isinstance(expr, tree.IntLit | tree.NumLit):
            value = expr.value
            return value * sign if is_sensible(value) else None
        if isinstance(expr, tree.Unary) and expr.op in "-+":
            sign = -sign if expr.op == "-" else sign
            expr = expr.operand
            continue
        parts = dotted(expr)
        symbol = find(parts, scope, world) if parts else None
        if not isinstance(symbol, ConstSymbol):
            return None
        expr = symbol.decl.value
        scope = world.scopes[symbol.unit.name]
    return None


def is_sensible(value: Number) -> bool:
    """Whether a number is small enough to be computed with."""
    if isinstance(value, int):
        return value.bit_length() <= _MAX_BITS
    if not value:
        return abs(value.as_tuple().exponent) <= MAX_EXPONENT  # type: ignore[arg-type]
    return abs(value.adjusted()) <= MAX_EXPONENT


def string_of(expr: tree.Expr, scope: Scope, world: World) -> str | None:
    """Give the string that an expression states: a literal, or a const that is one."""
    for _ in range(_MAX_HOPS):
        expr = bare(expr)
        if isinstance(expr, tree.StrLit):
            return expr.value
        parts = dotted(expr)
        symbol = find(parts, scope, world) if parts else None
        if not isinstance(symbol, ConstSymbol):
            return None
        expr = symbol.decl.value
        scope = world.scopes[symbol.unit.name]
    return None


def dotted(expr: tree.Expr) -> list[str] | None:
    """Give the parts of a name or of ``a.b.c``; ``None`` for anything else."""
    parts: list[str] = []
    while isinstance(expr, tree.Attr):
        parts.append(expr.name.name)
        expr = expr.base
    if not isinstance(expr, tree.Name):
        return None
    parts.append(expr.name)
    parts.reverse()
    return parts


def json_text(expr: tree.Expr) -> str | None:
    """Write a JSON-like literal as JSON text; ``None`` where it is not one. Numbers stay exact."""
    if isinstance(expr, tree.StrLit):
        return encode_basestring(expr.value)
    if isinstance(expr, tree.IntLit | tree.NumLit):
        return _number_text(expr.value)
    if isinstance(expr, tree.BoolLit):
        return "true" if expr.value else "false"
    if isinstance(expr, tree.NoneLit):
        return "null"
    if isinstance(expr, tree.Name):
        return _LITERAL_NAMES.get(expr.name)
    if isinstance(expr, tree.ListLit):
        items = [json_text(item) for item in expr.items]
        return None if None in items else f"[{', '.join(items)}]"  # type: ignore[arg-type]
    if isinstance(expr, tree.MapLit):
        return _object_text(expr)
    if isinstance(expr, tree.Unary) and expr.op in "-+":
        return _signed_text(expr)
    if isinstance(expr, tree.Paren):
        return json_text(bare(expr))
    return None


def _object_text(expr: tree.MapLit) -> str | None:
    entries: list[str] = []
    for entry in expr.entries:
        key = bare(entry.key)
        value = json_text(entry.value)
        if value is None or not isinstance(key, tree.StrLit):
            return None
        entries.append(f"{encode_basestring(key.value)}: {value}")
    return f"{{{', '.join(entries)}}}"


def _signed_text(expr: tree.Unary) -> str | None:
    operand = bare(expr.operand)
    if not isinstance(operand, tree.IntLit | tree.NumLit):
        return None
    text = _number_text(operand.value)
    return f"-{text}" if text is not None and expr.op == "-" else text


def _number_text(value: int | Decimal) -> str | None:
    if not is_sensible(value):
        return None
    if isinstance(value, Decimal):
        text = str(value)
        return text if "." in text or "E" in text else f"{text}.0"
    return str(value)


def literal_of(expr: tree.Expr) -> str | int | bool | None:
    """Give the string, int or bool that a literal states; ``None`` for anything else."""
    expr = bare(expr)
    if isinstance(expr, tree.StrLit | tree.IntLit | tree.BoolLit):
        return expr.value
    if isinstance(expr, tree.Unary) and expr.op == "-":
        operand = bare(expr.operand)
        if isinstance(operand, tree.IntLit):
            return -operand.value
    return None
