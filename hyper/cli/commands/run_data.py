"""``hyper run --data``: evaluate a calc, table or rule for each row of a file."""

from __future__ import annotations

import io
import json
import time
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from hyper.base.reports import SCHEMA_VERSION
from hyper.cli.console import UsageError
from hyper.cli.main import FAILED, OK
from hyper.cli.session import counted
from hyper.cli.streams import put
from hyper.engine.batch.files import FileError, form_of, open_table
from hyper.engine.batch.functions import Functions
from hyper.engine.batch.result import Stats
from hyper.engine.batch.sinks import Sink, file_sink
from hyper.engine.batch.values import result_json

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from hyper.cli.console import Console
    from hyper.cli.progress import Progress
    from hyper.emit.native.weights import Weights
    from hyper.engine.batch.files import TableFile
    from hyper.engine.batch.functions import Function
    from hyper.engine.batch.result import BatchResult
    from hyper.engine.batch.rows import Failure
    from hyper.ir.program import Program

_READ: Final = 20
"""Errors of rows that people read."""
_LISTED: Final = 1000
"""Those that ``--json`` lists."""


def run_data(
    program: Program,
    name: str,
    arguments: argparse.Namespace,
    console: Console,
    *,
    level: int,
    cores: int,
    now: datetime,
    shown: Callable[[str], str],
    weights: Weights,
) -> int:
    """Evaluate each row; 1 where one has no value. ``shown`` gives the path of a source as people know it, ``weights`` are what a
    profile tells."""
    try:
        if arguments.results:
            form_of(arguments.results)
        function = Functions(program, level=level, cores=cores, weights=weights).function(name)
        opened = open_table(arguments.data, function.binding(now).wanted)
    except (FileError, ModuleNotFoundError) as error:
        raise UsageError(str(error)) from None
    work = _Work(function, arguments, console, shown)
    return work.run(opened, now)


