"""``allOf``: bases of an entity, keywords of one schema in parts, or what cannot be said in one schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from hyper.importers.openapi.keywords import checked
from hyper.importers.openapi.shapes import Shape, canonical, drop_null, split_notes, without

if TYPE_CHECKING:
    from hyper.importers.openapi.reading import Reader


class Conflict(Exception):  # noqa: N818  # two parts that cannot be one schema; not a fault
    """Two parts say different things of one keyword."""


def merge_parts(reader: Reader, schema: dict[str, Any], pointer: str) -> Shape:
    """The shape of a schema with ``allOf``, whose parts are its members and then its other keywords."""
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
        return _with(_entity(reader, [shape for shape, _ in real]), notes, nullable)
    return _keywords(reader, real, notes, nullable, pointer)


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
        return not shape.schema and reader.target(shape.reference).kind == "entity"
    return shape.kind == "entity"


def _with(shape: Shape, notes: dict[str, Any], nullable: bool) -> Shape:
    """The shape with other annotations; the shape of a part may be shared, so it is copied."""
    return msgspec.structs.replace(shape, notes=notes, nullable=nullable)


def _entity(reader: Reader, shapes: list[Shape]) -> Shape:
    """An entity from entities: ``is`` where the bases' fields stay as they are, else all fields in one."""
    bases: list[tuple[str, Shape]] = []
    own: dict[str, tuple[Any, str]] = {}
    required: dict[str, None] = {}
    try:
        rest: dict[str, Any] = {}
        for shape in shapes:
            if shape.kind == "ref":
                bases.append((shape.reference, reader.target(shape.reference)))
                continue
            bases.extend((base, reader.target(base)) for base in shape.bases)
            _add_all(own, shape.properties)
            required.update(dict.fromkeys(shape.required))
            rest = merge_keywords(rest, shape.schema)
        for _, base in bases:
            extra = base.schema.get("additionalProperties", True)
            if extra is not True and extra != {}:  # what a base refuses, all of its kind refuse
                rest = merge_keywords(rest, {"additionalProperties": extra})
        inherited, inherited_required = _inherit(bases)
        kept = _beside(own, required, inherited, inherited_required)
    except Conflict:
        return _flat(reader, shapes)
    return Shape(
        "entity",
        rest,
        bases=tuple(dict.fromkeys(reference for reference, _ in bases)),
        properties=kept,
        required=tuple(name for name in required if name in kept),
        inherited=inherited,
        inherited_required=inherited_required,
    )


def _inherit(
    bases: list[tuple[str, Shape]],
) -> tuple[dict[str, tuple[Any, str]], frozenset[str]]:
    inherited: dict[str, tuple[Any, str]] = {}
    required: set[str] = set()
    for _, base in bases:
        fields = {**base.inherited, **base.properties}
        needs = base.inherited_required | set(base.required)
        for name, field in fields.items():
            if name in inherited and (
                canonical(inherited[name][0]) != canonical(field[0])
                or (name in required) != (name in needs)
            ):
                raise Conflict(name)
            inherited[name] = field
        required |= needs
    return inherited, frozenset(required)


def _beside(
    own: dict[str, tuple[Any, str]],
    required: dict[str, None],
    inherited: dict[str, tuple[Any, str]],
    inherited_required: frozenset[str],
) -> dict[str, tuple[Any, str]]:
    """The own properties that the bases do not have; one that they have otherwise is a conflict."""
    kept: dict[str, tuple[Any, str]] = {}
    for name, field in own.items():
        if name not in inherited:
            kept[name] = field
            continue
        if field[0] != {} and canonical(field[0]) != canonical(inherited[name][0]):
            raise Conflict(name)
        if name in required and name not in inherited_required:
            raise Conflict(name)
    return kept


def _add_all(fields: dict[str, tuple[Any, str]], more: dict[str, tuple[Any, str]]) -> None:
    """Add properties; one that is there twice has to be both."""
    for name, (schema, pointer) in more.items():
        if name not in fields or fields[name][0] == {}:
            fields[name] = (schema, pointer)
        elif schema != {} and canonical(fields[name][0]) != canonical(schema):
            fields[name] = (_both(fields[name][0], schema), pointer)


