"""Programs written out, in kernels and at tier 0: limits, empty lists, nested records, what may be absent, calls."""

from __future__ import annotations

import math
import os
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from hyper.emit.native.values import NotNative
from tests.check.programs import program
from tests.meaning.back_ends import BACK_ENDS, Subject, compare

pytest.importorskip("llvmlite")

SOME = ("package", "scalar-host-O3", "batches-host-O0", "batches-x86-64-O3", "wasm-O2")
"""Back ends that every run asks; all are asked in full trials, and of random programs."""
WRITTEN = [each for each in BACK_ENDS if os.environ.get("HYPER_LONG") or each.name in SOME]
NOW = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
LEAST, MOST = -(2**63), 2**63 - 1
WORLD = """
enum Tier: gold, silver = "s", bronze

entity Line:
    quantity: int @range(1, 999)
    price: decimal(12, 2)
    weights: list[float]
    note?: string

entity Order:
    lines: list[Line]
    placed: date
    limit?: decimal(12, 2)
    boss: int?
    tier: Tier = silver

entity Small:
    count: int @range(-3, 10)
    share: float @range(0.0, 1.0)
    size: int @format("int8")
    limit?: int
"""


def agree(text: str, *rows: dict[str, Any], name: str = "f") -> list[Any]:
    """The outcomes of a function, which has a native form, for arguments in JSON: the same in every back end, and no row is
    left to a lower tier."""
    function = f"m0.{name}"
    with Subject(program(f"{WORLD}\n{text}")) as subject:
        if function in subject.kernels.refused:
            raise subject.kernels.refused[function]
        interpreter = subject.interpreter
        params = interpreter.params(function)
        given = [
            [interpreter.read_argument(row, param, kind) for param, kind in params] for row in rows
        ]
        expected = subject.expected(function, given, NOW)
        found = compare(subject, {function: given}, {function: expected}, NOW, WRITTEN)
    assert found.differences == []
    assert set(found.guarded.values()) == {0}
    return expected


def codes(outcomes: list[Any]) -> list[str]:
    return [each[1] if each[0] == "error" else each[0] for each in outcomes]


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


def test_a_list_that_is_kept_is_made_of_variables_as_they_were() -> None:
    text = """
calc f(a: list[int], by: int) -> int:
    var step = 1
    let kept = [each * step for each in a if each != by]
    step = 100 // by
    var found = length(kept) + step
    for each in kept:
        found = found + each * step
    found = found + (kept + [step])[by] + sum(kept)
    if kept == []:
        found
    elif by in kept:
        -found
    else:
        found + max(kept)
"""
    rows = [
        {"a": a, "by": by} for a in ([], [1], [3, 2, 1, 7], [MOST, 1]) for by in (-1, 0, 1, 2, 3)
    ]
    found = codes(agree(text, *rows))
    assert {"int", "division_by_zero", "out_of_bounds", "overflow"} == set(found)


def test_all_of_a_list_is_there_before_what_is_done_with_it() -> None:
    text = """
calc halves(a: list[int]) -> list[int]: [12 // each for each in a]
calc f(a: list[int]) -> int:
    let made = halves(a)
    let again = [each * MOST for each in made]
    sum(again) + made[0] + length([each for each in again if each > 4])
"""
    text = text.replace("MOST", str(MOST))
    rows = [{"a": a} for a in ([], [1], [0], [1, 2, 0], [12, 0], [-12], [13], [13, 14])]
    found = agree(text, *rows)
    assert {"int", "division_by_zero", "out_of_bounds", "overflow"} == set(codes(found))
    assert len({each[3] for each in found if each[0] == "error"}) == 3


def test_maps_that_are_written_out() -> None:
    text = """
const VAT = {"DE": 0.19, "CH": 0.08, "US": 0.00}
calc f(country: string, own: string, a: int) -> decimal(6, 2):
    let stock = {own: a, "DE": 10 // a, "": 3}
    if country in VAT:
        VAT[country] + stock[country] + length(VAT)
    elif has(stock, country):
        get(stock, country) ?? -1
    else:
        get(VAT, country) ?? -2.5
"""
    rows = [
        {"country": country, "own": own, "a": a}
        for country in ("DE", "CH", "", "x")
        for own in ("DE", "x", "y")
        for a in (0, 4)
    ]
    assert {"decimal", "division_by_zero", "out_of_bounds"} == set(codes(agree(text, *rows)))