class _Work:
    """One file under way."""

    def __init__(
        self,
        function: Function,
        arguments: argparse.Namespace,
        console: Console,
        shown: Callable[[str], str],
    ) -> None:
        self._function = function
        self._data: str = arguments.data
        self._out: str | None = arguments.results
        # What is recorded runs in Python whatever could be machine code.
        self._recorded = arguments.record is not None
        self._console = console
        self._shown = shown
        self._stats = Stats()
        self._errors: list[tuple[int, Failure]] = []
        self._codes: Counter[str] = Counter()
        self._most = _LISTED if console.json else _READ
        self._began = time.perf_counter()

    def run(self, opened: TableFile, now: datetime) -> int:
        results = self._function.over_file(opened, now=now)
        bar = self._console.bar()
        broken = ""
        first: BatchResult | None = None
        try:
            # What is wrong with the columns shows at once, before anything is written.
            first = next(results)
        except ValueError as error:
            wrong = self._function.wrong_columns(self._data, now, error)
            raise UsageError(f"{self._data}: {wrong}") from None
        except FileError as error:
            broken = str(error)
        try:
            with self._sink() as sink:
                for result in _after(first, results, broken):
                    self._take(result, sink)
                    if bar is not None:
                        _draw(bar, opened, self._stats.rows)
        except (FileError, ValueError) as error:
            broken = str(error)
        finally:
            self._console.progress_end()
        return self._tell(broken)

    @contextmanager
    def _sink(self) -> Iterator[_Sink]:
        if self._out is not None:
            with file_sink(self._function.layout, self._out) as sink:
                yield sink
        elif self._console.json:
            json_sink = _JsonSink()
            try:
                yield json_sink
            finally:
                json_sink.close()
        else:
            stream = _Stdout()
            plain = Sink(self._function.layout, "csv", stream, errors=False)
            yield plain
            plain.close()

    def _take(self, result: BatchResult, sink: _Sink) -> None:
        row = self._stats.rows
        self._stats.add(result.stats)
        self._codes.update(result.errors.counts())
        for place, failure in result.errors.first(max(0, self._most - len(self._errors))):
            self._errors.append((row + place + 1, failure))
            if not self._console.json:
                self._console.aside(f"{self._data}: {self._line(row + place + 1, failure)}")
        sink.write(result)

    def _line(self, row: int, failure: Failure) -> str:
        place = f"{self._shown(failure.file)}:{failure.line}: " if failure.file else ""
        column = f"{failure.column}: " if failure.column else ""
        return f"row {row:,}: {place}{failure.code}: {column}{failure.message}"

    def _tell(self, broken: str) -> int:
        failed = sum(self._codes.values())
        code = FAILED if failed or broken else OK
        if self._console.json:
            self._tell_json(failed, broken)
            return code
        if failed > len(self._errors):
            self._console.remark(f"… and {failed - len(self._errors):,} more errors")
        if broken:
            self._console.remark(f"hyper: {broken}")
        rows = counted(self._stats.rows, "row")
        told = f"{rows}: {counted(failed, 'error') if failed else 'all have a value'}"
        seconds = time.perf_counter() - self._began
        self._console.remark(f"{told}; {self._how()}, {seconds:.2f} s")
        if self._out is not None and not broken:
            self._console.say(f"{self._out} from {rows}")
        return code

    def _how(self) -> str:
        stats = self._stats
        parts = [
            f"{count:,} {where}"
            for count, where in (
                (stats.native, "as machine code"),
                (stats.generated, "in Python"),
                (stats.interpreted, "interpreted"),
            )
            if count
        ]
        if stats.threads > 1:
            parts.append(f"on {stats.threads} cores")
        if stats.reason and not self._recorded:
            place = f" ({self._shown(stats.file)}:{stats.line})" if stats.file else ""
            parts.append(f"no machine code: {stats.reason}{place}")
        return ", ".join(parts) or "none ran"

    def _tell_json(self, failed: int, broken: str) -> None:
        stats = self._stats.as_dict()
        stats["file"] = self._shown(stats["file"]) if stats["file"] else ""
        for guard in stats["guards"]:
            guard["file"] = self._shown(guard["file"]) if guard["file"] else ""
        errors = [
            failure._asdict()
            | {"row": row, "file": self._shown(failure.file) if failure.file else ""}
            for row, failure in self._errors
        ]
        told: dict[str, Any] = {
            "failed": failed,
            "codes": dict(sorted(self._codes.items())),
            "errors": errors,
            "stats": stats,
        }
        if broken:
            told["error"] = {"code": "data", "message": broken}
        if self._out is not None:
            self._console.object({"out": self._out} | told)
            return
        put(f",\n{json.dumps(told, indent=2)[1:].lstrip(chr(10))}\n")


class _Stdout(io.RawIOBase):
    """Stdout for Arrow, which writes bytes."""

    def __init__(self) -> None:
        import codecs

        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        whole = bytes(data)
        put(self._decoder.decode(whole))
        return len(whole)


class _JsonSink:
    """The values as the first member of the one object on stdout."""

    def __init__(self) -> None:
        put(f'{{\n  "schema_version": {SCHEMA_VERSION},\n  "values": [')
        self._comma = ""

    def write(self, result: BatchResult) -> None:
        columns = {name: column.numpy().tolist() for name, column in result.columns.items()}
        lines = []
        if list(columns) == ["value"]:
            lines = [json.dumps(result_json(value)) for value in columns["value"]]
        else:
            failed = set(result.errors.row.tolist())
            for row, values in enumerate(zip(*columns.values(), strict=True)):
                value = dict(zip(columns, values, strict=True))
                lines.append(json.dumps(None if row in failed else result_json(value)))
        if lines:
            put(f"{self._comma}\n    " + ",\n    ".join(lines))
            self._comma = ","

    def close(self) -> None:
        put("\n  ]" if self._comma else "]")


_Sink = Sink | _JsonSink


def _after(
    first: BatchResult | None, rest: Iterator[BatchResult], broken: str
) -> Iterator[BatchResult]:
    if first is None:
        raise FileError(broken)
    yield first
    del first
    yield from rest


def _draw(bar: Progress, opened: TableFile, rows: int) -> None:
    done = opened.done() if opened.done is not None else rows
    if opened.done is not None and done == opened.total:
        # All is read, and not all is evaluated.
        bar.show("rows", None, rows)
    else:
        bar.show("rows", opened.total, done)
