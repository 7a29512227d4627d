"""Equality and order of values.

Equality is by value and deep. Python's own is not that everywhere: ``True == 1``, a list finds NaN equal to itself by identity.
"""

from __future__ import annotations

import math
from datetime import time, timedelta
from typing import TYPE_CHECKING

from hyper.ir.interpreter.values import Record, Value

if TYPE_CHECKING:
    from collections.abc import Iterable


def time_key(value: time) -> timedelta:
    """A time as the time since midnight UTC, which may fall outside of the day."""
    since = timedelta(
        hours=value.hour,
        minutes=value.minute,
        seconds=value.second,
        microseconds=value.microsecond,
    )
    return since - (value.utcoffset() or timedelta())


def _equal_maps(left: dict[str, Value], right: dict[str, Value]) -> bool:
    return left.keys() == right.keys() and all(equal(left[key], right[key]) for key in left)


def equal(left: Value, right: Value) -> bool:
    """Whether two values are equal. Values of different kinds are not, but numbers compare by value."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list):
        return (
            isinstance(right, list)
            and len(left) == len(right)
            and all(equal(a, b) for a, b in zip(left, right, strict=True))
        )
    if isinstance(left, dict):
        return isinstance(right, dict) and _equal_maps(left, right)
    if isinstance(left, Record):
        return (
            isinstance(right, Record)
            and left.entity == right.entity
            and _equal_maps(left.fields, right.fields)
            and _equal_maps(left.extras, right.extras)
        )
    if isinstance(left, time) and isinstance(right, time):
        return time_key(left) == time_key(right)
    return bool(left == right)


def contains(items: Iterable[Value], item: Value) -> bool:
    """Whether one of the items equals ``item``."""
    return any(equal(each, item) for each in items)


def less(left: Value, right: Value) -> bool:
    """``<`` of two values of one type that has an order, or of an int and a float."""
    if isinstance(left, time):
        return time_key(left) < time_key(right)
    return bool(left < right)


def less_equal(left: Value, right: Value) -> bool:
    """``<=``: not the negation of ``>``, for NaN."""
    if isinstance(left, time):
        return time_key(left) <= time_key(right)
    return bool(left <= right)


def is_nan(value: Value) -> bool:
    """Whether a value of any type is the float NaN."""
    return isinstance(value, float) and math.isnan(value)


def in_order(values: Iterable[Value]) -> list[Value]:
    """The values in rising order, stable; NaNs last."""
    ordered = list(values)
    nans = [value for value in ordered if is_nan(value)]
    rest = [value for value in ordered if not is_nan(value)] if nans else ordered
    key = time_key if rest and isinstance(rest[0], time) else None
    return sorted(rest, key=key) + nans
