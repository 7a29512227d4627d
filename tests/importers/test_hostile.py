"""Documents that are nothing like what they should be: findings and files that can be read, never an exception."""

from __future__ import annotations

import copy
import json
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hyper.importers.openapi import import_openapi
from hyper.importers.openapi.findings import Findings
from hyper.importers.openapi.loading import load
from tests.importers.test_golden import FOLDER, NAMES
from tests.importers.trees import document, imported, read_back, unformatted

BASES: Final = [load((FOLDER / f"{name}.yaml").read_bytes(), Findings(name)) for name in NAMES]

JUNK: Final[list[Any]] = [
    *(None, True, False, 0, -1, 1.5, 10**30, "", "x", "a b\n", "\0", '"""\\', "{", "名", "null"),
    *("#", "#/paths", "#/components/schemas/A", "object", "none", "../../etc/passwd"),
    *([], {}, [[]], [1], ["a"], ["null"], ["string", "integer"], {"a": 1}, {"$ref": 1}),
    *({"$ref": "#"}, {"$ref": "x.yaml"}, {"$ref": "#/components/schemas/Base"}, {"allOf": []}),
    *({"type": "string"}, {"type": []}, {"enum": []}, {"enum": [None]}, {"const": {}}, {"not": 1}),
]
KEYS: Final = [
    *("type", "$ref", "allOf", "anyOf", "oneOf", "enum", "const", "nullable", "properties"),
    *("required", "items", "additionalProperties", "default", "example", "examples", "format"),
    *("minimum", "exclusiveMinimum", "maxLength", "pattern", "discriminator", "description"),
    *("title", "x-z", "schema", "content", "parameters", "responses", "headers", "tags"),
    *("security", "servers", "name", "in", "style", "explode", "summary", "operationId"),
]


def _places(root: Any) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    stack = [root]
    while stack:
        node = stack.pop()
        keys = list(node) if isinstance(node, dict) else range(len(node))
        for key in keys:
            found.append((node, key))
            if isinstance(node[key], dict | list):
                stack.append(node[key])
    return found


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, Any]:
    """A golden document with one to four nodes replaced, added, removed or copied."""
    root: dict[str, Any] = copy.deepcopy(draw(st.sampled_from(BASES)))
    for _ in range(draw(st.integers(1, 4))):
        places = _places(root)
        node, key = draw(st.sampled_from(places))
        match draw(st.sampled_from(["replace", "replace", "add", "remove", "copy"])):
            case "replace":
                node[key] = copy.deepcopy(draw(st.sampled_from(JUNK)))
            case "add" if isinstance(node[key], dict):
                value = copy.deepcopy(draw(st.sampled_from(JUNK)))
                node[key][draw(st.sampled_from(KEYS))] = value
            case "remove":
                del node[key]
            case _:
                other, at = draw(st.sampled_from(places))
                node[key] = copy.deepcopy(other[at])
    return root


@given(mutated(), st.sampled_from(["tag", "schema", "single"]))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_mutated_documents(root: dict[str, Any], layout: Any) -> None:
    done = import_openapi(json.dumps(root, default=float).encode(), "case", layout)
    assert all(item.code.startswith(("E10", "W10")) for item in done.diagnostics)
    assert not [path for path in done.files if path.startswith("/") or ".." in path]
    assert all(text.encode() for text in done.files.values())
    assert unformatted(done) == []
    _, said = read_back(done)
    assert [item for item in said if item.is_error and item.code[:3] in ("E01", "E02")] == []


