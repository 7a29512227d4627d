from __future__ import annotations

import json
from typing import Any

import pytest
from openapi_spec_validator import validate

from hyper.emit.openapi import dump_json, emit_openapi
from hyper.emit.openapi.operations import split_doc, status_phrase
from hyper.ir.nodes import Const
from hyper.ir.program import BodyDef, CheckDef, HeaderDef, SchemeDef, ServerDef, TagDef
from hyper.lang.markers import NO_MARKERS, Markers
from hyper.lang.types import INT, STRING, Entity, ListOf
from tests.emit_openapi.programs import (
    action,
    answer,
    entity,
    field,
    param,
    program,
    service,
)


def operation(route: str, **more: Any) -> Any:
    document = emit_openapi(
        program(entity("Order", field("id", INT)), action("probe", route, **more))
    )
    (item,) = document["paths"].values()
    (node,) = item.values()
    return node


def test_a_program_without_a_service_is_a_valid_document() -> None:
    document = emit_openapi(program())
    assert document["info"] == {"title": "API", "version": "0.0.0"}
    validate(document)


def test_a_whole_document_is_valid() -> None:
    made = program(
        service(
            doc="Sells things.",
            servers=(ServerDef("https://{host}/", "Live", Markers(openapi=(_variables(),))),),
            schemes=(
                SchemeDef("key", '{"type": "apiKey", "name": "X-Key", "in": "header"}'),
                SchemeDef("bearer", '{"type": "http", "scheme": "bearer"}'),
            ),
            security=((("key", ()), ("bearer", ())), ()),
            tags=(TagDef("orders", "All orders.", Markers(extensions=(("x-icon", '"o"'),))),),
            markers=Markers(
                openapi=('{"info": {"contact": {"email": "a@example.com"}}}',),
                extensions=(("x-root", "1"),),
            ),
        ),
        entity("Order", field("id", INT)),
        action(
            "list_orders",
            "GET /orders/{shop_id}",
            doc="Lists orders.\n\nAll of them,\nat once.",
            params=(
                param("path", "shop_id", STRING, wire="shop-id"),
                param("query", "limit", INT, default=Const(INT, "10"), doc="How many."),
                param(
                    "query",
                    "ids",
                    ListOf(INT),
                    optional=True,
                    markers=Markers(style="form", explode=False, examples=("[1]",)),
                ),
            ),
            returns=(
                answer("200", ListOf(Entity("shop.Order")), headers=(_header(),)),
                answer("200", STRING, media="text/csv"),
                answer("4XX", Entity("shop.Order"), error=True),
            ),
            security=((),),
            tags=("orders",),
        ),
        action("order_placed", "POST /order-placed", webhook=True, returns=(answer("202"),)),
    )
    document = emit_openapi(made)
    validate(document)
    assert document["security"] == [{"key": [], "bearer": []}, {}]
    assert document["x-root"] == 1
    assert document["servers"][0]["variables"] == {"host": {"default": "example.com"}}
    assert document["webhooks"]["order-placed"]["post"]["operationId"] == "order_placed"
    node = document["paths"]["/orders/{shop-id}"]["get"]
    assert node["summary"] == "Lists orders."
    assert node["description"] == "All of them,\nat once."
    assert node["security"] == [{}]
    path, limit, ids = node["parameters"]
    assert path["required"] is True
    assert limit == {
        "name": "limit",
        "in": "query",
        "description": "How many.",
        "schema": {"type": "integer", "default": 10},
    }
    assert (ids["style"], ids["explode"], ids["example"]) == ("form", False, [1])
    assert list(node["responses"]["200"]["content"]) == ["application/json", "text/csv"]
    assert node["responses"]["200"]["headers"] == {"x-next": {"schema": {"type": "string"}}}
    assert json.loads(dump_json(document)) == document


def test_bodies_and_answers_share_their_openapi_between_two_objects() -> None:
    merged = '{"description": "", "examples": {"a": {"value": 1}}, "x-b": 2}'
    body = BodyDef("order", Entity("shop.Order"), "application/json", True, _marked(merged), "", 1)
    other = BodyDef("order", STRING, "text/plain", True, NO_MARKERS, "The order.", 1)
    node = operation(
        "POST /orders", bodies=(body, other), returns=(answer("200", INT, markers=_marked(merged)),)
    )
    assert node["requestBody"] == {
        "description": "",
        "content": {
            "application/json": {
                "schema": {"$ref": "#/components/schemas/Order"},
                "examples": {"a": {"value": 1}},
            },
            "text/plain": {"schema": {"type": "string"}},
        },
        "x-b": 2,
    }
    assert node["responses"]["200"]["description"] == ""
    assert node["responses"]["200"]["content"]["application/json"]["examples"] == {
        "a": {"value": 1}
    }


def test_a_parameter_with_content() -> None:
    markers = Markers(openapi=('{"content": {"application/json": {}}}',))
    node = operation(
        "GET /a",
        params=(param("query", "q", ListOf(INT), markers=markers),),
        returns=(answer("204"),),
    )
    content = {"application/json": {"schema": {"type": "array", "items": {"type": "integer"}}}}
    assert node["parameters"] == [
        {"name": "q", "in": "query", "required": True, "content": content}
    ]


def test_checks_and_roles_have_answers_of_their_own() -> None:
    check = (CheckDef("shop.rule", ("order",), 1),)
    node = operation("POST /a", checks=check, allow=("clerk",), returns=(answer("200", INT),))
    assert sorted(node["responses"]) == ["200", "403", "422"]
    assert node["x-roles"] == ["clerk"]
    declared = operation("POST /a", checks=check, returns=(answer("default", INT),))
    assert sorted(declared["responses"]) == ["default"]


@pytest.mark.parametrize(
    ("doc", "summary", "description"),
    [
        ("", "", ""),
        ("One.", "One.", ""),
        ("One.\n\nTwo\nthree.", "One.", "Two\nthree."),
        ("One\ntwo.", "", "One\ntwo."),
        ("One\ntwo.\n\nThree.", "", "One\ntwo.\n\nThree."),
    ],
)
def test_documentation_of_actions(doc: str, summary: str, description: str) -> None:
    assert split_doc(doc) == (summary, description)


@pytest.mark.parametrize(
    ("status", "phrase"),
    [
        ("404", "Not Found"),
        ("4XX", "Client error"),
        ("default", "Any other answer"),
        ("299", "Status 299"),
    ],
)
def test_phrases(status: str, phrase: str) -> None:
    assert status_phrase(status) == phrase


def test_lone_surrogates_are_still_json() -> None:
    assert json.loads(dump_json({"a": "\ud800"})) == {"a": "\ud800"}


def _variables() -> str:
    return '{"variables": {"host": {"default": "example.com"}}}'


def _header() -> HeaderDef:
    return HeaderDef("x_next", "x-next", STRING, True, NO_MARKERS, "", 1)


def _marked(text: str) -> Markers:
    return Markers(openapi=(text,))
