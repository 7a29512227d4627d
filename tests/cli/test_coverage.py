"""``hyper test --coverage``: what the scenarios reach of tables, calcs and rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Done

    Hyper = Callable[..., Done]

HEAVY = 'require weight < 100 else "too heavy"'
SOURCE = """\
enum Size: small, large

entity Parcel:
    weight: int
    fee: int = 0

calc grade(weight: int) -> int:
    if weight > 10:
        3
    else:
        if weight > 0 then 1 else 0

table fee(size: Size, grade: int) -> int, first:
    size  | grade => result
    small | -     => 2
    large | > 1   => 9
    -     | -     => 5

rule priced on Parcel:
    require weight < 100 else "too heavy"
    when true
    then fee = fee(Size.small, grade(weight))

feature "Fees":
    scenario "light":
        when fee = fee(Size.small, grade(4))
        then fee == 2
    scenario "priced":
        when made = priced(Parcel(weight: 3))
        then made.fee == 2
"""


def test_what_no_scenario_reaches_is_listed(hyper: Hyper, folder: Path) -> None:
    (folder / "fees.intent").write_text(SOURCE)
    done = hyper("test", "fees.intent", "--coverage")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        "2 scenarios: all hold",
        "coverage: 5 of 10 rows and branches (50.0%)",
        "  fees.intent:8: branch 1 in grade is never taken:  if weight > 10:",
        "  fees.intent:11: else in grade is never taken:  if weight > 0 then 1 else 0",
        "  fees.intent:16: row 2 of fee never fits:  large | > 1   => 9",
        "  fees.intent:17: row 3 of fee never fits:  -     | -     => 5",
        "  fees.intent:20: in priced there is no case that does not hold:  " + HEAVY,
    ]
    found = hyper("test", "fees.intent", "--coverage", "--json").json("test")["coverage"]
    assert (found["covered"], found["total"], found["percent"]) == (5, 10, 50.0)
    assert {each["name"]: each["covered"] for each in found["functions"]} == {
        "fees.fee": 1,
        "fees.grade": 2,
        "fees.priced": 2,
    }
    assert found["missed"][0] == {
        "function": "fees.grade",
        "kind": "branch",
        "outcome": "1",
        "file": "fees.intent",
        "line": 8,
    }


def test_all_is_reached(hyper: Hyper, tree: Path) -> None:
    path = tree / "intents" / "orders.intent"
    assert "coverage: 1 of " in hyper("test", "--coverage").out
    for tier, amount in (("gold", 1), ("standard", 700), ("standard", 1)):
        path.write_text(
            path.read_text() + f'    scenario "{tier} {amount}":\n'
            f"        when rate = discount(Tier.{tier}, {amount}.00)\n        then rate >= 0.00\n"
        )
    for price in ("100.00", "1.00"):
        path.write_text(
            path.read_text() + f'    scenario "shipping at {price}":\n'
            f'        given line = Line(sku: "ABC-1", quantity: 1, unit_price: {price})\n'
            "        when order = free_shipping(Order(tier: Tier.gold, lines: [line]))\n"
            "        then order.lines == [line]\n"
        )
    done = hyper("test", "--coverage")
    assert done.out.splitlines()[1:] == ["coverage: 6 of 6 rows and branches (100.0%)"], done.err


def test_without_the_option_there_is_none(hyper: Hyper, tree: Path) -> None:
    assert tree.is_dir()
    assert "coverage" not in hyper("test", "--json").json("test")


def test_with_errors_there_is_none(hyper: Hyper, folder: Path) -> None:
    (folder / "a.intent").write_text("calc f(x: int) -> int:\n    y\n")
    done = hyper("test", "--coverage", "--json")
    assert done.code == 1
    assert "coverage" not in done.json("test")
