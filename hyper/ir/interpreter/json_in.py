"""JSON as values: checked against a type, markers enforced, every mistake named by its path.

The input is what ``json.loads`` gives. A number with a point or an exponent is a binary64, as RFC 8259 advises, so
that every reader sees the same one; where that may have lost digits, an int or a decimal is refused.
"""

from __future__ import annotations

import base64
import binascii
import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from hyper.ir.interpreter import iso
from hyper.ir.interpreter.arithmetic import MAX64, MIN64, quantise
from hyper.ir.interpreter.conversions import is_email, is_url, to_uuid
from hyper.ir.interpreter.values import EnumValue, EvaluationError, Record, Value
from hyper.lang.types import (
    Alias,
    Dec,
    Entity,
    Enum,
    ListOf,
    Lit,
    MapOf,
    Marked,
    Opt,
    Prim,
    Type,
    Union,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hyper.ir.interpreter.records import Records
    from hyper.ir.program import EntityDef, UnionDef

DEEPEST = 200
"""Levels that a JSON value may nest."""

_SURE_DIGITS = 15
"""Digits that a binary64 always keeps."""
_SURE_WHOLE = 2.0**53
"""Up to here a binary64 has every whole number."""


class InputError(ValueError):
    """JSON that is no value of the type. ``code`` is ``conversion``, or ``domain`` for a marker;
    ``path`` leads to the place."""

    def __init__(self, message: str, code: str = "conversion") -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.path: list[str | int] = []

    def __str__(self) -> str:
        where = "".join(
            f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path
        ).lstrip(".")
        return f"{where}: {self.message}" if where else self.message

    def inside(self, step: str | int) -> InputError:
        """The same error, seen from outside of ``step``."""
        self.path.insert(0, step)
        return self


def _shown(data: Any) -> str:
    text = repr(data)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _wrong(data: Any, expected: str) -> InputError:
    return InputError(f"{_shown(data)} is not {expected}")


def _whole(data: Any) -> int:
    if isinstance(data, int) and not isinstance(data, bool):
        return data
    if isinstance(data, float) and data.is_integer():
        if abs(data) > _SURE_WHOLE:
            raise _wrong(data, "a whole number without an exponent")
        return int(data)
    raise _wrong(data, "a whole number")


def _int(data: Any) -> int:
    value = _whole(data)
    if not MIN64 <= value <= MAX64:
        raise _wrong(data, "within 64 bits")
    return value


def _float(data: Any) -> float:
    if isinstance(data, bool) or not isinstance(data, int | float):
        raise _wrong(data, "a number")
    try:
        value = float(data)
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        raise _wrong(data, "within the range of a float")
    return value


def _decimal(data: Any, kind: Dec) -> Decimal:
    if isinstance(data, bool) or not isinstance(data, int | float | str):
        raise _wrong(data, "a decimal")
    if isinstance(data, str) and ("_" in data or not data.isascii() or data.strip() != data):
        raise _wrong(data, "a decimal")
    try:
        exact = Decimal(repr(data)) if isinstance(data, float) else Decimal(data)
        if isinstance(data, float) and len(exact.as_tuple().digits) > _SURE_DIGITS:
            raise _wrong(data, f"a string, as a decimal of over {_SURE_DIGITS} digits is")
        value = quantise(exact, kind.precision, kind.scale)
    except (ArithmeticError, EvaluationError):
        raise _wrong(data, f"a decimal({kind.precision}, {kind.scale})") from None
    if value != exact:
        raise _wrong(data, f"a decimal with at most {kind.scale} digits after the point")
    return value


def _text(data: Any) -> str:
    if not isinstance(data, str):
        raise _wrong(data, "a string")
    return data


def _reading(read: Callable[[str], Value], expected: str) -> Callable[[Any], Value]:
    def run(data: Any) -> Value:
        text = _text(data)
        try:
            return read(text)
        except (ValueError, OverflowError, EvaluationError):
            raise _wrong(data, expected) from None

    return run


def _testing(test: Callable[[str], bool], expected: str) -> Callable[[Any], Value]:
    def run(data: Any) -> Value:
        if not test(_text(data)):
            raise _wrong(data, expected)
        return data

    return run


def _bool(data: Any) -> bool:
    if not isinstance(data, bool):
        raise _wrong(data, "true or false")
    return data


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(text) from error


def _any(data: Any) -> Value:
    if isinstance(data, float) and not math.isfinite(data):
        raise _wrong(data, "within the range of a float")
    if isinstance(data, list):
        return [_any(item) for item in data]
    if isinstance(data, dict):
        return {str(key): _any(item) for key, item in data.items()}
    return data


def _none(data: Any) -> None:
    if data is not None:
        raise _wrong(data, "null")


_PRIMITIVES: dict[str, Callable[[Any], Value]] = {
    "bool": _bool,
    "int": _int,
    "bigint": _whole,
    "float": _float,
    "string": _text,
    "bytes": _reading(_base64, "base64"),
    "date": _reading(iso.read_date, "a date"),
    "time": _reading(iso.read_time, "a time"),
    "datetime": _reading(iso.read_datetime, "a datetime with an offset"),
    "duration": _reading(iso.read_duration, "an ISO 8601 duration without years and months"),
    "uuid": _reading(to_uuid, "a UUID"),
    "url": _testing(is_url, "a URL"),
    "email": _testing(is_email, "an e-mail address"),
    "any": _any,
    "none": _none,
}


class Reader:
    """Reads JSON against types of one program."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._shapes = records.shapes

    def read(self, data: Any, kind: Type) -> Value:
        """The value that the JSON is, with every marker of the type enforced."""
        value = self._read(data, kind, 0)
        check = self._records.constraints.check(kind)
        wrong = check(value) if check else None
        if wrong is not None:
            raise InputError(wrong, "domain")
        return value

    def read_member(self, data: Mapping[str, Any], name: str, kind: Type) -> Value:
        """The member of that name; a missing one is none where the type allows it."""
        if name not in data:
            if self._shapes.fits(None, kind):
                return None
            raise InputError("this argument is missing").inside(name)
        try:
            return self.read(data[name], kind)
        except InputError as error:
            raise error.inside(name) from None

    def _read(self, data: Any, kind: Type, depth: int) -> Value:
        if depth > DEEPEST:
            raise InputError(f"nested deeper than {DEEPEST} levels")
        match kind:
            case Prim(name):
                return _PRIMITIVES[name](data)
            case Dec():
                return _decimal(data, kind)
            case Lit(expected):
                if type(data) is not type(expected) or data != expected:
                    raise _wrong(data, repr(expected))
                return data
            case Marked(inner, _):
                return self._read(data, inner, depth)
            case Alias(name):
                return self._read(data, self._shapes.alias(name).type, depth)
            case Opt(inner):
                return None if data is None else self._read(data, inner, depth)
            case ListOf(item):
                return self._list(data, item, depth)
            case MapOf(inner):
                return self._map(data, inner, depth)
            case Enum(name):
                return self._enum(data, name)
            case Entity(name):
                return self._entity(data, name, depth)
            case Union(name):
                return self._union(data, self._shapes.union(name), depth)
            case _:
                return data

    def _list(self, data: Any, item: Type, depth: int) -> list[Value]:
        if not isinstance(data, list):
            raise _wrong(data, "a list")
        result = []
        for index, each in enumerate(data):
            try:
                result.append(self._read(each, item, depth + 1))
            except InputError as error:
                raise error.inside(index) from None
        return result

    def _map(self, data: Any, inner: Type, depth: int) -> dict[str, Value]:
        if not isinstance(data, dict):
            raise _wrong(data, "an object")
        result = {}
        for key, each in data.items():
            try:
                result[str(key)] = self._read(each, inner, depth + 1)
            except InputError as error:
                raise error.inside(str(key)) from None
        return result

    def _enum(self, data: Any, name: str) -> EnumValue:
        members = self._shapes.enum(name).members
        for member in members:
            if type(data) is type(member.wire) and data == member.wire:
                return EnumValue(name, member.name, member.wire)
        wires = ", ".join(repr(member.wire) for member in members[:10])
        raise _wrong(data, f"one of {wires}{', …' if len(members) > 10 else ''}")

    def _entity(self, data: Any, name: str, depth: int) -> Record:
        if not isinstance(data, dict):
            raise _wrong(data, "an object")
        definition = self._shapes.entity(name)
        given: dict[str, Value] = {}
        known = set()
        for field in definition.fields:
            known.add(field.wire)
            if field.wire in data:
                try:
                    given[field.name] = self._read(data[field.wire], field.type, depth + 1)
                except InputError as error:
                    raise error.inside(field.wire) from None
            elif field.default is None and not field.optional:
                raise InputError("this field is missing").inside(field.wire)
        extras = self._extras(data, known, definition, depth)
        return self._records.build_from_input(name, given, extras)

    def _extras(
        self, data: dict[str, Any], known: set[str], definition: EntityDef, depth: int
    ) -> dict[str, Value]:
        mode = definition.markers.extra
        extras: dict[str, Value] = {}
        for key, each in data.items():
            if key in known:
                continue
            if mode == "forbid":
                raise InputError("there is no such field").inside(key)
            try:
                if definition.extra_type is not None:
                    extras[key] = self._read(each, definition.extra_type, depth + 1)
                elif mode == "allow":
                    extras[key] = _any(each)
            except InputError as error:
                raise error.inside(key) from None
        return extras

    def _union(self, data: Any, union: UnionDef, depth: int) -> Value:
        if union.discriminator is not None:
            return self._tagged(data, union, depth)
        found: list[Value] = []
        first_error: InputError | None = None
        for variant in union.variants:
            try:
                value = self._read(data, variant, depth)
                check = self._records.constraints.check(variant)
            except InputError as error:
                first_error = first_error or error
                continue
            wrong = check(value) if check else None
            if wrong is not None:
                first_error = first_error or InputError(wrong, "domain")
                continue
            if not union.exactly:
                return value
            found.append(value)
        if len(found) == 1:
            return found[0]
        if found:
            raise _wrong(data, f"exactly one variant of {union.name}, but {len(found)}")
        raise first_error or _wrong(data, f"a {union.name}")

    def _tagged(self, data: Any, union: UnionDef, depth: int) -> Value:
        tag = union.discriminator or ""
        if not isinstance(data, dict):
            raise _wrong(data, "an object")
        for wire, entity in union.mapping:
            if data.get(tag) == wire:
                return self._entity(data, entity, depth)
        wires = ", ".join(repr(wire) for wire, _ in union.mapping[:10])
        raise _wrong(data.get(tag), f"one of {wires}").inside(tag)
