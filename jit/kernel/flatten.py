"""Small branches as selections: both sides are computed, and what a variable holds is chosen.

What is left has no blocks, so that loops over rows become vector instructions without a mask for each way through them, and rows
that go different ways cost nothing. Only what is cheap, cannot fail and reads no memory is computed where it was not asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from hyper.jit.kernel import ir
from hyper.jit.kernel.builder import FALSE, TRUE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hyper.jit.kernel.ir import Function, Kind, Operand, Step

MOST_COST: Final = 96
"""Operations of what is flattened as one: beyond it a branch that is foreseen is cheaper than both sides."""
_ALWAYS: Final = ir.COMPARISONS | ir.LOGIC | {"select"}
_CONVERSIONS: Final = frozenset({"widen", "narrow", "to_float", "from_bool", "is_nan", "is_finite"})
_ARITHMETIC: Final = frozenset({"add", "sub", "mul", "neg", "abs", "min", "max"})
_DIVISION: Final = 4
"""What a division of floats counts for."""


def flattened(function: Function) -> Function:
    """The same function, with selections where a branch is small."""
    made = _Flattener(function.variables, function.values)
    body = made.steps(function.body)
    return msgspec.structs.replace(function, body=tuple(body), values=made.values)


class _Flattener:
    """Goes through the blocks of a function. ``variables`` are their kinds, ``values`` the number of the next value."""

    def __init__(self, variables: Sequence[Kind], values: int) -> None:
        self.variables = variables
        self.values = values

    def steps(self, steps: Sequence[Step]) -> list[Step]:
        found: list[Step] = []
        for step in steps:
            if isinstance(step, ir.When | ir.Scope) and _cost((step,), scope=False) <= MOST_COST:
                found += _Region(self).flat(step)
                continue
            match step:
                case ir.When(condition, then, orelse, weights):
                    step = ir.When(  # noqa: PLW2901  # the same step with other blocks
                        condition, tuple(self.steps(then)), tuple(self.steps(orelse)), weights
                    )
                case ir.Loop(index, start, stop, body):
                    step = ir.Loop(index, start, stop, tuple(self.steps(body)))  # noqa: PLW2901
                case ir.Scope(body):
                    step = ir.Scope(tuple(self.steps(body)))  # noqa: PLW2901
                case _:
                    pass
            found.append(step)
        return found


def _cost(steps: Sequence[Step], *, scope: bool) -> int:
    """Operations of steps that may be computed in any case; past ``MOST_COST`` where some may not. ``scope``: a ``Break`` that is
    last leaves what is flattened too."""
    total = 0
    for place, step in enumerate(steps):
        last = place == len(steps) - 1
        match step:
            case ir.Op(_, name, _, kind):
                total += _cost_of(name, kind)
            case ir.Get() | ir.Set():
                pass
            case ir.When(_, then, orelse):
                total += 1 + _cost(then, scope=scope) + _cost(orelse, scope=scope)
                if not last and any(_breaks(side) and not _leaves(side) for side in (then, orelse)):
                    return MOST_COST + 1  # what follows would be made twice
            case ir.Scope(body):
                total += _cost(body, scope=True)
            case ir.Break(condition) if scope and last and condition == TRUE:
                pass
            case _:
                return MOST_COST + 1
        if total > MOST_COST:
            break
    return total


def _cost_of(name: str, kind: Kind) -> int:
    if name in _ALWAYS or name in _CONVERSIONS:
        return 1
    if name in _ARITHMETIC:
        return 2 if kind == "wide" else 1
    return _DIVISION if name == "div" and kind == "float" else MOST_COST + 1


def _leaves(steps: Sequence[Step]) -> bool:
    """Whether these end in leaving the scope around them."""
    return bool(steps) and isinstance(steps[-1], ir.Break)


def _breaks(steps: Sequence[Step]) -> bool:
    """Whether these may leave the scope around them."""
    for step in steps:
        if isinstance(step, ir.Break):
            return True
        if isinstance(step, ir.When) and (_breaks(step.then) or _breaks(step.orelse)):
            return True
    return False


class _Region:
    """One branch or scope. A state is what each variable holds that was set in it."""

    def __init__(self, around: _Flattener) -> None:
        self._around = around
        self._made: list[Step] = []
        self._before: dict[int, Operand] = {}
        self._names: dict[int, Operand] = {}
        self._known: dict[tuple[str, tuple[Operand, ...]], int] = {}

    def flat(self, step: Step) -> list[Step]:
        """The steps that stand for it."""
        state = self._run((step,), {})
        return [*self._made, *(ir.Set(var, value) for var, value in state.items())]

    def _run(self, steps: Sequence[Step], state: Mapping[int, Operand]) -> dict[int, Operand]:
        now = dict(state)
        for place, step in enumerate(steps):
            match step:
                case ir.Op(dest, name, args, kind):
                    given = tuple(self._name(arg) for arg in args)
                    self._names[dest] = self._op(name, kind, *given)
                case ir.Get(dest, var, _):
                    self._names[dest] = self._held(now, var)
                case ir.Set(var, value):
                    now[var] = self._name(value)
                case ir.Scope(body):
                    now = self._run(body, now)
                case ir.When(condition, then, orelse):
                    rest = steps[place + 1 :]
                    leaving = _breaks(then) or _breaks(orelse)
                    # Where one side leaves, what follows belongs to the other.
                    first = then if _leaves(then) or not leaving else (*then, *rest)
                    second = orelse if _leaves(orelse) or not leaving else (*orelse, *rest)
                    test = self._name(condition)
                    now = self._either(test, self._run(first, now), self._run(second, now))
                    if leaving:
                        return now
                case _:
                    assert isinstance(step, ir.Break), step
        return now

    def _either(
        self, test: Operand, one: Mapping[int, Operand], other: Mapping[int, Operand]
    ) -> dict[int, Operand]:
        """What variables hold after one of two blocks."""
        variables = list(dict.fromkeys((*one, *other)))
        return {
            var: self._choice(
                test, self._held(one, var), self._held(other, var), self._around.variables[var]
            )
            for var in variables
        }

    def _choice(self, test: Operand, one: Operand, other: Operand, kind: Kind) -> Operand:
        if one == other or test == TRUE:
            return one
        if test == FALSE:
            return other
        if one == TRUE:
            return test if other == FALSE else self._op("or", kind, test, other)
        if other == FALSE:
            return self._op("and", kind, test, one)
        if one == FALSE:
            return self._op("and", kind, self._op("not", kind, test), other)
        if other == TRUE:
            return self._op("or", kind, self._op("not", kind, test), one)
        return self._op("select", kind, test, one, other)

    def _held(self, state: Mapping[int, Operand], var: int) -> Operand:
        if var in state:
            return state[var]
        if var not in self._before:
            dest = self._value()
            self._made.append(ir.Get(dest, var, self._around.variables[var]))
            self._before[var] = dest
        return self._before[var]

    def _name(self, operand: Operand) -> Operand:
        return operand if isinstance(operand, ir.Imm) else self._names.get(operand, operand)

    def _op(self, name: str, kind: Kind, *args: Operand) -> Operand:
        """An operation, made once for the same operands."""
        key = (name, args)
        if key not in self._known:
            self._known[key] = self._value()
            self._made.append(ir.Op(self._known[key], name, args, kind))
        return self._known[key]

    def _value(self) -> int:
        self._around.values += 1
        return self._around.values - 1
