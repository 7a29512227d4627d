"""XXH64 of many ranges in lockstep (github.com/Cyan4973/xxHash, doc/xxhash_spec.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from hyper.gpu.hashing import PRIMES, check_ranges
from hyper.gpu.inputs import as_bytes
from hyper.gpu.vector.views import view

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hyper.gpu.vector.views import Array

_ONE, _TWO, _THREE, _FOUR, _FIVE = (np.uint64(prime) for prime in PRIMES)
_MASK: Final = 2**64 - 1
_FEW: Final = 6
"""Up to so many ranges, each is faster alone: an operation on a few numbers costs as much as on hundreds."""
_PAD: Final = bytes(32)


def xxh64(data: bytes, ranges: Sequence[int], seed: int) -> memoryview:
    """Hash ranges of bytes."""
    data = as_bytes(data)
    places = np.frombuffer(check_ranges(data, ranges, seed), np.int64).reshape(-1, 2)
    starts, sizes = places[:, 0], places[:, 1] - places[:, 0]
    if not len(starts):
        return view(np.empty(0, np.uint64), "Q")
    # Behind the last range, words are read whose bytes beyond it are not used.
    padded = np.frombuffer(data + _PAD, np.uint8)
    total = _stripes(padded, starts, sizes // 32, seed)
    total += sizes.astype(np.uint64)
    _rest(padded, starts + sizes // 32 * 32, sizes % 32, total)
    total ^= total >> np.uint64(33)
    total *= _TWO
    total ^= total >> np.uint64(29)
    total *= _THREE
    total ^= total >> np.uint64(32)
    return view(total, "Q")


def _turn(numbers: Array, by: int) -> Array:
    turned: Array = numbers << np.uint64(by) | numbers >> np.uint64(64 - by)
    return turned


def _windows(data: Array, width: int) -> Array:
    """At each place, that many bytes from there on."""
    found: Array = np.lib.stride_tricks.sliding_window_view(data, width)
    return found


def _stripes(data: Array, starts: Array, stripes: Array, seed: int) -> Array:
    """The four lanes over all whole stripes of 32 bytes, and what they come to; those with most stripes first."""
    order = np.argsort(-stripes, kind="stable")
    counts = stripes[order]
    places = starts[order]
    first = np.array(
        [
            (seed + PRIMES[0] + PRIMES[1]) & _MASK,
            (seed + PRIMES[1]) & _MASK,
            seed,
            (seed - PRIMES[0]) & _MASK,
        ],
        np.uint64,
    )
    lanes = np.tile(first, (len(order), 1))
    windows = _windows(data, 32)
    active = int(np.count_nonzero(counts))
    step = 0
    while active > _FEW:
        words = windows[places[:active] + 32 * step].view("<u8")
        lane = lanes[:active]
        words *= _TWO
        lane += words
        lane[...] = _turn(lane, 31)
        lane *= _ONE
        step += 1
        active = int(np.searchsorted(-counts[:active], -step))
    for each in range(active):
        place = int(places[each])
        part = data[place + 32 * step : place + 32 * int(counts[each])]
        lanes[each] = _alone(part, lanes[each].tolist())
    merged = _turn(lanes[:, 0], 1) + _turn(lanes[:, 1], 7)
    merged += _turn(lanes[:, 2], 12)
    merged += _turn(lanes[:, 3], 18)
    for each in range(4):
        merged ^= _turn(lanes[:, each] * _TWO, 31) * _ONE
        merged *= _ONE
        merged += _FOUR
    total = np.empty(len(order), np.uint64)
    total[order] = np.where(counts > 0, merged, np.uint64((seed + PRIMES[4]) & _MASK))
    return total


def _alone(part: Array, lanes: list[int]) -> list[int]:
    """Each lane of one range. What a lane adds is reckoned at once; each sum waits for the one before."""
    added = np.frombuffer(part.tobytes(), "<u8") * _TWO
    done = []
    for lane, begun in enumerate(lanes):
        value = begun
        for word in added[lane::4].tolist():
            value = (value + word) & _MASK
            value = (value << 31 | value >> 33) * PRIMES[0] & _MASK
        done.append(value)
    return done


def _rest(data: Array, places: Array, sizes: Array, total: Array) -> None:
    """The bytes behind the last whole stripe: words, half a word, and single bytes."""
    words = _windows(data, 8)
    for word in range(3):
        has = np.flatnonzero(sizes >= 8 * word + 8)
        numbers = words[places[has] + 8 * word].view("<u8")[:, 0]
        value = total[has] ^ _turn(numbers * _TWO, 31) * _ONE
        total[has] = _turn(value, 27) * _ONE + _FOUR
    at = places + sizes // 8 * 8
    left = sizes % 8
    has = np.flatnonzero(left >= 4)
    numbers = _windows(data, 4)[at[has]].view("<u4")[:, 0].astype(np.uint64)
    total[has] = _turn(total[has] ^ numbers * _ONE, 23) * _TWO + _THREE
    at += left // 4 * 4
    left = left % 4
    for byte in range(3):
        has = np.flatnonzero(left > byte)
        value = total[has] ^ data[at[has] + byte].astype(np.uint64) * _FIVE
        total[has] = _turn(value, 11) * _ONE
