"""Whether a call of machine code from Python is worth it: where a function only compares and passes on, taking decimals and dates
apart and making them again costs more than all that Python does.

Nanoseconds, measured on x86-64 with CPython 3.11; what counts is how they are to each other, which is much the same elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hyper.ir import nodes
from hyper.ir.program import CalcDef
from hyper.ir.types import Dec, Enum, Prim

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hyper.ir.program import RuleDef, TableDef
    from hyper.jit.objects.boxed import Boxed

_CALL: Final = 16.0
_TAKEN: Final = {"decimal": 31.0, "wide": 45.0, "date": 20.0, "text": 8.0}
_GIVEN: Final = {"decimal": 40.0, "wide": 150.0, "date": 85.0}
_PLAIN: Final = 2.0
_ATTRIBUTE: Final = 17.0

_PYTHON_CALL: Final = 24.0
_PYTHON_ATTRIBUTE: Final = 16.0
_PYTHON_CONSTANT: Final = 14.0
_PYTHON_COMPARISON: Final = 10.0
_PYTHON_BRANCH: Final = 3.0
_COMPARISONS: Final = frozenset({"eq", "ne", "lt", "le", "gt", "ge"})
_MARGIN: Final = 1.25
"""How many times as long machine code has to take by this reckoning until it is left."""


class _NotPlainError(Exception):
    """Python does more than to compare and to pass on."""


def is_worth(
    function: CalcDef | TableDef | RuleDef, arguments: Sequence[Boxed], result: Boxed
) -> bool:
    """Whether machine code is not slower than Python, as far as that can be told."""
    python = _python(function) if isinstance(function, CalcDef) else None
    return python is None or _native(arguments, result) <= _MARGIN * python


def _native(arguments: Sequence[Boxed], result: Boxed) -> float:
    """What a call of a wrapper takes; the kernel itself is next to nothing."""
    ways = {
        (argument.place, argument.path[: size + 1])
        for argument in arguments
        for size in range(len(argument.path))
    }
    taken = sum(_TAKEN.get(argument.kind, _PLAIN) for argument in arguments)
    return _CALL + _ATTRIBUTE * len(ways) + taken + _GIVEN.get(result.kind, _PLAIN)


def _python(function: CalcDef) -> float | None:
    """What the function takes in Python at most; ``None`` where it does more than to compare and to pass on."""
    try:
        return _PYTHON_CALL + _block(function.body)
    except _NotPlainError:
        return None


def _block(body: Sequence[nodes.Stmt]) -> float:
    total = 0.0
    for stmt in body:
        match stmt:
            case nodes.Return(value) | nodes.Let(_, _, value):
                total += _cost(value)
            case nodes.If(branches, orelse):
                tests = sum(_PYTHON_BRANCH + _cost(branch.condition) for branch in branches)
                bodies = [_block(branch.body) for branch in branches]
                total += tests + max(*bodies, _block(orelse))
            case _:
                raise _NotPlainError
    return total


def _cost(expr: nodes.Expr) -> float:
    match expr:
        case nodes.Local():
            return 0.0
        case nodes.Const() | nodes.ConstRef() | nodes.EnumConst():
            return _PYTHON_CONSTANT
        case nodes.Field(_, base):
            return _PYTHON_ATTRIBUTE + _cost(base)
        case nodes.Binary(_, op, left, right) if op in _COMPARISONS and isinstance(
            left.type, Prim | Dec | Enum
        ):
            return _PYTHON_COMPARISON + _cost(left) + _cost(right)
        case nodes.And(_, left, right) | nodes.Or(_, left, right):
            return _PYTHON_BRANCH + _cost(left) + _cost(right)
        case nodes.Unary(_, "not", operand) | nodes.IsNone(_, operand):
            return _PYTHON_BRANCH + _cost(operand)
        case nodes.Choose(_, condition, yes, no):
            return _PYTHON_BRANCH + _cost(condition) + max(_cost(yes), _cost(no))
        case _:
            raise _NotPlainError
