"""Kernels of one operation, run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hyper.jit.batch import DTYPES, RowsKernel
from hyper.jit.kernel import ir
from hyper.jit.kernel.builder import Builder
from hyper.jit.llvm.module import module_text
from hyper.jit.llvm.target import Compiler, host

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hyper.jit.kernel.ir import Kind, Operand, Storage

STORAGES: dict[Kind, Storage] = {"bool": "u8", "int": "i64", "wide": "i128", "float": "f64"}


def unit_of(
    kinds: Sequence[Kind], body: Callable[[Builder, list[int]], Sequence[Operand]]
) -> ir.Unit:
    """A unit of one kernel ``f``, whose body is made from its arguments."""
    builder = Builder("f")
    args = [builder.argument(builder.param(f"p{place}", kind)) for place, kind in enumerate(kinds)]
    function = builder.finish(body(builder, args))
    columns = tuple(
        ir.Column(f"p{place}", "value", STORAGES[kind], ir.Format("int"))
        for place, kind in enumerate(kinds)
    )
    outputs = tuple(
        ir.Output(f"r{place}", STORAGES[kind], ir.Format("int"))
        for place, kind in enumerate(function.results)
    )
    return ir.Unit((function,), (ir.Kernel("f", columns, outputs),), ())


def column(kind: Kind, values: Sequence[Any]) -> np.ndarray[Any, Any]:
    """Values as a column."""
    if kind == "wide":
        words = [[value & (2**64 - 1), (value >> 64) & (2**64 - 1)] for value in values]
        return np.array(words, np.uint64).view(np.int64)
    return np.array(values, DTYPES[STORAGES[kind]])


def run(unit: ir.Unit, rows: Sequence[Sequence[Any]]) -> list[tuple[int, Any]]:
    """The status and the first result of each row."""
    kernel, function = unit.kernels[0], unit.functions[0]
    kinds = [param.kind for param in function.params]
    columns = [column(kind, [row[place] for row in rows]) for place, kind in enumerate(kinds)]
    loaded = Compiler(host(), "1").load(module_text(unit))
    batch = RowsKernel(kernel, loaded, fails=function.fails).run(columns, len(rows))
    found = []
    for place in range(len(rows)):
        status = 0 if batch.status is None else int(batch.status[place])
        item = batch.outputs[0][place]
        if function.results[0] == "wide":
            value: Any = (int(item[1]) << 64) | (int(item[0]) & (2**64 - 1))
        else:
            value = item.item()
        found.append((status, value))
    return found
