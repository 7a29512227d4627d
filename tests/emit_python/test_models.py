"""Generated models: constraints, absent and null, unions, wire names."""

from __future__ import annotations

import datetime as dt
import inspect
import json
import uuid
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import TypeAdapter, ValidationError

from hyper.ir.nodes import Const, Convert, MakeList, MakeMap, MakeRecord, Now, Quantise
from hyper.ir.types import (
    ANY,
    BIGINT,
    BOOL,
    BYTES,
    DATE,
    DATETIME,
    DURATION,
    EMAIL,
    FLOAT,
    INT,
    STRING,
    TIME,
    URL,
    UUID,
    Dec,
    Entity,
    ListOf,
    MapOf,
    Opt,
)
from tests.emit_python.packages import installed
from tests.emit_python.programs import entity, field, module, program

if TYPE_CHECKING:
    from pathlib import Path

    from hyper.ir.types import Type
    from tests.emit_python.packages import Package

ORDER: dict[str, Any] = {
    "id": "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
    "customer": {"name": "Ann", "tier": "si-lver"},
    "lines": [{"sku": "ABC-1", "quantity": 3, "unit_price": "1.5"}],
    "coupon": None,
    "placed_at": "2020-01-01T00:00:00+02:00",
}


def read(kind: Any, value: Any) -> Any:
    return kind.model_validate_json(json.dumps(value))


def written(model: Any) -> Any:
    return json.loads(model.model_dump_json())


def refused(kind: Any, value: Any) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        read(kind, value)
    return [".".join(map(str, error["loc"])) for error in caught.value.errors()]


def test_order_reads_and_writes(package: Package) -> None:
    order = read(package["shop.orders:Order"], ORDER)
    assert order.lines[0].unit_price == Decimal("1.50")
    assert order.placed_at.utcoffset() == dt.timedelta(hours=2)
    assert written(order) == {
        **ORDER,
        "lines": [{"sku": "ABC-1", "quantity": 3, "unit_price": "1.50"}],
        "shipping": "4.90",
        "tags": [],
        "tier": "gold",
    }
    assert read(type(order), written(order)) == order
    assert type(order).model_validate(written(order)) == order
    assert type(order).model_validate(order.model_dump()) == order


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("quantity", 0),
        ("quantity", 1000),
        ("quantity", "3"),
        ("quantity", True),
        ("quantity", 1.5),
        ("quantity", None),
        ("sku", "abc"),
        ("unit_price", "12345678901.00"),
        ("unit_price", True),
        ("unit_price", "1.005"),
    ],
)
def test_constraints_are_enforced(package: Package, field: str, value: object) -> None:
    line = {"sku": "ABC-1", "quantity": 3, "unit_price": "1.00", field: value}
    assert refused(package["shop.orders:OrderLine"], line) == [field]


# What is sent for a field; whether it is taken; what is then read; whether it is written.
@pytest.mark.parametrize(
    ("field", "sent", "taken", "value", "kept"),
    [
        ("note", ..., True, None, False),
        ("note", None, False, None, False),
        ("note", "x", True, "x", True),
        ("coupon", ..., False, None, False),
        ("coupon", None, True, None, True),
        ("coupon", "x", True, "x", True),
        ("gift", ..., True, None, False),
        ("gift", None, True, None, True),
        ("gift", "x", True, "x", True),
        ("shipping", ..., True, Decimal("4.90"), True),
        ("shipping", None, False, None, False),
        ("customer", ..., False, None, False),
        ("payment", ..., True, None, False),
        ("payment", None, False, None, False),
    ],
)
def test_absent_and_null_differ(  # noqa: PLR0917
    package: Package, field: str, sent: object, taken: bool, value: object, kept: bool
) -> None:
    kind = package["shop.orders:Order"]
    data = {key: item for key, item in ORDER.items() if key != field}
    if sent is not ...:
        data[field] = sent
    if not taken:
        assert refused(kind, data) == [field]
        with pytest.raises(ValidationError):
            kind.model_validate(data)
        return
    for order in (read(kind, data), kind.model_validate(data), kind(**data)):
        assert getattr(order, field) == value
        assert (field in written(order)) is kept
        assert (field in order.model_dump()) is kept


