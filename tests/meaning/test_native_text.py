"""Programs written out, in kernels and at tier 0: limits, empty lists, nested records, what may be absent, calls."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from hyper.emit.native.values import NotNative
from tests.check.programs import program
from tests.meaning.back_ends import Subject, compare
from tests.meaning.written import LEAST, MOST, NOW, WRITTEN, agree, codes


def line(quantity: int, price: str, *weights: float, **more: Any) -> dict[str, Any]:
    return {"quantity": quantity, "price": price, "weights": list(weights), **more}


ORDERS = [
    {"lines": [], "placed": "0001-01-01", "boss": None},
    {"lines": [line(1, "0.01")], "placed": "9999-12-31", "boss": MOST, "limit": "1.00"},
    {
        "lines": [line(2, "9999999999.99", 0.5, -0.0), line(999, "-3.10", 1e300, note="free")],
        "placed": "2024-02-29",
        "boss": LEAST,
        "tier": "bronze",
    },
    {
        "lines": [line(7, "0.05", *range(300)) for _ in range(400)],
        "placed": "1970-01-01",
        "boss": 0,
    },
]
BY_ORDER = [{"order": order} for order in ORDERS]


def test_calls_in_loops_over_lists_of_records() -> None:
    agree(
        """
calc cost(line: Line) -> decimal(14, 2): line.quantity * line.price
calc total(lines: list[Line]) -> decimal(14, 2): sum(cost(line) for line in lines)
calc f(order: Order) -> decimal(14, 2):
    var most = 0
    for line in order.lines:
        if cost(line) > 0.10:
            most = most + 1
    total(order.lines) * most
""",
        *BY_ORDER,
    )


def test_lists_within_lists_and_what_may_be_absent() -> None:
    agree(
        """
calc weight(line: Line) -> float: sum(line.weights)
calc f(order: Order) -> float:
    var found = 0.0
    for line in order.lines:
        for each in line.weights:
            found = found + each
        if line.note is none:
            found = found + weight(line)
        elif line.note == "free":
            found = -found
    if order.limit is none then found else found + 1.0
""",
        *BY_ORDER,
    )


def test_options_that_are_null_or_absent() -> None:
    agree("calc f(order: Order) -> int: order.boss ?? -1", *BY_ORDER)
    agree("calc f(order: Order) -> decimal(12, 2): order.limit ?? 0.00", *BY_ORDER)
    agree("calc f(order: Order) -> int?: order.boss", *BY_ORDER)
    agree("calc f(order: Order) -> Tier: order.tier", *BY_ORDER)


@pytest.mark.parametrize("name", ["year", "month", "day", "weekday"])
def test_dates_at_their_limits(name: str) -> None:
    found = agree(f"calc f(order: Order) -> int: {name}(order.placed)", *BY_ORDER)
    assert found[0][0] == "int"


def test_months_at_their_ends() -> None:
    for name in ("start_of_month", "end_of_month"):
        agree(f"calc f(order: Order) -> date: {name}(order.placed)", *BY_ORDER)
    agree("calc f(order: Order) -> int: days_between(order.placed, today())", *BY_ORDER)


INTS = [{"a": a, "b": b} for a in (LEAST, -1, 0, 1, 7, MOST) for b in (LEAST, -2, -1, 0, 1, MOST)]


@pytest.mark.parametrize("op", ["+", "-", "*", "//", "%"])
def test_ints_at_their_limits(op: str) -> None:
    found = codes(agree(f"calc f(a: int, b: int) -> int: a {op} b", *INTS))
    assert ("division_by_zero" in found) == (op in {"//", "%"})
    assert ("overflow" in found) == (op != "%")


def test_quotients_of_ints() -> None:
    found = codes(agree("calc f(a: int, b: int) -> float: a / b", *INTS))
    assert "division_by_zero" in found


def test_decimals_of_all_digits() -> None:
    most = "9" * 28
    rows = [{"a": a, "b": b} for a in (most, f"-{most}", "0", "1") for b in ("0.00", "1.00")]
    text = "calc f(a: decimal(28, 0), b: decimal(4, 2)) -> decimal(28, 0): a - a * 0 + b"
    assert "overflow" not in codes(agree(text, {"a": "0", "b": "0.00"}, {"a": "1", "b": "9.50"}))
    text = "calc f(a: decimal(28, 0), b: decimal(4, 2)) -> bool: a > b and a != -a"
    assert codes(agree(text, *rows)) == ["bool"] * len(rows)


def test_a_decimal_beyond_28_digits_is_left_to_a_lower_tier() -> None:
    rows = [[Decimal(text)] for text in ("9" * 28, "4" * 28, "-1")]
    with Subject(program("calc f(a: decimal(28, 0)) -> bool: a + a > 0")) as subject:
        expected = subject.expected("m0.f", rows, NOW)
        found = compare(subject, {"m0.f": rows}, {"m0.f": expected}, NOW, WRITTEN)
    assert found.differences == []
    expected_guards = {each.name: int(not each.name.startswith("package")) for each in WRITTEN}
    assert found.guarded == expected_guards


def test_what_is_rounded_and_does_not_fit() -> None:
    text = "calc f(a: decimal(12, 2), b: decimal(12, 2)) -> decimal(6, 2): a / b"
    rows = [
        {"a": a, "b": b}
        for a in ("0.00", "0.01", "-9999999999.99", "2.50")
        for b in ("0.00", "3.00", "-0.01", "8.00")
    ]
    assert {"overflow", "division_by_zero", "decimal"} <= set(codes(agree(text, *rows)))


def test_entities_are_built_within_their_ranges() -> None:
    text = "calc f(a: int, b: float, c: int) -> Small: Small(count: a, share: b, size: c)"
    rows = [
        {"a": a, "b": b, "c": c}
        for a in (-4, -3, 10, 11)
        for b in (-0.0, 1.0, 1.0000000000000002)
        for c in (127, 128)
    ]
    assert {"record", "domain"} == set(codes(agree(text, *rows)))


def test_nan_is_outside_of_every_range() -> None:
    text = "calc f(a: float) -> Small: Small(count: 1, share: a * 1e308 * 10.0 - a * 1e308 * 10.0, size: 1)"
    assert codes(agree(text, {"a": 0.0}, {"a": 2.0})) == ["record", "domain"]


def test_rules_of_several_clauses() -> None:
    text = """
