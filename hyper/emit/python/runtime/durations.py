"""Durations as text."""

from __future__ import annotations

from datetime import timedelta

__all__ = ["duration_text"]

_MICROSECOND = timedelta(microseconds=1)


def duration_text(value: timedelta) -> str:
    """ISO 8601 in days, hours, minutes and seconds."""
    micros = value // _MICROSECOND
    seconds, fraction = divmod(abs(micros), 1_000_000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    clock = f"{hours}H" * bool(hours) + f"{minutes}M" * bool(minutes)
    if fraction:
        clock += f"{seconds}.{fraction:06d}".rstrip("0") + "S"
    elif seconds:
        clock += f"{seconds}S"
    if not days and not clock:
        return "PT0S"
    return f"{'-' if micros < 0 else ''}P{f'{days}D' if days else ''}{'T' if clock else ''}{clock}"