def test_wire_names_and_python_names(package: Package) -> None:
    kind = package["shop.forms:Everything"]
    data = {"class": "c", "+1": 2, "_links": {"a": [None]}, "schema": "s", "bound": 4}
    made = read(kind, data)
    assert (made.class_, made.field_1, made.links, made.schema_) == ("c", 2, {"a": [None]}, "s")
    assert {key: written(made)[key] for key in data} == data
    assert kind(class_="c").class_ == "c"
    assert written(kind())["label"] == "a \"quoted\" 'text' \\ \n\x00"


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("date", "2024-02-29", dt.date(2024, 2, 29)),
        ("time", "10:00:00", dt.time(10)),
        ("at", "2024-02-29T10:00:00Z", dt.datetime(2024, 2, 29, 10, tzinfo=dt.UTC)),
        ("wait", "PT1H30M", dt.timedelta(minutes=90)),
        ("wait", "-P1DT0.5S", -dt.timedelta(days=1, milliseconds=500)),
        ("data", "aGk=", b"hi"),
        ("site", "https://example.com/a?b", "https://example.com/a?b"),
        ("ratio", 0.5, 0.5),
        ("flag", True, True),
        ("word", "a\"b'c\\d", "a\"b'c\\d"),
        ("scores", {"a": 1}, {"a": 1}),
        ("names", ["ab"], ["ab"]),
        ("checked", "yes", "yes"),
    ],
)
def test_forms_of_values(package: Package, field: str, text: object, value: object) -> None:
    kind = package["shop.forms:Everything"]
    for made in (
        read(kind, {field: text}),
        kind.model_validate({field: text}),
        kind(**{field: value}),
    ):
        assert getattr(made, field) == value
        assert written(made)[field] == text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("date", 5),
        ("date", "2024-02-30"),
        ("date", "1577836800"),
        ("time", 5),
        ("at", "2024-02-29T10:00:00"),
        ("at", 1577836800),
        ("at", "1577836800"),
        ("wait", 5),
        ("wait", "1:00"),
        ("wait", "P1Y"),
        ("time", "10:00"),
        ("at", "2024-02-29 10:00:00Z"),
        ("flag", 1),
        ("data", "a"),
        ("site", "no url"),
        ("ratio", "0.5"),
        ("ratio", 1.5),
        ("ratio", True),
        ("flag", False),
        ("word", "a"),
        ("scores", {"a": "1"}),
        ("names", ["a"]),
        ("checked", "no"),
        ("+1", 2**63),
        ("+1", 1.5),
    ],
)
def test_other_forms_are_refused(package: Package, field: str, value: object) -> None:
    kind = package["shop.forms:Everything"]
    assert refused(kind, {field: value})[0].startswith(field)
    with pytest.raises(ValidationError):
        kind.model_validate({field: value})


def test_enums(package: Package) -> None:
    kind = package["shop.customer:Customer"]
    tier = package["shop.customer:Tier"]
    made = read(kind, {"name": "Ann", "tier": "title", "level": 2, "mixed": False})
    assert made.tier is tier.title_
    assert tier.silver == "si-lver"
    assert (made.level.name, made.level, made.mixed.name) == ("high", 2, "no")
    assert written(made) == {"name": "Ann", "tier": "title", "level": 2, "mixed": False}
    for wrong in ({"tier": "bronze"}, {"level": "2"}, {"level": True}, {"mixed": 0}, {"level": 3}):
        assert refused(kind, {"name": "Ann", "tier": "gold", **wrong}) == list(wrong)


def test_inheritance(package: Package) -> None:
    vip = package["shop.customer:Vip"]
    assert issubclass(vip, package["shop.customer:Customer"])
    assert written(read(vip, {"name": "Ann", "tier": "gold"})) == {
        "name": "Ann",
        "tier": "gold",
        "discount": "0.10",
    }


def test_tagged_unions_take_several_tags(package: Package) -> None:
    adapter = TypeAdapter[Any](package["shop.orders:Payment"])
    for tag, kind in (("visa", "Card"), ("amex", "Card"), ("bank", "Bank")):
        value = {"kind": tag, "number": "1", "iban": "2"}
        made = adapter.validate_python(value)
        assert type(made).__name__ == kind
        assert adapter.validate_python(made) == made
        assert json.loads(adapter.dump_json(made))["kind"] == tag
    for wrong in (
        {"kind": "cash", "number": "1"},
        {"number": "1"},
        {"kind": "visa", "iban": "2"},
        1,
    ):
        with pytest.raises(ValidationError):
            adapter.validate_python(wrong)


def test_unions(package: Package) -> None:
    kind = package["shop.forms:Unions"]
    made = read(kind, {"fits": [1, "x", ["2"]], "exactly": [1, {"x": 2}]})
    assert made.fits == [1, "x", ["2"]]
    assert made.exactly[1] == package["shop.forms:Closed"](x=2)
    assert written(made) == {"fits": [1, "x", ["2"]], "exactly": [1, {"x": 2}]}
    assert refused(kind, {"exactly": "x"}) == ["exactly"]
    assert refused(kind, {"exactly": {"y": 2}}) == ["exactly"]
    assert refused(kind, {"fits": True})


