"""Entities built: defaults filled in, markers enforced, fields in the order of the declaration."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from hyper.ir.interpreter.constraints import Constraints
from hyper.ir.interpreter.json_in import InputError
from hyper.ir.interpreter.json_out import to_json
from hyper.ir.interpreter.values import EvaluationError, Record, Value
from hyper.lang.markers import NO_MARKERS, Markers
from hyper.lang.types import Entity

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.ir.interpreter.constraints import Check
    from hyper.ir.interpreter.shapes import Shapes
    from hyper.ir.program import FieldDef
    from hyper.lang.types import Type


class Plan:
    """What building one entity takes. ``fields`` are name, check, default, whether none means absent."""

    __slots__ = ("fields", "name", "whole")

    def __init__(
        self,
        name: str,
        fields: list[tuple[str, Check | None, Callable[[], Value] | None, bool]],
        whole: Check | None,
    ) -> None:
        self.name = name
        self.fields = fields
        self.whole = whole


class Records:
    """Builds the entities of one program. ``default`` evaluates the default of a field of the entity of that name."""

    def __init__(self, shapes: Shapes, default: Callable[[str, FieldDef], Value]) -> None:
        self.shapes = shapes
        self.constraints = Constraints(shapes, self._as_json)
        self._default = default
        self._plans: dict[str, Plan] = {}

    def _as_json(self, value: Value, _kind: Type) -> Any:
        return to_json(value, self.shapes)

    def _plan(self, name: str) -> Plan:
        plan = self._plans.get(name)
        if plan is None:
            definition = self.shapes.entity(name)
            fields = [self._field(name, field) for field in definition.fields]
            own = Markers(schema=definition.markers.schema) if definition.markers.schema else None
            whole = self.constraints.check(Entity(name), own or NO_MARKERS)
            plan = self._plans[name] = Plan(name, fields, whole)
        return plan

    def _field(
        self, entity: str, field: FieldDef
    ) -> tuple[str, Check | None, Callable[[], Value] | None, bool]:
        check = self.constraints.check(field.type, field.markers)
        default = (
            functools.partial(self._default, entity, field) if field.default is not None else None
        )
        none_is_absent = field.optional and not self.shapes.fits(None, field.type)
        return field.name, check, default, none_is_absent

    def build(self, name: str, given: dict[str, Value]) -> Record:
        """An entity from the fields that are written. A value outside of its markers is ``domain``."""
        return self._build(self._plan(name), given, {}, use_defaults=True)

    def build_from_input(
        self, name: str, given: dict[str, Value], extras: dict[str, Value]
    ) -> Record:
        """The same from JSON: a value outside of its markers is an ``InputError``."""
        try:
            return self._build(self._plan(name), given, extras, use_defaults=True)
        except EvaluationError as error:
            raise InputError(error.message, error.code) from None

    def replace(self, record: Record, given: dict[str, Value]) -> Record:
        """The record with other values for some fields."""
        merged = {**record.fields, **given}
        return self._build(self._plan(record.entity), merged, record.extras, use_defaults=False)

    def _build(
        self, plan: Plan, given: dict[str, Value], extras: dict[str, Value], *, use_defaults: bool
    ) -> Record:
        fields: dict[str, Value] = {}
        for name, check, default, none_is_absent in plan.fields:
            if name in given:
                value = given[name]
                if value is None and none_is_absent:
                    continue
            elif default is not None and use_defaults:
                value = default()
            else:
                continue
            wrong = check(value) if check is not None else None
            if wrong is not None:
                raise EvaluationError("domain", f"{name}: {wrong}")
            fields[name] = value
        record = Record(plan.name, fields, extras)
        wrong = plan.whole(record) if plan.whole is not None else None
        if wrong is not None:
            raise EvaluationError("domain", wrong)
        return record
