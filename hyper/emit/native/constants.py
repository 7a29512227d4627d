"""What a profile says of arguments that hardly ever changed, as constants of the columns of a kernel.

A profile may come from anywhere: what is not the JSON of a value of its column is left out, and what is believed of the others is
only that they come often.
"""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

from hyper.emit.native.places import WIDE_DIGITS
from hyper.jit.kernel.builder import boolean, integer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from hyper.emit.native.places import Parts
    from hyper.jit.kernel.ir import Column, Format, Imm

_EPOCH: Final = date(1970, 1, 1).toordinal()


def constants(
    columns: Iterable[tuple[Column, Parts]],
    known: Mapping[str, str | None],
    texts: Mapping[str, int],
) -> Iterator[tuple[int, int, Imm]]:
    """The places of columns that hardly ever changed, the places of their parameters, and what they were. ``known`` is JSON by
    the path of a value, ``texts`` has the numbers of those that the program names."""
    param = 0
    for place, (column, parts) in enumerate(columns):
        if column.role == "value":
            found = _constant(column, parts, known, texts)
            if found is not None:
                yield place, param, found
        param += 2 if column.role == "offsets" else 1


def _constant(
    column: Column, parts: Parts, known: Mapping[str, str | None], texts: Mapping[str, int]
) -> Imm | None:
    asks = parts[-1] == "?"
    text = known.get(".".join(parts[:-1] if asks else parts))
    if text is None:
        return None
    try:
        value = json.loads(text)
        if asks:
            return boolean(value is not None)
        return None if value is None else _number(column.format, value, texts)
    except (ValueError, InvalidOperation, RecursionError):
        return None


def _number(form: Format, value: Any, texts: Mapping[str, int]) -> Imm | None:
    """The number of a value in its column; ``None`` for one of another type, and for floats."""
    number: int | None = None
    match form.meaning:
        case "bool":
            return boolean(value) if isinstance(value, bool) else None
        case "int":
            number = value if type(value) is int else None
        case "date":
            number = date.fromisoformat(value).toordinal() - _EPOCH if _is_text(value) else None
        case "decimal":
            return _decimal(form, value)
        case "label":
            found = [
                place
                for place, label in enumerate(form.labels)
                if type(label) is type(value) and label == value
            ]
            number = found[0] if found else None
        case "text":
            number = texts.get(value) if _is_text(value) else None
        case _:
            pass
    return None if number is None else integer(number)


def _decimal(form: Format, value: Any) -> Imm | None:
    """In units of its scale; the digits that it may have bound it before anything is computed."""
    found = Decimal(value) if _is_text(value) and len(value) <= 2 * form.precision + 4 else None
    if found is None or not found.is_finite() or abs(found.adjusted()) > form.precision:
        return None
    scaled = found.scaleb(form.scale)
    if scaled != scaled.to_integral_value() or abs(scaled) >= 10**form.precision:
        return None
    return integer(int(scaled), "int" if form.precision < WIDE_DIGITS else "wide")


def _is_text(value: Any) -> bool:
    return isinstance(value, str)
