"""JSON Schema files and generated models take the same JSON for the same, form by form of the language."""

from __future__ import annotations

import importlib
import json
import sys
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from fastapi.testclient import TestClient
from pydantic import TypeAdapter, ValidationError
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from hyper import hyperCompile

if TYPE_CHECKING:
    from pathlib import Path

BASICS = """
intent agree.basics

enum Tier: gold, silver = "Silver!"
enum Level: one = 1, two = 2
enum Flag: yes = true

type Sku = string @match("^[A-Z]{3}-[0-9]+$") @length(1, 12)
type Short = list[string @length(1, 3)] @size(1, 2) @unique

entity Base:
    id: int

entity Child is Base:
    name?: string

entity Closed @extra(forbid):
    a: int

entity ClosedChild is Closed:
    b: int

entity Bag @extra(int):
    a: string

entity Numbers:
    whole?: int @range(1, 9)
    open?: float @above(0) @below(1.5)
    step?: float @multiple(0.5)
    small?: int @format("int32")
    big?: bigint
    money?: decimal(5, 2) @range(0, 100)

entity Texts:
    text?: string @length(2, 4)
    word?: string @match("b+") @match("^a")
    raw?: bytes
    day?: date
    id?: uuid
    literal?: "fixed"
    number?: 3
    truth?: true

entity Presence:
    must: int
    nullable: int?
    optional?: int
    both?: int?
    filled: int = 4
    documented: int @default(5)
    anything: any

entity Wire:
    plain: int @json("odd name")

entity Tree:
    value: int
    kids: list[Tree] @size(max: 2)
    by_name?: map[string, Tree] @size(max: 1)
"""

CHOICES = """
intent agree.choices

use agree.basics (Base, Sku, Tier, Wire)

entity Cat:
    kind: "cat"
    lives: int

entity Dog:
    kind: "dog"
    good: bool

entity Digits:
    code: int

union Pet = Cat | Dog by kind {"cat": Cat, "dog": Dog}
union First = int | string
union One exactly = Base | Digits
union Mixed = Tier | list[Sku] | none_or_more

type none_or_more = map[string, int] @size(max: 1)

entity Owner:
    pet: Pet?
    tier: Tier = gold
    sku?: Sku?

action keep:
    route POST /wire
    body wire: Wire
    returns 204

type Odd = any @schema({"not": {"type": "string"}})

entity Ordered @schema({"dependentRequired": {"a": ["b"]}}):
    a?: int
    b?: int
    pair?: any @schema({"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}]})
"""

