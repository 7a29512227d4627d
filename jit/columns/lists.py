"""Lists of Python's values, and arrays of NumPy, as columns."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from hyper.jit.columns.formats import MOST_MESSAGES, Read, Wrong, WrongTypeError, clip, stored
from hyper.jit.columns.nodes import Node
from hyper.jit.columns.numbers import plain, read_array
from hyper.jit.columns.values import MismatchError, from_cell, number

if TYPE_CHECKING:
    from hyper.jit.columns.formats import Array
    from hyper.jit.columns.nodes import Shape
    from hyper.jit.columns.texts import Texts
    from hyper.jit.kernel.ir import Format

_DTYPES: Final[dict[str, Any]] = {
    "bool": np.uint8,
    "float": np.float64,
    "label": np.int32,
    "text": np.int32,
}


class ListNode(Node):
    """Values of Python: ``None`` is none, mappings are records, sequences are lists. ``cells``: texts of a text file."""

    def __init__(self, values: Sequence[Any], *, cells: bool = False) -> None:
        self._values = values
        self._cells = cells

    def __len__(self) -> int:
        return len(self._values)

    def part(self, start: int, stop: int) -> ListNode:
        """The values of a part."""
        return ListNode(self._values[start:stop], cells=self._cells)

    def there(self, *, empty: bool) -> Array | None:
        """Which values are there."""
        if self._cells and not empty:
            mask = np.fromiter(map(bool, self._values), np.bool_, len(self._values))
        else:
            mask = np.fromiter(
                (value is not None for value in self._values), np.bool_, len(self._values)
            )
        return None if mask.all() else mask

    def field(self, name: str) -> ListNode | None:
        """A field of records."""
        found = [value.get(name) if isinstance(value, Mapping) else None for value in self._values]
        known = any(isinstance(value, Mapping) and name in value for value in self._values)
        # Of records that are not there nobody knows what they lack.
        return ListNode(found) if known or all(each is None for each in self._values) else None

    def fields(self) -> list[str]:
        """The names of the fields."""
        names: dict[str, None] = {}
        for value in self._values:
            if isinstance(value, Mapping):
                names.update(dict.fromkeys(map(str, value)))
        return list(names)

    def items(self, there: Array | None) -> tuple[Array, Node]:
        """The items of lists."""
        offsets = np.zeros(len(self._values) + 1, np.int64)
        found: list[Any] = []
        for place, value in enumerate(self._values):
            if there is None or there[place]:
                if not isinstance(value, Sequence | np.ndarray) or isinstance(value, str | bytes):
                    raise TypeError(self.kind())
                found.extend(value)
            offsets[place + 1] = len(found)
        return offsets, ListNode(found)

    def shaped(self, shape: Shape) -> tuple[Node, list[Wrong]]:
        """Cells are read as JSON."""
        found: list[Any] = []
        bad: dict[str, list[int]] = {}
        for place, value in enumerate(self._values):
            try:
                found.append(_shaped(_of_json(value) if self._cells else value, shape))
            except MismatchError as error:
                found.append(None)
                message = str(error) if len(bad) < MOST_MESSAGES else f"no {shape}"
                bad.setdefault(message, []).append(place)
        wrong = [Wrong(np.array(places), message) for message, places in bad.items()]
        return ListNode(found), wrong

    def read(self, form: Format, texts: Texts) -> Read:
        """The values as numbers."""
        return read_values(self._values, form, texts, cells=self._cells)

    def objects(self) -> list[Any]:
        """The values as Python has them."""
        if self._cells:
            return [Cell(value) if value else None for value in self._values]
        return list(self._values)

    def kind(self) -> str:
        """What it is, for people."""
        kinds = sorted({type(value).__name__ for value in self._values if value is not None})
        return " or ".join(kinds[:3]) or "nothing"


class Cell(str):
    """The text of a cell, which may be JSON."""

    __slots__ = ()


def _of_json(cell: str | None) -> Any:
    if not cell:
        return None
    try:
        return json.loads(cell)
    except (ValueError, RecursionError):
        raise MismatchError(f"{clip(cell)} is no JSON") from None


def _shaped(value: Any, shape: Shape) -> Any:
    if value is None:
        return None
    if shape == "record":
        fits = isinstance(value, Mapping)
    else:
        fits = isinstance(value, Sequence | np.ndarray) and not isinstance(value, str | bytes)
    if not fits:
        raise MismatchError(f"{clip(value)} is no {shape}")
    return value


def read_values(values: Sequence[Any], form: Format, texts: Texts, *, cells: bool = False) -> Read:
    """Values of Python, each read on its own."""
    wide = form.meaning == "decimal" and form.precision > 18
    found: list[int | float] = []
    bad: dict[str, list[int]] = {}
    for place, value in enumerate(values):
        if value is None:
            found.append(0)
            continue
        try:
            given = from_cell(value, form) if cells else value
            found.append(number(given, form, texts))
        except MismatchError as error:
            found.append(0)
            message = str(error) if len(bad) < MOST_MESSAGES else "no such value is expected"
            bad.setdefault(message, []).append(place)
    wrong = [Wrong(np.array(places), message) for message, places in bad.items()]
    if form.meaning in _DTYPES:
        return Read(np.array(found, _DTYPES[form.meaning]), wrong)
    return Read(stored([int(each) for each in found], wide=wide), wrong)


class ArrayNode(Node):
    """An array of NumPy; masked values, and those of dates that are no time, are not there. Two dimensions are lists."""

    def __init__(self, array: Array, missing: Array | None = None) -> None:
        if isinstance(array, np.ma.MaskedArray):
            mask = np.ma.getmaskarray(array)
            missing = mask if missing is None else missing
            array = array.data
        self._array = array
        self._missing = missing

    def __len__(self) -> int:
        return len(self._array)

    def part(self, start: int, stop: int) -> ArrayNode:
        """The values of a part."""
        missing = self._missing[start:stop] if self._missing is not None else None
        return ArrayNode(self._array[start:stop], missing)

    def there(self, *, empty: bool) -> Array | None:
        """Which values are there."""
        del empty
        mask = None
        if self._missing is not None and self._missing.dtype == np.bool_:
            mask = ~self._missing
            if mask.ndim > 1:
                mask = None
        if self._array.dtype.kind == "M":
            dated = ~np.isnat(self._array)
            mask = dated if mask is None else mask & dated
        return None if mask is None or mask.all() else mask

    def field(self, name: str) -> ArrayNode | None:
        """A field of records."""
        if name not in self.fields():
            return None
        missing = self._missing
        if missing is not None and missing.dtype.names:
            missing = missing[name]
        return ArrayNode(self._array[name], missing)

    def fields(self) -> list[str]:
        """The names of the fields."""
        return list(self._array.dtype.names or ())

    def items(self, there: Array | None) -> tuple[Array, Node]:
        """The items of lists."""
        if self._array.ndim < 2:
            raise TypeError(self.kind())
        count, width = self._array.shape[:2]
        rest = self._array.shape[2:]
        array, missing = self._array, self._missing
        lengths = np.full(count, width, np.int64)
        if there is not None:
            array = array[there]
            missing = missing[there] if missing is not None and missing.ndim > 1 else None
            lengths[~there] = 0
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
        flat = array.reshape(-1, *rest)
        gone = missing.reshape(-1, *rest) if missing is not None and missing.ndim > 1 else None
        return offsets, ArrayNode(flat, gone)

    def read(self, form: Format, texts: Texts) -> Read:
        """The values as numbers."""
        if self._array.ndim != 1 or self._array.dtype.names:
            raise WrongTypeError(self.kind(), form)
        return read_array(self._array, form, texts)

    def objects(self) -> list[Any]:
        """The values as Python has them."""
        there = self.there(empty=True)
        array = plain(self._array)
        if array.dtype.kind == "M":
            array = array.astype("M8[us]")
        values = array.tolist()
        if there is not None:
            return [value if here else None for value, here in zip(values, there, strict=True)]
        return list(values)

    def kind(self) -> str:
        """What it is, for people."""
        return str(self._array.dtype)
