"""Parameters as columns: a leaf becomes a parameter of the kernel when it is first read; what is not read is not asked for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from hyper.emit.native.values import Decimal, Items, Maybe, NotNative, Opaque, Record, Scalar, Value
from hyper.ir.program import EntityDef, EnumDef
from hyper.ir.types import (
    BOOL,
    DATE,
    DURATION,
    EMAIL,
    FLOAT,
    INT,
    STRING,
    URL,
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
    show,
)
from hyper.jit.kernel.builder import integer
from hyper.jit.kernel.ir import KIND_OF, Column, Format

if TYPE_CHECKING:
    from hyper.emit.native.values import ScalarKind
    from hyper.ir.kinds import Kinds
    from hyper.ir.program import FieldDef, Program
    from hyper.jit.kernel.builder import Builder
    from hyper.jit.kernel.ir import Operand, Role, Storage

WIDE_DIGITS: Final = 19
"""Digits from which a decimal takes two words."""

_LEAVES: Final[dict[Type, tuple[ScalarKind, Storage]]] = {
    BOOL: ("bool", "u8"),
    INT: ("int", "i64"),
    FLOAT: ("float", "f64"),
    DATE: ("date", "i64"),
    STRING: ("text", "i32"),
    URL: ("text", "i32"),
    EMAIL: ("text", "i32"),
}
PRESENCE: Final = Format("bool")
DATE_FORMAT: Final = Format("date")
TODAY: Final = ("today()",)
OFFSET: Final = Format("offset")
_ONE: Final = integer(1)


def layout(kind: Type, program: Program) -> tuple[Storage, Format]:
    """How a leaf of a type is stored, and what its numbers stand for. ``kind`` is bare and not optional.

    Raises ``NotNative`` for a type without such a form.
    """
    if isinstance(kind, Dec) and kind.precision:
        storage: Storage = "i64" if kind.precision < WIDE_DIGITS else "i128"
        return storage, Format("decimal", kind.precision, kind.scale)
    if isinstance(kind, Enum):
        definition = program.definitions[kind.name]
        assert isinstance(definition, EnumDef)
        return "i32", Format("label", labels=tuple(member.wire for member in definition.members))
    if isinstance(kind, Lit):
        kind = (
            BOOL if isinstance(kind.value, bool) else INT if isinstance(kind.value, int) else STRING
        )
    if kind in _LEAVES:
        meaning, storage = _LEAVES[kind]
        assert meaning != "enum" and meaning != "duration"  # noqa: PLR1714, PT018  # narrows
        return storage, Format(meaning)
    raise NotNative(f"{show(kind)} has no native form")


def scalar(kind: Type, operand: Operand) -> Value:
    """The number of a leaf as a value. ``kind`` is one that ``layout`` knows, or a duration."""
    if isinstance(kind, Dec):
        return Decimal(operand, kind.scale, 10**kind.precision - 1)
    if isinstance(kind, Enum):
        return Scalar("enum", operand, kind.name)
    if isinstance(kind, Lit):
        kind = (
            BOOL if isinstance(kind.value, bool) else INT if isinstance(kind.value, int) else STRING
        )
    if kind == DURATION:
        return Scalar("duration", operand)
    return Scalar(_LEAVES[kind][0], operand)


Parts: TypeAlias = tuple[str, ...]
"""From a parameter by fields; ``[]`` for the items of a list, ``?`` at the end for whether a value is there."""

_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")


def shown(parts: Parts) -> str:
    """A path as people write it: names that are no identifiers in backticks."""
    text = ""
    for part in parts:
        if part in {"?", "[]"}:
            text += part
        else:
            name = part if _PLAIN.fullmatch(part) else f"`{part}`"
            text += f".{name}" if text else name
    return text


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value lies: its path, and the index of the item whose part it is; ``None`` in the row itself."""

    parts: Parts
    index: Operand | None = None

    def part(self, name: str) -> Place:
        """A field."""
        return Place((*self.parts, name), self.index)