CASES: list[tuple[str, Any, bool]] = [
    ("basics.Tier", "gold", True),
    ("basics.Tier", "Silver!", True),
    ("basics.Tier", "silver", False),
    ("basics.Tier", None, False),
    ("basics.Level", 2, True),
    ("basics.Level", "2", False),
    ("basics.Level", True, False),
    ("basics.Flag", True, True),
    ("basics.Flag", 1, False),
    ("basics.Sku", "ABC-12", True),
    ("basics.Sku", "abc-12", False),
    ("basics.Sku", "ABC-123456789", False),
    ("basics.Short", ["a"], True),
    ("basics.Short", [], False),
    ("basics.Short", ["a", "a"], False),
    ("basics.Short", ["abcd"], False),
    ("basics.Base", {"id": 1}, True),
    ("basics.Base", {"id": 1, "more": 2}, True),
    ("basics.Base", {"id": "1"}, False),
    ("basics.Base", {"id": 1.5}, False),
    ("basics.Base", {"id": True}, False),
    ("basics.Base", [], False),
    ("basics.Child", {"id": 1}, True),
    ("basics.Child", {"name": "a"}, False),
    ("basics.Child", {"id": 1, "name": None}, False),
    ("basics.Closed", {"a": 1}, True),
    ("basics.Closed", {"a": 1, "b": 1}, False),
    ("basics.ClosedChild", {"a": 1, "b": 1}, True),
    ("basics.ClosedChild", {"a": 1, "b": 1, "c": 1}, True),
    ("basics.Bag", {"a": "x", "b": 1}, True),
    ("basics.Bag", {"a": "x", "b": "y"}, False),
    ("basics.Numbers", {"whole": 9}, True),
    ("basics.Numbers", {"whole": 10}, False),
    ("basics.Numbers", {"whole": 0}, False),
    ("basics.Numbers", {"open": 1}, True),
    ("basics.Numbers", {"open": 0}, False),
    ("basics.Numbers", {"open": 1.5}, False),
    ("basics.Numbers", {"step": 2.5}, True),
    ("basics.Numbers", {"step": 2.25}, False),
    ("basics.Numbers", {"big": 2**70}, True),
    ("basics.Numbers", {"big": 0.5}, False),
    ("basics.Numbers", {"money": "12.50"}, True),
    ("basics.Numbers", {"money": "1234"}, False),
    ("basics.Numbers", {"money": "-1"}, False),
    ("basics.Numbers", {"money": "x"}, False),
    ("basics.Texts", {}, True),
    ("basics.Texts", {"text": "\U0001f600\U0001f600"}, True),
    ("basics.Texts", {"text": "\U0001f600"}, False),
    ("basics.Texts", {"text": "abcde"}, False),
    ("basics.Texts", {"text": 12}, False),
    ("basics.Texts", {"word": "aab"}, True),
    ("basics.Texts", {"word": "aa"}, False),
    ("basics.Texts", {"word": "bb"}, False),
    ("basics.Texts", {"raw": "aGk="}, True),
    ("basics.Texts", {"raw": 1}, False),
    ("basics.Texts", {"day": "2024-02-29"}, True),
    ("basics.Texts", {"day": "2023-02-29"}, False),
    ("basics.Texts", {"day": 0}, False),
    ("basics.Texts", {"id": "6ba7b810-9dad-11d1-80b4-00c04fd430c8"}, True),
    ("basics.Texts", {"id": "6ba7b810"}, False),
    ("basics.Texts", {"literal": "fixed", "number": 3, "truth": True}, True),
    ("basics.Texts", {"literal": "other"}, False),
    ("basics.Texts", {"number": "3"}, False),
    ("basics.Texts", {"truth": 1}, False),
    ("basics.Presence", {"must": 1, "nullable": None, "documented": 5, "anything": None}, True),
    ("basics.Presence", {"must": 1, "nullable": 1, "documented": 5, "anything": [{}]}, True),
    ("basics.Presence", {"must": 1, "nullable": None, "anything": 1}, False),
    ("basics.Presence", {"must": None, "nullable": 1, "documented": 5, "anything": 1}, False),
    ("basics.Presence", {"must": 1, "documented": 5, "anything": 1}, False),
    ("basics.Presence", {"must": 1, "nullable": 1, "documented": 5}, False),
    (
        "basics.Presence",
        {"must": 1, "nullable": 1, "documented": 5, "anything": 1, "optional": None},
        False,
    ),
    (
        "basics.Presence",
        {"must": 1, "nullable": 1, "documented": 5, "anything": 1, "both": None},
        True,
    ),
    (
        "basics.Presence",
        {"must": 1, "nullable": 1, "documented": 5, "anything": 1, "filled": None},
        False,
    ),
    ("basics.Wire", {"odd name": 1}, True),
    ("basics.Wire", {"plain": 1}, False),
    ("basics.Tree", {"value": 1, "kids": [{"value": 2, "kids": []}]}, True),
    ("basics.Tree", {"value": 1, "kids": [{"value": "2", "kids": []}]}, False),
    ("basics.Tree", {"value": 1, "kids": [], "by_name": {"a": {"value": 1, "kids": []}}}, True),
    ("basics.Tree", {"value": 1, "kids": [], "by_name": {"a": {"value": 1}}}, False),
    ("choices.Pet", {"kind": "cat", "lives": 9}, True),
    ("choices.Pet", {"kind": "dog", "good": True}, True),
    ("choices.Pet", {"kind": "dog", "lives": 9}, False),
    ("choices.Pet", {"kind": "cow"}, False),
    ("choices.First", 1, True),
    ("choices.First", "1", True),
    ("choices.First", 1.5, False),
    ("choices.First", None, False),
    ("choices.One", {"id": 1}, True),
    ("choices.One", {"code": 1}, True),
    ("choices.One", {"id": 1, "code": 1}, False),
    ("choices.One", {}, False),
    ("choices.Mixed", "gold", True),
    ("choices.Mixed", ["ABC-1"], True),
    ("choices.Mixed", {"a": 1}, True),
    ("choices.Mixed", {"a": 1, "b": 2}, False),
    ("choices.Mixed", ["abc"], False),
    ("choices.Owner", {"pet": None}, True),
    ("choices.Owner", {"pet": {"kind": "cat", "lives": 1}, "sku": None}, True),
    ("choices.Owner", {"pet": None, "tier": "bronze"}, False),
    ("choices.Owner", {}, False),
    ("choices.Odd", 1, True),
    ("choices.Odd", "a", False),
    ("choices.Ordered", {"b": 1}, True),
    ("choices.Ordered", {"a": 1, "b": 1}, True),
    ("choices.Ordered", {"a": 1}, False),
    ("choices.Ordered", {"pair": [1, "a"]}, True),
    ("choices.Ordered", {"pair": ["a", 1]}, False),
]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("agree")
    for name, text in (("basics", BASICS), ("choices", CHOICES)):
        (folder / f"{name}.intent").write_text(text.lstrip(), encoding="utf-8")
    result = hyperCompile(folder, out=str(folder / "out"), package="agreement")
    assert [item for item in result.diagnostics if item.is_error] == []
    return folder / "out"


