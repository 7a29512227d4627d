"""The builtin functions over numbers."""

from __future__ import annotations

import decimal
import math
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from hyper.ir.interpreter.arithmetic import (
    CONTEXT,
    ZERO,
    division_by_zero,
    int64,
    overflow,
    positive_zero,
)
from hyper.ir.interpreter.comparison import is_nan, less
from hyper.ir.interpreter.values import EvaluationError, Value
from hyper.lang.types import BIGINT, FLOAT, Dec, Type

if TYPE_CHECKING:
    from collections.abc import Callable

WIDEST_POWER = 1_000_000
"""Bits that a power of a bigint may have."""


def _domain(message: str) -> EvaluationError:
    return EvaluationError("domain", message)


def _abs(value: Value) -> Value:
    if isinstance(value, Decimal):
        return positive_zero(CONTEXT.abs(value))
    if isinstance(value, timedelta):
        try:
            return abs(value)
        except OverflowError:
            raise overflow("the duration is out of 999,999,999 days") from None
    return abs(value)


def _sign(value: Value) -> int:
    if is_nan(value):
        raise _domain("NaN has no sign")
    return int(value > 0) - int(value < 0)


def _finite(value: Value) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise _domain("NaN and infinities have no whole number near")
    if isinstance(value, Decimal) and value.adjusted() > CONTEXT.prec + 1:
        raise overflow("the int does not fit 64 bits")


def _nearest(value: Value) -> int:
    _finite(value)
    if isinstance(value, Decimal):
        return int(value.to_integral_value(decimal.ROUND_HALF_EVEN))
    whole: int = round(value)
    return whole


def _floor(value: Value) -> int:
    _finite(value)
    whole: int = math.floor(value)
    return whole


def _ceil(value: Value) -> int:
    _finite(value)
    whole: int = math.ceil(value)
    return whole


def _round_int(value: int, digits: int) -> int:
    if digits >= 0:
        return value
    if -digits > value.bit_length():
        return 0
    return round(value, digits)


def _round_float(value: float, digits: int) -> float:
    try:
        return round(value, digits)
    except OverflowError:
        raise overflow("the rounded value does not fit a float") from None


def _round_decimal(value: Decimal, digits: int) -> Decimal:
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or -exponent <= digits:
        return value
    if not value or -digits > value.adjusted() + 1:
        return ZERO if digits <= 0 else value.quantize(Decimal((0, (1,), -digits)), context=CONTEXT)
    try:
        result = value.quantize(Decimal((0, (1,), -digits)), context=CONTEXT)
        if digits < 0:
            result = result.quantize(Decimal(1), context=CONTEXT)
    except decimal.InvalidOperation:
        raise overflow("the rounded value has more than 28 digits") from None
    return positive_zero(result)


def _round_to(kind: Type) -> Callable[[Value, int], Value]:
    if isinstance(kind, Dec):
        return _round_decimal
    return _round_float if kind == FLOAT else _round_int


def _clamp(value: Value, low: Value, high: Value) -> Value:
    if is_nan(low) or is_nan(high) or less(high, low):
        raise _domain("the bounds of clamp are in the wrong order")
    if less(value, low):
        return low
    return high if less(high, value) else value


def _int_pow(base: int, exponent: int) -> int:
    if exponent < 0:
        raise _domain("a negative power of an int is no int")
    if abs(base) > 1 and exponent > 63:
        raise overflow("the int does not fit 64 bits")
    if abs(base) <= 1:
        return base**2 if base < 0 and exponent % 2 == 0 else (base if exponent else 1)
    return int64(base**exponent)


def _bigint_pow(base: int, exponent: int) -> int:
    if exponent < 0:
        raise _domain("a negative power of a bigint is no bigint")
    if abs(base) <= 1:
        return _int_pow(base, exponent)
    if base.bit_length() * exponent > WIDEST_POWER:
        raise overflow("the power has more than 1,000,000 bits")
    return int(base**exponent)


def _decimal_pow(base: Decimal, exponent: int) -> Decimal:
    if exponent == 0:
        return Decimal(1)
    if not base and exponent < 0:
        raise division_by_zero()
    try:
        return positive_zero(CONTEXT.power(base, Decimal(exponent)))
    except (decimal.Overflow, decimal.InvalidOperation):
        raise overflow("the decimal is too large") from None


def _float_pow(base: float, exponent: float) -> float:
    if base == 0.0 and exponent < 0.0:
        raise division_by_zero()
    try:
        return math.pow(base, exponent)
    except OverflowError:
        return -math.inf if base < 0.0 and exponent % 2.0 == 1.0 else math.inf
    except ValueError:
        raise _domain("a power of a negative number that is not whole") from None


def _pow_of(kinds: list[Type]) -> Callable[[Value, Value], Value]:
    first = kinds[0]
    if isinstance(first, Dec):
        return _decimal_pow
    if FLOAT in kinds:
        return _float_pow
    return _bigint_pow if first == BIGINT else _int_pow


def _sqrt(value: Value) -> Value:
    if value < 0:
        raise _domain("the square root of a negative number")
    if isinstance(value, Decimal):
        return positive_zero(CONTEXT.sqrt(value))
    return math.sqrt(value)


def _exp(value: float) -> float:
    try:
        return math.exp(value)
    except OverflowError:
        return math.inf


def _log(value: float) -> float:
    if value <= 0.0:
        raise _domain("the logarithm of zero or a negative number")
    return math.log(value)


def _log10(value: float) -> float:
    if value <= 0.0:
        raise _domain("the logarithm of zero or a negative number")
    return math.log10(value)


NUMBERS: dict[str, Callable[..., Value]] = {
    "abs": _abs,
    "sign": _sign,
    "round": _nearest,
    "floor": _floor,
    "ceil": _ceil,
    "clamp": _clamp,
    "pow": _int_pow,
    "sqrt": _sqrt,
    "exp": _exp,
    "log": _log,
    "log10": _log10,
    "is_nan": math.isnan,
    "is_finite": math.isfinite,
    "is_infinite": math.isinf,
}


def choose(name: str, kinds: list[Type]) -> Callable[..., Value]:
    """The function for arguments of these types."""
    if name == "round" and len(kinds) > 1:
        return _round_to(kinds[0])
    if name == "pow":
        return _pow_of(kinds)
    return NUMBERS[name]
