"""The clock and durations, for defaults."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from pydantic import TypeAdapter

__all__ = ["duration", "utc_now", "utc_today"]


def utc_now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)


def utc_today() -> date:
    """This day, in UTC."""
    return datetime.now(UTC).date()


def duration(text: str) -> timedelta:
    """A duration from its ISO 8601 text."""
    return TypeAdapter(timedelta).validate_python(text)
