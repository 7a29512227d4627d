"""Arrow's arrays as columns: the buffers themselves where they lie as they are needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hyper.jit.columns.formats import Read, WrongTypeError, flagged, within_days
from hyper.jit.columns.lists import ListNode, read_values
from hyper.jit.columns.nodes import Node, spans
from hyper.jit.columns.numbers import coded, read_array, words_read

if TYPE_CHECKING:
    from hyper.jit.columns.formats import Array, Wrong
    from hyper.jit.columns.nodes import Shape
    from hyper.jit.columns.texts import Texts
    from hyper.jit.kernel.ir import Format

_DAY: Final = 86_400_000
_FAST: Final = {
    "int": r"^-?[0-9]{1,18}$",
    "date": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
    "float": r"^-?[0-9]{1,15}(\.[0-9]{1,15})?$",
}
"""Cells that Arrow reads as they are meant."""


class ArrowNode(Node):
    """An array of Arrow. ``cells``: texts of a text file."""

    def __init__(self, array: Any, *, cells: bool = False) -> None:
        while isinstance(array, pa.ExtensionArray):
            array = array.storage
        self.array = array
        self.cells = cells

    def __len__(self) -> int:
        return len(self.array)

    def part(self, start: int, stop: int) -> ArrowNode:
        """The values of a part."""
        return ArrowNode(self.array.slice(start, stop - start), cells=self.cells)

    def there(self, *, empty: bool) -> Array | None:
        """Which values are there."""
        array = self.array
        if self.cells and not empty:
            mask = pc.fill_null(pc.not_equal(pc.binary_length(array), 0), False)
        elif pa.types.is_dictionary(array.type) and array.dictionary.null_count:
            # A null may also stand in the dictionary.
            mask = pc.is_valid(array.dictionary_decode())
        elif array.null_count:
            mask = pc.is_valid(array)
        else:
            return None
        found = _bools(mask).astype(np.bool_)
        return None if found.all() else found

    def field(self, name: str) -> ArrowNode | None:
        """A field of records."""
        kind = self.array.type
        if pa.types.is_null(kind):
            return self
        if not pa.types.is_struct(kind) or kind.get_field_index(name) < 0:
            return None
        return ArrowNode(self.array.field(name))

    def fields(self) -> list[str]:
        """The names of the fields."""
        kind = self.array.type
        if not pa.types.is_struct(kind):
            return []
        return [kind.field(place).name for place in range(kind.num_fields)]

    def items(self, there: Array | None) -> tuple[Array, Node]:
        """The items of lists."""
        array, kind = self.array, self.array.type
        if pa.types.is_fixed_size_list(kind):
            starts = (array.offset + np.arange(len(array))) * kind.list_size
            ends = starts + kind.list_size
        elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
            bounds = array.offsets.to_numpy().astype(np.int64)
            starts, ends = bounds[:-1], bounds[1:]
        elif pa.types.is_null(kind):
            return np.zeros(len(array) + 1, np.int64), ArrowNode(pa.nulls(0))
        elif "list_view" in str(kind):
            return ArrowNode(array.cast(pa.large_list(kind.value_type))).items(there)
        else:
            raise TypeError(self.kind())
        lengths = ends - starts
        if len(starts) and (
            starts.min() < 0 or lengths.min() < 0 or ends.max() > len(array.values)
        ):
            # Arrow believes who made an array, and kernels would read wherever it leads.
            raise ValueError("lists that lead outside of their items")
        if there is not None:
            lengths = np.where(there, lengths, 0)
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
        if not offsets[-1]:
            inner = array.values.slice(0, 0)
        elif offsets[-1] == ends[-1] - starts[0]:
            inner = array.values.slice(int(starts[0]), int(offsets[-1]))
        else:
            values = array.values
            values = values.cast(_without_views(values.type))
            inner = values.take(pa.array(spans(starts, lengths)))
        return offsets, ArrowNode(inner)

    def shaped(self, shape: Shape) -> tuple[Node, list[Wrong]]:
        """Cells are read as JSON."""
        if not self.cells:
            return self, []
        return ListNode(self.array.to_pylist(), cells=True).shaped(shape)

    def read(self, form: Format, texts: Texts) -> Read:
        """The values as numbers."""
        if self.cells and form.meaning != "text":
            return self._from_cells(form, texts)
        return _read(self.array, form, texts)

    def _from_cells(self, form: Format, texts: Texts) -> Read:
        """Cells are read one by one where one of them is not in the plainest form."""
        fast = _FAST.get(form.meaning)
        whole = form.precision - form.scale
        if form.meaning == "decimal" and 0 < form.precision <= 18 and whole:
            tail = rf"(\.[0-9]{{1,{form.scale}}})?" if form.scale else ""
            fast = rf"^-?[0-9]{{1,{whole}}}{tail}$"
        array = self.array
        if fast is not None:
            fitting = pc.match_substring_regex(array, fast)
            if pc.all(fitting, skip_nulls=True, min_count=0).as_py():
                try:
                    return _read(array.cast(_arrow_type(form)), form, texts)
                except pa.ArrowInvalid:  # a day that no month has
                    pass
        if form.meaning == "label":
            encoded = array.dictionary_encode()
            read = read_values(encoded.dictionary.to_pylist(), form, texts, cells=True)
            return _spread(read, encoded)
        return read_values(array.to_pylist(), form, texts, cells=True)

    def objects(self) -> list[Any]:
        """The values as Python has them."""
        found: list[Any] = self.array.to_pylist()
        return ListNode(found, cells=True).objects() if self.cells else found

    def kind(self) -> str:
        """What it is, for people."""
        return str(self.array.type)


def _spread(read: Read, encoded: Any) -> Read:
    """What was read of a dictionary, for the places that refer to it."""
    codes = _values(encoded.indices, np.int32)
    if not len(read.array):
        return Read(np.zeros(len(codes), read.array.dtype), [])
    codes = np.where(_valid(encoded), codes, 0)
    wrong = [
        each for places, message in read.wrong for each in flagged(np.isin(codes, places), message)
    ]
    return Read(read.array[codes], wrong)


def _arrow_type(form: Format) -> Any:
    if form.meaning == "decimal":
        return pa.decimal128(form.precision, form.scale)
    return {"int": pa.int64(), "float": pa.float64(), "date": pa.date32()}[form.meaning]


def _valid(array: Any) -> Array:
    return _bools(pc.is_valid(array)).astype(np.bool_)


def _bools(array: Any) -> Array:
    found: Array = array.cast(pa.uint8()).to_numpy(zero_copy_only=False)
    return found


def _values(array: Any, dtype: Any) -> Array:
    """The memory of an array of numbers; at nulls anything stands."""
    size = np.dtype(dtype).itemsize
    buffer = array.buffers()[1]
    if buffer is None or not len(array):
        return np.zeros(len(array), dtype)
    return np.frombuffer(buffer, dtype, len(array), array.offset * size)


def _read(array: Any, form: Format, texts: Texts) -> Read:
    kind = array.type
    if pa.types.is_null(kind):
        return Read(read_values([None] * len(array), form, texts).array, [])
    if pa.types.is_dictionary(kind):
        if form.meaning in {"label", "text"}:
            return _dictionary(array, form, texts)
        return _read(array.dictionary_decode(), form, texts)
    if form.meaning in {"label", "text"}:
        if _is_text(kind):
            return _dictionary(_plain_text(array).dictionary_encode(), form, texts)
        if form.meaning == "label" and (pa.types.is_integer(kind) or pa.types.is_boolean(kind)):
            return _dictionary(array.dictionary_encode(), form, texts)
        raise WrongTypeError(str(kind), form)
    if pa.types.is_boolean(kind):
        if form.meaning != "bool":
            raise WrongTypeError(str(kind), form)
        return Read(_bools(pc.fill_null(array, False) if array.null_count else array), [])
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return read_array(_values(array, kind.to_pandas_dtype()), form, texts)
    if form.meaning == "date":
        return _dates(array, form, texts)
    if form.meaning == "decimal" and pa.types.is_decimal(kind):
        return _decimals(array, form, texts)
    raise WrongTypeError(str(kind), form)


def _without_views(kind: Any) -> Any:
    """The type with texts of the kind that Arrow's own functions know throughout."""
    if pa.types.is_string_view(kind):
        return pa.large_string()
    if pa.types.is_struct(kind):
        fields = [kind.field(place) for place in range(kind.num_fields)]
        return pa.struct([field.with_type(_without_views(field.type)) for field in fields])
    if pa.types.is_list(kind):
        return pa.list_(_without_views(kind.value_type))
    if pa.types.is_large_list(kind):
        return pa.large_list(_without_views(kind.value_type))
    return kind


