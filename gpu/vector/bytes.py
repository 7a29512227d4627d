"""Lines, histograms and UTF-8: comparisons of each byte with constants and with its neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from hyper.gpu.results import Lines
from hyper.gpu.vector.views import blocks, data_of, ints, joined, view

if TYPE_CHECKING:
    from hyper.gpu.arena import Arena
    from hyper.gpu.vector.views import Array


def lines(arena: Arena) -> Lines:
    """Find the lines of the files of an arena."""
    data, bounds = data_of(arena), ints(arena.bounds)
    found: list[Array] = []
    margins: list[Array] = []
    blank = False
    for begin, end in blocks(arena.size):
        part = data[begin:end]
        found.append((np.flatnonzero(part == 10) + begin).astype(np.int32))
        blanks = np.empty(len(part) + 1, np.bool_)
        blanks[0] = blank
        np.equal(part, 32, out=blanks[1:])
        blanks[1:] |= part == 9
        margins.append((np.flatnonzero(blanks[:-1] > blanks[1:]) + begin).astype(np.int32))
        blank = bool(blanks[-1])
    feeds = joined(found, np.int32)
    # Before a file begin as many lines as there are line feeds, and one more for each file.
    firsts = np.searchsorted(feeds, bounds) + np.arange(len(bounds))
    starts = np.empty(len(feeds) + len(arena), np.int32)
    begins = np.zeros(len(starts), np.bool_)
    begins[firsts[:-1]] = True
    starts[begins] = bounds[:-1]
    starts[~begins] = feeds + 1
    indents = np.zeros(len(starts), np.int32)
    first = data[starts]
    indented = np.flatnonzero((first == 32) | (first == 9))
    # Each run of blanks ends in its file, at the latest at the separator.
    ends = joined(margins, np.int32)
    places = starts[indented]
    indents[indented] = ends[np.searchsorted(ends, places, side="right")] - places
    return Lines(view(starts, "i"), view(indents, "i"), view(firsts, "i"))


def histogram(arena: Arena) -> memoryview:
    """Count the bytes of the files of an arena."""
    data = data_of(arena)
    counts = np.zeros(256, np.int64)
    for begin, end in blocks(arena.size):
        # Two bytes at a time, which one is first does not matter.
        even = (end - begin) // 2 * 2
        pairs = np.bincount(data[begin : begin + even].view(np.uint16), minlength=65536)
        table = pairs.reshape(256, 256)
        counts += table.sum(axis=0) + table.sum(axis=1)
        counts += np.bincount(data[begin + even : end], minlength=256)
    counts[255] -= len(arena)
    return view(counts, "Q")


def _leads() -> tuple[Array, Array, Array]:
    """How many bytes follow each first byte (-1 behind one that begins nothing), and the least and most that the second may be.

    Unicode 15, table 3-7.
    """
    follow = np.zeros(256, np.int8)
    follow[0xC0:] = -1
    follow[0xC2:0xE0] = 1
    follow[0xE0:0xF0] = 2
    follow[0xF0:0xF5] = 3
    low = np.full(256, 0x80, np.uint8)
    high = np.full(256, 0xBF, np.uint8)
    low[[0xE0, 0xF0]] = 0xA0, 0x90
    high[[0xED, 0xF4]] = 0x9F, 0x8F
    return follow, low, high


_FOLLOW, _LOW, _HIGH = _leads()
_CONTINUES: Final = (np.arange(256) & 0xC0) == 0x80


def validate(arena: Arena) -> memoryview:
    """Find in each file of an arena where it first is no UTF-8."""
    data, bounds = data_of(arena), ints(arena.bounds)
    found = []
    for begin, end in blocks(arena.size):
        places = np.flatnonzero(data[begin:end] > 0x7F) + begin
        found.append(places[_is_wrong(data, places)].astype(np.int32))
    wrong = joined(found, np.int32)
    # What closes a file is wrong, too, but not in it.
    wrong = wrong[wrong != bounds[np.searchsorted(bounds, wrong, side="right")] - 1]
    firsts = np.searchsorted(wrong, bounds[:-1])
    closed = np.append(wrong, np.int32(np.iinfo(np.int32).max))[firsts]
    return view(np.where(closed < bounds[1:], closed - bounds[:-1], -1), "i")


def _is_wrong(data: Array, places: Array) -> Array:
    """Whether at each place, of no ASCII, begins what is no character, or is what continues none."""
    byte = data[places]
    follow = _FOLLOW[byte]
    last = len(data) - 1
    second = data[np.minimum(places + 1, last)]
    wrong: Array = follow < 0
    wrong |= (follow > 0) & ((second < _LOW[byte]) | (second > _HIGH[byte]))
    for more in (2, 3):
        rest = np.flatnonzero(follow >= more)
        wrong[rest] |= ~_CONTINUES[data[np.minimum(places[rest] + more, last)]]
    inner = np.flatnonzero(_CONTINUES[byte])
    covered = np.zeros(len(inner), np.bool_)
    joins = np.ones(len(inner), np.bool_)
    for back in (1, 2, 3):
        # Before the first byte of the arena is nothing that goes on.
        before = data[np.maximum(places[inner] - back, 0)]
        joins &= places[inner] >= back
        covered |= joins & (_FOLLOW[before] >= back)
        joins &= _CONTINUES[before]
    wrong[inner] |= ~covered
    return wrong
