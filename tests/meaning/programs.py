"""Random well-typed programs of the IR, and random arguments for them."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from hyper.ir import nodes
from hyper.ir.interpreter.constants import show
from hyper.ir.interpreter.values import EnumValue, Record
from hyper.ir.program import (
    CalcDef,
    DeriveDef,
    EntityDef,
    EnumDef,
    FieldDef,
    MemberDef,
    Module,
    ParamDef,
    Program,
    RequireDef,
    RowDef,
    RuleDef,
    TableDef,
    UnionDef,
)
from hyper.lang.markers import NO_MARKERS, Markers
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

if TYPE_CHECKING:
    from random import Random

MONEY = Dec(12, 2)
RATE = Dec(5, 4)
TIER = Enum("data.Tier")
ITEM = Entity("data.Item")
OTHER = Entity("data.Other")
CHOICE = Union("data.Choice")
SCALARS: tuple[Type, ...] = (INT, BIGINT, FLOAT, ANY_DECIMAL, BOOL, STRING, TIER)
TIMES: tuple[Type, ...] = (DATE, TIME, DATETIME, DURATION)
LISTS: tuple[Type, ...] = tuple(ListOf(kind) for kind in (INT, FLOAT, MONEY, STRING, TIER, ITEM))
ALL: tuple[Type, ...] = (
    *SCALARS,
    *TIMES,
    *LISTS,
    ITEM,
    Opt(INT),
    Opt(FLOAT),
    Opt(STRING),
    MapOf(INT),
    CHOICE,
)
PARAMS: tuple[Type, ...] = tuple(MONEY if kind == ANY_DECIMAL else kind for kind in ALL)

INTS = (0, 1, -1, 2, 3, 7, -10, 100, 2**31, 2**53 + 1, 2**63 - 1, -(2**63), -(2**63) + 1)
BIGINTS = (*INTS, 2**64, -(2**70), 10**40, 10**400)
FLOATS = (0.0, -0.0, 1.0, -1.5, 0.1, 2.5, 1e16, 5e-324, 1.7e308, math.inf, -math.inf, math.nan)
DECIMALS = ("0", "0.00", "1", "-1.5", "0.005", "2.675", "-0.01", "9999999999.99", "12345.678")
STRINGS = ("", "a", "Ab", " x ", "é", "😀", "a,b", "12", "-7", "1.5", '"q"', "x" * 20, "ß\n")
WORDS = ("a", "b", "é")
ZONES = (UTC, timezone(timedelta(hours=5, minutes=30)), timezone(timedelta(hours=-11)))


def data_module() -> Module:
    """The entities and enums that random programs use."""
    members = tuple(
        MemberDef(name, wire, NO_MARKERS, "", 2 + index)
        for index, (name, wire) in enumerate([("gold", "GOLD"), ("silver", "s"), ("none_", "none")])
    )
    item = EntityDef(
        "Item",
        (),
        (
            _field("count", INT, 11, markers=Markers(minimum=0, maximum=1000)),
            _field("price", MONEY, 12),
            _field("weight", FLOAT, 13),
            _field("tier", TIER, 14, default=nodes.EnumConst(TIER, "silver")),
            _field("note", STRING, 15, optional=True, markers=Markers(max_length=5)),
            _field("class", Opt(STRING), 16, wire="Class-Name"),
            _field("tags", ListOf(STRING), 17, default=nodes.MakeList(ListOf(STRING), ())),
            _field("sparse", Opt(INT), 18, optional=True),
        ),
        NO_MARKERS,
        None,
        'An "item" \\ of data.',
        10,
    )
    other = EntityDef(
        "Other",
        (),
        (_field("name", STRING, 21), _field("item", ITEM, 22)),
        NO_MARKERS,
        None,
        "",
        20,
    )
    choice = UnionDef(
        "Choice", False, (ITEM, OTHER, INT, STRING, ListOf(INT)), None, (), NO_MARKERS, "", 30
    )
    enum = EnumDef("Tier", members, NO_MARKERS, "", 1)
    return Module("data", "data.intent", "Data.", (), (enum, item, other, choice))


def _field(
    name: str,
    kind: Type,
    line: int,
    *,
    wire: str | None = None,
    optional: bool = False,
    default: nodes.Expr | None = None,
    markers: Markers = NO_MARKERS,
) -> FieldDef:
    return FieldDef(name, wire or name, kind, optional, default, markers, "", line)


# Values


def value(random: Random, kind: Type, depth: int = 0) -> Any:
    """A random value of a type, often an extreme one."""
    match kind:
        case Opt(inner):
            return None if random.random() < 0.4 else value(random, inner, depth)
        case ListOf(item):
            return [value(random, item, depth + 1) for _ in range(random.choice((0, 1, 2, 4)))]
        case MapOf(item):
            keys = random.sample(WORDS, random.randrange(3))
            return {key: value(random, item, depth + 1) for key in keys}
        case Dec(precision, scale):
            if not precision:
                precision, scale = 12, 2
            exact = Decimal(random.choice(DECIMALS))
            if random.random() < 0.5:
                exact = Decimal(random.randrange(-(10**precision) + 1, 10**precision)).scaleb(
                    -scale
                )
            whole = exact.quantize(Decimal(1).scaleb(-scale))
            whole = whole if abs(whole) < 10 ** (precision - scale) else Decimal(1).scaleb(-scale)
            return whole or abs(whole)
        case Enum():
            name, wire = random.choice([("gold", "GOLD"), ("silver", "s"), ("none_", "none")])
            return EnumValue("data.Tier", name, wire)
        case Entity("data.Item"):
            return _item(random)
        case Entity():
            return Record("data.Other", {"name": value(random, STRING), "item": _item(random)})
        case Union():
            return value(random, random.choice((ITEM, OTHER, INT, STRING, ListOf(INT))), depth)
    return _scalar(random, kind)


def _item(random: Random) -> Record:
    fields: dict[str, Any] = {
        "count": random.choice((0, 1, 7, 1000)),
        "price": value(random, MONEY),
        "weight": value(random, FLOAT),
        "tier": value(random, TIER),
    }
    if random.random() < 0.5:
        fields["note"] = random.choice(("", "abc"))
    fields["class"] = value(random, Opt(STRING))
    fields["tags"] = value(random, ListOf(STRING))
    if random.random() < 0.6:
        fields["sparse"] = value(random, Opt(INT))
    return Record("data.Item", fields)


def _scalar(random: Random, kind: Type) -> Any:
    if kind == INT:
        return random.choice(INTS) if random.random() < 0.6 else random.randrange(-50, 50)
    if kind == BIGINT:
        return random.choice(BIGINTS)
    if kind == FLOAT:
        return random.choice(FLOATS) if random.random() < 0.6 else random.uniform(-100, 100)
    if kind == BOOL:
        return random.random() < 0.5
    if kind == STRING:
        return random.choice(STRINGS)
    if kind == DATE:
        return random.choice((date.min, date.max, date(2024, 2, 29), date(2023, 12, 31)))
    if kind == TIME:
        zone = random.choice((None, *ZONES))
        return random.choice((time(0, 0), time(23, 59, 59, 999999), time(12, 30))).replace(
            tzinfo=zone
        )
    if kind == DATETIME:
        zone = random.choice(ZONES)
        moments = (datetime(1, 1, 2), datetime(9999, 12, 30, 23), datetime(2024, 2, 29, 1, 2, 3, 4))  # noqa: DTZ001
        return random.choice(moments).replace(tzinfo=zone)
    if kind == DURATION:
        return random.choice(
            (
                timedelta(),
                timedelta(days=1, microseconds=1),
                timedelta(hours=-5),
                timedelta.max,
                timedelta.min,
                timedelta(days=400, seconds=5),
            )
        )
    return UUID(int=random.getrandbits(128))


# Expressions


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


# Functions


class Functions:
    """Makes the functions of one module, each on lines of its own."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.line = 100
        self.calls: list[tuple[str, tuple[Type, ...], Type]] = []

    def next_line(self) -> int:
        """A line that nothing else has."""
        self.line += 1
        return self.line

    def _params(self) -> tuple[ParamDef, ...]:
        count = self.random.randrange(1, 5)
        names = self.random.sample(("a", "b", "list", "class", "data", "x_1", "Decimal"), count)
        return tuple(ParamDef(name, self.random.choice(PARAMS)) for name in names)

    def calc(self, name: str, depth: int) -> CalcDef:
        """A calc with a few statements."""
        line = self.next_line()
        maker = Maker(self.random, self.calls)
        params = self._params()
        maker.scope = [(param.name, param.type) for param in params]
        returns = self.random.choice(PARAMS)
        body = self._block(maker, returns, depth, nesting=2)
        made = CalcDef(name, params, returns, body, True, False, NO_MARKERS, 'Doc """ \\n', line)
        self.calls.append((f"main.{name}", tuple(param.type for param in params), returns))
        return made

    def _block(
        self, maker: Maker, returns: Type, depth: int, nesting: int
    ) -> tuple[nodes.Stmt, ...]:
        stmts: list[nodes.Stmt] = []
        known = len(maker.scope)
        for _ in range(self.random.randrange(3)):
            stmts += self._statement(maker, depth, nesting)
        if nesting and self.random.random() < 0.4:
            branch = nodes.Branch(
                maker.expr(BOOL, depth),
                self._block(maker, returns, depth, nesting - 1),
                self.next_line(),
            )
            orelse = self._block(maker, returns, depth, nesting - 1)
            stmts.append(nodes.If((branch,), orelse, branch.line))
        else:
            stmts.append(nodes.Return(maker.kept(returns, depth), self.next_line()))
        del maker.scope[known:]
        return tuple(stmts)

    def _statement(self, maker: Maker, depth: int, nesting: int) -> list[nodes.Stmt]:
        kind = self.random.choice(ALL)
        name = maker.fresh("v")
        line = self.next_line()
        choice = self.random.randrange(3)
        value = maker.expr(kind, depth)
        kind = value.type if kind == ANY_DECIMAL else kind
        if choice == 0 or not nesting:
            maker.scope.append((name, kind))
            return [nodes.Let(name, kind, value, line)]
        declared = nodes.Assign(name, kind, value, line, True)
        maker.scope.append((name, kind))
        if isinstance(kind, Dec):
            return [declared]
        known = len(maker.scope)
        if choice == 1:
            return [
                declared,
                nodes.Assign(name, kind, maker.expr(kind, depth), self.next_line(), False),
            ]
        source = maker.expr(ListOf(INT), depth)
        target = maker.fresh("i")
        maker.scope.append((target, INT))
        inner = nodes.Assign(name, kind, maker.expr(kind, depth), self.next_line(), False)
        branch = nodes.Branch(maker.expr(BOOL, depth), (inner,), self.next_line())
        body: tuple[nodes.Stmt, ...] = (nodes.If((branch,), (), branch.line),)
        del maker.scope[known:]
        return [declared, nodes.For(target, source, body, self.next_line())]

    def table(self, name: str, depth: int) -> TableDef:
        """A table of any policy."""
        line = self.next_line()
        maker = Maker(self.random, self.calls)
        params = self._params()
        maker.scope = [(param.name, param.type) for param in params]
        policy: Any = self.random.choice(
            ("first", "priority", "collect", "collect sum", "collect min", "collect count")
        )
        element: Type = self.random.choice((INT, FLOAT, STRING, MONEY, ITEM))
        if policy == "priority":
            element = TIER
        elif policy in {"collect sum", "collect min"}:
            element = self.random.choice((INT, FLOAT))
        returns = element
        if policy == "collect":
            returns = ListOf(element)
        elif policy == "collect count":
            returns = INT
        rows = tuple(self._row(maker, element, depth) for _ in range(self.random.randrange(1, 5)))
        made = TableDef(
            name, params, returns, element, policy, rows, True, False, NO_MARKERS, "", line
        )
        self.calls.append((f"main.{name}", tuple(param.type for param in params), returns))
        return made

    def _row(self, maker: Maker, element: Type, depth: int) -> RowDef:
        count = self.random.randrange(3)
        conditions = tuple(maker.expr(BOOL, depth) for _ in range(count))
        return RowDef(conditions, maker.kept(element, depth), self.next_line())

    def rule(self, name: str, depth: int) -> RuleDef:
        """A rule over ``Item``."""
        line = self.next_line()
        maker = Maker(self.random, self.calls)
        maker.scope = [("self", ITEM)]
        clauses: list[RequireDef | DeriveDef] = []
        for _ in range(self.random.randrange(1, 4)):
            condition = maker.expr(BOOL, depth)
            if self.random.random() < 0.4:
                clauses.append(RequireDef(condition, 'no "way"\n', self.next_line()))
                continue
            fields = (("count", maker.expr(INT, depth)), ("price", maker.kept(MONEY, depth)))
            clauses.append(DeriveDef(condition, fields, self.next_line()))
        return RuleDef(name, "data.Item", tuple(clauses), (), (), True, False, NO_MARKERS, "", line)


def program(random: Random, calcs: int = 6, depth: int = 3) -> Program:
    """A random program of two modules."""
    functions = Functions(random)
    made: list[CalcDef | TableDef | RuleDef] = []
    for index in range(calcs):
        choice = random.random()
        if choice < 0.7:
            made.append(functions.calc(f"calc_{index}", depth))
        elif choice < 0.85:
            made.append(functions.table(f"table_{index}", depth))
        else:
            made.append(functions.rule(f"rule_{index}", depth))
    return Program([data_module(), Module("main", "main.intent", "", ("data",), tuple(made))])
