"""Results into files, part by part: CSV, Parquet and Arrow."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from hyper.base.aside import writing
from hyper.engine.batch.files import PACKED, arrow_errors, form_of
from hyper.engine.batch.values import result_json
from hyper.jit.columns.results import arrow_type

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hyper.engine.batch.layout import Layout
    from hyper.engine.batch.result import BatchResult
    from hyper.jit.columns.results import Column

_SHORT: Final = 6
"""Digits after the point up to which Arrow writes a decimal without an exponent."""
_ERRORS: Final = ("code", "message", "column", "file", "line")


class Sink:
    """Takes results and writes them. What is no number, text, bool or date is written as JSON."""

    def __init__(self, layout: Layout, form: str, stream: Any, *, errors: bool) -> None:
        import pyarrow as pa

        self._texts = form in {"csv", "tsv"}
        names = layout.result_names()
        self._errors = _free("error", list(names)) if errors else ""
        fields = [
            (name, pa.string() if kind is None else self._kind(arrow_type(kind)))
            for name, kind in names.items()
        ]
        if errors:
            fields += [
                (f"{self._errors}.{name}", pa.int64() if name == "line" else pa.string())
                for name in _ERRORS
            ]
        self.schema = pa.schema(fields)
        self._writer = _writer(form, stream, self.schema)

    def _kind(self, kind: Any) -> Any:
        import pyarrow as pa

        is_long = pa.types.is_decimal(kind) and kind.scale > _SHORT
        return pa.string() if self._texts and is_long else kind

    def write(self, result: BatchResult) -> None:
        """Write the rows of a result."""
        import pyarrow as pa

        arrays = [
            self._array(column, field.type)
            for column, field in zip(result.columns.values(), self.schema, strict=False)
        ]
        if self._errors:
            arrays += _error_columns(result)
        self._writer.write(pa.record_batch(arrays, self.schema))

    def close(self) -> None:
        """Write the end."""
        self._writer.close()

    def _array(self, column: Column, kind: Any) -> Any:
        import pyarrow as pa

        if column.form is None:
            values = column.numpy().tolist()
            texts = [None if each is None else json_text(each) for each in values]
            return pa.array(texts, pa.string())
        if column.form.meaning == "decimal" and pa.types.is_string(kind):
            values = column.numpy().tolist()
            return pa.array([None if each is None else format(each, "f") for each in values])
        made = column.arrow()
        return made.dictionary_decode().cast(kind) if pa.types.is_dictionary(made.type) else made


def json_text(value: Any) -> str:
    """A value of Python as JSON in one line."""
    return json.dumps(result_json(value), ensure_ascii=False)


def _free(name: str, taken: list[str]) -> str:
    while any(each.partition(".")[0] == name for each in taken):
        name = f"_{name}"
    return name


def _error_columns(result: BatchResult) -> list[Any]:
    """The errors, where each row has its place."""
    import pyarrow as pa

    found: list[Any] = []
    for name in _ERRORS:
        values: list[Any] = [None] * len(result)
        for row, value in zip(
            result.errors.row.tolist(), getattr(result.errors, name).tolist(), strict=True
        ):
            values[row] = value or None
        found.append(pa.array(values, pa.int64() if name == "line" else pa.string()))
    return found


def _writer(form: str, stream: Any, schema: Any) -> Any:
    import pyarrow as pa
    from pyarrow import csv

    if form == "parquet":
        import pyarrow.parquet as pq

        return _Parquet(pq.ParquetWriter(stream, schema))
    if form == "arrow":
        return pa.ipc.new_file(stream, schema)
    options = csv.WriteOptions(delimiter="\t" if form == "tsv" else ",")
    return csv.CSVWriter(stream, schema, write_options=options)


class _Parquet:
    """A writer of Parquet that is like the others."""

    def __init__(self, writer: Any) -> None:
        self._writer = writer

    def write(self, batch: Any) -> None:
        self._writer.write_batch(batch)

    def close(self) -> None:
        self._writer.close()


@contextmanager
def file_sink(layout: Layout, path: str) -> Iterator[Sink]:
    """A sink to a file, which is there when it is whole. Raises ``FileError``."""
    import pyarrow as pa

    form = form_of(path)
    packing = next((how for ending, how in PACKED.items() if path.lower().endswith(ending)), None)
    with (
        arrow_errors(path),
        writing(path) as aside,
        pa.output_stream(aside, compression=packing) as stream,
    ):
        sink = Sink(layout, form, stream, errors=True)
        yield sink
        sink.close()