@pytest.fixture(scope="module")
def registry(built: Path) -> Registry[Any]:
    """The schema files under the addresses that they have when they are served from one folder."""
    made: Registry[Any] = Registry()
    for path in sorted((built / "agreement" / "schema").iterdir()):
        document = json.loads(path.read_bytes())
        jsonschema.Draft202012Validator.check_schema(document)
        address = f"https://example.com/schema/{path.name}"
        made = made.with_resource(address, DRAFT202012.create_resource(document))
    return made


@pytest.fixture(scope="module")
def package(built: Path) -> Any:
    sys.path.insert(0, str(built))
    try:
        return importlib.import_module("agreement")
    finally:
        sys.path.pop(0)


@pytest.mark.parametrize(("name", "value", "fits"), CASES)
@pytest.mark.usefixtures("package")
def test_the_schema_and_the_model_agree(
    name: str, value: Any, fits: bool, registry: Registry[Any]
) -> None:
    module, _, symbol = name.partition(".")
    validator = jsonschema.Draft202012Validator(
        {"$ref": f"https://example.com/schema/agree.{module}.json#/$defs/{symbol}"},
        registry=registry,
        format_checker=jsonschema.FormatChecker(),
    )
    assert validator.is_valid(value) is fits
    model = getattr(importlib.import_module(f"agreement.agree.{module}"), symbol)
    assert _takes(TypeAdapter(model), value) is fits


@pytest.mark.parametrize(("key", "status"), [("odd name", 204), ("plain", 422)])
def test_requests_have_wire_names_only(key: str, status: int, package: Any) -> None:
    api = importlib.import_module(f"{package.__name__}.api")
    with TestClient(api.create_app(mock=True)) as client:
        assert client.post("/wire", json={key: 1}).status_code == status


def _takes(adapter: TypeAdapter[Any], value: Any) -> bool:
    try:
        adapter.validate_json(json.dumps(value), by_alias=True, by_name=False)
    except ValidationError:
        return False
    return True
