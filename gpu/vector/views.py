"""Arrays of NumPy as results, and inputs as arrays, neither copied."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

from hyper.gpu.results import room

if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterator

    from hyper.gpu.arena import Arena

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]

BLOCK: Final = 1 << 20
"""Bytes that are worked on at once: what is made of them stays near the processor."""
_FORMS: Final = {"B": np.uint8, "i": np.int32, "Q": np.uint64}


def view(numbers: Array, form: str) -> memoryview:
    """Numbers as a result of a form."""
    if not numbers.size:
        return room(form, 0)
    plain: Any = np.ascontiguousarray(numbers, _FORMS[form])
    found: memoryview = memoryview(plain).cast("B").cast(form)  # type: ignore[call-overload]
    return found


def data_of(arena: Arena) -> Array:
    """The bytes of an arena."""
    return np.frombuffer(arena.data, np.uint8)


def ints(numbers: array[int] | memoryview) -> Array:
    """32-bit integers."""
    return np.frombuffer(numbers, np.int32)


def blocks(size: int) -> Iterator[tuple[int, int]]:
    """Where blocks of an arena begin and end."""
    for begin in range(0, size, BLOCK):
        yield begin, min(begin + BLOCK, size)


def joined(parts: list[Array], dtype: Any) -> Array:
    """Parts one after the other; there may be none."""
    return np.concatenate(parts) if parts else np.empty(0, dtype)