def test_extras(package: Package) -> None:
    assert refused(package["shop.forms:Closed"], {"y": 1}) == ["y"]
    assert written(read(package["shop.forms:Open"], {"y": "z"})) == {"y": "z"}
    assert written(read(package["shop.forms:Typed"], {"y": 1})) == {"y": 1}
    assert refused(package["shop.forms:Typed"], {"y": "z"}) == ["y"]
    assert written(read(package["shop.customer:Vip"], {"name": "A", "tier": "gold", "y": 1})) == {
        "name": "A",
        "tier": "gold",
        "discount": "0.10",
    }


def test_schema_markers_of_entities(package: Package) -> None:
    kind = package["shop.forms:Ruled"]
    assert written(read(kind, {"y": 1})) == {"y": 1}
    assert written(kind(x=1)) == {"x": 1}
    assert refused(kind, {}) == [""]
    with pytest.raises(ValidationError):
        kind()


def test_unique_lists(package: Package) -> None:
    adapter = TypeAdapter[Any](package["shop.catalog:Skus"])
    assert adapter.validate_python(["ABC-1", "ABC-2"]) == ["ABC-1", "ABC-2"]
    with pytest.raises(ValidationError, match="differ"):
        adapter.validate_python(["ABC-1", "ABC-1"])


def test_values_never_change(package: Package) -> None:
    order = read(package["shop.orders:Order"], ORDER)
    with pytest.raises(TypeError, match="model_copy"):
        order.note = "x"
    assert order.model_copy(update={"note": "x"}).note == "x"


def test_documentation_is_carried(package: Package) -> None:
    order = package["shop.orders:Order"]
    assert inspect.getdoc(order) == "A basket that a customer wants to buy.\n\nIt has lines."
    assert package.module("shop.catalog").__doc__ == "What is there to buy."


def test_defaults_of_every_type(tmp_path: Path) -> None:
    day = dt.datetime(2024, 2, 29, 10, 0, 0, 5, tzinfo=dt.timezone(dt.timedelta(hours=-3)))
    cases: list[tuple[Type, str, Any]] = [
        (BOOL, "true", True),
        (INT, "-3", -3),
        (BIGINT, str(2**70), 2**70),
        (FLOAT, (0.1).hex(), 0.1),
        (FLOAT, (1e300).hex(), 1e300),
        (Dec(5, 2), "1.50", Decimal("1.50")),
        (STRING, '"a\\"\\n"', 'a"\n'),
        (BYTES, "AP9hIidc", b"\x00\xffa\"'\\"),
        (DATE, "2024-02-29", dt.date(2024, 2, 29)),
        (TIME, "10:00:00", dt.time(10)),
        (DATETIME, "2024-02-29T10:00:00.000005-03:00", day),
        (DURATION, "-P1DT2H0.5S", -dt.timedelta(days=1, hours=2, milliseconds=500)),
        (DURATION, "PT0S", dt.timedelta()),
        (
            UUID,
            "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
            uuid.UUID(int=0x6BA7B8109DAD11D180B400C04FD430C8),
        ),
        (URL, '"https://a.b/"', "https://a.b/"),
        (EMAIL, '"a@b.c"', "a@b.c"),
        (ANY, '{"a": [1, null, "x"]}', {"a": [1, None, "x"]}),
        (Opt(INT), "null", None),
    ]
    fields = [
        field(f"f{number}", kind, default=Const(kind, text))
        for number, (kind, text, _) in enumerate(cases)
    ]
    more = [
        field("list", ListOf(INT), default=MakeList(ListOf(INT), (Const(INT, "1"),))),
        field(
            "map",
            MapOf(INT),
            default=MakeMap(MapOf(INT), ((Const(STRING, '"k"'), Const(INT, "1")),)),
        ),
        field("wide", FLOAT, default=Convert(FLOAT, Const(INT, "3"))),
        field("exact", Dec(5, 2), default=Quantise(Dec(5, 2), Convert(Dec(0, 0), Const(INT, "3")))),
        field(
            "part",
            Entity("m.Part"),
            default=MakeRecord(Entity("m.Part"), (("class", Const(INT, "1")),)),
        ),
        field("today", DATE, default=Now(DATE)),
    ]
    part = entity("Part", field("class", INT))
    for package in installed(program(module("m", entity("All", *fields, *more), part)), tmp_path):
        made = package["m:All"]()
        assert [getattr(made, f"f{number}") for number in range(len(cases))] == [
            value for _, _, value in cases
        ]
        assert (made.list_, made.map, made.wide, made.exact) == (
            [1],
            {"k": 1},
            3.0,
            Decimal("3.00"),
        )
        assert made.part.class_ == 1
        assert made.today == dt.datetime.now(dt.UTC).date()
        assert package["m:All"]().list_ is not made.list_
        assert read(type(made), written(made)) == made
