"""Durations as whole microseconds in two words. They live within kernels: none is in a column."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from hyper.emit.native.values import Scalar, Value
from hyper.ir.interpreter.calendar import UNITS
from hyper.jit.kernel.builder import integer

if TYPE_CHECKING:
    from hyper.emit.native.sites import Sites
    from hyper.jit.kernel.builder import Builder
    from hyper.jit.kernel.ir import Operand

MICROSECOND: Final = timedelta(microseconds=1)
_LEAST: Final = timedelta.min // MICROSECOND
_MOST: Final = timedelta.max // MICROSECOND
_DAY: Final = timedelta(days=1) // MICROSECOND
_LIMIT: Final = 1 << 62
"""Microseconds that are farther than all dates together, and fit one word."""
_FIRST_DAY: Final = -719_162
_LAST_DAY: Final = 2_932_896
_TOTAL: Final = "total_"


class Durations:
    """Durations of one kernel."""

    def __init__(self, builder: Builder, sites: Sites) -> None:
        self._builder = builder
        self._sites = sites

    def constant(self, value: timedelta) -> Scalar:
        """A duration that is known."""
        return Scalar("duration", integer(value // MICROSECOND, "wide"))

    def zero(self) -> Scalar:
        """No time."""
        return self.constant(timedelta())

    def _within(self, operand: Operand) -> Scalar:
        """A duration, or ``overflow``."""
        builder = self._builder
        below = builder.op("lt", "bool", operand, integer(_LEAST, "wide"))
        above = builder.op("gt", "bool", operand, integer(_MOST, "wide"))
        site = self._sites.error("overflow", "the duration is out of 999,999,999 days")
        builder.fail(builder.op("or", "bool", below, above), site)
        return Scalar("duration", operand)

    def _times(self, count: Operand, unit: int) -> Operand:
        wide = self._builder.op("widen", "wide", count)
        return self._builder.op("mul", "wide", wide, integer(unit, "wide"))

    def arithmetic(self, name: str, left: Value, right: Value) -> Scalar | None:
        """``+`` and ``-`` of dates and durations; ``None`` for anything else."""
        if not isinstance(left, Scalar) or not isinstance(right, Scalar):
            return None
        if name not in {"add", "sub"}:
            return None
        match left.kind, right.kind:
            case "duration", "duration":
                return self._within(self._builder.op(name, "wide", left.operand, right.operand))
            case "date", "duration":
                return self._shifted(name, left.operand, right.operand)
            case "date", "date":
                days = self._builder.op("sub", "int", left.operand, right.operand)
                return Scalar("duration", self._times(days, _DAY))
            case _:
                return None

    def _shifted(self, name: str, day: Operand, by: Operand) -> Scalar:
        """A date so many whole days on or back, whatever hours are beside them."""
        builder = self._builder
        near = builder.op("max", "wide", by, integer(-_LIMIT, "wide"))
        near = builder.op("min", "wide", near, integer(_LIMIT, "wide"))
        micros = builder.op("narrow", "int", near)
        days = builder.op("floordiv", "int", micros, integer(_DAY))
        moved = builder.op(name, "int", day, days)
        below = builder.op("lt", "bool", moved, integer(_FIRST_DAY))
        above = builder.op("gt", "bool", moved, integer(_LAST_DAY))
        site = self._sites.error("overflow", "the date is out of the years 1 to 9999")
        builder.fail(builder.op("or", "bool", below, above), site)
        return Scalar("date", moved)

    def negated(self, value: Scalar) -> Scalar:
        """``-x``."""
        return self._within(self._builder.op("neg", "wide", value.operand))

    def mean(self, total: Scalar, count: Operand) -> Scalar:
        """A sum over how many there were, half-even to the microsecond."""
        by = self._builder.op("widen", "wide", count)
        return Scalar("duration", self._builder.op("div_even", "wide", total.operand, by))

    def builtin(self, name: str, args: list[Value]) -> Scalar | None:
        """A builtin that makes or takes a duration; ``None`` where it is none of these."""
        if len(args) != 1 or not isinstance(args[0], Scalar):
            return None
        value = args[0]
        if name in UNITS and value.kind == "int":
            return self._within(self._times(value.operand, UNITS[name]))
        if value.kind != "duration":
            return None
        if name == "abs":
            return self._within(self._builder.op("abs", "wide", value.operand))
        if name.startswith(_TOTAL):
            return self._total(value.operand, UNITS[name.removeprefix(_TOTAL)])
        return None

    def _total(self, micros: Operand, unit: int) -> Scalar:
        builder = self._builder
        short = builder.op("narrow", "int", micros)
        long = builder.op("ne", "bool", builder.op("widen", "wide", short), micros)
        site = self._sites.guard("a duration of more than 292,000 years")
        builder.fail(long, site, guard=True)
        return Scalar("float", builder.op("ratio", "float", short, integer(unit)))
