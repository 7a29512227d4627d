"""One batch: piece by piece bound, run natively, and what a kernel does not know row by row."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from hyper.engine.batch.result import BatchResult, Errors, Guard, Stats
from hyper.engine.batch.rows import LOCK, Failure, Generated, Interpreted
from hyper.engine.batch.values import EPOCH, at_path
from hyper.ir.interpreter import EvaluationError, InputError
from hyper.jit.batch import DTYPES
from hyper.jit.columns.results import Column, encoded

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from hyper.engine.batch.functions import Function
    from hyper.jit.columns.binding import Bound
    from hyper.jit.columns.formats import Array
    from hyper.jit.columns.tables import Table

PIECE: Final = 1 << 17
"""Rows that are bound and run at once: enough that binding, in Python, is little beside them, few enough that their columns
stay in the caches and that cores have a piece each."""
_WORTH: Final = 0.004
"""Seconds of work that are left from which on starting threads is worth it."""
_GAIN: Final = 1.2
"""How many times faster several cores have to be than one to go on with them. Other work of this machine, memory, and what
Python does with its lock held decide that."""


class Run:
    """One batch of a function."""

    def __init__(self, function: Function, table: Table, now: datetime) -> None:
        self._function = function
        self._table = table
        self._now = now
        self._kernel = function.kernel()
        self._texts = function.known_texts()
        layout = function.layout
        self._binding = function.binding(now)
        today = now.date().toordinal() - EPOCH
        self._whole = {each.path: today for each in layout.columns if each.role == "whole"}
        self._outputs = [self._memory(place) for place in range(len(layout.outputs))]
        fails = self._kernel is not None and self._kernel[0].fails
        self._status = np.zeros(table.rows, np.int32) if fails else None
        self._failures: dict[int, Failure] = {}
        self._guards: Counter[int] = Counter()
        self._ran: Counter[int] = Counter()
        self._runner: Generated | Interpreted | None = None
        self._threads = 1

    def _memory(self, place: int) -> Array:
        layout = self._function.layout
        rows = self._table.rows
        if place in layout.opaque_outputs:
            return np.full(rows, None, object)
        storage = layout.outputs[place].storage
        return np.zeros((rows, 2) if storage == "i128" else rows, DTYPES[storage])

    def result(self) -> BatchResult:
        """Run it."""
        starts = list(range(0, self._table.rows, PIECE)) or [0]
        functions = self._function.functions
        shared = functions.level > 2 and functions.cores > 1 and self._kernel is not None
        seconds = 0.0
        for start in starts[:2]:
            # The first one warms up, the second one tells.
            seconds = self._timed(partial(self._piece, start))
        left = starts[2:]
        if shared and len(left) > 1 and seconds * len(left) > _WORTH:
            left = self._on_cores(min(functions.cores, len(left)), left, seconds)
        for start in left:
            self._piece(start)
        return self._finished()

    def _on_cores(self, cores: int, starts: list[int], seconds: float) -> list[int]:
        """Run pieces on several cores; gives those that are left where that turns out not to be faster. ``seconds`` is what one
        takes alone."""
        with ThreadPoolExecutor(cores) as pool:
            together = self._timed(lambda: [*pool.map(self._piece, starts[:cores])])
            if cores * seconds < _GAIN * together:
                return starts[cores:]
            self._threads = cores
            list(pool.map(self._piece, starts[cores:]))
        return []

    @staticmethod
    def _timed(action: Callable[[], object]) -> float:
        began = time.perf_counter()
        action()
        return time.perf_counter() - began

    def unread(self, message: str) -> BatchResult:
        """The result where no row can be read."""
        failure = Failure("input", message)
        self._failures = dict.fromkeys(range(self._table.rows), failure)
        return self._finished()

    def _piece(self, start: int) -> None:
        stop = min(start + PIECE, self._table.rows)
        bound = self._binding.bind(self._table, start, stop, self._texts, self._whole)
        unread = np.zeros(stop - start, np.bool_)
        for fault in bound.faults:
            fresh = fault.rows[~unread[fault.rows]]
            failure = Failure("input", fault.message, column=fault.column)
            unread[fresh] = True
            self._failures.update(dict.fromkeys((fresh + start).tolist(), failure))
        if self._kernel is None:
            self._row_by_row(bound, np.flatnonzero(~unread), start)
            return
        status = None if self._status is None else self._status[start:stop]
        outputs = [output[start:stop] for output in self._outputs]
        if not self._kernel[0].fill(bound.arrays, stop - start, outputs, status):
            return
        assert status is not None
        status[unread] = 0
        self._fail(status, start)
        self._row_by_row(bound, np.flatnonzero(status < 0), start)

    def _fail(self, status: Array, start: int) -> None:
        """The errors of a kernel, one value for all rows of a site."""
        assert self._kernel is not None
        sites = self._kernel[1].sites
        for code in np.unique(status[status != 0]).tolist():
            rows = np.flatnonzero(status == code)
            if code > 0:
                site = sites[code - 1]
                failure = Failure(site.code, site.message, site.file, site.line)
                self._failures.update(dict.fromkeys((rows + start).tolist(), failure))
            elif code < 0:
                with LOCK:
                    self._guards[-code - 1] += len(rows)

    def _row_by_row(self, bound: Bound, rows: Array, start: int) -> None:
        if not len(rows):
            return
        with LOCK:
            # What stands for columns that are not needed tells whether records are complete.
            arguments = self._function.decoder.rows(bound, self._texts, self._now)
            runner = self._python()
            done: list[int] = []
            results: list[Any] = []
            for row in rows.tolist():
                try:
                    result = runner.run(arguments(row))
                except InputError as error:
                    result = _unreadable(error)
                except EvaluationError as error:  # of a default
                    result = Failure(error.code, error.message, error.file, error.line)
                if isinstance(result, Failure):
                    self._failures[row + start] = result
                else:
                    done.append(row + start)
                    results.append(result)
                self._ran[runner.tier if not _is_input(result) else -1] += 1
            self._keep(np.array(done, np.int64), results)

    def _python(self) -> Generated | Interpreted:
        if self._runner is None:
            function, functions = self._function, self._function.functions
            interpreted = Interpreted(functions.interpreter, function.name, self._now)
            self._runner = interpreted
            if functions.level > 0:
                spare = None if function.decoder.complete else interpreted
                self._runner = Generated(functions.package, function.name, self._now, spare)
        return self._runner

    def _keep(self, rows: Array, results: list[Any]) -> None:
        """Results of Python into the memory of the kernel's."""
        layout = self._function.layout
        for place, (output, steps) in enumerate(zip(layout.outputs, layout.steps, strict=True)):
            values = [at_path(result, steps) for result in results]
            if place in layout.opaque_outputs:
                for row, value in zip(rows.tolist(), values, strict=True):
                    self._outputs[place][row] = value
                continue
            known = [at for at, value in enumerate(values) if value is not None]
            chosen = [values[at] for at in known]
            made = encoded(chosen, output.format, self._texts)
            if chosen:
                self._outputs[place][rows[known]] = made

    def _finished(self) -> BatchResult:
        rows = np.array(sorted(self._failures), np.int64)
        failures = [self._failures[row] for row in rows.tolist()]
        fine = None
        if len(rows):
            fine = np.ones(self._table.rows, np.bool_)
            fine[rows] = False
        return BatchResult(self._columns(fine), Errors(rows, failures), self._stats())

    def _columns(self, fine: Array | None) -> dict[str, Column]:
        layout = self._function.layout
        flags = {
            steps[:-1]: self._outputs[place].astype(np.bool_)
            for place, steps in enumerate(layout.steps)
            if steps[-1:] == ("?",)
        }
        found = {}
        for place, (output, steps) in enumerate(zip(layout.outputs, layout.steps, strict=True)):
            if steps[-1:] == ("?",):
                continue
            there = fine
            for depth in range(len(steps) + 1):
                flag = flags.get(steps[:depth])
                if flag is not None:
                    there = flag if there is None else there & flag
            form = None if place in layout.opaque_outputs else output.format
            name = ".".join(steps) or "value"
            found[name] = Column(self._outputs[place], form, there, self._texts)
        return found

    def _stats(self) -> Stats:
        function = self._function
        inputs = sum(failure.code == "input" for failure in self._failures.values())
        again = self._ran[0] + self._ran[1]
        native = self._table.rows - inputs - again if self._kernel is not None else 0
        sites = self._kernel[1].sites if self._kernel is not None else ()
        guards = [
            Guard(sites[at].message, sites[at].file, sites[at].line, count)
            for at, count in sorted(self._guards.items())
        ]
        return Stats(
            self._table.rows, native, self._ran[1], self._ran[0], inputs, self._threads, guards,
            function.why, function.file, function.line,
        )  # fmt: skip


def _unreadable(error: InputError) -> Failure:
    column = "".join(
        f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.path
    ).lstrip(".")
    return Failure("input", error.message, column=column)


def _is_input(result: Any) -> bool:
    return isinstance(result, Failure) and result.code == "input"
