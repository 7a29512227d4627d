"""The clock, for defaults."""

from __future__ import annotations

from datetime import UTC, date, datetime

__all__ = ["utc_now", "utc_today"]


def utc_now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)


def utc_today() -> date:
    """This day, in UTC."""
    return datetime.now(UTC).date()
