"""Scalars of a document, exact: a number keeps every digit that was written."""

from __future__ import annotations

import math
from decimal import Decimal, InvalidOperation


class Unreadable(Exception):  # noqa: N818  # a finding about the document, not a fault of ours
    """The document cannot be read; ``code`` is that of the diagnostic."""

    def __init__(self, message: str, code: str = "E1001") -> None:
        super().__init__(message)
        self.code = code


def as_float(text: str) -> float | Decimal:
    """A float where it writes back as the same digits, else a decimal."""
    number = float(text)
    if repr(number) == text:
        return number
    try:
        exact = Decimal(text)
    except InvalidOperation:
        raise Unreadable(f"the number {text[:40]} is out of range") from None
    if math.isinf(number) or abs(exact.adjusted()) > 400:
        raise Unreadable(f"the number {text[:40]} is out of range")
    return exact