@given(st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_random_bytes(data: bytes) -> None:
    done = import_openapi(data, "case")
    assert done.diagnostics


@given(st.sampled_from(NAMES), st.integers(0, 2000))
@settings(max_examples=60, deadline=None)
def test_truncated_documents(name: str, size: int) -> None:
    done = import_openapi((FOLDER / f"{name}.yaml").read_bytes()[:size], "case")
    assert done.files or done.diagnostics


HOSTILE: Final = [
    *('"""', "\\", '"', "'", "`", "\n", "\r\n", "\t", "\0", "\u2028", "#", "{x}", "${x}", "%s"),
    *("../../x", "/etc/passwd", "a/b", "C:\\x", "con", "__class__", "__init__", "import os"),
    *("x: any\n    y", '"\n    z: any', "@x", "😀", "é", "", " ", "9", "none", "true", "self"),
    "a" * 3000,
]


@pytest.mark.parametrize("word", HOSTILE, ids=range(len(HOSTILE)))
def test_words_stay_words(word: str) -> None:
    """A hostile word in every place of a document is only ever a name or a text."""
    schema = {
        "type": "object",
        "title": word,
        "description": word,
        "properties": {word: {"type": "string", "default": word, "example": word}},
        "x-word": word,
    }
    operation = {
        "operationId": word,
        "summary": word,
        "description": word,
        "tags": [word],
        "parameters": [{"name": word or "x", "in": "query", "schema": {"enum": [word, "b"]}}],
        "requestBody": {"content": {"a/b": {"schema": {"pattern": word}}}, "description": word},
        "responses": {"200": {"description": word, "headers": {word or "x": {}}}},
    }
    root = document(
        servers=[{"url": word, "description": word}],
        tags=[{"name": word, "description": word}],
        paths={f"/{word}": {"get": operation}},
        components={"schemas": {word or "x": schema}},
    )
    for layout in ("tag", "schema", "single"):
        done = imported(root, layout)
        assert all(
            piece and len(piece) < 80 and piece.replace("_", "").isalnum() and piece.isascii()
            for path in done.files
            for piece in path.removesuffix(".intent").split("/")
        )
        world, said = read_back(done)
        assert [item for item in said if item.is_error] == []
        assert unformatted(done) == []
        assert len(world.symbols) <= 5


@pytest.mark.parametrize("word", HOSTILE, ids=range(len(HOSTILE)))
def test_the_name_given_stays_a_name(word: str) -> None:
    done = import_openapi(json.dumps(document()).encode(), word)
    world, said = read_back(done)
    assert said == []
    assert len(world.symbols) == 1


def _chain(make: Any, last: Any, count: int = 1000) -> dict[str, Any]:
    schemas = {f"S{at}": make(at, f"#/components/schemas/S{at + 1}") for at in range(count)}
    return document(components={"schemas": {**schemas, f"S{count}": last}})


OBJECT: Final = {"type": "object", "properties": {"n": {"type": "string"}}}
CHAINS: Final = {
    "properties": _chain(
        lambda _, to: {"type": "object", "properties": {"n": {"$ref": to}}}, OBJECT
    ),
    "bases": _chain(
        lambda at, to: {"allOf": [{"$ref": to}, {"properties": {f"p{at}": {}}}]}, OBJECT
    ),
    "aliases": _chain(lambda _, to: {"$ref": to, "description": "d"}, {"type": "string"}),
    "bare": _chain(lambda _, to: {"$ref": to}, {"type": "string"}),
    "choices": _chain(lambda _, to: {"anyOf": [{"$ref": to}, {"type": "null"}]}, OBJECT),
    "pointers": _chain(
        lambda _, to: {"type": "object", "properties": {"n": {"$ref": f"{to}/properties/n"}}},
        OBJECT,
    ),
}


@pytest.mark.parametrize("name", list(CHAINS))
def test_long_chains(name: str) -> None:
    done = imported(CHAINS[name], "tag")
    assert done.diagnostics == []
    _, said = read_back(done)
    assert [item for item in said if item.is_error] == []


@pytest.mark.parametrize("wrap", ["list", "object", "allOf", "anyOf", "map"])
def test_deep_schemas(wrap: str) -> None:
    node: Any = {"type": "string"}
    for _ in range(60):
        match wrap:
            case "list":
                node = {"type": "array", "items": node}
            case "object":
                node = {"type": "object", "properties": {"p": node}}
            case "map":
                node = {"type": "object", "additionalProperties": node}
            case _:
                node = {wrap: [node, {"type": "string", "maxLength": 5}]}
    done = imported(document(components={"schemas": {"A": node}}))
    assert done.diagnostics == []
    _, said = read_back(done)
    assert [item for item in said if item.is_error] == []


RINGS: Final[dict[str, dict[str, Any]]] = {
    "self": {"A": {"$ref": "#/components/schemas/A"}},
    "two": {
        "A": {"$ref": "#/components/schemas/B", "description": "a"},
        "B": {"$ref": "#/components/schemas/A", "description": "b"},
    },
    "allOf": {"A": {"allOf": [{"$ref": "#/components/schemas/A"}]}},
    "bases": {
        "A": {"allOf": [{"$ref": "#/components/schemas/B"}, {"properties": {"a": {}}}]},
        "B": {"allOf": [{"$ref": "#/components/schemas/A"}, {"properties": {"b": {}}}]},
    },
    "null": {"A": {"anyOf": [{"$ref": "#/components/schemas/A"}, {"type": "null"}]}},
    "union": {"A": {"anyOf": [{"$ref": "#/components/schemas/A"}, {"type": "string"}]}},
    "unions": {
        "A": {"anyOf": [{"$ref": "#/components/schemas/B"}, {"type": "string"}]},
        "B": {"oneOf": [{"$ref": "#/components/schemas/C"}, {"type": "integer"}]},
        "C": {"$ref": "#/components/schemas/A", "description": "c"},
    },
    "list": {"A": {"type": "array", "items": {"$ref": "#/components/schemas/A"}}},
    "inner": {"A": {"properties": {"p": {"$ref": "#/components/schemas/A/properties/p"}}}},
    "outer": {
        "A": {"properties": {"p": {"properties": {"q": {"$ref": "#/components/schemas/A"}}}}}
    },
}


@pytest.mark.parametrize("name", list(RINGS))
def test_rings(name: str) -> None:
    done = imported(document(components={"schemas": RINGS[name]}))
    assert {item.code for item in done.diagnostics} <= {"W1001"}
    _, said = read_back(done)
    assert [item for item in said if item.is_error] == []
