"""Random well-typed expressions of the IR."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hyper.ir import nodes
from hyper.ir.interpreter.constants import show
from hyper.lang.types import (
    ANY_DECIMAL,
    BIGINT,
    BOOL,
    DATE,
    DATETIME,
    DURATION,
    FLOAT,
    INT,
    STRING,
    TIME,
    Dec,
    Entity,
    Enum,
    ListOf,
    MapOf,
    Opt,
    Type,
    Union,
)
from tests.meaning.data import ALL, CHOICE, ITEM, MONEY, OTHER, RATE, SCALARS, TIER, TIMES
from tests.meaning.values import DECIMALS, WORDS, value

if TYPE_CHECKING:
    from random import Random


class Maker:
    """Makes expressions of one function. ``calls`` are the functions that may be called."""

    def __init__(self, random: Random, calls: list[tuple[str, tuple[Type, ...], Type]]) -> None:
        self.random = random
        self.calls = calls
        self.scope: list[tuple[str, Type]] = []
        self._count = 0

    def fresh(self, prefix: str) -> str:
        """A name that is not taken."""
        self._count += 1
        return f"{prefix}{self._count}"

    def expr(self, kind: Type, depth: int) -> nodes.Expr:
        """An expression of a type."""
        if depth <= 0 or self.random.random() < 0.1:
            return self._leaf(kind, depth)
        if self.random.random() < 0.12:
            return self._general(kind, depth)
        makers = _MAKERS.get(kind) or _MAKERS.get(type(kind))
        if not makers:
            return self._leaf(kind, depth)
        made: nodes.Expr = self.random.choice(makers)(self, kind, depth - 1)
        return made

    def _leaf(self, kind: Type, depth: int) -> nodes.Expr:
        known = [name for name, found in self.scope if found == kind]
        if kind == ANY_DECIMAL:
            known += [name for name, found in self.scope if isinstance(found, Dec)]
        if known and self.random.random() < 0.75:
            name = self.random.choice(known)
            return nodes.Local(dict(self.scope)[name], name)
        return self.constant(kind, depth)

    def constant(self, kind: Type, depth: int = 0) -> nodes.Expr:
        """A constant of a type."""
        match kind:
            case ListOf(item):
                count = self.random.randrange(4)
                return nodes.MakeList(kind, tuple(self.expr(item, depth - 1) for _ in range(count)))
            case MapOf(item):
                keys = self.random.sample(WORDS, self.random.randrange(3))
                entries = tuple(
                    (nodes.Const(STRING, show(STRING, key)), self.expr(item, depth - 1))
                    for key in keys
                )
                return nodes.MakeMap(kind, entries)
            case Opt(inner):
                if self.random.random() < 0.4:
                    return nodes.Const(kind, "null")
                return nodes.Convert(kind, self.constant(inner))
            case Enum():
                return nodes.EnumConst(kind, self.random.choice(("gold", "silver", "none_")))
            case Union():
                variant = self.random.choice((INT, STRING, ITEM, OTHER))
                return nodes.Convert(kind, self.expr(variant, depth - 1))
            case Entity():
                return self.record(kind, depth)
            case Dec(0, _):
                return nodes.Const(kind, self.random.choice(DECIMALS).removeprefix("-0.00"))
            case _:
                return nodes.Const(kind, show(kind, value(self.random, kind)))

    def record(self, kind: Type, depth: int) -> nodes.Expr:
        """A record built."""
        if kind == OTHER:
            parts = (("name", self.expr(STRING, depth - 1)), ("item", self.expr(ITEM, depth - 1)))
            return nodes.MakeRecord(kind, parts)
        fields = [
            ("weight", self.expr(FLOAT, depth - 1)),
            ("count", self.expr(INT, depth - 1)),
            ("price", self.kept(MONEY, depth - 1)),
            ("class", self.expr(Opt(STRING), depth - 1)),
        ]
        if self.random.random() < 0.4:
            fields.append(("note", self.expr(self.random.choice((STRING, Opt(STRING))), depth - 1)))
        if self.random.random() < 0.4:
            fields.append(("sparse", self.expr(Opt(INT), depth - 1)))
        if self.random.random() < 0.4:
            fields.append(("tags", self.expr(ListOf(STRING), depth - 1)))
        self.random.shuffle(fields)
        return nodes.MakeRecord(kind, tuple(fields))

    def kept(self, kind: Type, depth: int) -> nodes.Expr:
        """An expression whose value may be kept at a type: decimals quantised."""
        if isinstance(kind, Dec) and kind.precision:
            return nodes.Quantise(kind, self.expr(ANY_DECIMAL, depth))
        return self.expr(kind, depth)

    def _general(self, kind: Type, depth: int) -> nodes.Expr:
        """What makes a value of any type."""
        shallow = depth - 1
        choice = self.random.randrange(6)
        if choice == 0:
            condition = self.expr(BOOL, shallow)
            return nodes.Choose(kind, condition, self.expr(kind, shallow), self.expr(kind, shallow))
        if choice == 1 and not isinstance(kind, Opt):
            return nodes.Coalesce(kind, self.expr(Opt(kind), shallow), self.expr(kind, shallow))
        if choice == 2 and kind in {INT, FLOAT, STRING, TIER, ITEM}:
            index = self.expr(INT, 0 if self.random.random() < 0.7 else shallow)
            if self.random.random() < 0.5:
                index = nodes.Const(INT, self.random.choice("012"))
            return nodes.Item(kind, self.expr(ListOf(kind), shallow), index)
        if choice == 3:
            inner = self.random.choice(SCALARS)
            bound = self.expr(inner, shallow)
            name = self.fresh("_b")
            self.scope.append((name, bound.type))
            body = self.expr(kind, shallow)
            self.scope.pop()
            return nodes.Bind(body.type if kind == ANY_DECIMAL else kind, name, bound, body)
        calls = [call for call in self.calls if call[2] == kind]
        if choice == 4 and calls:
            name, params, returns = self.random.choice(calls)
            return nodes.Call(returns, name, tuple(self.kept(param, shallow) for param in params))
        return self._leaf(kind, depth)

    def generator(
        self, item: Type, depth: int, element: Type
    ) -> tuple[nodes.Expr, str, nodes.Expr, nodes.Expr | None]:
        """Element, target, source and condition of a generator."""
        source: nodes.Expr
        if item == INT and self.random.random() < 0.3:
            stop = nodes.Const(INT, str(self.random.randrange(4)))
            source = nodes.Range(ListOf(INT), None, stop)
        else:
            source = self.expr(ListOf(item), depth)
        target = self.fresh("each")
        self.scope.append((target, item))
        made = self.kept(element, depth)
        condition = self.expr(BOOL, depth) if self.random.random() < 0.4 else None
        self.scope.pop()
        return made, target, source, condition


def _binary(*ops: str) -> Any:
    def make(maker: Maker, kind: Type, depth: int) -> nodes.Expr:
        op = maker.random.choice(ops)
        return nodes.Binary(kind, op, maker.expr(kind, depth), maker.expr(kind, depth))  # type: ignore[arg-type]

    return make


def _unary(maker: Maker, kind: Type, depth: int) -> nodes.Expr:
    return nodes.Unary(kind, "neg", maker.expr(kind, depth))


def _builtin(name: str, *kinds: Type) -> Any:
    def make(maker: Maker, kind: Type, depth: int) -> nodes.Expr:
        return nodes.Builtin(kind, name, tuple(maker.expr(param, depth) for param in kinds))

    return make


def _convert(source: Type) -> Any:
    return lambda maker, kind, depth: nodes.Convert(kind, maker.expr(source, depth))


def _field_of(name: str, base: Type = ITEM) -> Any:
    return lambda maker, kind, depth: nodes.Field(kind, maker.expr(base, depth), name)


def _fold(op: str, item: Type, element: Type) -> Any:
    def make(maker: Maker, kind: Type, depth: int) -> nodes.Expr:
        made, target, source, condition = maker.generator(item, depth, element)
        return nodes.Fold(kind, op, made, target, source, condition)

    return make


def _comprehend(maker: Maker, kind: Type, depth: int) -> nodes.Expr:
    assert isinstance(kind, ListOf)
    item = maker.random.choice((INT, FLOAT, STRING, ITEM, MONEY))
    made, target, source, condition = maker.generator(item, depth, kind.item)
    return nodes.Comprehend(kind, made, target, source, condition)


def _compare(maker: Maker, _kind: Type, depth: int) -> nodes.Expr:
    kind = maker.random.choice((INT, BIGINT, FLOAT, ANY_DECIMAL, STRING, *TIMES))
    op = maker.random.choice(("lt", "le", "gt", "ge"))
    return nodes.Binary(BOOL, op, maker.expr(kind, depth), maker.expr(kind, depth))  # type: ignore[arg-type]


def _mixed(maker: Maker, _kind: Type, depth: int) -> nodes.Expr:
    op = maker.random.choice(("lt", "le", "gt", "ge", "eq", "ne"))
    left, right = maker.expr(INT, depth), maker.expr(FLOAT, depth)
    return nodes.Binary(BOOL, op, left, right)  # type: ignore[arg-type]


def _equal(maker: Maker, _kind: Type, depth: int) -> nodes.Expr:
    kind = maker.random.choice(ALL)
    op = maker.random.choice(("eq", "ne"))
    return nodes.Binary(BOOL, op, maker.expr(kind, depth), maker.expr(kind, depth))  # type: ignore[arg-type]


def _membership(maker: Maker, _kind: Type, depth: int) -> nodes.Expr:
    item = maker.random.choice((INT, FLOAT, STRING, ITEM, TIER))
    if item == STRING and maker.random.random() < 0.5:
        return nodes.Binary(BOOL, "in", maker.expr(STRING, depth), maker.expr(STRING, depth))
    if item == INT and maker.random.random() < 0.3:
        return nodes.Binary(BOOL, "in", maker.expr(STRING, depth), maker.expr(MapOf(INT), depth))
    return nodes.Binary(BOOL, "in", maker.expr(item, depth), maker.expr(ListOf(item), depth))


def _logic(maker: Maker, _kind: Type, depth: int) -> nodes.Expr:
    choice = maker.random.randrange(3)
    if choice == 0:
        return nodes.And(BOOL, maker.expr(BOOL, depth), maker.expr(BOOL, depth))
    if choice == 1:
        return nodes.Or(BOOL, maker.expr(BOOL, depth), maker.expr(BOOL, depth))
    return nodes.Unary(BOOL, "not", maker.expr(BOOL, depth))


def _is_none(maker: Maker, _kind: Type, depth: int) -> nodes.Expr:
    kind = maker.random.choice((Opt(INT), Opt(STRING), Opt(FLOAT)))
    return nodes.IsNone(BOOL, maker.expr(kind, depth))


def _is_variant(maker: Maker, _kind: Type, depth: int) -> nodes.Expr:
    variants = (ITEM, OTHER, INT, STRING, ListOf(INT))
    index = maker.random.randrange(5)
    return nodes.IsVariant(BOOL, maker.expr(CHOICE, depth), variants[index], index)


def _divided(maker: Maker, kind: Type, depth: int) -> nodes.Expr:
    source = maker.random.choice((INT, BIGINT))
    return nodes.Binary(kind, "div", maker.expr(source, depth), maker.expr(source, depth))


def _with(maker: Maker, kind: Type, depth: int) -> nodes.Expr:
    fields = [
        ("price", maker.kept(MONEY, depth)),
        ("count", maker.expr(INT, depth)),
        ("note", maker.expr(Opt(STRING), depth)),
        ("sparse", maker.expr(Opt(INT), depth)),
    ]
    chosen = tuple(maker.random.sample(fields, maker.random.randrange(1, 4)))
    return nodes.WithFields(kind, maker.expr(kind, depth), chosen)


def _time_op(op: str, left: Type, right: Type) -> Any:
    def make(maker: Maker, kind: Type, depth: int) -> nodes.Expr:
        return nodes.Binary(kind, op, maker.expr(left, depth), maker.expr(right, depth))  # type: ignore[arg-type]

    return make


def _some(maker: Maker, kind: Type, depth: int) -> nodes.Expr:
    assert isinstance(kind, Opt)
    return nodes.Convert(kind, maker.expr(kind.inner, depth))


def _constant(maker: Maker, kind: Type, depth: int) -> nodes.Expr:
    return maker.constant(kind, depth)


_NUMERIC = (INT, FLOAT, ANY_DECIMAL, BIGINT)
_MAKERS: dict[Any, list[Any]] = {
    INT: [
        _binary("add", "sub", "mul", "floordiv", "mod"),
        _binary("add", "sub", "mul", "floordiv", "mod"),
        _unary,
        _field_of("count"),
        *(_convert(kind) for kind in (BIGINT, FLOAT, ANY_DECIMAL, STRING)),
        *(_builtin(name, kind) for name in ("round", "floor", "ceil", "sign") for kind in _NUMERIC),
        _builtin("abs", INT),
        _builtin("round", INT, INT),
        _builtin("clamp", INT, INT, INT),
        _builtin("pow", INT, INT),
        _builtin("min", INT, INT),
        _builtin("max", INT, INT, INT),
        _builtin("sum", ListOf(INT)),
        _builtin("length", STRING),
        _builtin("length", ListOf(FLOAT)),
        _builtin("length", MapOf(INT)),
        _builtin("count", ListOf(STRING)),
        _builtin("max", ListOf(INT)),
        _builtin("weekday", DATE),
        _builtin("day_of_year", DATETIME),
        _builtin("year", DATETIME),
        _builtin("hour", TIME),
        _builtin("months_between", DATE, DATE),
        _builtin("years_between", DATE, DATE),
        _builtin("days_between", DATE, DATE),
        _fold("sum", INT, INT),
        _fold("count", STRING, INT),
        _fold("max", ITEM, INT),
        lambda maker, kind, depth: nodes.Item(
            kind, maker.expr(MapOf(INT), depth), maker.expr(STRING, depth)
        ),
    ],
    BIGINT: [
        _binary("add", "sub", "mul", "floordiv", "mod"),
        _unary,
        *(_convert(kind) for kind in (INT, FLOAT, ANY_DECIMAL, STRING)),
        _builtin("abs", BIGINT),
        _builtin("pow", BIGINT, INT),
        _builtin("round", BIGINT, INT),
    ],
    FLOAT: [
        _binary("add", "sub", "mul", "div", "floordiv", "mod"),
        _binary("add", "sub", "mul", "div"),
        _unary,
        _divided,
        _field_of("weight"),
        *(_convert(kind) for kind in (INT, BIGINT, ANY_DECIMAL, STRING)),
        *(_builtin(name, FLOAT) for name in ("abs", "sqrt", "exp", "log", "log10")),
        _builtin("pow", FLOAT, FLOAT),
        _builtin("round", FLOAT, INT),
        _builtin("clamp", FLOAT, FLOAT, FLOAT),
        _builtin("min", FLOAT, FLOAT),
        _builtin("max", FLOAT, FLOAT),
        _builtin("min", ListOf(FLOAT)),
        _builtin("sum", ListOf(FLOAT)),
        _builtin("avg", ListOf(FLOAT)),
        _builtin("avg", ListOf(INT)),
        _builtin("total_hours", DURATION),
        _fold("sum", FLOAT, FLOAT),
        _fold("avg", ITEM, FLOAT),
        _fold("max", FLOAT, FLOAT),
        _fold("avg", INT, BIGINT),
    ],
    ANY_DECIMAL: [
        _binary("add", "sub", "mul", "div", "floordiv", "mod"),
        _binary("add", "sub", "mul", "div"),
        _unary,
        *(_convert(kind) for kind in (INT, BIGINT, FLOAT, STRING)),
        _builtin("abs", ANY_DECIMAL),
        _builtin("round", ANY_DECIMAL, INT),
        _builtin("sqrt", ANY_DECIMAL),
        _builtin("pow", ANY_DECIMAL, INT),
        _builtin("min", ANY_DECIMAL, ANY_DECIMAL),
        _builtin("sum", ListOf(MONEY)),
        _builtin("avg", ListOf(MONEY)),
        _fold("sum", INT, ANY_DECIMAL),
        _fold("avg", ITEM, ANY_DECIMAL),
        _fold("min", INT, ANY_DECIMAL),
        lambda maker, _kind, depth: nodes.Field(MONEY, maker.expr(ITEM, depth), "price"),
        lambda maker, _kind, depth: nodes.Quantise(RATE, maker.expr(ANY_DECIMAL, depth)),
    ],
    BOOL: [
        _compare,
        _mixed,
        _equal,
        _membership,
        _logic,
        _logic,
        _is_none,
        _is_variant,
        _builtin("is_nan", FLOAT),
        _builtin("is_finite", FLOAT),
        _builtin("starts_with", STRING, STRING),
        _builtin("contains", ListOf(FLOAT), FLOAT),
        _builtin("contains", STRING, STRING),
        _builtin("has", MapOf(INT), STRING),
        _fold("any", INT, BOOL),
        _fold("all", ITEM, BOOL),
    ],
    STRING: [
        _binary("add"),
        *(_convert(kind) for kind in (INT, BIGINT, FLOAT, ANY_DECIMAL, BOOL, TIER, *TIMES)),
        _field_of("name", OTHER),
        *(_builtin(name, STRING) for name in ("lower", "upper", "trim")),
        _builtin("substring", STRING, INT),
        _builtin("substring", STRING, INT, INT),
        _builtin("replace", STRING, STRING, STRING),
        _builtin("pad_left", STRING, INT, STRING),
        _builtin("join", ListOf(STRING), STRING),
        _builtin("max", ListOf(STRING)),
        _builtin("min", STRING, STRING),
    ],
    TIER: [_field_of("tier")],
    DATE: [
        _time_op("add", DATE, DURATION),
        _time_op("sub", DATE, DURATION),
        _builtin("date", INT, INT, INT),
        _builtin("add_months", DATE, INT),
        _builtin("add_years", DATE, INT),
        _builtin("end_of_month", DATE),
        _builtin("start_of_month", DATE),
        _convert(DATETIME),
        _convert(STRING),
        _fold("max", INT, DATE),
    ],
    TIME: [
        _builtin("time", INT, INT, INT),
        _convert(DATETIME),
        _builtin("max", TIME, TIME),
        _builtin("clamp", TIME, TIME, TIME),
        _fold("min", INT, TIME),
    ],
    DATETIME: [
        _time_op("add", DATETIME, DURATION),
        _time_op("sub", DATETIME, DURATION),
        _builtin("datetime", DATE, TIME),
        _builtin("add_months", DATETIME, INT),
        _builtin("min", DATETIME, DATETIME),
        lambda _maker, kind, _depth: nodes.Now(kind),
    ],
    DURATION: [
        _time_op("sub", DATETIME, DATETIME),
        _time_op("sub", DATE, DATE),
        _binary("add", "sub"),
        _unary,
        *(_builtin(name, INT) for name in ("weeks", "hours", "milliseconds")),
        _builtin("abs", DURATION),
        _fold("sum", INT, DURATION),
        _fold("avg", INT, DURATION),
    ],
    ListOf: [
        _comprehend,
        _comprehend,
        _constant,
        _binary("add"),
        lambda maker, kind, depth: nodes.Builtin(kind, "reversed", (maker.expr(kind, depth),)),
        lambda maker, kind, depth: nodes.Builtin(kind, "distinct", (maker.expr(kind, depth),)),
        lambda maker, kind, depth: nodes.Builtin(
            kind, "slice", (maker.expr(kind, depth), maker.expr(INT, depth))
        ),
        lambda maker, kind, depth: (
            maker.constant(kind, depth)
            if kind.item in {ITEM, TIER}
            else nodes.Builtin(kind, "sorted", (maker.expr(kind, depth),))
        ),
    ],
    MapOf: [_constant, _builtin("merge", MapOf(INT), MapOf(INT))],
    ITEM: [_constant, _constant, _with, _field_of("item", OTHER)],
    OTHER: [_constant],
    Opt(INT): [
        _some,
        _field_of("sparse"),
        _builtin("index_of", ListOf(FLOAT), FLOAT),
        _builtin("index_of", STRING, STRING),
        _builtin("get", MapOf(INT), STRING),
        _builtin("first", ListOf(INT)),
        _fold("first", INT, INT),
    ],
    Opt(FLOAT): [_some, _builtin("last", ListOf(FLOAT))],
    Opt(STRING): [_some, _field_of("note"), _field_of("class")],
    Opt: [_some],
    CHOICE: [_constant],
}
