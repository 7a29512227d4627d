"""Random values of those types, often extreme ones."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from hyper.ir.interpreter.values import EnumValue, Record
from hyper.lang.types import (
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
from tests.meaning.data import ITEM, MONEY, OTHER, RATE, TIER

if TYPE_CHECKING:
    from random import Random

INTS = (0, 1, -1, 2, 3, 7, -10, 100, 2**31, 2**53 + 1, 2**63 - 1, -(2**63), -(2**63) + 1)
BIGINTS = (*INTS, 2**64, -(2**70), 10**40, 10**400)
FLOATS = (0.0, -0.0, 1.0, -1.5, 0.1, 2.5, 1e16, 5e-324, 1.7e308, math.inf, -math.inf, math.nan)
DECIMALS = ("0", "0.00", "1", "-1.5", "0.005", "2.675", "-0.01", "9999999999.99", "12345.678")
STRINGS = ("", "a", "Ab", " x ", "é", "😀", "a,b", "12", "-7", "1.5", '"q"', "x" * 20, "ß\n")
WORDS = ("a", "b", "é")
ZONES = (UTC, timezone(timedelta(hours=5, minutes=30)), timezone(timedelta(hours=-11)))


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
        case Entity("data.Part"):
            return _part(random)
        case Entity("data.Basket"):
            return _basket(random)
        case Entity():
            return Record("data.Other", {"name": value(random, STRING), "item": _item(random)})
        case Union():
            return value(random, random.choice((ITEM, OTHER, INT, STRING, ListOf(INT))), depth)
    return _scalar(random, kind)


def calm(random: Random, kind: Type) -> Any:
    """A random value of a type, mostly one with which little goes wrong."""
    if random.random() < 0.2:
        return value(random, kind)
    match kind:
        case Opt(inner):
            return None if random.random() < 0.4 else calm(random, inner)
        case ListOf(item):
            return [calm(random, item) for _ in range(random.choice((1, 2, 3, 5)))]
        case Dec(_, scale):
            return Decimal(random.randrange(1, 500) * 10 ** max(0, scale - 2)).scaleb(-scale)
    if kind == INT:
        return random.randrange(1, 12)
    if kind == FLOAT:
        return random.choice((0.1, 0.5, 1.0, 2.5)) * random.randrange(1, 20)
    if kind == DATE:
        return date(2000, 1, 1) + timedelta(random.randrange(9_000))
    return value(random, kind)


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


def _part(random: Random) -> Record:
    fields: dict[str, Any] = {
        "count": random.choice((-3, 0, 1, 7, 1000)),
        "price": max(value(random, MONEY), Decimal("-99999999.50")),
        "weight": value(random, FLOAT),
        "share": random.choice((0.0, 0.25, 0.1, 0.9999999)),
        "tier": value(random, TIER),
        "on": value(random, DATE),
    }
    if random.random() < 0.5:
        fields["limit"] = random.choice((5, 2**63 - 1, 17))
    fields["rate"] = value(random, Opt(RATE))
    fields["label"] = value(random, STRING)
    return Record("data.Part", fields)


def _basket(random: Random) -> Record:
    fields: dict[str, Any] = {"chosen": _part(random)}
    if random.random() < 0.5:
        fields["spare"] = _part(random)
    fields["other"] = None if random.random() < 0.5 else _part(random)
    fields["parts"] = [_part(random) for _ in range(random.choice((0, 1, 2, 5)))]
    rows = random.choice((0, 1, 3))
    fields["grid"] = [value(random, ListOf(INT)) for _ in range(rows)]
    fields["weights"] = value(random, ListOf(FLOAT))
    return Record("data.Basket", fields)


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
