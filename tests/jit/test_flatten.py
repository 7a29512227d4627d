"""Flattened functions compute what they computed, and have no branches where both sides are cheap and sure."""

from __future__ import annotations

import random
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from hyper.jit.kernel import ir
from hyper.jit.kernel.builder import FALSE, TRUE, Builder, integer
from hyper.jit.kernel.flatten import MOST_COST, flattened
from hyper.jit.kernel.verify import verify

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hyper.jit.kernel.ir import Function, Operand, Step

INTS = ("add", "sub", "min", "max")
COMPARED = ("eq", "lt", "ge")


class _LeftError(Exception):
    """A scope was left."""


class Machine:
    """Runs the steps of a function of ints and bools as they are written."""

    def __init__(self, function: Function, args: Sequence[int]) -> None:
        self.values: dict[int, Any] = {
            param.value: arg for param, arg in zip(function.params, args, strict=True)
        }
        self.variables: list[Any] = [0] * len(function.variables)
        self.results: list[Any] = []
        self.status = 0

    def of(self, operand: Operand) -> Any:
        return int(operand.text) if isinstance(operand, ir.Imm) else self.values[operand]

    def run(self, steps: Sequence[Step]) -> None:
        for step in steps:
            self.step(step)

    def step(self, step: Step) -> None:
        match step:
            case ir.Op(dest, name, args, _):
                self.values[dest] = self.op(name, [self.of(arg) for arg in args])
            case ir.Get(dest, var, _):
                self.values[dest] = self.variables[var]
            case ir.Set(var, value):
                self.variables[var] = self.of(value)
            case ir.When(condition, then, orelse):
                self.run(then if self.of(condition) else orelse)
            case ir.Scope(body):
                with suppress(_LeftError):
                    self.run(body)
            case ir.Loop(index, start, stop, body):
                with suppress(_LeftError):
                    for place in range(self.of(start), self.of(stop)):
                        self.values[index] = place
                        self.run(body)
            case ir.Break(condition):
                if self.of(condition):
                    raise _LeftError
            case ir.Return(values):
                self.results = [self.of(value) for value in values]
            case _:
                raise TypeError(f"{step!r} is no step of a kernel")

    @staticmethod
    def op(name: str, args: list[Any]) -> Any:
        a, b = args[0], args[-1]
        known: dict[str, Callable[[], Any]] = {
            "add": lambda: a + b,
            "sub": lambda: a - b,
            "min": lambda: min(a, b),
            "max": lambda: max(a, b),
            "floordiv": lambda: a // b,
            "eq": lambda: int(a == b),
            "lt": lambda: int(a < b),
            "ge": lambda: int(a >= b),
            "and": lambda: a & b,
            "or": lambda: a | b,
            "not": lambda: 1 - a,
            "select": lambda: args[1] if a else b,
        }
        return known[name]()


def result(function: Function, args: Sequence[int]) -> list[Any]:
    machine = Machine(function, args)
    machine.run(function.body)
    return machine.results


def blocks(steps: Sequence[Step]) -> int:
    found = 0
    for step in steps:
        match step:
            case ir.When(_, then, orelse):
                found += 1 + blocks(then) + blocks(orelse)
            case ir.Scope(body) | ir.Loop(_, _, _, body):
                found += 1 + blocks(body)
            case _:
                pass
    return found


