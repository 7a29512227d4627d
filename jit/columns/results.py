"""What kernels gave, as NumPy and Arrow have it."""

from __future__ import annotations

import json
from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from hyper.jit.columns.formats import number_at, stored, words

if TYPE_CHECKING:
    from hyper.jit.columns.formats import Array
    from hyper.jit.columns.texts import Texts
    from hyper.jit.kernel.ir import Format

_EXACT: Final = Context(prec=60)


class Column:
    """One result of all rows. ``there`` tells where it is one, ``None`` for everywhere; ``values`` are numbers of ``form``, or
    values of Python where there is none."""

    def __init__(
        self, values: Array, form: Format | None, there: Array | None, texts: Texts
    ) -> None:
        self.values = values
        self.form = form
        self.there = None if there is None or there.all() else there
        self._texts = texts

    def numpy(self) -> Array:
        """As an array: numbers, bools and dates masked where nothing is; of decimals, texts and others an array of objects,
        where ``None`` stands for nothing."""
        form = self.form
        if form is None:
            return self._objects(self.values.tolist())
        match form.meaning:
            case "bool":
                made = self.values.astype(np.bool_)
            case "date":
                made = self.values.astype("M8[D]")
            case "int" | "float":
                made = self.values
            case "decimal":
                return self._decimals(form)
            case _:
                return self._named(form)
        if self.there is None:
            return made
        masked: Array = np.ma.MaskedArray(made, mask=~self.there)
        return masked

    def _objects(self, values: list[Any]) -> Array:
        made = np.empty(len(values), object)
        made[:] = values
        if self.there is not None:
            made[~self.there] = None
        return made

    def _decimals(self, form: Format) -> Array:
        if self.values.ndim == 1:
            numbers = self.values.tolist()
        else:
            numbers = [number_at(self.values, place) for place in range(len(self.values))]
        return self._objects([Decimal(each).scaleb(-form.scale, _EXACT) for each in numbers])

    def _named(self, form: Format) -> Array:
        distinct, inverse = self._distinct()
        names: list[Any]
        if form.meaning == "label":
            names = [form.labels[code] for code in distinct]
        else:
            names = [self._texts.names[code] for code in distinct]
        table = np.empty(len(names) + 1, object)
        table[: len(names)] = names
        made: Array = table[inverse]
        return made

    def _distinct(self) -> tuple[list[int], Array]:
        """The codes that are used, and the place of each row's among them; past the end where nothing is."""
        codes = self.values if self.there is None else self.values[self.there]
        distinct, found = np.unique(codes, return_inverse=True)
        if self.there is None:
            return distinct.tolist(), found
        inverse = np.full(len(self.values), len(distinct))
        inverse[self.there] = found
        return distinct.tolist(), inverse

    def arrow(self) -> Any:
        """As an array of Arrow: decimals as decimal128, dates as date32, labels and texts as strings."""
        import pyarrow as pa

        mask = None if self.there is None else ~self.there
        form = self.form
        if form is None:
            return _any(self._objects(self.values.tolist()).tolist())
        match form.meaning:
            case "bool":
                return pa.array(self.values.astype(np.bool_), mask=mask)
            case "date":
                return pa.array(self.values.astype(np.int32), pa.int32(), mask=mask).cast(
                    pa.date32()
                )
            case "int" | "float":
                return pa.array(self.values, mask=mask)
            case "decimal":
                return self._arrow_decimals(form, mask)
            case _:
                distinct, inverse = self._distinct()
                names = form.labels if form.meaning == "label" else self._texts.names
                places = pa.array(inverse.astype(np.int32), mask=mask)
                return pa.DictionaryArray.from_arrays(
                    places, pa.array([names[code] for code in distinct], _kind(form))
                )

    def _arrow_decimals(self, form: Format, mask: Array | None) -> Any:
        import pyarrow as pa

        pairs = self.values if self.values.ndim > 1 else words(self.values)
        valid = None
        if mask is not None:
            valid = pa.py_buffer(np.packbits(~mask, bitorder="little"))
        data = pa.py_buffer(np.ascontiguousarray(pairs))
        kind = pa.decimal128(form.precision, form.scale)
        return pa.Array.from_buffers(kind, len(pairs), [valid, data])


def arrow_type(form: Format) -> Any:
    """The type of the array of Arrow, where labels and texts are not encoded."""
    import pyarrow as pa

    match form.meaning:
        case "bool":
            return pa.bool_()
        case "date":
            return pa.date32()
        case "int":
            return pa.int64()
        case "float":
            return pa.float64()
        case "decimal":
            return pa.decimal128(form.precision, form.scale)
        case _:
            return _kind(form)


def _kind(form: Format) -> Any:
    import pyarrow as pa

    kinds = {type(label) for label in form.labels} if form.meaning == "label" else {str}
    if kinds <= {int}:
        return pa.int64()
    return pa.bool_() if kinds <= {bool} else pa.string()


def _any(values: list[Any]) -> Any:
    """Values of Python, of whatever kind, or as JSON where Arrow has none for them."""
    import pyarrow as pa

    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError):
        return pa.array(
            [
                None if each is None else json.dumps(each, default=str, ensure_ascii=False)
                for each in values
            ],
            pa.string(),
        )


def encoded(values: list[Any], form: Format, texts: Texts) -> Array:
    """Results of Python, all of them there, as numbers of a format."""
    match form.meaning:
        case "decimal":
            units = [int(value.scaleb(form.scale, _EXACT)) for value in values]
            return stored(units, wide=form.precision > 18)
        case "label":
            known = {(type(label), label): code for code, label in enumerate(form.labels)}
            return np.array([known[type(value), value] for value in values], np.int32)
        case "text":
            return texts.codes(values)
        case "date":
            return np.array([value.toordinal() - 719_163 for value in values], np.int64)
        case "bool":
            return np.array(values, np.uint8)
        case "float":
            return np.array(values, np.float64)
        case _:
            return np.array(values, np.int64)
