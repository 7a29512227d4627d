"""Builtin functions as Python: its own where they mean the same, else the runtime's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from hyper.emit.python.format import quote_regex
from hyper.emit.python.functions.order import is_pure
from hyper.emit.python.functions.pieces import (
    COMPARE,
    Atom,
    Brackets,
    Comprehension,
    Piece,
    attribute,
    call,
    operation,
)
from hyper.ir import nodes
from hyper.ir.types import BIGINT, DURATION, FLOAT, INT, Dec, ListOf, Prim, Type

if TYPE_CHECKING:
    from hyper.emit.python.functions.expressions import Expressions

_METHODS: Final = {
    "lower": "lower",
    "upper": "upper",
    "trim": "strip",
    "starts_with": "startswith",
    "ends_with": "endswith",
    "weekday": "isoweekday",
    "get": "get",
}
_ATTRIBUTES: Final = frozenset({"year", "month", "day", "hour", "minute", "second"})
_UNITS: Final = frozenset({"weeks", "days", "hours", "minutes", "seconds", "milliseconds"})
_RUNTIME: Final = {
    "sign": ("arithmetic", "sign"),
    "floor": ("arithmetic", "floor_int"),
    "ceil": ("arithmetic", "ceil_int"),
    "exp": ("arithmetic", "exp"),
    "log": ("arithmetic", "log"),
    "log10": ("arithmetic", "log10"),
    "clamp": ("arithmetic", "clamp"),
    "replace": ("texts", "replace_text"),
    "split": ("texts", "split_text"),
    "substring": ("texts", "substring"),
    "pad_left": ("texts", "pad_left"),
    "pad_right": ("texts", "pad_right"),
    "index_of": ("lists", "index_of"),
    "last": ("lists", "last"),
    "first": ("lists", "first"),
    "distinct": ("lists", "distinct"),
    "flatten": ("lists", "flatten"),
    "slice": ("lists", "part"),
    "date": ("dates", "make_date"),
    "time": ("dates", "make_time"),
    "datetime": ("dates", "at_time"),
    "add_months": ("dates", "add_months"),
    "add_years": ("dates", "add_years"),
    "months_between": ("dates", "months_between"),
    "years_between": ("dates", "years_between"),
    "start_of_month": ("dates", "start_of_month"),
    "end_of_month": ("dates", "end_of_month"),
    "join": ("texts", "join"),
    "merge": ("lists", "merge"),
}
_MATH: Final = {"is_nan": "isnan", "is_finite": "isfinite", "is_infinite": "isinf"}
_AGGREGATES: Final = frozenset(
    {"sum", "count", "min", "max", "avg", "any", "all", "first", "sorted"}
)


def builtin(expressions: Expressions, expr: nodes.Builtin) -> Piece:
    """The piece of a builtin call."""
    kinds = [expressions.present(arg) for arg in expr.args]
    first = kinds[0]
    if expr.name == "contains":
        return _contains(expressions, expr, first)
    items = [expressions.write(arg) for arg in expr.args]
    if expr.name in _AGGREGATES and len(items) == 1 and isinstance(first, ListOf):
        return aggregate(expressions, expr.name, expressions.kinds.present(first.item), items[0])
    if expr.name in {"min", "max"}:
        return _several(expressions, expr.name, first, items)
    if expr.name == "get" and isinstance(items[0], Brackets):
        return call(expressions.writer.runtime("lists", "look_up"), *items)
    if expr.name in _METHODS:
        return call(attribute(items[0], _METHODS[expr.name]), *items[1:])
    if expr.name in _ATTRIBUTES:
        return attribute(items[0], expr.name)
    return _special(expressions, expr, kinds, items)


def _special(
    expressions: Expressions, expr: nodes.Builtin, kinds: list[Type], items: list[Piece]
) -> Piece:
    writer = expressions.writer
    name, first = expr.name, kinds[0]
    if name in _UNITS:
        return call(writer.runtime("dates", "span"), *items, Atom(f'"{name}"'))
    if name.startswith("total_"):
        unit = name.removeprefix("total_")
        return call(writer.runtime("dates", "total"), *items, Atom(f'"{unit}"'))
    if name in _MATH:
        return call(writer.scope.take("math", _MATH[name]), *items)
    match name:
        case "length":
            return call("len", *items)
        case "abs":
            if isinstance(first, Dec) or first == DURATION:
                writer.guarded = True
            piece = call("abs", *items)
            return expressions.checked(piece) if first == INT else piece
        case "round":
            return _round(expressions, first, items)
        case "pow":
            return call(writer.runtime("arithmetic", _power(kinds)), *items)
        case "sqrt":
            kind = "decimal_sqrt" if isinstance(first, Dec) else "sqrt"
            return call(writer.runtime("arithmetic", kind), *items)
        case "reversed":
            return Brackets(items[0], "[", (Atom("::-1"),), "]", comma=False)
        case "keys":
            return call("list", items[0])
        case "values":
            return call("list", call(attribute(items[0], "values")))
        case "has":
            if is_pure(expr.args[0]) or is_pure(expr.args[1]):
                return operation(COMPARE, "in", items[1], items[0])
            return call(writer.runtime("lists", "has"), *items)
        case "day_of_year":
            return attribute(call(attribute(items[0], "timetuple")), "tm_yday")
        case "matches":
            pattern = expr.args[1]
            if isinstance(pattern, nodes.Const):
                items[1] = Atom(quote_regex(msgspec.json.decode(pattern.text)))
            return call(writer.runtime("texts", "matches"), *items)
        case "days_between":
            return call(writer.runtime("dates", "days_between"), *items)
        case _:
            module, function = _RUNTIME[name]
            return call(writer.runtime(module, function), *items)


def _power(kinds: list[Type]) -> str:
    if isinstance(kinds[0], Dec):
        return "decimal_pow"
    if FLOAT in kinds:
        return "float_pow"
    return "wide_pow" if kinds[0] == BIGINT else "int_pow"


def _round(expressions: Expressions, kind: Type, items: list[Piece]) -> Piece:
    writer = expressions.writer
    if len(items) == 1:
        if kind == INT:
            return items[0]
        return call(writer.runtime("arithmetic", "round_whole"), *items)
    if isinstance(kind, Dec):
        return call(writer.runtime("arithmetic", "round_decimal"), *items)
    if kind == FLOAT:
        return call(writer.runtime("arithmetic", "round_float"), *items)
    piece = call(writer.runtime("arithmetic", "round_int"), *items)
    return call(writer.runtime("arithmetic", "i64"), piece) if kind == INT else piece


def _contains(expressions: Expressions, expr: nodes.Builtin, kind: Type) -> Piece:
    whole, part = expr.args
    if isinstance(kind, ListOf):
        item = expressions.kinds.present(kind.item)
        if not expressions.compares_plainly(item) or item == FLOAT:
            items = [expressions.write(whole), expressions.write(part)]
            return call(expressions.writer.runtime("lists", "contains"), *items)
    if is_pure(whole) or is_pure(part):
        left, right = expressions.write(part), expressions.write(whole)
        return operation(COMPARE, "in", left, right)
    items = [expressions.write(whole), expressions.write(part)]
    return call(expressions.writer.runtime("lists", "has"), *items)


def _natural_order(kind: Type) -> bool:
    """Whether Python's own order is the language's: not with NaN, nor for times with and without offset."""
    return kind not in {FLOAT, Prim("time")}


def _several(expressions: Expressions, name: str, kind: Type, items: list[Piece]) -> Piece:
    if _natural_order(kind):
        return call(name, *items)
    function = expressions.writer.runtime("lists", "smallest" if name == "min" else "largest")
    return call(function, Brackets(None, "[", tuple(items), "]"))


def aggregate(expressions: Expressions, name: str, kind: Type, source: Piece) -> Piece:
    """An aggregate over a list or a generator of elements of that type."""
    writer = expressions.writer
    match name:
        case "any" | "all":
            return call(name, source)
        case "count":
            if isinstance(source, Comprehension):
                return call(writer.runtime("lists", "count"), source)
            return call("len", source)
        case "first":
            return call(writer.runtime("lists", "first"), source)
        case "sorted":
            if _natural_order(kind):
                return call("sorted", source)
            return call(writer.runtime("lists", "in_order"), source)
        case "min":
            return call(writer.runtime("lists", "smallest"), source)
        case "max":
            return call(writer.runtime("lists", "largest"), source)
        case "avg":
            return _average(expressions, kind, source)
        case _:
            return _sum(expressions, kind, source)


def _average(expressions: Expressions, kind: Type, source: Piece) -> Piece:
    writer = expressions.writer
    if kind == INT:
        return call(writer.runtime("lists", "int_average"), source)
    if kind == BIGINT:
        return call(writer.runtime("lists", "wide_average"), source)
    writer.guarded = writer.guarded or isinstance(kind, Dec)
    return call(writer.runtime("lists", "average"), source)


def _sum(expressions: Expressions, kind: Type, source: Piece) -> Piece:
    writer = expressions.writer
    if kind == INT:
        return call(writer.runtime("lists", "int_sum"), source)
    if kind == FLOAT:
        return call(writer.runtime("lists", "float_sum"), source)
    if kind == BIGINT:
        return call("sum", source)
    writer.guarded = True
    if kind == DURATION:
        return call("sum", source, call(f"{writer.datetime()}.timedelta"))
    return call("sum", source, call(writer.decimal(), Atom("0")))
