"""Tables in files, part by part: CSV, Parquet and Arrow."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FileForm: TypeAlias = Literal["csv", "tsv", "parquet", "arrow"]
ROWS: Final = 1 << 18
"""Rows of a part at most."""
_BLOCK: Final = 2 << 20
"""Bytes of a text file that are read at once; a row is no longer than this. Arrow reads up to 32 of them ahead."""
_FORMS: Final[dict[str, FileForm]] = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".arrow": "arrow",
    ".arrows": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
}
PACKED: Final = {".gz": "gzip", ".bz2": "bz2", ".zst": "zstd", ".lz4": "lz4"}
"""Compressed text files by the end of their names."""


class FileError(Exception):
    """A file that cannot be read or written, or is no table; the text says why, for people."""


class Part(NamedTuple):
    """Rows of a file as a table of Arrow; or one row that is none, for the reason ``wrong``."""

    table: Any
    rows: int
    wrong: str = ""


class TableFile(NamedTuple):
    """A file that is open. ``cells``: its values are texts. ``total`` is the number of steps that reading takes, where that is
    known, and ``done`` tells how many are behind, a step being a byte or a batch; without it a step is a row of a result."""

    parts: Iterator[Part]
    cells: bool
    total: int | None
    done: Callable[[], int] | None


def form_of(path: str) -> FileForm:
    """The format of a file by its name. Raises ``FileError``."""
    name = path.lower()
    for ending in PACKED:
        if name.endswith((f".csv{ending}", f".tsv{ending}")):
            name = name.removesuffix(ending)
    form = _FORMS.get(os.path.splitext(name)[1])
    if form is None:
        listed = ", ".join(_FORMS)
        raise FileError(f"{path}: a table is known by the end of its name: {listed}")
    return form


@contextmanager
def arrow_errors(path: str) -> Iterator[None]:
    """What Arrow and the system say of a file, as ``FileError``."""
    import pyarrow as pa

    try:
        yield
    except OSError as error:
        raise FileError(f"{path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise FileError(f"{path}: the names of its columns are not UTF-8") from None
    except pa.ArrowException as error:
        raise FileError(f"{path}: {str(error).splitlines()[0]}") from None


def open_table(path: str, wanted: Callable[[list[str]], list[str]]) -> TableFile:
    """Open a table. ``wanted`` chooses among the names of its columns those to read.

    Raises ``FileError``, and the parts raise it; ``ModuleNotFoundError`` without pyarrow.
    """
    form = form_of(path)
    try:
        import pyarrow as pa
    except ImportError:
        raise ModuleNotFoundError("files need pyarrow: pip install 'hypercompiler[data]'") from None
    with arrow_errors(path):
        if not os.path.exists(path):
            raise FileError(f"{path}: no such file")
        if os.path.isdir(path):
            raise FileError(f"{path}: a folder")
        if not os.path.isfile(path):
            raise FileError(f"{path}: a pipe or a device, which cannot be read twice")
        if form == "parquet":
            opened = _parquet(path, wanted)
        elif form == "arrow":
            opened = _arrow(pa, path, wanted)
        else:
            opened = _text(path, "\t" if form == "tsv" else ",", wanted)
    return opened._replace(parts=_telling(path, opened.parts))


def _telling(path: str, parts: Iterator[Part]) -> Iterator[Part]:
    with arrow_errors(path):
        for part in parts:
            if part.table is not None:
                # Arrow believes what a file says of places in it, and would read wherever they lead.
                for column in part.table.columns:
                    for chunk in getattr(column, "chunks", (column,)):
                        _validate(chunk)
            yield part


def _validate(array: Any) -> None:
    """Raises Arrow's error for an array that leads outside of itself. A date with a time of day, which Arrow has for as bad, is an
    error of its row; there are no places in dates."""
    import pyarrow as pa

    if pa.types.is_date64(array.type):
        array.validate()
    elif pa.types.is_struct(array.type):
        array.validate()
        for place in range(array.type.num_fields):
            _validate(array.field(place))
    else:
        array.validate(full=True)


def _chosen(names: list[str], wanted: Callable[[list[str]], list[str]]) -> list[str]:
    """The columns to read; all where none fits, so that it can be said what there is instead."""
    return wanted(names) or names


def _parquet(path: str, wanted: Callable[[list[str]], list[str]]) -> TableFile:
    import pyarrow.parquet as pq

    file = pq.ParquetFile(path, pre_buffer=False)
    columns = _chosen(file.schema_arrow.names, wanted)
    read = 0

    def parts() -> Iterator[Part]:
        nonlocal read
        for batch in file.iter_batches(ROWS, columns=columns):
            read += batch.num_rows
            yield Part(batch, batch.num_rows)
        if not read:
            yield Part(file.schema_arrow.empty_table(), 0)

    return TableFile(parts(), cells=False, total=file.metadata.num_rows, done=None)


def _arrow(pa: Any, path: str, wanted: Callable[[list[str]], list[str]]) -> TableFile:
    with open(path, "rb") as stream:
        random_access = stream.read(6) == b"ARROW1"
    source = pa.memory_map(path) if os.path.getsize(path) else pa.OSFile(path)
    if not random_access:
        with pa.ipc.open_stream(pa.OSFile(path)) as reader:
            schema = reader.schema
        reader = pa.ipc.open_stream(source, options=_only(pa, schema, wanted))
        return TableFile(_sliced(iter(reader), reader.schema), cells=False, total=None, done=None)
    with pa.ipc.open_file(source) as reader:
        schema = reader.schema
    reader = pa.ipc.open_file(source, options=_only(pa, schema, wanted))
    read = 0

    def batches() -> Iterator[Any]:
        nonlocal read
        for place in range(reader.num_record_batches):
            yield reader.get_batch(place)
            read += 1

    return TableFile(
        _sliced(batches(), reader.schema),
        cells=False,
        total=reader.num_record_batches,
        done=lambda: read,
    )


def _only(pa: Any, schema: Any, wanted: Callable[[list[str]], list[str]]) -> Any:
    chosen = set(_chosen(schema.names, wanted))
    places = [place for place, name in enumerate(schema.names) if name in chosen]
    return pa.ipc.IpcReadOptions(included_fields=places)


def _sliced(batches: Iterator[Any], schema: Any) -> Iterator[Part]:
    """Batches may have any size."""
    found = False
    for batch in batches:
        for start in range(0, batch.num_rows, ROWS):
            piece = batch.slice(start, ROWS)
            found = True
            yield Part(piece, piece.num_rows)
    if not found:
        yield Part(schema.empty_table(), 0)


def _text(path: str, delimiter: str, wanted: Callable[[list[str]], list[str]]) -> TableFile:
    import pyarrow as pa
    from pyarrow import csv

    packed = path.lower().endswith(tuple(PACKED))
    plain = pa.OSFile(path)
    bad: list[tuple[int, str]] = []
    # Of a single column an empty line is a row, whose cell is empty; those before its name are not.
    blank: int | None = None

    def skip(row: Any) -> str:
        wrong = f"a row of {row.actual_columns} cells, not {row.expected_columns}"
        bad.append((row.number - 2 - (blank or 0), wrong))
        return "skip"

    def opened(stream: Any, **convert: Any) -> Any:
        return csv.open_csv(
            stream,
            # One thread, so that rows are counted.
            read_options=csv.ReadOptions(
                block_size=_BLOCK, use_threads=False, skip_rows=blank or 0
            ),
            parse_options=csv.ParseOptions(
                delimiter=delimiter,
                newlines_in_values=True,
                ignore_empty_lines=blank is None,
                invalid_row_handler=skip,
            ),
            convert_options=csv.ConvertOptions(strings_can_be_null=False, **convert),
        )

    with opened(pa.input_stream(path, compression="detect")) as first:
        names = first.schema.names
    bad.clear()
    if len(names) == 1:
        if ";" in names[0] and not wanted(names):
            raise FileError(
                f"{path}: its cells are parted by `;`; they have to be by `,`, or tabs in .tsv"
            )
        blank = _blank_lines(pa.input_stream(path, compression="detect"))
    kinds = dict.fromkeys(names, pa.string())
    columns = _chosen(names, wanted)
    source = pa.input_stream(path, compression="detect") if packed else plain
    reader = opened(source, column_types=kinds, include_columns=columns)
    return TableFile(
        _joined(_counted(reader, bad)),
        cells=True,
        total=None if packed else os.path.getsize(path),
        done=None if packed else plain.tell,
    )


def _blank_lines(stream: Any) -> int:
    """How many empty lines come before the names of columns."""
    start = bytes(stream.read(_BLOCK)).removeprefix(b"\xef\xbb\xbf")
    return len(start[: len(start) - len(start.lstrip(b"\r\n"))].splitlines())


def _joined(parts: Iterator[Part]) -> Iterator[Part]:
    """Parts of as many rows as are worth more than one core."""
    import pyarrow as pa

    waiting: list[Any] = []
    rows = 0
    for part in parts:
        if waiting and (part.wrong or rows + part.rows > ROWS):
            yield Part(pa.Table.from_batches(waiting), rows)
            waiting, rows = [], 0
        if part.wrong or not part.rows:
            yield part
        else:
            waiting.append(part.table)
            rows += part.rows
    if waiting:
        yield Part(pa.Table.from_batches(waiting), rows)


def _counted(reader: Any, bad: list[tuple[int, str]]) -> Iterator[Part]:
    """The rows in their order, those between that are none."""
    row = 0
    for batch in reader:
        start = 0
        while start < batch.num_rows:
            if bad and bad[0][0] == row:
                row += 1
                yield Part(None, 1, bad.pop(0)[1])
                continue
            count = min(batch.num_rows - start, ROWS)
            if bad:
                count = min(count, bad[0][0] - row)
            yield Part(batch.slice(start, count), count)
            start += count
            row += count
    for _, wrong in bad:
        row += 1
        yield Part(None, 1, wrong)
    if not row:
        yield Part(reader.schema.empty_table(), 0)
