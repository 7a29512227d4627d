"""Constant expressions of the IR as Python text: defaults of fields and parameters."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from decimal import Decimal
from math import isfinite
from typing import TYPE_CHECKING, Final

from hyper.emit.python.format import quote, quote_bytes
from hyper.ir.kinds import bare
from hyper.ir.nodes import (
    Const,
    ConstRef,
    Convert,
    EnumConst,
    Expr,
    MakeList,
    MakeMap,
    MakeRecord,
    Now,
    Quantise,
)
from hyper.ir.types import Dec, Entity, Enum, Opt, Prim, Type

if TYPE_CHECKING:
    from hyper.emit.python.scope import Scope


class NotConstantError(Exception):
    """The expression is none that a default may be."""


def literal(value: object) -> str:
    """A JSON value as Python text."""
    if value is None or value is True or value is False:
        return str(value)
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, dict):
        inside = ", ".join(f"{quote(str(key))}: {literal(item)}" for key, item in value.items())
        return f"{{{inside}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    return repr(value)


def _underlying(kind: Type, scope: Scope) -> Type:
    kind = bare(kind, scope.names.program)
    while isinstance(kind, Opt):
        kind = bare(kind.inner, scope.names.program)
    return kind


def constant(expr: Expr, scope: Scope) -> str:
    """The Python text of a constant."""
    match expr:
        case Const(kind, text):
            return _const(_underlying(kind, scope), text, scope)
        case ConstRef(_, _, value):
            return constant(value, scope)
        case EnumConst(Enum(name), member):
            return f"{scope.refer(name)}.{scope.names.member(name, member)}"
        case Convert(kind, operand) | Quantise(kind, operand):
            while isinstance(operand, Convert | Quantise):
                operand = operand.operand
            if isinstance(operand, Const | ConstRef):
                return _converted(kind, operand, scope)
            return constant(operand, scope)
        case MakeList(_, items):
            return f"[{', '.join(constant(item, scope) for item in items)}]"
        case MakeMap(_, entries):
            inside = (f"{constant(key, scope)}: {constant(item, scope)}" for key, item in entries)
            return f"{{{', '.join(inside)}}}"
        case MakeRecord(Entity(name), fields):
            attributes = scope.names.fields(name)
            inside = (f"{attributes[field]}={constant(item, scope)}" for field, item in fields)
            return f"{scope.refer(name)}({', '.join(inside)})"
        case Now(Prim("date")):
            return f"{scope.take('.moments', 'utc_today')}()"
        case Now():
            return f"{scope.take('.moments', 'utc_now')}()"
        case _:
            raise NotConstantError


def _converted(kind: Type, operand: Const | ConstRef, scope: Scope) -> str:
    """A constant that is widened: written at the type that it becomes."""
    kind = _underlying(kind, scope)
    while isinstance(operand, ConstRef):
        if not isinstance(operand.value, Const):
            return constant(operand.value, scope)
        operand = operand.value
    if operand.text == "null":
        return "None"
    source = _underlying(operand.type, scope)
    if kind == source or not isinstance(kind, Prim | Dec):
        return _const(source, operand.text, scope)
    if source in {Prim("int"), Prim("bigint")} and kind == Prim("float"):
        return repr(float(int(operand.text)))
    return _const(kind, operand.text, scope)


def _const(kind: Type, text: str, scope: Scope) -> str:
    if text == "null":
        return "None"
    if isinstance(kind, Dec):
        value = Decimal(text)
        if kind.precision:
            value = value.quantize(Decimal((0, (1,), -kind.scale)))
        exact = f"{value:f}"
        inside = exact if exact.lstrip("-").isdigit() else quote(exact)
        return f"{scope.take('decimal', 'Decimal')}({inside})"
    if not isinstance(kind, Prim):
        return literal(json.loads(text))
    match kind.name:
        case "float":
            return _float(float.fromhex(text))
        case "date" | "time" | "datetime":
            module = scope.take_module("datetime", "dt")
            clock = text.replace("Z", "+00:00") if kind.name != "date" else text
            return f"{module}.{kind.name}.fromisoformat({quote(clock)})"
        case "duration":
            return _duration(text, scope.take_module("datetime", "dt"))
        case "uuid":
            return f"{scope.take('uuid', 'UUID')}({quote(text)})"
        case "bytes":
            return quote_bytes(b64decode(text))
        case "url" | "email":
            return quote(json.loads(text)) if text.startswith('"') else quote(text)
        case _:
            return literal(json.loads(text))


_DURATION: Final = re.compile(
    r"(-)?P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.(\d{1,6}))?S)?)?", re.ASCII
)


def _duration(text: str, module: str) -> str:
    """``dt.timedelta(…)`` in the units that the text has."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise NotConstantError
    sign, *parts, fraction = found.groups()
    units = ("weeks", "days", "hours", "minutes", "seconds")
    words = [
        f"{unit}={int(part)}" for unit, part in zip(units, parts, strict=True) if part and int(part)
    ]
    if fraction and int(fraction):
        words.append(f"microseconds={int(fraction.ljust(6, '0'))}")
    return f"{'-' if sign else ''}{module}.timedelta({', '.join(words)})"


def _float(value: float) -> str:
    if not isfinite(value):
        return f'float("{value}")'
    return repr(value)


def is_plain(expr: Expr) -> bool:
    """Whether a default may stand in the class body: immutable, and made of nothing that another module has."""
    match expr:
        case Const():
            return expr.text[:1] not in "[{"
        case ConstRef(_, _, value):
            return is_plain(value)
        case Convert(_, operand) | Quantise(_, operand):
            return is_plain(operand)
        case _:
            return False
