"""String literals that stand for a date, a duration, a uuid …: read when the program is checked."""

from __future__ import annotations

import base64
import binascii
import re
import uuid
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TIME: Final = re.compile(r"\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)?", re.ASCII)
_DATETIME: Final = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_DURATION: Final = re.compile(
    r"(?P<sign>-?)P(?:(?P<weeks>\d+)W|(?:(?P<days>\d+)D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)(?:\.(?P<fraction>\d{1,6}))?S)?)?)",
    re.ASCII,
)
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
# An address as HTML's ``input type=email`` has it (WHATWG).
_EMAIL: Final = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
    r"(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*"
)


def canonical(kind: str, text: str) -> str | None:
    """Give the canonical text of a value of a primitive type, or ``None`` where ``text`` is not one.

    ISO 8601 for dates, times and durations, lower case for uuids, base64 for bytes; else the text itself.
    """
    reader = _READERS.get(kind)
    if reader is None:
        return text
    try:
        return reader(text)
    except (ValueError, OverflowError):
        return None


def example(kind: str) -> str:
    """Give a text that is a value of the type, for messages."""
    return _EXAMPLES.get(kind, "")


def _date(text: str) -> str | None:
    return date.fromisoformat(text).isoformat() if _DATE.fullmatch(text) else None


def _zulu(text: str) -> str:
    return f"{text[:-6]}Z" if text.endswith("+00:00") else text


def _time(text: str) -> str | None:
    return _zulu(time.fromisoformat(text).isoformat()) if _TIME.fullmatch(text) else None


def _datetime(text: str) -> str | None:
    if not _DATETIME.fullmatch(text):
        return None
    return _zulu(datetime.fromisoformat(text.upper()).isoformat())


def duration_of(text: str) -> timedelta | None:
    """Read an ISO 8601 duration without years and months."""
    found = _DURATION.fullmatch(text)
    if found is None or text in ("P", "-P"):
        return None
    parts = {
        name: int(found[name] or 0) for name in ("weeks", "days", "hours", "minutes", "seconds")
    }
    micro = int((found["fraction"] or "0").ljust(6, "0"))
    size = timedelta(microseconds=micro, **parts)
    return -size if found["sign"] else size


def duration_text(size: timedelta) -> str:
    """Write a duration as ISO 8601: days, hours, minutes, seconds; ``PT0S`` for none."""
    sign = "-" if size < timedelta(0) else ""
    size = abs(size)
    minutes, seconds = divmod(size.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    fraction = f".{size.microseconds:06d}".rstrip("0") if size.microseconds else ""
    second = f"{seconds}{fraction}S" if seconds or fraction else ""
    clock = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "") + second
    day = f"{size.days}D" if size.days else ""
    if not day and not clock:
        return "PT0S"
    return f"{sign}P{day}{'T' if clock else ''}{clock}"


def _duration(text: str) -> str | None:
    size = duration_of(text)
    return None if size is None else duration_text(size)


def _uuid(text: str) -> str | None:
    return str(uuid.UUID(text)) if _UUID.fullmatch(text) else None


def _url(text: str) -> str | None:
    from pydantic_core import Url

    Url(text)
    return text


def _email(text: str) -> str | None:
    return text if _EMAIL.fullmatch(text) else None


def _bytes(text: str) -> str | None:
    try:
        return base64.b64encode(base64.b64decode(text, validate=True)).decode()
    except binascii.Error:
        return None


_READERS: Final[dict[str, Callable[[str], str | None]]] = {
    "date": _date,
    "time": _time,
    "datetime": _datetime,
    "duration": _duration,
    "uuid": _uuid,
    "url": _url,
    "email": _email,
    "bytes": _bytes,
}
_EXAMPLES: Final = {
    "date": "2024-01-31",
    "time": "09:30:00",
    "datetime": "2024-01-31T09:30:00Z",
    "duration": "P1DT2H",
    "uuid": "6f1c2a3e-0000-4000-8000-000000000001",
    "url": "https://example.com/",
    "email": "ada@example.com",
    "bytes": "aGVsbG8=",
}
