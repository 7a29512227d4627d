"""Histograms of bytes, and validation of UTF-8."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.gpu.results import room
from hyper.gpu.webgpu.windows import windows
from hyper.gpu.webgpu.work import Work

if TYPE_CHECKING:
    from hyper.gpu.arena import Arena
    from hyper.gpu.webgpu.device import Device

_COUNTING = 1 << 16
"""Invocations that count bytes."""


def histogram(device: Device, arena: Arena) -> memoryview:
    """Count the bytes of the files of an arena."""
    counts = room("Q", 256)
    with Work(device) as work:
        # An arena has fewer bytes than an unsigned 32-bit integer counts.
        totals = work.words(256)
        size = min(work.window(1, 1), max(4, arena.size))
        data = work.room(size)
        for begin in range(0, arena.size, size):
            end = min(begin + size, arena.size)
            work.write(data, memoryview(arena.data)[begin:end])
            many = min(_COUNTING, (end - begin + 3) // 4)
            work.run("histogram", many, (end - begin,), data, totals)
        for byte, count in enumerate(work.read((totals, 1024))[0].cast("I")):
            counts[byte] = count
    counts[255] -= len(arena)
    return counts


def validate(device: Device, arena: Arena) -> memoryview:
    """Find in each file of an arena where it first is no UTF-8."""
    wrong = room("i", len(arena))
    with Work(device) as work:
        # Text, bounds and faults, these once more to be read.
        size = min(work.window(1, 14, 8), max(4, arena.size))
        most = min(len(arena.bounds), size + 9, work.limits.binding // 4)
        data, bounds, faults = work.room(size + 8), work.words(most), work.words(most)
        unknown = memoryview(b"\xff" * (4 * most))
        seen = 0
        for window in windows(arena, size, work.limits.binding, before=4, behind=3):
            many = len(window.bounds)
            work.write(data, window.data(arena))
            work.write(bounds, window.bounds)
            work.write(faults, unknown[: 4 * many])
            begin, end = window.begin - window.low, window.end - window.low
            shape = (window.high - window.low, begin, end, window.low, many)
            work.run("validate", -(-end // 4), shape, data, bounds, faults)
            found = work.read((faults, 4 * many))[0].cast("i")
            # The first files of a window may have been in the one before: what was found there is before.
            for place in range(min(many, seen - window.first)):
                if wrong[window.first + place] < 0:
                    wrong[window.first + place] = found[place]
            fresh = max(seen, window.first)
            last = min(window.first + many, len(arena))
            wrong[fresh:last] = found[fresh - window.first : last - window.first]
            seen = max(seen, last)
    return wrong
