from __future__ import annotations

from decimal import Decimal
from typing import Any

import jsonschema
import pytest
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from hyper.emit.openapi import emit_openapi, emit_schemas
from hyper.ir.nodes import Const, EnumConst, MakeList, Now
from hyper.lang.markers import Markers
from hyper.lang.types import (
    ANY,
    BYTES,
    DATETIME,
    FLOAT,
    INT,
    STRING,
    UUID,
    Alias,
    Dec,
    Entity,
    Enum,
    ListOf,
    Lit,
    MapOf,
    Marked,
    Opt,
    Type,
    Union,
)
from tests.emit_openapi.programs import alias, entity, enum, field, program, union


def schema_of(kind: Type, markers: Markers | None = None, doc: str = "") -> Any:
    made = program(
        alias("Probe", kind, markers or Markers(), doc),
        entity("Thing", field("id", UUID)),
        enum("Color", "red", "blue"),
    )
    return emit_openapi(made)["components"]["schemas"]["Probe"]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (INT, {"type": "integer"}),
        (DATETIME, {"type": "string", "format": "date-time"}),
        (BYTES, {"type": "string", "contentEncoding": "base64"}),
        (ANY, {}),
        (Opt(ANY), {}),
        (Opt(STRING), {"type": ["string", "null"]}),
        (Lit("a"), {"type": "string", "const": "a"}),
        (Lit(value=True), {"type": "boolean", "const": True}),
        (Opt(Lit(3)), {"enum": [3, None]}),
        (ListOf(Opt(INT)), {"type": "array", "items": {"type": ["integer", "null"]}}),
        (MapOf(ANY), {"type": "object", "additionalProperties": True}),
        (MapOf(INT), {"type": "object", "additionalProperties": {"type": "integer"}}),
        (Entity("shop.Thing"), {"$ref": "#/components/schemas/Thing"}),
        (
            Opt(Enum("shop.Color")),
            {"anyOf": [{"$ref": "#/components/schemas/Color"}, {"type": "null"}]},
        ),
        (
            ListOf(Marked(STRING, Markers(max_length=3))),
            {"type": "array", "items": {"type": "string", "maxLength": 3}},
        ),
    ],
)
def test_types(kind: Type, expected: Any) -> None:
    assert schema_of(kind) == expected


@pytest.mark.parametrize(
    ("kind", "markers", "expected"),
    [
        (INT, Markers(minimum=1, maximum=9), {"type": "integer", "minimum": 1, "maximum": 9}),
        (
            FLOAT,
            Markers(minimum=Decimal("0.5"), exclusive_minimum=True),
            {"type": "number", "exclusiveMinimum": 0.5},
        ),
        (INT, Markers(format="int32"), {"type": "integer", "format": "int32"}),
        (BYTES, Markers(format="binary"), {"type": "string", "format": "binary"}),
        (
            ListOf(INT),
            Markers(min_size=1, unique=True),
            {"type": "array", "items": {"type": "integer"}, "minItems": 1, "uniqueItems": True},
        ),
        (
            MapOf(ANY),
            Markers(max_size=2),
            {"type": "object", "additionalProperties": True, "maxProperties": 2},
        ),
        (
            STRING,
            Markers(patterns=("^a", "b$")),
            {"type": "string", "pattern": "^a", "allOf": [{"pattern": "b$"}]},
        ),
        (
            STRING,
            Markers(deprecated="old", read=True, extensions=(("x-k", "[1]"),)),
            {
                "type": "string",
                "deprecated": True,
                "x-deprecated-reason": "old",
                "readOnly": True,
                "x-k": [1],
            },
        ),
        (ANY, Markers(schema=('{"not": {"type": "null"}}',)), {"not": {"type": "null"}}),
        (STRING, Markers(openapi=('{"title": "T"}',)), {"type": "string", "title": "T"}),
    ],
)
def test_markers(kind: Type, markers: Markers, expected: Any) -> None:
    assert schema_of(kind, markers) == expected