rule f on Small:
    require share < 0.9 else "too much"
    when count > 2 then count = count + 4, limit = size
    when count > 6 then size = 3
    require size > 0 else "too small"
"""
    rows = [
        {"self": {"count": count, "share": share, "size": size}}
        for count in (-3, 2, 3, 7)
        for share in (0.5, 0.95)
        for size in (-1, 100)
    ]
    found = agree(text, *rows)
    assert {"record", "refused", "domain"} == set(codes(found))


def test_tables_of_each_policy() -> None:
    head = "table f(tier: Tier, a: int) -> "
    rows = [{"tier": tier, "a": a} for tier in ("gold", "s", "bronze") for a in (0, 5, MOST)]
    priority = f"""{head}Tier, priority:
    tier | a   => result
    -    | > 3 => bronze
    gold | -   => silver
    -    | 5   => gold
"""
    assert "no_match" in codes(agree(priority, *rows))
    for policy in ("sum", "min", "max", "count"):
        collected = f"""{head}int, collect {policy}:
    tier | a   => result
    -    | > 3 => a
    gold | -   => 1
    silver | 5   => 9
"""
        assert policy in {"sum", "count"} or "empty" in codes(
            agree(collected, *rows[:1], *rows[3:4])
        )


def test_absent_and_null_are_told_apart_or_left_to_a_lower_tier() -> None:
    text = """
entity Both:
    count: int
    sparse?: int?

calc f(both: Both) -> int: both.sparse ?? both.count
rule g on Both:
    when count > 0 then sparse = none