def _both(first: Any, second: Any) -> dict[str, Any]:
    if isinstance(first, dict) and isinstance(second, dict) and "$ref" not in first:
        try:
            return merge_keywords(first, second)
        except Conflict:
            pass
    return {"allOf": [first, second]}


def _flat(reader: Reader, shapes: list[Shape]) -> Shape:
    """All fields of all parts in one entity, without bases."""
    fields: dict[str, tuple[Any, str]] = {}
    required: dict[str, None] = {}
    rest: dict[str, Any] = {}
    for shape in shapes:
        whole = reader.target(shape.reference) if shape.kind == "ref" else shape
        _add_all(fields, whole.inherited)
        _add_all(fields, whole.properties)
        required.update(dict.fromkeys(sorted(whole.inherited_required)))
        required.update(dict.fromkeys(whole.required))
        more = whole.schema if shape is whole else without(whole.schema, ("discriminator",))
        try:
            rest = merge_keywords(rest, more)
        except Conflict:
            rest = {**more, **rest}
    return Shape("entity", rest, properties=fields, required=tuple(required))


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
        shape = _entity(reader, objects)
    else:
        shape = _with(real[0][0], {}, False)
        others = [part for _, part in real[1:]]
    left = _beside_all(shape, others)
    if "allOf" in left and shape.bases:  # `is` is written as `allOf`, which would be replaced
        shape = _flat(reader, objects)
    return msgspec.structs.replace(shape, schema=left, notes=notes, nullable=nullable)


def _beside_all(shape: Shape, others: list[Any]) -> dict[str, Any]:
    """The keywords of a shape with those of other parts: beside one another, or in ``allOf``."""
    left = dict(shape.schema)
    kept: list[Any] = list(left.pop("allOf", ()))
    for part in others:
        core = split_notes(part)[0] if isinstance(part, dict) else {}
        if core and _LOOSE.issuperset(core) and not left.keys() & core.keys():
            left.update(core)
        else:
            kept.append(part)
    return {**left, "allOf": kept} if kept else left


_LOOSE: Final = frozenset({"anyOf", "oneOf", "not", "if", "then", "else"})


def merge_keywords(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """One schema that means both, or ``Conflict``."""
    merged = dict(first)
    if first and second and first.get("nullable") is not second.get("nullable"):
        merged.pop("nullable", None)  # null has to fit both
        second = without(second, ("nullable",))
    for key, value in second.items():
        if key not in merged or canonical(merged[key]) == canonical(value):
            merged[key] = value
            continue
        try:
            merged[key] = _merge_one(key, merged[key], value)
        except (
            TypeError,
            AttributeError,
        ):  # a value that makes no sense; it is reported where it is read
            raise Conflict(key) from None
    return merged


def _merge_one(key: str, first: Any, second: Any) -> Any:
    match key:
        case "required":
            return list(dict.fromkeys([*first, *second]))
        case "properties":
            properties = dict(first)
            for name, schema in second.items():
                properties[name] = _both(properties[name], schema) if name in properties else schema
            return properties
        case "minimum" | "minLength" | "minItems" | "minProperties":
            return max(first, second)
        case "maximum" | "maxLength" | "maxItems" | "maxProperties":
            return min(first, second)
        case "uniqueItems":
            return True
        case "additionalProperties" if first is True or second is True:
            return second if first is True else first
        case "enum":
            both = [value for value in first if value in second]
            if both:
                return both
        case "type":
            return _merge_types(first, second)
        case _ if key in ("title", "description", "example", "examples", "default", "deprecated"):
            return second
        case _ if key.startswith("x-"):
            return second
        case _:
            pass
    raise Conflict(key)


def _merge_types(first: Any, second: Any) -> Any:
    ours = [first] if isinstance(first, str) else first
    theirs = [second] if isinstance(second, str) else second
    both = [kind for kind in ours if kind in theirs]
    if not both and {"integer", "number"} <= {*ours, *theirs}:
        both = ["integer"]
    if not both:
        raise Conflict("type")
    return both[0] if len(both) == 1 else both
