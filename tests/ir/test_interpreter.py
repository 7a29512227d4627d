"""What the language says about values and errors, in tier 0 and tier 1."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from hyper.ir.interpreter import (
    ClockNotSet,
    EvaluationError,
    ExternFailure,
    ExternsNotLoaded,
    InputError,
    Interpreter,
    Refused,
)
from tests.check.programs import program
from tests.meaning.tiers import Tiers

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2024, 2, 29, 12, tzinfo=UTC)

CASES: list[tuple[str, str, Any]] = [
    ("int", "9223372036854775807 + 0", 9223372036854775807),
    ("int", "9223372036854775807 + 1", "overflow"),
    ("int", "-7 // 2", -4),
    ("int", "-7 % 2", 1),
    ("int", "7 % -2", -1),
    ("int", "1 // 0", "division_by_zero"),
    ("float", "1 / 3", 1 / 3),
    ("float", "1.0 / 0.0", "division_by_zero"),
    ("float", "1e308 * 10.0", "Infinity"),
    ("float", "0.1 + 0.2", 0.1 + 0.2),
    ("bool", 'int("9007199254740993") == 9007199254740992.0', False),
    ("int", "round(2.5)", 2),
    ("int", "round(3.5)", 4),
    ("float", "round(2.675, 2)", 2.67),
    ("decimal(4, 2)", "2.675", "2.68"),
    ("decimal(4, 2)", "2.665", "2.66"),
    ("decimal(4, 2)", "100.0 * 2.0", "overflow"),
    ("decimal(4, 2)", "-0.001", "0.00"),
    ("decimal(6, 2)", "1.0 / 3.0", "0.33"),
    ("decimal(6, 2)", "-7.0 // 2.0", "-4.00"),
    ("decimal(6, 2)", "-7.0 % 2.0", "1.00"),
    ("string", "string(1.0)", "1.0"),
    ("string", '"a" + upper("ß")', "aSS"),
    ("int", 'length("😀")', 1),
    ("bool", 'matches("abc", "b+")', True),
    ("int", 'int("12x")', "conversion"),
    ("int", "[1, 2][2]", "out_of_bounds"),
    ("int", '{"a": 1}["b"]', "out_of_bounds"),
    ("int", "min([x for x in [1] if x > 1])", "empty"),
    ("float", "sqrt(-1.0)", "domain"),
    ("float", "log(0.0)", "domain"),
    ("list[int]", "sorted([3, 1, 2])", [1, 2, 3]),
    ("int", "sum(x * x for x in range(4))", 14),
    ("bool", "1 < 2 < 3", True),
    ("bool", "false and 1 // 0 == 0", False),
    ("date", "today()", "2024-02-29"),
    ("date", "add_years(today(), 1)", "2025-02-28"),
    ("string", "string(hours(36))", "P1DT12H"),
    ("int", "year(now())", 2024),
]


def _text(kind: str, body: str) -> str:
    return f"calc f() -> {kind}: {body}\n"


@pytest.mark.parametrize(("kind", "body", "expected"), CASES)
def test_tier_0(kind: str, body: str, expected: Any) -> None:
    interpreter = Interpreter(program(_text(kind, body)))
    try:
        found = interpreter.run_json("m0.f", {}, now=NOW)
    except EvaluationError as error:
        found = error.code if (error.file, error.line) == ("m0.intent", 1) else error
    assert found == expected


def test_tier_1_agrees(tmp_path: Path) -> None:
    calcs = [f"calc f{number}() -> {kind}: {body}" for number, (kind, body, _) in enumerate(CASES)]
    tiers = Tiers(program("\n".join(calcs) + "\n"), tmp_path)
    for number in range(len(CASES)):
        name = f"m0.f{number}"
        assert tiers.one(name, [], NOW) == tiers.zero(name, [], NOW), CASES[number]
    tiers.forget()


RECORDS = """
enum Tier: gold = "G", silver
entity Line:
    quantity: int @range(1, 9)
    price: decimal(6, 2)
    tier: Tier = silver
    note?: string
    code: string? @json("Code-X")

rule cheap on Line:
    require price <= 100.0 else "too dear"
    when quantity > 5 then price = price * 0.9, quantity = quantity - 1
    when quantity == 5 then price = 1.0

