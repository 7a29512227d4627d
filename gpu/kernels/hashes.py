"""XXH64 (github.com/Cyan4973/xxHash, doc/xxhash_spec.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hyper.gpu.kernels.arrays import Bytes, Longs, Places


def xxh64(
    data: Bytes, ranges: Places, count: int, primes: Longs, work: Longs, hashes: Longs
) -> int:
    """Hash ranges, and give their number.

    ``primes`` are the five of the specification, and the seed. ``work`` is room for five numbers: the lanes, and one
    through which a signed number becomes an unsigned one. Masks are for the interpreter, whose numbers have no end.
    """
    one = primes[0]
    two = primes[1]
    three = primes[2]
    four = primes[3]
    five = primes[4]
    seed = primes[5]
    zero = seed ^ seed
    for number in range(count):
        at = ranges[2 * number]
        end = ranges[2 * number + 1]
        work[4] = end - at
        if end - at < 32:
            total = (seed + five) & 0xFFFFFFFFFFFFFFFF
        else:
            work[0] = (seed + one + two) & 0xFFFFFFFFFFFFFFFF
            work[1] = (seed + two) & 0xFFFFFFFFFFFFFFFF
            work[2] = seed
            work[3] = (seed - one) & 0xFFFFFFFFFFFFFFFF
            while at + 32 <= end:
                for lane in range(4):
                    word = zero
                    for byte in range(8):
                        word |= data[at + byte] << (8 * byte)
                    mixed = (work[lane] + word * two) & 0xFFFFFFFFFFFFFFFF
                    work[lane] = ((mixed << 31 | mixed >> 33) * one) & 0xFFFFFFFFFFFFFFFF
                    at += 8
            a = work[0]
            b = work[1]
            c = work[2]
            d = work[3]
            total = (
                (a << 1 | a >> 63) + (b << 7 | b >> 57) + (c << 12 | c >> 52) + (d << 18 | d >> 46)
            ) & 0xFFFFFFFFFFFFFFFF
            for lane in range(4):
                mixed = (work[lane] * two) & 0xFFFFFFFFFFFFFFFF
                mixed = ((mixed << 31 | mixed >> 33) * one) & 0xFFFFFFFFFFFFFFFF
                total = ((total ^ mixed) * one + four) & 0xFFFFFFFFFFFFFFFF
        total = (total + work[4]) & 0xFFFFFFFFFFFFFFFF
        while at + 8 <= end:
            word = zero
            for byte in range(8):
                word |= data[at + byte] << (8 * byte)
            mixed = (word * two) & 0xFFFFFFFFFFFFFFFF
            total ^= ((mixed << 31 | mixed >> 33) * one) & 0xFFFFFFFFFFFFFFFF
            total = ((total << 27 | total >> 37) * one + four) & 0xFFFFFFFFFFFFFFFF
            at += 8
        if at + 4 <= end:
            word = zero
            for byte in range(4):
                word |= data[at + byte] << (8 * byte)
            total ^= (word * one) & 0xFFFFFFFFFFFFFFFF
            total = ((total << 23 | total >> 41) * two + three) & 0xFFFFFFFFFFFFFFFF
            at += 4
        while at < end:
            word = zero | data[at]
            total ^= (word * five) & 0xFFFFFFFFFFFFFFFF
            total = ((total << 11 | total >> 53) * one) & 0xFFFFFFFFFFFFFFFF
            at += 1
        total = ((total ^ total >> 33) * two) & 0xFFFFFFFFFFFFFFFF
        total = ((total ^ total >> 29) * three) & 0xFFFFFFFFFFFFFFFF
        hashes[number] = total ^ total >> 32
    return count
