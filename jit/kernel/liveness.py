"""What of a function its results need: parameters, steps and results of calls that only unused results need are left out.

A step is kept where it can end the function (``Fail``, ``Checked``, a call of what fails), whatever becomes of its value: a
function with fewer results fails where it failed, with the same status. That a guard is kept, too, is for the lower tier that is
asked then, which may fail there. All other steps only compute: without them nothing but their own values is missing.

Variables are looked at as wholes: one is needed where it is read anywhere for something that is needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from msgspec.structs import replace

from hyper.jit.kernel import ir

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from hyper.jit.kernel.ir import Operand, Step

    Variants: TypeAlias = Callable[[str, frozenset[int]], tuple[ir.Function, tuple[int, ...]]]
    """A function of which only some results are needed, by their places: one that may be called instead, which has the needed
    results in their order and those of the other parameters whose places are given; or the function itself, with all places."""


class Liveness:
    """What is needed of a function for the results at some places. ``params`` are the places of the needed parameters."""

    def __init__(self, function: ir.Function, results: Collection[int], variants: Variants) -> None:
        self._function = function
        self._variants = variants
        self._results = sorted(results)
        self._values: set[int] = set()
        self._variables: set[int] = set()
        self._kept: set[int] = set()
        """Loops and scopes in which something is needed, by identity."""
        last = function.body[-1]
        assert isinstance(last, ir.Return)
        self._need(last.values[place] for place in self._results)
        before = -1
        # What a variable held in the round before is read above where it is set: again, until nothing more is found.
        while before != (before := len(self._values) + len(self._variables) + len(self._kept)):
            self._mark(function.body[:-1], leaves=False)
        self.params = frozenset(
            place for place, param in enumerate(function.params) if param.value in self._values
        )

    def _need(self, operands: Iterable[Operand]) -> None:
        self._values.update(each for each in operands if not isinstance(each, ir.Imm))

    def _mark(self, steps: Sequence[Step], *, leaves: bool) -> bool:
        """Whether any of these steps is needed. ``leaves``: something is needed in the loop or scope around them, so that it
        matters where that is left."""
        found = False
        for step in reversed(steps):
            found |= self._marked(step, leaves=leaves)
        return found

    def _marked(self, step: Step, *, leaves: bool) -> bool:
        match step:
            case ir.When(condition, then, orelse):
                needed = self._mark(then, leaves=leaves) | self._mark(orelse, leaves=leaves)
                used: tuple[Operand, ...] = (condition,)
            case ir.Loop(_, start, stop, body):
                needed, used = self._is_kept(step, body), (start, stop)
            case ir.Scope(body):
                needed, used = self._is_kept(step, body), ()
            case ir.Break(condition):
                needed, used = leaves, (condition,)
            case ir.Call():
                return self._call(step)
            case ir.Op(dest, _, used, _):
                needed = dest in self._values
            case ir.Checked(_, _, used, _):
                needed = True
            case ir.Load(dest, param, index, _):
                needed, used = dest in self._values, (index,)
                if needed:
                    self._values.add(self._function.params[param].value)
            case ir.Get(dest, var, _):
                needed, used = dest in self._values, ()
                if needed:
                    self._variables.add(var)
            case ir.Set(var, value):
                needed, used = var in self._variables, (value,)
            case ir.Fail(condition, _, _):
                needed, used = True, (condition,)
            case ir.Return():
                raise AssertionError("only at the end")
        if needed:
            self._need(used)
        return needed

    def _is_kept(self, step: ir.Loop | ir.Scope, body: Sequence[Step]) -> bool:
        """Whether anything within is needed: then it matters where it is left. What never ends is not there to be kept."""
        if id(step) not in self._kept:
            if not self._mark(body, leaves=False):
                return False
            self._kept.add(id(step))
        self._mark(body, leaves=True)
        return True

    def _variant(self, step: ir.Call) -> tuple[ir.Function, tuple[int, ...], frozenset[int]] | None:
        """What is called in the place of a function, with the places of its parameters and of the results that are needed;
        ``None`` where no call is needed."""
        needed = frozenset(place for place, dest in enumerate(step.dests) if dest in self._values)
        function, params = self._variants(step.function, needed)
        return (function, params, needed) if needed or function.fails else None

    def _call(self, step: ir.Call) -> bool:
        chosen = self._variant(step)
        if chosen is not None:
            self._need(step.args[place] for place in chosen[1])
        return chosen is not None

    def rebuilt(self, name: str, params: Sequence[int]) -> ir.Function:
        """The function with the needed results alone. ``params`` are the places of the parameters that stay, in their order: all
        that are needed, and any others."""
        function = self._function
        last = function.body[-1]
        assert isinstance(last, ir.Return)
        places = {place: number for number, place in enumerate(params)}
        body = [*self._steps(function.body[:-1], places)]
        body.append(ir.Return(tuple(last.values[place] for place in self._results)))
        return replace(
            function,
            name=name,
            params=tuple(function.params[place] for place in params),
            results=tuple(function.results[place] for place in self._results),
            body=tuple(body),
        )

    def _steps(self, steps: Sequence[Step], places: dict[int, int]) -> Iterator[Step]:
        """The steps that are needed. ``places`` are those of the parameters, by those of before."""
        for step in steps:
            match step:
                case ir.When(condition, then, orelse, weights):
                    one, other = (tuple(self._steps(side, places)) for side in (then, orelse))
                    if one or other:
                        yield ir.When(condition, one, other, weights)
                case ir.Loop(index, start, stop, body) if id(step) in self._kept:
                    yield ir.Loop(index, start, stop, tuple(self._steps(body, places)))
                case ir.Scope(body) if id(step) in self._kept:
                    yield ir.Scope(tuple(self._steps(body, places)))
                case ir.Call():
                    yield from self._called(step)
                case ir.Load(dest, param, index, storage) if dest in self._values:
                    yield ir.Load(dest, places[param], index, storage)
                case ir.Op(dest) | ir.Get(dest) if dest in self._values:
                    yield step
                case ir.Set(var) if var in self._variables:
                    yield step
                case ir.Checked() | ir.Fail() | ir.Break():
                    yield step
                case _:
                    pass

    def _called(self, step: ir.Call) -> Iterator[ir.Call]:
        chosen = self._variant(step)
        if chosen is None:
            return
        function, params, needed = chosen
        if function.name == step.function:
            yield step
            return
        dests = tuple(step.dests[place] for place in sorted(needed))
        args = tuple(step.args[place] for place in params)
        yield ir.Call(dests, function.name, args, function.results, step.apart)