@pytest.mark.parametrize(
    ("kind", "fits", "refused"),
    [
        (Dec(5, 2), ["0", "123.45", "-1.5", "999.9"], ["1234", "1.234", "1e2", ".5", ""]),
        (Dec(2, 2), ["0", "0.15", "-0.1"], ["1.0", "0.155"]),
        (Dec(3, 0), ["0", "999", "-1"], ["1000", "1.0"]),
    ],
)
def test_decimals_are_strings_of_their_scale(
    kind: Type, fits: list[str], refused: list[str]
) -> None:
    validator = jsonschema.Draft202012Validator(schema_of(kind))
    assert [text for text in fits if not validator.is_valid(text)] == []
    assert [text for text in refused if validator.is_valid(text)] == []


def test_a_decimal_that_is_never_negative_has_no_sign() -> None:
    schema = schema_of(Dec(5, 2), Markers(minimum=0))
    assert not jsonschema.Draft202012Validator(schema).is_valid("-1")
    assert schema["x-minimum"] == 0


@pytest.mark.parametrize("kind", [Alias("shop.Money"), Opt(Alias("shop.Money"))])
def test_bounds_of_a_decimal_behind_an_alias_document(kind: Type) -> None:
    made = program(
        alias("Money", Dec(5, 2)),
        alias("Price", kind, markers=Markers(minimum=1)),
        entity("Thing", field("price", kind, markers=Markers(minimum=1, multiple=Decimal("0.5")))),
    )
    schemas = emit_openapi(made)["components"]["schemas"]
    price = schemas["Thing"]["properties"]["price"]
    assert (price["x-minimum"], price["x-multipleOf"]) == (1, 0.5)
    assert schemas["Price"]["x-minimum"] == 1
    assert not {"minimum", "multipleOf"} & (price.keys() | schemas["Price"].keys())


@pytest.mark.parametrize("kind", [Alias("shop.Counts"), Opt(Alias("shop.Counts"))])
def test_the_size_of_a_map_behind_an_alias_counts_properties(kind: Type) -> None:
    made = program(
        alias("Counts", MapOf(INT)),
        entity("Thing", field("counts", kind, markers=Markers(min_size=1, max_size=3))),
    )
    counts = emit_openapi(made)["components"]["schemas"]["Thing"]["properties"]["counts"]
    assert (counts["minProperties"], counts["maxProperties"]) == (1, 3)
    assert "minItems" not in counts


def test_fields() -> None:
    red = EnumConst(Enum("shop.Color"), "m0")
    made = program(
        enum("Color", "red", "blue"),
        entity(
            "Thing",
            field("a", INT),
            field("b", INT, optional=True),
            field("c", Opt(INT)),
            field("d", FLOAT, default=Const(FLOAT, (1.5).hex())),
            field("e", Enum("shop.Color"), default=red, optional=True),
            field("f", INT, markers=Markers(default="3")),
            field("g", DATETIME, default=Now(DATETIME)),
            field("h", ListOf(INT), default=MakeList(ListOf(INT), (Const(INT, "1"),))),
            field("i", Entity("shop.Thing"), optional=True, wire="the-i", doc="Itself."),
            doc="A thing.",
        ),
    )
    assert emit_openapi(made)["components"]["schemas"]["Thing"] == {
        "type": "object",
        "properties": {
            "a": {"type": "integer"},
            "b": {"type": "integer"},
            "c": {"type": ["integer", "null"]},
            "d": {"type": "number", "default": 1.5},
            "e": {"$ref": "#/components/schemas/Color", "default": "red"},
            "f": {"type": "integer", "default": 3},
            "g": {"type": "string", "format": "date-time"},
            "h": {"type": "array", "items": {"type": "integer"}, "default": [1]},
            "the-i": {"$ref": "#/components/schemas/Thing", "description": "Itself."},
        },
        "required": ["a", "c", "f"],
        "description": "A thing.",
    }