class Places:
    """The columns of one kernel: ``columns`` in the order of its parameters, with the ``parts`` of the path of each."""

    def __init__(self, program: Program, kinds: Kinds, builder: Builder) -> None:
        self.program = program
        self.kinds = kinds
        self._builder = builder
        self._params: dict[tuple[Parts, Role], int] = {}
        self.columns: list[Column] = []
        self.parts: list[Parts] = []

    def whole(self, parts: Parts, storage: Storage, form: Format) -> Operand:
        """A number that is the same for each row."""
        return self._builder.argument(self._param(parts, "whole", storage, form))

    def pointer(self, parts: Parts, storage: Storage, form: Format) -> Operand:
        """The address of all items at a path."""
        return self._builder.argument(self._param(parts, "items", storage, form))

    def value(self, kind: Type, place: Place, *, optional: bool = False) -> Value:
        """The value at a place."""
        kind = self.kinds.bare(kind)
        if isinstance(kind, Opt) or optional:
            inner = self.kinds.present(kind)
            present = self._leaf(place.part("?"), "u8", PRESENCE)
            return Maybe(present, self.value(inner, place))
        if isinstance(kind, Entity):
            return PlacedRecord(kind.name, place, self)
        if isinstance(kind, ListOf):
            return self._items(kind, place)
        if isinstance(kind, Union | MapOf | Prim) and kind not in _LEAVES:
            return Opaque(kind)
        storage, form = layout(kind, self.program)
        return scalar(kind, self._leaf(place, storage, form))

    def _items(self, kind: ListOf, place: Place) -> Value:
        if place.index is None:
            first = len(self.columns)
            param = self._param(place.parts, "offsets", "i64", OFFSET)
            if len(self.columns) > first:
                self._builder.param(f"{shown(place.parts)} ends", "int")
            start, stop = self._builder.argument(param), self._builder.argument(param + 1)
        else:
            param = self._param(place.parts, "items", "i64", OFFSET)
            start = self._builder.load(param, place.index)
            after = self._builder.op("add", "int", place.index, _ONE)
            stop = self._builder.load(param, after)
        return PlacedItems(kind.item, (*place.parts, "[]"), start, stop, self)

    def _leaf(self, place: Place, storage: Storage, form: Format) -> Operand:
        if place.index is None:
            return self._builder.argument(self._param(place.parts, "value", storage, form))
        return self._builder.load(self._param(place.parts, "items", storage, form), place.index)

    def _param(self, parts: Parts, role: Role, storage: Storage, form: Format) -> int:
        key = (parts, role)
        if key not in self._params:
            pointer = storage if role == "items" else None
            self._params[key] = self._builder.param(shown(parts), KIND_OF[storage], pointer)
            self.columns.append(Column(shown(parts), role, storage, form))
            self.parts.append(parts)
        return self._params[key]


@dataclass(frozen=True, slots=True)
class PlacedRecord(Record):
    """An entity of a parameter."""

    entity: str
    place: Place
    places: Places

    def field(self, name: str) -> Value:
        """A field, which is read now."""
        found = definition(self.places.program, self.entity, name)
        return self.places.value(
            found.type, self.place.part(name), optional=found.optional and found.default is None
        )


@dataclass(frozen=True, slots=True)
class PlacedItems(Items):
    """A list of a parameter. ``parts`` is the path of its items."""

    kind: Type
    parts: Parts
    start: Operand
    stop: Operand
    places: Places

    def item(self, index: Operand) -> Value:
        """An item, which is read now."""
        return self.places.value(self.kind, Place(self.parts, index))


def definition(program: Program, entity: str, name: str) -> FieldDef:
    """A field of an entity. Raises ``KeyError``."""
    found = program.definitions[entity]
    assert isinstance(found, EntityDef)
    for field in found.fields:
        if field.name == name:
            return field
    raise KeyError(name)
