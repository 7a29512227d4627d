"""Kernels as modules of WebAssembly: they import nothing, compute what machines compute, and leave out what they cannot."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from hyper.jit.hardware import resolve
from hyper.jit.objects.abi import interface
from hyper.jit.objects.library import Making
from hyper.jit.objects.wasm import WasmError, module_of
from hyper.jit.objects.wasm_support import left_out, without
from tests.check.programs import program
from tests.jit.libraries import object_of, of_program, wasm_module
from tests.jit.machine import column, run, unit_of
from tests.jit.test_abi import PROGRAM
from tests.meaning.node import NODE
from tests.meaning.wasm import Module

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hyper.jit.kernel import ir
    from hyper.jit.kernel.ir import Kind

pytest.importorskip("llvmlite")

WASM = resolve("wasm32")
WIDE = [0, 1, -1, 10**27, -(10**28) + 1, 2**63, -(2**64), 2**96 + 12345, 2**126 - 1, -(2**126) + 1]
FLOATS = [
    *(0.0, 1.0, 5e-324, 13 * 5e-324, 2.2250738585072014e-308, 2.225073858507201e-308, 0.1, 1e-300),
    *(1.5, 7.0, 2.0**53, 1e300, 1.7976931348623157e308, math.inf, math.nan),
]


def same(unit: ir.Unit, kinds: Sequence[Kind], rows: Sequence[Sequence[Any]]) -> None:
    """Node and this machine give the same, bit for bit."""
    if NODE is None:
        pytest.skip("Node is needed")
    columns = [column(kind, [row[place] for row in rows]) for place, kind in enumerate(kinds)]
    wanted = run(unit, rows)
    for level in ("0", "s"):
        module = Module(unit, level)
        (output,), statuses, _ = module.rows("f", columns, len(rows))
        for place, (status, value) in enumerate(wanted):
            item = output[place]
            if output.ndim > 1:
                item = int(item[1]) << 64 | int(item[0]) & (2**64 - 1)
            assert statuses[place] == status
            assert repr(value) == repr(item if isinstance(item, int) else item.item()), rows[place]
        module.close()


def pairs(values: Sequence[Any], count: int, limit: int = 0) -> list[list[Any]]:
    source = random.Random(7)
    more = [source.randrange(-limit, limit) for _ in range(count)] if limit else []
    return [[a, b] for a in values for b in values] + [
        [a, b >> source.randrange(126)] for a, b in zip(more, reversed(more), strict=True)
    ]


@pytest.mark.parametrize("name", ["add", "sub", "mul"])
def test_arithmetic_of_128_bits(name: str) -> None:
    rows = pairs(WIDE, 100, 2**126)
    unit = unit_of(["wide", "wide"], lambda builder, args: [builder.op(name, "wide", *args)])
    same(unit, ["wide", "wide"], rows)


def test_division_of_128_bits() -> None:
    rows = [row for row in pairs(WIDE, 200, 2**126) if row[1]]
    unit = unit_of(["wide", "wide"], lambda builder, args: [builder.op("div_even", "wide", *args)])
    same(unit, ["wide", "wide"], rows)


@pytest.mark.parametrize("exponent", [1, 9, 10, 28, 37])
def test_powers_of_ten_of_128_bits(exponent: int) -> None:
    from hyper.jit.kernel.builder import integer

    unit = unit_of(
        ["wide"],
        lambda builder, args: [builder.op("scale_down", "wide", args[0], integer(exponent))],
    )
    same(unit, ["wide"], [[a] for a in WIDE])


@pytest.mark.parametrize("name", ["floormod", "floordiv"])
def test_rests_of_floats(name: str) -> None:
    source = random.Random(3)
    rows = [[a, b] for a in FLOATS for b in FLOATS if b]
    rows += [[source.uniform(-1e9, 1e9), source.uniform(-50, 50)] for _ in range(300)]
    rows += [
        [math.ldexp(source.random(), source.randrange(-1074, 1024)), 3e-320] for _ in range(50)
    ]
    rows += [[-a, b] for a, b in rows] + [[a, -b] for a, b in rows]
    unit = unit_of(["float", "float"], lambda builder, args: [builder.op(name, "float", *args)])
    same(unit, ["float", "float"], rows)


def test_ratios_and_checked_products() -> None:
    rows = pairs([0, 1, -1, 3, 2**53 + 1, 2**63 - 1, -(2**63), 10**18], 0)
    unit = unit_of(
        ["int", "int"], lambda builder, args: [builder.op("ratio", "float", args[0], args[1])]
    )
    same(unit, ["int", "int"], [row for row in rows if row[1]])
    unit = unit_of(
        ["int", "int"], lambda builder, args: [builder.checked("mul", args[0], args[1], 1)]
    )
    from hyper.jit.kernel import ir

    unit = msgspec.structs.replace(unit, sites=(ir.Site("overflow", "m", "f", 1),))
    same(unit, ["int", "int"], rows)


def test_what_python_computes_with_the_c_library_is_left_out() -> None:
    text = """
calc a(x: float) -> float: log(x)
calc b(x: float) -> float: a(x) + 1.0
calc c(x: float) -> float: x % 2.0
"""
    unit = of_program(program(text)).unit
    assert left_out(unit) == {"m0.a": "log", "m0.b": "log"}
    with pytest.raises(WasmError, match="log"):
        wasm_module(interface(unit, "shop"), WASM)
    rest = without(unit, {"m0.a", "m0.b"})
    assert [function.name for function in rest.functions] == ["m0.c"]
    assert wasm_module(interface(rest, "shop"), WASM)[:4] == b"\0asm"


def test_names_are_kept_where_they_are_asked_for() -> None:
    made = of_program(program(PROGRAM))
    lean, named = wasm_module(made, WASM), wasm_module(made, WASM, Making(strip=False))
    assert lean == wasm_module(made, WASM)
    assert named.startswith(lean)
    assert b"m0.total.rows.loop" in named[len(lean) :]
    assert b"m0.total.rows.loop" not in lean


def test_bytes_that_are_no_object() -> None:
    with pytest.raises(WasmError, match="no object"):
        module_of(b"\x7fELF", [])
    data = object_of(of_program(program(PROGRAM)), "wasm32")
    with pytest.raises(WasmError, match="no m0__other"):
        module_of(data, ["m0__other"])
