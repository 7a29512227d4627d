"""The types of the language as values: frozen, hashable, serialisable, equal when they mean the same.

Names of declarations are qualified: ``module.Name``. Shared by the checker and by the IR.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import msgspec

from hyper.lang.markers import Markers

PRIMITIVES: Final = frozenset(
    {
        "bool",
        "int",
        "bigint",
        "float",
        "string",
        "bytes",
        "date",
        "time",
        "datetime",
        "duration",
        "uuid",
        "url",
        "email",
        "any",
    }
)


class Prim(msgspec.Struct, frozen=True, tag="prim"):
    """A primitive type by its name in the language, one of ``PRIMITIVES``; ``none`` is the type of
    the literal ``none`` and stands only in expressions."""

    name: str


class Dec(msgspec.Struct, frozen=True, tag="decimal"):
    """``decimal(precision, scale)``. An intermediate that is not quantised yet has
    precision 0 and scale 0 (``ANY_DECIMAL``)."""

    precision: int
    scale: int


class Lit(msgspec.Struct, frozen=True, tag="literal"):
    """A literal type: exactly one string, int or bool. ``1`` and ``true`` are two types."""

    value: str | int | bool

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Lit)
            and self.value == other.value
            and type(self.value) is type(other.value)
        )

    def __hash__(self) -> int:
        return hash((type(self.value), self.value))


class ListOf(msgspec.Struct, frozen=True, tag="list"):
    """``list[item]``."""

    item: Type


class MapOf(msgspec.Struct, frozen=True, tag="map"):
    """``map[string, value]``."""

    value: Type


class Opt(msgspec.Struct, frozen=True, tag="optional"):
    """``T?``: null is a value of it."""

    inner: Type


class Marked(msgspec.Struct, frozen=True, tag="marked"):
    """A type with markers of its own, as the item in ``list[string @length(1, 5)]``. Expressions
    see through it (``plain``)."""

    inner: Type
    markers: Markers


class Entity(msgspec.Struct, frozen=True, tag="entity"):
    """A reference to an entity by its qualified name."""

    name: str


class Enum(msgspec.Struct, frozen=True, tag="enum"):
    """A reference to an enum by its qualified name."""

    name: str


class Union(msgspec.Struct, frozen=True, tag="union"):
    """A reference to a union by its qualified name."""

    name: str


class Alias(msgspec.Struct, frozen=True, tag="alias"):
    """A reference to a ``type`` declaration by its qualified name."""

    name: str


class Unknown(msgspec.Struct, frozen=True, tag="unknown"):
    """The type of what already has an error: it fits everything, so that one mistake gives one error."""


Type: TypeAlias = (
    Prim | Dec | Lit | ListOf | MapOf | Opt | Marked | Entity | Enum | Union | Alias | Unknown
)

BOOL: Final = Prim("bool")
INT: Final = Prim("int")
BIGINT: Final = Prim("bigint")
FLOAT: Final = Prim("float")
STRING: Final = Prim("string")
BYTES: Final = Prim("bytes")
DATE: Final = Prim("date")
TIME: Final = Prim("time")
DATETIME: Final = Prim("datetime")
DURATION: Final = Prim("duration")
UUID: Final = Prim("uuid")
URL: Final = Prim("url")
EMAIL: Final = Prim("email")
ANY: Final = Prim("any")
NONE: Final = Prim("none")
ANY_DECIMAL: Final = Dec(0, 0)
UNKNOWN: Final = Unknown()


def plain(kind: Type) -> Type:
    """The type without its own markers (one level; what is inside keeps its markers)."""
    while isinstance(kind, Marked):
        kind = kind.inner
    return kind


def show(kind: Type) -> str:
    """The type as a user would write it, names without their modules."""
    match kind:
        case Prim(name):
            return name
        case Dec(0, 0):
            return "decimal"
        case Dec(precision, scale):
            return f"decimal({precision}, {scale})"
        case Lit(value):
            return msgspec.json.encode(value).decode()
        case ListOf(item):
            return f"list[{show(item)}]"
        case MapOf(value):
            return f"map[string, {show(value)}]"
        case Opt(inner):
            return f"{show(inner)}?"
        case Marked(inner):
            return show(inner)
        case Unknown():
            return "unknown"
        case _:
            return kind.name.rpartition(".")[2]
