"""Statements, match, and what they mean in tier 0."""

from __future__ import annotations

from tests.check.programs import codes, program, run


def test_branches_that_end_in_values() -> None:
    text = """
calc f(n: int) -> string:
    let size = n * 2
    if size > 10:
        let word = "large"
        word
    elif size > 4:
        let word = 3
        string(word)
    else:
        "small"
"""
    assert [run(text, n=n) for n in (9, 4, 1)] == ["large", "3", "small"]


def test_loops_and_variables() -> None:
    text = """
calc f(n: int) -> int:
    var total = 0
    for i in range(1, n + 1):
        for j in range(i):
            if j % 2 == 0:
                total = total + j
    total
"""
    assert run(text, n=5) == 10


def test_mistakes_of_bodies() -> None:
    text = """
calc a(n: int) -> int:
    n + 1
    n

calc b(n: int) -> int:
    if n > 1:
        1

calc c(n: int) -> int:
    let x = n

calc d(n: int) -> int:
    let x = 1
    x = 2
    y = 3
    x

calc e(n: int) -> int:
    let x = []
    n
"""
    assert codes(text) == [
        ("E0409", 3),
        ("E0409", 7),
        ("E0409", 11),
        ("E0413", 15),
        ("E0413", 16),
        ("E0410", 20),
    ]


def test_match_is_exhaustive() -> None:
    text = """
enum Tier: gold, silver, bronze
entity Card:
    number: string
entity Bank:
    iban: string
union Source = Card | Bank | "cash"

calc tier(t: Tier) -> int:
    match t:
        gold: 1
        silver: 2

calc source(s: Source) -> string:
    match s:
        Card as c: c.number
        "cash": "cash"
"""
    assert codes(text) == [("E0408", 10), ("E0408", 15)]
    whole = text.replace("silver: 2", "else: 2").replace(
        '"cash": "cash"', '"cash": "cash"\n        Bank: s.iban'
    )
    assert run(whole, "tier", t="bronze") == 2
    assert run(whole, "source", s={"number": "7"}) == "7"
    assert run(whole, "source", s={"iban": "8"}) == "8"
    assert run(whole, "source", s="cash") == "cash"


def test_match_that_is_no_value() -> None:
    text = """
enum Tier: gold, silver
calc f(t: Tier) -> int:
    var n = 0
    match t:
        gold:
            n = 1
        silver:
            n = 2
    n
"""
    assert run(text, t="silver") == 2


def test_decimals_are_quantised_where_they_are_kept() -> None:
    text = """
entity Line:
    price: decimal(6, 2)

calc kept(p: decimal(6, 2)) -> decimal(6, 2): p

calc f(a: decimal(8, 4)) -> list[string]:
    let exact = a * 1
    var typed: decimal(6, 2) = a
    var untyped = a
    untyped = untyped / 3
    [string(exact), string(typed), string(untyped), string(kept(a)), string(Line(price: a).price)]

calc g(a: decimal(8, 4)) -> decimal(6, 1): a / 3
calc h(a: decimal(8, 4)) -> decimal(2, 0): a * 1000
"""
    assert run(text, a="1.0050") == [
        "1.0050",
        "1.00",
        "0.3350",
        "1.00",
        "1.00",
    ]
    assert run(text, "g", a="1.0000") == "0.3"
    assert run(text, "h", a="1.0000") == "overflow"


def test_chains_are_evaluated_once_and_stop() -> None:
    text = """
calc f(n: int) -> bool: -1 < n < 10 // n < 5
calc g(xs: list[int]) -> bool: 1 < xs[0] < xs[1]
"""
    assert run(text, n=3) is False
    assert run(text, n=-1) is False
    assert run(text, n=0) == "division_by_zero"
    assert run(text, "g", xs=[1]) is False
    assert run(text, "g", xs=[2]) == "out_of_bounds"
    assert run(text, "g", xs=[2, 3]) is True


def test_named_arguments_are_evaluated_as_they_are_written() -> None:
    text = """
calc pair(a: int, b: int) -> int: a * 10 + b
calc f(n: int) -> int: pair(b: 1 // n, a: pow(2, n * 64))
"""
    assert run(text, n=0) == "division_by_zero"
    assert run(text, n=1) == "overflow"


def test_lines_of_errors_are_those_of_statements() -> None:
    made = program("calc f(n: int) -> int:\n    let a = 1\n    let b = a // n\n    b\n")
    calc = made.definitions["m0.f"]
    assert [statement.line for statement in calc.body] == [2, 3, 4]  # type: ignore[union-attr]


def test_the_clock_is_reached_through_calls_and_defaults() -> None:
    made = program("""
entity Box:
    made: datetime = now()
    size: int = 1

calc a() -> Box: Box(size: 2)
calc b() -> int: a().size
calc c(box: Box) -> int: box.size
calc d() -> Box: Box(made: "2024-01-01T00:00:00Z")
""")
    clocks = {
        name: getattr(definition, "reads_clock", None)
        for name, definition in made.definitions.items()
    }
    assert clocks["m0.a"] is clocks["m0.b"] is True
    assert clocks["m0.c"] is clocks["m0.d"] is False
