"""Each operation that is more than an instruction gives what Python gives."""

from __future__ import annotations

import math
import random
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import TYPE_CHECKING, Any

import pytest

from hyper.jit.kernel.builder import floating, integer
from tests.jit.machine import run, unit_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.jit.kernel.ir import Kind

LEAST, MOST = -(2**63), 2**63 - 1
INTS = (
    0,
    1,
    -1,
    2,
    -3,
    7,
    10,
    2**31,
    2**53,
    2**53 + 1,
    -(2**53) - 1,
    10**18,
    MOST,
    LEAST,
    LEAST + 1,
)
FLOATS = (
    0.0, -0.0, 0.5, -1.5, 2.5, 3.0, -7.25, 1e16, 5e-324, 1.7e308, 2.0**63, -(2.0**63),
    float(2**53), math.inf, -math.inf, math.nan,
)  # fmt: skip
EXACT = Context(prec=80, rounding=ROUND_HALF_EVEN)


def pairs(one: tuple[Any, ...], other: tuple[Any, ...], seed: int) -> list[tuple[Any, Any]]:
    source = random.Random(seed)
    found = [(a, b) for a in one for b in other]
    for _ in range(400):
        bits = source.randrange(1, 64)
        found.append(
            (
                source.choice((*one, source.getrandbits(bits) - 2 ** (bits - 1))),
                source.choice(other),
            )
        )
    return found


def same(left: float, right: float) -> bool:
    return left.hex() == right.hex()


