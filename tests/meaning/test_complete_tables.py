"""Tables that are proved complete lose their ``no_match``, and mean the same as before; tests of bools read well."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from decimal import Decimal
from itertools import product
from math import inf, nan
from typing import TYPE_CHECKING

import pytest

from hyper.emit.python import emit_python
from hyper.ir.passes import optimise
from hyper.ir.program import TableDef
from tests.check.programs import program
from tests.meaning.tiers import Tiers

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2024, 5, 6, tzinfo=UTC)
INPUTS = list(
    product(
        (-(2**63), 0, 1, 2, 3),
        (True, False),
        (None, True, False),
        (nan, -inf, 0.0, 2.0),
    )
)
CELLS = {
    "n": ("-", "-", "< 1", ">= 1", "1", "not 1", "0..2", "> 2", "<= 2"),
    "b": ("-", "-", "true", "false", "not true"),
    "o": ("-", "-", "true", "false", "none", "not none", "not false"),
    "x": ("-", "-", "< 0.0", ">= 0.0", "0.0", "not 0.0", "0.0..1.0"),
}


def random_table(name: str, source: random.Random) -> str:
    policy = source.choice(("first", "priority"))
    rows = [
        " | ".join(
            source.choice(cells) if source.random() < 0.5 else "-" for cells in CELLS.values()
        )
        + f" => {source.choice(('low', 'mid', 'top'))}"
        for _ in range(source.randrange(3, 10))
    ]
    lines = "\n".join(f"    {row}" for row in ["n | b | o | x => result", *rows])
    params = "n: int, b: bool, o: bool?, x: float"
    return f"table {name}({params}) -> Level, {policy}:\n{lines}\n"


def test_random_tables_mean_the_same(tmp_path: Path) -> None:
    source = random.Random(11)
    tables = "\n".join(random_table(f"t{number}", source) for number in range(60))
    before = program(f"enum Level: low, mid, top\n\n{tables}")
    after = optimise(before)
    plain, made = Tiers(before, tmp_path), Tiers(after, tmp_path)
    complete = 0
    for name, definition in after.definitions.items():
        if not isinstance(definition, TableDef):
            continue
        complete += definition.complete
        for args in INPUTS:
            expected = plain.zero(name, list(args), NOW)
            assert made.one(name, list(args), NOW) == expected, (name, args)
            assert not (definition.complete and expected[0] == "error"), (name, args)
    assert 5 < complete < 55
    plain.forget()
    made.forget()


HEAD = "enum Level: low, mid, top\ntype Share = int @range(0, 10)\n"
LEVELS = "    {} => result\n    {} => low\n    {} => mid\n"


@pytest.mark.parametrize(
    ("kind", "first", "second", "is_complete"),
    [
        ("bool", "true", "false", True),
        ("bool?", "true", "false", False),
        ("bool?", "true", "not true", True),
        ("Level", "low", "mid, top", True),
        ("Level", "low", "mid", False),
        ("int", "< 5", ">= 5", True),
        ("float", "< 5.0", ">= 5.0", False),
        ("float", "< 5.0", "not < 5.0", True),
        ("decimal(6, 2)", "< 1.00", ">= 1.00", True),
        # A caller in Python may hand over 0.995: the scale of a parameter is no proof.
        ("decimal(6, 2)", "<= 0.99", ">= 1.00", False),
        ("decimal(6, 2)", "<= 1999.99", ">= 2000.00", False),
        # Nor is a bound: markers hold for what is built, not for arguments.
        ("Share", "0..5", "6..10", False),
        ("Share", "<= 5", "> 5", True),
        ("any", "none", "not none", False),
        ("string", '"a"', 'not "a"', True),
    ],
)
def test_only_what_is_proved_is_left_out(
    kind: str, first: str, second: str, *, is_complete: bool
) -> None:
    text = f"table t(x: {kind}) -> Level:\n{LEVELS.format('x', first, second)}"
    made = optimise(program(f"{HEAD}\n{text}"))
    definition = made.definitions["m0.t"]
    assert isinstance(definition, TableDef)
    assert definition.complete is is_complete
    assert ("no_match" in emit_python(made, "made")["m0.py"]) is not is_complete


def test_a_search_that_gave_up_proves_nothing() -> None:
    names = [f"p{number}" for number in range(24)]
    rows = "\n".join(
        "    " + " | ".join("true" if row >> place & 1 else "-" for place in range(24)) + " => 0"
        for row in range(1, 60)
    )
    params = ", ".join(f"{name}: bool" for name in names)
    text = f"table t({params}) -> int, first:\n    {' | '.join(names)} => result\n{rows}\n"
    definition = optimise(program(text)).definitions["m0.t"]
    assert isinstance(definition, TableDef)
    assert not definition.complete


def test_bools_are_asked_as_a_person_would(tmp_path: Path) -> None:
    text = (
        "table t(a: bool, b: bool?) -> int, first:\n    a | b => result\n    true | true => 1\n"
        "    false | false => 2\n    not true | none => 3\n    - | - => 4\n"
        "calc same(a: bool, b: bool?) -> bool:\n    a == false or b != true\n"
    )
    made = optimise(program(text))
    source = emit_python(made, "made")["m0.py"]
    assert "if a and b is True:" in source
    assert "if not a and b is False:" in source
    assert "return not a or b is not True" in source
    assert "== " not in source
    tiers = Tiers(made, tmp_path)
    for args in product((True, False), (True, False, None)):
        for name in ("m0.t", "m0.same"):
            assert tiers.one(name, list(args), NOW) == tiers.zero(name, list(args), NOW)
    tiers.forget()


def test_lists_of_constants_are_looked_through(tmp_path: Path) -> None:
    text = (
        "table t(a: int, d: decimal(4, 2)?, s: string) -> int, first:\n    a | d | s => result\n"
        '    1, 2, 3 | 1, 2.50 | - => 1\n    - | - | not "a", "b" => 2\n    - | - | - => 3\n'
    )
    made = optimise(program(text))
    source = emit_python(made, "made")["m0.py"]
    assert 'if a in (1, 2, 3) and d in (1, Decimal("2.50")):' in source
    assert 'if s not in ("a", "b"):' in source
    tiers = Tiers(made, tmp_path)
    numbers = (None, Decimal(1), Decimal("2.50"), Decimal("2.51"))
    for args in product((0, 1, 3), numbers, ("a", "b", "c")):
        assert tiers.one("m0.t", list(args), NOW) == tiers.zero("m0.t", list(args), NOW)
    tiers.forget()


def test_small_things_are_written_as_a_person_would(tmp_path: Path) -> None:
    text = (
        "entity E:\n    n: int\n    code: string @length(0, 5)\n"
        "rule twice on E:\n    when true then n = n * 2\n"
        "calc dear(d: decimal(6, 2)) -> bool:\n    d >= 50.00 and d != 0.50\n"
        'calc mail(s: string) -> bool:\n    matches(s, "\\\\.com$")\n'
    )
    made = optimise(program(text))
    files = emit_python(made, "made")
    source = files["m0.py"]
    assert "    return replace(e, n=i64(e.n * 2))\n" in source
    assert 'd >= 50 and d != Decimal("0.50")' in source
    assert r'matches(s, r"\.com$")' in source
    assert "Field(max_length=5)" in source
    tiers = Tiers(made, tmp_path)
    for value in (Decimal("49.99"), Decimal("50.00"), Decimal("0.50"), Decimal("-1.00")):
        assert tiers.one("m0.dear", [value], NOW) == tiers.zero("m0.dear", [value], NOW)
    assert tiers.one("m0.mail", ["x.com"], NOW) == ("bool", True)
    tiers.forget()
    assert "import" not in emit_python(program("", "calc f() -> int:\n    1\n"), "made")["m0.py"]
