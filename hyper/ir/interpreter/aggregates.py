"""Aggregates: folds over the elements of a list or generator, in order, one at a time."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from hyper.ir.interpreter.arithmetic import (
    CONTEXT,
    ZERO,
    add_durations,
    decimal_add,
    int64,
    int_divide,
    positive_zero,
)
from hyper.ir.interpreter.comparison import in_order, is_nan, less
from hyper.ir.interpreter.values import EvaluationError, Value
from hyper.lang.types import DURATION, FLOAT, INT, Dec, Type

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Fold = Callable[[Iterator[Value]], Value]


def _empty(name: str) -> EvaluationError:
    return EvaluationError("empty", f"{name} of nothing")


def _adder(kind: Type) -> tuple[Value, Callable[[Value, Value], Value]]:
    if isinstance(kind, Dec):
        return ZERO, decimal_add
    if kind == INT:
        return 0, lambda total, value: int64(total + value)
    if kind == FLOAT:
        return 0.0, lambda total, value: total + value
    if kind == DURATION:
        return timedelta(), add_durations
    return 0, lambda total, value: total + value


def _sum(kind: Type) -> Fold:
    zero, add = _adder(kind)

    def fold(values: Iterator[Value]) -> Value:
        total = zero
        for value in values:
            total = add(total, value)
        return total

    return fold


def _mean(kind: Type, total: Value, count: int) -> Value:
    if isinstance(kind, Dec):
        return positive_zero(CONTEXT.divide(total, CONTEXT.create_decimal(count)))
    if kind == FLOAT:
        return total / float(count)
    if kind == DURATION:
        return total / count
    return int_divide(total, count)


def _avg(kind: Type) -> Fold:
    zero, add = _adder(kind)

    def fold(values: Iterator[Value]) -> Value:
        total = zero
        count = 0
        for value in values:
            total = add(total, value)
            count += 1
        if not count:
            raise _empty("avg")
        return _mean(kind, total, count)

    return fold


def _count(_kind: Type) -> Fold:
    return lambda values: sum(1 for _ in values)


def _extreme(name: str, better: Callable[[Value, Value], bool]) -> Callable[[Type], Fold]:
    def fold(values: Iterator[Value]) -> Value:
        best: Value = None
        for value in values:
            if best is None or (not is_nan(best) and (is_nan(value) or better(value, best))):
                best = value
        if best is None:
            raise _empty(name)
        return best

    return lambda _kind: fold


def _any(_kind: Type) -> Fold:
    return any


def _all(_kind: Type) -> Fold:
    return all


def _first(_kind: Type) -> Fold:
    return lambda values: next(values, None)


def _sorted(_kind: Type) -> Fold:
    return in_order


AGGREGATES: dict[str, Callable[[Type], Fold]] = {
    "sum": _sum,
    "avg": _avg,
    "count": _count,
    "min": _extreme("min", less),
    "max": _extreme("max", lambda value, best: less(best, value)),
    "any": _any,
    "all": _all,
    "first": _first,
    "sorted": _sorted,
}
"""By name, for the type of the elements."""
