"""Aho and Corasick's automaton in lockstep: one step for each byte of a chunk, in all chunks of a block at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from hyper.gpu.results import Matches
from hyper.gpu.vector.views import data_of, ints, joined, view

if TYPE_CHECKING:
    from hyper.gpu.arena import Arena
    from hyper.gpu.patterns import Patterns
    from hyper.gpu.vector.views import Array

_LANES: Final = 4096
"""Chunks of a block."""
_CHUNK: Final = 256
"""Bytes of a chunk; more where patterns are long, since each is read from as far before it as the longest reaches."""
_TIMES: Final = 4


def search(arena: Arena, patterns: Patterns) -> Matches:
    """Find patterns in the files of an arena."""
    machine = _Machine(patterns)
    symbols = np.frombuffer(patterns.classes, np.uint8)[data_of(arena)]
    symbols = symbols.astype(np.uint16 if machine.reset > 255 else np.uint8, copy=False)
    symbols[ints(arena.bounds)[1:] - 1] = machine.reset
    ends: list[Array] = []
    states: list[Array] = []
    overlap = max(0, patterns.longest - 1)
    longest = max(_CHUNK, _TIMES * overlap)
    chunk = max(1, min(longest, max(overlap, -(-arena.size // _LANES), _CHUNK // 4)))
    for begin in range(0, arena.size, chunk * _LANES):
        end = min(begin + chunk * _LANES, arena.size)
        part = slice(begin, end)
        chunks = _chunks(symbols, part, chunk, overlap, machine.reset)
        places, found = machine.run(chunks, overlap)
        inside = places < end - begin
        ends.append((places[inside] + (begin + 1)).astype(np.int32))
        states.append(found[inside])
    return _matches(joined(ends, np.int32), joined(states, np.int64), patterns)


def _chunks(symbols: Array, part: slice, chunk: int, overlap: int, reset: int) -> Array:
    """A row for each step: the symbol that each chunk reads then. Before the arena, and behind it, are separators."""
    begin, end = part.start, part.stop
    lanes = -(-(end - begin) // chunk)
    padded = np.full(overlap + lanes * chunk, reset, symbols.dtype)
    before = min(overlap, begin)
    padded[overlap - before : overlap + end - begin] = symbols[begin - before : end]
    rows = np.lib.stride_tricks.sliding_window_view(padded, overlap + chunk)[::chunk]
    return np.ascontiguousarray(rows.T)


class _Machine:
    """The automaton with its states in another order, those that end a pattern last, and a symbol that leads to the start."""

    def __init__(self, patterns: Patterns) -> None:
        width = patterns.width
        moves = ints(patterns.moves).reshape(-1, width) // width
        finds = np.diff(ints(patterns.offsets)) > 0
        self.states = np.argsort(finds, kind="stable")
        """Of each new number the old one."""
        places = np.empty(len(finds), np.int32)
        places[self.states] = np.arange(len(finds), dtype=np.int32)
        self.reset = width
        self.width = width + 1
        table = np.zeros((len(finds), self.width), np.int32)
        table[:, :width] = places[moves[self.states]] * self.width
        self.moves = table.ravel()
        self.finding = (len(finds) - int(np.count_nonzero(finds))) * self.width

    def run(self, symbols: Array, overlap: int) -> tuple[Array, Array]:
        """Where in the block patterns end, in ascending order, and in which states."""
        steps, lanes = symbols.shape
        index = np.zeros(lanes, np.int64)
        rows = np.zeros((steps - overlap, lanes), np.int32)
        row = np.zeros(lanes, np.int32)
        for step in range(steps):
            np.add(row, symbols[step], out=index)
            if step >= overlap:
                row = rows[step - overlap]
            np.take(self.moves, index, out=row, mode="clip")
        hits = np.flatnonzero(np.ascontiguousarray((rows >= self.finding).T))
        chunk = steps - overlap
        found = rows[hits % chunk, hits // chunk]
        return hits, self.states[found // self.width]


def _matches(ends: Array, states: Array, patterns: Patterns) -> Matches:
    offsets, found = ints(patterns.offsets), ints(patterns.found)
    first = offsets[states]
    counts = offsets[states + 1] - first
    last = np.cumsum(counts, dtype=np.int64)
    total = int(last[-1]) if len(last) else 0
    places = np.arange(total) + np.repeat(first - (last - counts), counts)
    return Matches(view(np.repeat(ends, counts), "i"), view(found[places], "i"))
