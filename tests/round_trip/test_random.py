"""Random descriptions go through intents and come back with the same meaning, by the comparison and by a validator."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
from hypothesis import given, note, settings
from hypothesis import strategies as st
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from tests.compare import compare
from tests.round_trip.schemas import COMPONENTS, VALUES, documents, in_three_nought, usual, wild
from tests.round_trip.test_round_trip import round_trip


@settings(max_examples=60)
@given(documents(usual))
def test_random_schemas_say_the_same(document: dict[str, Any]) -> None:
    for dialect in (document, in_three_nought(document)):
        emitted = round_trip(json.dumps(dialect).encode(), "random.json")
        note(json.dumps(dialect["components"]["schemas"]))
        assert [str(difference) for difference in compare(dialect, emitted)] == []


@settings(max_examples=60)
@given(documents(wild), st.lists(VALUES, max_size=12))
def test_random_schemas_take_the_same(document: dict[str, Any], values: list[Any]) -> None:
    emitted = round_trip(json.dumps(document).encode(), "random.json")
    note(json.dumps(document["components"]["schemas"]))
    for name in COMPONENTS:
        before, after = validator(document, name), validator(emitted, name)
        for value in values:
            assert after.is_valid(value) is before.is_valid(value), (name, value)


def test_a_required_property_is_what_other_properties_are() -> None:
    """One that an object requires and does not describe is as ``additionalProperties`` say; false takes nothing."""
    closed: dict[str, Any] = {"type": "object", "properties": {}, "required": ["b"]}
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Required", "version": "1"},
        "paths": {},
        "components": {
            "schemas": {
                "Never": {**closed, "additionalProperties": False},
                "Texts": {**closed, "additionalProperties": {"type": "string"}},
                "Open": closed,
            }
        },
    }
    emitted = round_trip(json.dumps(document).encode(), "required.json")
    for name in ("Never", "Texts", "Open"):
        before, after = validator(document, name), validator(emitted, name)
        for value in ({}, {"b": None}, {"b": "x"}, {"b": 1}, {"b": "x", "c": 1}, {"a": "x"}):
            assert after.is_valid(value) is before.is_valid(value), (name, value)


def validator(document: dict[str, Any], name: str) -> jsonschema.Draft202012Validator:
    registry: Registry[Any] = Registry().with_resource(
        "urn:document", DRAFT202012.create_resource(document)
    )
    return jsonschema.Draft202012Validator(
        {"$ref": f"urn:document#/components/schemas/{name}"}, registry=registry
    )
