"""Hostile requests to a served package are refused; none is a server error."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from starlette.testclient import TestClient

from hyper import hyperCompile

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
NAME = "hostile_requests"

BODIES: list[bytes] = [
    b"",
    b"{",
    b"null",
    b"[]",
    b'"text"',
    b"NaN",
    b'{"signals": 1}',
    b"\xff\xfe\x00",
    b"\xef\xbb\xbf{}",
    b'{"a": "\\ud800"}',
    b"[" * 100_000,
    b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    b"9" * 100_000,
    b'{"amount": ' + b"9" * 10_000 + b"}",
    b'{"amount": 1e999999999, "hour": 1e400, "score": -Infinity}',
    b'{"amount": "' + b"1" * 100_000 + b'"}',
    b'{"hour": true, "amount": "1e-400", "customer": {"since": "0000-00-00"}}',
    b'{"__proto__": {}, "__class__": {}, "model_config": {}}',
    b"\x00" * 64,
]
TYPES = [
    "application/json",
    "application/json; charset=utf-16",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "multipart/form-data; boundary=x",
    "text/plain",
    "image/png",
    "",
    "/",
    "application/" + "j" * 5000,
]
PATHS = [
    "/products/../../etc/passwd",
    "/products/%2e%2e%2f",
    "/products/%00",
    "/products/%ff",
    "/products/" + "a" * 20_000,
    "/products?limit=" + "9" * 5000,
    "/products?limit=1&limit=2&limit=x",
    "/products?price[min]=1&price[[x]]=2&price=3&price[]=",
    "/products?q=%ff%fe",
    "/shelves?" + "&".join("code=A" for _ in range(5000)),
    "//",
    "/openapi.json/..",
]


@pytest.fixture(scope="module", params=[True, False], ids=["mock", "handlers"])
def client(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TestClient]:
    out = tmp_path_factory.mktemp("out")
    result = hyperCompile(str(ROOT / "examples" / "storefront"), out=str(out), package=NAME)
    assert result.success
    sys.path.insert(0, str(out))
    try:
        api: Any = importlib.import_module(f"{NAME}.api")
        roles = ("customer", "clerk", "warehouse", "admin")
        app = api.create_app(None, mock=request.param, roles=lambda _: roles)
        with TestClient(app, raise_server_exceptions=False) as made:
            yield made
    finally:
        sys.path.remove(str(out))
        for module in [key for key in sys.modules if key.split(".")[0] == NAME]:
            del sys.modules[module]


def answered(response: Any) -> bool:
    """Whether the answer is a refusal, a success, or an action that nobody serves."""
    return bool(response.status_code < 500 or response.status_code == 501)


@pytest.mark.parametrize("kind", TYPES, ids=range(len(TYPES)))
def test_bodies(client: TestClient, kind: str) -> None:
    for path in ("/fraud/screen", "/orders", "/orders/quote"):
        for number, body in enumerate(BODIES):
            response = client.post(path, content=body, headers={"content-type": kind})
            assert answered(response), (path, number, response.text[:200])
            assert response.status_code not in (200, 201), (path, number)


@pytest.mark.parametrize("path", PATHS, ids=range(len(PATHS)))
def test_paths(client: TestClient, path: str) -> None:
    for method in ("GET", "POST", "PUT", "HEAD", "OPTIONS", "TRACE", "BREW"):
        response = client.request(method, path, headers={b"cookie": b"visitor=\xff; a=b=c;;"})
        assert answered(response), (method, response.text[:200])
