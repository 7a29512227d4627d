"""Dates, times and durations."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeVar

from .errors import fail

__all__ = [
    "add_months",
    "add_years",
    "at_time",
    "days_between",
    "end_of_month",
    "instant",
    "make_date",
    "make_time",
    "months_between",
    "span",
    "start_of_month",
    "total",
    "years_between",
]

Day = TypeVar("Day", date, datetime)

_MICROSECOND = timedelta(microseconds=1)
_UNITS = {
    "weeks": 604_800_000_000,
    "days": 86_400_000_000,
    "hours": 3_600_000_000,
    "minutes": 60_000_000,
    "seconds": 1_000_000,
    "milliseconds": 1_000,
}


def instant(now: datetime | None) -> datetime:
    """The one instant of an evaluation, in UTC: the given one, or this moment."""
    if now is None:
        return datetime.now(UTC)
    if now.tzinfo is None:
        msg = "now needs an offset"
        raise ValueError(msg)
    return now.astimezone(UTC)


def make_date(year: int, month: int, day: int) -> date:
    """A date that must exist."""
    try:
        return date(year, month, day)
    except (ValueError, OverflowError):
        fail("domain", "there is no such date")


def make_time(hour: int, minute: int, second: int) -> time:
    """A time of day that must exist."""
    try:
        return time(hour, minute, second)
    except (ValueError, OverflowError):
        fail("domain", "there is no such time of day")


def at_time(day: date, at: time) -> datetime:
    """That time on that day, in UTC where it has no offset."""
    return datetime.combine(day, at, at.tzinfo or UTC)


def span(count: int, unit: str) -> timedelta:
    """So many weeks, days, hours, minutes, seconds or milliseconds."""
    try:
        return timedelta(microseconds=count * _UNITS[unit])
    except OverflowError:
        fail("overflow", "the duration is out of 999,999,999 days")


def total(value: timedelta, unit: str) -> float:
    """A duration in days, hours, minutes or seconds, correctly rounded."""
    return (value // _MICROSECOND) / _UNITS[unit]


def add_months(value: Day, count: int) -> Day:
    """The same day months later, or the last of that month."""
    year, month = divmod(value.year * 12 + value.month - 1 + count, 12)
    if not 1 <= year <= 9999:
        fail("overflow", "the year is out of 1 to 9999")
    day = min(value.day, monthrange(year, month + 1)[1])
    return value.replace(year=year, month=month + 1, day=day)


def add_years(value: Day, count: int) -> Day:
    """The same day years later, or the last of February."""
    return add_months(value, 12 * count)


def months_between(start: date, end: date) -> int:
    """Complete months."""
    if end < start:
        return -months_between(end, start)
    months = (end.year - start.year) * 12 + end.month - start.month
    return months if add_months(start, months) <= end else months - 1


def years_between(start: date, end: date) -> int:
    """Complete years."""
    if end < start:
        return -years_between(end, start)
    years = end.year - start.year
    return years if add_years(start, years) <= end else years - 1


def start_of_month(value: date) -> date:
    """The first day of its month."""
    return value.replace(day=1)


def end_of_month(value: date) -> date:
    """The last day of its month."""
    return value.replace(day=monthrange(value.year, value.month)[1])


def days_between(start: date, end: date) -> int:
    """Days from ``start`` to ``end``."""
    return (end - start).days
