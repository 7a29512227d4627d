"""Checked arithmetic: what Python's operators and functions do otherwise than the language."""

from __future__ import annotations

import decimal
import math
from datetime import time, timedelta
from decimal import Decimal
from typing import TypeVar

from .errors import IntentError, fail
from .evaluation import CONTEXT

__all__ = [
    "ceil_int",
    "clamp",
    "decimal_pow",
    "decimal_sqrt",
    "exp",
    "fit",
    "float_pow",
    "floor_div",
    "floor_int",
    "i64",
    "int_pow",
    "log",
    "log10",
    "modulo",
    "round_decimal",
    "round_float",
    "round_int",
    "round_whole",
    "sign",
    "sqrt",
    "time_of_day",
    "wide_pow",
]

Ordered = TypeVar("Ordered")

_ONE = Decimal(1)
_scales = [Decimal((0, (1,), -scale)) for scale in range(29)]


def i64(value: int) -> int:
    """An int that must fit 64 bits."""
    if -0x8000_0000_0000_0000 <= value <= 0x7FFF_FFFF_FFFF_FFFF:
        return value
    raise IntentError("overflow", "the int does not fit 64 bits")


def fit(value: Decimal | int, precision: int, scale: int) -> Decimal:
    """A decimal rounded half-even to ``scale`` places, which must leave at most ``precision`` digits."""
    exact = value if isinstance(value, Decimal) else Decimal(value)
    try:
        result = exact.quantize(_scales[scale], decimal.ROUND_HALF_EVEN, CONTEXT)
    except decimal.InvalidOperation:
        fail("overflow", f"the value does not fit decimal({precision}, {scale})")
    if not result:
        return abs(result)
    if result.adjusted() + scale >= precision:
        fail("overflow", f"the value does not fit decimal({precision}, {scale})")
    return result


def floor_div(left: Decimal, right: Decimal) -> Decimal:
    """``//`` of decimals, towards minus infinity."""
    _divisible(right)
    try:
        quotient = CONTEXT.divide_int(left, right)
        rest = CONTEXT.remainder(left, right)
        if rest and (rest < 0) != (right < 0):
            quotient = CONTEXT.subtract(quotient, _ONE)
    except (decimal.Overflow, decimal.InvalidOperation):
        fail("overflow", "the decimal is too large")
    return quotient


def modulo(left: Decimal, right: Decimal) -> Decimal:
    """``%`` of decimals, with the sign of the divisor."""
    _divisible(right)
    try:
        rest = CONTEXT.remainder(left, right)
        if rest and (rest < 0) != (right < 0):
            rest = CONTEXT.add(rest, right)
    except (decimal.Overflow, decimal.InvalidOperation):
        fail("overflow", "the decimal is too large")
    return rest


def _divisible(right: Decimal) -> None:
    if not right:
        fail("division_by_zero", "division by zero")


def sign(value: float | Decimal) -> int:
    """-1, 0 or 1."""
    if isinstance(value, float) and math.isnan(value):
        fail("domain", "NaN has no sign")
    return int(value > 0) - int(value < 0)


def _whole(value: float | Decimal) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        fail("domain", "NaN and infinities have no whole number near")
    if isinstance(value, Decimal) and value.adjusted() > 29:
        fail("overflow", "the int does not fit 64 bits")


def round_whole(value: float | Decimal) -> int:
    """The nearest int, half-even."""
    _whole(value)
    return i64(round(value))


def floor_int(value: float | Decimal) -> int:
    """The largest int that is not above."""
    _whole(value)
    return i64(math.floor(value))


def ceil_int(value: float | Decimal) -> int:
    """The smallest int that is not below."""
    _whole(value)
    return i64(math.ceil(value))


def round_int(value: int, digits: int) -> int:
    """To tens, hundreds, … where ``digits`` is negative, half-even."""
    if digits >= 0:
        return value
    return 0 if -digits > value.bit_length() else round(value, digits)


def round_float(value: float, digits: int) -> float:
    """At ``digits`` places, half-even on the exact value."""
    try:
        return round(value, digits)
    except OverflowError:
        fail("overflow", "the rounded value does not fit a float")


