"""Schemas become type expressions; entities, enums and unions become declarations on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from hyper.importers.openapi.annotations import note_markers, open_api
from hyper.importers.openapi.constraints import bounds, leftovers, scalar
from hyper.importers.openapi.declaring import declare
from hyper.importers.openapi.nodes import ident, list_of, literal, map_of, marked, named, optional
from hyper.importers.openapi.parts import Hint, Part, Spot, type_of
from hyper.importers.openapi.references import MISSING, tokens
from hyper.importers.openapi.shapes import DECLARED, Shape, canonical
from hyper.importers.openapi.words import pascal, singular
from hyper.lang import tree

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.importers.openapi.reading import Reader


class Use(msgspec.Struct, eq=False):
    """A type where it is used: its markers, the annotations that are left for the place, and its shape."""

    type: tree.TypeExpr
    markers: list[tree.Marker]
    notes: dict[str, Any]
    shape: Shape
    part: Part | None = None


class Types:
    """Makes the types of a document. Each component, and each inline schema that needs a declaration, is a part."""

    __slots__ = (
        "_inline",
        "_known",
        "_pointers",
        "components",
        "late",
        "later",
        "parts",
        "reader",
        "waiting",
    )

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.parts: list[Part] = []
        self.components: dict[str, Part] = {}
        self.waiting: list[tuple[Part, Any, str]] = []
        self.late: list[tuple[tree.Name, Part]] = []
        """Names in expressions that stand for parts, to be filled in when these are named."""
        self.later: list[Callable[[], None]] = []
        """What else waits for the names of parts."""
        self._pointers: dict[str, Part] = {}
        self._inline: dict[bytes, Part] = {}
        self._known: dict[bytes, Part] = {}

    def add_component(self, wire: str, schema: Any, pointer: str) -> None:
        """Make a part of a component; its name is given before any inline name."""
        part = Part("alias", ident(""), wire)
        self.components[wire] = part
        self._pointers[pointer] = part
        self.parts.append(part)
        self.waiting.append((part, schema, pointer))
        shape = self.reader.shape(schema, pointer)
        part.shape = shape
        if shape.kind in DECLARED and not shape.nullable:
            part.kind = shape.kind
            self._known.setdefault(_key(shape, shape.notes), part)

    def finish(self) -> None:
        """Declare all parts that wait for it."""
        while self.waiting:
            part, schema, pointer = self.waiting.pop(0)
            declare(self, part, self.reader.shape(schema, pointer), pointer)

    def at(self, pointer: str) -> Part | None:
        """The part that a reference means; for a reference to any other place, one is made."""
        part = self._pointers.get(pointer)
        if part is not None:
            return part
        node, where = self.reader.references.follow(pointer)
        if node is MISSING:
            return None
        shape = self.reader.shape(node, where)
        part = Part("alias", ident(""), shape=shape)
        part.hints.append(Hint(part, _place_words(pointer)))
        if shape.kind in DECLARED and not shape.nullable:
            part.kind = shape.kind
        self._pointers[pointer] = part
        self.parts.append(part)
        self.waiting.append((part, node, where))
        return part

    def use(self, schema: Any, pointer: str, spot: Spot) -> Use:
        """The type of a schema where it stands."""
        return self.of(self.reader.shape(schema, pointer), pointer, spot)

    def of(self, shape: Shape, pointer: str, spot: Spot) -> Use:
        """The type of a shape where it stands."""
        notes = shape.notes
        part: Part | None = None
        markers: list[tree.Marker]
        if shape.kind in DECLARED:
            part, notes = self.declared(shape, pointer, spot)
            kind: tree.TypeExpr = type_of(part)
            markers = []
        elif shape.kind == "ref":
            part = self.at(shape.reference)
            if part is None:
                kind, markers = named("any"), leftovers(shape.schema)
            else:
                kind = type_of(part)
                markers = self._refined(shape)
        else:
            kind, markers = self.plain(shape, pointer, spot)
        if part is not None:
            spot.owner.deps[part] = None
        if shape.nullable:
            kind = optional(kind)
        return Use(kind, markers, notes, shape, part)

    def bracketed(self, schema: Any, pointer: str, spot: Spot) -> tree.TypeExpr:
        """The type of a schema within brackets, with all its markers."""
        use = self.use(schema, pointer, spot)
        return marked(use.type, [*use.markers, *note_markers(use.notes, use.shape, doc=False)])

    def plain(
        self, shape: Shape, pointer: str, spot: Spot
    ) -> tuple[tree.TypeExpr, list[tree.Marker]]:
        """The type and markers of a shape that needs no declaration."""
        rest = dict(shape.schema)
        match shape.kind:
            case "scalar":
                return scalar(shape)
            case "literal":
                value = literal(shape.values[0])
                if isinstance(value, tree.Unary):
                    value = tree.IntLit(0, 0, int(shape.values[0]), str(shape.values[0]))
                assert isinstance(value, tree.StrLit | tree.IntLit | tree.BoolLit)
                return tree.TypeLit(0, 0, value), open_api(rest)
            case "list":
                items = rest.pop("items", True)
                one = singular(spot.text)
                inner = spot.inner(one if one != spot.text else f"{spot.text} item")
                item = self.bracketed(items, f"{pointer}/items", inner)
                markers = bounds("list", rest)
                return list_of(item), [*markers, *leftovers(rest)]
            case "map":
                return self._map(rest, pointer, spot)
            case _:
                values = rest.get("enum")
                if shape.nullable and isinstance(values, list) and None not in values:
                    rest["enum"] = [*values, None]  # beside ``any``, it is the list that takes null
                return named("any"), leftovers(rest)

    def _map(
        self, rest: dict[str, Any], pointer: str, spot: Spot
    ) -> tuple[tree.TypeExpr, list[tree.Marker]]:
        values = rest.get("additionalProperties", True)
        if values is not False:
            rest.pop("additionalProperties", None)
        one = singular(spot.text)
        inner = spot.inner(one if one != spot.text else f"{spot.text} value")
        value = (
            named("any")
            if values is False or values is True
            else self.bracketed(values, f"{pointer}/additionalProperties", inner)
        )
        markers = bounds("map", rest)
        return map_of(value), [*markers, *leftovers(rest)]

    def _refined(self, shape: Shape) -> list[tree.Marker]:
        """Markers for what is said beside a reference, by the type that is meant."""
        if not shape.schema:
            return []
        rest = dict(shape.schema)
        target = self.reader.target(shape.reference)
        name = target.kind
        if target.kind == "scalar":
            kind, _ = scalar(target)
            assert isinstance(kind, tree.TypeName)
            markers = bounds(kind.parts[0].name, rest)
        else:
            markers = bounds(name, rest) if name in ("list", "map") else []
        return [*markers, *leftovers(rest)]

    def known(self, shape: Shape) -> Part | None:
        """The component that says all that a shape does, but for null."""
        return self._known.get(_key(shape, shape.notes))

    def declared(self, shape: Shape, pointer: str, spot: Spot) -> tuple[Part, dict[str, Any]]:
        """The part that declares an inline schema, and the annotations that are left for the place."""
        part = self.known(shape)
        if part is not None:
            return part, {}
        own, left = shape.notes, {}
        if spot.noted:
            own = {key: shape.notes[key] for key in _OWN if key in shape.notes}
            left = {key: value for key, value in shape.notes.items() if key not in own}
        key = _key(shape, own)
        part = self._known.get(key) or self._inline.get(key)
        hint = Hint(spot.owner, spot.text, str(shape.notes.get("title", "")))
        if part is None:
            part = Part(shape.kind, ident(""), shape=shape)
            self._inline[key] = part
            self.parts.append(part)
            bare = msgspec.structs.replace(shape, notes=own, nullable=False)
            part.hints.append(hint)
            declare(self, part, bare, pointer)
        elif not part.wire:
            part.hints.append(hint)
        return part, left


_OWN = ("title", "discriminator")


def _key(shape: Shape, notes: dict[str, Any]) -> bytes:
    """What makes two inline schemas one declaration."""
    return canonical(
        [
            shape.kind,
            shape.schema,
            notes,
            shape.bases,
            {name: schema for name, (schema, _) in shape.properties.items()},
            sorted(shape.required),
            [schema for schema, _ in shape.variants],
            shape.exactly,
            shape.values,
        ]
    )


def _place_words(pointer: str) -> str:
    """Words for a place that a reference points into: the component, then the properties on the way."""
    skipped = {"components", "schemas", "properties", "items", "paths", "content", "schema"}
    found = [pascal(token) for token in tokens(pointer) if token not in skipped]
    return " ".join(word for word in found[-3:] if word) or "Value"
