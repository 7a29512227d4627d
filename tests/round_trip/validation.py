"""What values a validator takes, before a description goes through intents and after."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jsonschema
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from tests.round_trip.test_round_trip import round_trip

if TYPE_CHECKING:
    from collections.abc import Iterable


def taken_otherwise(
    document: dict[str, Any], names: Iterable[str], values: Iterable[Any]
) -> list[tuple[str, Any, bool]]:
    """The values that a component takes only before or only after, with its name and whether it was taken."""
    emitted = round_trip(json.dumps(document).encode(), "document.json")
    found: list[tuple[str, Any, bool]] = []
    for name in names:
        before, after = validator(document, name), validator(emitted, name)
        for value in values:
            taken = before.is_valid(value)
            if after.is_valid(value) is not taken:
                found.append((name, value, taken))
    return found


def validator(document: dict[str, Any], name: str) -> jsonschema.Draft202012Validator:
    registry: Registry[Any] = Registry().with_resource(
        "urn:document", DRAFT202012.create_resource(document)
    )
    return jsonschema.Draft202012Validator(
        {"$ref": f"urn:document#/components/schemas/{name}"}, registry=registry
    )
