"""Hashing many ranges of bytes at once: XXH64 (github.com/Cyan4973/xxHash, doc/xxhash_spec.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hyper.gpu.inputs import integers

if TYPE_CHECKING:
    from array import array
    from collections.abc import Sequence

PRIMES: Final = (
    0x9E3779B185EBCA87,
    0xC2B2AE3D27D4EB4F,
    0x165667B19E3779F9,
    0x85EBCA77C2B2AE63,
    0x27D4EB2F165667C5,
)


def check_ranges(data: bytes, ranges: Sequence[int], seed: int = 0) -> array[int]:
    """Pairs of a start and an end as signed 64-bit integers.

    :raises ValueError: where a range is not in the data, or has no end, or the seed is no unsigned 64-bit integer.
    """
    if not 0 <= seed < 1 << 64:
        message = f"the seed {seed} is no unsigned number of 64 bits"
        raise ValueError(message)
    places = integers("q", ranges)
    starts, ends = places[::2], places[1::2]
    if len(starts) != len(ends):
        message = "a range has no end"
        raise ValueError(message)
    if places and (min(starts) < 0 or max(ends) > len(data) or any(map(int.__gt__, starts, ends))):
        message = f"a range is not in data of {len(data)} bytes"
        raise ValueError(message)
    return places
