"""Dates as days since 1970-01-01: the calendar in whole numbers.

The conversions are those of Howard Hinnant's "chrono-Compatible Low-Level Date Algorithms", over 400-year eras.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hyper.emit.native.values import NotNative, Scalar, Value
from hyper.jit.kernel.builder import integer

if TYPE_CHECKING:
    from hyper.emit.native.sites import Sites
    from hyper.jit.kernel.builder import Builder
    from hyper.jit.kernel.ir import Operand

_MOST_YEAR = 9_999
_FAR = 1_000_000
_ERA_DAYS = 146_097
_EPOCH_SHIFT = 719_468
"""Days from 0000-03-01 to 1970-01-01."""


class Civil(NamedTuple):
    """A date of the calendar."""

    year: Operand
    month: Operand
    day: Operand


class Days:
    """The calendar of one kernel."""

    def __init__(self, builder: Builder, sites: Sites) -> None:
        self._builder = builder
        self._sites = sites

    def builtin(self, name: str, args: list[Value]) -> Value | None:
        """A builtin over dates; ``None`` where it is none of these."""
        if not args or not all(isinstance(arg, Scalar) for arg in args):
            return None
        given = [arg for arg in args if isinstance(arg, Scalar)]
        kinds = [arg.kind for arg in given]
        operands = [arg.operand for arg in given]
        first = operands[0]
        if name == "date" and kinds == ["int", "int", "int"]:
            return Scalar("date", self._date(Civil(*operands)))
        if name in {"add_months", "add_years"} and kinds == ["date", "int"]:
            by = 1 if name == "add_months" else 12
            return Scalar("date", self._months_later(first, operands[1], by))
        if any(kind != "date" for kind in kinds):
            return None
        match name:
            case "year" | "month" | "day":
                return Scalar("int", getattr(self.civil(first), name))
            case "weekday":
                return Scalar("int", self._weekday(first))
            case "days_between":
                return Scalar("int", self._op("sub", given[1].operand, first))
            case "months_between" | "years_between":
                return Scalar("int", self._between(name, first, operands[1]))
            case "day_of_year":
                new_year = self.days(Civil(self.civil(first).year, integer(1), integer(1)))
                return Scalar("int", self._op("add", self._op("sub", first, new_year), integer(1)))
            case "start_of_month":
                day = self.civil(first).day
                back = self._op("sub", day, integer(1))
                return Scalar("date", self._op("sub", first, back))
            case "end_of_month":
                return Scalar("date", self._end_of_month(first))
            case _:
                raise NotNative(f"{name} of dates has no native form")

    def _op(self, name: str, left: Operand, right: Operand) -> Operand:
        return self._builder.op(name, "int", left, right)

    def _div(self, left: Operand, by: int) -> Operand:
        return self._op("floordiv", left, integer(by))

    def _times(self, left: Operand, by: int) -> Operand:
        return self._op("mul", left, integer(by))

    def civil(self, day: Operand) -> Civil:
        """The year, month and day of a date."""
        shifted = self._op("add", day, integer(_EPOCH_SHIFT))
        era = self._div(shifted, _ERA_DAYS)
        of_era = self._op("sub", shifted, self._times(era, _ERA_DAYS))
        fours = self._op("sub", of_era, self._div(of_era, 1_460))
        hundreds = self._op("add", fours, self._div(of_era, 36_524))
        years = self._div(self._op("sub", hundreds, self._div(of_era, 146_096)), 365)
        leaps = self._op("sub", self._div(years, 4), self._div(years, 100))
        before = self._op("add", self._times(years, 365), leaps)
        of_year = self._op("sub", of_era, before)
        place = self._div(self._op("add", self._times(of_year, 5), integer(2)), 153)
        start = self._div(self._op("add", self._times(place, 153), integer(2)), 5)
        number = self._op("add", self._op("sub", of_year, start), integer(1))
        early = self._builder.op("lt", "bool", place, integer(10))
        month = self._builder.op(
            "select",
            "int",
            early,
            self._op("add", place, integer(3)),
            self._op("sub", place, integer(9)),
        )
        year = self._op("add", years, self._times(era, 400))
        late = self._builder.op("le", "bool", month, integer(2))
        year = self._op("add", year, self._builder.op("from_bool", "int", late))
        return Civil(year, month, number)

    def days(self, date: Civil) -> Operand:
        """A date of the calendar as days."""
        builder = self._builder
        early = builder.op("le", "bool", date.month, integer(2))
        year = self._op("sub", date.year, builder.op("from_bool", "int", early))
        era = self._div(year, 400)
        of_era = self._op("sub", year, self._times(era, 400))
        after, before = (
            self._op("sub", date.month, integer(3)),
            self._op("add", date.month, integer(9)),
        )
        month = builder.op("select", "int", early, before, after)
        start = self._div(self._op("add", self._times(month, 153), integer(2)), 5)
        of_year = self._op("sub", self._op("add", start, date.day), integer(1))
        leaps = self._op("sub", self._div(of_era, 4), self._div(of_era, 100))
        years = self._op("add", self._times(of_era, 365), leaps)
        days = self._op("add", self._op("add", years, of_year), self._times(era, _ERA_DAYS))
        return self._op("sub", days, integer(_EPOCH_SHIFT))

    def _outside(self, value: Operand, low: int, high: Operand) -> Operand:
        below = self._builder.op("lt", "bool", value, integer(low))
        return self._builder.op("or", "bool", below, self._builder.op("gt", "bool", value, high))

    def _date(self, date: Civil) -> Operand:
        """A date from numbers; ``domain`` where there is none."""
        site = self._sites.error("domain", "there is no such date")
        self._builder.fail(self._outside(date.year, 1, integer(_MOST_YEAR)), site)
        self._builder.fail(self._outside(date.month, 1, integer(12)), site)
        last = self._month_length(date.year, date.month)
        self._builder.fail(self._outside(date.day, 1, last), site)
        return self.days(date)

    def _months_later(self, day: Operand, count: Operand, by: int) -> Operand:
        """The same day that many times ``by`` months later, or the last of that month."""
        # Farther than all years together is as far as it matters.
        near = self._op("max", self._op("min", count, integer(_FAR)), integer(-_FAR))
        date = self.civil(day)
        months = self._op("add", self._times(date.year, 12), self._times(near, by))
        months = self._op("add", months, self._op("sub", date.month, integer(1)))
        year = self._div(months, 12)
        site = self._sites.error("overflow", "the year is out of 1 to 9999")
        self._builder.fail(self._outside(year, 1, integer(_MOST_YEAR)), site)
        month = self._op("add", self._op("sub", months, self._times(year, 12)), integer(1))
        last = self._op("min", date.day, self._month_length(year, month))
        return self.days(Civil(year, month, last))

    def _between(self, name: str, start: Operand, end: Operand) -> Operand:
        """Complete months or years from one date to another; below 0 where that is the earlier."""
        builder = self._builder
        first, last = (
            self.civil(self._op("min", start, end)),
            self.civil(self._op("max", start, end)),
        )
        years = self._op("sub", last.year, first.year)
        if name == "months_between":
            months = self._op("sub", last.month, first.month)
            whole, month = self._op("add", self._times(years, 12), months), last.month
        else:
            whole, month = years, first.month
        # The first day moved into the last year, and there into its month or its own.
        day = self._op("min", first.day, self._month_length(last.year, month))
        moved = self._op("add", self._times(month, 32), day)
        reached = self._op("add", self._times(last.month, 32), last.day)
        short = builder.op("gt", "bool", moved, reached)
        size = self._op("sub", whole, builder.op("from_bool", "int", short))
        back = builder.op("lt", "bool", end, start)
        return builder.op("select", "int", back, builder.op("neg", "int", size), size)

    def _weekday(self, day: Operand) -> Operand:
        """Monday is 1: 1970-01-01 was a Thursday."""
        from_monday = self._op("floormod", self._op("add", day, integer(3)), integer(7))
        return self._op("add", from_monday, integer(1))

    def _end_of_month(self, day: Operand) -> Operand:
        """The last day: 31, but 30 in four months, and 28 or 29 in February."""
        date = self.civil(day)
        length = self._month_length(date.year, date.month)
        return self._op("add", day, self._op("sub", length, date.day))

    def _month_length(self, year: Operand, month: Operand) -> Operand:
        builder = self._builder
        by_four = builder.op("eq", "bool", self._op("floormod", year, integer(4)), integer(0))
        by_hundred = builder.op("ne", "bool", self._op("floormod", year, integer(100)), integer(0))
        by_era = builder.op("eq", "bool", self._op("floormod", year, integer(400)), integer(0))
        common = builder.op("and", "bool", by_four, by_hundred)
        leap = builder.op("or", "bool", common, by_era)
        february = self._op("add", integer(28), builder.op("from_bool", "int", leap))
        # 31 in odd months to July, in even ones from August.
        moved = self._op("add", month, self._div(month, 8))
        odd = self._op("floormod", moved, integer(2))
        other = self._op("add", integer(30), odd)
        second = builder.op("eq", "bool", month, integer(2))
        return builder.op("select", "int", second, february, other)
