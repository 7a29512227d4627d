"""How often bytes are there, and whether bytes are UTF-8."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hyper.gpu.kernels.arrays import Bytes, Ints, Longs, Places


def count(data: Bytes, size: int, byte: int) -> int:
    """Give how often a byte is there."""
    found = 0
    for at in range(size):
        if data[at] == byte:
            found += 1
    return found


def histogram(data: Bytes, size: int, counts: Places) -> int:
    """Count bytes in four tables of 256 entries, and sum them up in the first; give their number.

    One table would wait for itself wherever a byte is like the one before.
    """
    at = 0
    while at + 4 <= size:
        counts[data[at]] += 1
        counts[256 + data[at + 1]] += 1
        counts[512 + data[at + 2]] += 1
        counts[768 + data[at + 3]] += 1
        at += 4
    while at < size:
        counts[data[at]] += 1
        at += 1
    for byte in range(256):
        counts[byte] += counts[256 + byte] + counts[512 + byte] + counts[768 + byte]
    return size


def validate(data: Bytes, words: Longs, bounds: Ints, files: int, wrong: Ints) -> int:
    """Find in each file the first byte of what is no UTF-8 (Unicode 15, table 3-7), and give the number of such files.

    ``words`` are the same bytes as ``data``, eight at a time.
    """
    count = 0
    for file in range(files):
        begin = bounds[file]
        end = bounds[file + 1] - 1
        at = begin
        sound = True
        while at < end and sound:
            first = data[at]
            if first < 0x80:
                at += 1
                if at & 7 == 0:
                    while at + 8 <= end and words[at >> 3] & 0x8080808080808080 == 0:
                        at += 8
            else:
                low = 0x80
                high = 0xBF
                more = 0
                if first < 0xC2:
                    sound = False
                elif first < 0xE0:
                    more = 1
                elif first < 0xF0:
                    more = 2
                    if first == 0xE0:
                        low = 0xA0
                    elif first == 0xED:
                        high = 0x9F
                elif first < 0xF5:
                    more = 3
                    if first == 0xF0:
                        low = 0x90
                    elif first == 0xF4:
                        high = 0x8F
                else:
                    sound = False
                # What closes the file continues no character, so that nothing is read behind it.
                if sound and (data[at + 1] < low or data[at + 1] > high):
                    sound = False
                if sound and more > 1 and data[at + 2] & 0xC0 != 0x80:
                    sound = False
                if sound and more > 2 and data[at + 3] & 0xC0 != 0x80:
                    sound = False
                if sound:
                    at += more + 1
        if sound:
            wrong[file] = -1
        else:
            wrong[file] = at - begin
            count += 1
    return count
