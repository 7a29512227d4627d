"""Entities that a kernel builds: defaults filled in, ranges enforced. Any other marker is for a lower tier."""

from __future__ import annotations

import math
from decimal import Decimal as Exact
from typing import TYPE_CHECKING

from hyper.emit.native.values import Decimal, Made, Maybe, Nothing, NotNative, Scalar, Value
from hyper.ir.markers import FORMAT_RANGES, NO_MARKERS
from hyper.ir.program import AliasDef, EntityDef
from hyper.ir.types import ANY_DECIMAL, Alias, ListOf, MapOf, Marked, Opt, Type, Union
from hyper.jit.kernel.builder import FALSE, boolean, floating, integer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hyper.emit.native.expressions import Expressions
    from hyper.ir.markers import Markers
    from hyper.ir.program import FieldDef, Program
    from hyper.jit.kernel.builder import Builder
    from hyper.jit.kernel.ir import Operand

_ENFORCED = (
    "minimum", "maximum", "exclusive_minimum", "exclusive_maximum", "min_length", "max_length",
    "min_size", "max_size", "patterns", "multiple", "unique", "format", "schema",
)  # fmt: skip
_RANGE = ("minimum", "maximum", "exclusive_minimum", "exclusive_maximum", "format")


class MarkerChecks:
    """What is enforced when the entities of a program are built."""

    def __init__(self, program: Program) -> None:
        self._program = program

    def _all(self, kind: Type, markers: Markers) -> list[Markers]:
        """The markers of a place, with those of its type."""
        found = [markers]
        while True:
            match kind:
                case Marked(inner, own):
                    found.append(own)
                    kind = inner
                case Alias(name):
                    alias = self._program.definitions[name]
                    assert isinstance(alias, AliasDef)
                    found.append(alias.markers)
                    kind = alias.type
                case Opt(inner):
                    kind = inner
                case ListOf() | MapOf() | Union():
                    raise NotNative("a list, a map or a union in an entity that is built")
                case _:
                    return [each for each in found if _enforced(each, _ENFORCED)]

    def built(self, expressions: Expressions, name: str, given: dict[str, Value]) -> Made:
        """An entity from the fields that are written."""
        entity = self._entity(name)
        fields: dict[str, Value] = {}
        for field in entity.fields:
            if field.name in given:
                value = given[field.name]
            elif field.default is not None:
                value = expressions.value(field.default, {})
            else:
                value = Nothing()
            self._enforce(expressions, field, value)
            fields[field.name] = self.placed(expressions, field, value)
        return Made(name, fields)

    def enforce(self, expressions: Expressions, name: str, given: dict[str, Value]) -> None:
        """Fail with ``domain`` where a new value is outside of the markers of its field."""
        for field in self._entity(name).fields:
            if field.name in given:
                self._enforce(expressions, field, given[field.name])

    def placed(self, expressions: Expressions, field: FieldDef, value: Value) -> Value:
        """A value as the field has it."""
        slot = expressions.slots.of_type(
            field.type, optional=field.optional and field.default is None
        )
        expressions.slots.store(slot, value)
        return expressions.slots.read(slot)

    def _entity(self, name: str) -> EntityDef:
        entity = self._program.definitions[name]
        assert isinstance(entity, EntityDef)
        if entity.markers.schema:
            raise NotNative(f"@schema of {entity.name} is enforced when one is built")
        return entity

    def _enforce(self, expressions: Expressions, field: FieldDef, value: Value) -> None:
        for markers in self._all(field.type, field.markers):
            if _enforced(markers, tuple(set(_ENFORCED) - set(_RANGE))):
                raise NotNative(f"markers of {field.name} are enforced when an entity is built")
            self._range(expressions, field.name, markers, value)

    def _range(self, expressions: Expressions, name: str, markers: Markers, value: Value) -> None:
        if isinstance(value, Nothing):
            return
        if isinstance(value, Maybe):
            with expressions.builder.block() as there:
                self._range(expressions, name, markers, value.value)
            expressions.builder.when(value.present, there)
            return
        for wrong in _outside(expressions, markers, value):
            site = expressions.sites.error("domain", f"{name}: a value outside of its range")
            expressions.builder.fail(wrong, site)


def _enforced(markers: Markers, names: tuple[str, ...]) -> bool:
    return any(getattr(markers, name) != getattr(NO_MARKERS, name) for name in names)


def _outside(expressions: Expressions, markers: Markers, value: Value) -> Iterator[Operand]:
    """The conditions of a number that is out of its range."""
    low, high = markers.minimum, markers.maximum
    builder = expressions.builder
    if isinstance(value, Scalar) and value.kind == "float" and (low, high) != (None, None):
        yield builder.op("is_nan", "bool", value.operand)
    tests = [("le" if markers.exclusive_minimum else "lt", low)]
    tests.append(("ge" if markers.exclusive_maximum else "gt", high))
    if markers.format in FORMAT_RANGES and isinstance(value, Scalar) and value.kind == "int":
        least, most = FORMAT_RANGES[markers.format]
        tests += [("lt", least), ("gt", most)]
    for test, bound in tests:
        if bound is not None:
            yield _beyond(expressions, test, value, bound)


def _beyond(expressions: Expressions, test: str, value: Value, bound: int | Exact) -> Operand:
    """Whether a number is outside; what is no number never is."""
    if isinstance(value, Scalar) and value.kind == "float":
        return expressions.builder.op(test, "bool", value.operand, floating(float(bound)))
    if isinstance(value, Scalar) and value.kind == "int":
        return _beyond_whole(expressions.builder, test, value.operand, bound)
    if isinstance(value, Decimal):
        found = expressions.constant(Exact(bound), ANY_DECIMAL)
        assert isinstance(found, Decimal)
        return expressions.decimals.compare(test, value, found).operand
    return FALSE


def _beyond_whole(builder: Builder, test: str, operand: Operand, bound: int | Exact) -> Operand:
    below = test in {"lt", "le"}
    whole = math.floor(bound) if below else math.ceil(bound)
    if whole != bound:
        # No int is the bound itself: what is not above its floor is below it.
        test = "le" if below else "ge"
    if not -(2**63) <= whole < 2**63:
        return boolean(below == (whole > 0))
    return builder.op(test, "bool", operand, integer(whole))
