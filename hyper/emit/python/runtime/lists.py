"""Lists, generators and maps: aggregates, and what Python's own functions do otherwise than the language."""

from __future__ import annotations

import math
from datetime import time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar, overload

from pydantic import BaseModel

from .arithmetic import i64, time_of_day
from .errors import fail
from .evaluation import CONTEXT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = [
    "average",
    "contains",
    "count",
    "distinct",
    "equal",
    "first",
    "flatten",
    "float_sum",
    "has",
    "in_order",
    "index_of",
    "int_average",
    "int_sum",
    "is_in",
    "item",
    "largest",
    "last",
    "less",
    "less_equal",
    "look_up",
    "merge",
    "part",
    "present",
    "smallest",
    "wide_average",
]

T = TypeVar("T")
N = TypeVar("N", float, Decimal, timedelta)


def item(items: Sequence[T], index: int) -> T:
    """The item at ``index``, counted from 0."""
    if not 0 <= index < len(items):
        fail("out_of_bounds", f"no item {index} among {len(items)}")
    return items[index]


def part(items: list[T], start: int, end: int | None = None) -> list[T]:
    """The items from ``start`` up to ``end``."""
    stop = len(items) if end is None else end
    if not 0 <= start <= stop <= len(items):
        fail("out_of_bounds", f"{start} to {stop} is no part of {len(items)} items")
    return items[start:stop]


def first(items: Iterable[T]) -> T | None:
    """The first item, or ``None``."""
    return next(iter(items), None)


def last(items: Iterable[T]) -> T | None:
    """The last item, or ``None``."""
    found = None
    for found in items:  # noqa: B007  # the last one is what is asked for
        pass
    return found


def count(items: Iterable[object]) -> int:
    """How many there are."""
    return sum(1 for _ in items)


def int_sum(values: Iterable[int]) -> int:
    """The sum, every step of which must fit 64 bits."""
    total = 0
    for value in values:
        total = i64(total + value)
    return total


def float_sum(values: Iterable[float]) -> float:
    """The sum from the left, rounded at every step."""
    total = 0.0
    for value in values:
        total += value
    return total


def int_average(values: Iterable[int]) -> float:
    """The sum over the count, correctly rounded; every step of the sum must fit 64 bits."""
    total = counted = 0
    for value in values:
        total = i64(total + value)
        counted += 1
    if not counted:
        fail("empty", "avg of nothing")
    return total / counted


def wide_average(values: Iterable[int]) -> float:
    """The exact sum over the count, correctly rounded."""
    items = list(values)
    if not items:
        fail("empty", "avg of nothing")
    try:
        return sum(items) / len(items)
    except OverflowError:
        fail("overflow", "the quotient does not fit a float")


def average(values: Iterable[N]) -> N:
    """The sum from the left over the count."""
    total: Any = None
    counted = 0
    try:
        for value in values:
            total = _zero(value) + value if total is None else total + value
            counted += 1
    except OverflowError:
        fail("overflow", "the sum does not fit its type")
    if not counted:
        fail("empty", "avg of nothing")
    if isinstance(total, Decimal):
        return CONTEXT.divide(total, Decimal(counted))  # type: ignore[return-value]
    result: N = total / counted
    return result


def _zero(value: object) -> Any:
    return type(value)()


def less(left: Any, right: Any) -> bool:
    """``<``; a time without an offset counts as UTC."""
    if isinstance(left, time):
        return time_of_day(left) < time_of_day(right)
    return bool(left < right)


def less_equal(left: Any, right: Any) -> bool:
    """``<=``; a time without an offset counts as UTC."""
    if isinstance(left, time):
        return time_of_day(left) <= time_of_day(right)
    return bool(left <= right)


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)


def smallest(values: Iterable[T]) -> T:
    """The smallest, the earliest of equal ones; NaN where there is one."""
    best: T | None = None
    for value in values:
        if best is None or (not _is_nan(best) and (_is_nan(value) or less(value, best))):
            best = value
    if best is None:
        fail("empty", "min of nothing")
    return best


def largest(values: Iterable[T]) -> T:
    """The largest, the earliest of equal ones; NaN where there is one."""
    best: T | None = None
    for value in values:
        if best is None or (not _is_nan(best) and (_is_nan(value) or less(best, value))):
            best = value
    if best is None:
        fail("empty", "max of nothing")
    return best


def in_order(values: Iterable[T]) -> list[T]:
    """In rising order, stable; NaNs last."""
    items = list(values)
    nans = [value for value in items if _is_nan(value)]
    rest: list[Any] = [value for value in items if not _is_nan(value)]
    if rest and isinstance(rest[0], time):
        rest.sort(key=time_of_day)
    else:
        rest.sort()
    return rest + nans


def equal(left: object, right: object) -> bool:
    """Whether two values are equal, by value and deep; NaN is equal to nothing."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list):
        return isinstance(right, list) and len(left) == len(right) and all(map(equal, left, right))
    if isinstance(left, dict):
        return isinstance(right, dict) and _equal_maps(left, right)
    if isinstance(left, BaseModel):
        return type(left) is type(right) and _equal_maps(present(left), present(right))
    if isinstance(left, time) and isinstance(right, time):
        return time_of_day(left) == time_of_day(right)
    return left == right


def _equal_maps(left: Mapping[str, object], right: Mapping[str, object]) -> bool:
    return left.keys() == right.keys() and all(equal(left[key], right[key]) for key in left)


def present(record: object) -> dict[str, Any]:
    """The fields of a record that are there, by wire name, and what else it has."""
    if not isinstance(record, BaseModel):
        return {}
    given = record.model_fields_set
    found: dict[str, Any] = {}
    for name, field in type(record).__pydantic_fields__.items():
        value = getattr(record, name)
        if value is None and field.default is None and (field.exclude_if or name not in given):
            continue
        found[field.alias or name] = value
    found.update(record.__pydantic_extra__ or {})
    return found


def contains(items: Iterable[object], value: object) -> bool:
    """Whether an item equals ``value``."""
    return any(equal(each, value) for each in items)


@overload
def index_of(items: str, value: str) -> int | None: ...
@overload
def index_of(items: list[T], value: T) -> int | None: ...
def index_of(items: Any, value: Any) -> int | None:
    """Where ``value`` first is, from 0, or ``None``."""
    if isinstance(items, str):
        at = items.find(value)
        return None if at < 0 else at
    return next((index for index, each in enumerate(items) if equal(each, value)), None)


def distinct(items: list[T]) -> list[T]:
    """Without the items that equal an earlier one."""
    found: list[T] = []
    for each in items:
        if not contains(found, each):
            found.append(each)
    return found


def flatten(items: list[list[T]]) -> list[T]:
    """The items of the lists, one after the other."""
    return [each for inner in items for each in inner]


def is_in(value: object, items: Iterable[object]) -> bool:
    """Whether an item equals ``value``, which is evaluated first."""
    return contains(items, value)


def has(whole: Any, part: object) -> bool:
    """``part in whole``, with ``whole`` evaluated first."""
    return part in whole


def merge(left: dict[str, T], right: dict[str, T]) -> dict[str, T]:
    """The entries of both; the second map's values win."""
    return {**left, **right}


def look_up(entries: Mapping[str, T], key: str) -> T | None:
    """The value of a key, or ``None``."""
    return entries.get(key)
