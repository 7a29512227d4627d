"""One side of ``profile``: the table called from Python, or as a kernel over rows, built with the profile or without."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from hyper.bench.contest.entry import AbsentError, Entry
from hyper.bench.contest.ours import program_of
from hyper.bench.contest.package import PACKAGE
from hyper.bench.contest.skewed import FUNCTION, MODULE, inputs, source
from hyper.emit.native.unit import Unit
from hyper.emit.native.weights import NO_WEIGHTS
from hyper.engine.training import Training
from hyper.jit.batch import Batch, RowsKernel
from hyper.jit.llvm import target
from hyper.jit.llvm.module import module_text
from hyper.jit.profiles import load

if TYPE_CHECKING:
    from hyper.bench.contest.entry import Task

_CALLS: Final = 2000


def prepare(task: Task) -> Entry:
    """``task["way"]`` is python, native or rows, of a table of ``task["table"]`` rows; the package lies in ``task["out"]``, and the
    profile, where there is one, at ``task["profile"]``."""
    return _rows(task) if task["way"] == "rows" else _calls(task)


def _calls(task: Task) -> Entry:
    sys.path.insert(0, task["out"])
    function = getattr(importlib.import_module(f"{PACKAGE}.{MODULE}"), FUNCTION)
    compiled = type(function) is type(len)
    if compiled != (task["way"] == "native"):
        raise AbsentError(f"{FUNCTION} is {'machine code' if compiled else 'Python'} here")
    rows = inputs(_CALLS, task["seed"], task["table"], even=task["even"], code=task["code"])

    def run() -> None:
        for code, amount in rows:
            function(code, amount)

    def answers(_: None) -> list[Any]:
        return [np.array([function(*row) for row in rows])]

    return Entry(run, answers, len(rows))


def _rows(task: Task) -> Entry:
    program = program_of(source(task["table"]), MODULE)
    weights = NO_WEIGHTS
    if task["profile"] is not None:
        training = Training(load(task["profile"]), "full")
        training.fit(program)
        weights = training.weights()
    name = f"{MODULE}.{FUNCTION}"
    kernels = Unit(program, weights)
    native = kernels.native(name)
    unit = kernels.unit([name])
    loaded = target.Compiler(target.host()).load(module_text(unit, calls=False))
    kernel = RowsKernel(unit.kernels[0], loaded, fails=native.function.fails)
    rows = inputs(task["rows"], task["seed"], task["table"], even=task["even"], code=task["code"])
    given = dict(zip(("code", "amount"), np.array(rows, np.int64).T.copy(), strict=True))
    outputs = kernel.outputs(len(rows))
    status = np.empty(len(rows), np.int32) if kernel.fails else None
    columns = [given[column.path] for column in kernel.kernel.columns]

    def run() -> Batch:
        # Memory that is new each time takes longer than a row does here.
        return Batch(outputs, status, kernel.fill(columns, len(rows), outputs, status))

    return Entry(run, lambda batch: list(batch.outputs), len(rows))
