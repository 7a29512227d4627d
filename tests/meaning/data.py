"""The types that random programs use, and the module that declares them."""

from __future__ import annotations

from decimal import Decimal

from hyper.ir import nodes
from hyper.ir.program import (
    EntityDef,
    EnumDef,
    FieldDef,
    MemberDef,
    Module,
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

MONEY = Dec(12, 2)
RATE = Dec(5, 4)
TIER = Enum("data.Tier")
ITEM = Entity("data.Item")
OTHER = Entity("data.Other")
PART = Entity("data.Part")
"""An entity whose fields all have a native form."""
BASKET = Entity("data.Basket")
"""An entity of entities, lists of them, and lists of lists."""
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
    part = EntityDef(
        "Part",
        (),
        (
            _field("count", INT, 41, markers=Markers(minimum=-3, maximum=1000, format="int32")),
            _field("price", MONEY, 42, markers=Markers(minimum=Decimal("-99999999.5"))),
            _field("weight", FLOAT, 43),
            _field(
                "share", FLOAT, 44, markers=Markers(minimum=0, maximum=1, exclusive_maximum=True)
            ),
            _field("tier", TIER, 45, default=nodes.EnumConst(TIER, "silver")),
            _field("on", DATE, 46, default=nodes.Const(DATE, "2024-02-29")),
            _field("limit", INT, 47, optional=True, markers=Markers(minimum=5)),
            _field("rate", Opt(RATE), 48, wire="Rate-"),
            _field("label", STRING, 49, default=nodes.Const(STRING, '"a"')),
        ),
        NO_MARKERS,
        None,
        "",
        40,
    )
    basket = EntityDef(
        "Basket",
        (),
        (
            _field("chosen", PART, 51),
            _field("spare", PART, 52, optional=True),
            _field("other", Opt(PART), 53),
            _field("parts", ListOf(PART), 54),
            _field("grid", ListOf(ListOf(INT)), 55),
            _field("weights", ListOf(FLOAT), 56, wire="Weights"),
        ),
        NO_MARKERS,
        None,
        "",
        50,
    )
    choice = UnionDef(
        "Choice", False, (ITEM, OTHER, INT, STRING, ListOf(INT)), None, (), NO_MARKERS, "", 30
    )
    enum = EnumDef("Tier", members, NO_MARKERS, "", 1)
    return Module("data", "data.intent", "Data.", (), (enum, item, other, part, basket, choice))


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
