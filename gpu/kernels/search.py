"""Many patterns in one pass: the automaton of Aho and Corasick."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hyper.gpu.kernels.arrays import Bytes, Ints


def search(
    data: Bytes,
    bounds: Ints,
    files: int,
    classes: Bytes,
    moves: Ints,
    shift: int,
    offsets: Ints,
    found: Ints,
    room: int,
    ends: Ints,
    numbers: Ints,
) -> int:
    """Find all matches, and give their number; no more than ``room`` of them are written to ``ends`` and ``numbers``.

    ``shift`` says of a row which state it is of: ``row >> shift``.
    """
    count = 0
    for file in range(files):
        row = 0
        for at in range(bounds[file], bounds[file + 1] - 1):
            row = moves[row + classes[data[at]]]
            state = row >> shift
            first = offsets[state]
            last = offsets[state + 1]
            if first < last:
                for place in range(first, last):
                    if count < room:
                        ends[count] = at + 1
                        numbers[count] = found[place]
                    count += 1
    return count