def made(source: random.Random) -> Function:
    """A function of three ints with branches, scopes and loops."""
    builder = Builder("f")
    ints: list[Operand] = [
        builder.argument(builder.param(f"p{place}", "int")) for place in range(3)
    ]
    ints.append(integer(1))
    held = [builder.variable("int", integer(place)) for place in range(3)]
    flags = [builder.variable("bool", value) for value in (TRUE, FALSE)]

    def number(known: list[Operand]) -> Operand:
        if source.random() < 0.3:
            return builder.get(source.choice(held))
        return source.choice(known)

    def test(known: list[Operand]) -> Operand:
        if source.random() < 0.2:
            return builder.get(source.choice(flags))
        if source.random() < 0.05:
            return source.choice((TRUE, FALSE))
        return builder.op(source.choice(COMPARED), "bool", number(known), number(known))

    def some(known: list[Operand], depth: int, *, inside: bool) -> None:
        known = list(known)
        for _ in range(source.randrange(1, 5)):
            kind = source.random()
            if kind < 0.3:
                known.append(builder.op(source.choice(INTS), "int", number(known), number(known)))
            elif kind < 0.5:
                builder.set(source.choice(held), number(known))
            elif kind < 0.6:
                builder.set(source.choice(flags), source.choice((TRUE, FALSE, test(known))))
            elif kind < 0.85 and depth:
                condition = test(known)
                with builder.block() as then:
                    some(known, depth - 1, inside=inside)
                with builder.block() as orelse:
                    if source.random() < 0.5:
                        some(known, depth - 1, inside=inside)
                builder.when(condition, then, orelse)
            elif depth:
                if source.random() < 0.8:
                    with builder.scope():
                        some(known, depth - 1, inside=True)
                else:
                    with builder.loop(integer(0), integer(2)) as index:
                        some([*known, index], depth - 1, inside=True)
        if inside and source.random() < 0.5:
            builder.leave(TRUE if source.random() < 0.8 else test(known))

    some(ints, 4, inside=False)
    return builder.finish([builder.get(var) for var in (*held, *flags)])


def test_what_is_computed_stays() -> None:
    source = random.Random(7)
    fewer = 0
    for _ in range(400):
        function = made(source)
        flat = flattened(function)
        for _ in range(12):
            args = [source.randrange(-3, 4) for _ in range(3)]
            assert result(flat, args) == result(function, args)
        fewer += blocks(flat.body) < blocks(function.body)
        columns = tuple(
            ir.Column(f"p{place}", "value", "i64", ir.Format("int")) for place in range(3)
        )
        outputs = tuple(
            ir.Output(f"r{place}", "u8" if kind == "bool" else "i64", ir.Format("int"))
            for place, kind in enumerate(flat.results)
        )
        assert verify(ir.Unit((flat,), (ir.Kernel("f", columns, outputs),), ())) == []
    assert fewer > 100


def first_fit(rows: int) -> Function:
    """A table of rows that are tried in order."""
    builder = Builder("f")
    arg = builder.argument(builder.param("x", "int"))
    found = builder.variable("int", integer(0))
    with builder.scope():
        for row in range(rows):
            fits = builder.op("eq", "bool", arg, integer(row))
            with builder.block() as taken:
                builder.set(found, integer(10 * row))
                builder.leave()
            builder.when(fits, taken)
    return builder.finish([builder.get(found)])


def test_a_table_has_no_branches() -> None:
    flat = flattened(first_fit(12))
    assert blocks(flat.body) == 0
    assert [result(flat, [x])[0] for x in range(14)] == [*range(0, 120, 10), 0, 0]


def test_a_large_table_keeps_them() -> None:
    assert flattened(first_fit(MOST_COST)) == first_fit(MOST_COST)


@pytest.mark.parametrize("name", ["floordiv", "fail"])
def test_what_may_not_be_computed_in_any_case_is_left(name: str) -> None:
    builder = Builder("f")
    a, b = (builder.argument(builder.param(each, "int")) for each in "ab")
    found = builder.variable("int", integer(0))
    with builder.block() as then:
        if name == "fail":
            builder.fail(builder.op("eq", "bool", a, integer(3)), 1)
        else:
            builder.set(found, builder.op("floordiv", "int", a, b))
    builder.when(builder.op("lt", "bool", integer(0), b), then)
    function = builder.finish([builder.get(found)])
    assert flattened(function) == function


def test_the_same_gives_the_same() -> None:
    function = made(random.Random(3))
    again = msgspec.json.decode(msgspec.json.encode(function), type=ir.Function)
    assert flattened(again) == flattened(function)
