"""Entities from the parts of an ``allOf``: bases with fields of its own, or all fields in one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from hyper.importers.openapi.combining import (
    Conflict,
    both_extra,
    both_schemas,
    is_open,
    merge_keyword,
)
from hyper.importers.openapi.keywords import ASSERTIONS
from hyper.importers.openapi.shapes import UNSAID, Shape, canonical, without

if TYPE_CHECKING:
    from hyper.importers.openapi.reading import Reader


def entity_of(reader: Reader, shapes: list[Shape]) -> Shape:
    """An entity from entities: ``is`` where the bases' fields stay as they are, else all fields in one."""
    bases: list[tuple[str, Shape]] = []
    own: dict[str, tuple[Any, str]] = {}
    required: dict[str, None] = {}
    said: list[dict[str, Any]] = []
    for shape in shapes:
        if shape.kind == "ref":
            bases.append((shape.reference, reader.target(shape.reference)))
            continue
        bases.extend((base, reader.target(base)) for base in shape.bases)
        _add_all(own, shape.properties)
        required.update(dict.fromkeys(shape.required))
        said.append(shape.schema)
    for _, base in bases:
        extra = base.schema.get("additionalProperties", True)
        if not is_open(extra):  # what a base refuses, all of its kind refuse
            said.append({"additionalProperties": extra})
    bases = list({id(base): (reference, base) for reference, base in reversed(bases)}.values())
    bases.reverse()  # one that is there by two names is there once
    try:
        inherited, inherited_required = _inherit(bases)
        kept = _beside(own, required, inherited, inherited_required)
        _check_patterns(bases, said)
    except Conflict:
        return flat_entity(reader, shapes)
    wholes = [_whole(reader, shape) for shape in shapes]
    return Shape(
        "entity",
        _all_said([*said, *_refusals(wholes, {**inherited, **kept})]),
        bases=tuple(reference for reference, _ in bases),
        properties=kept,
        required=tuple(name for name in required if name in kept),
        inherited=inherited,
        inherited_required=inherited_required,
    )


def _whole(reader: Reader, shape: Shape) -> Shape:
    """An entity, through a reference to it."""
    return reader.target(shape.reference) if shape.kind == "ref" else shape


def _check_patterns(bases: list[tuple[str, Shape]], said: list[dict[str, Any]]) -> None:
    """Raise ``Conflict`` where ``additionalProperties`` would have to see the patterns of a base."""
    closed = not all(is_open(each.get("additionalProperties", True)) for each in said)
    if closed and any("patternProperties" in base.schema for _, base in bases):
        raise Conflict("patternProperties")


def _said(reader: Reader, whole: Shape) -> list[dict[str, Any]]:
    """The keywords of an entity and of its bases, besides properties; what these refuse, it refuses itself."""
    said = [without(whole.schema, ("discriminator",))]
    for base in whole.bases:
        said += [
            without(each, ("additionalProperties",)) for each in _said(reader, reader.target(base))
        ]
    return said


def flat_entity(reader: Reader, shapes: list[Shape]) -> Shape:
    """All fields of all parts in one entity, without bases."""
    fields: dict[str, tuple[Any, str]] = {}
    required: dict[str, None] = {}
    said: list[dict[str, Any]] = []
    wholes = [_whole(reader, shape) for shape in shapes]
    for shape, whole in zip(shapes, wholes, strict=True):
        _add_all(fields, whole.inherited)
        _add_all(fields, whole.properties)
        required.update(dict.fromkeys(sorted(whole.inherited_required)))
        required.update(dict.fromkeys(whole.required))
        if shape is whole and "discriminator" in shape.schema:
            said.append({"discriminator": shape.schema["discriminator"]})
        said += _said(reader, whole)
    rest = _all_said([*said, *_refusals(wholes, fields)])
    return Shape("entity", rest, properties=fields, required=tuple(required))


def _refusals(wholes: list[Shape], fields: dict[str, tuple[Any, str]]) -> list[dict[str, Any]]:
    """What parts say of properties that only other parts describe: to each part these are additional ones."""
    patterns = any("patternProperties" in whole.schema for whole in wholes)
    said: dict[str, Any] = {}
    kept: list[Any] = []
    for whole in wholes:
        extra = whole.schema.get("additionalProperties", True)
        if is_open(extra):
            continue
        every = {**whole.inherited, **whole.properties}
        own: dict[str, Any] = {
            name: {} for name, (schema, _) in every.items() if schema is not UNSAID
        }
        if patterns and len(wholes) > 1:
            mine = {"patternProperties": whole.schema.get("patternProperties", {})}
            kept.append({"properties": own, **mine, "additionalProperties": extra})
            continue
        for name, (schema, _) in fields.items():
            if name not in own and schema is not UNSAID:
                said[name] = both_extra(said.get(name), extra)
    if said:
        kept.append({"properties": said})
    return [{"allOf": kept}] if kept else []


def _all_said(schemas: list[dict[str, Any]]) -> dict[str, Any]:
    """The keywords of all parts of an entity besides its properties; those that do not go together, in ``allOf``."""
    said: dict[str, Any] = {}
    kept: list[Any] = []
    for schema in schemas:
        more = dict(schema)
        kept += [part for part in more.pop("allOf", ()) if part not in kept]
        if "additionalProperties" in more:
            extra = more.pop("additionalProperties")
            said["additionalProperties"] = both_extra(said.get("additionalProperties"), extra)
        for pattern, value in more.pop("patternProperties", {}).items():
            known = said.setdefault("patternProperties", {})
            known[pattern] = both_extra(known.get(pattern), value)
        if not _CONDITION.isdisjoint(said) and not _CONDITION.isdisjoint(more):
            kept.append({key: more.pop(key) for key in _CONDITION & more.keys()})
        for key, value in more.items():
            try:
                said[key] = merge_keyword(key, said[key], value) if key in said else value
            except Conflict:
                if key in ASSERTIONS:
                    kept.append({key: value})
    return {**said, "allOf": kept} if kept else said


_CONDITION: Final = frozenset({"if", "then", "else"})


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
            fields[name] = (both_schemas(fields[name][0], schema), pointer)
