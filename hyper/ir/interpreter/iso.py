"""Dates, times and durations as text: the one form that is written, and the forms that are read.

Written as RFC 3339 and ISO 8601 have them; a duration never in years, months or weeks, so that it reads back as what it was.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone

_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
_TIME = re.compile(
    r"(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,6}))?(Z|[+-]\d{2}:\d{2})?",
    re.ASCII,
)
_DURATION = re.compile(
    r"(-)?P(?:(\d+)W|(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.(\d{1,6}))?S)?)?)",
    re.ASCII,
)
_MICROSECOND = timedelta(microseconds=1)


def _offset(text: str | None) -> timezone | None:
    if text is None:
        return None
    if text == "Z":
        return UTC
    minutes = int(text[1:3]) * 60 + int(text[4:6])
    if int(text[4:6]) > 59:
        raise ValueError(text)
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))


def read_date(text: str) -> date:
    """``YYYY-MM-DD``; ``ValueError`` for anything else."""
    match = _DATE.fullmatch(text)
    if match is None:
        raise ValueError(text)
    return date(int(match[1]), int(match[2]), int(match[3]))


def read_time(text: str) -> time:
    """``HH:MM:SS`` with at most six digits of a fraction, and an offset or none; else ``ValueError``."""
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError(text)
    fraction = int((match[4] or "").ljust(6, "0"))
    return time(int(match[1]), int(match[2]), int(match[3]), fraction, _offset(match[5]))


def read_datetime(text: str) -> datetime:
    """A date, ``T`` and a time with its offset; else ``ValueError``."""
    day, separator, moment = text.partition("T")
    result = datetime.combine(read_date(day), read_time(moment))
    if not separator or result.tzinfo is None:
        raise ValueError(text)
    return result


def read_duration(text: str) -> timedelta:
    """ISO 8601 with weeks alone, or days, hours, minutes and seconds; else ``ValueError``, or ``OverflowError``."""
    match = _DURATION.fullmatch(text)
    if match is None or text.endswith("P"):
        raise ValueError(text)
    sign, weeks, days, hours, minutes, seconds, fraction = match.groups()
    whole = int(days or 0) + 7 * int(weeks or 0)
    total = ((whole * 24 + int(hours or 0)) * 60 + int(minutes or 0)) * 60 + int(seconds or 0)
    micros = total * 1_000_000 + int((fraction or "").ljust(6, "0"))
    return timedelta(microseconds=-micros if sign else micros)


def show_time(value: time) -> str:
    """``HH:MM:SS`` with six digits of a fraction where there is one, and the offset where it has one."""
    return value.isoformat().replace("+00:00", "Z")


def show_datetime(value: datetime) -> str:
    """RFC 3339 with ``T``, six digits of a fraction where there is one, and ``Z`` for UTC."""
    return value.isoformat().replace("+00:00", "Z")


def show_duration(value: timedelta) -> str:
    """ISO 8601 in days, hours, minutes and seconds: ``P1DT2H0.5S``, ``-PT90M`` as ``-PT1H30M``, ``PT0S``."""
    micros = value // _MICROSECOND
    sign = "-" if micros < 0 else ""
    seconds, fraction = divmod(abs(micros), 1_000_000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    second = f"{seconds}.{fraction:06d}".rstrip("0") if fraction else str(seconds)
    clock = "".join(
        part
        for part, is_there in (
            (f"{hours}H", hours),
            (f"{minutes}M", minutes),
            (f"{second}S", seconds or fraction),
        )
        if is_there
    )
    day = f"{days}D" if days else ""
    if not day and not clock:
        return "PT0S"
    return f"{sign}P{day}{'T' if clock else ''}{clock}"
