"""Lists and maps that are made, quotients and durations, in every back end."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pytest

from hyper.emit.native.values import NotNative
from tests.check.programs import program
from tests.meaning.back_ends import Subject, compare
from tests.meaning.written import LEAST, MOST, NOW, WRITTEN, agree, codes


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


def test_loops_whose_turns_llvm_counts_by_a_division_of_128_bits() -> None:
    text = """
calc f(a: list[int], price: decimal(12, 2)) -> decimal(5, 4):
    sum(x - x + 9999999999.99 for x in [price for each in a + a])
"""
    rows = [{"a": [1] * size, "price": "1.50"} for size in (0, 1, 2, 40)]
    assert set(codes(agree(text, *rows))) == {"decimal", "overflow"}


def test_a_duration_that_is_given_has_no_native_form_in_a_sum() -> None:
    text = "calc f(a: list[int], by: duration) -> float: total_hours(sum(by for each in a))"
    with pytest.raises(NotNative, match="a duration that is given"):
        agree(text)


def test_a_choice_between_a_quotient_and_a_sum_of_quotients() -> None:
    text = """
calc f(a: decimal(9, 2), b: decimal(9, 2), c: decimal(9, 2)) -> decimal(20, 4):
    let one = if a > b then (a - b) / c else a / b + b / c
    let other = if a > c then -(b / a) - c / a else (a + c) / a
    one + other
"""
    numbers = ("0.00", "1.00", "-3.00", "0.07", "9999999.99")
    rows = [{"a": a, "b": b, "c": c} for a in numbers for b in numbers for c in numbers]
    with Subject(program(text)) as subject:
        given = [[Decimal(value) for value in row.values()] for row in rows]
        expected = subject.expected("m0.f", given, NOW)
        found = compare(subject, {"m0.f": given}, {"m0.f": expected}, NOW, WRITTEN)
    assert found.differences == []
    assert {"decimal", "division_by_zero"} <= set(codes(expected))


def test_no_element_behind_one_that_decides_is_computed() -> None:
    """Of two lists that are one, too: to leave the loop over the first would only begin the second."""
    text = """
calc any_of(a: list[int], b: list[int]) -> bool: any(12 // each > 1 for each in a + b)
calc all_of(a: list[int], b: list[int]) -> bool: all(12 // each > 1 for each in a + b)
calc any_if(a: list[int], b: list[int]) -> bool: any(each > 3 for each in a + b if 12 // each > -9)
calc first_if(a: list[int], b: list[int]) -> int: first(each for each in a + b if 12 // each > 1) ?? 77
calc f(a: list[int], b: list[int], by: int) -> int:
    if by == 0:
        if any_of(a, b) then 1 else 2
    elif by == 1:
        if all_of(a, b) then 3 else 4
    elif by == 2:
        if any_if(a, b) then 5 else 6
    else:
        first_if(a, b)
"""
    lists: list[list[int]] = [[], [5], [0], [5, 0], [0, 5], [50, 0], [50], [-12, 4, 0]]
    rows = [{"a": a, "b": b, "by": by} for a in lists for b in lists for by in range(4)]
    found = codes(agree(text, *rows))
    assert {"int", "division_by_zero"} == set(found)
    assert found.count("int") > len(found) // 2
