"""``authenticate``: who shows no credential that an action asks for is answered 401, in the declared form."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

from tests.check.programs import program
from tests.emit_python.packages import Client, Package, installed

if TYPE_CHECKING:
    from collections.abc import Iterator

TEXT = """
service Shop:
    scheme session: http(scheme: "bearer")
    scheme user: http(scheme: "basic")
    scheme key: apiKey(name: "X-Key", in: "header")
    scheme ticket: apiKey(name: "ticket", in: "query")
    scheme crumb: apiKey(name: "crumb", in: "cookie")
    scheme grant: oauth2(flows: {"clientCredentials": {"tokenUrl": "https://x.example", "scopes": {}}})
    scheme card: mutualTLS()
    security session
    roles clerk

entity Problem:
    title: string

action inherited:
    route GET /inherited
    returns 200 string
    error 401 Problem as "application/problem+json"

action either:
    route GET /either
    returns 200 string
    security key, user

action both:
    route GET /both
    returns 200 string
    security key and ticket

action scoped:
    route GET /scoped
    returns 200 string
    security grant("read", "write")

action cookie_only:
    route GET /cookie_only
    returns 200 string
    security crumb

action certified:
    route GET /certified
    returns 200 string
    security card

action optional:
    route GET /optional
    returns 200 string
    security none, session

action open:
    route GET /open
    returns 200 string
    security none

action guarded:
    route GET /guarded
    returns 200 string
    allow clerk
    security key
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Package]:
    yield from installed(program(TEXT), tmp_path_factory.mktemp("security"))


class Door:
    """Takes what is not ``bad``, and remembers what it was shown."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def __call__(self, request: Any, credentials: Any) -> bool:
        request.state.user = "someone"
        self.seen.append(credentials)
        return all(one.value != "bad" for one in credentials)


BASIC = "Basic " + base64.b64encode(b"ann:s:t").decode()
BAD_BASIC = "Basic " + base64.b64encode(b"no colon").decode()


@pytest.mark.parametrize(
    ("path", "headers", "shown"),
    [
        ("inherited", {"authorization": "bearer abc"}, [("session", "abc", ())]),
        ("either", {"x-key": "k"}, [("key", "k", ())]),
        ("either", {"authorization": BASIC}, [("user", "ann:s:t", ())]),
        ("both?ticket=t", {"x-key": "k"}, [("key", "k", ()), ("ticket", "t", ())]),
        ("scoped", {"authorization": "Bearer t"}, [("grant", "t", ("read", "write"))]),
        ("cookie_only", {"cookie": "crumb=c"}, [("crumb", "c", ())]),
        ("certified", {}, [("card", "", ())]),
        ("optional", {"authorization": "Bearer t"}, [("session", "t", ())]),
    ],
)
def test_credentials_are_shown(
    package: Package, path: str, headers: dict[str, str], shown: list[Any]
) -> None:
    door = Door()
    app = package["api:create_app"](mock=True, authenticate=door)
    assert Client(app).get(f"/{path}", headers=headers).status_code == 200
    assert [tuple(one) for one in door.seen[0]] == shown


@pytest.mark.parametrize(
    ("path", "headers", "challenge"),
    [
        ("inherited", {}, "Bearer"),
        ("inherited", {"authorization": "Bearer bad"}, "Bearer"),
        ("inherited", {"authorization": "Bearer"}, "Bearer"),
        ("inherited", {"authorization": BASIC}, "Bearer"),
        ("either", {}, "ApiKey, Basic"),
        ("either", {"authorization": BAD_BASIC}, "ApiKey, Basic"),
        ("either", {"authorization": "Basic ***"}, "ApiKey, Basic"),
        ("both", {"x-key": "k"}, "ApiKey"),
        ("both?ticket=bad", {"x-key": "k"}, "ApiKey"),
        ("cookie_only", {"crumb": "c"}, "ApiKey"),
    ],
)
def test_others_are_answered_401(
    package: Package, path: str, headers: dict[str, str], challenge: str
) -> None:
    app = package["api:create_app"](mock=True, authenticate=Door())
    answer = Client(app).get(f"/{path}", headers=headers)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, challenge)
    if path == "inherited":
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json() == {"title": "Not authenticated"}
    else:
        assert answer.json() == {"detail": "Not authenticated"}


@pytest.mark.parametrize("path", ["open", "optional"])
def test_who_need_not_show_anything_is_let_in(package: Package, path: str) -> None:
    app = package["api:create_app"](mock=True, authenticate=Door())
    assert Client(app).get(f"/{path}").status_code == 200


def test_roles_are_asked_after_credentials(package: Package) -> None:
    async def door(request: Any, credentials: Any) -> bool:
        request.state.role = credentials[0].value
        return True

    def roles(request: Any) -> set[str]:
        return {request.state.role}

    app = package["api:create_app"](mock=True, authenticate=door, roles=roles)
    client = Client(app)
    assert client.get("/guarded").status_code == 401
    assert client.get("/guarded", headers={"x-key": "other"}).status_code == 403
    assert client.get("/guarded", headers={"x-key": "clerk"}).status_code == 200


def test_nobody_looks_without_authenticate(package: Package) -> None:
    assert Client(package["api:create_app"](mock=True)).get("/inherited").status_code == 200
