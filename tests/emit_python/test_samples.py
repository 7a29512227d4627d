"""Made-up data fits the schema that it is made for."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from types import ModuleType

RUNTIME = Path(__file__).parents[2] / "hyper" / "emit" / "python" / "runtime_http"


def runtime(name: str) -> ModuleType:
    import hyper.emit.python.runtime_http as room

    full = f"{room.__name__}.{name}"
    return sys.modules.get(full) or importlib.import_module(full)


LINK = {"$ref": "#/components/schemas/Tree"}
DOCUMENT: dict[str, Any] = {
    "components": {
        "schemas": {
            "Tree": {
                "type": "object",
                "properties": {"left": LINK, "items": {"type": "array", "items": LINK}},
            },
            "Chain": {
                "type": "object",
                "properties": {
                    "next": {"anyOf": [{"$ref": "#/components/schemas/Chain"}, {"type": "null"}]}
                },
                "required": ["next"],
            },
            "Cat": {
                "type": "object",
                "properties": {"kind": {"type": "string"}},
                "required": ["kind"],
            },
            "Pet": {
                "oneOf": [{"$ref": "#/components/schemas/Cat"}],
                "discriminator": {
                    "propertyName": "kind",
                    "mapping": {"tom": "#/components/schemas/Cat"},
                },
            },
        }
    }
}

SCHEMAS: list[Any] = [
    {},
    True,
    {"type": "string"},
    {"type": "string", "minLength": 30, "maxLength": 31},
    {"type": "string", "maxLength": 0},
    {"type": "string", "maxLength": 3, "format": "uuid-like"},
    *(
        {"type": "string", "format": name}
        for name in ("date", "date-time", "uuid", "uri", "email", "duration", "time", "ipv4")
    ),
    {"type": "string", "pattern": "^[A-Z]{3}-\\d+$"},
    {"type": "string", "pattern": "^[A-Z]{3}-\\d+$", "minLength": 12},
    {"type": "string", "pattern": "^(a|b){2,4}[^c]?\\w\\s.$"},
    {"type": "string", "pattern": "\\p{L}+-\\p{N}{2}"},
    {"type": "string", "pattern": "^https://", "format": "uri"},
    {"type": "string", "pattern": "x", "minLength": 10, "maxLength": 10},
    {"type": "string", "allOf": [{"pattern": "^a"}, {"pattern": "b$"}, {"minLength": 2}]},
    {"type": "integer", "minimum": 5, "maximum": 5},
    {"type": "integer", "exclusiveMinimum": 5, "exclusiveMaximum": 7},
    {"type": "integer", "maximum": -3},
    {"type": "integer", "multipleOf": 7, "minimum": 8},
    {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.5},
    {"type": "number", "multipleOf": 0.5, "exclusiveMinimum": 1},
    {"type": "boolean"},
    {"type": "null"},
    {"type": ["string", "null"], "minLength": 2},
    {"enum": ["a", 1, None]},
    {"const": {"a": [1]}},
    {"type": "string", "enum": ["abc", "x"], "maxLength": 1},
    {"type": "array", "items": {"type": "integer"}, "minItems": 3},
    {"type": "array", "items": {"type": "integer"}, "minItems": 3, "uniqueItems": True},
    {
        "type": "array",
        "items": {"type": "string", "format": "uuid"},
        "minItems": 3,
        "uniqueItems": True,
    },
    {"type": "array", "items": {"enum": ["a", "b", "c"]}, "minItems": 3, "uniqueItems": True},
    {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "items": False},
    {"type": "array", "maxItems": 0},
    {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a", "b"]},
    {"type": "object", "minProperties": 3, "additionalProperties": {"type": "integer"}},
    {
        "type": "object",
        "properties": {"a": {}, "b": {}, "c": {}},
        "maxProperties": 2,
        "required": ["c"],
    },
    {
        "type": "object",
        "patternProperties": {"^x-": {"type": "integer"}},
        "additionalProperties": False,
        "minProperties": 1,
    },
    {"type": "object", "properties": {"a": {}, "b": {}}, "dependentRequired": {"a": ["b"]}},
    {
        "allOf": [
            {"type": "object", "properties": {"a": {"minimum": 3}}},
            {"properties": {"a": {"type": "integer"}}, "required": ["a"]},
        ]
    },
    {"anyOf": [{"type": "null"}, {"type": "string"}]},
    {"oneOf": [{"type": "integer"}, {"type": "integer", "minimum": 5}]},
    {
        "oneOf": [{"required": ["a"]}, {"required": ["b"]}],
        "type": "object",
        "properties": {"a": {}, "b": {}},
    },
    {"not": {"type": "object"}},
    {"type": "string", "not": {"const": "sample text"}},
    {"type": "string", "example": 5},
    {"type": "integer", "examples": ["x", 42]},
    {"if": {"properties": {"a": {"const": 1}}}, "then": {"required": ["b"]}, "type": "object"},
    LINK,
    {"type": "array", "items": LINK, "minItems": 2},
    {"$ref": "#/components/schemas/Chain"},
    {"$ref": "#/components/schemas/Pet"},
    {"$ref": "#/components/schemas/Cat", "description": "beside"},
    {"$ref": "#/components/schemas/Cat", "properties": {"kind": {"minLength": 20}}},
]


@pytest.mark.parametrize("schema", SCHEMAS, ids=str)
def test_samples_fit(schema: Any) -> None:
    sampler = runtime("samples").Sampler(DOCUMENT)
    value = sampler.sample(schema)
    assert sampler.fits(schema, value), value
    assert runtime("samples").Sampler(DOCUMENT).sample(schema) == value


def test_bounds_of_decimals_beside_a_reference_count() -> None:
    amount = {"type": "string", "format": "decimal", "x-minimum": 0, "x-maximum": 10}
    document = {"components": {"schemas": {"Amount": amount}}}
    schema = {"$ref": "#/components/schemas/Amount", "x-exclusiveMinimum": 0}
    assert 0 < float(runtime("samples").Sampler(document).sample(schema)) <= 10


def test_examples_are_preferred_and_tags_are_set() -> None:
    sampler = runtime("samples").Sampler(DOCUMENT)
    assert sampler.sample({"type": "integer", "examples": ["x", 42]}) == 42
    assert sampler.sample({"$ref": "#/components/schemas/Pet"}) == {"kind": "tom"}
    assert sampler.sample({"$ref": "#/components/schemas/Chain"}) is not None


@pytest.mark.parametrize(
    ("patterns", "least", "most"),
    [
        (["^[a-f0-9]{8}$"], 0, None),
        (["^a+$"], 50, 50),
        (["b"], 5, 5),
        (["^(?<year>\\d{4})$"], 0, None),
        (["^\\S+@\\S+$"], 0, None),
        (["(?i)^abc$"], 0, None),
    ],
)
def test_texts_match(patterns: list[str], least: int, most: int | None) -> None:
    found = runtime("patterns").matching(patterns, least, most)
    assert found is not None
    assert least <= len(found)
    assert most is None or len(found) <= most


@pytest.mark.parametrize("pattern", ["^a(?!b)$(", "^$a", "[[:alpha:]&&[^b]]{3}("])
def test_texts_that_are_not_found(pattern: str) -> None:
    assert runtime("patterns").matching([pattern], 3, 3) in {None, "a" * 3}
