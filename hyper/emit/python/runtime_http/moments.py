"""The clock, for defaults."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["clock_at", "utc_now", "utc_today"]

_fixed: ContextVar[datetime | None] = ContextVar("_fixed", default=None)


@contextmanager
def clock_at(now: datetime) -> Iterator[None]:
    """Defaults that are filled in while this lasts read this moment, whose offset is UTC."""
    token = _fixed.set(now)
    try:
        yield
    finally:
        _fixed.reset(token)


def utc_now() -> datetime:
    """This moment, in UTC."""
    return _fixed.get() or datetime.now(UTC)


def utc_today() -> date:
    """This day, in UTC."""
    return utc_now().date()
