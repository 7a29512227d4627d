"""Markers enforced: what is wrong with a value that is about to become part of an entity.

Records inside were checked when they were built, so a check stops at them. Only markers are enforced here: the checker has
seen to the types.
"""

from __future__ import annotations

import contextlib
import math
import re
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import msgspec

from hyper.ir.interpreter.comparison import equal
from hyper.ir.interpreter.texts import searcher
from hyper.lang.markers import NO_MARKERS, Markers
from hyper.lang.types import Alias, ListOf, MapOf, Marked, Opt, Type, Union

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.ir.interpreter.shapes import Shapes
    from hyper.ir.interpreter.values import Value

    Check = Callable[[Value], str | None]
    """Gives what is wrong, or ``None``."""

_FORMATS: dict[str, tuple[int, int]] = {
    "int8": (-(2**7), 2**7 - 1),
    "int16": (-(2**15), 2**15 - 1),
    "int32": (-(2**31), 2**31 - 1),
    "int64": (-(2**63), 2**63 - 1),
    "uint8": (0, 2**8 - 1),
    "uint16": (0, 2**16 - 1),
    "uint32": (0, 2**32 - 1),
    "uint64": (0, 2**64 - 1),
}
"""The ranges that formats of ints imply."""


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _range(markers: Markers) -> Check:
    exact = markers.minimum, markers.maximum
    # A bound takes the type of what it bounds: as a float it may be another number.
    floats = tuple(None if bound is None else float(bound) for bound in exact)

    def check(value: Value) -> str | None:
        if isinstance(value, float) and math.isnan(value):
            return "NaN is outside of every range"
        low, high = floats if isinstance(value, float) else exact
        if low is not None and (value < low or (markers.exclusive_minimum and value == low)):
            return f"{value} is below {low}" if value != low else f"{value} is not above {low}"
        if high is not None and (value > high or (markers.exclusive_maximum and value == high)):
            return f"{value} is above {high}" if value != high else f"{value} is not below {high}"
        return None

    return check


def _multiple(markers: Markers) -> Check:
    step = Decimal(markers.multiple or 1)

    def check(value: Value) -> str | None:
        if isinstance(value, float):
            rest = math.fmod(value, float(step)) if math.isfinite(value) else math.nan
            slack = abs(value) / 1e9
            if abs(rest) <= slack or abs(abs(rest) - float(step)) <= slack:
                return None
        elif not Fraction(value) % Fraction(step):
            return None
        return f"{value} is not a multiple of {step}"

    return check


def _sized(low: int | None, high: int | None, what: str) -> Check:
    def check(value: Value) -> str | None:
        size = len(value)
        if low is not None and size < low:
            return f"{size} {what} are fewer than {low}"
        if high is not None and size > high:
            return f"{size} {what} are more than {high}"
        return None

    return check


def _patterns(patterns: tuple[str, ...]) -> Check:
    from pydantic_core import SchemaError

    def check(value: Value) -> str | None:
        for pattern in patterns:
            try:
                search = searcher(pattern)
            except SchemaError:
                continue  # no pattern of Rust's dialect: it is passed on to documents, not enforced
            if not search(value):
                return f"{value!r} does not match {pattern!r}"
        return None

    return check


def _unique(value: Value) -> str | None:
    for index, item in enumerate(value):
        if any(equal(item, earlier) for earlier in value[:index]):
            return f"item {index} equals an earlier one"
    return None


def _guarded(test: Callable[[Value], bool], check: Check) -> Check:
    return lambda value: check(value) if test(value) else None


def _schema(texts: tuple[str, ...], to_json: Callable[[Value], Any]) -> Check:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    validators = []
    for text in texts:
        schema = msgspec.json.decode(text)
        with contextlib.suppress(SchemaError):  # what is no schema is passed on, not enforced
            Draft202012Validator.check_schema(schema)
            validators.append(Draft202012Validator(schema, registry=Registry()))

    def check(value: Value) -> str | None:
        data = to_json(value)
        for validator in validators:
            # A reference out of the schema, a pattern that Python has not and a ring of references are not enforced.
            with contextlib.suppress(Unresolvable, re.error, RecursionError):
                for error in validator.iter_errors(data):
                    return str(error.message)
        return None

    return check


