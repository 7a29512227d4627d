"""What the verifier lets through, LLVM takes; what is malformed is refused by name."""

from __future__ import annotations

import copy
import os
import random
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from hyper.emit.native.unit import Unit
from hyper.jit.kernel import ir
from hyper.jit.kernel.builder import FALSE, TRUE, Builder, TooLarge, integer
from hyper.jit.kernel.verify import UnitError, dump_unit, load_unit, verify
from hyper.jit.llvm.module import module_text
from hyper.jit.llvm.target import Compiler, host
from tests.check.programs import program
from tests.jit.machine import unit_of

if TYPE_CHECKING:
    from collections.abc import Iterator

MUTATIONS = 20_000 if os.environ.get("HYPER_LONG") else 250
TEXT = """
entity Line:
    quantity: int @range(1, 999)
    price: decimal(12, 2)
    note?: string

enum Tier: gold, silver

calc cost(line: Line) -> decimal(14, 2):
    line.quantity * line.price

calc total(lines: list[Line], tier: Tier) -> decimal(14, 2):
    let found = sum(cost(line) for line in lines if line.note != "free")
    if tier == gold then found * 0.9 else found

calc smoothed(prices: list[float], alpha: float) -> float:
    var level = prices[0]
    for price in prices:
        level = alpha * price + (1.0 - alpha) * level
    level

table rate(tier: Tier, amount: decimal(14, 2)) -> decimal(3, 2), first:
    tier | amount => result
    gold | >= 500 => 0.15
    -    | -      => 0.0
"""


def shop() -> ir.Unit:
    return Unit(program(TEXT)).unit(["m0.cost", "m0.total", "m0.smoothed", "m0.rate"])


def test_what_is_made_is_well_formed_and_can_be_read_again() -> None:
    unit = shop()
    assert verify(unit) == []
    assert load_unit(dump_unit(unit)) == unit


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where leaves lie in plain data."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from places(item, (*path, key))
    elif isinstance(value, list):
        yield path
        for index, item in enumerate(value):
            yield from places(item, (*path, index))
    else:
        yield path


def mutated(source: random.Random, data: Any) -> None:
    """Change one place of plain data to something of the same type, for the most part."""
    known = list(places(data))
    *path, last = source.choice(known)
    holder = data
    for part in path:
        holder = holder[part]
    value = holder[last]
    if isinstance(value, bool):
        holder[last] = not value
    elif isinstance(value, int):
        holder[last] = source.choice((value + 1, value - 1, -1, 0, 10**12, source.randrange(60)))
    elif isinstance(value, list) and value:
        change = source.randrange(3)
        if change == 0:
            value.pop(source.randrange(len(value)))
        elif change == 1:
            value.insert(source.randrange(len(value) + 1), source.choice(value))
        else:
            source.shuffle(value)
    else:
        other = data
        for part in source.choice(known):
            other = other[part]
        words = ("wide", "int", "bool", "float", "add", "div", "i128", 'x" {', "", "-1", other)
        # A copy: what holds itself cannot be written down.
        holder[last] = copy.deepcopy(source.choice(words))


def test_mutated_units_are_refused_or_compile() -> None:
    source = random.Random(5)
    original = dump_unit(shop())
    compiler = Compiler(host(), "0")
    refused = 0
    for _ in range(MUTATIONS):
        data = msgspec.json.decode(original)
        for _ in range(source.choice((1, 1, 1, 2, 3))):
            mutated(source, data)
        try:
            unit = load_unit(msgspec.json.encode(data))
        except UnitError:
            refused += 1
            continue
        compiler.module(module_text(unit))
    assert MUTATIONS / 5 < refused < MUTATIONS


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b'{"functions": 1}', b"\xff", b"[" * 100_000], ids=repr
)
def test_what_is_no_unit_is_refused(data: bytes) -> None:
    with pytest.raises(UnitError):
        load_unit(data)


def of_steps(*steps: ir.Step, fails: bool = False) -> list[str]:
    """What is wrong with a function ``f(a: int, b: float, c: address of ints) -> int`` of these steps and a result."""
    params = (
        ir.Param("a", 0, "int"),
        ir.Param("b", 1, "float"),
        ir.Param("c", 2, "int", "i64"),
    )
    body = (*steps, ir.Return((0,)))
    function = ir.Function("f", params, ("int",), ("float",), 20, body, fails)
    return verify(ir.Unit((function,), (), (ir.Site("overflow", "", "", 1),)))


