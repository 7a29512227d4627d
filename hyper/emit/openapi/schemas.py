"""Types with their markers as JSON Schema 2020-12, the dialect of OpenAPI 3.1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from hyper.emit.openapi.constants import NotConstantError, constant
from hyper.emit.openapi.merging import decode, merge, merge_texts
from hyper.ir.kinds import Kinds
from hyper.ir.markers import NO_MARKERS, Markers
from hyper.ir.types import Alias, Dec, Entity, Enum, ListOf, Lit, MapOf, Marked, Opt, Prim, Union

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.ir.markers import Number
    from hyper.ir.nodes import Expr
    from hyper.ir.program import Program
    from hyper.ir.types import Type

Schema = dict[str, Any]

PRIMITIVE_SCHEMAS: Final[dict[str, Schema]] = {
    "bool": {"type": "boolean"},
    "int": {"type": "integer"},
    "bigint": {"type": "integer"},
    "float": {"type": "number"},
    "string": {"type": "string"},
    "bytes": {"type": "string", "contentEncoding": "base64"},
    "date": {"type": "string", "format": "date"},
    "time": {"type": "string", "format": "time"},
    "datetime": {"type": "string", "format": "date-time"},
    "duration": {"type": "string", "format": "duration"},
    "uuid": {"type": "string", "format": "uuid"},
    "url": {"type": "string", "format": "uri"},
    "email": {"type": "string", "format": "email"},
    "any": {},
    "none": {"type": "null"},
}

# Keywords that say nothing about null, so that a type array beside them adds just null.
_OF_ONE_TYPE: Final = frozenset(
    {
        "type",
        "format",
        "contentEncoding",
        "pattern",
        "minLength",
        "maxLength",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "items",
        "minItems",
        "maxItems",
        "uniqueItems",
        "additionalProperties",
        "minProperties",
        "maxProperties",
    }
)

# What ``@openapi`` may add to a schema file too: annotations of JSON Schema itself.
_SHARED_ANNOTATIONS: Final = ("title", "description", "$comment", "examples", "default")


class SchemaWriter:
    """Writes schemas. ``reference`` gives the ``$ref`` of a qualified name; ``document`` tells whether the
    schemas stand in an OpenAPI document, where ``@openapi`` holds, or in a file of their own."""

    __slots__ = ("_kinds", "document", "program", "reference")

    def __init__(
        self, program: Program, reference: Callable[[str], str], *, document: bool
    ) -> None:
        self.program = program
        self._kinds = Kinds(program)
        self.reference = reference
        self.document = document

    def schema(self, kind: Type, markers: Markers = NO_MARKERS, doc: str = "") -> Schema:
        """The schema of a type with the markers and documentation of the node that has it."""
        schema = self._type(kind, markers)
        if markers is not NO_MARKERS or doc:
            self.annotate(schema, markers, doc, self._kinds.present(kind))
        return schema

    def constrained(self, kind: Type, markers: Markers) -> Schema:
        """The schema of a parameter, header or body: constraints and ``@schema``, but no annotations, which
        belong to the object around it."""
        schema = self._type(kind, markers)
        if markers is not NO_MARKERS:
            constrain(schema, markers, self._kinds.present(kind))
            if markers.default is not None:
                schema["default"] = decode(markers.default)
            merge_texts(schema, markers.schema)
        return schema

    def annotate(
        self, schema: Schema, markers: Markers, doc: str, kind: Type | None = None
    ) -> None:
        """Add all that markers and documentation say to the schema of their node, whose type ``kind`` is behind aliases."""
        if doc:
            schema["description"] = doc
        if markers is NO_MARKERS:
            return
        constrain(schema, markers, kind)
        if markers.default is not None:
            schema["default"] = decode(markers.default)
        if markers.examples:
            schema["examples"] = [decode(text) for text in markers.examples]
        if markers.read:
            schema["readOnly"] = True
        if markers.write:
            schema["writeOnly"] = True
        add_deprecated(schema, markers)
        add_extensions(schema, markers)
        merge_texts(schema, markers.schema)
        if self.document:
            merge_texts(schema, markers.openapi)
            return
        for text in markers.openapi:
            patch = decode(text)
            merge(schema, {key: patch[key] for key in _SHARED_ANNOTATIONS if key in patch})

    def add_default(self, schema: Schema, default: Expr | None) -> None:
        """Add the default of a field or parameter, where it is a constant."""
        if default is not None and "default" not in schema:
            try:
                schema["default"] = constant(default, self.program)
            except NotConstantError:
                return

    def _type(self, kind: Type, markers: Markers) -> Schema:
        match kind:
            case Prim(name):
                return PRIMITIVE_SCHEMAS[name].copy()
            case Entity(name) | Enum(name) | Union(name) | Alias(name):
                return {"$ref": self.reference(name)}
            case Opt(inner):
                return nullable(self._type(inner, markers))
            case ListOf(item):
                return {"type": "array", "items": self.schema(item)}
            case MapOf(value):
                return {"type": "object", "additionalProperties": self.schema(value) or True}
            case Marked(inner, own):
                return self.schema(inner, own)
            case Dec(precision, scale):
                unsigned = markers.minimum is not None and markers.minimum >= 0
                return decimal_schema(precision, scale, signed=not unsigned)
            case Lit(value):
                return {"type": json_type(value), "const": value}
            case _:
                return {}


def nullable(schema: Schema) -> Schema:
    """The schema that takes null too."""
    kind = schema.get("type")
    if isinstance(kind, str) and _OF_ONE_TYPE.issuperset(schema):
        schema["type"] = [kind, "null"]
        return schema
    if schema.keys() == {"type", "const"}:
        return {"enum": [schema["const"], None]}
    if not schema:
        return schema
    return {"anyOf": [schema, {"type": "null"}]}


def json_type(value: object) -> str:
    """The JSON Schema type of a wire value."""
    if isinstance(value, bool):
        return "boolean"
    return "integer" if isinstance(value, int) else "string"


def decimal_schema(precision: int, scale: int, *, signed: bool) -> Schema:
    """Decimals travel as strings, so that no reader rounds them."""
    sign = "-?" if signed else ""
    whole = f"[0-9]{{1,{precision - scale}}}" if precision > scale else "0"
    fraction = rf"(\.[0-9]{{1,{scale}}})?" if scale else ""
    return {"type": "string", "format": "decimal", "pattern": f"^{sign}{whole}{fraction}$"}


def number(value: Number) -> int | float:
    """A bound as JSON writes it: an int where it is one."""
    return value if isinstance(value, int) else _plain(value)


def _plain(value: Number) -> int | float:
    return int(value) if value == int(value) else float(value)


def constrain(schema: Schema, markers: Markers, kind: Type | None) -> None:
    """Add the keywords of the constraint markers for a value of a type, seen through its aliases. Bounds of a decimal, which
    is a string, are extensions that document."""
    low, high, step = markers.minimum, markers.maximum, markers.multiple
    if low is not None or high is not None or step is not None:
        bounds: Schema = {}
        if low is not None:
            bounds["exclusiveMinimum" if markers.exclusive_minimum else "minimum"] = number(low)
        if high is not None:
            bounds["exclusiveMaximum" if markers.exclusive_maximum else "maximum"] = number(high)
        if step is not None:
            bounds["multipleOf"] = number(step)
        schema.update(
            {f"x-{key}": bounds[key] for key in bounds} if isinstance(kind, Dec) else bounds
        )
    if markers.min_length is not None:
        schema["minLength"] = markers.min_length
    if markers.max_length is not None:
        schema["maxLength"] = markers.max_length
    if markers.min_size is not None or markers.max_size is not None:
        _size(schema, markers.min_size, markers.max_size, kind)
    if markers.unique:
        schema["uniqueItems"] = True
    if markers.patterns:
        _patterns(schema, markers.patterns)
    if markers.format is not None:
        schema["format"] = markers.format
        schema.pop("contentEncoding", None)


def _size(schema: Schema, low: int | None, high: int | None, kind: Type | None) -> None:
    counted = "Properties" if isinstance(kind, MapOf) else "Items"
    if low is not None:
        schema[f"min{counted}"] = low
    if high is not None:
        schema[f"max{counted}"] = high


def _patterns(schema: Schema, patterns: tuple[str, ...]) -> None:
    rest = list(patterns)
    if "pattern" not in schema:
        schema["pattern"] = rest.pop(0)
    if rest:
        schema["allOf"] = [{"pattern": pattern} for pattern in rest]


def add_deprecated(node: dict[str, Any], markers: Markers) -> None:
    """Add ``deprecated`` and its reason to a node of the document."""
    if markers.deprecated is not None:
        node["deprecated"] = True
        if markers.deprecated:
            node["x-deprecated-reason"] = markers.deprecated


def add_extensions(node: dict[str, Any], markers: Markers) -> None:
    """Add the vendor extensions of ``@x`` to a node of the document."""
    for key, text in markers.extensions:
        node[key] = decode(text)
