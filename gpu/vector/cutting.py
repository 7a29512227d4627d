"""Cutting in lockstep: one step for each byte of a chunk, in all chunks of a block at once.

What a chunk begins with is not known until the one before is cut. So all chunks are cut from a *guess*, the state at
the start of a file. One that begins with another state is followed until it comes to a guess: tables of tokens soon
do. A state that many chunks keep from end to end, as that within a long text in quotes, becomes a guess, too. Then
chunk after chunk tells the next what it begins with. Where that leads nowhere for some rounds, chunks are cut from
every state at once (those that became one go on as one), so that no table and no text takes long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from hyper.base.token_table import SEPARATOR, STARTS, STARTS_BEFORE, TARGET
from hyper.gpu.results import Pieces
from hyper.gpu.vector.views import data_of, view

if TYPE_CHECKING:
    from hyper.base.token_table import TokenTable
    from hyper.gpu.arena import Arena
    from hyper.gpu.vector.views import Array

_LANES: Final = 4096
"""Chunks of a block."""
_CHUNK: Final = 384
"""Bytes of a chunk."""
_LEAST: Final = 64
_GUESSES: Final = 6
_ROUNDS: Final = 40
"""How often chunks are followed before they are cut from every state."""
_MEETINGS: Final = frozenset({3, 7, 15, 31, 63, 127, 255})
"""Steps after which it is looked which states became one: they stay so."""


def cut(arena: Arena, table: TokenTable) -> Pieces:
    """Cut the files of an arena into pieces."""
    cutting = _Cutting(table)
    data = data_of(arena)
    chunk = max(_LEAST, min(_CHUNK, -(-arena.size // _LANES)))
    starts: list[Array] = []
    kinds: list[Array] = []
    for begin in range(0, arena.size, chunk * _LANES):
        end = min(begin + chunk * _LANES, arena.size)
        some_starts, some_kinds = cutting.block(data[begin:end], chunk)
        starts.append(some_starts + np.int32(begin))
        kinds.append(some_kinds)
    starts.append(np.array([arena.size], np.int32))
    # Where a piece starts, the kind of the one before is known.
    kinds.append(np.array([table.ended[0]] if arena.size else [], np.uint8))
    return Pieces(view(np.concatenate(starts), "i"), view(np.concatenate(kinds)[1:], "B"))


class _Path(NamedTuple):
    """All chunks, cut from one row: the row of each after some steps, and in the end."""

    row: int
    met: dict[int, Array]
    ends: Array


class _Cutting:
    """A table as arrays, the row that the next block begins with, and the rows that chunks are guessed to begin with."""

    def __init__(self, table: TokenTable) -> None:
        self.classes = np.frombuffer(table.classes, np.uint8)
        self.moves = np.frombuffer(table.moves, "<u2").astype(np.uint16)
        self.targets = (self.moves & TARGET).astype(np.int64)
        self.ended = np.frombuffer(table.ended, np.uint8)
        self.alone = np.frombuffer(table.alone, np.uint8)
        self.shift = table.width.bit_length() - 1
        self.states = table.states
        self.row = 0
        self.guesses = [0]

    def block(self, data: Array, chunk: int) -> tuple[Array, Array]:
        """Where pieces of a block start, and of each the kind of the one before."""
        lanes = -(-len(data) // chunk)
        padded = np.full(lanes * chunk, SEPARATOR, np.uint8)
        padded[: len(data)] = data
        symbols = np.ascontiguousarray(self.classes[padded].reshape(lanes, chunk).T)
        entries = self._entries(symbols)
        flat = np.ascontiguousarray(entries.T).ravel()[: len(data)]
        before = np.empty(len(data), np.uint16)
        before[0] = self.row
        np.bitwise_and(flat[:-1], TARGET, out=before[1:])
        self.row = int(flat[-1]) & TARGET
        return self._pieces(flat, before)

    def _entries(self, symbols: Array) -> Array:
        """The move that is made at each byte, a row for each step."""
        steps, lanes = symbols.shape
        row = self._begun(symbols)
        entries = np.empty((steps, lanes), np.uint16)
        index = np.empty(lanes, np.int64)
        for step in range(steps):
            np.add(row, symbols[step], out=index)
            np.take(self.moves, index, out=entries[step], mode="clip")
            np.bitwise_and(entries[step], TARGET, out=row)
        return entries

    def _begun(self, symbols: Array) -> Array:
        """The row that each chunk begins with. A row that chunks keep becomes a guess."""
        paths = [self._path(symbols, row) for row in self.guesses]
        known: dict[tuple[int, int], int] = {}
        for _ in range(_ROUNDS):
            begun, unknown = self._told(symbols.shape[1], paths, known)
            if not unknown:
                return np.array(begun)
            rows = np.array([begun[lane] for lane in unknown])
            ends, apart = self._follow(symbols, paths, np.array(unknown), rows)
            known.update(zip(zip(unknown, rows.tolist(), strict=True), ends.tolist(), strict=True))
            keeping = rows[apart & (ends == rows)]
            if keeping.size and len(paths) < _GUESSES:
                self.guesses.append(int(np.bincount(keeping).argmax()))
                paths.append(self._path(symbols, self.guesses[-1]))
        begun, unknown = self._told(symbols.shape[1], paths, known)
        first = unknown[0] if unknown else len(begun) - 1
        return np.array(begun[:first] + self._begins(symbols[:, first:], begun[first]))

    def _path(self, symbols: Array, begun: int) -> _Path:
        """Cut all chunks from one row."""
        row = np.full(symbols.shape[1], begun, np.int64)
        index = np.empty_like(row)
        met = {}
        for step, some in enumerate(symbols):
            np.add(row, some, out=index)
            np.take(self.targets, index, out=row, mode="clip")
            if step in _MEETINGS:
                met[step] = row.copy()
        return _Path(begun, met, row)

    def _told(
        self, lanes: int, paths: list[_Path], known: dict[tuple[int, int], int]
    ) -> tuple[list[int], list[int]]:
        """What each chunk begins with as far as it is known what chunks lead to, and those of which it is not."""
        ends = {path.row: path.ends.tolist() for path in paths}
        usual = ends[paths[0].row]
        begun: list[int] = []
        unknown: list[int] = []
        row = self.row
        for lane in range(lanes):
            begun.append(row)
            path = ends.get(row)
            if path is not None:
                row = path[lane]
                continue
            end = known.get((lane, row))
            if end is None:
                unknown.append(lane)
                end = usual[lane]
            row = end
        return begun, unknown

    def _follow(
        self, symbols: Array, paths: list[_Path], lanes: Array, rows: Array
    ) -> tuple[Array, Array]:
        """What chunks that begin with these rows lead to, and which of them came to no guess."""
        ends = np.empty(len(lanes), np.int64)
        apart = np.ones(len(lanes), np.bool_)
        going = np.arange(len(lanes))
        for step, some in enumerate(symbols):
            rows = self.targets[rows + some[lanes]]
            if step not in _MEETINGS:
                continue
            for path in paths:
                met = rows == path.met[step][lanes]
                ends[going[met]] = path.ends[lanes[met]]
                apart[going[met]] = False
                rows, lanes, going = rows[~met], lanes[~met], going[~met]
            if not going.size:
                break
        ends[going] = rows
        return ends, apart

    def _begins(self, symbols: Array, row: int) -> list[int]:
        """By cutting them from every state: the row that each chunk begins with, where the first begins with ``row``."""
        steps, lanes = symbols.shape
        chunks = np.repeat(np.arange(lanes), self.states)
        rows = np.tile(np.arange(self.states, dtype=np.int64) << self.shift, lanes)
        leads = np.arange(len(rows))
        for step in range(steps):
            rows = self.targets[rows + symbols[step, chunks]]
            if step in _MEETINGS:
                # One of those that are in the same state of a chunk goes on for all.
                keys = chunks * self.states + (rows >> self.shift)
                present = np.zeros(lanes * self.states, np.bool_)
                present[keys] = True
                kept = np.flatnonzero(present)
                numbers = np.cumsum(present) - 1
                leads = numbers[keys][leads]
                chunks, rows = kept // self.states, kept % self.states << self.shift
        ends = rows[leads].reshape(lanes, self.states).tolist()
        begins = []
        for each in ends:
            begins.append(row)
            row = each[row >> self.shift]
        return begins

    def _pieces(self, entries: Array, before: Array) -> tuple[Array, Array]:
        # Of what an entry says, only where pieces start is above the row.
        places = np.flatnonzero(entries > TARGET)
        entry = entries[places]
        state = before[places] >> self.shift
        early = (entry & STARTS_BEFORE) > 0
        starts = (places - early).astype(np.int32)
        kinds = self.ended[state]
        both = np.flatnonzero(early & ((entry & STARTS) > 0))
        if both.size:
            starts = np.insert(starts, both + 1, places[both].astype(np.int32))
            kinds = np.insert(kinds, both + 1, self.alone[state[both]])
        return starts, kinds
