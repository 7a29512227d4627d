"""The comparison finds what changes a meaning, and takes dialects of one meaning for the same."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

from tests.compare import compare
from tests.corpora import corpus

if TYPE_CHECKING:
    from collections.abc import Iterator


def document(schema: Any, **schemas: Any) -> dict[str, Any]:
    return {
        "openapi": "3.1.0",
        "info": {"title": "T", "version": "1"},
        "paths": {},
        "components": {"schemas": {"Probe": schema, **schemas}},
    }


def differences(left: Any, right: Any, **schemas: Any) -> list[str]:
    found = compare(document(left, **schemas), document(right, **schemas))
    return [str(difference) for difference in found]


REF = {"$ref": "#/components/schemas/Pet"}
PET = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ({"type": "string", "nullable": True}, {"type": ["string", "null"]}),
        ({"nullable": True, "allOf": [REF]}, {"anyOf": [REF, {"type": "null"}]}),
        ({"nullable": True, **REF}, {"oneOf": [REF, {"type": "null"}]}),
        (
            {"type": "string", "enum": ["a"], "nullable": True},
            {"enum": ["a", None], "type": ["string", "null"]},
        ),
        (
            {"type": "integer", "minimum": 1, "exclusiveMinimum": True},
            {"type": "integer", "exclusiveMinimum": 1.0},
        ),
        ({"example": 1}, {"examples": [1]}),
        ({"const": "a"}, {"type": "string", "enum": ["a"]}),
        ({"enum": ["a", "b"]}, {"type": "string", "enum": ["b", "a"]}),
        ({"type": ["string", "integer"]}, {"anyOf": [{"type": "string"}, {"type": "integer"}]}),
        (REF, PET),
        ({"allOf": [REF]}, PET),
        ({"anyOf": [REF]}, {"oneOf": [PET]}),
        (
            {"allOf": [REF, {"required": ["age"]}, {"properties": {"age": {"type": "integer"}}}]},
            {
                "type": "object",
                "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
                "required": ["age", "name"],
            },
        ),
        ({"type": "object", "additionalProperties": {}}, {"type": "object"}),
        ({"type": "array", "items": {}}, {"type": "array"}),
        ({"type": "object", "required": ["a"]}, {"required": ["a"], "properties": {"a": {}}}),
        (
            {"type": "string", "format": "byte"},
            {"type": "string", "contentEncoding": "base64"},
        ),
        ({"description": "a \nb\n"}, {"description": "a\nb"}),
    ],
)
def test_dialects_of_one_meaning(left: Any, right: Any) -> None:
    assert differences(left, right, Pet=PET) == []
    assert differences(right, left, Pet=PET) == []


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ({"type": "string"}, {"type": "integer"}),
        ({"type": "integer"}, {"type": "number"}),
        ({"type": "string"}, {}),
        ({"type": "string"}, {"type": ["string", "null"]}),
        ({"enum": [1]}, {"enum": [True]}),
        ({"enum": [1]}, {"enum": ["1"]}),
        (REF, {"anyOf": [REF, {"type": "null"}]}),
        ({"anyOf": [REF, {"type": "string"}]}, {"oneOf": [REF, {"type": "string"}]}),
        (REF, {**PET, "required": []}),
        (REF, {**PET, "additionalProperties": False}),
        ({"type": "string", "default": ""}, {"type": "string"}),
        ({"type": "integer", "default": 1}, {"type": "integer", "default": True}),
        ({"type": "string", "readOnly": True}, {"type": "string"}),
        ({"not": REF}, {"not": {"type": "string"}}),
        ({"x-a": 1}, {"x-a": 2}),
        ({"description": "a"}, {}),
        ({"$ref": "#/components/schemas/Lost"}, {}),
        (
            {"anyOf": [REF, REF], "discriminator": {"propertyName": "a"}},
            {"anyOf": [REF, REF], "discriminator": {"propertyName": "b"}},
        ),
    ],
)
def test_changes_of_meaning(left: Any, right: Any) -> None:
    assert differences(left, right, Pet=PET)
    assert differences(right, left, Pet=PET)


def test_rings_of_references_end_and_are_looked_through() -> None:
    def ring(leaf: str, turns: int) -> dict[str, Any]:
        names = [f"N{at}" for at in range(turns)]
        return {
            name: {
                "type": "object",
                "properties": {
                    "value": {"type": leaf},
                    "next": {"$ref": f"#/components/schemas/{names[(at + 1) % turns]}"},
                },
            }
            for at, name in enumerate(names)
        }

    probe = {"$ref": "#/components/schemas/N0"}
    one, three = document(probe, **ring("string", 1)), document(probe, **ring("string", 3))
    assert compare(one, three) == []
    assert compare(one, document(probe, **ring("integer", 3)))


def test_a_long_chain_of_references_does_not_recurse() -> None:
    chain: dict[str, Any] = {
        f"N{at}": {"properties": {"next": {"$ref": f"#/components/schemas/N{at + 1}"}}}
        for at in range(5000)
    }
    chain["N5000"] = {"type": "string"}
    left = document({"$ref": "#/components/schemas/N0"}, **chain)
    changed = document(
        {"$ref": "#/components/schemas/N0"}, **{**chain, "N5000": {"type": "integer"}}
    )
    assert compare(left, copy.deepcopy(left)) == []
    assert len(compare(left, changed)) == 1


IMPLY_A_TYPE = {"properties", "items", "enum", "allOf", "pattern"}


def leaves(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield from leaves(value, (*path, key))
    elif isinstance(node, list):
        for at, value in enumerate(node):
            yield from leaves(value, (*path, at))
    if path:
        yield path


def test_every_change_of_a_real_description_is_found() -> None:
    original = corpus("museum")
    missed = []
    for path in leaves(original):
        changed = copy.deepcopy(original)
        parent = changed
        for part in path[:-1]:
            parent = parent[part]
        if path == ("openapi",) or (path[-1] == "type" and IMPLY_A_TYPE & parent.keys()):
            continue
        del parent[path[-1]]
        try:
            found = compare(original, changed)
        except (KeyError, AttributeError, TypeError):
            continue
        if not found:
            missed.append(".".join(map(str, path)))
    assert missed == []
