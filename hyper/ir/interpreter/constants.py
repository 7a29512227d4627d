"""Constants of the IR as values, and values as constants of the IR."""

from __future__ import annotations

import base64
import math
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from hyper.ir.interpreter import iso
from hyper.ir.interpreter.conversions import show_decimal
from hyper.ir.interpreter.values import EnumValue, Record, Value
from hyper.ir.nodes import Const, EnumConst, Expr, MakeList, MakeMap, MakeRecord
from hyper.lang.types import (
    ANY,
    ANY_DECIMAL,
    BIGINT,
    BOOL,
    BYTES,
    DATE,
    DATETIME,
    DURATION,
    FLOAT,
    INT,
    NONE,
    STRING,
    TIME,
    UNKNOWN,
    Dec,
    Entity,
    Enum,
    ListOf,
    Lit,
    MapOf,
    Opt,
    Prim,
    Type,
)
from hyper.lang.types import UUID as UUID_TYPE

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.ir.interpreter.shapes import Shapes

_READ: dict[str, Callable[[str], Value]] = {
    "float": float.fromhex,
    "bytes": base64.b64decode,
    "date": iso.read_date,
    "time": iso.read_time,
    "datetime": iso.read_datetime,
    "duration": iso.read_duration,
    "uuid": UUID,
    "url": str,
    "email": str,
}


def read(kind: Type, text: str) -> Value:
    """The value of a ``Const``. ``kind`` is free of aliases and markers of its own."""
    if isinstance(kind, Opt):
        return None if text == "null" else read(kind.inner, text)
    if isinstance(kind, Dec):
        return Decimal(text)
    if isinstance(kind, Prim) and kind.name in _READ:
        return _READ[kind.name](text)
    if kind in {INT, BIGINT}:
        return int(text)
    return msgspec.json.decode(text)


def show(kind: Type, value: Value) -> str:
    """The canonical text of a value in a ``Const`` of that type: ``read`` gives the value back."""
    if isinstance(kind, Opt):
        return "null" if value is None else show(kind.inner, value)
    if isinstance(value, Decimal):
        return show_decimal(value)
    if isinstance(value, float) and kind != ANY:
        return "nan" if math.isnan(value) else value.hex()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, datetime):
        return iso.show_datetime(value)
    if isinstance(value, date | UUID):
        return str(value)
    if isinstance(value, time):
        return iso.show_time(value)
    if isinstance(value, timedelta):
        return iso.show_duration(value)
    if isinstance(value, str) and isinstance(kind, Prim) and kind.name in {"url", "email"}:
        return value
    if isinstance(value, int):
        return str(value).lower()
    return msgspec.json.encode(value).decode()


_OWN_TYPES: tuple[tuple[type, Type], ...] = (
    (bool, BOOL),
    (int, INT),
    (float, FLOAT),
    (Decimal, ANY_DECIMAL),
    (str, STRING),
    (bytes, BYTES),
    (datetime, DATETIME),
    (date, DATE),
    (time, TIME),
    (timedelta, DURATION),
    (UUID, UUID_TYPE),
)


def own_type(value: Value) -> Type:
    """The type that a value shows by itself."""
    if value is None:
        return NONE
    if isinstance(value, Record):
        return Entity(value.entity)
    if isinstance(value, EnumValue):
        return Enum(value.enum)
    for python, kind in _OWN_TYPES:
        if isinstance(value, python):
            return kind
    return ANY if isinstance(value, list | dict) else UNKNOWN


def constant(value: Value, kind: Type, shapes: Shapes) -> Expr:
    """The expression of a value at a type: what ``ConstRef.value`` and evaluated defaults hold."""
    bare = shapes.bare(kind)
    if isinstance(value, Record):
        return _record(value, shapes)
    if isinstance(value, EnumValue):
        return EnumConst(Enum(value.enum), value.member)
    if isinstance(bare, Opt):
        return Const(kind, "null") if value is None else constant(value, bare.inner, shapes)
    if isinstance(bare, ListOf):
        return MakeList(kind, tuple(constant(item, bare.item, shapes) for item in value))
    if isinstance(bare, MapOf):
        entries = tuple(
            (Const(STRING, show(STRING, key)), constant(item, bare.value, shapes))
            for key, item in value.items()
        )
        return MakeMap(kind, entries)
    if isinstance(bare, Prim | Dec | Lit):
        return Const(kind, show(bare, value))
    own = own_type(value)
    return Const(own, show(own, value))


def _record(value: Record, shapes: Shapes) -> Expr:
    types = {field.name: field.type for field in shapes.entity(value.entity).fields}
    fields = tuple(
        (name, constant(item, types[name], shapes)) for name, item in value.fields.items()
    )
    return MakeRecord(Entity(value.entity), fields)