def _is_text(kind: Any) -> bool:
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def _plain_text(array: Any) -> Any:
    return array.cast(pa.large_string()) if pa.types.is_string_view(array.type) else array


def _dictionary(array: Any, form: Format, texts: Texts) -> Read:
    """Each entry of the dictionary is looked up once."""
    distinct = array.dictionary
    if distinct.null_count:
        array = array.dictionary_decode().dictionary_encode()
        distinct = array.dictionary
    if not (_is_text(distinct.type) or form.meaning == "label"):
        raise WrongTypeError(str(distinct.type), form)
    kind = array.indices.type.to_pandas_dtype()
    codes = _values(array.indices, kind)
    if array.null_count:
        codes = np.where(_valid(array), codes, 0)
    if len(distinct) and len(codes):
        if int(codes.min()) < 0 or int(codes.max()) >= len(distinct):
            raise ValueError("an index beyond its dictionary")
    elif array.null_count < len(array):
        raise ValueError("an index into an empty dictionary")
    if len(distinct) > 4 * len(codes) + 1000:
        # Of a large dictionary a short piece uses little.
        used, codes = np.unique(codes, return_inverse=True)
        distinct = distinct.take(pa.array(used))
    if not len(distinct):
        return Read(np.zeros(len(array), np.int32), [])
    return coded(distinct.to_pylist(), codes, form, texts, str(array.type))


def _dates(array: Any, form: Format, texts: Texts) -> Read:
    kind = array.type
    if pa.types.is_date32(kind):
        return within_days(_values(array, np.int32).astype(np.int64))
    if pa.types.is_date64(kind):
        moments = _values(array, np.int64)
        read = within_days(moments // _DAY)
        late = flagged(moments % _DAY != 0, "a time of day, where a date is expected")
        return Read(read.array, read.wrong + late)
    if pa.types.is_timestamp(kind) and kind.tz is None:
        return read_array(_values(array, np.dtype(f"M8[{kind.unit}]")), form, texts)
    raise WrongTypeError(str(kind), form)


def _decimals(array: Any, form: Format, texts: Texts) -> Read:
    kind = array.type
    if kind.bit_width < 128:
        array = array.cast(pa.decimal128(kind.precision, kind.scale))
    elif kind.bit_width > 128:
        return read_values(array.to_pylist(), form, texts)
    buffer = array.buffers()[1]
    if buffer is None or not len(array):
        pairs = np.zeros((len(array), 2), np.int64)
    else:
        start = array.offset * 16
        pairs = np.frombuffer(buffer, np.int64, 2 * len(array), start).reshape(-1, 2)
    if array.null_count:
        pairs = np.where(_valid(array)[:, None], pairs, 0)
    return words_read(pairs, kind.scale, form)
