"""Arithmetic of the numeric types and of time: what each operator gives, or which error.

Functions here take values of one type and know nothing of the IR.
"""

from __future__ import annotations

import decimal
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from hyper.ir.interpreter.values import EvaluationError

if TYPE_CHECKING:
    from datetime import date, datetime

MIN64 = -(2**63)
MAX64 = 2**63 - 1

CONTEXT = decimal.Context(
    prec=28,
    rounding=decimal.ROUND_HALF_EVEN,
    Emin=-999999,
    Emax=999999,
    capitals=1,
    clamp=0,
    flags=[],
    traps=[decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow],
)
"""The arithmetic of every decimal operation. Explicit in all its parts: Python's default context is
a global that any library may change."""

ZERO = Decimal(0)


def overflow(what: str) -> EvaluationError:
    """The error of a value that does not fit its type."""
    return EvaluationError("overflow", what)


def division_by_zero() -> EvaluationError:
    """The error of every division by zero."""
    return EvaluationError("division_by_zero", "division by zero")


def int64(value: int) -> int:
    """An ``int`` that must fit 64 bits."""
    if MIN64 <= value <= MAX64:
        return value
    raise overflow("the int does not fit 64 bits")


def int_divide(left: int, right: int) -> float:
    """``/`` of ints and bigints: the float nearest to the exact quotient."""
    if right == 0:
        raise division_by_zero()
    try:
        return left / right
    except OverflowError:
        raise overflow("the quotient does not fit a float") from None


def int_floordiv(left: int, right: int) -> int:
    """``//`` of ints, towards minus infinity."""
    if right == 0:
        raise division_by_zero()
    return left // right


def int_mod(left: int, right: int) -> int:
    """``%`` of ints, with the sign of the divisor."""
    if right == 0:
        raise division_by_zero()
    return left % right


def float_divide(left: float, right: float) -> float:
    """``/`` of floats; zero divides nothing, not even NaN."""
    if right == 0.0:
        raise division_by_zero()
    return left / right


def float_floordiv(left: float, right: float) -> float:
    """``//`` of floats, as Python's."""
    if right == 0.0:
        raise division_by_zero()
    return left // right


def float_mod(left: float, right: float) -> float:
    """``%`` of floats, as Python's."""
    if right == 0.0:
        raise division_by_zero()
    return left % right


def positive_zero(value: Decimal) -> Decimal:
    """The decimal itself, or zero without its sign."""
    return value or value.copy_abs()


def decimal_add(left: Decimal, right: Decimal) -> Decimal:
    """``+`` of decimals."""
    try:
        return positive_zero(CONTEXT.add(left, right))
    except decimal.Overflow:
        raise overflow("the decimal is too large") from None


def decimal_sub(left: Decimal, right: Decimal) -> Decimal:
    """``-`` of decimals."""
    try:
        return positive_zero(CONTEXT.subtract(left, right))
    except decimal.Overflow:
        raise overflow("the decimal is too large") from None


def decimal_mul(left: Decimal, right: Decimal) -> Decimal:
    """``*`` of decimals."""
    try:
        return positive_zero(CONTEXT.multiply(left, right))
    except decimal.Overflow:
        raise overflow("the decimal is too large") from None


def decimal_divide(left: Decimal, right: Decimal) -> Decimal:
    """``/`` of decimals, at 28 digits."""
    if not right:
        raise division_by_zero()
    try:
        return positive_zero(CONTEXT.divide(left, right))
    except decimal.Overflow:
        raise overflow("the decimal is too large") from None


def decimal_floordiv(left: Decimal, right: Decimal) -> Decimal:
    """``//`` of decimals, towards minus infinity (Python's own goes towards zero)."""
    if not right:
        raise division_by_zero()
    try:
        quotient = CONTEXT.divide_int(left, right)
        rest = CONTEXT.remainder(left, right)
        if rest and (rest < 0) != (right < 0):
            quotient = CONTEXT.subtract(quotient, Decimal(1))
    except (decimal.Overflow, decimal.InvalidOperation):
        raise overflow("the decimal is too large") from None
    return positive_zero(quotient)


def decimal_mod(left: Decimal, right: Decimal) -> Decimal:
    """``%`` of decimals, with the sign of the divisor (Python's own has that of the dividend)."""
    if not right:
        raise division_by_zero()
    try:
        rest = CONTEXT.remainder(left, right)
        if rest and (rest < 0) != (right < 0):
            rest = CONTEXT.add(rest, right)
    except (decimal.Overflow, decimal.InvalidOperation):
        raise overflow("the decimal is too large") from None
    return positive_zero(rest)


def decimal_neg(value: Decimal) -> Decimal:
    """``-`` before a decimal."""
    return positive_zero(CONTEXT.minus(value))


def quantise(value: Decimal, precision: int, scale: int) -> Decimal:
    """The decimal at a scale, half-even; ``overflow`` where it has more than ``precision`` digits then."""
    try:
        result = value.quantize(Decimal((0, (1,), -scale)), context=CONTEXT)
    except decimal.InvalidOperation:
        result = None
    if result is None or (result and len(result.as_tuple().digits) > precision):
        raise overflow(f"the value does not fit decimal({precision}, {scale})")
    return positive_zero(result)


def add_durations(left: timedelta, right: timedelta) -> timedelta:
    """``+`` of durations."""
    try:
        return left + right
    except OverflowError:
        raise overflow("the duration is out of 999,999,999 days") from None


def sub_durations(left: timedelta, right: timedelta) -> timedelta:
    """``-`` of durations."""
    try:
        return left - right
    except OverflowError:
        raise overflow("the duration is out of 999,999,999 days") from None


def neg_duration(value: timedelta) -> timedelta:
    """``-`` before a duration."""
    try:
        return -value
    except OverflowError:
        raise overflow("the duration is out of 999,999,999 days") from None


def shift(moment: datetime, by: timedelta) -> datetime:
    """``datetime + duration``, keeping the offset."""
    try:
        return moment + by
    except OverflowError:
        raise overflow("the datetime is out of the years 1 to 9999") from None


def shift_back(moment: datetime, by: timedelta) -> datetime:
    """``datetime - duration``, keeping the offset."""
    try:
        return moment - by
    except OverflowError:
        raise overflow("the datetime is out of the years 1 to 9999") from None


def shift_date(day: date, by: timedelta) -> date:
    """``date + duration``: on by ``by.days``, whatever hours are beside them."""
    try:
        return day + timedelta(days=by.days)
    except OverflowError:
        raise overflow("the date is out of the years 1 to 9999") from None


def shift_date_back(day: date, by: timedelta) -> date:
    """``date - duration``: back by ``by.days``, whatever hours are beside them."""
    try:
        return day - timedelta(days=by.days)
    except OverflowError:
        raise overflow("the date is out of the years 1 to 9999") from None
