"""Written conversions from one type to another."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import NoReturn
from uuid import UUID

from pydantic_core import Url

from .arithmetic import i64
from .errors import fail
from .evaluation import CONTEXT

__all__ = [
    "to_bigint",
    "to_date",
    "to_datetime",
    "to_decimal",
    "to_duration",
    "to_email",
    "to_float",
    "to_int",
    "to_time",
    "to_url",
    "to_uuid",
]

_INT = re.compile(r"[+-]?[0-9]+")
_FLOAT = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_DECIMAL = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_EMAIL = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
    r"(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*"
)
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_TIME = re.compile(
    r"([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,6}))?(Z|[+-][0-9]{2}:[0-5][0-9])?"
)
_DURATION = re.compile(
    r"(-)?P(?=[0-9T])(?:([0-9]+)W|(?:([0-9]+)D)?"
    r"(?:T(?=[0-9])(?:([0-9]+)H)?(?:([0-9]+)M)?(?:([0-9]+)(?:\.([0-9]{1,6}))?S)?)?)"
)


def _wrong(value: object, kind: str) -> NoReturn:
    shown = repr(value)
    fail("conversion", f"{shown if len(shown) < 60 else shown[:57] + '...'} is no {kind}")


def to_bigint(value: float | Decimal | str) -> int:
    """A number towards zero, or a text of digits."""
    if isinstance(value, str):
        if not _INT.fullmatch(value) or len(value.lstrip("+-")) > 4300:
            _wrong(value, "whole number")
    elif isinstance(value, float) and not math.isfinite(value):
        _wrong(value, "whole number")
    return int(value)


def to_int(value: float | Decimal | str) -> int:
    """The same, within 64 bits."""
    return i64(to_bigint(value))


def to_float(value: float | Decimal | str) -> float:
    """The nearest float."""
    if isinstance(value, str) and not _FLOAT.fullmatch(value):
        _wrong(value, "number")
    try:
        return float(value)
    except OverflowError:
        fail("overflow", "the bigint does not fit a float")


def to_decimal(value: float | Decimal | str) -> Decimal:
    """A decimal of at most 28 digits."""
    if isinstance(value, Decimal):
        return value
    if isinstance(value, int):
        if abs(value) >= 10**28:
            fail("overflow", "the bigint does not fit 28 digits")
        return Decimal(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            _wrong(value, "decimal")
        found = CONTEXT.create_decimal_from_float(value)
        return found or found.copy_abs()
    if not _DECIMAL.fullmatch(value) or len(value) > 4300:
        _wrong(value, "decimal")
    found = CONTEXT.create_decimal(value)
    # No decimal has a negative zero.
    return found or found.copy_abs()


def _date(text: str) -> date:
    match = _DATE.fullmatch(text)
    if not match:
        raise ValueError(text)
    return date(*map(int, match.groups()))


def _time(text: str) -> time:
    match = _TIME.fullmatch(text)
    if not match:
        raise ValueError(text)
    hour, minute, second, fraction, offset = match.groups()
    zone = None
    if offset == "Z":
        zone = UTC
    elif offset:
        away = timedelta(hours=int(offset[1:3]), minutes=int(offset[4:6]))
        zone = timezone(-away if offset[0] == "-" else away)
    micros = int((fraction or "").ljust(6, "0"))
    return time(int(hour), int(minute), int(second), micros, zone)


def to_date(value: str | datetime) -> date:
    """Of a text, or of a datetime at its own offset."""
    if isinstance(value, datetime):
        return value.date()
    try:
        return _date(value)
    except ValueError:
        _wrong(value, "date")


def to_time(value: str | datetime) -> time:
    """Of a text, or of a datetime at its own offset and without it."""
    if isinstance(value, datetime):
        return value.time()
    try:
        return _time(value)
    except ValueError:
        _wrong(value, "time")


def to_datetime(value: str) -> datetime:
    """Of a text in RFC 3339."""
    day, _, moment = value.partition("T")
    try:
        result = datetime.combine(_date(day), _time(moment))
    except ValueError:
        _wrong(value, "datetime with an offset")
    if result.tzinfo is None:
        _wrong(value, "datetime with an offset")
    return result


def to_duration(value: str) -> timedelta:
    """Of a text in ISO 8601, without years and months."""
    match = _DURATION.fullmatch(value)
    if not match:
        _wrong(value, "duration")
    sign = -1 if match[1] else 1
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in match.groups()[1:6])
    total = (((weeks * 7 + days) * 24 + hours) * 60 + minutes) * 60 + seconds
    micros = total * 1_000_000 + int((match[7] or "").ljust(6, "0"))
    try:
        return timedelta(microseconds=sign * micros)
    except OverflowError:
        _wrong(value, "duration")


def to_uuid(value: str) -> UUID:
    """Of a text with hyphens."""
    if not _UUID.fullmatch(value):
        _wrong(value, "uuid")
    return UUID(value)


def to_url(value: str) -> str:
    """A text that is a URL, unchanged."""
    try:
        Url(value)
    except ValueError:
        _wrong(value, "url")
    return value


def to_email(value: str) -> str:
    """A text that is an e-mail address, unchanged."""
    if not _EMAIL.fullmatch(value):
        _wrong(value, "email")
    return value
