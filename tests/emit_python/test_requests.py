"""How requests are read: parameter styles, forms, files, checks and handlers by name."""

from __future__ import annotations

import sys
import types
from typing import TYPE_CHECKING, Any

import pytest

from hyper.ir.markers import Markers
from hyper.ir.program import CheckDef, HeaderDef, ReturnDef, RuleDef
from hyper.ir.types import (
    ANY,
    BOOL,
    BYTES,
    FLOAT,
    INT,
    STRING,
    Dec,
    Entity,
    Enum,
    ListOf,
    MapOf,
    Opt,
    Union,
)
from tests.emit_python.packages import Client, Package, installed
from tests.emit_python.programs import (
    action,
    answer,
    body,
    entity,
    enum,
    field,
    module,
    parameter,
    program,
    union,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def echo() -> Any:
    def get(name: str, path: str, *parts: Any) -> Any:
        return action(name, "GET", path, *parts, answer("200", ANY))

    def style(name: str, explode: bool | None = None) -> Markers:
        return Markers(style=name, explode=explode)

    filters = Entity("m.Filter")
    rules = RuleDef("adult", "m.Person", (), (), (), False, False, Markers(), "", 1)
    return program(
        module(
            "m",
            enum("Size", {"small": 1, "large": 2}),
            enum("Color", {"red": "r", "none": "1"}),
            union("Either", INT, BOOL, STRING),
            entity(
                "Filter",
                field("low", INT, optional=True),
                field("on", BOOL, optional=True),
                field("names", ListOf(STRING), optional=True),
                field("inner", Entity("m.Filter"), optional=True),
            ),
            entity(
                "Upload",
                field("title", STRING),
                field("count", INT),
                field("file", BYTES, markers=Markers(format="binary")),
                field("more", ListOf(BYTES), optional=True, markers=Markers()),
                field("meta", filters, optional=True),
            ),
            entity(
                "Basket",
                field("items", ListOf(filters), optional=True),
                field("one", filters, optional=True),
                field("rows", ListOf(ListOf(INT)), optional=True),
                field("counts", ListOf(INT), optional=True),
                field("words", ListOf(STRING), optional=True),
                field("mixed", ListOf(Union("m.FilterOrText")), optional=True),
            ),
            union("FilterOrText", filters, STRING),
            entity("Person", field("age", INT), field("note", STRING, optional=True)),
            entity("Pair", field("one", Entity("m.Person")), field("two", INT)),
            rules,
            get("ints", "/ints", parameter("query", "v", ListOf(INT))),
            get(
                "comma",
                "/comma",
                parameter("query", "v", ListOf(INT), markers=style("form", False)),
            ),
            get(
                "pipes",
                "/pipes",
                parameter("query", "v", ListOf(FLOAT), markers=style("pipeDelimited")),
            ),
            get(
                "spaces",
                "/spaces",
                parameter("query", "v", ListOf(STRING), markers=style("spaceDelimited")),
            ),
            get(
                "deep",
                "/deep",
                parameter("query", "v", filters, optional=True, markers=style("deepObject", True)),
            ),
            get("object", "/object", parameter("query", "v", filters, optional=True)),
            get("map", "/map", parameter("query", "v", MapOf(INT), markers=style("deepObject"))),
            get("either", "/either", parameter("query", "v", Union("m.Either"))),
            get("size", "/size", parameter("query", "v", Enum("m.Size"))),
            get("color", "/color", parameter("query", "v", Enum("m.Color"))),
            get("flag", "/flag", parameter("query", "v", BOOL)),
            get("maybe", "/maybe", parameter("query", "v", Opt(INT), optional=True)),
            get("money", "/money", parameter("query", "v", Dec(6, 2))),
            get(
                "json",
                "/json",
                parameter("query", "v", filters, markers=Markers(openapi=('{"content": {}}',))),
            ),
            get("header", "/header", parameter("header", "v", ListOf(INT), wire="X-V")),
            get("cookie", "/cookie", parameter("cookie", "v", INT, wire="sid")),
            get("simple", "/simple/{v}", parameter("path", "v", ListOf(INT))),
            get(
                "label",
                "/label/{v}",
                parameter("path", "v", ListOf(INT), markers=style("label", True)),
            ),
            get(
                "matrix",
                "/matrix/{v}",
                parameter("path", "v", ListOf(INT), markers=style("matrix")),
            ),
            get(
                "mixed",
                "/mixed/{a}.{b}",
                parameter("path", "a", STRING),
                parameter("path", "b", INT),
            ),
            action(
                "upload",
                "POST",
                "/upload",
                body(Entity("m.Upload"), media="multipart/form-data"),
                answer("200", ANY),
            ),
            action(
                "fill",
                "POST",
                "/fill",
                body(Entity("m.Basket"), media="multipart/form-data"),
                answer("200", Entity("m.Basket")),
            ),
            action(
                "raw",
                "POST",
                "/raw",
                body(BYTES, media="application/octet-stream"),
                answer("200", BYTES, media="image/png"),
            ),
            action("opt", "POST", "/opt", body(filters, optional=True), answer("200", ANY)),
            action(
                "checked",
                "POST",
                "/checked",
                body(Entity("m.Pair")),
                answer("200", Entity("m.Pair")),
                checks=(CheckDef("m.adult", ("body", "one"), 1),),
            ),
            action(
                "named",
                "GET",
                "/named",
                answer("200", STRING),
                handled_by="made_handlers:shop.named",
            ),
            action(
                "headed",
                "GET",
                "/headed",
                ReturnDef(
                    "2XX",
                    False,
                    STRING,
                    "text/plain",
                    (HeaderDef("count", "X-Count", INT, False, Markers(), "", 1),),
                    Markers(),
                    "",
                    1,
                ),
            ),
        )
    )


RULE = '''

def adult(person: Person) -> Person:
    """A rule as the compiler writes them."""
    from ._runtime.errors import IntentError, Refused

    if person.age < 0:
        raise IntentError("domain", "no age")
    if person.age < 18:
        raise Refused("must be 18")
    return person if person.age > 60 else person.model_copy(update={"note": "seen"})
'''


class Echo:
    """Gives back what it was given."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)

        def handle(**arguments: Any) -> Any:
            if set(arguments) <= {"v"} or set(arguments) == {"body"}:
                return next(iter(arguments.values()), None)
            return arguments

        return handle


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Package]:
    for package in installed(echo(), tmp_path_factory.mktemp("echo")):
        text = package.root / "m.py"
        text.write_text(text.read_text() + RULE)
        yield package


@pytest.fixture(scope="module")
def client(package: Package) -> Client:
    return Client(package["api:create_app"](Echo()))


@pytest.mark.parametrize(
    ("url", "value"),
    [
        ("/ints?v=1&v=2", [1, 2]),
        ("/ints?v[]=1", [1]),
        ("/ints?v=1,2", None),
        ("/ints", None),
        ("/comma?v=1,2", [1, 2]),
        ("/comma?v=x", None),
        ("/pipes?v=1|2.5", [1, 2.5]),
        ("/spaces?v=a%20b", ["a", "b"]),
        (
            "/deep?v[low]=1&v[on]=true&v[names]=a&v[names]=b",
            {"low": 1, "on": True, "names": ["a", "b"]},
        ),
        (
            "/deep?v[inner][low]=1&v[names][0]=a&v[names][1]=b",
            {"names": ["a", "b"], "inner": {"low": 1}},
        ),
        ("/deep?v[inner]=1&v[inner][low]=1", {"inner": {"low": 1}}),
        ("/deep?v[low]=x", None),
        ("/object?low=1&names=a", None),
        ("/object?low=1&on=false", {"low": 1, "on": False}),
        ("/map?v[a]=1&v[b]=2", {"a": 1, "b": 2}),
        ("/either?v=5", 5),
        ("/either?v=true", True),
        ("/either?v=x", "x"),
        ("/size?v=2", 2),
        ("/size?v=3", None),
        ("/color?v=1", "1"),
        ("/flag?v=true", True),
        ("/flag?v=yes", None),
        ("/flag?v=1", None),
        ("/money?v=1.5", "1.50"),
        ("/money?v=1.005", None),
        ("/money?v=x", None),
        ("/json?v=%7B%22low%22:1%7D", {"low": 1}),
        ("/simple/1,2", [1, 2]),
        ("/label/.1.2", [1, 2]),
        ("/matrix/;v=1,2", [1, 2]),
        ("/mixed/a.b.3", {"a": "a.b", "b": 3}),
        ("/mixed/3", 404),
    ],
)
def test_parameter_styles(client: Client, url: str, value: object) -> None:
    answer_ = client.get(url)
    if value is None or value == 404:
        assert answer_.status_code == (value or 422), answer_.text
    else:
        assert answer_.status_code == 200, answer_.text
        assert answer_.json() == value


def test_headers_and_cookies(client: Client) -> None:
    assert client.get("/header", headers={"X-V": "1, 2"}).json() == [1, 2]
    assert client.get("/cookie", headers={"cookie": "sid=5"}).json() == 5
    assert client.get("/header").json()["errors"] == [
        {"in": "header", "at": "X-V", "message": "Field required", "code": "missing"}
    ]
    assert client.get("/maybe").json() is None


def test_files(package: Package) -> None:
    seen: list[Any] = []

    class Keep(Echo):
        def upload(self, *, body: Any) -> str:
            seen.append(body)
            return "kept"

    client = Client(package["api:create_app"](Keep()))
    files = [("file", ("a.bin", b"\x00\xff")), ("more", ("b", b"1")), ("more", ("c", b"2"))]
    data = {"title": "t", "count": "3", "meta": '{"low": 1}'}
    assert client.post("/upload", data=data, files=files).json() == "kept"
    made = seen[0]
    assert (made.title, made.count, made.file, made.more) == ("t", 3, b"\x00\xff", [b"1", b"2"])
    assert made.meta.low == 1
    bad = client.post("/upload", data={"title": "t", "count": "x"}, files=files)
    assert [error["at"] for error in bad.json()["errors"]] == ["count"]


LOW, HIGH = '{"low": 1}', '{"low": 2}'


@pytest.mark.parametrize(
    ("sent", "name", "expected"),
    [
        ([("items", LOW)], "items", [{"low": 1}]),
        ([("items", LOW), ("items", HIGH)], "items", [{"low": 1}, {"low": 2}]),
        ([("items[]", LOW), ("items[]", HIGH)], "items", [{"low": 1}, {"low": 2}]),
        ([("items[0][low]", "1")], "items", [{"low": 1}]),
        ([("items", f"[{LOW}, {HIGH}]")], "items", [{"low": 1}, {"low": 2}]),
        ([("items", "[]")], "items", []),
        ([("items", LOW), ("items", f"[{HIGH}]")], "items", None),
        ([("items", "low")], "items", None),
        ([("one", LOW)], "one", {"low": 1}),
        ([("rows", "[1, 2]")], "rows", [[1, 2]]),
        ([("rows", "[1]"), ("rows", "[2]")], "rows", [[1], [2]]),
        ([("counts", "[1, 2]")], "counts", [1, 2]),
        ([("counts", "1"), ("counts", "2")], "counts", [1, 2]),
        ([("words", '["a"]')], "words", ['["a"]']),
        ([("mixed", LOW), ("mixed", "12")], "mixed", [{"low": 1}, "12"]),
        ([("mixed", '["a"]')], "mixed", ['["a"]']),
    ],
)
def test_structured_parts(
    client: Client, sent: list[tuple[str, str]], name: str, expected: Any
) -> None:
    got = client.post("/fill", files=[(key, (None, text)) for key, text in sent])
    if expected is None:
        assert got.status_code == 422
        assert got.json()["errors"][0]["at"].startswith(name)
    else:
        assert (got.status_code, got.json()) == (200, {name: expected})


@pytest.mark.parametrize(
    ("key", "texts", "expected"),
    [
        ("items", [LOW], [{"low": 1}]),
        ("items", [LOW, HIGH], [{"low": 1}, {"low": 2}]),
        ("items[]", [LOW], [{"low": 1}]),
        ("items", [f"[{LOW}, {HIGH}]"], [{"low": 1}, {"low": 2}]),
        ("one", [LOW], {"low": 1}),
    ],
)
def test_structured_files(client: Client, key: str, texts: list[str], expected: Any) -> None:
    files = [(key, ("part.json", text.encode(), "application/json")) for text in texts]
    got = client.post("/fill", files=files)
    assert (got.status_code, got.json()) == (200, {key.removesuffix("[]"): expected})
    bad = client.post("/fill", files=[(key, ("part.json", b"\xff"))])
    assert bad.status_code == 422


def test_bytes_pass_unread(client: Client) -> None:
    kind = {"content-type": "application/octet-stream"}
    answer_ = client.post("/raw", content=b"\x89PNG\xff", headers=kind)
    assert (answer_.content, answer_.headers["content-type"]) == (b"\x89PNG\xff", "image/png")


def test_optional_bodies(client: Client) -> None:
    assert client.post("/opt").json() is None
    assert client.post("/opt", json={"low": 1}).json() == {"low": 1}
    assert client.post("/opt", json=None).status_code == 200


def test_checks_refuse_and_derive(client: Client) -> None:
    def ask(age: int) -> Any:
        return client.post("/checked", json={"one": {"age": age}, "two": 2})

    assert ask(70).json() == {"one": {"age": 70}, "two": 2}
    assert ask(30).json() == {"one": {"age": 30, "note": "seen"}, "two": 2}
    refused = ask(5)
    assert (refused.status_code, refused.json()) == (422, {"detail": "must be 18"})
    failed = ask(-1)
    assert (failed.status_code, failed.json()) == (422, {"detail": "no age", "code": "domain"})


def test_handlers_by_name(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    made = types.ModuleType("made_handlers")
    made.shop = types.SimpleNamespace(named=lambda: "found")  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "made_handlers", made)
    assert client.get("/named").json() == "found"


def test_statuses_of_a_group(package: Package) -> None:
    mock = Client(package["api:create_app"](mock=True)).get("/headed")
    assert mock.status_code == 200
    assert int(mock.headers["x-count"]) == 1


def test_paths_with_a_prefix(package: Package) -> None:
    from starlette.applications import Starlette
    from starlette.routing import Mount

    inner = package["api:create_app"](Echo())
    client = Client(Starlette(routes=[Mount("/v1", app=inner)]))
    assert client.get("/v1/ints?v=1").json() == [1]
    assert client.get("/v1/simple/1%2C2").json() == [1, 2]
    assert client.get("/ints?v=1").status_code == 404


def test_urls_by_name(package: Package) -> None:
    app = package["api:create_app"]()
    assert app.url_path_for("simple", v="5") == "/simple/5"


def test_everything_of_the_mock_answers(tmp_path: Path, package: Package) -> None:
    del tmp_path
    client = Client(package["api:create_app"](mock=True))
    for url in ("/ints?v=1", "/deep", "/either?v=1", "/mixed/a.1", "/simple/1"):
        assert client.get(url).status_code == 200
