"""Declarations as component schemas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hyper.emit.openapi.merging import merge_texts
from hyper.emit.openapi.schemas import SchemaWriter, json_type
from hyper.ir.program import AliasDef, EntityDef, EnumDef, UnionDef

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hyper.emit.openapi.naming import SchemaDef
    from hyper.emit.openapi.schemas import Schema
    from hyper.ir.program import FieldDef, Program


def declaration_schema(
    definition: SchemaDef, writer: SchemaWriter, *, closed: bool = False
) -> Schema:
    """The schema of one declaration; ``closed`` tells whether it is an entity of ``naming.closed_entities``."""
    match definition:
        case EntityDef():
            schema = _entity(definition, writer, flat=closed or not definition.bases)
        case EnumDef():
            schema = _enum(definition)
        case UnionDef():
            schema = _union(definition, writer)
        case AliasDef(type=kind):
            return writer.schema(kind, definition.markers, definition.doc)
    writer.annotate(schema, definition.markers, definition.doc)
    return schema


def _entity(entity: EntityDef, writer: SchemaWriter, *, flat: bool) -> Schema:
    if flat:
        schema = _object(entity.fields, writer)
        said = _said_of_bases(entity, writer.program)
        if said:
            schema["allOf"] = said
    else:
        parts: list[Schema] = [{"$ref": writer.reference(base)} for base in entity.bases]
        # A part of its own, even if it is empty, tells an entity from another name for its base.
        parts.append(_object([field for field in entity.fields if field.origin is None], writer))
        schema = {"allOf": parts}
    if entity.extra_type is not None:
        schema["additionalProperties"] = writer.schema(entity.extra_type) or True
    elif entity.markers.extra in {"allow", "forbid"}:
        schema["additionalProperties"] = entity.markers.extra == "allow"
    return schema


def _said_of_bases(entity: EntityDef, program: Program) -> list[Schema]:
    """What ``@schema`` says of the bases of an entity, theirs included, for one that does not refer to them."""
    said: list[Schema] = []
    waiting = list(entity.bases)
    while waiting:
        base = program.definitions[waiting.pop(0)]
        if isinstance(base, EntityDef):
            patch: Schema = {}
            merge_texts(patch, base.markers.schema)
            parts = patch.pop("allOf", [])
            said += [part for part in ([patch] if patch else []) + parts if part not in said]
            waiting += base.bases
    return said


def _object(fields: Iterable[FieldDef], writer: SchemaWriter) -> Schema:
    properties: dict[str, Schema] = {}
    required: list[str] = []
    for field in fields:
        schema = writer.schema(field.type, field.markers, field.doc)
        writer.add_default(schema, field.default)
        properties[field.wire] = schema
        if not field.optional and field.default is None:
            required.append(field.wire)
    schema = {"type": "object"}
    if properties:
        schema["properties"] = properties
    if required:
        schema["required"] = required
    return schema


def _enum(enum: EnumDef) -> Schema:
    schema: dict[str, Any] = {}
    kinds = {json_type(member.wire) for member in enum.members}
    if len(kinds) == 1:
        schema["type"] = kinds.pop()
    schema["enum"] = [member.wire for member in enum.members]
    if any(member.doc for member in enum.members):
        schema["x-enum-descriptions"] = [member.doc for member in enum.members]
    return schema


def _union(union: UnionDef, writer: SchemaWriter) -> Schema:
    schema: dict[str, Any] = {
        "oneOf" if union.exactly else "anyOf": [writer.schema(kind) for kind in union.variants]
    }
    if union.discriminator is not None and writer.document:
        schema["discriminator"] = {"propertyName": union.discriminator}
        if union.mapping:
            schema["discriminator"]["mapping"] = {
                wire: writer.reference(name) for wire, name in union.mapping
            }
    return schema
