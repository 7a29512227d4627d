"""What a schema is: one form of the language that holds it, whichever way the document wrote it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import msgspec

from hyper.importers.openapi.keywords import is_note

if TYPE_CHECKING:
    from collections.abc import Iterable

Kind: TypeAlias = Literal[
    "any", "ref", "entity", "map", "list", "enum", "literal", "union", "scalar"
]

DECLARED: Final = frozenset({"entity", "enum", "union"})
"""Kinds that have a declaration of their own wherever they stand."""


class Shape(msgspec.Struct, eq=False):
    """A schema, understood. ``schema`` holds the keywords that are left besides those with a place of their own here."""

    kind: Kind
    schema: dict[str, Any]
    notes: dict[str, Any] = {}
    nullable: bool = False
    reference: str = ""
    """``ref``: the canonical pointer of what is meant."""
    bases: tuple[str, ...] = ()
    """``entity``: pointers of the entities whose fields it has."""
    properties: dict[str, tuple[Any, str]] = {}
    """``entity``: its own properties, each with its pointer."""
    required: tuple[str, ...] = ()
    inherited: dict[str, tuple[Any, str]] = {}
    inherited_required: frozenset[str] = frozenset()
    variants: tuple[tuple[Any, str], ...] = ()
    """``union``: its variants, each with its pointer."""
    exactly: bool = False
    values: tuple[str | int | bool, ...] = ()
    """``enum`` and ``literal``."""

    def unsaid(self) -> Any:
        """The schema of a property that the ``entity`` requires and does not describe: that of all other properties."""
        if "patternProperties" in self.schema:
            return UNSAID
        return self.schema.get("additionalProperties", UNSAID)


UNSAID: Final[dict[str, Any]] = {}
"""The schema, by identity, of a property that is required and that no part of an object describes."""

_ENCODER: Final = msgspec.json.Encoder(order="sorted", decimal_format="number")


def canonical(value: Any) -> bytes:
    """The same bytes for the same JSON value."""
    return _ENCODER.encode(value)


def split_notes(schema: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The keywords with a meaning, and those that annotate."""
    core: dict[str, Any] = {}
    notes: dict[str, Any] = {}
    for key, value in schema.items():
        if is_note(key):
            notes[key] = value
        else:
            core[key] = value
    return core, notes


def without(mapping: dict[str, Any], keys: Iterable[str]) -> dict[str, Any]:
    """The mapping without some keys."""
    gone = frozenset(keys)
    return {key: value for key, value in mapping.items() if key not in gone}


def drop_null(core: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """The keywords for what is not null, and whether null is a value too."""
    nullable = core.get("nullable") is True
    if "nullable" in core:
        core = without(core, ("nullable",))
    kind = core.get("type")
    if isinstance(kind, list):
        rest = [item for item in dict.fromkeys(kind) if item != "null"]
        if len(rest) < len(kind):
            nullable = nullable or "null" in kind
        if not rest:
            return {**core, "type": "null"}, False
        core = {**core, "type": rest[0] if len(rest) == 1 else rest}
    values = core.get("enum")
    if values is not None and any(value is None for value in values):
        rest_values = [value for value in values if value is not None]
        if rest_values:
            core = {**core, "enum": rest_values}
            nullable = True
    return core, nullable


def is_null(schema: Any) -> bool:
    """Whether only null fits."""
    if not isinstance(schema, dict):
        return False
    core, _ = split_notes(schema)
    return core in ({"type": "null"}, {"enum": [None]}, {"const": None}) or (
        core.get("type") == "null" and core.get("enum", [None]) == [None] and len(core) <= 2
    )


_STRUCTURAL: Final = frozenset(
    {
        "type",
        "$ref",
        "properties",
        "items",
        "enum",
        "const",
        "allOf",
        "anyOf",
        "oneOf",
        "additionalProperties",
    }
)


def says_what(schema: Any) -> bool:
    """Whether a variant says what it is, and not only what must hold besides."""
    return (
        schema is True
        or schema == {}
        or (isinstance(schema, dict) and not _STRUCTURAL.isdisjoint(schema))
    )


_OBJECT: Final = (
    "properties",
    "required",
    "additionalProperties",
    "minProperties",
    "maxProperties",
)
_ARRAY: Final = ("items", "minItems", "maxItems", "uniqueItems", "prefixItems")
_STRING: Final = ("minLength", "maxLength", "pattern", "contentEncoding", "contentMediaType")
_NUMBER: Final = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
BY_TYPE: Final[dict[str, tuple[str, ...]]] = {
    "object": (*_OBJECT, "patternProperties", "propertyNames"),
    "array": _ARRAY,
    "string": (*_STRING, "format"),
    "number": (*_NUMBER, "format"),
    "integer": (*_NUMBER, "format"),
    "boolean": (),
    "null": (),
}
"""The keywords that speak of one type."""


def guess_type(core: dict[str, Any]) -> str | None:
    """The type of a schema that names none."""
    for kind in ("object", "array", "string", "number"):
        if any(key in core for key in BY_TYPE[kind]):
            return kind
    return None


def enum_shape(core: dict[str, Any], notes: dict[str, Any], nullable: bool) -> Shape | None:
    """An enum or a literal type, where every value can be one."""
    values = core["enum"] if "enum" in core else [core["const"]]
    if "const" in core and "enum" in core:
        values = [value for value in values if canonical(value) == canonical(core["const"])]
        if not values:
            return None
    unique: list[Any] = []
    seen: set[tuple[type, Any]] = set()
    for value in values:
        if not isinstance(value, str | int):
            return None
        if isinstance(value, int) and not -(2**63) <= value < 2**63:
            return None
        if (type(value), value) not in seen:
            seen.add((type(value), value))
            unique.append(value)
    kinds = {type(value) for value in unique}
    if len(kinds) > 1 or (bool in kinds and len(unique) > 1):
        return None
    rest = without(core, ("enum", "const", *implied(core, unique)))
    kind: Kind = "literal" if len(unique) == 1 else "enum"
    return Shape(kind, rest, notes, nullable, values=tuple(unique))


_JSON_TYPE: Final = {str: "string", int: "integer", bool: "boolean"}


def implied(core: dict[str, Any], values: list[Any]) -> list[str]:
    """Keywords that say nothing more once the values are listed."""
    gone: list[str] = []
    kind = core.get("type")
    if kind is not None:
        kinds = {kind} if isinstance(kind, str) else set(kind)
        if "number" in kinds:
            kinds.add("integer")
        if all(_JSON_TYPE[type(value)] in kinds for value in values):
            gone.append("type")
    texts = [value for value in values if isinstance(value, str)]
    most, least = core.get("maxLength"), core.get("minLength")
    if most is not None and all(len(text) <= most for text in texts):
        gone.append("maxLength")
    if least is not None and all(len(text) >= least for text in texts):
        gone.append("minLength")
    numbers = [value for value in values if isinstance(value, int)]
    low, high = core.get("minimum"), core.get("maximum")
    if low is not None and all(value >= low for value in numbers):
        gone.append("minimum")
    if high is not None and all(value <= high for value in numbers):
        gone.append("maximum")
    return gone