def test_bases_are_parts_of_all_of() -> None:
    made = program(
        entity("Base", field("id", UUID)),
        entity(
            "Child", field("id", UUID, origin="shop.Base"), field("n", INT), bases=("shop.Base",)
        ),
        entity("Same", field("id", UUID, origin="shop.Base"), bases=("shop.Base",), doc="Same."),
    )
    schemas = emit_openapi(made)["components"]["schemas"]
    base = {"$ref": "#/components/schemas/Base"}
    own = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    assert schemas["Child"] == {"allOf": [base, own]}
    assert schemas["Same"] == {"allOf": [base, {"type": "object"}], "description": "Same."}


def test_closed_entities_are_flat() -> None:
    made = program(
        entity("Base", field("id", UUID), markers=Markers(extra="forbid")),
        entity(
            "Child", field("id", UUID, origin="shop.Base"), field("n", INT), bases=("shop.Base",)
        ),
        entity("Bag", field("n", INT), extra_type=STRING),
    )
    schemas = emit_openapi(made)["components"]["schemas"]
    assert list(schemas["Child"]["properties"]) == ["id", "n"]
    assert schemas["Base"]["additionalProperties"] is False
    assert schemas["Bag"]["additionalProperties"] == {"type": "string"}


def test_unions() -> None:
    made = program(
        entity("Cat", field("kind", Lit("cat"))),
        entity("Dog", field("kind", Lit("dog"))),
        union(
            "Pet",
            Entity("shop.Cat"),
            Entity("shop.Dog"),
            discriminator="kind",
            mapping=(("cat", "shop.Cat"), ("dog", "shop.Dog")),
        ),
        union("Either", STRING, INT, exactly=True),
    )
    schemas = emit_openapi(made)["components"]["schemas"]
    cat, dog = "#/components/schemas/Cat", "#/components/schemas/Dog"
    assert schemas["Pet"] == {
        "anyOf": [{"$ref": cat}, {"$ref": dog}],
        "discriminator": {"propertyName": "kind", "mapping": {"cat": cat, "dog": dog}},
    }
    assert schemas["Either"] == {"oneOf": [{"type": "string"}, {"type": "integer"}]}


@pytest.mark.parametrize(
    ("wires", "expected"),
    [
        (("a", "b"), {"type": "string", "enum": ["a", "b"]}),
        ((1, 2), {"type": "integer", "enum": [1, 2]}),
        ((True,), {"type": "boolean", "enum": [True]}),
        (("a", 1), {"enum": ["a", 1]}),
    ],
)
def test_enums(wires: Any, expected: Any) -> None:
    made = program(enum("E", *wires))
    assert emit_openapi(made)["components"]["schemas"]["E"] == expected


def test_merging_is_deep_and_required_lists_unite() -> None:
    markers = Markers(
        schema=('{"required": ["b"], "properties": {"a": {"maximum": 5}}}',),
        openapi=('{"required": ["a"], "x-y": null}',),
    )
    made = program(entity("T", field("a", INT), markers=markers))
    assert emit_openapi(made)["components"]["schemas"]["T"] == {
        "type": "object",
        "properties": {"a": {"type": "integer", "maximum": 5}},
        "required": ["a", "b"],
        "x-y": None,
    }


def test_schemas_that_must_hold_too_join_the_bases() -> None:
    made = program(
        entity("Base", field("id", UUID)),
        entity(
            "Child",
            field("id", UUID, origin="shop.Base"),
            bases=("shop.Base",),
            markers=Markers(schema=('{"allOf": [{"minProperties": 2}]}',)),
        ),
    )
    assert emit_openapi(made)["components"]["schemas"]["Child"]["allOf"] == [
        {"$ref": "#/components/schemas/Base"},
        {"type": "object"},
        {"minProperties": 2},
    ]


