"""The builtin functions over dates, times and durations."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, TypeVar

from hyper.ir.interpreter.arithmetic import overflow
from hyper.ir.interpreter.values import EvaluationError, Value

if TYPE_CHECKING:
    from collections.abc import Callable

Day = TypeVar("Day", date, datetime)

MICROSECOND = timedelta(microseconds=1)
SECOND = 1_000_000
UNITS = {
    "weeks": 7 * 86_400 * SECOND,
    "days": 86_400 * SECOND,
    "hours": 3_600 * SECOND,
    "minutes": 60 * SECOND,
    "seconds": SECOND,
    "milliseconds": 1_000,
}
"""Microseconds of each unit."""


def _date(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except (ValueError, OverflowError):
        raise EvaluationError("domain", "there is no such date") from None


def _time(hour: int, minute: int, second: int) -> time:
    try:
        return time(hour, minute, second)
    except (ValueError, OverflowError):
        raise EvaluationError("domain", "there is no such time of day") from None


def _datetime(day: date, at: time) -> datetime:
    return datetime.combine(day, at, at.tzinfo or UTC)


def _duration(unit: int) -> Callable[[int], timedelta]:
    def make(count: int) -> timedelta:
        try:
            return timedelta(microseconds=count * unit)
        except OverflowError:
            raise overflow("the duration is out of 999,999,999 days") from None

    return make


def _total(unit: int) -> Callable[[timedelta], float]:
    return lambda value: (value // MICROSECOND) / unit


def add_months(value: Day, count: int) -> Day:
    """The same day months later, or the last of that month."""
    year, month = divmod(value.year * 12 + value.month - 1 + count, 12)
    if not 1 <= year <= 9999:
        raise overflow("the year is out of 1 to 9999")
    last = calendar.monthrange(year, month + 1)[1]
    return value.replace(year=year, month=month + 1, day=min(value.day, last))


def add_years(value: Day, count: int) -> Day:
    """Twelve months a year."""
    return add_months(value, 12 * count)


def months_between(start: date, end: date) -> int:
    """Complete months from ``start`` to ``end``."""
    if end < start:
        return -months_between(end, start)
    months = (end.year - start.year) * 12 + end.month - start.month
    return months if add_months(start, months) <= end else months - 1


def years_between(start: date, end: date) -> int:
    """Complete years from ``start`` to ``end``."""
    if end < start:
        return -years_between(end, start)
    years = end.year - start.year
    return years if add_years(start, years) <= end else years - 1


def _end_of_month(value: date) -> date:
    return value.replace(day=calendar.monthrange(value.year, value.month)[1])


CALENDAR: dict[str, Callable[..., Value]] = {
    "date": _date,
    "time": _time,
    "datetime": _datetime,
    "year": lambda value: value.year,
    "month": lambda value: value.month,
    "day": lambda value: value.day,
    "weekday": lambda value: value.isoweekday(),
    "day_of_year": lambda value: value.timetuple().tm_yday,
    "hour": lambda value: value.hour,
    "minute": lambda value: value.minute,
    "second": lambda value: value.second,
    "total_days": _total(UNITS["days"]),
    "total_hours": _total(UNITS["hours"]),
    "total_minutes": _total(UNITS["minutes"]),
    "total_seconds": _total(UNITS["seconds"]),
    "add_months": add_months,
    "add_years": add_years,
    "days_between": lambda start, end: (end - start).days,
    "months_between": months_between,
    "years_between": years_between,
    "start_of_month": lambda value: value.replace(day=1),
    "end_of_month": _end_of_month,
    **{name: _duration(unit) for name, unit in UNITS.items()},
}
