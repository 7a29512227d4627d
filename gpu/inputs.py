"""Arrays that operations are given, as nobody can change them once they were looked at.

Compiled loops read memory without looking where it ends. So everything that they are given is checked where it is made,
and kept where it cannot be written to.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


def as_bytes(data: bytes | bytearray | memoryview) -> bytes:
    """Bytes, copied unless they are ``bytes`` already.

    :raises TypeError: where they are none.
    """
    if type(data) is bytes:
        return data
    try:
        return bytes(memoryview(data))
    except TypeError:
        message = f"bytes are needed, not {type(data).__name__}"
        raise TypeError(message) from None


def integers(form: str, numbers: Iterable[int]) -> array[int]:
    """Integers of a form, in room of their own.

    :raises ValueError: where one is too large or too small.
    :raises TypeError: where one is no integer.
    """
    # Of bytes, an array would take several as one number.
    given = list(numbers) if isinstance(numbers, bytes | bytearray) else numbers
    try:
        return array(form, given)
    except OverflowError:
        message = f"a number does not fit {8 * array(form).itemsize} bits"
        raise ValueError(message) from None


def kept(numbers: array[int]) -> memoryview:
    """The same integers where nobody writes to them."""
    view: Any = memoryview(numbers.tobytes())
    found: memoryview = view.cast(numbers.typecode)
    return found
