"""What the service answers of its own accord: refusals in their declared form, made-up bodies, and no secret field."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
import zlib
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from tests.check.programs import program
from tests.emit_python.packages import Client, Package, installed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from hyper.ir.program import Program

TEXT = """
entity Problem:
    title: string
    status: int

entity Person:
    name: string
    age: int @range(0, 150)

rule adult on Person:
    require age >= 18 else "must be 18"

entity Login is Person:
    password: Secret
    pin?: string @write
    hint?: string? @json("the-hint") @write
    last?: string?
    never: string? = none
    since: int = 3 @read

type Secret = string @write

entity Team:
    head: Login
    all: list[Login]
    by_name: map[string, Login]

action as_422:
    route POST /as_422
    body person: Person
    returns 200 Person
    error 400 string as "text/plain"
    error 422 Problem as "application/problem+json"

action as_400:
    route POST /as_400
    body person: Person
    returns 200 Person
    error 400 Problem as "application/problem+json"

action as_4xx:
    route POST /as_4xx
    body person: Person
    returns 200 Person
    error 400 string as "text/plain"
    error 4XX Problem as "application/problem+json"

action as_default:
    route POST /as_default
    body person: Person
    returns 200 Person
    error default Problem as "application/problem+json"

action as_text:
    route POST /as_text
    body person: Person
    returns 200 Person
    error 422 string as "text/plain"

action as_xml:
    route POST /as_xml
    body person: Person
    returns 200 Person
    error 422 Problem as "application/xml"

action as_either:
    route POST /as_either
    body person: Person
    returns 200 Person
    error 422 Problem as "application/xml"
    error 422 Problem

action as_nothing:
    route POST /as_nothing
    body person: Person
    returns 200 Person
    error 422

action as_undeclared:
    route POST /as_undeclared
    body person: Person
    returns 200 Person

action as_checked:
    route POST /as_checked
    body person: Person
    check adult(person)
    returns 200 Person
    error 400 Problem as "application/problem+json"

action team:
    route POST /team
    body team: Team
    returns 200 Team
