"""Random well-typed expressions of the IR."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

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
from tests.meaning.data import (
    ALL,
    BASKET,
    CHOICE,
    ITEM,
    MONEY,
    OTHER,
    PARAMS,
    PART,
    RATE,
    SCALARS,
    TIER,
    TIMES,
)
from tests.meaning.values import DECIMALS, WORDS, value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from random import Random


_HALF: Final = nodes.Const(FLOAT, (0.5).hex())
Call: TypeAlias = tuple[str, tuple[Type, ...], Type]
"""A function that may be called: its name, the types of its parameters, and what it returns."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """The part of the language that random programs are of. ``makers`` are by type, or by the class of a type."""

    makers: Mapping[Any, Sequence[Any]]
    kinds: tuple[Type, ...]
    """Of variables, and of what is compared for equality."""
    params: tuple[Type, ...]
    scalars: tuple[Type, ...]
    ordered: tuple[Type, ...]
    items: tuple[Type, ...]
    """Of lists that comprehensions go through."""
    searched: tuple[Type, ...]
    """Of items that are looked for."""
    indexed: tuple[Type, ...]
    elements: tuple[Type, ...]
    """Of results of tables."""
    options: tuple[Type, ...]
    entity: Entity
    """That rules are on: it has ``count``, an int, and ``price``, of ``MONEY``."""
    returns: tuple[Type, ...] = ()
    """Of calcs; none for those of ``params``."""
    constants: Callable[[Random, Type], Any] = value


class Maker:
    """Makes expressions of one function. ``calls`` are the functions that may be called."""

    def __init__(self, random: Random, calls: list[Call], dialect: Dialect) -> None:
        self.random = random
        self.calls = calls
        self.dialect = dialect
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
        known = self.dialect.makers
        makers = known.get(kind) or known.get(type(kind))
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
                return nodes.Const(kind, show(kind, self.dialect.constants(self.random, kind)))

    def record(self, kind: Type, depth: int) -> nodes.Expr:
        """A record built."""
        if kind == OTHER:
            parts = (("name", self.expr(STRING, depth - 1)), ("item", self.expr(ITEM, depth - 1)))
            return nodes.MakeRecord(kind, parts)
        if kind == PART:
            return self._part(depth)
        if kind == BASKET:
            return self._basket(depth)
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

    def _basket(self, depth: int) -> nodes.Expr:
        fields = (
            ("chosen", self.expr(PART, depth - 1)),
            ("other", nodes.Const(Opt(PART), "null")),
            ("parts", self.expr(ListOf(PART), depth - 1)),
            ("grid", nodes.MakeList(ListOf(ListOf(INT)), ())),
            ("weights", self.expr(ListOf(FLOAT), depth - 1)),
        )
        return nodes.MakeRecord(BASKET, fields)

    def _part(self, depth: int) -> nodes.Expr:
        share = self.expr(FLOAT, 0) if self.random.random() < 0.5 else _HALF
        fields = [
            ("count", self.expr(INT, 0)),
            ("price", self.kept(MONEY, depth - 1)),
            ("weight", self.expr(FLOAT, depth - 1)),
            ("share", share),
            ("rate", self.expr(Opt(RATE), depth - 1)),
        ]
        for name, kind in (("tier", TIER), ("on", DATE), ("limit", Opt(INT)), ("label", STRING)):
            if self.random.random() < 0.4:
                fields.append((name, self.expr(kind, depth - 1)))
        self.random.shuffle(fields)
        return nodes.MakeRecord(PART, tuple(fields))

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
        if choice == 2 and kind in self.dialect.indexed:
            index = self.expr(INT, 0 if self.random.random() < 0.7 else shallow)
            if self.random.random() < 0.5:
                index = nodes.Const(INT, self.random.choice("012"))
            return nodes.Item(kind, self.expr(ListOf(kind), shallow), index)
        if choice == 3:
            inner = self.random.choice(self.dialect.scalars)
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


def binary(*ops: str) -> Any:
    def make(maker: Maker, kind: Type, depth: int) -> nodes.Expr:
        op = maker.random.choice(ops)
        return nodes.Binary(kind, op, maker.expr(kind, depth), maker.expr(kind, depth))  # type: ignore[arg-type]

    return make


def unary(maker: Maker, kind: Type, depth: int) -> nodes.Expr:
    return nodes.Unary(kind, "neg", maker.expr(kind, depth))


def builtin(name: str, *kinds: Type) -> Any:
    def make(maker: Maker, kind: Type, depth: int) -> nodes.Expr:
        return nodes.Builtin(kind, name, tuple(maker.expr(param, depth) for param in kinds))

    return make


def convert(source: Type) -> Any:
    return lambda maker, kind, depth: nodes.Convert(kind, maker.expr(source, depth))


def field_of(name: str, base: Type = ITEM) -> Any:
    return lambda maker, kind, depth: nodes.Field(kind, maker.expr(base, depth), name)


def fold(op: str, item: Type, element: Type) -> Any:
    def make(maker: Maker, kind: Type, depth: int) -> nodes.Expr:
        made, target, source, condition = maker.generator(item, depth, element)
        return nodes.Fold(kind, op, made, target, source, condition)

    return make


def comprehend(maker: Maker, kind: Type, depth: int) -> nodes.Expr:
    assert isinstance(kind, ListOf)
    item = maker.random.choice(maker.dialect.items)
    made, target, source, condition = maker.generator(item, depth, kind.item)
    return nodes.Comprehend(kind, made, target, source, condition)


def compare(maker: Maker, _kind: Type, depth: int) -> nodes.Expr:
    kind = maker.random.choice(maker.dialect.ordered)
    op = maker.random.choice(("lt", "le", "gt", "ge"))
    return nodes.Binary(BOOL, op, maker.expr(kind, depth), maker.expr(kind, depth))  # type: ignore[arg-type]


def mixed(maker: Maker, _kind: Type, depth: int) -> nodes.Expr:
    op = maker.random.choice(("lt", "le", "gt", "ge", "eq", "ne"))
    left, right = maker.expr(INT, depth), maker.expr(FLOAT, depth)
    return nodes.Binary(BOOL, op, left, right)  # type: ignore[arg-type]


def equal(maker: Maker, _kind: Type, depth: int) -> nodes.Expr:
    kind = maker.random.choice(maker.dialect.kinds)
    op = maker.random.choice(("eq", "ne"))
    return nodes.Binary(BOOL, op, maker.expr(kind, depth), maker.expr(kind, depth))  # type: ignore[arg-type]


def membership(maker: Maker, _kind: Type, depth: int) -> nodes.Expr:
    item = maker.random.choice(maker.dialect.searched)
    if item == STRING and maker.random.random() < 0.5:
        return nodes.Binary(BOOL, "in", maker.expr(STRING, depth), maker.expr(STRING, depth))
    if item == INT and maker.random.random() < 0.3:
        return nodes.Binary(BOOL, "in", maker.expr(STRING, depth), maker.expr(MapOf(INT), depth))
    return nodes.Binary(BOOL, "in", maker.expr(item, depth), maker.expr(ListOf(item), depth))


def logic(maker: Maker, _kind: Type, depth: int) -> nodes.Expr:
    choice = maker.random.randrange(3)
    if choice == 0:
        return nodes.And(BOOL, maker.expr(BOOL, depth), maker.expr(BOOL, depth))
    if choice == 1:
        return nodes.Or(BOOL, maker.expr(BOOL, depth), maker.expr(BOOL, depth))
    return nodes.Unary(BOOL, "not", maker.expr(BOOL, depth))


def is_none(maker: Maker, _kind: Type, depth: int) -> nodes.Expr:
    kind = maker.random.choice(maker.dialect.options)
    return nodes.IsNone(BOOL, maker.expr(kind, depth))


def is_variant(maker: Maker, _kind: Type, depth: int) -> nodes.Expr:
    variants = (ITEM, OTHER, INT, STRING, ListOf(INT))
    index = maker.random.randrange(5)
    return nodes.IsVariant(BOOL, maker.expr(CHOICE, depth), variants[index], index)


def divided(maker: Maker, kind: Type, depth: int) -> nodes.Expr:
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


def time_op(op: str, left: Type, right: Type) -> Any:
    def make(maker: Maker, kind: Type, depth: int) -> nodes.Expr:
        return nodes.Binary(kind, op, maker.expr(left, depth), maker.expr(right, depth))  # type: ignore[arg-type]

    return make


def some(maker: Maker, kind: Type, depth: int) -> nodes.Expr:
    assert isinstance(kind, Opt)
    return nodes.Convert(kind, maker.expr(kind.inner, depth))


def constant(maker: Maker, kind: Type, depth: int) -> nodes.Expr:
    return maker.constant(kind, depth)


_NUMERIC = (INT, FLOAT, ANY_DECIMAL, BIGINT)
_MAKERS: dict[Any, list[Any]] = {
    INT: [
        binary("add", "sub", "mul", "floordiv", "mod"),
        binary("add", "sub", "mul", "floordiv", "mod"),
        unary,
        field_of("count"),
        *(convert(kind) for kind in (BIGINT, FLOAT, ANY_DECIMAL, STRING)),
        *(builtin(name, kind) for name in ("round", "floor", "ceil", "sign") for kind in _NUMERIC),
        builtin("abs", INT),
        builtin("round", INT, INT),
        builtin("clamp", INT, INT, INT),
        builtin("pow", INT, INT),
        builtin("min", INT, INT),
        builtin("max", INT, INT, INT),
        builtin("sum", ListOf(INT)),
        builtin("length", STRING),
        builtin("length", ListOf(FLOAT)),
        builtin("length", MapOf(INT)),
        builtin("count", ListOf(STRING)),
        builtin("max", ListOf(INT)),
        builtin("weekday", DATE),
        builtin("day_of_year", DATETIME),
        builtin("year", DATETIME),
        builtin("hour", TIME),
        builtin("months_between", DATE, DATE),
        builtin("years_between", DATE, DATE),
        builtin("days_between", DATE, DATE),
        fold("sum", INT, INT),
        fold("count", STRING, INT),
        fold("max", ITEM, INT),
        lambda maker, kind, depth: nodes.Item(
            kind, maker.expr(MapOf(INT), depth), maker.expr(STRING, depth)
        ),
    ],
    BIGINT: [
        binary("add", "sub", "mul", "floordiv", "mod"),
        unary,
        *(convert(kind) for kind in (INT, FLOAT, ANY_DECIMAL, STRING)),
        builtin("abs", BIGINT),
        builtin("pow", BIGINT, INT),
        builtin("round", BIGINT, INT),
    ],
    FLOAT: [
        binary("add", "sub", "mul", "div", "floordiv", "mod"),
        binary("add", "sub", "mul", "div"),
        unary,
        divided,
        field_of("weight"),
        *(convert(kind) for kind in (INT, BIGINT, ANY_DECIMAL, STRING)),
        *(builtin(name, FLOAT) for name in ("abs", "sqrt", "exp", "log", "log10")),
        builtin("pow", FLOAT, FLOAT),
        builtin("round", FLOAT, INT),
        builtin("clamp", FLOAT, FLOAT, FLOAT),
        builtin("min", FLOAT, FLOAT),
        builtin("max", FLOAT, FLOAT),
        builtin("min", ListOf(FLOAT)),
        builtin("sum", ListOf(FLOAT)),
        builtin("avg", ListOf(FLOAT)),
        builtin("avg", ListOf(INT)),
        builtin("total_hours", DURATION),
        fold("sum", FLOAT, FLOAT),
        fold("avg", ITEM, FLOAT),
        fold("max", FLOAT, FLOAT),
        fold("avg", INT, BIGINT),
    ],
    ANY_DECIMAL: [
        binary("add", "sub", "mul", "div", "floordiv", "mod"),
        binary("add", "sub", "mul", "div"),
        unary,
        *(convert(kind) for kind in (INT, BIGINT, FLOAT, STRING)),
        builtin("abs", ANY_DECIMAL),
        builtin("round", ANY_DECIMAL, INT),
        builtin("sqrt", ANY_DECIMAL),
        builtin("pow", ANY_DECIMAL, INT),
        builtin("min", ANY_DECIMAL, ANY_DECIMAL),
        builtin("sum", ListOf(MONEY)),
        builtin("avg", ListOf(MONEY)),
        fold("sum", INT, ANY_DECIMAL),
        fold("avg", ITEM, ANY_DECIMAL),
        fold("min", INT, ANY_DECIMAL),
        lambda maker, _kind, depth: nodes.Field(MONEY, maker.expr(ITEM, depth), "price"),
        lambda maker, _kind, depth: nodes.Quantise(RATE, maker.expr(ANY_DECIMAL, depth)),
    ],
    BOOL: [
        compare,
        mixed,
        equal,
        membership,
        logic,
        logic,
        is_none,
        is_variant,
        builtin("is_nan", FLOAT),
        builtin("is_finite", FLOAT),
        builtin("starts_with", STRING, STRING),
        builtin("contains", ListOf(FLOAT), FLOAT),
        builtin("contains", STRING, STRING),
        builtin("has", MapOf(INT), STRING),
        fold("any", INT, BOOL),
        fold("all", ITEM, BOOL),
    ],
    STRING: [
        binary("add"),
        *(convert(kind) for kind in (INT, BIGINT, FLOAT, ANY_DECIMAL, BOOL, TIER, *TIMES)),
        field_of("name", OTHER),
        *(builtin(name, STRING) for name in ("lower", "upper", "trim")),
        builtin("substring", STRING, INT),
        builtin("substring", STRING, INT, INT),
        builtin("replace", STRING, STRING, STRING),
        builtin("pad_left", STRING, INT, STRING),
        builtin("join", ListOf(STRING), STRING),
        builtin("max", ListOf(STRING)),
        builtin("min", STRING, STRING),
    ],
    TIER: [field_of("tier")],
    DATE: [
        time_op("add", DATE, DURATION),
        time_op("sub", DATE, DURATION),
        builtin("date", INT, INT, INT),
        builtin("add_months", DATE, INT),
        builtin("add_years", DATE, INT),
        builtin("end_of_month", DATE),
        builtin("start_of_month", DATE),
        convert(DATETIME),
        convert(STRING),
        fold("max", INT, DATE),
    ],
    TIME: [
        builtin("time", INT, INT, INT),
        convert(DATETIME),
        builtin("max", TIME, TIME),
        builtin("clamp", TIME, TIME, TIME),
        fold("min", INT, TIME),
    ],
    DATETIME: [
        time_op("add", DATETIME, DURATION),
        time_op("sub", DATETIME, DURATION),
        builtin("datetime", DATE, TIME),
        builtin("add_months", DATETIME, INT),
        builtin("min", DATETIME, DATETIME),
        lambda _maker, kind, _depth: nodes.Now(kind),
    ],
    DURATION: [
        time_op("sub", DATETIME, DATETIME),
        time_op("sub", DATE, DATE),
        binary("add", "sub"),
        unary,
        *(builtin(name, INT) for name in ("weeks", "hours", "milliseconds")),
        builtin("abs", DURATION),
        fold("sum", INT, DURATION),
        fold("avg", INT, DURATION),
    ],
    ListOf: [
        comprehend,
        comprehend,
        constant,
        binary("add"),
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
    MapOf: [constant, builtin("merge", MapOf(INT), MapOf(INT))],
    ITEM: [constant, constant, _with, field_of("item", OTHER)],
    OTHER: [constant],
    Opt(INT): [
        some,
        field_of("sparse"),
        builtin("index_of", ListOf(FLOAT), FLOAT),
        builtin("index_of", STRING, STRING),
        builtin("get", MapOf(INT), STRING),
        builtin("first", ListOf(INT)),
        fold("first", INT, INT),
    ],
    Opt(FLOAT): [some, builtin("last", ListOf(FLOAT))],
    Opt(STRING): [some, field_of("note"), field_of("class")],
    Opt: [some],
    CHOICE: [constant],
}

WHOLE: Final = Dialect(
    makers=_MAKERS,
    kinds=ALL,
    params=PARAMS,
    scalars=SCALARS,
    ordered=(INT, BIGINT, FLOAT, ANY_DECIMAL, STRING, *TIMES),
    items=(INT, FLOAT, STRING, ITEM, MONEY),
    searched=(INT, FLOAT, STRING, ITEM, TIER),
    indexed=(INT, FLOAT, STRING, TIER, ITEM),
    elements=(INT, FLOAT, STRING, MONEY, ITEM),
    options=(Opt(INT), Opt(STRING), Opt(FLOAT)),
    entity=ITEM,
)
"""All of the language."""
