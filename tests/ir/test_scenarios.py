"""Scenarios pass, or say at their line what each side was."""

from __future__ import annotations

import pytest

from hyper.ir.scenarios import run_scenarios, scenario_results
from tests.check.programs import program

BASE = """calc half(x: int) -> int: x // 2
calc inverse(x: int) -> int: 100 // x
calc age() -> int: year(today()) - 2000
entity Person:
    years: int
rule adult on Person:
    require years >= 18 else "too young"
extern calc luck(x: int) -> int from "luck:draw"

feature "f":
    scenario "s":
"""


def found(*steps: str) -> list[tuple[str, int, str]]:
    text = BASE + "".join(f"        {step}\n" for step in steps)
    return [(item.code, item.line, item.message) for item in run_scenarios(program(text))]


@pytest.mark.parametrize(
    "steps",
    [
        ("when y = half(9)", "then y == 4"),
        ("given x = 8", "when y = half(x)", "then y == 4", "then y < x"),
        ("when y = inverse(0)", 'then error "division_by_zero"'),
        ("when p = adult(Person(years: 5))", 'then refused "too young"'),
        ('given now = "2024-05-01T00:00:00Z"', "when y = age()", "then y == 24"),
        ("when y = luck(1)", "then y == 1"),
    ],
)
def test_what_holds_says_nothing(steps: tuple[str, ...]) -> None:
    assert found(*steps) == []


@pytest.mark.parametrize(
    ("steps", "code", "line", "message"),
    [
        (
            ("when y = half(9)", "then y == 5"),
            "E0801",
            13,
            "the left side is 4, the right side is 5",
        ),
        (("when y = half(9)", 'then error "overflow"'), "E0801", 13, "but nothing failed"),
        (("when y = inverse(0)", 'then error "overflow"'), "E0801", 13, "error division_by_zero"),
        (("when y = inverse(0)", "then y == 1"), "E0802", 12, "division_by_zero"),
        (("when y = half(9)", "then inverse(y - 4) == 1"), "E0802", 13, "division_by_zero"),
        (("when p = adult(Person(years: 5))", 'then refused "no"'), "E0801", 13, "'too young'"),
        (
            ("when p = adult(Person(years: 5))", "then p.years == 5"),
            "E0802",
            12,
            "refused: too young",
        ),
    ],
)
def test_what_does_not_hold(steps: tuple[str, ...], code: str, line: int, message: str) -> None:
    ((got_code, got_line, got_message),) = found(*steps)
    assert (got_code, got_line) == (code, line)
    assert message in got_message


def test_outcomes_and_externs() -> None:
    text = BASE + "        when y = luck(1)\n        then y == 7\n"
    made = program(text)
    assert [result.outcome for result in scenario_results(made)] == ["skipped"]
    loaded = scenario_results(made, lambda _target: lambda _x: 7)
    assert [result.outcome for result in loaded] == ["passed"]
    raising = scenario_results(made, lambda _target: lambda _x: 1 // 0)
    assert [item.code for item in raising[0].diagnostics] == ["E0804"]


def test_examples_run_once_a_row() -> None:
    text = (
        BASE
        + "        when y = half(x)\n        then y == z\n        examples:\n"
        + "            x | z\n            4 | 2\n            9 | 5\n"
    )
    (only,) = run_scenarios(program(text))
    assert (only.code, only.line) == ("E0801", 17)
