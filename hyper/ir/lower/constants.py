"""Exact values as constants of a type."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any

import msgspec

from hyper.ir import nodes
from hyper.ir.lower.conversions import quantised
from hyper.lang.check.exact import as_decimal
from hyper.lang.check.relations import FLEX_INT, FLEX_NUM, FLEX_TEXT, union_place, variants_of
from hyper.lang.check.texts import canonical
from hyper.lang.check.typed import MemberRef
from hyper.lang.types import (
    ANY,
    BIGINT,
    BOOL,
    FLOAT,
    INT,
    STRING,
    Dec,
    Enum,
    ListOf,
    Lit,
    MapOf,
    Opt,
    Prim,
    Type,
    Union,
)

if TYPE_CHECKING:
    from hyper.lang.symbols import World


def constant(value: Any, kind: Type, world: World) -> nodes.Expr:
    """The constant of an exact value (see ``check.exact``) at a type that it fits."""
    if isinstance(kind, Opt):
        return nodes.Const(kind, "null") if value is None else constant(value, kind.inner, world)
    if isinstance(value, MemberRef):
        return nodes.EnumConst(Enum(value.enum), value.member)
    if isinstance(kind, Union):
        return _variant(value, kind, world)
    if kind == ANY or value is None:
        return nodes.Const(kind, _json(value))
    if isinstance(kind, ListOf):
        return nodes.MakeList(kind, tuple(constant(item, kind.item, world) for item in value))
    if isinstance(kind, MapOf):
        entries = tuple(
            (nodes.Const(STRING, encode_basestring(key)), constant(item, kind.value, world))
            for key, item in value.items()
        )
        return nodes.MakeMap(kind, entries)
    return _scalar(value, kind)


def _scalar(value: Any, kind: Type) -> nodes.Expr:
    if isinstance(kind, Lit):
        return nodes.Const(kind, _json(value))
    if isinstance(value, bool):
        return nodes.Const(BOOL, "true" if value else "false")
    if isinstance(value, int | Fraction | Decimal):
        return number(value, kind)
    if isinstance(kind, Prim) and kind != STRING:
        text = canonical(kind.name, value)
        return nodes.Const(kind, value if text is None else text)
    return nodes.Const(STRING, encode_basestring(value))


def number(value: int | Fraction | Decimal, kind: Type, *, negative: bool = False) -> nodes.Expr:
    """A number as a constant. ``negative`` is a minus sign before it, which a float zero keeps."""
    if negative:
        value = -value
    if kind == FLOAT:
        near = float(value)
        return nodes.Const(FLOAT, (-abs(near) if negative and not near else near).hex())
    if isinstance(kind, Dec):
        exact = value if isinstance(value, Decimal) else as_decimal(value)
        text = format(exact or abs(exact), "f")
        made = nodes.Const(Dec(0, 0), text)
        if not kind.precision:
            return made
        return quantised(made, kind) or nodes.Quantise(kind, made)
    whole = int(value)
    if kind == INT and not -(2**63) <= whole < 2**63:
        kind = BIGINT
    return nodes.Const(kind, str(whole))


def _variant(value: Any, kind: Union, world: World) -> nodes.Expr:
    place = union_place(_own(value), kind, world)
    if place is None:
        return nodes.Const(ANY, _json(value))
    variants = variants_of(kind, world)
    for index, variant in enumerate(variants):
        if isinstance(variant, Lit) and variant.value == value:
            place = index
            break
    return nodes.Convert(kind, constant(value, variants[place], world))


def _own(value: Any) -> Type:
    if isinstance(value, bool):
        return BOOL
    if isinstance(value, int):
        return FLEX_INT
    return FLEX_NUM if isinstance(value, Fraction) else FLEX_TEXT


def _json(value: Any) -> str:
    return msgspec.json.encode(_plain(value)).decode()


def _plain(value: Any) -> Any:
    """An exact value as plain JSON data."""
    if isinstance(value, Fraction):
        return float(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value
