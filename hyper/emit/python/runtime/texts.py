"""Strings, and values as strings."""

from __future__ import annotations

import base64
import enum
import math
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pydantic import BaseModel, ValidationError
from pydantic_core import SchemaValidator, core_schema

from .durations import duration_text
from .errors import fail
from .lists import present

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "as_json",
    "join",
    "matches",
    "pad_left",
    "pad_right",
    "replace_text",
    "split_text",
    "string",
    "substring",
]


@cache
def _searcher(pattern: str) -> Callable[[Any], Any]:
    schema = core_schema.str_schema(pattern=pattern, regex_engine="rust-regex")
    return SchemaValidator(schema).validate_python


def matches(text: str, pattern: str) -> bool:
    """Whether the pattern is found anywhere, in the dialect of Rust's ``regex``."""
    try:
        _searcher(pattern)(text)
    except ValidationError:
        return False
    return True


def replace_text(text: str, old: str, new: str) -> str:
    """Every occurrence of ``old`` replaced."""
    if not old:
        fail("domain", "the text to replace is empty")
    return text.replace(old, new)


def split_text(text: str, separator: str) -> list[str]:
    """The parts between the separators."""
    if not separator:
        fail("domain", "the separator is empty")
    return text.split(separator)


def substring(text: str, start: int, end: int | None = None) -> str:
    """The code points from ``start`` up to ``end``."""
    stop = len(text) if end is None else end
    if not 0 <= start <= stop <= len(text):
        fail("out_of_bounds", f"{start} to {stop} is no part of {len(text)} code points")
    return text[start:stop]


def _padding(text: str, width: int, fill: str) -> str:
    if len(fill) != 1 or width > 10_000:
        fail("domain", "padding takes one code point and a width of at most 10,000")
    return fill * max(width - len(text), 0)


def pad_left(text: str, width: int, fill: str) -> str:
    """``fill`` before ``text`` until it is ``width`` long."""
    return _padding(text, width, fill) + text


def pad_right(text: str, width: int, fill: str) -> str:
    """``fill`` after ``text`` until it is ``width`` long."""
    return text + _padding(text, width, fill)


def _wire(value: enum.Enum) -> Any:
    wire = value.value
    return getattr(wire, "value", wire)


def string(value: object) -> str:
    """The text of a value."""
    match value:
        case enum.Enum():
            return string(_wire(value))
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int():
            if abs(value) >= 10**4300:
                fail("overflow", "the bigint has more than 4,300 digits")
            return str(value)
        case Decimal():
            return f"{value or abs(value):f}"
        case datetime() | time():
            return value.isoformat().replace("+00:00", "Z")
        case timedelta():
            return duration_text(value)
        case _:
            return str(value)


def as_json(value: object) -> Any:
    """A value as JSON has it."""
    match value:
        case BaseModel():
            return {key: as_json(inner) for key, inner in present(value).items()}
        case list():
            return [as_json(inner) for inner in value]
        case dict():
            return {key: as_json(inner) for key, inner in value.items()}
        case enum.Enum():
            return _wire(value)
        case float() if not math.isfinite(value):
            return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
        case bytes():
            return base64.b64encode(value).decode("ascii")
        case Decimal() | date() | time() | timedelta() | UUID():
            return string(value)
        case _:
            return value


def join(parts: list[str], separator: str) -> str:
    """The parts with the separator between them."""
    return separator.join(parts)
