"""Functions for arguments that are nearly always the same: a second body in which they are constants, behind a guard.

``NAME:held`` is ``NAME`` without all that is decided by constants alone; what can be computed of the rest is for LLVM. Rows ask
once for many whether they are these constants, which is worth it soon: what is left over often becomes vector instructions. Of a
single call, most is spent on getting there, and branches that always go the same way are foreseen: only of a large function is
``NAME`` made to ask, and to call ``NAME:held`` or else ``NAME:general``, which is what it was. The answer is the same whatever the
arguments are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from hyper.jit.kernel import ir
from hyper.jit.kernel.builder import FALSE, TRUE, Builder, boolean, integer
from hyper.jit.kernel.liveness import Liveness

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from hyper.jit.kernel.ir import Function, Imm, Kind, Operand, Step
    from hyper.jit.kernel.liveness import Variants

LEAST_GONE: Final = 24
"""Operations that have to be gone from a body, for rows."""
LEAST_GONE_OF_CALLS: Final = 256
"""The same where each call asks."""
MOST_LEFT: Final = 0.7
"""The part of them that may be left."""
_DEAR: Final[dict[str, int]] = {
    "floordiv": 12, "floormod": 12, "div_even": 24, "scale_down": 8, "ratio": 24, "div": 4,
    "sqrt": 4, "exp": 16, "log": 16, "log10": 16, "pow": 24, "round_digits": 16,
}  # fmt: skip
"""What operations count for that take longer than a comparison."""


class Special(NamedTuple):
    """``entry`` takes the place of a function. Where it asks, it calls the other two, which come before it; else it is
    ``general``."""

    entry: Function
    held: Function
    general: Function
    constants: tuple[tuple[int, Imm], ...]
    """By their places among the parameters."""


def specialised(
    function: Function,
    constants: Mapping[int, Imm],
    known: Mapping[str, Special],
    variants: Variants,
) -> Special | None:
    """The function for these constants, by the places of parameters; ``None`` where it does not pay. ``known`` are those that it
    may call, ``variants`` as of ``Liveness``."""
    given = tuple(sorted(constants.items()))
    names: dict[int, Operand] = {function.params[place].value: value for place, value in given}
    if not names:
        return None
    costs: dict[str, int] = {}
    for each in known.values():
        costs[each.held.name] = cost(each.held.body, costs)
        costs[each.entry.name] = cost(each.general.body, costs)
    fold = _Fold(names, known)
    replace = msgspec.structs.replace
    held = replace(function, name=f"{function.name}:held", body=tuple(fold.steps(function.body)))
    live = Liveness(held, range(len(function.results)), variants)
    held = live.rebuilt(held.name, range(len(function.params)))
    before, after = cost(function.body, costs), cost(held.body, costs)
    if before - after < LEAST_GONE or after > before * MOST_LEFT:
        return None
    if before - after < LEAST_GONE_OF_CALLS:
        return Special(function, held, function, given)
    general = replace(function, name=f"{function.name}:general")
    return Special(_entry(function, held, general, given), held, general, given)


def _entry(
    function: Function, held: Function, general: Function, given: Sequence[tuple[int, Imm]]
) -> Function:
    """Calls one or the other."""
    builder = Builder(function.name)
    args = [
        builder.argument(builder.param(param.name, param.kind, param.pointer))
        for param in function.params
    ]
    results = [builder.variable(kind) for kind in function.results]
    condition: Operand = TRUE
    for place, value in given:
        same = _same(builder, args[place], value)
        condition = same if condition == TRUE else builder.op("and", "bool", condition, same)
    blocks: list[list[Step]] = []
    for callee in (held, general):
        with builder.block() as steps:
            # Alike as they are, LLVM would make one of them again.
            for var, result in zip(results, builder.call(callee, args, apart=True), strict=True):
                builder.set(var, result)
        blocks.append(steps)
    builder.when(condition, blocks[0], blocks[1], (1 << 20, 1))
    builder.reorders = function.reorders
    return builder.finish([builder.get(var) for var in results])


def _same(builder: Builder, arg: Operand, value: Imm) -> Operand:
    if value.kind == "bool":
        return arg if value == TRUE else builder.op("not", "bool", arg)
    return builder.op("eq", "bool", arg, value)


def cost(steps: Iterable[Step], callees: Mapping[str, int]) -> int:
    """Operations of steps, each branch and loop once. ``callees`` has those of functions, whichever of their results are needed."""
    total = 0
    for step in steps:
        match step:
            case ir.Op(_, name, args, kind):
                if len(args) == 2 and isinstance(args[1], ir.Imm) and name != "pow":
                    name = ""  # a division by a constant is a product
                total += _DEAR.get(name, 1) * (2 if kind == "wide" else 1)
            case ir.When(_, then, orelse):
                total += 1 + cost(then, callees) + cost(orelse, callees)
            case ir.Loop(_, _, _, body):
                total += 1 + cost(body, callees)
            case ir.Scope(body):
                total += cost(body, callees)
            case ir.Call(_, name):
                total += 1 + callees.get(name.partition("`")[0], 0)
            case ir.Get() | ir.Set() | ir.Return():
                pass
            case _:
                total += 1
    return total


class _Fold:
    """Goes through the blocks of a function. ``names`` tells what values are that are known, ``held`` what variables hold."""

    def __init__(self, names: dict[int, Operand], known: Mapping[str, Special]) -> None:
        self._names = names
        self._known = known
        self._held: dict[int, Imm] = {}

    def steps(self, steps: Iterable[Step]) -> list[Step]:
        """What is left of them."""
        made: list[Step] = []
        for step in steps:
            match step:
                case ir.Op(dest, name, args, kind):
                    given = tuple(self._name(arg) for arg in args)
                    known = folded(name, kind, given)
                    if known is not None:
                        self._names[dest] = known
                    else:
                        made.append(ir.Op(dest, name, given, kind))
                case ir.Get(dest, var, _):
                    if var in self._held:
                        self._names[dest] = self._held[var]
                    else:
                        made.append(step)
                case ir.Set(var, value):
                    made.append(ir.Set(var, self._set(var, value)))
                case ir.When():
                    made += self._when(step)
                case ir.Loop() | ir.Scope():
                    made += self._around(step)
                case ir.Fail(condition, site, guard):
                    if (condition := self._name(condition)) != FALSE:
                        made.append(ir.Fail(condition, site, guard))
                case ir.Break(condition):
                    if (condition := self._name(condition)) != FALSE:
                        made.append(ir.Break(condition))
                case _:
                    made.append(self._plain(step))
            if made and made[-1] == ir.Break(TRUE):
                break  # what follows is never reached
        return made

    def _plain(self, step: Step) -> Step:
        match step:
            case ir.Checked(dest, name, (left, right), site):
                return ir.Checked(dest, name, (self._name(left), self._name(right)), site)
            case ir.Load(dest, param, index, storage):
                return ir.Load(dest, param, self._name(index), storage)
            case ir.Call(dests, name, args, kinds, apart):
                given = tuple(self._name(arg) for arg in args)
                special = self._known.get(name)
                if special and all(given[place] == value for place, value in special.constants):
                    name = special.held.name
                return ir.Call(dests, name, given, kinds, apart)
            case _:
                assert isinstance(step, ir.Return), step
                return ir.Return(tuple(self._name(value) for value in step.values))

    def _set(self, var: int, value: Operand) -> Operand:
        found = self._name(value)
        if isinstance(found, ir.Imm):
            self._held[var] = found
        else:
            self._held.pop(var, None)
        return found

    def _when(self, step: ir.When) -> list[Step]:
        condition = self._name(step.condition)
        if isinstance(condition, ir.Imm):
            return self.steps(step.then if condition == TRUE else step.orelse)
        before = dict(self._held)
        then, one = self.steps(step.then), self._held
        self._held = before
        orelse, other = self.steps(step.orelse), self._held
        if then and isinstance(then[-1], ir.Break):
            one = other if then[-1].condition == TRUE else one
        elif orelse and orelse[-1] == ir.Break(TRUE):
            other = one
        self._held = {var: held for var, held in one.items() if other.get(var) == held}
        if not then and not orelse:
            return []
        return [ir.When(condition, tuple(then), tuple(orelse), step.weights)]

    def _around(self, step: ir.Loop | ir.Scope) -> list[Step]:
        written = _written(step.body)
        if isinstance(step, ir.Scope):
            body = self.steps(step.body)
            if body and body[-1] == ir.Break(TRUE) and not _leaves(body[:-1]):
                return body[:-1]
            if _leaves(body):
                self._forget(written)
                return [ir.Scope(tuple(body))]
            return body
        self._forget(written)
        start, stop = self._name(step.start), self._name(step.stop)
        body = self.steps(step.body)
        self._forget(written)
        return [ir.Loop(step.index, start, stop, tuple(body))]

    def _forget(self, variables: Iterable[int]) -> None:
        for var in variables:
            self._held.pop(var, None)

    def _name(self, operand: Operand) -> Operand:
        return operand if isinstance(operand, ir.Imm) else self._names.get(operand, operand)


def folded(name: str, kind: Kind, args: Sequence[Operand]) -> Operand | None:
    """What an operation gives, where its operands tell that; ``None`` where it has to be computed."""
    if name == "select":
        return args[1] if args[0] == TRUE else args[2] if args[0] == FALSE else None
    if name in {"and", "or"}:
        neutral, deciding = (TRUE, FALSE) if name == "and" else (FALSE, TRUE)
        for one, other in (args, args[::-1]):
            if one == neutral:
                return other
            if one == deciding:
                return deciding
        return None
    constants = [arg for arg in args if isinstance(arg, ir.Imm)]
    if len(constants) < len(args) or any(arg.kind == "float" for arg in constants):
        return None
    return _computed(name, kind, [int(arg.text) for arg in constants])


def _computed(name: str, kind: Kind, args: list[int]) -> Operand | None:
    """Of whole numbers and bools; nothing for what rounds or divides."""
    one, other = args[0], args[-1]
    if name in ir.COMPARISONS:
        held = {
            "eq": one == other, "ne": one != other, "lt": one < other,
            "le": one <= other, "gt": one > other, "ge": one >= other,
        }  # fmt: skip
        return boolean(held[name])
    if kind == "bool":
        return (
            boolean(one != other if name == "xor" else not one) if name in {"xor", "not"} else None
        )
    results = {
        "add": one + other, "sub": one - other, "mul": one * other, "neg": -one, "abs": abs(one),
        "min": min(args), "max": max(args), "widen": one, "from_bool": one,
    }  # fmt: skip
    if kind == "float" or name not in results:
        return None
    bits = 63 if kind == "int" else 127
    value = results[name]
    return integer(value, kind) if -(1 << bits) <= value < 1 << bits else None


def _written(steps: Iterable[Step]) -> set[int]:
    """The variables that steps set."""
    found: set[int] = set()
    for step in steps:
        match step:
            case ir.Set(var, _):
                found.add(var)
            case ir.When(_, then, orelse):
                found |= _written(then) | _written(orelse)
            case ir.Loop() | ir.Scope():
                found |= _written(step.body)
            case _:
                pass
    return found


def _leaves(steps: Iterable[Step]) -> bool:
    """Whether steps may leave what is around them."""
    return any(
        isinstance(step, ir.Break)
        or (isinstance(step, ir.When) and (_leaves(step.then) or _leaves(step.orelse)))
        for step in steps
    )