ONE = integer(1)


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (ir.Op(3, "add", (0, 4), "int"), "value 4 is not defined here"),
        (ir.Op(1, "add", (0, 0), "int"), "value 1 is defined twice"),
        (ir.Op(99, "add", (0, 0), "int"), "value 99 is defined twice, or beyond"),
        (ir.Op(3, "add", (0, 1), "int"), "add of int, float is no int"),
        (ir.Op(3, "add", (0, 0), "float"), "add of int, int is no float"),
        (ir.Op(3, "launch", (0,), "int"), "launch of int is no int"),
        (ir.Op(3, "add", (2, 0), "int"), "value 2 is not defined here"),
        (ir.Op(3, "scale_down", (0, 0), "int"), "no constant"),
        (ir.Op(3, "scale_down", (0, integer(19)), "int"), "too large"),
        (ir.Op(3, "add", (0, ir.Imm("int", "x")), "int"), "'x' is no int"),
        (ir.Op(3, "add", (0, ir.Imm("int", str(2**63))), "int"), "is no int"),
        (ir.Op(3, "add", (1, ir.Imm("float", "1")), "float"), "'1' is no float"),
        (ir.Load(3, 0, ONE, "i64"), "a load from 0"),
        (ir.Load(3, 2, ONE, "i32"), "a load from 2"),
        (ir.Load(3, 2, 1, "i64"), "1 where a value of the kind int"),
        (ir.Get(3, 0, "int"), "variable 0 is of another kind"),
        (ir.Set(0, ONE), "where a value of the kind float"),
        (ir.Set(1, ONE), "no variable 1"),
        (ir.Break(TRUE), "nothing to leave"),
        (ir.Return((0,)), "results before its end"),
        (ir.When(TRUE, (ir.Return((0,)),)), "results before its end"),
        (ir.Fail(TRUE, 1), "it says that it cannot fail"),
        (ir.Checked(3, "add", (0, 0), 2), "no site 2"),
        (ir.Fail(FALSE, 0), "no site 0"),
        (ir.Call((), "g", (), ()), "'g' is not before it"),
        (ir.Call((3,), "f", (0,), ("int",)), "'f' is not before it"),
        (ir.Loop(3, ONE, 1, ()), "where a value of the kind int"),
    ],
)
def test_malformed_steps(step: ir.Step, message: str) -> None:
    (found,) = of_steps(step)
    assert message in found


def test_values_end_with_their_block() -> None:
    inner = ir.Op(3, "add", (0, 0), "int")
    (found,) = of_steps(ir.When(TRUE, (inner,)), ir.Op(4, "add", (3, 0), "int"))
    assert "value 3 is not defined here" in found
    assert of_steps(ir.Scope((inner, ir.Break(TRUE)))) == []


def test_names_that_llvm_reads_otherwise() -> None:
    for name in ('f"', "a\\22", "llvm.abs", "", "a\nb"):
        unit = ir.Unit((ir.Function(name, (), (), (), 0, (ir.Return(()),), fails=False),), (), ())
        assert "is no name" in verify(unit)[0]


def test_columns_and_outputs_must_be_those_of_the_function() -> None:
    unit = unit_of(("int",), lambda _builder, args: args)
    assert verify(unit) == []
    (kernel,) = unit.kernels
    for other in (
        ir.Kernel("g", kernel.columns, kernel.outputs),
        ir.Kernel("f", (), kernel.outputs),
        ir.Kernel("f", kernel.columns, ()),
        ir.Kernel("f", (ir.Column("p0", "items", "i64", ir.Format("int")),), kernel.outputs),
    ):
        assert len(verify(ir.Unit(unit.functions, (other,), ()))) == 1


def test_builders_give_up_before_blocks_are_too_deep() -> None:
    builder = Builder("f")

    def nested(depth: int) -> None:
        with builder.block() as inner:
            if depth:
                nested(depth - 1)
        builder.when(TRUE, inner)

    with pytest.raises(TooLarge):
        nested(500)


def test_llvm_takes_calls_with_and_without_results_beside_each_other() -> None:
    check, same = Builder("check"), Builder("same")
    positive = check.argument(check.param("of", "int"))
    check.fail(check.op("lt", "bool", positive, integer(0)), 1)
    checks = check.finish([])
    gives = same.finish([same.argument(same.param("of", "int"))])
    main = Builder("main")
    for number in range(6):
        main.call(gives, [integer(number)])
        main.call(checks, [integer(number)])
    functions = (checks, gives, main.finish([integer(1)]))
    unit = ir.Unit(functions, (), (ir.Site("range", "negative", "m.intent", 1),))
    assert not verify(unit)
    Compiler(host(), "0").module(module_text(unit))
