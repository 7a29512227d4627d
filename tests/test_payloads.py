"""The example payloads of the real descriptions fit the generated models, and what a schema refuses its model refuses."""

from __future__ import annotations

import copy
import importlib
import json
import sys
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import jsonschema
import pytest
from pydantic import TypeAdapter, ValidationError
from referencing import Registry, Resource

from hyper.emit.python.names import Names
from hyper.engine.clock import Phases
from hyper.engine.pipeline import compile_front
from hyper.ir.index import wire_path
from hyper.ir.program import ActionDef, Program
from hyper.ir.types import Alias, Entity, Enum, ListOf, MapOf, Opt, Type, Union
from tests.corpora import FILES, LARGE, Built, built_corpus

if TYPE_CHECKING:
    from collections.abc import Iterator

# Enough to meet every kind of mistake, few enough to stay quick.
EXAMPLES: Final = 150
MUTANTS: Final = 24

# Stripe's description has no examples.
NAMES: Final = [
    pytest.param(name, marks=[pytest.mark.slow] if name in LARGE else [])
    for name in FILES
    if name != "stripe"
]

WRONG: Final[tuple[Any, ...]] = ({"surely": ["wrong"]}, "surely wrong", 7.25, None, [[]])


class Payload(NamedTuple):
    """An example with the type that the action names for it and the place of its schema in the document."""

    where: str
    kind: Type
    value: Any
    pointer: str


@pytest.mark.parametrize("name", NAMES)
def test_examples_fit_and_mutants_are_refused(name: str) -> None:
    built = built_corpus(name)
    program = _program(built)
    types = _Types(program, built)
    registry: Registry[Any] = Registry().with_resource(
        "urn:document",
        Resource.from_contents(built.document, default_specification=_DRAFT),
    )
    refused: list[str] = []
    taken: list[str] = []
    seen = 0
    payloads = list(_payloads(program, built.document))
    for payload in payloads[:: len(payloads) // EXAMPLES + 1]:
        adapter = types.adapter(payload.kind)
        if adapter is None:
            continue
        oracle = jsonschema.Draft202012Validator(
            {"$ref": f"urn:document#{payload.pointer}"}, registry=registry
        )
        if not oracle.is_valid(payload.value):
            if _fits(adapter, payload.value):
                taken.append(payload.where)
            continue
        seen += 1
        if not _fits(adapter, payload.value):
            refused.append(f"{payload.where}: {_problem(adapter, payload.value)}")
            continue
        for at, mutant in islice(_mutants(payload.value), MUTANTS):
            if not oracle.is_valid(mutant) and _fits(adapter, mutant):
                taken.append(f"{payload.where} with {at}")
    assert seen
    assert refused == []
    assert taken == []


_DRAFT = importlib.import_module("referencing.jsonschema").DRAFT202012


def _program(built: Built) -> Program:
    sources = sorted((built.folder / "intents").rglob("*.intent"))
    contents = [
        (path.relative_to(built.folder / "intents").as_posix(), path.read_bytes())
        for path in sources
    ]
    program = compile_front(contents, Phases()).program
    assert program is not None
    return program


class _Types:
    """The Python types of a built package, by the types of the intents."""

    def __init__(self, program: Program, built: Built) -> None:
        self.names = Names(program)
        self.package = built.package
        sys.path.insert(0, str(built.folder / "out"))
        try:
            importlib.import_module(built.package)
        finally:
            sys.path.pop(0)
        self._adapters: dict[Type, TypeAdapter[Any] | None] = {}

    def adapter(self, kind: Type) -> TypeAdapter[Any] | None:
        """What validates a type; ``None`` where only scalars are in it."""
        if kind not in self._adapters:
            found = self._python(kind)
            self._adapters[kind] = None if found is None else TypeAdapter(found)
        return self._adapters[kind]

    def _python(self, kind: Type) -> Any:
        match kind:
            case Entity(name) | Enum(name) | Union(name) | Alias(name):
                path = ".".join((self.package, *self.names.home(name)))
                return getattr(importlib.import_module(path), self.names.symbol(name))
            case ListOf(item):
                inner = self._python(item)
                return None if inner is None else list[inner]  # type: ignore[valid-type]
            case MapOf(value):
                inner = self._python(value)
                return None if inner is None else dict[str, inner]  # type: ignore[valid-type]
            case Opt(inner_kind):
                inner = self._python(inner_kind)
                return None if inner is None else inner | None
        return None


def _payloads(program: Program, document: dict[str, Any]) -> Iterator[Payload]:
    for action in program.definitions.values():
        if not isinstance(action, ActionDef) or action.webhook:
            continue
        path, method = wire_path(action), action.method.lower()
        operation = document["paths"][path][method]
        here = f"/paths/{_escaped(path)}/{method}"
        for body in action.bodies:
            media = operation["requestBody"]["content"][body.media]
            at = f"{here}/requestBody/content/{_escaped(body.media)}/schema"
            for name, value in _examples(media, document):
                yield Payload(f"{method} {path} body {name}", body.type, value, at)
        for answer in action.returns:
            if answer.type is None or answer.media is None:
                continue
            media = operation["responses"][answer.status]["content"][answer.media]
            at = f"{here}/responses/{answer.status}/content/{_escaped(answer.media)}/schema"
            for name, value in _examples(media, document):
                yield Payload(f"{method} {path} {answer.status} {name}", answer.type, value, at)


def _examples(media: dict[str, Any], document: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    if "example" in media:
        yield "example", media["example"]
    for name, example in media.get("examples", {}).items():
        if "$ref" in example:
            example = _at(document, example["$ref"])  # noqa: PLW2901  # what is referred to
        if "value" in example:
            yield name, example["value"]


def _at(document: dict[str, Any], reference: str) -> Any:
    node: Any = document
    for part in reference.split("/")[1:]:
        node = node[part.replace("~1", "/").replace("~0", "~")]
    return node


def _escaped(part: str) -> str:
    escaped = part.replace("~", "~0").replace("/", "~1").replace("%", "%25")
    return escaped.replace("{", "%7B").replace("}", "%7D").replace(" ", "%20")


def _fits(adapter: TypeAdapter[Any], value: Any) -> bool:
    return not _problem(adapter, value)


def _problem(adapter: TypeAdapter[Any], value: Any) -> str:
    try:
        adapter.validate_json(json.dumps(value))
    except ValidationError as error:
        return str(error.errors()[:3])
    return ""


def _mutants(value: Any) -> Iterator[tuple[str, Any]]:
    """The value with one thing in it replaced or left out."""
    for path in _places(value):
        for wrong in WRONG:
            mutant = copy.deepcopy(value)
            if not path:
                yield f"{wrong!r} for the whole", wrong
                continue
            parent = mutant
            for part in path[:-1]:
                parent = parent[part]
            parent[path[-1]] = wrong
            yield f"{wrong!r} at {path}", mutant
        if path and isinstance(path[-1], str):
            mutant = copy.deepcopy(value)
            parent = mutant
            for part in path[:-1]:
                parent = parent[part]
            del parent[path[-1]]
            yield f"nothing at {path}", mutant


def _places(value: Any) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = [()]
    for path in found:
        node = value
        for part in path:
            node = node[part]
        if isinstance(node, dict):
            found += [(*path, key) for key in node]
        elif isinstance(node, list):
            found += [(*path, at) for at in range(min(len(node), 2))]
    return found
