"""Cost bounds: never less than what tier 0 takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from hyper.base.memory import MemoryFiles
from hyper.engine.bounds import Atom
from hyper.engine.compiler import Compiler
from hyper.engine.cost import _Costs, callees_first, cost_of
from hyper.ir.interpreter import Interpreter

if TYPE_CHECKING:
    from hyper.ir.program import EntityDef, Program
    from hyper.lang.types import Type

SOURCE = """
entity Line:
    quantity: int
    tags: list[string] @size(0, 5)

entity Order:
    lines: list[Line] @size(1, 100)

calc line_total(line: Line) -> int:
    line.quantity * length(line.tags)

calc total(order: Order) -> int:
    sum(line_total(line) for line in order.lines if line.quantity > 1)

calc tags(order: Order) -> int:
    var found = 0
    for line in order.lines:
        for tag in line.tags:
            if tag == "x":
                found = found + 1
            else:
                found = found + 2
    found

calc squares(n: int) -> int:
    let m = n + 1
    sum(i * i for i in range(m))

calc through(order: Order) -> int:
    let lines = order.lines
    let wide = [line for line in lines if line.quantity > 0]
    length(wide) + total(order) + sum(sorted([line.quantity for line in wide]))

table band(n: int) -> int, first:
    n     => result
    < 10  => 1
    < 100 => 2
    -     => n * 3

rule small on Order:
    require total(self) < 1000 else "too much"
    when length(lines) > 2
    then lines = [line for line in lines if line.quantity > 0]
"""


@pytest.fixture(scope="module")
def program() -> Program:
    result = Compiler(files=MemoryFiles({"/w/m.intent": SOURCE}), environment={}).analyse("/w")
    assert result.compilation is not None
    assert result.success, result.diagnostics
    assert result.compilation.program is not None
    return result.compilation.program


def _order(lines: int, tags: int) -> dict[str, Any]:
    return {"lines": [{"quantity": n % 4, "tags": ["x", "y"] * (tags // 2)} for n in range(lines)]}


def _taken(program: Program, name: str, arguments: dict[str, Any]) -> int:
    """The steps that tier 0 takes."""
    budget = 10**9
    interpreter = Interpreter(program, steps=budget)
    interpreter.run_json(name, arguments)
    return int(budget - interpreter._machine.steps_left)


def _bound(program: Program, name: str, sizes: dict[Atom, int]) -> int:
    costs = _Costs(program)
    for function in callees_first(program, name):
        costs.add(function)
    value = costs.bounds[name].maximum(sizes)
    assert value is not None, str(costs.bounds[name])
    return value


@pytest.mark.parametrize("lines", [1, 2, 7, 40])
@pytest.mark.parametrize("tags", [0, 2, 4])
@pytest.mark.parametrize("name", ["line_total", "total", "tags", "through", "small"])
def test_bounds_hold_over_records(program: Program, name: str, lines: int, tags: int) -> None:
    order = _order(lines, tags)
    head = {"small": "self", "line_total": "line"}.get(name, "order")
    value = order["lines"][0] if name == "line_total" else order
    sizes = {Atom(f"{head}.lines"): lines, Atom(f"{head}.lines[].tags"): tags}
    taken = _taken(program, f"m.{name}", {head: value})
    bound = _bound(program, f"m.{name}", sizes)
    assert taken <= bound <= 4 * taken + 60


@pytest.mark.parametrize("n", [0, 1, 5, 300])
def test_bounds_hold_over_numbers(program: Program, n: int) -> None:
    assert _taken(program, "m.squares", {"n": n}) <= _bound(
        program, "m.squares", {Atom("n", "value"): n}
    )
    assert _taken(program, "m.band", {"n": n}) <= _bound(program, "m.band", {})


def test_sizes_with_limits_give_a_number(program: Program) -> None:
    tags = cost_of(program, "m.tags")
    assert tags is not None
    assert "length(order.lines) * length(order.lines[].tags)" in tags.steps
    assert tags.maximum is not None
    assert tags.maximum >= _taken(program, "m.tags", {"order": _order(100, 4)})
    squares = cost_of(program, "m.squares")
    assert squares is not None
    assert squares.maximum is None


def test_only_functions_cost(program: Program) -> None:
    assert cost_of(program, "m.Order") is None


def test_a_long_chain_of_calls_is_no_deep_one() -> None:
    lines = ["calc c0(x: int) -> int: x"]
    lines += [f"calc c{n}(x: int) -> int: c{n - 1}(x) + 1" for n in range(1, 1200)]
    files = MemoryFiles({"/w/m.intent": "\n".join(lines) + "\n"})
    result = Compiler(files=files, environment={}).analyse("/w")
    assert result.success, result.diagnostics[:2]
    assert result.compilation is not None
    assert result.compilation.program is not None
    cost = cost_of(result.compilation.program, "m.c1199")
    assert cost is not None
    assert cost.maximum is not None
    assert cost.maximum > 1199


def test_each_field_of_a_long_path_is_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    depth = 12
    lines = [f"entity E{n}:\n    next: E{n + 1}" for n in range(depth)]
    lines += [f"entity E{depth}:\n    numbers: list[int] @size(0, 7)"]
    lines += [f"calc f(e: E0) -> int: sum(x for x in e{'.next' * depth}.numbers)"]
    files = MemoryFiles({"/w/m.intent": "\n".join(lines) + "\n"})
    result = Compiler(files=files, environment={}).analyse("/w")
    assert result.compilation is not None
    assert result.compilation.program is not None, result.diagnostics
    asked: list[str] = []
    looked_up = _Costs._entity

    def looking(self: _Costs, kind: Type) -> EntityDef | None:
        asked.append(str(kind))
        return looked_up(self, kind)

    monkeypatch.setattr(_Costs, "_entity", looking)
    cost = cost_of(result.compilation.program, "m.f")
    assert cost is not None
    assert cost.maximum is not None
    # The path is followed for the size of the list, and for what its elements are.
    assert len(asked) == 2 * (depth + 1)
