"""Scenarios: inputs are typed where they are used, examples are runs."""

from __future__ import annotations

from hyper.ir.program import FeatureDef
from hyper.ir.scenarios import run_scenarios
from tests.check.programs import codes, failing_scenarios, program

_WORLD = """
enum Tier: gold, silver
enum Medal: gold, bronze
entity Person:
    name: string
    age: int
calc rate(t: Tier, amount: decimal(8, 2)) -> decimal(3, 2):
    if t == gold and amount >= 100 then 0.1 else 0
calc share(x: float) -> float: x / 2
calc late() -> int: year(today())
rule adult on Person:
    require age >= 18 else "too young"
    when name == ""
    then name = "nobody"
"""


def test_inputs_take_the_type_of_their_use() -> None:
    text = f"""{_WORLD}
feature "f":
    scenario "literals":
        given tier = gold, amount = 100
        when result = rate(tier, amount)
        then result == 0.1
        then share(amount) == 50
    scenario "a member":
        given tier = Tier.silver
        then rate(tier, 1000) == 0
    scenario "records":
        given person = Person(name: "", age: 20)
        when after = adult(person)
        then after.name == "nobody"
    scenario "refused":
        given person = Person(name: "a", age: 3)
        when after = adult(person)
        then refused "too young"
    scenario "lists":
        given values = []
        when total = sum(share(value) for value in values)
        then total == 0
    scenario "the clock":
        given now = "2024-01-31T09:30:00Z"
        then late() == 2024
""".replace("given values = []", "given values: list[float] = []")
    assert failing_scenarios(text) == []
    features = [
        definition
        for definition in program(text).modules[0].definitions
        if isinstance(definition, FeatureDef)
    ]
    steps = features[0].scenarios[0].steps
    assert [(step.kind, step.name) for step in steps] == [
        ("given", "tier"),
        ("given", "amount"),
        ("given", "amount_as_2"),
        ("when", "result"),
        ("then", None),
        ("then", None),
    ]


def test_each_row_of_examples_runs() -> None:
    text = f"""{_WORLD}
feature "f":
    scenario "rates":
        when result = rate(tier, amount)
        then result == wanted
        examples:
            tier   | amount | wanted
            gold   | 100    | 0.1
            gold   | 99.99  | 0
            silver | 100    | 0.2
"""
    assert failing_scenarios(text) == [
        ("E0801", text[: text.index("silver | 100")].count("\n") + 1)
    ]


def test_mistakes_of_scenarios() -> None:
    text = f"""{_WORLD}
feature "f":
    scenario "code":
        when result = share(1)
        then error "overflows"
    scenario "nothing":
        given x = 1
    scenario "clock":
        then late() == 2024
    scenario "unused":
        given x = unknown
        then true
    scenario "row":
        then share(x) == y
        examples:
            x | y
            1
            2 | 1 + "a"
"""
    assert codes(text) == [
        ("E0811", 19),
        ("E0811", 20),
        ("E0303", 25),
        ("E0811", 31),
        ("E0402", 32),
        ("E0803", 22),
    ]


def test_conditions_with_commas_are_conditions_of_their_own() -> None:
    text = 'feature "a":\n    scenario "b":\n        given x = 1, y = 2\n        then x == 1, y == 3, x == 4\n'
    found = run_scenarios(program(text))
    assert [(item.code, item.line, item.column, item.end_column) for item in found] == [
        ("E0801", 4, 22, 28),
        ("E0801", 4, 30, 36),
    ]


def test_a_failure_is_underlined_where_it_is() -> None:
    text = (
        'feature "a":\n'
        '    scenario "b":\n'
        "        given x = 0, y: int = 1 // x\n"
        "        then y == 1\n"
        '    scenario "c":\n'
        "        when z = (1 +\n"
        "            1 // 0)\n"
        "        then z == 1\n"
        '    scenario "d":\n'
        "        then a == b\n"
        "        examples:\n"
        "            a | b\n"
        "            1 | 22\n"
    )
    found = run_scenarios(program(text))
    assert [(item.line, item.column, item.end_line, item.end_column) for item in found] == [
        (3, 22, 3, 37),
        (6, 14, 7, 20),
        (13, 13, 13, 19),
    ]
