"""Schemas that once came back with another meaning, a case each: what is taken stays taken, and what is refused, refused."""

from __future__ import annotations

from typing import Any, Final

import pytest

from tests.round_trip.schemas import BASE, BASE_SCHEMA
from tests.round_trip.validation import taken_otherwise

Schema = dict[str, Any]


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def entity(*names: str, **keywords: Any) -> Schema:
    return {"type": "object", "properties": {name: {} for name in names}, **keywords}


NULLABLE: Final = {"type": ["object", "null"], "properties": {"a": {"type": "integer"}}}
TEXT: Final = {"type": "string"}
VALUES: Final[tuple[Any, ...]] = (
    *(None, True, False, 0, 1, 2, 0.5, "", "a", "abc", [], [1], ["a"], {}),
    *(
        {"a": None},
        {"a": 1},
        {"a": "a"},
        {"b": 1},
        {"b": "x"},
        {"b": "x", "c": 1},
        {"a": 1, "b": "x"},
        {"x1": 1},
        {"x1": "a"},
    ),
    *({"id": 1}, {"id": "a"}, {"id": 1, "a": 1}, {"id": 1, "a": "a"}, {"id": "a", "x1": 1}),
)
NULLS: Final[dict[str, dict[str, Schema]]] = {
    "only null of several": {"T": {"allOf": [{"enum": [None]}, {"type": ["array", "null"]}]}},
    "null beside what is not": {"T": {"allOf": [{"enum": [True, None]}, {"not": TEXT}]}},
    "an object or null that is not": {"T": {"allOf": [NULLABLE, {"not": TEXT}]}},
    "choices in choices": {
        "T": {"allOf": [{"anyOf": [{"anyOf": [BASE]}, TEXT]}, {"anyOf": [{"not": TEXT}]}]}
    },
    "a type around nullable variants": {
        "T": {"type": "string", "anyOf": [{"type": ["string", "null"]}, {"const": "a"}]}
    },
    "a nullable type beside a part without null": {
        "T": {"type": ["object", "null"], "allOf": [entity("a")]}
    },
    "bounds of a nullable reference": {
        "T": {"allOf": [ref("Nullable"), {"type": "string", "minLength": 1}]},
        "Nullable": {"type": ["string", "null"]},
    },
    "null that is refused": {
        "T": {"allOf": [ref("Nullable"), {"not": {"type": "null"}}]},
        "Nullable": {"type": ["string", "null"]},
    },
}
OBJECTS: Final[dict[str, dict[str, Schema]]] = {
    "a closed part": {"T": {"allOf": [BASE, entity("a", additionalProperties=False)]}},
    "a part with a type for more": {"T": {"allOf": [BASE, entity("a", additionalProperties=TEXT)]}},
    "a closed base": {
        "T": {"allOf": [ref("Closed"), entity("b")]},
        "Closed": entity("a", additionalProperties=False),
    },
    "open and closed": {
        "T": {"allOf": [entity("b", additionalProperties={}), entity(additionalProperties=False)]}
    },
    "two types for more": {
        "T": {
            "allOf": [
                entity("id", additionalProperties=TEXT),
                entity("id", additionalProperties={"type": "string", "minLength": 2}),
            ]
        }
    },
    "a closed map": {
        "T": {"allOf": [entity("a"), {"type": "object", "additionalProperties": {"enum": ["a"]}}]}
    },
    "a closed property": {
        "T": {
            "allOf": [
                {"type": "object", "properties": {"a": entity("b", additionalProperties=False)}},
                {"type": "object", "properties": {"a": entity("c")}, "required": ["a"]},
            ]
        }
    },
    "a required property that nothing describes": {
        "T": {"type": "object", "required": ["b"], "additionalProperties": False},
        "U": {"type": "object", "required": ["b"], "additionalProperties": TEXT},
        "V": {"type": "object", "required": ["b"]},
    },
    "a base of a closed entity": {
        "T": {"allOf": [ref("Said"), entity("a", additionalProperties=False)]},
        "U": {"allOf": [ref("T"), entity("a")]},
        "Said": entity(minProperties=1, **{"not": {"required": ["x1"]}}),
    },
    "a base by two names": {
        "T": {"allOf": [{"type": "object", "properties": {"b": ref("Also")}}, {"allOf": [BASE]}]},
        "U": {"allOf": [ref("Also"), BASE]},
        "V": {"allOf": [BASE, entity("a"), ref("Also"), ref("U")]},
        "Also": BASE,
    },
    "a base of a base": {
        "T": {"allOf": [ref("Middle"), {"type": "object", "required": ["a"]}]},
        "Middle": {"allOf": [ref("Said"), entity("b")]},
        "Said": entity("a", minProperties=2),
    },
    "patterns": {
        "T": {"allOf": [BASE, ref("Closed")]},
        "U": {"allOf": [ref("Pattern"), entity("a", additionalProperties=TEXT)]},
        "Closed": entity(
            "id", patternProperties={"^x": {"type": "integer"}}, additionalProperties=False
        ),
        "Pattern": entity("id", patternProperties={"^a": {"type": "integer"}}),
    },
    "keywords that see all parts": {
        "T": {"type": "object", "allOf": [BASE, entity("a")], "unevaluatedProperties": False},
        "U": {"allOf": [BASE], "unevaluatedProperties": False},
        "V": {"allOf": [BASE, ref("U")]},
    },
    "keywords that do not go together": {
        "T": {
            "allOf": [
                entity("a", minProperties=1, **{"not": {"required": ["b"]}}),
                entity("a", minProperties=2, **{"not": {"required": ["x1"]}}),
            ]
        }
    },
    "two conditions": {
        "T": {
            "allOf": [
                entity("a", **{"if": {"required": ["a"]}, "then": {"required": ["b"]}}),
                entity("b", **{"if": {"required": ["id"]}, "then": {"required": ["a"]}}),
            ]
        }
    },
}
OTHERS: Final[dict[str, dict[str, Schema]]] = {
    "two choices": {
        "T": {"allOf": [{"anyOf": [{"type": "number"}, BASE]}, {"anyOf": [{"type": "integer"}]}]},
        "U": {"allOf": [{"anyOf": [{"type": ["object", "null"]}, TEXT]}, {"anyOf": [TEXT, BASE]}]},
    },
    "values that are equal and of two types": {
        "T": {"allOf": [{"enum": [1, "a"]}, {"enum": [True, "a"]}]},
        "U": {"const": 1, "enum": [True, "a"]},
        "V": {"const": "a", "enum": ["b", "c"]},
    },
    "types that meet in integers": {
        "T": {"allOf": [{"type": ["integer", "string"]}, {"type": ["number", "string"]}]},
        "U": {"allOf": [{"type": ["integer", "number", "string"]}, {"type": ["string", "array"]}]},
    },
    "items after others": {
        "T": {"allOf": [{"type": "array", "items": TEXT}, {"type": "array", "prefixItems": [{}]}]}
    },
}
CASES: Final = {**NULLS, **OBJECTS, **OTHERS}


def document(schemas: dict[str, Schema]) -> dict[str, Any]:
    return {
        "openapi": "3.1.0",
        "info": {"title": "Meaning", "version": "1"},
        "paths": {},
        "components": {"schemas": {**schemas, "Base": BASE_SCHEMA}},
    }


@pytest.mark.parametrize("case", CASES)
def test_the_same_values_are_taken(case: str) -> None:
    schemas = CASES[case]
    assert taken_otherwise(document(schemas), schemas, VALUES) == []