def own_checks(markers: Markers, to_json: Callable[[Value], Any]) -> list[Check]:
    """The checks of one set of markers, on a value that is not none."""
    checks: list[Check] = []
    if markers.minimum is not None or markers.maximum is not None:
        checks.append(_guarded(_is_number, _range(markers)))
    if markers.format in _FORMATS:
        low, high = _FORMATS[markers.format]
        implied = Markers(minimum=low, maximum=high)
        checks.append(_guarded(lambda value: type(value) is int, _range(implied)))
    if markers.multiple is not None:
        checks.append(_guarded(_is_number, _multiple(markers)))
    if markers.min_length is not None or markers.max_length is not None:
        sized = _sized(markers.min_length, markers.max_length, "characters")
        checks.append(_guarded(lambda value: isinstance(value, str | bytes), sized))
    if markers.min_size is not None or markers.max_size is not None:
        sized = _sized(markers.min_size, markers.max_size, "items")
        checks.append(_guarded(lambda value: isinstance(value, list | dict), sized))
    if markers.patterns:
        checks.append(_guarded(lambda value: isinstance(value, str), _patterns(markers.patterns)))
    if markers.unique:
        checks.append(_guarded(lambda value: isinstance(value, list), _unique))
    if markers.schema:
        checks.append(_schema(markers.schema, to_json))
    return checks


class Constraints:
    """Checks by type, made once. ``to_json`` gives the JSON of a value of a type, for ``@schema``."""

    def __init__(self, shapes: Shapes, to_json: Callable[[Value, Type], Any]) -> None:
        self._shapes = shapes
        self._to_json = to_json
        self._made: dict[tuple[Type, Markers], Check | None] = {}
        self._making: set[tuple[Type, Markers]] = set()

    def check(self, kind: Type, markers: Markers = NO_MARKERS) -> Check | None:
        """The check of a place of this type with these markers; ``None`` where there is nothing to check."""
        key = (kind, markers)
        if key in self._made:
            return self._made[key]
        if key in self._making:
            return lambda value: self._later(key, value)
        self._making.add(key)
        made = self._make(kind, markers)
        self._making.discard(key)
        self._made[key] = made
        return made

    def _later(self, key: tuple[Type, Markers], value: Value) -> str | None:
        check = self._made[key]
        return check(value) if check else None

    def _make(self, kind: Type, markers: Markers) -> Check | None:
        checks = own_checks(markers, lambda value: self._to_json(value, kind))
        inner = self._inner(kind)
        if inner is not None:
            checks.append(inner)
        if not checks:
            return None

        def run(value: Value) -> str | None:
            if value is None:
                return None
            for check in checks:
                wrong = check(value)
                if wrong is not None:
                    return wrong
            return None

        return run

    def _inner(self, kind: Type) -> Check | None:
        match kind:
            case Marked(inner, markers):
                return self.check(inner, markers)
            case Alias(name):
                alias = self._shapes.alias(name)
                return self.check(alias.type, alias.markers)
            case Opt(inner):
                return self.check(inner)
            case ListOf(item):
                return _each(self.check(item), list)
            case MapOf(item):
                return _each(self.check(item), lambda value: value.values())
            case Union(name):
                return self._variants(name)
            case _:
                return None

    def _variants(self, name: str) -> Check | None:
        union = self._shapes.union(name)
        checks = [(variant, self.check(variant)) for variant in union.variants]
        if all(check is None for _, check in checks):
            return None

        def run(value: Value) -> str | None:
            wrong = None
            for variant, check in checks:
                if self._shapes.fits(value, variant):
                    wrong = check(value) if check else None
                    if wrong is None:
                        return None
            return wrong

        return run


def _each(check: Check | None, values: Callable[[Value], Any]) -> Check | None:
    if check is None:
        return None

    def run(value: Value) -> str | None:
        for item in values(value):
            wrong = check(item)
            if wrong is not None:
                return wrong
        return None

    return run
