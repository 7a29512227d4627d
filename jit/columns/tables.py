"""Where the columns of a call are found by name: in what people have as a table."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from hyper.jit.columns.lists import ArrayNode, ListNode

if TYPE_CHECKING:
    from hyper.jit.columns.nodes import Node

_INSTALL: Final = "pip install 'hypercompiler[data]'"


class Table:
    """Columns by name, of one length, each in the pieces that it lies in."""

    def __init__(self, columns: Mapping[str, list[Node]], rows: int) -> None:
        self.rows = rows
        self._columns = columns
        self._starts = {
            name: np.cumsum([0, *(len(piece) for piece in pieces)])
            for name, pieces in columns.items()
        }

    @property
    def names(self) -> list[str]:
        """The names of the columns."""
        return list(self._columns)

    def column(self, name: str, start: int, stop: int) -> Node | None:
        """Rows of a column; ``None`` where there is no such column. They are copied where they lie in more than one piece."""
        pieces = self._columns.get(name)
        if pieces is None:
            return None
        starts = self._starts[name]
        first = max(0, int(np.searchsorted(starts, start, "right")) - 1)
        first = min(first, len(pieces) - 1)
        last = max(first + 1, int(np.searchsorted(starts, stop, "left")))
        if last - first == 1:
            return pieces[first].part(start - int(starts[first]), stop - int(starts[first]))
        chosen = [
            pieces[place].part(
                max(0, start - int(starts[place])),
                min(len(pieces[place]), stop - int(starts[place])),
            )
            for place in range(first, last)
        ]
        return _joined(chosen)


def _joined(pieces: list[Node]) -> Node:
    import pyarrow as pa

    from hyper.jit.columns.arrow import ArrowNode

    arrays = []
    cells = False
    for piece in pieces:
        assert isinstance(piece, ArrowNode)
        arrays.append(piece.array)
        cells = piece.cells
    chunked = pa.chunked_array(arrays)
    return ArrowNode(_one(chunked), cells=cells)


def _one(chunked: Any) -> Any:
    import pyarrow as pa

    if pa.types.is_dictionary(chunked.type):
        chunked = chunked.unify_dictionaries()
    made = chunked.combine_chunks()
    if isinstance(made, pa.ChunkedArray):
        # More bytes of text than the offsets of one array can count.
        made = chunked.cast(pa.large_string()).combine_chunks()
    return made


def is_stream(data: object) -> bool:
    """Whether this is tables one after the other, and no table."""
    if isinstance(data, Iterator):
        return True
    pa = sys.modules.get("pyarrow")
    return pa is not None and isinstance(data, pa.RecordBatchReader)


def table_of(data: Any, *, cells: bool = False) -> Table:
    """The columns of anything that is known as a table. Raises ``TypeError`` and ``ValueError``, for people.

    A mapping of columns, a list of records (mappings), a structured array, an Arrow table, batch or array of structs, and
    every frame that gives itself as a stream of Arrow. ``cells``: its values are the texts of a text file.
    """
    if isinstance(data, Mapping):
        return _of_mapping(data, cells=cells)
    if isinstance(data, np.ndarray) and data.dtype.names:
        node = ArrayNode(data)
        columns: dict[str, list[Node]] = {}
        for name in node.fields():
            column = node.field(name)
            assert column is not None
            columns[name] = [column]
        return Table(columns, len(data))
    if isinstance(data, Sequence) and not isinstance(data, str | bytes):
        return _of_records(data)
    if hasattr(data, "__arrow_c_stream__") or hasattr(data, "__arrow_c_array__"):
        return _of_arrow(data, cells=cells)
    raise TypeError(
        "columns are a mapping of arrays by name, an Arrow table, a frame or a list of records,"
        f" not {type(data).__name__}"
    )


def _of_mapping(data: Mapping[Any, Any], *, cells: bool) -> Table:
    columns: dict[str, list[Node]] = {}
    length = -1
    for name, values in data.items():
        pieces = _nodes(values, cells=cells)
        columns[str(name)] = pieces
        rows = sum(map(len, pieces))
        if length not in {-1, rows}:
            raise ValueError(f"column {name} has {rows:,} rows, those before it have {length:,}")
        length = rows
    return Table(columns, max(0, length))


def _of_records(data: Sequence[Any]) -> Table:
    for place, record in enumerate(data):
        if not isinstance(record, Mapping):
            raise TypeError(
                f"a list of records is expected; row {place} is {type(record).__name__}"
            )
    node = ListNode(data)
    columns: dict[str, list[Node]] = {}
    for name in node.fields():
        column = node.field(name)
        assert column is not None
        columns[name] = [column]
    return Table(columns, len(data))


def _nodes(values: Any, *, cells: bool) -> list[Node]:
    """One column in its pieces."""
    if isinstance(values, np.ndarray):
        if values.ndim == 0:
            raise ValueError("a column is an array of at least one dimension")
        if values.dtype.kind == "O":
            return [ListNode(values.tolist(), cells=cells)]
        return [ArrayNode(values)]
    if isinstance(values, Sequence) and not isinstance(values, str | bytes):
        return [ListNode(values, cells=cells)]
    if hasattr(values, "__arrow_c_stream__") or hasattr(values, "__arrow_c_array__"):
        return _arrow_nodes(_chunked(values), cells=cells)
    if hasattr(values, "__array__"):
        return _nodes(np.asarray(values), cells=cells)
    raise TypeError(f"a column is an array or a list, not {type(values).__name__}")


def _pyarrow() -> Any:
    try:
        import pyarrow as pa
    except ImportError:
        raise ModuleNotFoundError(f"frames and Arrow need pyarrow: {_INSTALL}") from None
    return pa


def _chunked(values: Any) -> Any:
    pa = _pyarrow()
    if isinstance(values, pa.Array | pa.ChunkedArray):
        return values
    if hasattr(values, "__arrow_c_stream__"):
        return pa.chunked_array(values)
    return pa.array(values)


def _arrow_nodes(values: Any, *, cells: bool) -> list[Node]:
    from hyper.jit.columns.arrow import ArrowNode

    pa = _pyarrow()
    if isinstance(values, pa.ChunkedArray):
        pieces = [chunk for chunk in values.chunks if len(chunk)]
        if not pieces:
            return [ArrowNode(pa.array([], values.type), cells=cells)]
        return [ArrowNode(piece, cells=cells) for piece in pieces]
    return [ArrowNode(values, cells=cells)]


def _of_arrow(data: Any, *, cells: bool) -> Table:
    pa = _pyarrow()
    if isinstance(data, pa.StructArray | pa.ChunkedArray):
        struct = data.combine_chunks() if isinstance(data, pa.ChunkedArray) else data
        if struct.null_count:
            raise ValueError("a row that is null as a whole")
        table = pa.Table.from_arrays(struct.flatten(), names=[field.name for field in struct.type])
    elif isinstance(data, pa.Table | pa.RecordBatch):
        table = data
    else:
        table = _of_frame(data)
        if isinstance(table, dict):
            return _of_mapping(table, cells=cells)
    if len(set(table.column_names)) != len(table.column_names):
        raise ValueError("two columns have one name")
    columns = {
        name: _arrow_nodes(table.column(place), cells=cells)
        for place, name in enumerate(table.column_names)
    }
    return Table(columns, table.num_rows)


def _of_frame(data: Any) -> Any:
    pa = _pyarrow()
    try:
        return pa.table(data)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        if type(data).__module__.partition(".")[0] != "pandas":
            raise
    # Columns of objects of several kinds: each value is read on its own.
    columns = {}
    for name in data.columns:
        try:
            columns[str(name)] = pa.array(data[name], from_pandas=True)
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            missing = data[name].isna()
            values = [
                None if gone else value for value, gone in zip(data[name], missing, strict=True)
            ]
            columns[str(name)] = values
    return columns
