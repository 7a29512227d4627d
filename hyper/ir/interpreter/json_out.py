"""Values as JSON: what ``json.dumps`` takes, without loss.

Decimals are strings at their scale, floats that JSON has no number for are strings, bytes are base64,
and an absent field is not written.
"""

from __future__ import annotations

import base64
import math
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from hyper.ir.interpreter import iso
from hyper.ir.interpreter.conversions import show_decimal
from hyper.ir.interpreter.values import EnumValue, Record, Value

if TYPE_CHECKING:
    from hyper.ir.interpreter.shapes import Shapes


def show_float(value: float) -> float | str:
    """The float, or its name where JSON has no number for it."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")


def _scalar(value: Value) -> Any:
    if isinstance(value, Decimal):
        return show_decimal(value)
    if isinstance(value, float):
        return show_float(value)
    if isinstance(value, EnumValue):
        return value.wire
    if isinstance(value, datetime):
        return iso.show_datetime(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return iso.show_time(value)
    if isinstance(value, timedelta):
        return iso.show_duration(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, UUID):
        return str(value)
    return value


def _record(value: Record, shapes: Shapes) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for field in shapes.entity(value.entity).fields:
        if field.name in value.fields:
            result[field.wire] = to_json(value.fields[field.name], shapes)
    for name, extra in value.extras.items():
        result[name] = to_json(extra, shapes)
    return result


def to_json(value: Value, shapes: Shapes) -> Any:
    """The JSON of a value."""
    if isinstance(value, Record):
        return _record(value, shapes)
    if isinstance(value, list):
        return [to_json(item, shapes) for item in value]
    if isinstance(value, dict):
        return {key: to_json(item, shapes) for key, item in value.items()}
    return _scalar(value)
