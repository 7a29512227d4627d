"""Kernel functions made step by step."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from hyper.jit.kernel import ir
from hyper.jit.kernel.verify import MOST_DEPTH

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hyper.jit.kernel.ir import CheckedName, Kind, Operand, Step, Storage

TRUE = ir.Imm("bool", "1")
FALSE = ir.Imm("bool", "0")


def integer(value: int, kind: Literal["int", "wide"] = "int") -> ir.Imm:
    """A constant of a whole number. Raises ``ValueError`` for one that does not fit its kind."""
    bits = 63 if kind == "int" else 127
    if not -(1 << bits) <= value < 1 << bits:
        raise ValueError(f"{value} is no {kind}")
    return ir.Imm(kind, str(value))


def floating(value: float) -> ir.Imm:
    """A constant float."""
    return ir.Imm("float", value.hex())


def boolean(value: bool) -> ir.Imm:
    """A constant bool."""
    return TRUE if value else FALSE


class TooLarge(Exception):  # noqa: N818  # a refusal, not a fault
    """A function that would have more steps, or blocks within blocks, than its builder allows."""


class Builder:
    """Makes one function. ``limit`` is the number of steps from which it gives up with ``TooLarge``."""

    def __init__(self, name: str, *, limit: int = 20_000) -> None:
        self.name = name
        self.fails = False
        self.reorders = False
        self._sure = False
        self._limit = limit
        self._steps = 0
        self._params: list[ir.Param] = []
        self._kinds: list[Kind] = []
        self._variables: list[Kind] = []
        self._blocks: list[list[Step]] = [[]]

    def param(self, name: str, kind: Kind, pointer: Storage | None = None) -> int:
        """A parameter more, at any time; its place among the parameters."""
        self._params.append(ir.Param(name, self._value(kind), kind, pointer))
        return len(self._params) - 1

    def argument(self, param: int) -> int:
        """The value of a parameter that is no pointer."""
        return self._params[param].value

    def kind(self, operand: Operand) -> Kind:
        """The kind of an operand."""
        return operand.kind if isinstance(operand, ir.Imm) else self._kinds[operand]

    def op(self, name: str, kind: Kind, *args: Operand) -> int:
        """An operation; its value."""
        dest = self._value(kind)
        self._add(ir.Op(dest, name, args, kind))
        return dest

    def checked(self, name: CheckedName, left: Operand, right: Operand, site: int) -> int:
        """Arithmetic of ints that fails where it does not fit."""
        if self._sure:
            return self.op(name, "int", left, right)
        self.fails = True
        dest = self._value("int")
        self._add(ir.Checked(dest, name, (left, right), site))
        return dest

    def load(self, param: int, index: Operand) -> int:
        """An item of a pointer parameter."""
        storage = self._params[param].pointer
        assert storage is not None, "only from a pointer"
        dest = self._value(ir.KIND_OF[storage])
        self._add(ir.Load(dest, param, index, storage))
        return dest

    def variable(self, kind: Kind, value: Operand | None = None) -> int:
        """A variable more, set to ``value`` where it is given."""
        self._variables.append(kind)
        var = len(self._variables) - 1
        if value is not None:
            self.set(var, value)
        return var

    def get(self, var: int) -> int:
        """What a variable holds."""
        dest = self._value(self._variables[var])
        self._add(ir.Get(dest, var, self._variables[var]))
        return dest

    def set(self, var: int, value: Operand) -> None:
        """Let a variable hold a value."""
        self._add(ir.Set(var, value))

    def fail(self, condition: Operand, site: int, *, guard: bool = False) -> None:
        """End with the status of a site where the condition holds."""
        if condition == FALSE or self._sure:
            return
        self.fails = True
        self._add(ir.Fail(condition, site, guard))

    @property
    def is_sure(self) -> bool:
        """Whether steps cannot fail now."""
        return self._sure

    @contextmanager
    def sure(self, value: bool = True) -> Iterator[None]:  # said by its name
        """Steps that have been run before for the same values: none of them can fail now. With ``False`` others, within those."""
        before, self._sure = self._sure, value
        try:
            yield
        finally:
            self._sure = before

    @contextmanager
    def block(self, opened: list[Step] | None = None) -> Iterator[list[Step]]:
        """Steps made inside belong to the list that is given, which is for ``when``: a new one, or ``opened`` gone on with."""
        steps: list[Step] = [] if opened is None else opened
        if len(self._blocks) > MOST_DEPTH:
            raise TooLarge(self.name)
        self._blocks.append(steps)
        try:
            yield steps
        finally:
            self._blocks.pop()

    def when(
        self,
        condition: Operand,
        then: Sequence[Step],
        orelse: Sequence[Step] = (),
        weights: tuple[int, int] | None = None,
    ) -> None:
        """One of two blocks; ``weights`` tell how often each is taken."""
        self._add(ir.When(condition, tuple(then), tuple(orelse), weights))

    @contextmanager
    def loop(self, start: Operand, stop: Operand) -> Iterator[int]:
        """A loop; gives its index."""
        index = self._value("int")
        with self.block() as body:
            yield index
        self._add(ir.Loop(index, start, stop, tuple(body)))

    @contextmanager
    def scope(self) -> Iterator[None]:
        """Steps that can be left."""
        with self.block() as body:
            yield
        self._add(ir.Scope(tuple(body)))

    def leave(self, condition: Operand = TRUE) -> None:
        """Leave the innermost loop or scope where the condition holds."""
        self._add(ir.Break(condition))

    def call(
        self, function: ir.Function, args: Sequence[Operand], *, apart: bool = False
    ) -> tuple[int, ...]:
        """Call another function; its results."""
        self.fails = self.fails or (function.fails and not self._sure)
        dests = tuple(self._value(kind) for kind in function.results)
        self._add(ir.Call(dests, function.name, tuple(args), function.results, apart))
        return dests

    def finish(self, values: Sequence[Operand]) -> ir.Function:
        """The function, with these results."""
        assert len(self._blocks) == 1, "a block is open"
        self._add(ir.Return(tuple(values)))
        return ir.Function(
            self.name,
            tuple(self._params),
            tuple(self.kind(value) for value in values),
            tuple(self._variables),
            len(self._kinds),
            tuple(self._blocks[0]),
            self.fails,
            self.reorders,
        )

    def _value(self, kind: Kind) -> int:
        self._kinds.append(kind)
        return len(self._kinds) - 1

    def _add(self, step: Step) -> None:
        self._steps += 1
        if self._steps > self._limit:
            raise TooLarge(self.name)
        self._blocks[-1].append(step)
