"""The app of a generated package, over HTTP."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel

from tests.emit_python.packages import Client
from tests.emit_python.test_models import ORDER

if TYPE_CHECKING:
    from fastapi import FastAPI

    from tests.emit_python.packages import Package

JSON = {"content-type": "application/json"}


class Handlers:
    """Some of the actions."""

    def __init__(self, api: Any) -> None:
        self.api = api
        self.seen: dict[str, Any] = {}

    async def place_order(self, *, page: int, tags: list[str] | None, body: Any) -> Any:
        self.seen = {"page": page, "tags": tags, "request": self.api.current_request()}
        if page == 2:
            raise self.api.ApiError(409, {"x": 1}, {"retry-after": 5})
        if page == 3:
            return self.api.Answer(201, body, {"x-made": True})
        if page == 4:
            return self.api.Answer(418, body)
        if page == 5:
            return {"id": "no"}
        return body

    def find(self, *, id: int, trace: Any) -> Any:  # noqa: A002
        self.seen = {"trace": trace}
        if id == 404:
            raise self.api.ApiError(404)
        return {"sku": "ABC-1", "quantity": id, "unit_price": "1"}

    def latest(self) -> str:
        return "käse"

    async def guarded(self, *, id: int) -> None:  # noqa: A002
        del id

    def tell(self, *, body: Any) -> str:
        return body if isinstance(body, str) else repr(body)


@pytest.fixture
def handlers(package: Package) -> Handlers:
    return Handlers(package.module("api"))


@pytest.fixture
def client(package: Package, handlers: Handlers) -> Client:
    return Client(package["api:create_app"](handlers))


def test_an_action_is_served(client: Client, handlers: Handlers) -> None:
    answer = client.post("/orders?tags=a&tags=b", json=ORDER)
    assert answer.status_code == 201
    assert answer.json()["lines"][0]["unit_price"] == "1.50"
    assert answer.headers["content-type"] == "application/json"
    assert handlers.seen["page"] == 1
    assert handlers.seen["tags"] == ["a", "b"]
    assert handlers.seen["request"].url.path == "/orders"
    assert client.post("/orders", json=ORDER).status_code == 201
    assert handlers.seen["tags"] is None


def test_answers_and_errors(client: Client) -> None:
    made = client.post("/orders?page=3", json=ORDER)
    assert (made.status_code, made.headers["x-made"]) == (201, "true")
    failed = client.post("/orders?page=2", json=ORDER)
    assert (failed.status_code, failed.json(), failed.headers["retry-after"]) == (
        409,
        {"x": 1},
        "5",
    )
    absent = client.get("/orders/404")
    assert (absent.status_code, absent.content) == (404, b"")
    text = client.get("/orders/latest")
    assert (text.text, text.headers["content-type"]) == ("käse", "text/plain")


@pytest.mark.parametrize("page", [4, 5])
def test_an_answer_that_is_not_declared_is_a_fault(client: Client, page: int) -> None:
    with pytest.raises(Exception, match="place_order answered"):
        client.post(f"/orders?page={page}", json=ORDER)


def test_all_mistakes_are_told_at_once(client: Client) -> None:
    lines = [{"sku": "x", "quantity": 0, "unit_price": "1"}]
    answer = client.post("/orders?page=x", json={**ORDER, "lines": lines})
    assert answer.status_code == 422
    assert [(error["in"], error["at"]) for error in answer.json()["errors"]] == [
        ("query", "page"),
        ("body", "lines[0].sku"),
        ("body", "lines[0].quantity"),
    ]


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"{", JSON, 422),
        (b"", JSON, 422),
        (b"", {}, 422),
        (b'{"note": NaN}', JSON, 422),
        (b"\xff\xfe", JSON, 422),
        (b"[" * 100_000, JSON, 422),
        (b"a,b", {"content-type": "text/csv"}, 415),
        (json.dumps(ORDER).encode(), {"content-type": "application/json; charset=utf-8"}, 201),
        (json.dumps(ORDER).encode(), {"content-type": "Application/JSON"}, 201),
        (json.dumps(ORDER).encode(), {}, 201),
    ],
)
def test_bodies(client: Client, content: bytes, headers: dict[str, str], status: int) -> None:
    answer = client.post("/orders", content=content, headers=headers)
    assert answer.status_code == status
    assert status == 201 or answer.json()["detail"]


def test_bodies_of_several_media_types(client: Client) -> None:
    plain = client.post("/tell", content="hi", headers={"content-type": "text/plain"})
    assert plain.json() == "hi"
    form = client.post("/tell", data={"kind": "visa", "number": "42"})
    assert form.json() == "Card(kind='visa', number='42')"
    assert client.post("/tell", data={"kind": "visa"}).json()["errors"][0]["at"] == "number"


def test_parameters(client: Client) -> None:
    assert client.get("/orders/5").json()["quantity"] == 5
    for path in ("/orders/0", "/orders/x", "/orders/5.5", "/orders/a%2Fb", "/orders/%ff"):
        assert client.get(path).status_code == 422, path
    bad = client.get("/orders/5", headers={"x-trace": "no"})
    assert bad.json()["errors"][0]["at"] == "X-Trace"
    assert client.get("/orders/5/").status_code == 404


def test_methods(client: Client) -> None:
    head = client.request("HEAD", "/orders/latest")
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", "5")
    refused = client.request("PATCH", "/orders/5")
    assert (refused.status_code, refused.headers["allow"]) == (405, "DELETE, GET, HEAD")
    assert client.request("DELETE", "/orders/latest").status_code == 403
    assert client.get("/nowhere").json() == {"detail": "Not Found"}


def test_a_missing_handler_answers_501(package: Package) -> None:
    for handlers in (None, object(), package["api.handlers:Handlers"]):
        served = handlers
        if isinstance(handlers, type) and handlers is not object:
            served = type("Partial", (handlers,), {})()
        answer = Client(package["api:create_app"](served)).get("/orders/5")
        assert answer.status_code == 501
        assert answer.json() == {"detail": "find has no handler"}


@pytest.mark.parametrize(
    ("roles", "status"),
    [(None, 403), (set(), 403), ({"other"}, 403), ({"clerk"}, 204), (["admin", "x"], 204)],
)
def test_roles(package: Package, handlers: Handlers, roles: Any, status: int) -> None:
    async def asked(_request: Any) -> Any:
        return roles

    for decide in (None,) if roles is None else (asked, lambda _request: roles):
        app = package["api:create_app"](handlers, roles=decide)
        assert Client(app).request("DELETE", "/orders/5").status_code == status


def test_the_document_is_the_compiled_one(package: Package, client: Client) -> None:
    document = json.loads((package.root / "openapi.json").read_text())
    assert client.get("/openapi.json").json() == document
    assert client.get("/docs").status_code == 200


def test_mock_answers_fit(package: Package) -> None:
    client = Client(package["api:create_app"](mock=True))
    made = client.post("/orders", json=ORDER)
    assert made.status_code == 201
    package["shop.orders:Order"].model_validate_json(made.content)
    assert client.post("/orders", json=ORDER).content == made.content
    found = client.get("/orders/5")
    package["shop.orders:OrderLine"].model_validate_json(found.content)
    assert client.get("/orders/latest").status_code == 200
    assert client.get("/orders/0").status_code == 422


def test_what_is_missing_has_a_code(client: Client) -> None:
    for more in ({}, {"headers": JSON}):
        assert client.post("/orders", **more).json()["errors"] == [
            {"in": "body", "at": "", "message": "Body required", "code": "missing"}
        ]


class Order(BaseModel):
    """Another one than the compiled Order."""

    total: int


def test_routes_of_the_user(package: Package, handlers: Handlers) -> None:
    app: FastAPI = package["api:create_app"](handlers)
    compiled = json.loads((package.root / "openapi.json").read_text())
    assert app.openapi() == compiled

    @app.get("/health")
    def health() -> dict[str, str]:
        return {"status": "fine"}

    @app.put("/orders")
    def replace(order: Order) -> Order:
        return order

    @app.post("/orders")
    def shadowed() -> None:
        raise AssertionError

    client = Client(app)
    assert client.get("/health").json() == {"status": "fine"}
    assert client.request("PUT", "/orders", json={"total": 1}).json() == {"total": 1}
    assert client.post("/orders", json=ORDER).status_code == 201
    assert client.request("PATCH", "/orders").status_code == 405
    document = client.get("/openapi.json").json()
    assert client.get("/openapi.json").json() == document
    assert set(document["paths"]) == {*compiled["paths"], "/health"}
    assert document["paths"]["/orders"]["post"] == compiled["paths"]["/orders"]["post"]
    body = document["paths"]["/orders"]["put"]["requestBody"]["content"]["application/json"]
    assert body["schema"] == {"$ref": "#/components/schemas/Order_2"}
    schemas = document["components"]["schemas"]
    assert schemas["Order_2"]["description"] == "Another one than the compiled Order."
    assert {name: schemas[name] for name in compiled["components"]["schemas"]} == (
        compiled["components"]["schemas"]
    )
    assert document["info"] == compiled["info"]


def test_a_document_of_the_user(package: Package, handlers: Handlers) -> None:
    app = package["api:create_app"](handlers)
    app.openapi_schema = {"openapi": "3.1.0"}
    assert app.openapi() == {"openapi": "3.1.0"}


def test_routes_have_paths(package: Package, handlers: Handlers) -> None:
    app = package["api:create_app"](handlers)
    assert [route.path for route in app.routes][:2] == ["", "/openapi.json"]
    assert ("POST", "/orders") in [(row.method, row.path) for row in app.routes[0].routes]
