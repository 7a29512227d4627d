"""Declarations in the IR: nothing of them is lost, and defaults are canonical constants."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from hyper.ir.lower.actions import lower_action, lower_service, operation_ids
from hyper.ir.lower.declarations import Declarations
from hyper.ir.lower.literals import lower_literal
from hyper.ir.nodes import Const, EnumConst, Expr, MakeList, Now
from hyper.lang.symbols import ActionSymbol, EntitySymbol, ServiceSymbol
from hyper.lang.types import DATETIME, INT, ListOf, Opt, Prim
from tests.resolve.worlds import one


def _default(type_and_default: str) -> Expr | None:
    world = one(
        f"type Count = int?\n\nenum Tier: gold, silver\n\nentity A:\n    a: {type_and_default}\n"
    )
    entity = world.symbols["main.A"]
    assert isinstance(entity, EntitySymbol)
    field = entity.fields["a"]
    assert field.decl.default is not None
    return lower_literal(field.decl.default, field.type, world)


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("int = -3", "-3"),
        ("bigint = 99999999999999999999", "99999999999999999999"),
        ("float = 1", "0x1.0000000000000p+0"),
        ("float = (-0.1)", "-0x1.999999999999ap-4"),
        ("decimal(6, 2) = 1.005", "1.00"),
        ("decimal(6, 2) = -0.001", "0.00"),
        ("decimal(6, 0) = 2.5", "2"),
        ("bool = true", "true"),
        ('string = "a\\n\\"é"', '"a\\n\\"é"'),
        ('date = "2024-02-29"', "2024-02-29"),
        ('datetime = "2024-01-01T00:00:00+00:00"', "2024-01-01T00:00:00Z"),
        ('uuid = "6F9619FF-8B86-D011-B42D-00CF4FC964FF"', "6f9619ff-8b86-d011-b42d-00cf4fc964ff"),
        ('"card" = "card"', '"card"'),
        ('any = {"a": [1, -2.50, none]}', '{"a": [1, -2.50, null]}'),
        ("Count = 4", "4"),
        ("Count = none", "null"),
    ],
)
def test_literal_defaults(written: str, text: str) -> None:
    made = _default(written)
    assert isinstance(made, Const)
    assert made.text == text


def test_other_defaults() -> None:
    assert _default("Tier = silver") == EnumConst(_enum(), "silver")
    assert _default("datetime = now()") == Now(DATETIME)
    assert _default("list[int] = [1]") == MakeList(ListOf(INT), (Const(INT, "1"),))
    assert _default("string? = none") == Const(Opt(Prim("string")), "null")
    assert _default("int = 1 + 1") is None
    assert _default("list[int] = [1 + 1]") is None


def _enum() -> Any:
    from hyper.lang.types import Enum

    return Enum("main.Tier")


def test_inherited_fields_name_their_origin() -> None:
    world = one('entity B is A:\n    b: int\n\nentity A:\n    a?: int = 3\n        "Doc."\n')
    declarations = Declarations(world, lambda expr, kind, _: lower_literal(expr, kind, world))  # type: ignore[arg-type,return-value]
    entity = world.symbols["main.B"]
    assert isinstance(entity, EntitySymbol)
    made = declarations.entity(entity)
    assert made.bases == ("main.A",)
    assert [(field.name, field.origin, field.line) for field in made.fields] == [
        ("a", "main.A", 5),
        ("b", None, 2),
    ]
    assert made.fields[0].doc == "Doc."
    assert made.fields[0].default == Const(INT, "3")


def test_service_and_actions() -> None:
    world = one(
        "service Shop:\n"
        '    "What it is."\n'
        '    server "https://a.example" "Live" @x("x-a", 1)\n'
        '    scheme key: apiKey(name: "K", in: "header") @x("x-b", [1]) @openapi({"flows": {}})\n'
        '        "The key."\n'
        "    security key, none\n"
        '    tag "t"\n\n'
        "action a:\n    route GET /a\n    returns 204\n    security none\n\n"
        'action b @json("b/b"):\n    route PUT /b\n    body x?: int\n    error default string\n\n'
        "webhook paid:\n    body x: int\n    returns 204\n"
    )
    service = world.symbols["main.Shop"]
    assert isinstance(service, ServiceSymbol)
    made = lower_service(service)
    assert (made.title, made.version, made.doc) == ("Shop", "0.0.0", "What it is.")
    assert made.security == ((("key", ()),), ())
    assert made.servers[0].markers.extensions == (("x-a", "1"),)
    assert json.loads(made.schemes[0].body) == {
        "type": "apiKey",
        "name": "K",
        "in": "header",
        "description": "The key.",
        "x-b": [1],
        "flows": {},
    }
    ids = operation_ids(world)
    actions = [
        lower_action(symbol, ids[symbol.name], lambda *_: Const(INT, "0"))
        for symbol in world.symbols.values()
        if isinstance(symbol, ActionSymbol)
    ]
    assert [(item.operation_id, item.method, item.path) for item in actions] == [
        ("a", "GET", "/a"),
        ("b/b", "PUT", "/b"),
        ("paid", "POST", "/paid"),
    ]
    assert actions[0].security == ((),)
    assert actions[1].security is None
    assert [(item.media, item.optional) for item in actions[1].bodies] == [
        ("application/json", True)
    ]
    assert [(item.status, item.error, item.media) for item in actions[1].returns] == [
        ("default", True, "application/json")
    ]
    assert msgspec.json.decode(msgspec.json.encode(actions[0]))["returns"][0]["media"] is None
