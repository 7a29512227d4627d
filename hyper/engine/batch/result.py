"""What a batch gives: values by column, errors by row, and which rows ran where."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hyper.engine.batch.rows import Failure
    from hyper.jit.columns.formats import Array
    from hyper.jit.columns.results import Column


@dataclass(frozen=True, slots=True)
class Guard:
    """A condition under which a kernel holds, and how many rows did not meet it."""

    reason: str
    file: str
    line: int
    rows: int


@dataclass(slots=True)
class Stats:
    """How many ``rows`` ran where: in machine code (``native``), in generated Python (``generated``), in the interpreter
    (``interpreted``); ``unread`` could not be read and did not run. ``guards`` say why rows were run again in Python,
    ``reason`` with ``file`` and ``line`` why nothing ran natively (empty where it did)."""

    rows: int = 0
    native: int = 0
    generated: int = 0
    interpreted: int = 0
    unread: int = 0
    threads: int = 1
    guards: list[Guard] = field(default_factory=list)
    reason: str = ""
    file: str = ""
    line: int = 0

    def add(self, other: Stats) -> None:
        """Count what another part of a stream did."""
        for name in ("rows", "native", "generated", "interpreted", "unread"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.threads = max(self.threads, other.threads)
        self.reason, self.file, self.line = other.reason, other.file, other.line
        known = Counter({(each.reason, each.file, each.line): each.rows for each in self.guards})
        known.update({(each.reason, each.file, each.line): each.rows for each in other.guards})
        self.guards = [Guard(*place, rows) for place, rows in known.items()]

    def as_dict(self) -> dict[str, Any]:
        """The JSON form."""
        counts = {name: getattr(self, name) for name in self.__slots__ if name != "guards"}
        guards = [
            {"reason": each.reason, "file": each.file, "line": each.line, "rows": each.rows}
            for each in self.guards
        ]
        return counts | {"guards": guards}


class Errors:
    """The rows that have no value, in order. ``code`` is that of an evaluation, ``refused``, ``extern`` or ``input``; ``column``
    is the one that could not be read; ``file`` and ``line`` are the place in the source."""

    def __init__(self, rows: Array, failures: Sequence[Failure]) -> None:
        self.row = rows
        self._failures = failures

    def __len__(self) -> int:
        return len(self.row)

    def _strings(self, name: str) -> Array:
        made = np.empty(len(self.row), object)
        made[:] = [getattr(failure, name) for failure in self._failures]
        return made

    @cached_property
    def code(self) -> Array:
        """The codes."""
        return self._strings("code")

    @cached_property
    def message(self) -> Array:
        """The messages, for people."""
        return self._strings("message")

    @cached_property
    def column(self) -> Array:
        """The columns of what could not be read, else empty."""
        return self._strings("column")

    @cached_property
    def file(self) -> Array:
        """The source files, else empty."""
        return self._strings("file")

    @cached_property
    def line(self) -> Array:
        """The lines in them, from 1, else 0."""
        return np.array([failure.line for failure in self._failures], np.int64)

    def counts(self) -> dict[str, int]:
        """How many rows have each code."""
        return dict(sorted(Counter(failure.code for failure in self._failures).items()))

    def first(self, count: int) -> list[tuple[int, Failure]]:
        """The first of them with their rows."""
        return [
            (int(row), failure)
            for row, failure in zip(self.row[:count], self._failures[:count], strict=True)
        ]

    def to_arrow(self) -> Any:
        """A table of them."""
        import pyarrow as pa

        columns = {"row": pa.array(self.row, pa.int64())}
        for name in ("code", "message", "column", "file"):
            columns[name] = pa.array(getattr(self, name).tolist(), pa.string())
        return pa.table(columns | {"line": pa.array(self.line)})


class BatchResult:
    """The results of a batch. ``columns`` are by path, dotted; the one result of a function that gives no record is ``value``."""

    def __init__(self, columns: dict[str, Column], errors: Errors, stats: Stats) -> None:
        self.columns = columns
        self.errors = errors
        self.stats = stats

    def __len__(self) -> int:
        return self.stats.rows

    @cached_property
    def values(self) -> Any:
        """An array of NumPy, or of a record a dict of them. Rows that failed, and values that are none, are masked in arrays of
        numbers, bools and dates (``datetime64[D]``), and ``None`` in those of objects (decimals, texts, enums)."""
        made = {name: column.numpy() for name, column in self.columns.items()}
        return made["value"] if list(made) == ["value"] else made

    def to_arrow(self) -> Any:
        """A table of Arrow; null where a row failed or a value is none."""
        import pyarrow as pa

        return pa.table({name: column.arrow() for name, column in self.columns.items()})

    def to_polars(self) -> Any:
        """A data frame of Polars."""
        import polars as pl

        return pl.from_arrow(self.to_arrow())

    def to_pandas(self) -> Any:
        """A data frame of pandas."""
        return self.to_arrow().to_pandas()
