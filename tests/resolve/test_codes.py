"""Each code of names, declarations, markers and actions is found where its golden case has the mistake."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from hyper.base.source import Source
from hyper.lang.parser import parse
from hyper.lang.resolve import resolve
from hyper.lang.symbols import Unit
from tests.resolve.worlds import mistakes, resolved

CASES: Final = Path(__file__).resolve().parents[1] / "golden" / "diagnostics"
# These are found when expressions are checked and when unused names are looked for.
_ELSEWHERE: Final = {"E0311", "E0312", "W0301", "W0302"}
CODES: Final = sorted(
    path.name
    for path in CASES.iterdir()
    if path.name[1:3] in {"03", "05", "07"} and path.name not in _ELSEWHERE
)


@pytest.mark.parametrize("code", CODES)
def test_case_has_its_code_and_no_other(code: str) -> None:
    case = CASES / code
    files = {
        path.relative_to(case).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(case.rglob("*.intent"))
    }
    _, found = resolved(files)
    assert {item.code for item in found} == {code}


def test_unknown_type_is_reported_once_a_file_with_what_was_meant() -> None:
    text = "entity A:\n    a: Tire\n    b: list[Tire]\n    c: Tire? @range(1, 2)\n\nenum Tier: x\n"
    assert mistakes(text) == [("E0303", 2, "Tier")]


@pytest.mark.parametrize(
    ("written", "meant"),
    [("str", "string"), ("Integer", "int"), ("number", "float"), ("boolean", "bool")],
)
def test_names_of_other_languages_are_understood(written: str, meant: str) -> None:
    assert mistakes(f"entity A:\n    a: {written}\n") == [("E0303", 2, meant)]


def test_failed_import_is_reported_once() -> None:
    text = (
        "use lost (A, B)\nuse gone\n\nentity C is A:\n    b: B\n    d: gone.D\n\n"
        'union U = A | C by kind\n\nrule r on B:\n    require true else "no"\n\n'
        "action a:\n    route GET /a\n    body c: C\n    check B(c.b), gone.r(c)\n    returns 204\n"
    )
    assert [code for code, _, _ in mistakes(text)] == ["E0302", "E0302"]


def test_same_name_from_two_modules() -> None:
    _, found = resolved(
        {
            "a.intent": "enum Tier: x\n",
            "b.intent": "enum Tier: y\n",
            "c.intent": "use a (Tier)\nuse b (Tier)\n\nentity E:\n    t: Tier\n",
            "d.intent": "use a (Tier)\nuse b (Tier as Other)\nuse b\n\n"
            "entity E:\n    t: Tier\n    o: Other\n    p: b.Tier\n",
        }
    )
    assert [(item.file, item.code, item.line) for item in found] == [("c.intent", "E0305", 2)]


def test_import_of_a_name_that_is_declared() -> None:
    _, found = resolved(
        {"a.intent": "enum Tier: x\n", "b.intent": "use a (Tier)\n\nentity Tier:\n    n: int\n"}
    )
    assert [(item.file, item.code) for item in found] == [("b.intent", "E0305")]


def test_dotted_name_without_use() -> None:
    _, found = resolved(
        {"m/a.intent": "enum Tier: x\n", "b.intent": "entity E:\n    t: m.a.Tier\n"}
    )
    assert [(item.code, item.message) for item in found] == [
        ("E0303", "the module `m.a` was not brought here: add `use m.a`")
    ]


def test_first_file_by_path_keeps_a_name_in_any_order() -> None:
    files = {"b.intent": "intent m\n\nenum B: x\n", "a.intent": "intent m\n\nenum A: x\n"}
    world, found = resolved(files)
    assert [item.file for item in found] == ["b.intent"]
    assert list(world.symbols) == ["m.A"]


def test_pattern_is_warned_about_once_a_build() -> None:
    text = 'entity A:\n    a: string @match("(?=x)")\n    b: string @match("(?=x)")\n'
    _, found = resolved({"a.intent": text, "b.intent": text})
    assert [(item.code, item.file, item.line) for item in found] == [("W0502", "a.intent", 2)]


@pytest.mark.parametrize(
    "field",
    [
        "a: int @range(0, 9223372036854775807)",
        "a: int? = none @range(1, 2)",
        "a: int @range(none, 5)",
        "a: int @range(min: -5)",
        "a: float @above(0.0) @below(1e300)",
        "a: decimal(4, 2) @range(-99.99, LIMIT)",
        "a: int @range(LOW, LIMIT) @multiple(2)",
        "a: list[string @length(1, 5)] @size(1, none) @unique",
        "a: map[string, int] @size(max: 4)",
        'a: any @default({}) @example([1, {"a": null}]) @example(none)',
        'a: date = "2024-01-01" @example("2024-01-01")',
        'a: bytes = "AAAA" @length(1, 3)',
        'a: string @match(PATTERN) @match(r"\\d")',
        'a: uuid @key @read @deprecated @json("A-1")',
        'a: string @deprecated("old") @x("x-a", [1, -2.5, {"b": true}])',
    ],
)
def test_markers_that_are_right(field: str) -> None:
    text = f'const LOW = -3\nconst LIMIT = 99\nconst PATTERN = "a+"\n\nentity A:\n    {field}\n'
    assert mistakes(text) == []


@pytest.mark.parametrize(
    ("field", "code"),
    [
        ("a: int @range", "E0503"),
        ("a: int @range()", "E0503"),
        ("a: int @range(none, none)", "E0503"),
        ("a: int @range(low: 1)", "E0503"),
        ("a: int @range(1e9999, none)", "E0503"),
        ("a: int @range(MISSING, 2)", "E0503"),
        ("a: int @range(LOOP, 2)", "E0503"),
        ("a: int @range(9223372036854775808, none)", "E0505"),
        ("a: decimal(2, 0) @above(99.5) @below(99.6) @range(100, none)", "E0505"),
        ("a: float @above(1.0) @range(none, 1)", "E0505"),
        ("a: int = -1 @above(-1)", "E0505"),
        ("a: list[int] = [1, 2] @size(3, 4)", "E0505"),
        ("a: string @length(1.5, 2)", "E0503"),
        ("a: bool @multiple(2)", "E0502"),
        ("a: string @unique", "E0502"),
        ("a: string @default(x)", "E0503"),
        ("a: string @schema([1])", "E0503"),
        ('a: string @json("")', "E0503"),
        ("a: string @fastmath", "E0502"),
    ],
)
def test_markers_that_are_wrong(field: str, code: str) -> None:
    text = f"const LOOP = LOOP\n\nentity A:\n    {field}\n"
    assert [item for item, _, _ in mistakes(text)] == [code]


def test_extra_of_an_entity() -> None:
    text = "entity A @extra(alow):\n    n: int\n\nentity B @extra(int):\n    n: int\n"
    assert mistakes(text) == [("E0503", 1, "allow")]


def test_service_is_needed_for_roles_and_schemes() -> None:
    text = "action a:\n    route GET /a\n    returns 204\n    allow clerk\n    security key\n"
    assert [code for code, _, _ in mistakes(text)] == ["E0708", "E0709"]


def test_webhooks_have_routes_of_their_own() -> None:
    text = (
        "action a:\n    route POST /paid\n    returns 204\n\n"
        "webhook b:\n    route POST /paid\n    returns 204\n\n"
        "webhook c:\n    returns 204\n"
    )
    assert mistakes(text) == []


def test_members_are_defaults_and_examples() -> None:
    text = 'enum Tier: gold = "g"\n\nentity A:\n    t: Tier @default(gold) @example(gold)\n'
    assert mistakes(text) == []
    assert mistakes(text.replace("(gold)", "(silver)", 1)) == [("E0503", 4, None)]


def test_name_that_the_parser_refused_is_not_reported_again() -> None:
    source = Source("main.intent", 'rule r on :\n    require true else "no"\n')
    parsed = parse(source)
    _, found = resolve([Unit("main.intent", "", source, parsed.module)])
    assert [item.code for item in parsed.diagnostics] == ["E0201"]
    assert found == []
