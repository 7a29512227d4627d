"""The part of the language that has a native form, for random programs."""

from __future__ import annotations

from typing import Any, Final

from hyper.ir import nodes
from hyper.lang.types import (
    ANY_DECIMAL,
    BOOL,
    DATE,
    DURATION,
    FLOAT,
    INT,
    STRING,
    Dec,
    ListOf,
    MapOf,
    Opt,
    Type,
)
from tests.meaning.data import BASKET, MONEY, PART, RATE, TIER
from tests.meaning.expressions import (
    Dialect,
    Maker,
    binary,
    builtin,
    comprehend,
    constant,
    convert,
    equal,
    field_of,
    fold,
    is_none,
    logic,
    membership,
    mixed,
    some,
    time_op,
    unary,
)
from tests.meaning.expressions import compare as ordered
from tests.meaning.values import calm

GRID: Final = ListOf(ListOf(INT))
LONG: Final = Dec(18, 7)
LARGE: Final = Dec(28, 6)
ALL_DIGITS: Final = Dec(28, 0)


def written(name: str, most: int) -> Any:
    """A builtin of a number and a written number of digits, or the like."""

    def make(maker: Maker, kind: Type, depth: int) -> nodes.Expr:
        count = nodes.Const(INT, str(maker.random.randrange(most)))
        value = maker.expr(
            INT if kind == INT else ANY_DECIMAL if kind == ANY_DECIMAL else kind, depth
        )
        return nodes.Builtin(kind, name, (value, count))

    return make


def with_fields(maker: Maker, kind: Type, depth: int) -> nodes.Expr:
    """An entity with other values."""
    fields = [
        ("price", maker.kept(MONEY, depth)),
        ("count", maker.expr(INT, depth)),
        ("limit", maker.expr(Opt(INT), depth)),
        ("share", maker.expr(FLOAT, depth)),
        ("rate", maker.expr(Opt(RATE), depth)),
    ]
    chosen = tuple(maker.random.sample(fields, maker.random.randrange(1, 4)))
    return nodes.WithFields(kind, maker.expr(kind, depth), chosen)


def of_basket(name: str, at: Type) -> Any:
    """A field of type ``at`` of a basket that is given, or what is made otherwise where none is."""

    def make(maker: Maker, kind: Type, depth: int) -> nodes.Expr:
        known = [found for found, type_ in maker.scope if type_ == BASKET]
        if not known:
            return maker.constant(kind, depth)
        field = nodes.Field(at, nodes.Local(BASKET, maker.random.choice(known)), name)
        if at == kind:
            return field
        return nodes.Item(kind, field, maker.expr(INT, 0))

    return make


def over_grid(maker: Maker, kind: Type, depth: int) -> nodes.Expr:
    """A list of what is made of each list of a list."""
    source = of_basket("grid", GRID)(maker, GRID, depth)
    target = maker.fresh("row")
    maker.scope.append((target, ListOf(INT)))
    element = maker.expr(INT, depth)
    maker.scope.pop()
    return nodes.Comprehend(kind, element, target, source, None)