def test_floats_rounded_to_digits() -> None:
    text = "calc f(a: float) -> float: round(a, 2) + round(a / 3.0, 5) * 1e-9"
    values = (0.0, -0.0, -0.004, 2.675, 0.125, 1e10, 1e17, -1.7e308, 4e9 + 0.005)
    assert set(codes(agree(text, *[{"a": value} for value in values]))) == {"float"}
    text = "calc f(a: float) -> float: round(a * 1e300 * 1e300, 2)"
    assert len({str(each) for each in agree(text, {"a": 1.0}, {"a": -1.0}, {"a": 0.0})}) == 3


def test_fast_arithmetic_is_near_and_only_where_it_is_asked_for() -> None:
    body = "sum(each * 0.1 for each in a) / 3.0"
    text = f"calc f(a: list[float]) -> float @fastmath: {body}\ncalc g(a: list[float]) -> float: {body}"
    with Subject(program(text)) as subject:
        kernels = subject.kernels
        assert [each.reorders for each in kernels.unit.functions] == [True, False]
        rows = [[[float(each) for each in range(size)]] for size in (0, 1, 3, 1000)]
        rows += [[[math.inf, 1.0]], [[math.inf, -math.inf]], [[-0.0]]]
        (exact,) = [subject.expected("m0.f", rows, NOW)]
        assert compare(subject, {"m0.g": rows}, {"m0.g": exact}, NOW, WRITTEN).differences == []
        for back_end in WRITTEN:
            got = back_end.run(subject).outcomes("m0.f", rows, NOW)
            for one, other in zip(got, exact, strict=True):
                assert one == other or math.isclose(
                    float.fromhex(one[1]), float.fromhex(other[1]), rel_tol=1e-12
                )


def test_durations_at_their_limits() -> None:
    text = """
calc f(on: date, other: date, n: int) -> float:
    let gap = on - other
    let by = days(n) + hours(-1)
    let far = max([gap, by, -gap, milliseconds(n)])
    if on + far > other and abs(by) >= weeks(2):
        total_days(far)
    else:
        total_seconds(gap - by) + total_hours(avg([by, gap, hours(1)]))
"""
    days = ("0001-01-01", "2024-02-29", "9999-12-31")
    counts = (0, 1, -15, 3_652_058, 999_999_999, -999_999_999, 1_000_000_000, MOST, LEAST)
    rows = [{"on": on, "other": other, "n": n} for on in days for other in days for n in counts]
    assert {"float", "overflow"} == set(codes(agree(text, *rows)))


QUOTIENTS = """
calc share(part: decimal(12, 2), whole: decimal(12, 2)) -> decimal(9, 2): part / whole * 100
calc margin(part: decimal(12, 2), whole: decimal(12, 2)) -> decimal(9, 4): 1 - part / whole
calc monthly(part: decimal(12, 2), whole: decimal(12, 2)) -> decimal(16, 2):
    let rate = whole / 100 / 12
    part * (1 + rate) + min([part / 3, rate]) - avg([part, whole, rate])
calc nearer(part: decimal(12, 2), whole: decimal(12, 2)) -> int:
    let rate = part / whole
    if rate * 3 > 1 and abs(rate) <= 2.5:
        1
    elif -rate == part / -whole:
        if round(rate * 7, 1) > 3 then 4 else 2
    else:
        3
"""


@pytest.mark.parametrize("name", ["share", "margin", "monthly", "nearer"])
def test_quotients_are_used_before_they_are_rounded(name: str) -> None:
    parts = ("0.00", "0.01", "1.00", "-2.50", "33.33", "9999999999.99", "-1234567.89")
    rows = [
        [Decimal(part), Decimal(whole)]
        for part in parts
        for whole in ("3.00", "-7.00", "0.00", "0.01", "12.00", "99999.97", "9999999999.98")
    ]
    with Subject(program(QUOTIENTS)) as subject:
        function = f"m0.{name}"
        expected = subject.expected(function, rows, NOW)
        found = compare(subject, {function: rows}, {function: expected}, NOW, WRITTEN)
    assert found.differences == []
    assert found.guarded[WRITTEN[1].name] < len(rows) // 4