"""
    rows: list[dict[str, Any]] = [
        {"both": {"count": 1, **more}} for more in ({}, {"sparse": None}, {"sparse": 3})
    ]
    agree(text, *rows)
    with pytest.raises(NotNative, match="may be null and may be absent"):
        agree(text, name="g")


DAYS = ("0001-01-01", "1900-02-28", "1999-12-31", "2000-02-29", "2023-01-31", "9999-12-31")
COUNTS = (0, 1, -1, 11, 12, -13, 1200, 119_987, -119_988, MOST, LEAST)


@pytest.mark.parametrize("name", ["add_months", "add_years"])
def test_months_and_years_later(name: str) -> None:
    rows = [{"a": day, "b": count} for day in DAYS for count in COUNTS]
    found = codes(agree(f"calc f(a: date, b: int) -> date: {name}(a, b)", *rows))
    assert {"date", "overflow"} == set(found)


@pytest.mark.parametrize("name", ["months_between", "years_between", "days_between"])
def test_time_between_dates(name: str) -> None:
    days = [*DAYS, "2000-03-01", "2001-02-28", "2004-02-29", "2000-02-28", "2023-02-28"]
    rows = [{"a": one, "b": other} for one in days for other in days]
    agree(f"calc f(a: date, b: date) -> int: {name}(a, b)", *rows)


def test_dates_made_of_numbers() -> None:
    numbers = (
        LEAST,
        -1,
        0,
        1,
        2,
        4,
        12,
        13,
        28,
        29,
        30,
        31,
        32,
        100,
        400,
        1900,
        9999,
        10_000,
        MOST,
    )
    rows = [{"y": y, "m": m, "d": d} for y in numbers for m in numbers for d in numbers]
    found = codes(agree("calc f(y: int, m: int, d: int) -> date: date(y, m, d)", *rows))
    assert {"date", "domain"} == set(found)
    agree("calc f(a: date) -> int: day_of_year(a)", *[{"a": day} for day in DAYS])


def test_entities_and_lists_are_compared_by_their_parts() -> None:
    text = """
entity Point:
    x: float
    y?: int
    tier: Tier

calc f(a: Point, b: Point, c: list[Point], d: list[Point]) -> int:
    var found = 0
    if a == b:
        found = found + 1
    if c != d:
        found = found + 2
    if c == []:
        found = found + 4
    if a in c:
        found = found + 8
    if c == [a, b]:
        found = found + 16
    found
"""
    points: list[dict[str, Any]] = [
        {"x": 0.0, "tier": "gold"},
        {"x": -0.0, "tier": "gold"},
        {"x": 0.0, "y": 0, "tier": "gold"},
        {"x": 0.0, "tier": "s"},
    ]
    lists = [[], points[:2], points[2:3], points]
    rows = [
        {"a": a, "b": b, "c": c, "d": d}
        for a in points
        for b in points
        for c in lists
        for d in lists
    ]
    assert len({str(each) for each in agree(text, *rows)}) > 8


def test_items_of_lists_that_are_written_out() -> None:
    rows = [{"a": a} for a in (LEAST, -1, 0, 1, 2, 3, MOST)]
    found = codes(agree("calc f(a: int) -> float: [0.5, -0.0, 1.0 / 3.0][a]", *rows))
    assert {"float", "out_of_bounds"} == set(found)


def test_the_least_of_decimals_of_several_scales() -> None:
    text = """
calc f(a: decimal(6, 2), b: decimal(9, 5), c: list[decimal(6, 2)]) -> decimal(9, 4):
    min([a, b, a * b]) + max([a, 1.5]) + sum([a, b]) + (first(x * 2.125 for x in c) ?? 0.0)
"""
    rows = [
        {"a": a, "b": b, "c": c}
        for a in ("0.00", "-9999.99", "1.50")
        for b in ("0.00001", "-3.00000")
        for c in ([], ["0.01", "7.00"])
    ]
    agree(text, *rows)


def test_a_quotient_in_one_branch_is_rounded_there() -> None:
    text = """
calc f(part: decimal(14, 2), whole: decimal(14, 2)) -> decimal(7, 2):
    if whole == 0.00 then 0.00 else part * 100 / whole
"""
    rows = [{"part": a, "whole": b} for a in ("0.00", "1.00", "-2.50") for b in ("0.00", "3.00")]
    assert set(codes(agree(text, *rows))) == {"decimal"}


def test_an_entity_that_may_be_none_is_not_copied() -> None:
    text = """
entity Call:
    id: uuid
    value: int

entity Case:
    call?: Call
    total: int

calc f(case: Case) -> int:
    let found = case.call
    if found is none:
        case.total
    else:
        found.value
"""
    call = {"id": "00000000-0000-0000-0000-000000000001", "value": 5}
    agree(text, {"case": {"total": 1}}, {"case": {"total": 1, "call": call}})