def test_names_that_clash_are_prefixed_and_json_names_are_served_first() -> None:
    made = program(
        entity("Order", field("a", INT)),
        entity("Receipt", field("a", INT)),
        billing=(
            entity("Order", field("b", INT)),
            entity("Bill", field("b", INT), markers=Markers(wire="Receipt")),
            entity("Note", field("of", Entity("shop.Order"))),
        ),
    )
    schemas = emit_openapi(made)["components"]["schemas"]
    assert list(schemas) == [
        "billing.Order",
        "Receipt",
        "Note",
        "shop.Order",
        "shop.Receipt",
    ]
    assert schemas["Note"]["properties"]["of"] == {"$ref": "#/components/schemas/shop.Order"}


def test_schema_files_refer_to_each_other() -> None:
    made = program(
        entity("Order", field("note", Alias("text.Note"), optional=True), field("n", INT)),
        entity("Tree", field("kids", ListOf(Union("shop.Kid")))),
        union("Kid", Entity("shop.Tree"), INT, discriminator="x"),
        text=(alias("Note", STRING, Markers(max_length=3), "A note."),),
    )
    files = emit_schemas(made)
    assert sorted(files) == ["schema/shop.json", "schema/text.json"]
    assert files["schema/shop.json"]["$defs"]["Kid"] == {
        "anyOf": [{"$ref": "#/$defs/Tree"}, {"type": "integer"}]
    }
    validator = validator_of(files, "shop", "Order")
    assert validator.is_valid({"note": "abc", "n": 1})
    assert not validator.is_valid({"note": "abcd", "n": 1})
    assert not validator.is_valid({"note": "abc"})
    assert validator_of(files, "shop", "Tree").is_valid({"kids": [1, {"kids": []}]})


def validator_of(files: dict[str, Any], module: str, name: str) -> jsonschema.Draft202012Validator:
    registry: Registry[Any] = Registry().with_resources(
        [
            (f"https://example.com/{document['$id']}", Resource.from_contents(document))
            for document in files.values()
        ]
    )
    for document in files.values():
        jsonschema.Draft202012Validator.check_schema(document)
    return jsonschema.Draft202012Validator(
        {"$ref": f"https://example.com/{module}.json#/$defs/{name}"}, registry=registry
    )


def test_a_long_line_of_bases() -> None:
    length = 1500
    made = program(
        entity("E0", field("f0", INT), extra_type=STRING),
        *(entity(f"E{at}", field("f", INT), bases=(f"shop.E{at - 1}",)) for at in range(1, length)),
        entity("Free", field("a", INT)),
        entity("Freer", field("a", INT, origin="shop.Free"), bases=("shop.Free",)),
    )
    schemas = emit_openapi(made)["components"]["schemas"]
    assert "allOf" not in schemas[f"E{length - 1}"]
    assert "allOf" in schemas["Freer"]
    assert "allOf" not in emit_schemas(made)["schema/shop.json"]["$defs"][f"E{length - 1}"]


def test_deep_types() -> None:
    kind: Type = INT
    for _ in range(256):
        kind = ListOf(kind)
    schema = schema_of(kind)
    depth = 0
    while "items" in schema:
        schema, depth = schema["items"], depth + 1
    assert depth == 256


def test_names_that_are_no_plain_text_are_found_by_their_references() -> None:
    odd = "a/b~c %d"
    made = program(
        entity("Odd", field("n", INT), markers=Markers(wire=odd)), alias("Use", Entity("shop.Odd"))
    )
    document = emit_openapi(made)
    schema = {"$ref": "urn:document" + document["components"]["schemas"]["Use"]["$ref"]}
    registry: Registry[Any] = Registry().with_resource(
        "urn:document", DRAFT202012.create_resource(document)
    )
    validator = jsonschema.Draft202012Validator(schema, registry=registry)
    assert validator.is_valid({"n": 1})
    assert not validator.is_valid({})
