"""``allOf``: bases of an entity, keywords of one schema in parts, or what cannot be said in one schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from hyper.importers.openapi.combining import Conflict, merge_keywords
from hyper.importers.openapi.entities import entity_of, flat_entity
from hyper.importers.openapi.keywords import checked
from hyper.importers.openapi.shapes import Shape, drop_null, split_notes, without

if TYPE_CHECKING:
    from hyper.importers.openapi.reading import Reader


def merge_parts(reader: Reader, schema: dict[str, Any], pointer: str) -> Shape:
    """The shape of a schema with ``allOf``, whose parts are its members and then its other keywords."""
    whole = {key: schema[key] for key in _OF_ALL if key in schema}
    if whole:  # these see all parts, so they stay beside them
        shape = merge_parts(reader, without(schema, whole), pointer)
        return msgspec.structs.replace(shape, schema={**shape.schema, **whole})
    core, notes = split_notes(without(schema, ("allOf",)))
    core, nullable = drop_null(core)
    shapes = [
        reader.shape(part, f"{pointer}/allOf/{at}") for at, part in enumerate(schema["allOf"])
    ]
    raw = [
        checked(part, f"{pointer}/allOf/{at}", reader.findings) if isinstance(part, dict) else part
        for at, part in enumerate(schema["allOf"])
    ]
    if core:
        shapes.append(reader.shape(core, pointer))
        raw.append(core)
    real: list[tuple[Shape, Any]] = []
    notes = dict(notes)
    for shape in sorted(shapes, key=lambda shape: not _says_nothing(shape)):
        for key, value in shape.notes.items():
            notes.setdefault(key, value)  # outside, then parts that only annotate, then the first
    for shape, part in zip(shapes, raw, strict=True):
        if not _says_nothing(shape) and not _leads_nowhere(reader, shape):
            real.append((shape, part))
    if len(real) > 1 and any(_is_object(reader, shape) for shape, _ in real):
        real = [each for each in real if each[0].kind != "map" or each[0].schema]
    if not real:
        kept = shapes[0] if shapes else Shape("any", {})
        return _with(kept, notes, nullable or all(shape.nullable for shape in shapes))
    nullable = nullable or all(shape.nullable for shape, _ in real)
    if len(real) == 1:
        return _with(real[0][0], notes, nullable)
    if all(_is_object(reader, shape) for shape, _ in real):
        return _with(entity_of(reader, [shape for shape, _ in real]), notes, nullable)
    return _keywords(reader, real, notes, nullable, pointer)


_OF_ALL: Final = ("unevaluatedItems", "unevaluatedProperties")


def _says_nothing(shape: Shape) -> bool:
    return shape.kind == "any" and not shape.schema


def _leads_nowhere(reader: Reader, shape: Shape) -> bool:
    """Whether a part is a reference to what asks for nothing, or to a ring that the part is in."""
    return (
        shape.kind == "ref" and not shape.schema and _says_nothing(reader.target(shape.reference))
    )


def _is_object(reader: Reader, shape: Shape) -> bool:
    """Whether a part is an entity, or a reference to one without a word of its own."""
    if shape.kind == "ref":
        return (
            not shape.schema
            and reader.target(shape.reference).kind == "entity"
            and reader.is_bare(shape.reference)
        )
    return shape.kind == "entity"


def _with(shape: Shape, notes: dict[str, Any], nullable: bool) -> Shape:
    """The shape with other annotations; the shape of a part may be shared, so it is copied."""
    return msgspec.structs.replace(shape, notes=notes, nullable=nullable)


def _keywords(
    reader: Reader,
    real: list[tuple[Shape, Any]],
    notes: dict[str, Any],
    nullable: bool,
    pointer: str,
) -> Shape:
    """Parts that are not all entities: one schema of all their keywords where that says the same."""
    references = [shape for shape, _ in real if shape.kind == "ref"]
    plain = [part for shape, part in real if shape.kind != "ref"]
    try:
        merged: dict[str, Any] = {}
        for part in plain:
            merged = merge_keywords(merged, drop_null(split_notes(part)[0])[0])
    except (Conflict, AttributeError):
        return _left_over(reader, real, notes, nullable)
    if not references:
        if "allOf" in merged:
            return _left_over(reader, real, notes, nullable)
        return _with(reader.shape(merged, pointer), notes, nullable)
    target = reader.target(references[0].reference)
    if (
        len(references) == 1
        and target.kind in ("scalar", "list", "map")
        and _refines(merged, target)
    ):
        rest = {**references[0].schema, **merged}
        return Shape("ref", without(rest, ("type",)), notes, nullable, references[0].reference)
    return _left_over(reader, real, notes, nullable)


_REFINING: Final = frozenset(
    {
        "type",
        "minLength",
        "maxLength",
        "pattern",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minItems",
        "maxItems",
        "uniqueItems",
        "minProperties",
        "maxProperties",
    }
)


def _refines(merged: dict[str, Any], target: Shape) -> bool:
    """Whether keywords can stand as markers beside a reference."""
    kinds = {"list": "array", "map": "object"}
    own = kinds.get(target.kind) or target.schema.get("type")
    return _REFINING.issuperset(merged) and merged.get("type", own) == own


def _left_over(
    reader: Reader, real: list[tuple[Shape, Any]], notes: dict[str, Any], nullable: bool
) -> Shape:
    """The nearest form for some of the parts, and the others word by word."""
    objects = [shape for shape, _ in real if _is_object(reader, shape)]
    others = [part for shape, part in real if not _is_object(reader, shape)]
    if objects:
        shape = entity_of(reader, objects)
    else:
        shape = _with(real[0][0], {}, False)
        others = [part for _, part in real[1:]]
    left = _beside_all(shape, others)
    if "allOf" in left and shape.bases:  # `is` is written as `allOf`, which would be replaced
        shape = flat_entity(reader, objects)
    return msgspec.structs.replace(shape, schema=left, notes=notes, nullable=nullable)


def _beside_all(shape: Shape, others: list[Any]) -> dict[str, Any]:
    """The keywords of a shape with those of other parts: beside one another, or in ``allOf``."""
    left = dict(shape.schema)
    # A union is written with these keywords, and so is a reference that takes null.
    taken = {"anyOf", "oneOf"} if shape.kind in ("union", "ref") else set()
    kept: list[Any] = list(left.pop("allOf", ()))
    for part in others:
        core = split_notes(part)[0] if isinstance(part, dict) else {}
        if core and _LOOSE.issuperset(core) and not (left.keys() | taken) & core.keys():
            left.update(core)
        else:
            kept.append(part)
    return {**left, "allOf": kept} if kept else left


_LOOSE: Final = frozenset({"anyOf", "oneOf", "not", "if", "then", "else"})
