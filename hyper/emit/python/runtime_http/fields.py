"""The types of fields, as JSON has them: no guessing between strings, numbers and truth values."""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as BinasciiError
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from functools import partial
from math import fmod, isfinite, nan
from operator import is_
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, TypeVar
from uuid import UUID

from annotated_types import Interval
from pydantic import AfterValidator, BeforeValidator, Field, Strict, StringConstraints
from pydantic_core import (
    PydanticCustomError,
    PydanticSerializationUnexpectedValue,
    core_schema,
)
from pydantic_core import Url as CoreUrl

from hyper.emit.python.runtime.durations import duration_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Parsed:
    """A type that JSON writes as a string, and Python code gives as a value or as that string."""

    kind: str
    pattern: str

    def __get_pydantic_core_schema__(
        self, _source: Any, _handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        exact, lax = _parsers(self.kind)
        text = core_schema.chain_schema([core_schema.str_schema(pattern=self.pattern), lax])
        return core_schema.json_or_python_schema(
            json_schema=text,
            python_schema=core_schema.union_schema(
                [exact, text],
                mode="left_to_right",
                custom_error_type=f"{self.kind}_expected",
                custom_error_message=f"Input should be a {_KINDS.get(self.kind, self.kind)}",
            ),
            serialization=_DURATION if self.kind == "duration" else None,
        )


_KINDS = {"datetime": "datetime with an offset", "uuid": "UUID"}


def _parsers(kind: str) -> tuple[CoreSchema, CoreSchema]:
    match kind:
        case "date":
            return core_schema.date_schema(strict=True), core_schema.date_schema()
        case "time":
            return core_schema.time_schema(strict=True), core_schema.time_schema()
        case "datetime":
            return (
                core_schema.datetime_schema(strict=True, tz_constraint="aware"),
                core_schema.datetime_schema(tz_constraint="aware"),
            )
        case "uuid":
            return core_schema.uuid_schema(strict=True), core_schema.uuid_schema()
        case _:
            lax = core_schema.no_info_wrap_validator_function(
                _within_range, core_schema.timedelta_schema()
            )
            return core_schema.timedelta_schema(strict=True), lax


def _within_range(text: str, handler: Callable[[str], timedelta]) -> timedelta:
    try:
        return handler(text)
    except OverflowError:
        raise PydanticCustomError(
            "duration_range", "Input should be within 999,999,999 days"
        ) from None


def _duration_text(value: Any) -> str:
    if not isinstance(value, timedelta):
        raise PydanticSerializationUnexpectedValue(type(value).__name__)
    return duration_text(value)


_DURATION = core_schema.plain_serializer_function_ser_schema(
    _duration_text, return_schema=core_schema.str_schema(), when_used="json"
)


@dataclass(frozen=True, slots=True)
class Base64:
    """Bytes that JSON writes as base64 (RFC 4648); ``raw`` ones are text, as files in a form are."""

    raw: bool = False

    def __get_pydantic_core_schema__(
        self, _source: Any, _handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        decode, encode = (_from_text, _to_text) if self.raw else (_from_base64, _to_base64)
        text = core_schema.no_info_after_validator_function(decode, core_schema.str_schema())
        exact = core_schema.bytes_schema(strict=True)
        return core_schema.json_or_python_schema(
            json_schema=text,
            python_schema=core_schema.union_schema([exact, text], mode="left_to_right"),
            serialization=core_schema.plain_serializer_function_ser_schema(
                encode, return_schema=core_schema.str_schema(), when_used="json"
            ),
        )


def _from_base64(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (BinasciiError, ValueError):
        raise PydanticCustomError("base64", "Input should be base64") from None


def _to_base64(value: Any) -> str:
    if not isinstance(value, bytes):
        raise PydanticSerializationUnexpectedValue(type(value).__name__)
    return b64encode(value).decode()


def _from_text(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _to_text(value: Any) -> str:
    if not isinstance(value, bytes):
        raise PydanticSerializationUnexpectedValue(type(value).__name__)
    return value.decode("utf-8", "replace")


_SURE_DIGITS = 15
"""Digits that a binary64 always keeps."""


def _sure(value: Any) -> Any:
    """A number with a point or an exponent was read as a binary64: what might have lost digits is refused."""
    if type(value) is float:
        text = repr(value)
        if isfinite(value) and len(Decimal(text).as_tuple().digits) > _SURE_DIGITS:
            raise PydanticCustomError(
                "decimal_digits",
                "Input should be a string, as it has more than {most} digits",
                {"most": _SURE_DIGITS},
            )
    elif type(value) is str and ("_" in value or not value.isascii() or value.strip() != value):
        raise PydanticCustomError("decimal_parsing", "Input should be a decimal")
    return value


@dataclass(frozen=True, slots=True)
class Digits:
    """``decimal(precision, scale)``: no more digits than that; JSON writes it as a string, with all of its scale."""

    precision: int
    scale: int

    def __get_pydantic_core_schema__(
        self, _source: Any, _handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(
            self._fit,
            core_schema.no_info_before_validator_function(
                _sure, core_schema.decimal_schema(allow_inf_nan=False)
            ),
            serialization=core_schema.plain_serializer_function_ser_schema(
                self._text, return_schema=core_schema.str_schema(), when_used="json"
            ),
        )

    def _fit(self, value: Decimal) -> Decimal:
        try:
            result = value.quantize(
                Decimal((0, (1,), -self.scale)), ROUND_HALF_EVEN, _context(self.precision)
            )
        except InvalidOperation:
            raise PydanticCustomError(
                "decimal_overflow",
                "Input should have at most {whole} digits before the point",
                {"whole": self.precision - self.scale},
            ) from None
        if result != value:
            raise PydanticCustomError(
                "decimal_scale",
                "Input should have at most {scale} digits after the point",
                {"scale": self.scale},
            )
        return result or abs(result)

    def _text(self, value: Any) -> str:
        if not isinstance(value, Decimal):
            raise PydanticSerializationUnexpectedValue(type(value).__name__)
        return f"{value:f}"


_contexts: dict[int, Context] = {}


def _context(precision: int) -> Context:
    context = _contexts.get(precision)
    if context is None:
        context = _contexts[precision] = Context(prec=precision, rounding=ROUND_HALF_EVEN)
    return context


@dataclass(frozen=True, slots=True)
class Unique:
    """No item of a list is there twice, as JSON compares them."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(_all_differ, handler(source))


def _all_differ(items: Any) -> Any:
    if items is None:
        return items
    seen: set[Any] = set()
    rest: list[Any] = []
    for item in items:
        try:
            key = (isinstance(item, bool), item)
            if key in seen:
                break
            seen.add(key)
        except TypeError:
            if item in rest:
                break
            rest.append(item)
    else:
        return items
    raise PydanticCustomError("unique", "Items should all differ")


@dataclass(frozen=True, slots=True)
class Absence:
    """Of a field that may be absent: null does not stand for that."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        schema = handler(source)
        return schema["schema"] if schema["type"] == "nullable" else schema


_SURE_WHOLE = 2.0**53
"""Up to here a binary64 has every whole number."""


def _whole(value: Any) -> Any:
    # JSON has one kind of number: 1.0 and 1e2 are integers. Larger ones might not be what was written.
    if type(value) is float and value.is_integer() and abs(value) <= _SURE_WHOLE:
        return int(value)
    return value


@dataclass(frozen=True, slots=True)
class Finite:
    """Of a float, the last: JSON has no NaN, no infinity and nothing too large for one; Python code may have them."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        schema = handler(source)
        if schema["type"] != "float":
            return schema
        return core_schema.json_or_python_schema(
            json_schema={**schema, "allow_inf_nan": False}, python_schema=schema
        )


@dataclass(frozen=True, slots=True)
class Multiple:
    """Of a float: a multiple of a step, give or take a billionth of itself."""

    step: float

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def _check(self, value: Any) -> Any:
        if value is None:
            return value
        rest = abs(fmod(value, self.step)) if isfinite(value) else nan
        slack = abs(value) / 1e9
        if rest <= slack or abs(rest - self.step) <= slack:
            return value
        raise PydanticCustomError(
            "multiple_of", "Input should be a multiple of {step}", {"step": self.step}
        )


@dataclass(frozen=True, slots=True)
class FiniteInside:
    """Any JSON, without numbers that are too large for a float."""

    def __get_pydantic_core_schema__(
        self, _source: Any, _handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.json_or_python_schema(
            json_schema=core_schema.no_info_after_validator_function(
                _finite_inside, core_schema.any_schema()
            ),
            python_schema=core_schema.any_schema(),
        )


def _finite_inside(value: Any) -> Any:
    waiting = [value]
    while waiting:
        item = waiting.pop()
        kind = type(item)
        if kind is float:
            if not isfinite(item):
                raise PydanticCustomError("finite_number", "Input should be a finite number")
        elif kind is dict:
            waiting += item.values()
        elif kind is list:
            waiting += item
    return value


def _url(text: str) -> str:
    try:
        CoreUrl(text)
    except ValueError:
        raise PydanticCustomError("url", "Input should be a URL") from None
    return text


@dataclass(frozen=True, slots=True)
class Exactly:
    """Of a literal that is a number or a truth value: ``true`` is not ``1``."""

    value: bool | int

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self._same, handler(source))

    def _same(self, value: Any) -> Any:
        if type(value) is type(self.value):
            return value
        raise PydanticCustomError("literal_error", "Input should be {value}", {"value": self.value})


_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_CLOCK = r"[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?"
_OFFSET = "(Z|[+-][0-9]{2}:[0-9]{2})"
_SECONDS = r"[0-9]+(\.[0-9]{1,6})?S"
_SPAN = f"[0-9]+H([0-9]+M)?({_SECONDS})?|[0-9]+M({_SECONDS})?|{_SECONDS}"
_MAILBOX = "[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+"
_LABEL = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOT = r"\."

Bool: TypeAlias = Annotated[bool, Strict()]
BigInt: TypeAlias = Annotated[int, Strict(), BeforeValidator(_whole)]
Int: TypeAlias = Annotated[
    int, Strict(), Interval(ge=-(2**63), le=2**63 - 1), BeforeValidator(_whole)
]
Float: TypeAlias = Annotated[float, Strict(), Finite()]
Json: TypeAlias = Annotated[Any, FiniteInside()]
Date: TypeAlias = Annotated[date, Parsed("date", f"^{_DAY}$")]
Time: TypeAlias = Annotated[time, Parsed("time", f"^{_CLOCK}({_OFFSET})?$")]
DateTime: TypeAlias = Annotated[datetime, Parsed("datetime", f"^{_DAY}T{_CLOCK}{_OFFSET}$")]
Duration: TypeAlias = Annotated[
    timedelta,
    Parsed("duration", f"^-?P([0-9]+W|[0-9]+D|([0-9]+D)?T({_SPAN}))$"),
]
Uuid: TypeAlias = Annotated[
    UUID, Parsed("uuid", r"^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$")
]
Bytes: TypeAlias = Annotated[bytes, Base64()]
RawBytes: TypeAlias = Annotated[bytes, Base64(raw=True)]
Url: TypeAlias = Annotated[str, AfterValidator(_url)]
Email: TypeAlias = Annotated[
    str, StringConstraints(pattern=f"^{_MAILBOX}@{_LABEL}({_DOT}{_LABEL})*$")
]

Omittable: TypeAlias = Annotated[T | None, Absence(), Field(exclude_if=partial(is_, None))]
"""A field that may be absent: reading it then gives ``None``, and it is not written."""


@dataclass(frozen=True, slots=True)
class Matches:
    """A further pattern that a string matches somewhere."""

    pattern: str

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.chain_schema(
            [handler(source), core_schema.str_schema(pattern=self.pattern)]
        )