_NUMBERS = (INT, FLOAT, ANY_DECIMAL)
_MAKERS: Final[dict[Any, list[Any]]] = {
    INT: [
        binary("add", "sub", "mul", "floordiv", "mod"),
        binary("add", "sub", "mul", "floordiv", "mod"),
        unary,
        field_of("count", PART),
        convert(FLOAT),
        convert(ANY_DECIMAL),
        *(builtin(name, kind) for name in ("round", "floor", "ceil", "sign") for kind in _NUMBERS),
        builtin("abs", INT),
        builtin("clamp", INT, INT, INT),
        written("pow", 5),
        written("round", 4),
        builtin("min", INT, INT),
        builtin("max", INT, INT, INT),
        builtin("sum", ListOf(INT)),
        builtin("max", ListOf(INT)),
        builtin("length", ListOf(FLOAT)),
        builtin("count", ListOf(PART)),
        *(builtin(name, DATE) for name in ("weekday", "year", "month", "day", "day_of_year")),
        *(builtin(f"{unit}s_between", DATE, DATE) for unit in ("day", "month", "year")),
        fold("sum", INT, INT),
        fold("count", FLOAT, INT),
        fold("max", PART, INT),
        builtin("length", MapOf(INT)),
        lambda maker, kind, depth: nodes.Item(
            kind, maker.expr(MapOf(INT), depth), maker.expr(STRING, depth)
        ),
    ],
    FLOAT: [
        binary("add", "sub", "mul", "div", "floordiv", "mod"),
        binary("add", "sub", "mul", "div"),
        unary,
        lambda maker, kind, depth: nodes.Binary(
            kind, "div", maker.expr(INT, depth), maker.expr(INT, depth)
        ),
        field_of("weight", PART),
        field_of("share", PART),
        convert(INT),
        *(builtin(name, FLOAT) for name in ("abs", "sqrt", "exp", "log", "log10")),
        builtin("pow", FLOAT, FLOAT),
        written("round", 6),
        *(builtin(f"total_{unit}", DURATION) for unit in ("days", "hours", "seconds")),
        builtin("clamp", FLOAT, FLOAT, FLOAT),
        builtin("min", FLOAT, FLOAT),
        builtin("max", FLOAT, FLOAT),
        builtin("min", ListOf(FLOAT)),
        builtin("sum", ListOf(FLOAT)),
        builtin("avg", ListOf(FLOAT)),
        builtin("avg", ListOf(INT)),
        fold("sum", FLOAT, FLOAT),
        fold("avg", PART, FLOAT),
        fold("max", FLOAT, FLOAT),
        *(convert(kind) for kind in (RATE, MONEY, LONG)),
    ],
    ANY_DECIMAL: [
        binary("add", "sub", "mul"),
        binary("add", "sub", "mul", "div"),
        lambda maker, kind, depth: nodes.Binary(
            kind, "div", maker.expr(kind, depth), maker.constant(kind)
        ),
        builtin("avg", ListOf(MONEY)),
        unary,
        convert(INT),
        builtin("abs", ANY_DECIMAL),
        written("round", 4),
        builtin("min", ANY_DECIMAL, ANY_DECIMAL),
        builtin("sum", ListOf(MONEY)),
        fold("sum", MONEY, ANY_DECIMAL),
        fold("sum", PART, MONEY),
        fold("min", MONEY, ANY_DECIMAL),
        lambda maker, _kind, depth: nodes.Field(MONEY, maker.expr(PART, depth), "price"),
        lambda maker, _kind, depth: nodes.Quantise(RATE, maker.expr(ANY_DECIMAL, depth)),
        lambda maker, kind, depth: nodes.Quantise(
            MONEY, nodes.Binary(kind, "div", maker.expr(kind, depth), maker.expr(kind, depth))
        ),
        lambda maker, kind, depth: nodes.Quantise(
            MONEY, nodes.Builtin(kind, "avg", (maker.expr(ListOf(MONEY), depth),))
        ),
    ],
    BOOL: [
        ordered,
        mixed,
        equal,
        membership,
        logic,
        logic,
        is_none,
        builtin("is_nan", FLOAT),
        builtin("is_finite", FLOAT),
        builtin("is_infinite", FLOAT),
        builtin("contains", ListOf(FLOAT), FLOAT),
        builtin("has", MapOf(INT), STRING),
        fold("any", INT, BOOL),
        fold("all", PART, BOOL),
    ],
    STRING: [field_of("label", PART)],
    TIER: [field_of("tier", PART)],
    DATE: [
        time_op("add", DATE, DURATION),
        time_op("sub", DATE, DURATION),
        builtin("end_of_month", DATE),
        builtin("start_of_month", DATE),
        builtin("add_months", DATE, INT),
        builtin("add_years", DATE, INT),
        builtin("date", INT, INT, INT),
        field_of("on", PART),
        fold("max", PART, DATE),
        lambda _maker, kind, _depth: nodes.Now(kind),
    ],
    ListOf(PART): [of_basket("parts", ListOf(PART)), constant, comprehend, binary("add")],
    ListOf(FLOAT): [of_basket("weights", ListOf(FLOAT)), comprehend, binary("add")],
    ListOf(INT): [of_basket("grid", GRID), over_grid, comprehend, comprehend, binary("add")],
    ListOf: [constant, comprehend, comprehend, binary("add")],
    MapOf: [constant, builtin("merge", MapOf(INT), MapOf(INT))],
    PART: [of_basket("chosen", PART), constant, with_fields],
    Opt(ListOf(INT)): [some, lambda maker, kind, depth: maker.constant(kind, depth)],
    Opt(PART): [of_basket("spare", Opt(PART)), of_basket("other", Opt(PART)), some],
    DURATION: [
        lambda maker, kind, depth: nodes.Binary(
            kind, "sub", maker.expr(DATE, depth), maker.expr(DATE, depth)
        ),
        binary("add", "sub"),
        unary,
        *(builtin(name, INT) for name in ("weeks", "days", "hours", "milliseconds")),
        builtin("abs", DURATION),
        builtin("max", DURATION, DURATION),
        fold("sum", DATE, DURATION),
        fold("avg", INT, DURATION),
    ],
    Opt(INT): [
        some,
        field_of("limit", PART),
        builtin("first", ListOf(INT)),
        builtin("get", MapOf(INT), STRING),
        fold("first", INT, INT),
    ],
    Opt(FLOAT): [some, builtin("last", ListOf(FLOAT))],
    Opt(RATE): [field_of("rate", PART)],
    Opt: [some],
}
_LISTS: Final = tuple(ListOf(kind) for kind in (INT, FLOAT, MONEY, PART))
_KINDS: Final[tuple[Type, ...]] = (
    INT, FLOAT, BOOL, DATE, STRING, TIER, PART, Opt(INT), Opt(FLOAT), Opt(RATE),
)  # fmt: skip
NATIVE: Final = Dialect(
    makers=_MAKERS,
    kinds=(*_KINDS, DURATION, ANY_DECIMAL, ANY_DECIMAL, ListOf(INT), ListOf(FLOAT), ListOf(PART)),
    params=(
        *_KINDS,
        *_LISTS,
        INT,
        FLOAT,
        MONEY,
        MONEY,
        RATE,
        LONG,
        LARGE,
        ALL_DIGITS,
        PART,
        BASKET,
        BASKET,
        BASKET,
    ),
    scalars=(INT, FLOAT, ANY_DECIMAL, BOOL, TIER, DATE, DURATION),
    ordered=(INT, FLOAT, ANY_DECIMAL, DATE, DURATION),
    items=(INT, FLOAT, PART, MONEY, DATE),
    searched=(INT, FLOAT, TIER),
    indexed=(INT, FLOAT, PART),
    elements=(INT, FLOAT, MONEY, TIER, PART),
    options=(Opt(INT), Opt(RATE), Opt(FLOAT), Opt(PART)),
    entity=PART,
    returns=(*_KINDS, INT, FLOAT, MONEY, MONEY, RATE, LONG, LARGE, ALL_DIGITS, ListOf(INT)),
    constants=calm,
)
"""What has a native form, for the most part."""
