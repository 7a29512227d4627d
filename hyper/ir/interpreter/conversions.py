"""Written conversions: a value of one type as another, or the error ``conversion`` or ``overflow``."""

from __future__ import annotations

import math
import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

from hyper.ir.interpreter import iso
from hyper.ir.interpreter.arithmetic import CONTEXT, int64, overflow, positive_zero
from hyper.ir.interpreter.values import EnumValue, EvaluationError, Value

if TYPE_CHECKING:
    from collections.abc import Callable

_INT = re.compile(r"[+-]?[0-9]+")
_FLOAT = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_DECIMAL = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_LONGEST = 4300
"""Digits that a text of a number may have: what Python itself reads without being told otherwise."""


def _conversion(text: object, kind: str) -> EvaluationError:
    shown = repr(text) if len(repr(text)) < 60 else f"{repr(text)[:57]}..."
    return EvaluationError("conversion", f"{shown} is no {kind}")


def to_bigint(value: Value) -> int:
    """Of any number towards zero, or of a text of digits."""
    if isinstance(value, str):
        if _INT.fullmatch(value) is None or len(value.lstrip("+-")) > _LONGEST:
            raise _conversion(value, "whole number")
        return int(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise _conversion(value, "whole number")
    return int(value)


def to_int(value: Value) -> int:
    """As ``to_bigint``, within 64 bits."""
    return int64(to_bigint(value))


def to_float(value: Value) -> float:
    """The nearest float: of a decimal too large, infinity; of a bigint too large, ``overflow``."""
    if isinstance(value, str) and _FLOAT.fullmatch(value) is None:
        raise _conversion(value, "number")
    try:
        return float(value)
    except OverflowError:
        raise overflow("the bigint does not fit a float") from None


def to_decimal(value: Value) -> Decimal:
    """A number or a text as a decimal of at most 28 digits."""
    if isinstance(value, Decimal):
        return value
    if isinstance(value, int):
        if abs(value) >= 10**CONTEXT.prec:
            raise overflow("the bigint does not fit 28 digits")
        return Decimal(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise _conversion(value, "decimal")
        return positive_zero(CONTEXT.create_decimal_from_float(value))
    if _DECIMAL.fullmatch(value) is None or len(value) > _LONGEST:
        raise _conversion(value, "decimal")
    return positive_zero(CONTEXT.create_decimal(value))


def show_decimal(value: Decimal) -> str:
    """Digits with the point, never an exponent."""
    return format(value, "f")


def to_string(value: Value) -> str:
    """The text of a value, as ``string(x)`` gives it."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        if abs(value) >= 10**_LONGEST:
            raise overflow("the bigint has more than 4,300 digits")
        return str(value)
    if isinstance(value, Decimal):
        return show_decimal(value)
    if isinstance(value, datetime):
        return iso.show_datetime(value)
    if isinstance(value, time):
        return iso.show_time(value)
    if isinstance(value, timedelta):
        return iso.show_duration(value)
    if isinstance(value, EnumValue):
        return to_string(value.wire)
    return str(value)


def to_date(value: Value) -> date:
    """Of a text, or of a datetime at its own offset."""
    if isinstance(value, datetime):
        return value.date()
    try:
        return iso.read_date(value)
    except ValueError:
        raise _conversion(value, "date") from None


def to_time(value: Value) -> time:
    """Of a text, or of a datetime at its own offset and without it."""
    if isinstance(value, datetime):
        return value.time()
    try:
        return iso.read_time(value)
    except ValueError:
        raise _conversion(value, "time") from None


def to_datetime(value: Value) -> datetime:
    """Of a text."""
    try:
        return iso.read_datetime(value)
    except ValueError:
        raise _conversion(value, "datetime with an offset") from None


def to_duration(value: Value) -> timedelta:
    """Of a text."""
    try:
        return iso.read_duration(value)
    except (ValueError, OverflowError):
        raise _conversion(value, "duration") from None


def to_uuid(value: Value) -> UUID:
    """Of a text."""
    if _UUID.fullmatch(value) is None:
        raise _conversion(value, "uuid")
    return UUID(value)


def is_url(text: str) -> bool:
    """Whether a text is a URL as Pydantic's ``AnyUrl`` has it, which is what the models of a package accept."""
    from pydantic_core import Url

    try:
        Url(text)
    except ValueError:
        return False
    return True


def to_url(value: Value) -> str:
    """A text that is a URL, unchanged."""
    if not is_url(value):
        raise _conversion(value, "url")
    return str(value)


def to_email(value: Value) -> str:
    """A text that is an e-mail address, unchanged."""
    if not is_email(value):
        raise _conversion(value, "email")
    return str(value)


_EMAIL = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
    r"(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*"
)


def is_email(text: str) -> bool:
    """Whether a text is an e-mail address as HTML's ``input type=email`` has it (WHATWG)."""
    return _EMAIL.fullmatch(text) is not None


def nothing(value: Value) -> Value:
    """The value itself, where a conversion has nothing to do."""
    return value


CONVERSIONS: dict[str, Callable[[Value], Value]] = {
    "int": to_int,
    "bigint": to_bigint,
    "float": to_float,
    "decimal": to_decimal,
    "string": to_string,
    "date": to_date,
    "time": to_time,
    "datetime": to_datetime,
    "duration": to_duration,
    "uuid": to_uuid,
    "url": to_url,
    "email": to_email,
}
"""By the name of the type that they give."""
