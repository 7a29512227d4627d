"""Of a function for some of its results nothing is left that only others need, and what is left computes and fails as before."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, NoReturn

from hyper.jit.kernel import ir
from hyper.jit.kernel.builder import TRUE, Builder, integer
from hyper.jit.kernel.liveness import Liveness
from hyper.jit.kernel.verify import verify
from tests.jit.test_flatten import Machine, made

if TYPE_CHECKING:
    from collections.abc import Collection

    from hyper.jit.kernel.ir import Function, Step


def _none(_name: str, _results: frozenset[int]) -> NoReturn:
    raise AssertionError("nothing is called")


def _only(function: Function, results: Collection[int]) -> tuple[Function, list[int]]:
    live = Liveness(function, results, _none)
    params = sorted(live.params)
    return live.rebuilt("only", params), params


def _columns(function: Function) -> ir.Kernel:
    columns = tuple(
        ir.Column(param.name, "value", "i64", ir.Format("int")) for param in function.params
    )
    outputs = tuple(
        ir.Output(str(place), "u8" if kind == "bool" else "i64", ir.Format("int"))
        for place, kind in enumerate(function.results)
    )
    return ir.Kernel(function.name, columns, outputs)


def _size(steps: tuple[Step, ...]) -> int:
    return sum(
        1 + sum(_size(getattr(step, name, ())) for name in ("then", "orelse", "body"))
        for step in steps
    )


def _results(function: Function, args: list[Any]) -> list[Any]:
    machine = Machine(function, args)
    machine.run(function.body)
    return machine.results


def test_results_that_are_needed_stay() -> None:
    source = random.Random(11)
    fewer = smaller = 0
    for _ in range(300):
        function = made(source)
        results = sorted(source.sample(range(5), source.randrange(1, 5)))
        only, params = _only(function, results)
        for _ in range(12):
            args = [source.randrange(-3, 4) for _ in range(3)]
            whole = _results(function, args)
            found = _results(only, [args[place] for place in params])
            assert found == [whole[place] for place in results]
        assert verify(ir.Unit((only,), (_columns(only),), ())) == []
        fewer += len(params) < 3
        smaller += _size(only.body) < _size(function.body)
    assert fewer > 30
    assert smaller > 200


def test_what_can_fail_is_needed_with_all_that_leads_to_it() -> None:
    builder = Builder("f")
    way, divisor, shown, unread = (
        builder.argument(builder.param(name, "int"))
        for name in ("way", "divisor", "shown", "unread")
    )
    builder.op("add", "int", unread, unread)
    with builder.loop(integer(0), unread):
        builder.op("add", "int", unread, shown)
    held = builder.variable("int", integer(0))
    with builder.block() as then:
        builder.set(held, divisor)
    builder.when(builder.op("lt", "bool", way, integer(3)), then)
    wrong = builder.op("eq", "bool", builder.get(held), integer(0))
    builder.fail(wrong, 1)
    builder.op("floordiv", "int", shown, builder.get(held))
    function = builder.finish([shown, builder.get(held)])
    only, params = _only(function, [0])
    assert [function.params[place].name for place in params] == ["way", "divisor", "shown"]
    assert only.fails
    site = ir.Site("division_by_zero", "", "", 1)
    assert verify(ir.Unit((only,), (_columns(only),), (site,))) == []
    assert not any(isinstance(step, ir.Loop) for step in only.body)


def test_a_call_is_of_what_its_needed_results_need() -> None:
    builder = Builder("inner")
    numbers = [builder.argument(builder.param(name, "int")) for name in "abc"]
    inner = builder.finish([builder.op("add", "int", numbers[0], numbers[1]), numbers[2]])
    builder = Builder("outer")
    given = [builder.argument(builder.param(name, "int")) for name in "xyz"]
    with builder.scope():
        found = builder.call(inner, given)
        builder.leave(TRUE)
    outer = builder.finish([builder.call(inner, given)[1], builder.call(inner, given)[0]])
    assert len(found) == 2
    asked: dict[frozenset[int], tuple[Function, tuple[int, ...]]] = {}

    def variants(_name: str, results: frozenset[int]) -> tuple[Function, tuple[int, ...]]:
        if results not in asked:
            live = Liveness(inner, results, _none)
            params = sorted(live.params)
            asked[results] = live.rebuilt(f"inner{sorted(results)}", params), tuple(params)
        return asked[results]

    live = Liveness(outer, [0], variants)
    assert live.params == {2}
    only = live.rebuilt("only", [2])
    (call, last) = only.body
    assert isinstance(call, ir.Call)
    assert isinstance(last, ir.Return)
    assert (call.function, call.args, call.dests) == ("inner[1]", (given[2],), last.values)
    functions = (asked[frozenset([1])][0], only)
    assert verify(ir.Unit(functions, (_columns(only),), ())) == []