def round_decimal(value: Decimal, digits: int) -> Decimal:
    """At ``digits`` places where there are more, half-even."""
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or -exponent <= digits:
        return value
    if digits <= 0 and (not value or -digits > value.adjusted() + 1):
        return Decimal(0)
    try:
        result = value.quantize(Decimal((0, (1,), -digits)), decimal.ROUND_HALF_EVEN, CONTEXT)
        if digits < 0:
            result = result.quantize(_ONE, decimal.ROUND_HALF_EVEN, CONTEXT)
    except decimal.InvalidOperation:
        fail("overflow", "the rounded value has more than 28 digits")
    return result


def clamp(value: Ordered, low: Ordered, high: Ordered) -> Ordered:
    """``value`` between ``low`` and ``high``."""
    if isinstance(value, time) and isinstance(low, time) and isinstance(high, time):
        ordered = _clamped(time_of_day(value), time_of_day(low), time_of_day(high))
    else:
        ordered = _clamped(value, low, high)
    return (low, value, high)[ordered + 1]


def time_of_day(value: time) -> timedelta:
    """The time since midnight UTC."""
    since = timedelta(
        hours=value.hour,
        minutes=value.minute,
        seconds=value.second,
        microseconds=value.microsecond,
    )
    return since - (value.utcoffset() or timedelta())


def _clamped(value: object, low: object, high: object) -> int:
    """-1 where the value is below, 1 where it is above, else 0."""
    if not low <= high:  # type: ignore[operator]  # one type that has an order
        fail("domain", "the bounds of clamp are in the wrong order")
    if value < low:  # type: ignore[operator]
        return -1
    return 1 if high < value else 0  # type: ignore[operator]


def int_pow(base: int, exponent: int) -> int:
    """A power within 64 bits."""
    if exponent < 0:
        fail("domain", "a negative power of an int is no int")
    if abs(base) > 1:
        return i64(base ** min(exponent, 64))
    small = exponent if exponent < 2 else 2 + exponent % 2
    return int(base**small)


def wide_pow(base: int, exponent: int) -> int:
    """A power of at most 1,000,000 bits."""
    if exponent < 0:
        fail("domain", "a negative power of a bigint is no bigint")
    if abs(base) <= 1:
        return int_pow(base, exponent)
    if base.bit_length() * exponent > 1_000_000:
        fail("overflow", "the power has more than 1,000,000 bits")
    return int(base**exponent)


def decimal_pow(base: Decimal, exponent: int) -> Decimal:
    """A power at 28 digits."""
    if exponent == 0:
        return _ONE
    if not base and exponent < 0:
        fail("division_by_zero", "division by zero")
    try:
        return CONTEXT.power(base, Decimal(exponent))
    except (decimal.Overflow, decimal.InvalidOperation):
        fail("overflow", "the decimal is too large")


def float_pow(base: float, exponent: float) -> float:
    """C's ``pow``, with infinity for what is too large."""
    if base == 0.0 and exponent < 0.0:
        fail("division_by_zero", "division by zero")
    try:
        return math.pow(base, exponent)
    except OverflowError:
        return -math.inf if base < 0.0 and exponent % 2.0 == 1.0 else math.inf
    except ValueError:
        fail("domain", "a power of a negative number that is not whole")


def sqrt(value: float) -> float:
    """The square root."""
    if value < 0.0:
        fail("domain", "the square root of a negative number")
    return math.sqrt(value)


def decimal_sqrt(value: Decimal) -> Decimal:
    """The square root at 28 digits."""
    if value < 0:
        fail("domain", "the square root of a negative number")
    return CONTEXT.sqrt(value)


def exp(value: float) -> float:
    """Euler's number to the power, with infinity for what is too large."""
    try:
        return math.exp(value)
    except OverflowError:
        return math.inf


def log(value: float) -> float:
    """The natural logarithm."""
    if value <= 0.0:
        fail("domain", "the logarithm of zero or a negative number")
    return math.log(value)


def log10(value: float) -> float:
    """The logarithm to base 10."""
    if value <= 0.0:
        fail("domain", "the logarithm of zero or a negative number")
    return math.log10(value)
