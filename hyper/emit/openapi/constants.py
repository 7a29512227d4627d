"""Constant expressions of the IR as JSON values: what ``default`` says in a schema."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from hyper.emit.openapi.merging import decode
from hyper.ir import nodes
from hyper.ir.program import EntityDef, EnumDef
from hyper.ir.types import Alias, Dec, Marked, Opt, Prim

if TYPE_CHECKING:
    from hyper.ir.program import Program
    from hyper.ir.types import Type

_JSON_TEXT: Final = frozenset({"bool", "int", "bigint", "string", "any", "none"})


class NotConstantError(Exception):
    """The expression has no value before it runs, or none that JSON can hold."""


def constant(expr: nodes.Expr, program: Program) -> Any:
    """The JSON value of a constant expression.

    Raises:
        NotConstantError: for anything else, such as ``now()``.
    """
    match expr:
        case nodes.Const(kind, text):
            return _scalar(_core(kind, program), text)
        case nodes.ConstRef(value=value):
            return constant(value, program)
        case nodes.EnumConst(kind, member):
            return _wire(getattr(_core(kind, program), "name", ""), member, program)
        case nodes.MakeList(items=items):
            return [constant(item, program) for item in items]
        case nodes.MakeMap(entries=entries):
            return {constant(key, program): constant(value, program) for key, value in entries}
        case nodes.MakeRecord(kind, fields):
            return _record(getattr(_core(kind, program), "name", ""), fields, program)
        case nodes.Convert(kind, operand) | nodes.Quantise(kind, operand):
            return _converted(_core(kind, program), constant(operand, program))
        case _:
            raise NotConstantError


def _core(kind: Type, program: Program) -> Type:
    """The type behind aliases, markers and ``?``."""
    while True:
        if isinstance(kind, Opt | Marked):
            kind = kind.inner
        elif isinstance(kind, Alias):
            target = program.alias_type(kind.name)
            assert target is not None
            kind = target
        else:
            return kind


def _scalar(kind: Type, text: str) -> Any:
    if text == "null":
        return None
    if isinstance(kind, Prim):
        if kind.name == "float":
            return _finite(float.fromhex(text))
        return decode(text) if kind.name in _JSON_TEXT else text
    return text if isinstance(kind, Dec) else decode(text)


def _finite(value: float) -> float:
    if math.isfinite(value):
        return value
    raise NotConstantError


def _wire(enum: str, member: str, program: Program) -> Any:
    definition = program.definitions.get(enum)
    if isinstance(definition, EnumDef):
        for candidate in definition.members:
            if candidate.name == member:
                return candidate.wire
    raise NotConstantError


def _record(entity: str, fields: tuple[tuple[str, nodes.Expr], ...], program: Program) -> Any:
    definition = program.definitions.get(entity)
    if not isinstance(definition, EntityDef):
        raise NotConstantError
    wires = {field.name: field.wire for field in definition.fields}
    return {wires[name]: constant(value, program) for name, value in fields}


def _converted(kind: Type, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(kind, Prim) and kind.name == "float":
        return _finite(float(value))
    if isinstance(kind, Dec) and kind.precision:
        scale = Decimal(1).scaleb(-kind.scale)
        return str(Decimal(str(value)).quantize(scale))
    return value
