"""The stretches in which an arena goes through a device."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from hyper.gpu.webgpu.faults import TooSmallError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hyper.gpu.arena import Arena


class Window(NamedTuple):
    """Bytes ``low`` to ``high`` of an arena, of which ``begin`` to ``end`` are the window's own.

    ``bounds`` (``i``) are where files begin: the file that has byte ``low``, whose number is ``first``, and all that
    begin up to ``high``.
    """

    low: int
    begin: int
    end: int
    high: int
    first: int
    bounds: memoryview

    def data(self, arena: Arena) -> memoryview:
        """The bytes."""
        return memoryview(arena.data)[self.low : self.high]

    def opens(self, arena: Arena) -> bool:
        """Whether a line begins with the window's first byte."""
        return arena.data[self.begin - 1] == 10 if self.begin else True

    def starts_file(self, arena: Arena) -> bool:
        """Whether a file begins with the window's first byte."""
        return arena.bounds[bisect_right(arena.bounds, self.begin) - 1] == self.begin


def windows(
    arena: Arena, size: int, binding: int, *, before: int = 0, behind: int = 0
) -> Iterator[Window]:
    """Windows of at most ``size`` bytes of their own, read from ``before`` bytes before them to ``behind`` behind; the
    bounds of each are at most what a binding holds.

    :raises TooSmallError: where a binding does not hold so many bounds.
    """
    most = binding // 4
    if most < before + behind + 2:
        message = f"bindings of {binding} bytes do not hold the start of every file in a window"
        raise TooSmallError(message)
    bounds = arena.bounds
    begin = 0
    while begin < arena.size:
        low = max(0, begin - before)
        first = bisect_right(bounds, low) - 1
        end = min(begin + size, arena.size)
        if first + most < len(bounds):
            end = min(end, bounds[first + most] - 1 - behind)
        high = min(end + behind, arena.size)
        last = bisect_right(bounds, high)
        yield Window(low, begin, end, high, first, memoryview(bounds)[first:last])
        begin = end
