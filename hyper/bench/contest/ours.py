"""Our side of a contest: the program of an intent file, its kernels in memory."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING, Any

import numpy as np

from hyper.bench.contest.entry import Entry
from hyper.bench.contest.kernels import CHECKED, SOURCE, STATUS, inputs
from hyper.bench.report import BenchError
from hyper.emit.native.unit import Unit
from hyper.engine.compiler import Compiler
from hyper.ir.passes import optimise
from hyper.jit.batch import RowsKernel
from hyper.jit.llvm import target
from hyper.jit.llvm.module import module_text

if TYPE_CHECKING:
    from hyper.bench.contest.entry import Array, Task
    from hyper.ir.program import Program
    from hyper.jit.batch import Batch
    from hyper.jit.kernel import ir


def program_of(source: str, module: str = "contest", **others: str) -> Program:
    """The program of an intent file's text, as it is emitted; with ``others``, by their names."""
    with tempfile.TemporaryDirectory(prefix="hyper-bench-") as folder:
        for name, text in {module: source, **others}.items():
            with open(os.path.join(folder, f"{name}.intent"), "w", encoding="utf-8") as stream:
                stream.write(text)
        with Compiler(cache=None, incremental=False) as compiler:
            result = compiler.analyse(folder)
    program = result.compilation.program if result.compilation else None
    if not result.success or program is None:
        raise BenchError(f"what is contested does not compile: {result.errors[0].message}")
    return optimise(program)


def compiled(program: Program, name: str) -> tuple[ir.Unit, RowsKernel]:
    """A function of a program over rows, for this machine."""
    source = Unit(program)
    native = source.native(name)
    unit = source.unit([name])
    loaded = target.Compiler(target.host()).load(module_text(unit, calls=False))
    return unit, RowsKernel(unit.kernels[0], loaded, fails=native.function.fails)


def prepare(task: Task) -> Entry:
    """A kernel over columns, into new ones. With ``each`` a figure is of one row, and the first answers are compared."""
    given = inputs(task["kernel"], task["rows"], task["seed"])
    unit, kernel = compiled(program_of(SOURCE), f"contest.{task['kernel']}")
    columns = [given[column.path] for column in kernel.kernel.columns]
    rows = len(given["alpha"]) if "alpha" in given else task["rows"]
    threads = task["cores"]

    def run() -> Batch:
        return kernel.run(columns, rows, threads=threads)

    if task.get("each"):
        return Entry(run, lambda batch: [batch.outputs[0][:CHECKED]], rows)
    return Entry(run, lambda batch: answers(unit, batch))


def answers(unit: ir.Unit, batch: Batch) -> list[Array]:
    """The results, and what is wrong with each row."""
    if batch.status is None:
        return list(batch.outputs)
    codes = np.zeros(2 * len(unit.sites) + 1, np.int32)
    for place, site in enumerate(unit.sites, 1):
        codes[place] = STATUS[site.code]
    status: Any = codes[batch.status]
    return [*batch.outputs, status]
