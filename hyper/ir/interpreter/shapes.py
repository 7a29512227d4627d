"""Types looked up: what an alias stands for, and whether a value has the shape of a type.

A shape is what can be told from the value alone, markers left out: it says which variant of a union a value is of.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

from hyper.ir.interpreter.values import EnumValue, Record, Value
from hyper.ir.kinds import bare
from hyper.ir.program import AliasDef, EntityDef, EnumDef, Program, UnionDef
from hyper.lang.types import (
    Dec,
    Entity,
    Enum,
    ListOf,
    Lit,
    MapOf,
    Opt,
    Prim,
    Type,
    Union,
    Unknown,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.ir.program import Def


def _is_int(value: Value) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_date(value: Value) -> bool:
    return isinstance(value, date) and not isinstance(value, datetime)


_PRIMITIVES: dict[str, Callable[[Value], bool]] = {
    "bool": lambda value: isinstance(value, bool),
    "int": lambda value: _is_int(value) and -(2**63) <= value < 2**63,
    "bigint": _is_int,
    "float": lambda value: isinstance(value, float),
    "string": lambda value: isinstance(value, str),
    "url": lambda value: isinstance(value, str),
    "email": lambda value: isinstance(value, str),
    "bytes": lambda value: isinstance(value, bytes),
    "date": _is_date,
    "time": lambda value: isinstance(value, time),
    "datetime": lambda value: isinstance(value, datetime),
    "duration": lambda value: isinstance(value, timedelta),
    "uuid": lambda value: isinstance(value, UUID),
    "any": lambda _value: True,
    "none": lambda value: value is None,
}


class Shapes:
    """The definitions of a program, by qualified name and kind."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def _definition(self, name: str) -> Def:
        return self.program.definitions[name]

    def entity(self, name: str) -> EntityDef:
        """The entity of that name."""
        definition = self._definition(name)
        if not isinstance(definition, EntityDef):
            raise TypeError(name)
        return definition

    def enum(self, name: str) -> EnumDef:
        """The enum of that name."""
        definition = self._definition(name)
        if not isinstance(definition, EnumDef):
            raise TypeError(name)
        return definition

    def union(self, name: str) -> UnionDef:
        """The union of that name."""
        definition = self._definition(name)
        if not isinstance(definition, UnionDef):
            raise TypeError(name)
        return definition

    def alias(self, name: str) -> AliasDef:
        """The alias of that name."""
        definition = self._definition(name)
        if not isinstance(definition, AliasDef):
            raise TypeError(name)
        return definition

    def bare(self, kind: Type) -> Type:
        """The type without its own markers and aliases; what is inside keeps its own."""
        return bare(kind, self.program)

    def member(self, enum: str, name: str) -> EnumValue:
        """The value of a member."""
        for member in self.enum(enum).members:
            if member.name == name:
                return EnumValue(enum, name, member.wire)
        raise KeyError(name)

    def fits(self, value: Value, kind: Type) -> bool:
        """Whether the value has the shape of the type."""
        kind = self.bare(kind)
        match kind:
            case Prim(name):
                return _PRIMITIVES[name](value)
            case Dec():
                return isinstance(value, Decimal)
            case Lit(expected):
                return type(value) is type(expected) and bool(value == expected)
            case Opt(inner):
                return value is None or self.fits(value, inner)
            case ListOf(item):
                return isinstance(value, list) and all(self.fits(each, item) for each in value)
            case MapOf(inner):
                return isinstance(value, dict) and all(
                    self.fits(each, inner) for each in value.values()
                )
            case Entity(name):
                return isinstance(value, Record) and value.entity == name
            case Enum(name):
                return isinstance(value, EnumValue) and value.enum == name
            case Union(name):
                return any(self.fits(value, variant) for variant in self.union(name).variants)
            case _:
                return isinstance(kind, Unknown)

    def variant_of(self, value: Value, variants: tuple[Type, ...]) -> int | None:
        """The place of the first variant whose shape the value has."""
        for index, variant in enumerate(variants):
            if self.fits(value, variant):
                return index
        return None
