"""One Python value as the number of a kernel, and what is wrong with it."""

from __future__ import annotations

import math
import operator
import re
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from hyper.jit.columns.formats import LEAST, MOST, clip, shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.jit.columns.texts import Texts
    from hyper.jit.kernel.ir import Format

_EPOCH: Final = date(1970, 1, 1).toordinal()
SURE_DIGITS: Final = 15
"""Digits of a decimal that a binary64 always keeps."""
_SURE_WHOLE: Final = 2.0**53
_LONGEST: Final = 400
"""Characters of a number that are read; no value has as many."""
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_WHOLE: Final = re.compile(r"[+-]?\d+", re.ASCII)
_FLOATS: Final = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


class MismatchError(ValueError):
    """A value that is not what is expected; its text is for people."""


def _wrong(value: object, form: Format) -> MismatchError:
    return MismatchError(f"{clip(value)} is not {shown(form)}")


def number(value: Any, form: Format, texts: Texts) -> int | float:
    """The number of a value that is there. Raises ``MismatchError``."""
    return _READERS[form.meaning](value, form, texts)


def _bool(value: Any, form: Format, _texts: Texts) -> int:
    if isinstance(value, bool) or type(value).__name__ == "bool":  # NumPy's own
        return int(value)
    raise _wrong(value, form)


def _int(value: Any, form: Format, _texts: Texts) -> int:
    if isinstance(value, bool):
        raise _wrong(value, form)
    if isinstance(value, float) and value.is_integer() and abs(value) <= _SURE_WHOLE:
        return int(value)
    try:
        found = operator.index(value)
    except TypeError:
        raise _wrong(value, form) from None
    if not LEAST <= found <= MOST:
        raise MismatchError("a whole number outside of 64 bits")
    return found


def _float(value: Any, form: Format, _texts: Texts) -> float:
    if isinstance(value, bool | str | Decimal | bytes):
        raise _wrong(value, form)
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        raise _wrong(value, form) from None


def _date(value: Any, form: Format, _texts: Texts) -> int:
    if isinstance(value, datetime):
        raise MismatchError(f"{clip(value)} has a time of day, where a date is expected")
    if isinstance(value, date):
        return value.toordinal() - _EPOCH
    if isinstance(value, str) and _DATE.fullmatch(value):
        try:
            return date.fromisoformat(value).toordinal() - _EPOCH
        except ValueError:
            pass
    raise _wrong(value, form)


def _decimal(value: Any, form: Format, _texts: Texts) -> int:
    return units(exact(value, form), form)


def exact(value: Any, form: Format) -> Decimal:
    """The decimal that a value is. Raises ``MismatchError``."""
    if isinstance(value, str):
        if len(value) > _LONGEST or not _NUMBER.fullmatch(value):
            raise _wrong(value, form)
    elif isinstance(value, float):
        value = repr(float(value))  # of NumPy's own, too
    elif isinstance(value, bool):
        raise _wrong(value, form)
    elif not isinstance(value, Decimal | int):
        try:
            value = operator.index(value)
        except TypeError:
            raise _wrong(value, form) from None
    try:
        found = Decimal(value)
    except (InvalidOperation, ValueError):
        raise _wrong(value, form) from None
    if not found.is_finite():
        raise _wrong(value, form)
    return found


def units(value: Decimal, form: Format) -> int:
    """A finite decimal as a whole number of the smallest unit. Raises ``MismatchError``."""
    sign, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    if not value:
        return 0
    if value.adjusted() >= form.precision - form.scale:
        raise MismatchError(f"{clip(str(value))} is outside of {shown(form)}")
    if exponent < -form.scale and value.adjusted() - exponent > 1000:
        raise MismatchError(f"{clip(str(value))} has more than {form.scale} digits after the point")
    whole = int("".join(map(str, digits)))
    up = exponent + form.scale
    power: int = 10 ** min(abs(up), 1100)
    found, rest = (whole * power, 0) if up >= 0 else divmod(whole, power)
    if rest:
        raise MismatchError(f"{clip(str(value))} has more than {form.scale} digits after the point")
    return -found if sign else found


def float_units(value: float, form: Format) -> int:
    """A float as such a whole number, where its digits are so few that no other decimal is as near."""
    found = exact(float(value), form)
    if len(found.as_tuple().digits) > SURE_DIGITS:
        raise MismatchError(f"{clip(value)} has more than {SURE_DIGITS} digits: give a decimal")
    return units(found, form)


def _decimal_or_float(value: Any, form: Format, texts: Texts) -> int:
    if isinstance(value, float):
        return float_units(value, form)
    return _decimal(value, form, texts)


def _label(value: Any, form: Format, _texts: Texts) -> int:
    if isinstance(value, Enum):
        value = value.value
    for code, label in enumerate(form.labels):
        if type(label) is type(value) and label == value:
            return code
    raise _wrong(value, form)


def _text(value: Any, form: Format, texts: Texts) -> int:
    if not isinstance(value, str):
        raise _wrong(value, form)
    return texts.code(value)


_READERS: Final[dict[str, Callable[[Any, Format, Texts], int | float]]] = {
    "bool": _bool,
    "int": _int,
    "float": _float,
    "date": _date,
    "decimal": _decimal_or_float,
    "label": _label,
    "text": _text,
}


def from_cell(cell: str, form: Format) -> Any:
    """What a cell of a text file says, as a value for ``number``. Raises ``MismatchError``."""
    match form.meaning:
        case "bool" if cell.lower() in {"true", "false"}:
            return cell.lower() == "true"
        case "int" if len(cell) <= _LONGEST and _WHOLE.fullmatch(cell):
            return int(cell)
        case "float" if cell.lower() in _FLOATS:
            return _FLOATS[cell.lower()]
        case "float" if len(cell) <= _LONGEST and _NUMBER.fullmatch(cell):
            return float(cell)
        case "label":
            return _label_of(cell, form)
        case "decimal" | "date" | "text":
            return cell
        case _:
            raise _wrong(cell, form)


def _label_of(cell: str, form: Format) -> Any:
    for label in form.labels:
        spelt = str(label).lower() if isinstance(label, bool) else str(label)
        if spelt == (cell.lower() if isinstance(label, bool) else cell):
            return label
    raise _wrong(cell, form)