@pytest.mark.parametrize(
    ("name", "python"),
    [("floordiv", lambda a, b: a // b), ("floormod", lambda a, b: a % b)],
)
def test_whole_division_of_ints(name: str, python: Callable[[int, int], int]) -> None:
    rows = [(a, b) for a, b in pairs(INTS, INTS, 1) if b and (a, b) != (LEAST, -1)]
    unit = unit_of(("int", "int"), lambda b, args: [b.op(name, "int", *args)])
    assert [value for _, value in run(unit, rows)] == [python(a, b) for a, b in rows]


def test_the_rest_by_minus_one() -> None:
    unit = unit_of(("int", "int"), lambda b, args: [b.op("floormod", "int", *args)])
    assert run(unit, [(LEAST, -1)]) == [(0, 0)]


def test_ratio_is_rounded_once() -> None:
    rows = [(a, b) for a, b in pairs(INTS, INTS, 2) if b]
    source = random.Random(3)
    rows += [(source.getrandbits(63), source.getrandbits(62) + 1) for _ in range(3000)]
    unit = unit_of(("int", "int"), lambda b, args: [b.op("ratio", "float", *args)])
    for (a, b), (_, value) in zip(rows, run(unit, rows), strict=True):
        assert same(value, a / b), (a, b)


@pytest.mark.parametrize(
    ("name", "python"),
    [("floordiv", lambda a, b: a // b), ("floormod", lambda a, b: a % b)],
)
def test_whole_division_of_floats(name: str, python: Callable[[float, float], float]) -> None:
    rows = [(a, b) for a, b in pairs(FLOATS, FLOATS, 4) if b]
    unit = unit_of(("float", "float"), lambda b, args: [b.op(name, "float", *args)])
    for (a, b), (_, value) in zip(rows, run(unit, rows), strict=True):
        expected = python(a, b)
        assert same(value, expected) or (math.isnan(value) and math.isnan(expected)), (a, b)


def test_floats_are_rounded_to_digits_as_python_does() -> None:
    source = random.Random(11)
    for digits in (1, 2, 3, 7, 15, 22):
        values = [*FLOATS, 2.675, 1.005, 0.285, -0.04, 0.125, 5e-23, 1e-22, 4503599627370495.5]
        for _ in range(3000):
            near = source.randrange(-(10**15), 10**15) / 10 ** source.randrange(0, 16)
            tie = (source.randrange(-(10**6), 10**6) + 0.5) / 10**digits
            values += [near, math.nextafter(near, 0), tie, math.nextafter(tie, 9)]
            values += [tie * 2 ** source.randrange(-40, 1), source.randrange(2**20) / 2**20]
        values = [each for each in values if abs(each * 10.0**digits) < 2**52]
        power = floating(10.0**digits)
        unit = unit_of(
            ["float"],
            lambda builder, args, power=power: [  # type: ignore[misc]
                builder.op("round_digits", "float", *args, power)
            ],
        )
        for value, (status, got) in zip(
            values, run(unit, [[each] for each in values]), strict=True
        ):
            assert status == 0
            assert same(got, round(value, digits)), (value, digits)


def test_ints_and_floats_are_compared_exactly() -> None:
    rows = pairs(INTS, FLOATS, 5)
    unit = unit_of(("int", "float"), lambda b, args: [b.op("compare_exact", "int", *args)])
    for (a, b), (_, value) in zip(rows, run(unit, rows), strict=True):
        expected = 2 if math.isnan(b) else (a > b) - (a < b)
        assert value == expected, (a, b)


@pytest.mark.parametrize(("kind", "bits", "most"), [("int", 62, 18), ("wide", 126, 37)])
def test_scaling_down_is_half_even(kind: Kind, bits: int, most: int) -> None:
    source = random.Random(6)
    for exponent in (1, 2, 9, 10, 17, 18, 19, 28, 37):
        if exponent > most:
            continue
        half = 5 * 10 ** (exponent - 1)
        values = [0, 1, -1, half, -half, 3 * half, half + 1, half - 1, -3 * half, 2**bits - 1]
        values += [
            source.getrandbits(source.randrange(1, bits)) - 2 ** (bits - 2) for _ in range(200)
        ]
        values = [value for value in values if abs(value) < 2**bits]
        unit = unit_of(
            (kind,),
            lambda b, args, by=exponent: [b.op("scale_down", kind, args[0], integer(by))],  # type: ignore[misc]
        )
        for value, (_, found) in zip(
            values, run(unit, [(value,) for value in values]), strict=True
        ):
            exact = Decimal(value).scaleb(-exponent, EXACT)
            assert found == int(exact.to_integral_value(ROUND_HALF_EVEN, EXACT)), (value, exponent)


@pytest.mark.parametrize(("kind", "bits"), [("int", 62), ("wide", 126)])
def test_quotients_are_half_even(kind: Kind, bits: int) -> None:
    source = random.Random(7)
    rows = [(5, 2), (7, 2), (-5, 2), (5, -2), (1, 3), (0, 7), (2**bits - 1, 1), (-(2**bits) + 1, 3)]
    for _ in range(500):
        divisor = source.getrandbits(source.randrange(1, bits)) + 1
        rows.append((source.getrandbits(source.randrange(1, bits)), divisor))
        rows.append((-divisor * (2 * source.randrange(5) + 1) // 2, divisor))
    rows = [row for row in rows if abs(row[0]) < 2**bits]
    unit = unit_of((kind, kind), lambda b, args: [b.op("div_even", kind, *args)])
    for (a, b), (_, found) in zip(rows, run(unit, rows), strict=True):
        quotient, rest = divmod(abs(a), abs(b))
        size = quotient + (2 * rest > abs(b) or (2 * rest == abs(b) and quotient % 2 == 1))
        assert found == (-size if (a < 0) != (b < 0) else size), (a, b)


@pytest.mark.parametrize(
    ("name", "python"),
    [("add", lambda a, b: a + b), ("sub", lambda a, b: a - b), ("mul", lambda a, b: a * b)],
)
def test_what_does_not_fit_fails_at_its_site(name: Any, python: Callable[[int, int], int]) -> None:
    rows = pairs(INTS, INTS, 8)
    unit = unit_of(("int", "int"), lambda b, args: [b.checked(name, args[0], args[1], 7)])
    for (a, b), found in zip(rows, run(unit, rows), strict=True):
        exact = python(a, b)
        assert found == ((0, exact) if LEAST <= exact <= MOST else (7, 0)), (a, b)