"""

MEDIA = {
    "png": "image/png",
    "jpeg": "image/jpeg",
    "jpg": "image/jpg",
    "gif": "image/gif",
    "webp": "image/webp",
    "svg": "image/svg+xml",
    "pdf": "application/pdf",
    "zip": "application/zip",
    "gzip": "application/gzip",
    "raw": "application/octet-stream",
    "page": "text/html",
    "plain": "text/plain",
}


def files() -> str:
    parts = ["entity Row:\n    id: int\n    name?: string\n    tags: list[string]\n"]
    for name, media in MEDIA.items():
        kind = "string" if media.startswith("text/") else 'bytes @format("binary")'
        parts.append(
            f'action {name}:\n    route GET /{name}\n    returns 200 {kind} as "{media}"\n'
        )
    parts += [
        'action rows:\n    route GET /rows\n    returns 200 list[Row] as "text/csv"\n',
        'action tree:\n    route GET /tree\n    returns 200 Row as "application/xml"\n',
        (
            'action given:\n    route GET /given\n    returns 200 string as "application/xml" '
            '@example("<mine/>")\n'
        ),
    ]
    return "\n".join(parts)


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Program], Iterator[Package]]:
    folder: Path = tmp_path_factory.mktemp("answers")
    return lambda made: installed(made, folder)


@pytest.fixture(scope="module")
def package(build: Callable[[Program], Iterator[Package]]) -> Iterator[Package]:
    yield from build(program(TEXT))


@pytest.fixture(scope="module")
def mocked(build: Callable[[Program], Iterator[Package]]) -> Iterator[Client]:
    for package in build(program(files())):
        yield Client(package["api:create_app"](mock=True))


PROBLEM, TOO_OLD = "application/problem+json", {"name": "x", "age": 200}


@pytest.mark.parametrize(
    ("path", "status", "media"),
    [
        ("as_422", 422, PROBLEM),
        ("as_400", 400, PROBLEM),
        ("as_4xx", 422, PROBLEM),
        ("as_default", 422, PROBLEM),
        ("as_either", 422, "application/json"),
        ("as_checked", 422, "application/json"),
        ("as_undeclared", 422, "application/json"),
        ("as_nothing", 422, "application/json"),
    ],
)
def test_a_refusal_has_its_declared_form(
    package: Package, path: str, status: int, media: str
) -> None:
    contents: tuple[Any, ...] = (TOO_OLD, {"name": "x"}, [])
    for content in contents:
        answer = Client(package["api:create_app"](mock=True)).post(f"/{path}", json=content)
        assert (answer.status_code, answer.headers["content-type"]) == (status, media)
        body = answer.json()
        assert "body" in (body["title"] if "title" in body else repr(body["errors"]))
        if media == PROBLEM or path == "as_either":
            package["m0:Problem"].model_validate_json(answer.content)


def test_a_refusal_as_text_and_xml(package: Package) -> None:
    client = Client(package["api:create_app"](mock=True))
    text = client.post("/as_text", json=TOO_OLD)
    assert text.headers["content-type"] == "text/plain"
    assert text.text == "The request does not fit the description"
    tree = client.post("/as_xml", json=TOO_OLD)
    assert tree.headers["content-type"] == "application/xml"
    assert ET.fromstring(tree.content).findtext("errors/at") == "age"


def test_a_rule_refuses_with_422(package: Package) -> None:
    client = Client(package["api:create_app"](mock=True))
    refused = client.post("/as_checked", json={"name": "x", "age": 3})
    assert (refused.status_code, refused.json()) == (422, {"detail": "must be 18"})


def test_bodies_of_known_media_are_real(mocked: Client) -> None:
    def content(name: str) -> bytes:
        answer = mocked.get(f"/{name}")
        assert answer.headers["content-type"] == MEDIA.get(name, answer.headers["content-type"])
        return answer.content

    png = content("png")
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    at = 8
    while at < len(png):
        size = int.from_bytes(png[at : at + 4])
        end = at + 8 + size
        assert zlib.crc32(png[at + 4 : end]) == int.from_bytes(png[end : end + 4])
        at = end + 4
    for name in ("jpeg", "jpg"):
        assert content(name)[:3] == b"\xff\xd8\xff"
        assert content(name)[-2:] == b"\xff\xd9"
    assert content("gif")[:6] == b"GIF89a"
    webp = content("webp")
    assert (webp[:4], webp[8:12]) == (b"RIFF", b"WEBP")
    assert int.from_bytes(webp[4:8], "little") == len(webp) - 8
    assert zipfile.ZipFile(io.BytesIO(content("zip"))).testzip() is None
    assert gzip.decompress(content("gzip")) == b""
    assert ET.fromstring(content("svg")).tag == "{http://www.w3.org/2000/svg}svg"
    pdf = content("pdf")
    table = int(pdf.split(b"startxref\n")[1].split()[0])
    assert pdf[table:].startswith(b"xref")
    assert content("raw") == b"\0"
    assert content("page").startswith(b"<!DOCTYPE html>")
    assert content("plain") == b"sample text"


def test_made_up_values_as_csv_and_xml(mocked: Client) -> None:
    rows = list(csv.DictReader(io.StringIO(mocked.get("/rows").text)))
    assert rows == [{"id": "1", "name": "sample text", "tags": '["sample text"]'}]
    tree = ET.fromstring(mocked.get("/tree").content)
    assert [(part.tag, part.text) for part in tree] == [
        ("id", "1"),
        ("name", "sample text"),
        ("tags", "sample text"),
    ]
    assert mocked.get("/given").content == b"<mine/>"


def test_no_answer_holds_what_is_only_in_requests(package: Package) -> None:
    login = {"name": "x", "age": 20, "password": "p", "pin": "1", "the-hint": None, "last": None}
    team = {"head": login, "all": [login], "by_name": {"x": login}}
    seen: list[Any] = []

    class Handlers:
        def team(self, *, team: Any) -> Any:
            seen.append(team)
            return team

    answer = Client(package["api:create_app"](Handlers())).post("/team", json=team)
    plain = {"name": "x", "age": 20, "last": None, "never": None, "since": 3}
    assert answer.json() == {"head": plain, "all": [plain], "by_name": {"x": plain}}
    head = seen[0].head
    assert (head.password, head.pin) == ("p", "1")
    # Whoever writes a request has them.
    assert head.model_dump(mode="json") == {**login, "never": None, "since": 3}


def test_what_is_only_in_answers_is_read_in_a_request_like_any_other(package: Package) -> None:
    """As the page on security says; an entity that does not have the field leaves it out."""
    seen: list[Any] = []

    class Handlers:
        def team(self, *, team: Any) -> Any:
            seen.append(team.head.since)
            return team

        def as_422(self, *, person: Any) -> Any:
            seen.append(person.model_dump())
            return person

    client = Client(package["api:create_app"](Handlers()))
    login = {"name": "x", "age": 20, "password": "p", "last": None}
    for since, status in ((9, 200), ("soon", 422)):
        team = {"head": {**login, "since": since}, "all": [], "by_name": {}}
        assert client.post("/team", json=team).status_code == status
    plain = {"name": "x", "age": 20}
    assert client.post("/as_422", json={**plain, "since": 9}).json() == plain
    assert seen == [9, plain]


def test_a_null_that_was_not_set_is_written(package: Package) -> None:
    made = package["m0:Login"](name="x", age=1, password="p")
    assert made.model_dump() == {
        "name": "x",
        "age": 1,
        "password": "p",
        "never": None,
        "since": 3,
    }
