"""Schemas become shapes: references, ``allOf``, null and unions are sorted out here, once for each schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hyper.importers.openapi.findings import escape
from hyper.importers.openapi.keywords import checked
from hyper.importers.openapi.merging import merge_parts
from hyper.importers.openapi.nulls import Nulls
from hyper.importers.openapi.references import MISSING, References
from hyper.importers.openapi.shapes import (
    BY_TYPE,
    UNSAID,
    Shape,
    drop_null,
    enum_shape,
    guess_type,
    is_null,
    says_what,
    split_notes,
    without,
)

if TYPE_CHECKING:
    from hyper.importers.openapi.findings import Findings


class Reader:
    """Gives the shape of any schema of a document; the shape of one schema is made once."""

    __slots__ = ("_cache", "_fitting", "_nulls", "_open", "_targets", "findings", "references")

    def __init__(self, references: References, findings: Findings) -> None:
        self.references = references
        self.findings = findings
        self._cache: dict[int, tuple[Any, Shape]] = {}
        self._fitting: dict[tuple[int, str], bool] = {}
        self._nulls = Nulls(references)
        self._open: set[int] = set()
        self._targets: dict[str, Shape] = {}

    def shape(self, schema: Any, pointer: str) -> Shape:
        """The shape of a schema."""
        cached = self._cache.get(id(schema))
        if cached is not None:
            return cached[1]
        if not isinstance(schema, dict):
            return self._plain(schema, pointer)
        if id(schema) in self._open:
            self.references.missing(pointer, "it is defined by itself")
            return Shape("any", {})
        self._open.add(id(schema))
        try:
            sound = checked(schema, pointer, self.findings)
            shape = self._nulls.settled(self._read(sound, pointer), sound)
        finally:
            self._open.discard(id(schema))
        self._cache[id(schema)] = (schema, shape)
        return shape

    def target(self, reference: str) -> Shape:
        """The shape of what a reference means, through references and aliases of references."""
        chain: dict[str, None] = {}
        found: Shape | None = None
        whole = True
        while found is None and reference not in chain:
            found = self._targets.get(reference)
            if found is not None:
                break
            chain[reference] = None
            node, pointer = self.references.follow(reference)
            if node is MISSING:
                break
            whole = whole and id(node) not in self._open
            shape = self.shape(node, pointer)
            if shape.kind == "ref":
                reference = shape.reference
            else:
                found = shape
        if found is None:
            found = Shape("any", {})
        if whole:  # what is only half read may yet turn out to be something else
            self._targets.update(dict.fromkeys(chain, found))
        return found

    def is_bare(self, reference: str) -> bool:
        """Whether references lead to what they mean without a keyword beside one of them."""
        seen: set[str] = set()
        while reference not in seen:
            seen.add(reference)
            node, pointer = self.references.follow(reference)
            shape = self.shape(node, pointer) if node is not MISSING else Shape("any", {})
            if shape.kind != "ref":
                return True
            if shape.schema:
                return False
            reference = shape.reference
        return True

    def is_ring(self, reference: str) -> bool:
        """Whether references lead back to where they began, and never to a type."""
        if self.target(reference).kind != "any":
            return False
        seen: set[str] = set()
        while reference not in seen:
            seen.add(reference)
            node, pointer = self.references.follow(reference)
            if node is MISSING:
                return False
            shape = self.shape(node, pointer)
            if shape.kind != "ref":
                return False
            reference = shape.reference
        return True

    def prepare(self, schemas: dict[str, Any], prefix: str) -> None:
        """Read the schemas that others build on first, so that no long chain of them is a deep recursion."""
        done: set[int] = set()
        for name, schema in schemas.items():
            stack: list[tuple[Any, str, bool]] = [(schema, f"{prefix}/{escape(name)}", False)]
            while stack:
                node, pointer, leave = stack.pop()
                if leave:
                    self.shape(node, pointer)
                    continue
                if not isinstance(node, dict) or id(node) in done:
                    continue
                done.add(id(node))
                stack.append((node, pointer, True))
                for reference in direct_references(node):
                    target, where = self.references.follow(reference)
                    if target is not MISSING:
                        stack.append((target, where, False))

    def _plain(self, schema: Any, pointer: str) -> Shape:
        if schema is True:
            return Shape("any", {})
        if schema is False:
            return Shape("any", {"not": {}})
        self.findings.report("E1004", f"{pointer} is not a schema; `any` takes its place")
        return Shape("any", {})

    def _read(self, schema: dict[str, Any], pointer: str) -> Shape:
        if "$ref" in schema:
            return self._reference(schema, pointer)
        if "allOf" in schema:
            return merge_parts(self, schema, pointer)
        core, notes = split_notes(schema)
        core, nullable = drop_null(core)
        if "enum" in core or "const" in core:
            shape = enum_shape(core, notes, nullable)
            if shape is not None:
                return shape
        for key in ("oneOf", "anyOf"):
            if key in core and "properties" not in core:
                shape = self._union(key, core, notes, nullable, pointer)
                if shape is not None:
                    return shape
        kind = core.get("type")
        if isinstance(kind, list):
            return self._types(kind, core, notes, nullable, pointer)
        return self._by_type(kind or guess_type(core), core, notes, nullable, pointer)

    def _reference(self, schema: dict[str, Any], pointer: str) -> Shape:
        target, where = self.references.follow(schema["$ref"])
        rest, notes = split_notes(without(schema, ("$ref",)))
        rest, nullable = drop_null(rest)
        if target is MISSING:
            return Shape("any", rest, notes, nullable)
        if "type" in rest and rest["type"] == self.target(where).schema.get("type"):
            rest = without(rest, ("type",))
        if not rest or not says_what(rest):
            return Shape("ref", rest, notes, nullable, reference=where)
        parts = {**notes, "allOf": [{"$ref": schema["$ref"]}, rest]}
        if nullable:
            parts["nullable"] = True
        return merge_parts(self, parts, pointer)

    def _by_type(
        self,
        kind: str | None,
        core: dict[str, Any],
        notes: dict[str, Any],
        nullable: bool,
        pointer: str,
    ) -> Shape:
        if kind == "object":
            return self._object(core, notes, nullable, pointer)
        if kind == "array":
            core = without(core, ("type",))
            if isinstance(core.get("items"), list) or "prefixItems" in core:
                return Shape("list", _tuple(core), notes, nullable)
            return Shape("list", core, notes, nullable)
        if kind is None or kind == "null":
            return Shape("any", core, notes, nullable)
        return Shape("scalar", {**core, "type": kind}, notes, nullable)

    def _object(
        self, core: dict[str, Any], notes: dict[str, Any], nullable: bool, pointer: str
    ) -> Shape:
        properties = core.get("properties", {})
        required = tuple(dict.fromkeys(core.get("required", ())))
        rest = without(core, ("type", "properties", "required"))
        closed = "properties" in core and core.get("additionalProperties") is False
        if not properties and not required and not closed:
            return Shape("map", rest, notes, nullable)
        own = {
            name: (schema, f"{pointer}/properties/{escape(name)}")
            for name, schema in properties.items()
        }
        if "" in own:  # a key that no field can have
            rest = {**rest, "properties": {"": own.pop("")[0]}}
        if "" in required:
            rest = {**rest, "required": [""]}
            required = tuple(name for name in required if name)
        for name in required:
            own.setdefault(name, (UNSAID, f"{pointer}/properties/{escape(name)}"))
        return Shape("entity", rest, notes, nullable, properties=own, required=required)

    def _union(
        self, key: str, core: dict[str, Any], notes: dict[str, Any], nullable: bool, pointer: str
    ) -> Shape | None:
        variants = core[key]
        if not all(says_what(variant) for variant in variants):
            return None
        real = [
            (variant, f"{pointer}/{key}/{at}")
            for at, variant in enumerate(variants)
            if not is_null(variant)
        ]
        if not real:
            return None
        nullable = nullable or len(real) < len(variants)
        rest = without(core, (key,))
        kind = rest.get("type")
        if isinstance(kind, str):
            if any(not self._fits(variant, where, kind) for variant, where in real):
                real = [
                    ({"type": kind, **variant}, where)
                    if isinstance(variant, dict) and _STATES_TYPE.isdisjoint(variant)
                    else (variant, where)
                    for variant, where in real
                ]
            if all(self._fits(variant, where, kind) for variant, where in real):
                rest = without(rest, ("type",))
        if "required" in rest and rest.get("type") in (None, "object"):
            return None
        if len(real) == 1:
            return self._sole(real[0], rest, notes, nullable)
        return Shape("union", rest, notes, nullable, variants=tuple(real), exactly=key == "oneOf")

    def _sole(
        self, variant: tuple[Any, str], rest: dict[str, Any], notes: dict[str, Any], nullable: bool
    ) -> Shape:
        """A union of one is that one, with what is said beside it."""
        if "discriminator" in rest:
            notes = {**notes, "discriminator": rest["discriminator"]}
            rest = without(rest, ("discriminator",))
        parts: dict[str, Any] = {**notes, "allOf": [variant[0]]}
        parts.update(rest)
        if nullable:
            parts["nullable"] = True
        return merge_parts(self, parts, variant[1])

    def _fits(self, variant: Any, pointer: str, kind: str) -> bool:
        """Whether a variant is of a type without being told so; found out once for each schema that is read whole."""
        key = (id(variant), kind)
        if key not in self._fitting:
            fits = self._shape_fits(self.shape(variant, pointer), kind)
            if id(variant) not in self._cache:
                return fits
            self._fitting[key] = fits
        return self._fitting[key]

    def _shape_fits(self, shape: Shape, kind: str) -> bool:
        if shape.kind == "ref":
            shape = self.target(shape.reference)
        match shape.kind:
            case "entity" | "map":
                return kind == "object"
            case "list":
                return kind == "array"
            case "scalar":
                return kind == shape.schema["type"] or (
                    kind == "number" and shape.schema["type"] == "integer"
                )
            case "enum" | "literal":
                return all(isinstance(value, str) == (kind == "string") for value in shape.values)
            case "union":
                return all(self._fits(each, where, kind) for each, where in shape.variants)
            case _:
                return False

    def _types(
        self,
        kinds: list[str],
        core: dict[str, Any],
        notes: dict[str, Any],
        nullable: bool,
        pointer: str,
    ) -> Shape:
        """A list of types is a union of one variant a type, each with the keywords that speak of it."""
        rest = without(core, ("type",))
        variants: list[tuple[Any, str]] = []
        for kind in kinds:
            speaks = {key: rest[key] for key in BY_TYPE[kind] if key in rest}
            variants.append(({"type": kind, **speaks}, pointer))
        spoken = {key for kind in kinds for key in BY_TYPE[kind]}
        return Shape("union", without(rest, spoken), notes, nullable, variants=tuple(variants))


_STATES_TYPE = frozenset({"type", "$ref", "allOf", "anyOf", "oneOf", "enum", "const"})


def _tuple(core: dict[str, Any]) -> dict[str, Any]:
    """A tuple in the keywords of JSON Schema 2020-12: a list of anything, with ``prefixItems``."""
    items = core.get("items")
    if isinstance(items, list):
        return {**without(core, ("items", "additionalItems")), "prefixItems": items}
    if items is None:
        return core
    return {**without(core, ("items",)), "$items": items}


def direct_references(schema: dict[str, Any]) -> list[str]:
    """The references that must be understood before a schema can be."""
    found: list[str] = []
    stack: list[Any] = [schema]
    budget = 10_000
    while stack and budget:
        budget -= 1
        node = stack.pop()
        if not isinstance(node, dict):
            continue
        reference = node.get("$ref")
        if isinstance(reference, str):
            found.append(reference)
        for key in ("allOf", "anyOf", "oneOf"):
            parts = node.get(key)
            if isinstance(parts, list):
                stack.extend(parts)
    return found
