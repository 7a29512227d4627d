"""The engine's own way over tables: what ``hyper run --data`` and ``batch`` of a package do, from records to columns and back."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from hyper.engine.batch.functions import Functions
from hyper.engine.batch.result import BatchResult
from hyper.engine.batch.rows import Package
from hyper.engine.batch.values import at_path, plain
from hyper.ir.interpreter.values import Record
from hyper.jit.batch import RowsKernel
from tests.meaning.data import ITEM
from tests.meaning.native import GUARDED
from tests.meaning.runs import Run
from tests.meaning.tiers import form

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from hyper.engine.batch.functions import Function
    from hyper.jit.llvm.target import OptLevel, Processor
    from tests.meaning.back_ends import Subject, Tuned


class Engine(Run):
    """Batches of records. Kernels are those of the subject, which are compiled together; the rest is the engine's."""

    def __init__(self, subject: Subject | Tuned, processor: Processor, level: OptLevel) -> None:
        self._kernels = subject.kernels
        self._loaded = subject.kernels.loaded(processor, level)
        name = subject.tiers.package
        package = Package(subject.program, imported=(name, name))
        self._functions = Functions(subject.program, package=package)
        self._functions.unit = subject.kernels.source

    def knows(self, name: str) -> bool:
        """All of them: those without a native form run row by row."""
        return bool(name)

    def _function(self, name: str) -> Function:
        function = self._functions.function(name)
        if not function.why and function._kernel is None:
            kernel = self._kernels.kernel(name)
            fails = self._kernels.natives[name].function.fails
            function._kernel = RowsKernel(kernel, self._loaded, fails=fails), self._kernels.unit
        return function

    def told(self, name: str, expected: Any) -> Any:
        """The results by column."""
        if _failed(expected):
            return expected
        bare = _bare(expected)
        return [at_path(bare, steps) for steps in self._steps(name)]

    def _steps(self, name: str) -> list[tuple[str, ...]]:
        steps = self._functions.function(name).layout.steps
        return [path for path in steps if path[-1:] != ("?",)]

    def outcomes(self, name: str, rows: Sequence[Sequence[Any]], now: datetime) -> list[Any]:
        """All rows as one table."""
        function = self._function(name)
        layout = function.layout
        names = [param for param, _ in layout.params]
        dark = {layout.parts[place][0] for place in layout.opaque}
        records = [
            {
                param: self._given(value, dark=param in dark)
                for param, value in zip(names, row, strict=True)
            }
            for row in rows
        ]
        result = function.batch(records, now=now)
        assert isinstance(result, BatchResult)
        columns = [result.columns[".".join(path) or "value"].numpy() for path in self._steps(name)]
        failures = dict(result.errors.first(len(result.errors)))
        found: list[Any] = []
        for row in range(len(rows)):
            failure = failures.get(row)
            given = list(zip(names, rows[row], strict=True))
            shown = [value for param, value in given if param in dark]
            others = [value for param, value in given if param not in dark]
            if not _is_json(shown) or (layout.native is None and _lacks(others)):
                found.append(GUARDED)
            elif failure is None:
                found.append([_leaf(column[row]) for column in columns])
            elif failure.code == "refused":
                found.append(("refused", failure.message))
            else:
                found.append(("error", failure.code, failure.file, failure.line))
        return found

    def _given(self, value: Any, *, dark: bool) -> Any:
        """A value as tables have it: of a type that is no column, as JSON has it."""
        return self._kernels.interpreter.to_json(value) if dark else plain(value)


def _is_json(value: Any) -> bool:
    """Whether JSON has such numbers."""
    match value:
        case float():
            return math.isfinite(value)
        case Record():
            return all(map(_is_json, value.fields.values()))
        case list():
            return all(map(_is_json, value))
        case dict():
            return all(map(_is_json, value.values()))
        case _:
            return True


def _lacks(value: Any) -> bool:
    """Whether there is a record without a field that may be absent and may be null: in a table the two are one."""
    match value:
        case Record():
            gone = value.entity == ITEM.name and "sparse" not in value.fields
            return gone or any(map(_lacks, value.fields.values()))
        case list():
            return any(map(_lacks, value))
        case _:
            return False


def _failed(outcome: Any) -> bool:
    return isinstance(outcome, tuple) and outcome[0] in {"error", "refused"}


def _bare(outcome: Any) -> Any:
    """An outcome with records as maps and enums as texts, as results of batches have them."""
    match outcome:
        case ("record", str(), dict(fields)):
            return {name: _bare(item) for name, item in fields.items()}
        case ("enum", wire):
            return form(wire)
        case ("NoneType", None):
            return None
        case list():
            return [_bare(item) for item in outcome]
        case dict():
            return {key: _bare(item) for key, item in outcome.items()}
        case _:
            return outcome


def _leaf(value: Any) -> Any:
    if value is np.ma.masked:
        return None
    return _bare(form(value.item() if isinstance(value, np.generic) else value))
