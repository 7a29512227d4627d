"""Names in any spelling, and where declarations go."""

from __future__ import annotations

import re
from typing import Any

import pytest

from hyper.importers.openapi.words import (
    Names,
    action_name,
    module_name,
    singular,
    type_name,
    value_name,
)
from tests.importers.trees import document, imported, schemas


@pytest.mark.parametrize(
    ("text", "as_type", "as_value", "as_action"),
    [
        ("meta/root", "MetaRoot", "meta_root", "meta_root"),
        ("listPets", "ListPets", "listPets", "list_pets"),
        ("HTMLPage", "HtmlPage", "HTMLPage", "html_page"),
        ("+1", "Plus1", "plus_1", "plus_1"),
        ("-1", "Minus1", "minus_1", "minus_1"),
        ("simple-user", "SimpleUser", "simple_user", "simple_user"),
        ("v1.2", "V1_2", "v1_2", "v1_2"),
        ("OAuth2Token", "OAuth2Token", "OAuth2Token", "oauth2_token"),
        ("IPv4Address", "IPv4Address", "IPv4Address", "ipv4_address"),
        ("Floating IPs", "FloatingIPs", "floating_ips", "floating_ips"),
        ("3d_secure", "N3dSecure", "n3d_secure", "n3d_secure"),
        ("naïve plan", "NaivePlan", "naive_plan", "naive_plan"),
        ("名", "U540d", "名", "u540d"),
        ("class", "Class", "class", "class_"),
        ("", "Value", "value", "action"),
    ],
)
def test_words(text: str, as_type: str, as_value: str, as_action: str) -> None:
    assert (type_name(text), value_name(text), action_name(text)) == (as_type, as_value, as_action)


@pytest.mark.parametrize(
    ("many", "one"),
    [
        ("categories", "category"),
        ("addresses", "address"),
        ("boxes", "box"),
        ("matches", "match"),
        ("lines", "line"),
        ("ticketIds", "ticketId"),
        ("statuses", "status"),
        ("status", "status"),
        ("data", "data"),
        ("kubernetes", "kubernetes"),
    ],
)
def test_singular(many: str, one: str) -> None:
    assert singular(many) == one


def test_names_of_files_suit_any_system() -> None:
    assert module_name("con", "x") == "con_"
    assert module_name("a" * 500, "x") == "a" * 60
    assert module_name("..", "x") == "x"


def test_names_that_are_taken() -> None:
    names = Names()
    assert [names.claim("Pet", "Record") for _ in range(4)] == ["Pet", "PetRecord", "Pet2", "Pet3"]


def test_a_name_that_can_stand_belongs_to_its_own() -> None:
    text = schemas(A={"type": "object", "properties": {"a.b": {}, "a_b": {}}})
    assert text.splitlines()[1:] == ['    a_b_2?: any @json("a.b")', "    a_b?: any"]


def test_identical_inline_schemas_are_one_declaration() -> None:
    price = {"type": "object", "properties": {"amount": {"type": "integer"}}}
    text = schemas(
        A={"type": "object", "properties": {"price": price}},
        B={"type": "object", "properties": {"price": {**price, "description": "Net."}}},
    )
    assert text.count("entity ") == 3
    assert text.count("price?: Price") == 2
    assert '        "Net."' in text


def _paths(**tags: list[str]) -> dict[str, object]:
    """A path a name, with tags and a reference to a schema of that name and to `Common`."""
    paths: dict[str, object] = {}
    for name, given in tags.items():
        schema = {
            "type": "object",
            "properties": {"own": {"$ref": f"#/components/schemas/{name.title()}"}},
        }
        paths[f"/v1/{name}/all"] = {
            "get": {
                "tags": given,
                "responses": {
                    "200": {"description": "", "content": {"application/json": {"schema": schema}}}
                },
            }
        }
    return paths


def _components(*names: str) -> dict[str, object]:
    common = {"type": "object", "properties": {"c": {"$ref": "#/components/schemas/Common"}}}
    return {"schemas": {"Common": {"type": "string"}, **dict.fromkeys(names, common)}}


def test_layout_by_tag() -> None:
    root = document(
        paths=_paths(cats=["Cat things"], dogs=["Dog things"]),
        components=_components("Cats", "Dogs", "Nowhere"),
    )
    done = imported(root, "tag")
    assert list(done.files) == [
        *("cat_things.intent", "dog_things.intent", "schemas.intent"),
        *("service.intent", "shared.intent"),
    ]
    assert "use shared (Common)" in done.files["cat_things.intent"]
    assert "entity Cats" in done.files["cat_things.intent"]
    assert "type Common = string" in done.files["shared.intent"]
    assert "entity Nowhere" in done.files["schemas.intent"]


def test_layout_without_tags_goes_by_path() -> None:
    root = document(paths=_paths(cats=[], dogs=[]), components=_components("Cats", "Dogs"))
    assert {"cats.intent", "dogs.intent"} <= set(imported(root, "tag").files)


def test_layout_of_one_declaration_a_file() -> None:
    root = document(paths=_paths(cats=["pets"]), components=_components("Cats"))
    done = imported(root, "schema")
    assert list(done.files) == [
        *("pets/get_v1_cats_all.intent", "schemas/cats.intent", "schemas/common.intent"),
        *("schemas/get_v1_cats_all_result.intent", "service.intent"),
    ]


def test_layout_of_one_file() -> None:
    root = document(paths=_paths(cats=["pets"]), components=_components("Cats"))
    assert list(imported(root, "single").files) == ["service.intent"]


def _nested(*keys: str) -> dict[str, Any]:
    """Objects in objects, each under a key of the one around it."""
    made: dict[str, Any] = {"type": "object", "properties": {keys[-1]: {"type": "integer"}}}
    for key in reversed(keys[:-1]):
        made = {"type": "object", "properties": {key: made}}
    return made


def _declared(text: str) -> list[str]:
    return re.findall(r"^entity (\w+)", text, re.MULTILINE)


LONG = "InternationalOrganizationAccountConfiguration"


def test_a_place_that_says_enough_and_is_the_only_one_names_what_is_in_it() -> None:
    place = _nested("security_alert_threshold", "x")
    assert "SecurityAlertThreshold" in _declared(schemas(**{LONG: place}))
    other = _nested("security_alert_threshold", "y")
    assert "SecurityAlertThreshold" not in _declared(
        schemas(**{LONG: place, f"Other{LONG}": other})
    )
    assert "ValueOfTheThreshold" not in _declared(
        schemas(**{LONG: _nested("value_of_the_threshold", "x")})
    )


def test_a_name_that_is_far_too_long_leaves_out_its_middle() -> None:
    one = _nested("notification_preferences_by_group", "x")
    two = _nested("notification_preferences_by_group", "y")
    found = _declared(schemas(**{f"{LONG}One": one, f"{LONG}Two": two}))
    assert sorted(found) == sorted(
        [
            f"{LONG}One",
            f"{LONG}Two",
            "InternationalOrganizationAccountNotificationPreferencesByGroup",
            f"{LONG}TwoNotificationPreferencesByGroup",
        ]
    )


def test_a_long_extension_of_the_root_stands_with_its_like() -> None:
    value = {f"event_{number}": {"text": "x" * 1000} for number in range(25)}
    get = {"tags": ["Extensions"], "responses": {"204": {"description": ""}}}
    done = imported(document(**{"x-webhooks": value}, paths={"/a": {"get": get}}), "tag")
    assert {"extensions/webhooks.intent", "extensions_actions.intent"} <= set(done.files)
