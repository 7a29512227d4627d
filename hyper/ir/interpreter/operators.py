"""The function of each operator for operands of given types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.ir.interpreter import arithmetic
from hyper.ir.interpreter.comparison import contains, equal, less, less_equal
from hyper.lang.types import (
    BIGINT,
    DATE,
    DATETIME,
    DURATION,
    FLOAT,
    INT,
    Dec,
    ListOf,
    MapOf,
    Type,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.ir.interpreter.machine import Machine
    from hyper.ir.interpreter.values import Value
    from hyper.ir.nodes import BinaryOp

    Operator = Callable[[Value, Value], Value]

_INT: dict[str, Operator] = {
    "add": lambda left, right: arithmetic.int64(left + right),
    "sub": lambda left, right: arithmetic.int64(left - right),
    "mul": lambda left, right: arithmetic.int64(left * right),
    "div": arithmetic.int_divide,
    "floordiv": lambda left, right: arithmetic.int64(arithmetic.int_floordiv(left, right)),
    "mod": arithmetic.int_mod,
}

_FLOAT: dict[str, Operator] = {
    "add": lambda left, right: left + right,
    "sub": lambda left, right: left - right,
    "mul": lambda left, right: left * right,
    "div": arithmetic.float_divide,
    "floordiv": arithmetic.float_floordiv,
    "mod": arithmetic.float_mod,
}

_DECIMAL: dict[str, Operator] = {
    "add": arithmetic.decimal_add,
    "sub": arithmetic.decimal_sub,
    "mul": arithmetic.decimal_mul,
    "div": arithmetic.decimal_divide,
    "floordiv": arithmetic.decimal_floordiv,
    "mod": arithmetic.decimal_mod,
}

_TIME: dict[tuple[Type, str, Type], Operator] = {
    (DATETIME, "sub", DATETIME): lambda left, right: left - right,
    (DATE, "sub", DATE): lambda left, right: left - right,
    (DATETIME, "add", DURATION): arithmetic.shift,
    (DURATION, "add", DATETIME): lambda left, right: arithmetic.shift(right, left),
    (DATETIME, "sub", DURATION): arithmetic.shift_back,
    (DATE, "add", DURATION): arithmetic.shift_date,
    (DURATION, "add", DATE): lambda left, right: arithmetic.shift_date(right, left),
    (DATE, "sub", DURATION): arithmetic.shift_date_back,
    (DURATION, "add", DURATION): arithmetic.add_durations,
    (DURATION, "sub", DURATION): arithmetic.sub_durations,
}

_COMPARISONS: dict[str, Operator] = {
    "eq": equal,
    "ne": lambda left, right: not equal(left, right),
    "lt": less,
    "le": less_equal,
    "gt": lambda left, right: less(right, left),
    "ge": lambda left, right: less_equal(right, left),
}


def _words(value: int) -> int:
    return value.bit_length() // 64 + 1


def _bigint(op: str, machine: Machine) -> Operator:
    multiplies = op == "mul"
    functions: dict[str, Operator] = {
        "add": lambda left, right: left + right,
        "sub": lambda left, right: left - right,
        "mul": lambda left, right: left * right,
        "div": arithmetic.int_divide,
        "floordiv": arithmetic.int_floordiv,
        "mod": arithmetic.int_mod,
    }
    function = functions[op]

    def run(left: int, right: int) -> Value:
        wide, narrow = _words(left), _words(right)
        if wide + narrow > 2:
            machine.step(wide * narrow // 16)
            machine.allocate(8 * (wide + narrow if multiplies else max(wide, narrow)))
        return function(left, right)

    return run


def _joined(machine: Machine, size: int) -> Operator:
    def run(left: Value, right: Value) -> Value:
        machine.allocate(size * (len(left) + len(right)))
        return left + right

    return run


def _membership(kind: Type, machine: Machine) -> Operator:
    if isinstance(kind, ListOf):

        def run(item: Value, items: Value) -> bool:
            machine.step(len(items))
            return contains(items, item)

        return run
    return lambda item, whole: item in whole


def binary(op: BinaryOp, left: Type, right: Type, machine: Machine) -> Operator:
    """The operator for operands of these types, which are free of aliases, markers and optionality."""
    if op == "in":
        return _membership(right, machine)
    if op in _COMPARISONS:
        return _COMPARISONS[op]
    if isinstance(left, Dec):
        return _DECIMAL[op]
    if left == INT:
        return _INT[op]
    if left == FLOAT:
        return _FLOAT[op]
    if left == BIGINT:
        return _bigint(op, machine)
    if (left, op, right) in _TIME:
        return _TIME[left, op, right]
    return _joined(machine, 8 if isinstance(left, ListOf | MapOf) else 1)


def negate(kind: Type) -> Callable[[Value], Value]:
    """``-`` for an operand of that type."""
    if isinstance(kind, Dec):
        return arithmetic.decimal_neg
    if kind == INT:
        return lambda value: arithmetic.int64(-value)
    if kind == DURATION:
        return arithmetic.neg_duration
    return lambda value: -value
