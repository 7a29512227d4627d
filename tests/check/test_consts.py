"""Consts: exact values, typed where they are used."""

from __future__ import annotations

from hyper.ir.lower import lower
from hyper.ir.nodes import Const
from tests.check.programs import codes, examined, program, run


def _value(text: str, name: str = "C") -> str:
    definition = program(text).definitions[f"m0.{name}"]
    value = definition.value  # type: ignore[union-attr]
    assert isinstance(value, Const)
    return value.text


def test_a_number_keeps_its_exact_value() -> None:
    text = """
const TENTH = 0.1
const SUM = TENTH + 0.2
const THIRD = 1 / 3
calc f() -> decimal(28, 28): SUM
calc g() -> bool: SUM == 0.3
calc h(d: decimal(28, 28)) -> decimal(28, 28): d * THIRD
calc x() -> float: SUM
"""
    assert run(text) == "0.3000000000000000000000000000"
    assert run(text, "g") is True
    assert run(text, "h", d="0.3") == "0.1000000000000000000000000000"
    assert run(text, "x") == 0.3


def test_calls_are_evaluated_by_the_compiler() -> None:
    text = """
calc power(n: int) -> int:
    var result = 1
    for i in range(n):
        result = result * BASE
    result
const C = power(10) + D
const D = power(2)
const BASE = 2
"""
    assert _value(text) == "1028"
    assert _value(text, "D") == "4"


def test_a_failing_evaluation_is_an_error() -> None:
    assert codes("const A = 1 / 0\n") == [("E0810", 1)]
    world, checked, found = examined("calc f(n: int) -> int: 1 // n\nconst A = f(0)\n")
    assert not found
    lower(world, checked)
    assert [(item.code, item.line) for item in checked.failures] == [("E0810", 2)]


def test_what_no_const_may_do() -> None:
    text = """
extern calc outside(n: int) -> int from "a.b:c"
const A = now()
const B = outside(1)
const C = exp(1.0)
const D = E
const E = D
const F = []
"""
    assert sorted(code for code, _ in codes(text)) == [
        "E0410",
        "E0411",
        "E0412",
        "E0412",
        "E0412",
    ]


def test_written_types_hold() -> None:
    text = """
const WHEN: date = "2024-01-31"
const LIST: list[decimal(5, 2)] = [1, 2.555]
calc f() -> int: month(WHEN)
calc g() -> decimal(5, 2): LIST[1]
"""
    assert run(text) == 1
    assert run(text, "g") == "2.56"


def test_big_literals_fit_where_they_are_used() -> None:
    text = "const BIG = 99999999999999999999\ncalc f() -> bigint: BIG\ncalc g() -> float: BIG\n"
    assert run(text) == 99999999999999999999
    assert run(text, "g") == 1e20
    assert codes(f"{text}calc h() -> int: BIG\n") == [("E0404", 4)]
