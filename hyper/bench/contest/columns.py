"""Our side as a user has it: ``Function.batch`` of columns of NumPy, and of Arrow where they are texts or lists."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from hyper.bench.contest.entry import Entry
from hyper.bench.contest.kernels import COUNTRIES, SOURCE, STATUS, TIERS, inputs
from hyper.bench.report import BenchError
from hyper.engine.compiler import Compiler

if TYPE_CHECKING:
    from hyper.bench.contest.entry import Array, Task
    from hyper.engine.batch.result import BatchResult


def prepare(task: Task) -> Entry:
    """A kernel over columns: they are bound, it runs, and what is wrong with rows is gathered."""
    with tempfile.TemporaryDirectory(prefix="hyper-bench-") as folder:
        with open(os.path.join(folder, "contest.intent"), "w", encoding="utf-8") as stream:
            stream.write(SOURCE)
        jit = "3" if task["cores"] > 1 else "2"
        with Compiler(cache=None, incremental=False, jit=jit) as compiler:
            functions = compiler.functions(folder)
    functions.cores = task["cores"]
    function = functions.function(f"contest.{task['kernel']}")
    given = _columns(inputs(task["kernel"], task["rows"], task["seed"]))

    def run() -> BatchResult:
        result = function.batch(given)
        assert not isinstance(result, Iterator)
        if result.stats.native != result.stats.rows:
            raise BenchError(f"not all rows ran as machine code: {result.stats}")
        return result

    return Entry(run, lambda result: _answers(result, task["kernel"]))


def _columns(given: dict[str, Array]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, column in given.items():
        if name in {"tier", "country"}:
            wires = pa.array(TIERS if name == "tier" else COUNTRIES)
            made[name] = pa.DictionaryArray.from_arrays(column, wires)
        elif name == "prices":
            starts = pa.array(column.astype(np.int32))
            made[name] = pa.ListArray.from_arrays(starts, pa.array(given["prices[]"]))
        elif name == "member":
            made[name] = column.view(np.bool_)
        elif name != "prices[]":
            made[name] = column
    return made


def _answers(result: BatchResult, kernel: str) -> list[Array]:
    assert not isinstance(result.values, dict)
    values = np.ma.getdata(result.values)
    values = values.view(np.uint8) if values.dtype == np.bool_ else values
    if kernel not in {"smoothed", "margin"}:
        return [values]
    status = np.zeros(len(values), np.int32)
    status[result.errors.row] = [STATUS[code] for code in result.errors.code]
    return [np.where(status == 0, values, values.dtype.type(0)), status]
