"""Whether null is a value of a schema, and shapes that take it where their schemas do."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from hyper.importers.openapi.references import MISSING, References
from hyper.importers.openapi.shapes import DECLARED, Shape, guess_type, without

_NOT_NULL: Final[dict[str, Any]] = {"not": {"type": "null"}}


class Nulls:
    """Tells of the schemas of a document whether null fits; of what is referred to, once."""

    __slots__ = ("_known", "references")

    def __init__(self, references: References) -> None:
        self.references = references
        self._known: dict[tuple[str, bool], bool] = {}

    def settled(self, shape: Shape, schema: dict[str, Any]) -> Shape:
        """The shape, changed where it takes null otherwise than the schema that it is read from, however that is
        understood: keywords of a type without that type may speak of it alone, or of whatever is of it."""
        wanted = self.fit(schema, guess=True)
        if self._shape_takes(shape) in (wanted, self.fit(schema)):
            return shape
        if shape.kind != "any":
            shape = msgspec.structs.replace(shape, nullable=wanted)
            if self._shape_takes(shape) is wanted:
                return shape
        if wanted:
            return Shape("any", {"allOf": [schema]}, shape.notes)
        left = dict(shape.schema)
        if "not" in left:
            left["allOf"] = [*left.get("allOf", ()), _NOT_NULL]
        else:
            left |= _NOT_NULL
        return msgspec.structs.replace(shape, schema=left)

    def fit(self, schema: Any, *, guess: bool = False) -> bool:
        """Whether null fits a schema. With ``guess``, one of which only the keywords of a type tell what it is, is of
        that type."""
        return self._fit(schema, frozenset(), guess)

    def _fit(self, schema: Any, seen: frozenset[int], guess: bool) -> bool:
        if not isinstance(schema, dict):
            return schema is not False
        if id(schema) in seen or len(seen) > _DEEPEST:  # a ring says nothing
            return True
        if schema.get("nullable") is True:
            return True
        if not _own_fits(schema, guess):
            return False
        seen |= {id(schema)}
        return (
            self._meant_fits(schema, seen, guess)
            and self._condition_fits(schema, seen)
            and all(self._fit(part, seen, guess) for part in _parts(schema, "allOf"))
            and self._choice_fits(schema, seen, guess)
        )

    def _meant_fits(self, schema: dict[str, Any], seen: frozenset[int], guess: bool) -> bool:
        reference = schema.get("$ref")
        if not isinstance(reference, str):
            return True
        target, pointer = self.references.follow(reference)
        if target is MISSING:
            return True
        found = self._known.get((pointer, guess))
        if found is None:
            found = self._known[pointer, guess] = self._fit(target, seen, guess)
        return found

    def _condition_fits(self, schema: dict[str, Any], seen: frozenset[int]) -> bool:
        if "not" in schema and self._fit(schema["not"], seen, False):
            return False
        if "if" not in schema:
            return True
        branch = "then" if self._fit(schema["if"], seen, False) else "else"
        return self._fit(schema.get(branch, True), seen, False)

    def _choice_fits(self, schema: dict[str, Any], seen: frozenset[int], guess: bool) -> bool:
        some, one = _parts(schema, "anyOf"), _parts(schema, "oneOf")
        if some and not any(self._fit(part, seen, guess) for part in some):
            return False
        return not one or sum(self._fit(part, seen, guess) for part in one) == 1

    def _shape_takes(self, shape: Shape) -> bool:
        """Whether null fits what a shape is written as: what is declared has its keywords inside, others beside null."""
        if shape.kind == "any":
            values = shape.schema.get("enum")
            if shape.nullable and isinstance(values, list):
                return self.fit({**shape.schema, "enum": [*values, None]})
            return self.fit(shape.schema)
        if shape.nullable and shape.kind in DECLARED:
            return True
        if shape.kind == "union":
            variants = sum(self.fit(variant, guess=True) for variant, _ in shape.variants)
            taken = variants == 1 if shape.exactly else variants > 0
        else:
            meant = shape.kind == "ref" and self.fit({"$ref": shape.reference}, guess=True)
            taken = shape.nullable or meant
        rest = without(shape.schema, ("type",)) if shape.kind == "scalar" else shape.schema
        return taken and self.fit(rest)


_DEEPEST: Final = 100
"""References within references; past that many, null is taken to fit."""


def _own_fits(schema: dict[str, Any], guess: bool) -> bool:
    """Whether the keywords without schemas in them let null pass."""
    if "const" in schema and schema["const"] is not None:
        return False
    values = schema.get("enum")
    if isinstance(values, list) and all(value is not None for value in values):
        return False
    kind = schema.get("type")
    if kind is None and guess and "enum" not in schema and "const" not in schema:
        kind = guess_type(schema)
        if kind != "object" and not _COMPOSED.isdisjoint(schema):
            return True
    return kind is None or kind == "null" or (isinstance(kind, list) and "null" in kind)


_COMPOSED: Final = frozenset({"$ref", "allOf", "anyOf", "oneOf"})


def _parts(schema: dict[str, Any], key: str) -> list[Any]:
    parts = schema.get(key)
    return parts if isinstance(parts, list) else []