def test_a_third_of_three_is_left_to_a_lower_tier_where_it_decides() -> None:
    text = """
calc f(a: decimal(6, 2), b: decimal(6, 2)) -> decimal(6, 1): a / b * 4.5
calc g(a: decimal(6, 2), b: decimal(6, 2)) -> bool: a / b * b == a
"""
    rows = [[Decimal("1.00"), Decimal("3.00")], [Decimal("1.00"), Decimal("90.00")]]
    with Subject(program(text)) as subject:
        for name, guarded in (("m0.f", 1), ("m0.g", 2)):
            expected = subject.expected(name, rows, NOW)
            found = compare(subject, {name: rows}, {name: expected}, NOW, WRITTEN)
            assert found.differences == []
            assert found.guarded[WRITTEN[1].name] == guarded


def test_decimals_as_floats() -> None:
    text = "calc f(a: decimal(18, 9), b: decimal(18, 0)) -> float: float(a) - float(b)"
    numbers = (0, 1, -1, 10**17 + 1, 10**18 - 1, -(2**53) - 1, 123456789012345678)
    rows = [{"a": str(Decimal(a).scaleb(-9)), "b": str(b)} for a in numbers for b in numbers]
    assert set(codes(agree(text, *rows))) == {"float"}


def test_zero_beside_decimals_of_many_digits() -> None:
    text = "calc f(a: decimal(28, 24)) -> decimal(28, 24): max([0, a]) + 0"
    agree(text, {"a": "1.000000000000000000000001"}, {"a": "-2.5"}, {"a": "0"})


def test_variables_of_decimals_without_a_type() -> None:
    text = """
calc f(a: list[decimal(9, 2)], rate: decimal(5, 4)) -> decimal(20, 2):
    var total = 0.0 * rate
    var most = a[0]
    for each in a:
        total = total + each * rate
        if each > most:
            most = each * 1.5
    total + most
"""
    rows = [
        {"a": a, "rate": rate}
        for a in ([], ["0.01"], ["9999999.99", "-3.10", "4.00", "12.50"] * 40)
        for rate in ("0.0001", "-9.9999", "0.5")
    ]
    assert {"decimal", "out_of_bounds"} == set(codes(agree(text, *rows)))
    text = """
calc f(a: decimal(9, 2), n: int) -> decimal(20, 2):
    var grown = a
    for i in range(n):
        grown = grown * 1.1
    grown
"""
    with pytest.raises(NotNative, match="gets more digits each time"):
        agree(text)


def test_a_list_that_a_table_collects() -> None:
    text = """
table parts(a: int, b: int) -> list[int], collect:
    a    | b   => result
    > 0  | -   => 12 // b
    -    | > 0 => 12 // a
    > 2  | > 2 => a * b

calc f(a: int, b: int) -> int:
    let made = parts(a, b)
    var found = length(made) * 1000
    for each in made + [7]:
        found = found + each
    if a in made:
        made[1] - found
    else:
        found + (first(made) ?? 5)
"""
    rows = [{"a": a, "b": b} for a in (-1, 0, 1, 3, 4, MOST) for b in (-2, 0, 1, 4, 12)]
    found = agree(text, *rows)
    assert {"int", "division_by_zero", "overflow", "out_of_bounds"} >= set(codes(found))
    assert len({each[3] for each in found if each[0] == "error"}) > 2


TAGS: list[dict[str, Any]] = [{}, {"tags": []}, {"tags": [1, MOST]}]


def test_lists_that_may_be_absent_and_lists_of_two() -> None:
    text = """
entity Product:
    tags?: list[int]
    sizes: list[int]?
    more: list[int]

calc f(product: Product, by: int) -> int:
    var found = by
    let chosen = if by > 2 then [each // by for each in product.more] else product.sizes ?? [10 // by]
    for tag in product.tags ?? []:
        found = found * 3 + tag
    for each in chosen:
        found = found + each
    if by in chosen or length(product.sizes ?? [1, by]) == 2:
        chosen[0] - found
    else:
        sum(product.tags ?? chosen) + count(if by == 0 then chosen else chosen + [1])
"""
    rows = [
        {"product": {"sizes": sizes, "more": more} | tags, "by": by}
        for sizes in (None, [], [4, 0], [MOST])
        for more in ([], [7, 8, 9])
        for tags in TAGS
        for by in (-1, 0, 1, 2, 3)
    ]
    found = agree(text, *rows)
    assert {"int", "division_by_zero", "overflow", "out_of_bounds"} >= set(codes(found))
    assert len({str(each) for each in found}) > 10