calc many(n: int) -> Line: Line(quantity: n, price: 1.0, code: none)
"""


def test_records_are_built_with_their_markers() -> None:
    interpreter = Interpreter(program(RECORDS))
    built = interpreter.run_json("m0.many", {"n": 3})
    assert built == {"quantity": 3, "price": "1.00", "tier": "silver", "Code-X": None}
    with pytest.raises(EvaluationError) as caught:
        interpreter.run_json("m0.many", {"n": 10})
    assert (caught.value.code, caught.value.line) == ("domain", 15)


def test_rules_derive_from_the_earlier_values_or_refuse() -> None:
    interpreter = Interpreter(program(RECORDS))
    line = {"quantity": 6, "price": "10.00", "Code-X": None}
    derived = interpreter.run_json("m0.cheap", {"self": line})
    assert (derived["quantity"], derived["price"]) == (5, "1.00")
    with pytest.raises(Refused, match="too dear") as caught:
        interpreter.run_json("m0.cheap", {"self": {**line, "price": "500.00"}})
    assert (caught.value.rule, caught.value.line) == ("m0.cheap", 11)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "self: [] is not an object"),
        ({"price": "1.00", "Code-X": None}, "self.quantity: this field is missing"),
        (
            {"quantity": 1.5, "price": "1", "Code-X": None},
            "self.quantity: 1.5 is not a whole number",
        ),
        ({"quantity": 1, "price": "1.001", "Code-X": None}, "self.price: '1.001' is not a decimal"),
        ({"quantity": 0, "price": "1", "Code-X": None}, "self: quantity: 0 is below 1"),
        ({"quantity": True, "price": "1", "Code-X": None}, "self.quantity: True is not a whole"),
        ({"quantity": 1, "price": "1", "tier": "x", "Code-X": None}, "self.tier: 'x' is not one"),
        (
            {"quantity": 1, "price": "1", "note": None, "Code-X": None},
            "self.note: None is not a st",
        ),
    ],
)
def test_input_errors_name_the_place(data: object, message: str) -> None:
    interpreter = Interpreter(program(RECORDS))
    with pytest.raises(InputError) as caught:
        interpreter.run_json("m0.cheap", {"self": data})
    assert str(caught.value).startswith(message)


def test_absent_and_null_differ() -> None:
    interpreter = Interpreter(program(RECORDS))
    kind = interpreter.params("m0.cheap")[0][1]
    line = interpreter.reader.read({"quantity": 1, "price": "1", "Code-X": None}, kind)
    assert "note" not in line.fields
    assert "note" not in interpreter.to_json(line)
    assert interpreter.to_json(line)["Code-X"] is None


def test_the_budget_ends_an_evaluation() -> None:
    text = "calc f(n: int) -> int:\n    var t = 0\n    for i in range(n):\n        t = i\n    t\n"
    interpreter = Interpreter.for_compiler(program(text))
    assert interpreter.run("m0.f", [1_000]) == 999
    with pytest.raises(EvaluationError) as caught:
        interpreter.run("m0.f", [10**9])
    assert caught.value.code == "too_expensive"


def test_memory_has_a_budget() -> None:
    text = (
        'calc f(n: int) -> int:\n    var s = "ab"\n    for i in range(n):\n        s = s + s\n'
        "    length(s)\n"
    )
    interpreter = Interpreter.for_compiler(program(text))
    with pytest.raises(EvaluationError) as caught:
        interpreter.run("m0.f", [10_000])
    assert (caught.value.code, caught.value.line) == ("too_expensive", 4)


def test_a_thousand_calls_deep() -> None:
    calcs = [f"calc c{n}(x: int) -> int: c{n + 1}(x) + 1" for n in range(1_000)]
    text = "\n".join([*calcs, "calc c1000(x: int) -> int: x", ""])
    assert Interpreter(program(text)).run("m0.c0", [5]) == 1_005


def test_the_clock_must_be_set() -> None:
    with pytest.raises(ClockNotSet):
        Interpreter(program("calc f() -> datetime: now()\n")).run("m0.f", [])


EXTERN = (
    'extern calc rate(x: int) -> decimal(4, 2) from "rates:rate"\ncalc f() -> bool: rate(1) > 0.0\n'
)


def test_externs_run_only_where_they_may() -> None:
    made = program(EXTERN)
    with pytest.raises(ExternsNotLoaded):
        Interpreter(made).run("m0.f", [])
    with pytest.raises(EvaluationError, match="conversion"):
        Interpreter(made, externs=lambda _target: lambda x: x).run("m0.f", [])
    with pytest.raises(ExternFailure, match="rates:rate raised ZeroDivisionError"):
        Interpreter(made, externs=lambda _target: lambda x: x // 0).run("m0.f", [])


def test_statements_can_be_traced() -> None:
    seen: list[tuple[str, int]] = []
    text = "calc f(x: int) -> int:\n    let y = x + 1\n    y * 2\n"
    interpreter = Interpreter(program(text), trace=lambda file, line, _: seen.append((file, line)))
    interpreter.run("m0.f", [1])
    assert seen == [("m0.intent", 2), ("m0.intent", 3)]
