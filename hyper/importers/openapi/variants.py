"""Unions: their variants, what tells them apart, and how inline variants are named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hyper.importers.openapi.annotations import doc_of, note_markers, open_api
from hyper.importers.openapi.constraints import leftovers
from hyper.importers.openapi.nodes import ident, string
from hyper.importers.openapi.parts import Part, Spot
from hyper.importers.openapi.references import MISSING, tokens
from hyper.importers.openapi.shapes import Shape, without
from hyper.importers.openapi.words import value_name, words
from hyper.lang import tree

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.importers.openapi.types import Types


def declare_union(types: Types, part: Part, shape: Shape) -> tree.UnionDecl:
    """The declaration of a union."""
    doc = doc_of(shape.notes.get("description"))
    rest = without(shape.schema, ("discriminator",))
    extra: list[tree.Marker] = []
    field: tree.Ident | None = None
    mapping: list[tree.MapEntry] | None = None
    tag = shape.schema.get("discriminator")
    if tag is not None:
        found = _tagged(types, shape, tag)
        if found is None:
            extra = open_api({"discriminator": tag})
        else:
            field, mapping = found
            left = without(tag, ("propertyName", "mapping"))
            extra = open_api({"discriminator": left} if left else {})
    variants = [
        types.bracketed(schema, where, Spot(part, variant_words(types, part, schema, where)))
        for schema, where in shape.variants
    ]
    markers = note_markers(shape.notes, shape, doc=doc is not None)
    return tree.UnionDecl(
        0,
        0,
        part.ident,
        doc,
        [*leftovers(rest), *markers, *extra],
        shape.exactly,
        variants,
        field,
        mapping,
    )


def _tagged(
    types: Types, shape: Shape, tag: dict[str, Any]
) -> tuple[tree.Ident, list[tree.MapEntry] | None] | None:
    """``by field {…}``, where every variant is an entity that has the field and the mapping names variants only."""
    wire = tag.get("propertyName")
    mapping = tag.get("mapping")
    if not isinstance(wire, str) or not isinstance(mapping, dict | None):
        return None
    targets: dict[str, Part] = {}
    for schema, where in shape.variants:
        variant = types.reader.shape(schema, where)
        if variant.kind != "ref" or variant.nullable or variant.notes or variant.schema:
            return None
        entity = types.reader.target(variant.reference)
        target = types.at(variant.reference)
        if entity.kind != "entity" or target is None or target.kind != "entity":
            return None
        if wire not in entity.properties and wire not in entity.inherited:
            return None
        targets[variant.reference] = target
    field = ident(value_name(wire))
    if mapping is None:
        return field, None
    entries: list[tree.MapEntry] = []
    for key, value in mapping.items():
        if not isinstance(value, str):
            return None
        bare = "/" not in value and "#" not in value
        reference = f"#/components/schemas/{value}" if bare else value
        node, where = types.reader.references.follow(reference)
        if node is MISSING or where not in targets:
            return None
        name = tree.Name(0, 0, "")
        types.late.append((name, targets[where]))
        entries.append(tree.MapEntry(0, 0, string(key), name))
    return field, entries


def variant_words(types: Types, part: Part, schema: Any, pointer: str) -> str:
    """Words for an inline variant: its title, what it builds on, the value of a field that is always the same, its only
    field, or its kind."""
    shape = types.reader.shape(schema, pointer)
    title = shape.notes.get("title")
    if isinstance(title, str) and 0 < len(title) <= 40:
        return title
    if shape.kind == "entity":
        if len(shape.bases) == 1:
            return _beyond(part.wire or part.name, tokens(shape.bases[0])[-1])
        for name in shape.required:
            field = types.reader.shape(*shape.properties[name])
            if field.kind == "literal" and isinstance(field.values[0], str):
                return field.values[0]
        names = shape.required if len(shape.required) == 1 else tuple(shape.properties)
        if len(names) == 1:
            return f"with {names[0]}"
    return {"list": "list", "map": "map", "enum": "word"}.get(shape.kind, "option")


def _beyond(owner: str, base: str) -> str:
    """The words of a base without those that it begins with as its owner does."""
    ours, theirs = words(owner), words(base)
    at = 0
    while at < min(len(ours), len(theirs) - 1) and ours[at].lower() == theirs[at].lower():
        at += 1
    return " ".join(theirs[at:])


def break_rings(parts: list[Part], report: Callable[[str, str], None]) -> None:
    """Take out of unions what would make them variants of themselves, through other unions and aliases."""
    by_ident = {id(part.ident): part for part in parts}
    done: set[Part] = set()
    for root in parts:
        path: list[tuple[Part, list[tree.TypeExpr]]] = []
        if root.kind == "union" and root not in done:
            path.append((root, _ways(root)))
        while path:
            part, ways = path[-1]
            if not ways:
                done.add(part)
                path.pop()
                continue
            way = ways.pop()
            target = by_ident.get(_head(way))
            if target is None or target in done or target.kind not in ("union", "alias"):
                continue
            if all(target is not each for each, _ in path):
                path.append((target, _ways(target)))
                continue
            union, _ = next(each for each in reversed(path) if each[0].kind == "union")
            assert isinstance(union.decl, tree.UnionDecl)
            first = [each for each in union.decl.variants if by_ident.get(_head(each)) in _on(path)]
            union.decl.variants = [each for each in union.decl.variants if each not in first]
            report("W1001", f"{union.wire or 'a union'} is a choice of itself, which is left out")


def _on(path: list[tuple[Part, list[tree.TypeExpr]]]) -> set[Part]:
    return {part for part, _ in path}


def _ways(part: Part) -> list[tree.TypeExpr]:
    """The types that a part may be by another name."""
    if isinstance(part.decl, tree.UnionDecl):
        return list(part.decl.variants)
    return [part.decl.type] if isinstance(part.decl, tree.TypeDecl) else []


def _head(kind: tree.TypeExpr) -> int:
    """What tells the name of a type, through null and markers."""
    while isinstance(kind, tree.TypeOpt | tree.TypeMarked):
        kind = kind.inner
    return id(kind.parts[0]) if isinstance(kind, tree.TypeName) and not kind.args else 0
