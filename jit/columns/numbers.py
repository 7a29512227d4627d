"""Arrays of NumPy as columns of kernels. Nothing is copied that lies as it is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from hyper.jit.columns.formats import (
    MOST,
    MOST_MESSAGES,
    Read,
    Wrong,
    WrongTypeError,
    clip,
    flagged,
    number_at,
    shown,
    stored,
    words,
)
from hyper.jit.columns.values import SURE_DIGITS, MismatchError, float_units

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hyper.jit.columns.formats import Array
    from hyper.jit.columns.texts import Texts
    from hyper.jit.kernel.ir import Format

_EXACT_POWER: Final = 22
"""Powers of ten that a binary64 has exactly."""
_NARROW_DIGITS: Final = 18
"""Digits up to which a decimal takes one word."""


def plain(array: Array) -> Array:
    """The array in the machine's byte order, aligned and contiguous."""
    if not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    return np.require(array, requirements=["A", "C"])


def read_array(array: Array, form: Format, texts: Texts) -> Read:
    """An array of one dimension and any dtype but ``object``. Raises ``WrongTypeError``."""
    array = plain(array)
    kind = array.dtype.kind
    match form.meaning:
        case "bool" if kind == "b":
            return Read(array.view(np.uint8), [])
        case "int" if kind in "iu":
            return _ints(array)
        case "float" if kind in "iu" or (kind == "f" and array.dtype.itemsize <= 8):
            return Read(array.astype(np.float64, copy=False), [])
        case "date" if kind == "M" and np.datetime_data(array.dtype)[0] != "generic":
            return _dates(array)
        case "decimal" if kind in "iu":
            read = _ints(array)
            return scaled(read.array, 0, form, read.wrong)
        case "decimal" if kind == "f" and array.dtype.itemsize <= 8:
            return _floats_as_decimals(array.astype(np.float64, copy=False), form)
        case "label" | "text" if kind in "biuUT":
            distinct, inverse = np.unique(array, return_inverse=True)
            return coded(distinct.tolist(), inverse, form, texts, str(array.dtype))
        case _:
            raise WrongTypeError(str(array.dtype), form)


def _ints(array: Array) -> Read:
    wrong: list[Wrong] = []
    if array.dtype == np.uint64:
        wrong = flagged(array > np.uint64(MOST), "a whole number outside of 64 bits")
    return Read(array.astype(np.int64, copy=False), wrong)


def _dates(array: Array) -> Read:
    # NumPy counts what it cannot hold in days round and round: years tell first.
    years = array.astype("M8[Y]").astype(np.int64)
    outside = (years < 1 - 1970) | (years > 9999 - 1970)
    if outside.any():
        array = np.where(outside, np.zeros(1, array.dtype), array)
    days = array.astype("M8[D]")
    late = days.astype(array.dtype) != array
    wrong = flagged(outside, "a date outside of the years 1 to 9999")
    return Read(
        days.astype(np.int64), wrong + flagged(late, "a time of day, where a date is expected")
    )


def _floats_as_decimals(array: Array, form: Format) -> Read:
    """Floats that are the nearest to a decimal of so few digits that no other is as near."""
    power = 10.0 ** min(form.scale, _EXACT_POWER)
    with np.errstate(over="ignore", invalid="ignore"):
        units = np.rint(array * power)
        sure = np.abs(units) < 10.0 ** min(SURE_DIGITS, form.precision)
        exact = sure & (units / power == array)
    if form.scale > _EXACT_POWER:
        exact[:] = False
    whole = np.where(exact, units, 0.0).astype(np.int64)
    made = whole if form.precision <= _NARROW_DIGITS else words(whole)
    wrong: dict[str, list[int]] = {}
    for place in np.flatnonzero(~exact).tolist():
        try:
            made[place] = stored([float_units(array[place], form)], wide=made.ndim > 1)[0]
        except MismatchError as error:
            message = str(error) if len(wrong) < MOST_MESSAGES else _too_fine(form)
            wrong.setdefault(message, []).append(place)
    return Read(made, [Wrong(np.array(places), message) for message, places in wrong.items()])


