"""Declarations of schemas: entities with their fields, enums with their members, unions, and aliases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from hyper.importers.openapi.annotations import (
    doc_of,
    extensions,
    fits,
    note_markers,
    open_api,
)
from hyper.importers.openapi.constraints import leftovers
from hyper.importers.openapi.keywords import ENUM_NOTES
from hyper.importers.openapi.nodes import ident, literal, marker, string, word
from hyper.importers.openapi.parts import Part, Spot, type_of
from hyper.importers.openapi.shapes import DECLARED, UNSAID, Shape, without
from hyper.importers.openapi.variants import declare_union
from hyper.importers.openapi.words import VALUE_WORDS, Names, is_identifier, value_name
from hyper.lang import tree

if TYPE_CHECKING:
    from hyper.importers.openapi.types import Types, Use


def declare(types: Types, part: Part, shape: Shape, pointer: str) -> None:
    """Make the declaration of a part."""
    if part.kind == "alias":
        part.decl = _alias(types, part, shape, pointer)
    elif shape.kind == "entity":
        part.decl = _entity(types, part, shape, pointer)
    elif shape.kind == "enum":
        part.decl = _enum(part, shape)
    else:
        part.decl = declare_union(types, part, shape)


def head(shape: Shape) -> tuple[tree.StrLit | None, list[tree.Marker]]:
    """The documentation and the markers that a declaration has for its annotations."""
    doc = doc_of(shape.notes.get("description"))
    return doc, note_markers(shape.notes, shape, doc=doc is not None)


def _alias(types: Types, part: Part, shape: Shape, pointer: str) -> tree.TypeDecl:
    doc, markers = head(shape)
    if shape.kind in DECLARED:  # null is a value too: what is not null is declared beside it
        twin = types.known(shape)
        if twin is None:
            bare = msgspec.structs.replace(shape, notes={}, nullable=False)
            twin, _ = types.declared(bare, pointer, Spot(part, "not null"))
        part.deps[twin] = None
        kind: tree.TypeExpr = tree.TypeOpt(0, 0, type_of(twin))
        return tree.TypeDecl(0, 0, part.ident, doc, markers, kind)
    if shape.kind == "ref" and types.reader.is_ring(shape.reference):
        types.reader.references.missing(pointer, "it is defined by itself")
        shape = Shape("any", {}, shape.notes)
    use = types.of(shape, pointer, Spot(part, "", noted=True))
    return tree.TypeDecl(0, 0, part.ident, doc, [*use.markers, *markers], use.type)


def _entity(types: Types, part: Part, shape: Shape, pointer: str) -> tree.EntityDecl:
    doc, markers = head(shape)
    rest = dict(shape.schema)
    extra = rest.pop("additionalProperties", None)
    first: list[tree.Marker] = []
    if isinstance(extra, bool):
        first.append(marker("extra", word("allow" if extra else "forbid")))
    elif extra == {}:
        first.append(marker("extra", word("allow")))
    elif extra is not None:
        kind = types.bracketed(extra, f"{pointer}/additionalProperties", Spot(part, "extra"))
        first.append(marker("extra", tree.TypeValue(0, 0, kind)))
    bases: list[tree.TypeName] = []
    for reference in shape.bases:
        base = types.at(reference)
        if base is not None and base is not part:
            part.deps[base] = None
            bases.append(type_of(base))
    names = Names({value_name(wire) for wire in shape.inherited})
    kept = {wire for wire in shape.properties if value_name(wire) == wire}
    kept -= names.taken
    names.taken |= kept  # a name that can stand as it is belongs to its own property
    unsaid = shape.unsaid()
    fields = [
        field(
            types,
            part,
            names,
            wire,
            (unsaid, pointer) if schema is UNSAID else (schema, pointer),
            required=wire in shape.required,
            kept=wire in kept,
        )
        for wire, (schema, pointer) in shape.properties.items()
    ]
    return tree.EntityDecl(
        0, 0, part.ident, doc, [*first, *leftovers(rest), *markers], bases, fields
    )


def field(
    types: Types,
    part: Part,
    names: Names,
    wire: str,
    prop: tuple[Any, str],
    *,
    required: bool,
    kept: bool,
) -> tree.FieldDecl:
    """One property as a field."""
    name = wire if kept else names.claim(value_name(wire, "field"))
    use = types.use(*prop, Spot(part, wire, noted=True))
    doc = doc_of(use.notes.get("description"))
    value, notes = default_of(types, use, required)
    markers = [
        *([] if name == wire else [marker("json", string(wire))]),
        *use.markers,
        *note_markers(notes, _seen(types, use), doc=doc is not None),
    ]
    return tree.FieldDecl(0, 0, ident(name), not required, use.type, value, markers, doc)


def _seen(types: Types, use: Use) -> Shape:
    """The shape whose values a use has, through a reference."""
    if use.shape.kind != "ref":
        return use.shape
    target = types.reader.target(use.shape.reference)
    if target.nullable or not use.shape.nullable:
        return target
    return msgspec.structs.replace(target, nullable=True)


def default_of(types: Types, use: Use, required: bool) -> tuple[tree.Expr | None, dict[str, Any]]:
    """The default value as ``= d`` where the language can check it, and the annotations without it."""
    notes = use.notes
    if required or "default" not in notes:
        return None, notes
    value = notes["default"]
    seen = _seen(types, use)
    expr = _constant(types, use, seen, value)
    if expr is None:
        return None, notes
    return expr, without(notes, ("default",))


def _constant(types: Types, use: Use, seen: Shape, value: Any) -> tree.Expr | None:
    if not fits(seen, value) or seen.schema.get("allOf") or use.shape.schema.get("allOf"):
        return None
    if value is None:
        return tree.NoneLit(0, 0) if use.shape.nullable else None
    if seen.kind == "enum":
        part = use.part
        if use.shape.kind == "ref":
            part = types.at(use.shape.reference)
            while part is not None and part.kind == "alias" and part.shape is not None:
                part = types.at(part.shape.reference) if part.shape.kind == "ref" else None
        if part is None or value not in part.members or part.kind != "enum":
            return None
        return tree.Name(0, 0, part.members[value])
    if seen.kind == "literal":
        return literal(value)
    if seen.kind == "list":
        return tree.ListLit(0, 0, []) if value == [] and "minItems" not in seen.schema else None
    if seen.kind != "scalar" or not _within(seen, value) or not _within(use.shape, value):
        return None
    if seen.schema["type"] == "string":
        return literal(value) if seen.schema.get("format") in _OPEN_FORMATS else None
    return literal(value)


_OPEN_FORMATS = frozenset({None, "password", "string", "decimal", "hostname", "uri-template"})


def _within(shape: Shape, value: Any) -> bool:
    """Whether a scalar keeps to the bounds that a schema names; patterns are not tried."""
    schema = shape.schema
    if isinstance(value, str):
        return (
            schema.get("minLength", 0) <= len(value)
            and len(value) <= schema.get("maxLength", len(value))
            and "pattern" not in schema
        )
    if isinstance(value, bool):
        return True
    return not (
        {"exclusiveMinimum", "exclusiveMaximum", "multipleOf"} & schema.keys()
        or value < schema.get("minimum", value)
        or value > schema.get("maximum", value)
        or (isinstance(value, int) and not -(2**63) <= value < 2**63)
    )


def _enum(part: Part, shape: Shape) -> tree.EnumDecl:
    doc, markers = head(shape)
    rest = dict(shape.schema)
    given = rest.pop("x-enum-varnames", None) or rest.get("x-enumNames")
    docs = rest.pop("x-enum-descriptions", None)
    count = len(shape.values)
    if not _are_texts(given, count):
        given = None
    notes = {key: value for key, value in shape.schema.items() if key in ENUM_NOTES}
    if _are_texts(docs, count) and any(text.strip() for text in docs):
        notes.pop("x-enum-descriptions", None)
    else:
        docs = None
    wanted = [
        _member_name(value, given[at] if given else None) for at, value in enumerate(shape.values)
    ]
    kept = {name for name, value in zip(wanted, shape.values, strict=True) if name == value}
    names = Names(kept)
    members: list[tree.EnumMember] = []
    for at, value in enumerate(shape.values):
        name = wanted[at]
        if name != value:
            name = names.claim(name, "_")
        part.members[value] = name
        wire = None if name == value else literal(value)
        text = doc_of(docs[at]) if docs else None
        members.append(tree.EnumMember(0, 0, ident(name), wire, text, []))
    rest = without(rest, ("x-enumNames",))
    inline = all(member.doc is None for member in members) and doc is None
    return tree.EnumDecl(
        0,
        0,
        part.ident,
        doc,
        [*markers, *open_api(rest), *extensions(notes)],
        members,
        inline and _short(members),
    )


def _are_texts(value: Any, count: int) -> bool:
    return (
        isinstance(value, list)
        and len(value) == count
        and all(isinstance(item, str) for item in value)
    )


def _short(members: list[tree.EnumMember]) -> bool:
    """Whether an enum reads well on one line."""
    return sum(len(member.name.name) + (12 if member.wire else 2) for member in members) <= 60


def _member_name(value: str | int | bool, given: str | None) -> str:
    """The member for a wire value: the name that the document gives, else the value's own words."""
    if given and is_identifier(value_name(given)):
        name = value_name(given).lower()
    elif isinstance(value, str):
        name = value if is_identifier(value) and value.strip("_") else value_name(value, "empty")
        if name.isupper() or not is_identifier(value):
            name = name.lower()
    else:
        name = value_name(str(value))
    return f"{name}_" if name in VALUE_WORDS else name
