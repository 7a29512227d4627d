"""The keywords of a schema: which there are, what their values must be, and what only annotates."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.importers.openapi.findings import Findings

NOTES: Final = frozenset(
    {
        "title",
        "description",
        "default",
        "example",
        "examples",
        "deprecated",
        "readOnly",
        "writeOnly",
        "externalDocs",
        "xml",
        "$comment",
    }
)
"""Keywords that say nothing about validity."""

ENUM_NOTES: Final = frozenset({"x-enum-varnames", "x-enum-descriptions", "x-enumNames"})
"""Extensions that tell about the members of an enum, and belong to its declaration."""

ASSERTIONS: Final = frozenset(
    {
        "additionalProperties",
        "allOf",
        "anyOf",
        "const",
        "contains",
        "dependencies",
        "dependentRequired",
        "dependentSchemas",
        "else",
        "enum",
        "exclusiveMaximum",
        "exclusiveMinimum",
        "if",
        "items",
        "maxContains",
        "maxItems",
        "maxLength",
        "maxProperties",
        "maximum",
        "minContains",
        "minItems",
        "minLength",
        "minProperties",
        "minimum",
        "multipleOf",
        "not",
        "oneOf",
        "pattern",
        "patternProperties",
        "prefixItems",
        "properties",
        "propertyNames",
        "required",
        "then",
        "type",
        "unevaluatedItems",
        "unevaluatedProperties",
        "uniqueItems",
    }
)
"""Keywords that decide about validity; where they have no form of the language they go to ``@schema``."""

TYPES: Final = frozenset({"string", "integer", "number", "boolean", "object", "array", "null"})


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63


def _is_schema(value: Any) -> bool:
    return isinstance(value, dict | bool)


def _is_type(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and all(isinstance(item, str) and item in TYPES for item in value)
    return isinstance(value, str) and value in TYPES


def _is_schemas(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(_is_schema(item) for item in value)


def _is_schema_map(value: Any) -> bool:
    return isinstance(value, dict) and all(_is_schema(item) for item in value.values())


def _is_strings(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is(kind: type) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, kind)


_CHECKS: Final[dict[str, tuple[Callable[[Any], bool], str]]] = {
    "$ref": (_is(str), "a string"),
    "type": (_is_type, "a type or a list of types"),
    "title": (_is(str), "a string"),
    "description": (_is(str), "a string"),
    "format": (_is(str), "a string"),
    "pattern": (_is(str), "a string"),
    "nullable": (_is(bool), "a boolean"),
    "deprecated": (_is(bool), "a boolean"),
    "readOnly": (_is(bool), "a boolean"),
    "writeOnly": (_is(bool), "a boolean"),
    "uniqueItems": (_is(bool), "a boolean"),
    "enum": (lambda value: isinstance(value, list) and bool(value), "a list that is not empty"),
    "required": (_is_strings, "a list of strings"),
    "properties": (_is_schema_map, "an object of schemas"),
    "patternProperties": (_is_schema_map, "an object of schemas"),
    "additionalProperties": (_is_schema, "a schema"),
    "items": (lambda value: _is_schema(value) or _is_schemas(value), "a schema"),
    "not": (_is_schema, "a schema"),
    "allOf": (_is_schemas, "a list of schemas"),
    "anyOf": (_is_schemas, "a list of schemas"),
    "oneOf": (_is_schemas, "a list of schemas"),
    "discriminator": (_is(dict), "an object"),
    "externalDocs": (_is(dict), "an object"),
    "minimum": (_is_number, "a number"),
    "maximum": (_is_number, "a number"),
    "exclusiveMinimum": (lambda value: isinstance(value, bool) or _is_number(value), "a number"),
    "exclusiveMaximum": (lambda value: isinstance(value, bool) or _is_number(value), "a number"),
    "multipleOf": (lambda value: _is_number(value) and value > 0, "a number above 0"),
    "minLength": (_is_count, "a count"),
    "maxLength": (_is_count, "a count"),
    "minItems": (_is_count, "a count"),
    "maxItems": (_is_count, "a count"),
    "minProperties": (_is_count, "a count"),
    "maxProperties": (_is_count, "a count"),
}


def checked(schema: dict[str, Any], pointer: str, findings: Findings) -> dict[str, Any]:
    """The schema without keywords whose values make no sense; each of those is reported."""
    bad: list[str] = []
    for key, value in schema.items():
        check = _CHECKS.get(key)
        if check is not None and not check[0](value):
            if key in ("description", "title") and value is None:
                bad.append(key)
                continue
            findings.report(
                "E1004", f"{pointer}/{key} is not {check[1]}; it is left out: {brief(value)}"
            )
            bad.append(key)
    if not bad:
        return schema
    return {key: value for key, value in schema.items() if key not in bad}


def brief(value: Any) -> str:
    """A value for a message, cut."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def is_note(key: str) -> bool:
    """Whether a keyword only annotates."""
    return key in NOTES or (key.startswith("x-") and key not in ENUM_NOTES)


def modern(value: Any) -> Any:
    """A raw schema in the dialect of OpenAPI 3.1: what ``@schema`` carries is JSON Schema 2020-12."""
    if isinstance(value, list):
        return [modern(item) for item in value]
    if not isinstance(value, dict):
        return value
    out = {key: item if key in _OPAQUE else modern(item) for key, item in value.items()}
    for low, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        flag = out.get(exclusive)
        if isinstance(flag, bool):
            del out[exclusive]
            if flag and low in out:
                out[exclusive] = out.pop(low)
    if isinstance(out.get("nullable"), bool) and out.pop("nullable"):
        return _with_null(out)
    return out


_OPAQUE: Final = frozenset({"enum", "const", "default", "example", "examples"})


def _with_null(schema: dict[str, Any]) -> dict[str, Any]:
    kind = schema.get("type")
    if "enum" in schema and None not in schema["enum"]:
        schema = {**schema, "enum": [*schema["enum"], None]}
    if isinstance(kind, str):
        return {**schema, "type": [kind, "null"]}
    if isinstance(kind, list):
        return {**schema, "type": [*kind, "null"]} if "null" not in kind else schema
    return {"anyOf": [schema, {"type": "null"}]} if schema else schema