def scaled(numbers: Array, scale: int, form: Format, wrong: list[Wrong]) -> Read:
    """64-bit units of 10**-scale as those of the format."""
    up = form.scale - scale
    wide = form.precision > _NARROW_DIGITS
    if up < 0:
        factor = 10**-up
        if factor > MOST:
            return units_read([int(number) for number in numbers], scale, form, wrong)
        rest = numbers % factor
        wrong = wrong + flagged(rest != 0, _too_fine(form))
        numbers = numbers // factor
    limit = (10**form.precision - 1) // 10 ** max(up, 0)
    if limit < MOST:
        outside = (numbers > limit) | (numbers < -limit)
        if outside.any():
            wrong = wrong + flagged(outside, f"a number outside of {shown(form)}")
            numbers = np.where(outside, 0, numbers)
    if up > 0 and 10**up * max(1, min(limit, MOST)) > MOST:
        return units_read([int(number) for number in numbers], scale, form, wrong)
    if up > 0:
        numbers = numbers * np.int64(10**up)
    return Read(words(numbers) if wide else numbers, wrong)


def units_read(units: list[int], scale: int, form: Format, wrong: list[Wrong]) -> Read:
    """The same for units of any size."""
    up = form.scale - scale
    fine, large, made = [], [], []
    limit = 10**form.precision
    for place, unit in enumerate(units):
        value, rest = (unit * 10**up, 0) if up >= 0 else divmod(unit, 10**-up)
        if rest:
            fine.append(place)
        if not -limit < value < limit:
            large.append(place)
            value = 0
        made.append(value)
    for places, message in (
        (fine, _too_fine(form)),
        (large, f"a number outside of {shown(form)}"),
    ):
        if places:
            wrong = [*wrong, Wrong(np.array(places), message)]
    return Read(stored(made, wide=form.precision > _NARROW_DIGITS), wrong)


def _too_fine(form: Format) -> str:
    return f"more than {form.scale} digits after the point"


def words_read(pairs: Array, scale: int, form: Format) -> Read:
    """Two-word units of 10**-scale, shape ``(rows, 2)``."""
    low, high = pairs[:, 0], pairs[:, 1]
    if form.scale == scale and form.precision > _NARROW_DIGITS:
        # Within two digits of the largest power, the high word alone tells nearly all.
        limit = 10**form.precision
        near = (limit >> 64) - 1
        if not len(high) or (int(high.max()) < near and int(high.min()) > -near):
            return Read(plain(pairs), [])
    if bool((high == low >> 63).all()):
        return scaled(np.ascontiguousarray(low), scale, form, [])
    return units_read([number_at(pairs, place) for place in range(len(pairs))], scale, form, [])


def coded(distinct: list[Any], inverse: Array, form: Format, texts: Texts, found: str) -> Read:
    """Labels or texts by the place of each in the distinct ones. Raises ``WrongTypeError`` where none can be one."""
    if form.meaning == "text":
        if any(not isinstance(value, str) for value in distinct):
            raise WrongTypeError(found, form)
        return Read(texts.codes(distinct)[inverse] if distinct else _none(inverse), [])
    known = {(type(label), label): code for code, label in enumerate(form.labels)}
    kinds = {type(label) for label in form.labels}
    if distinct and not any(type(value) in kinds for value in distinct):
        raise WrongTypeError(found, form)
    codes = [known.get((type(value), value), -1) for value in distinct]
    if not codes:
        return Read(_none(inverse), [])
    if codes == list(range(len(codes))):
        return Read(inverse.astype(np.int32, copy=False), [])
    made = np.array(codes, np.int32)[inverse]
    return Read(made, list(_unknown(distinct, codes, inverse, form)))


def _unknown(
    distinct: list[Any], codes: list[int], inverse: Array, form: Format
) -> Iterable[Wrong]:
    strange = [place for place, code in enumerate(codes) if code < 0]
    if not strange:
        return
    unknown = np.array(codes)[inverse] < 0
    places = np.flatnonzero(unknown)
    which = inverse[places]
    order = np.argsort(which, kind="stable")
    places, which = places[order], which[order]
    edges = np.flatnonzero(np.diff(which)) + 1
    rest = places[edges[MOST_MESSAGES - 1] :] if len(edges) >= MOST_MESSAGES else places[:0]
    groups = np.split(places[: len(places) - len(rest)], edges[: MOST_MESSAGES - 1])
    for group in groups:
        if len(group):
            yield Wrong(group, f"{clip(distinct[inverse[group[0]]])} is not {shown(form)}")
    if len(rest):
        yield Wrong(rest, f"this is not {shown(form)}")


def _none(inverse: Array) -> Array:
    return np.zeros(len(inverse), np.int32)
