"""Where lines begin."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hyper.gpu.kernels.arrays import Bytes, Ints


def lines(data: Bytes, bounds: Ints, files: int, starts: Ints, indents: Ints, firsts: Ints) -> int:
    """Find the lines of each file, and give their number.

    ``starts`` and ``indents`` have an entry for each line feed in the arena and for each file; ``firsts`` one more than files.
    """
    line = 0
    for file in range(files):
        firsts[file] = line
        at = bounds[file]
        end = bounds[file + 1] - 1
        while at <= end:
            # What closes the file ends each of these loops.
            starts[line] = at
            margin = at
            while data[margin] == 32 or data[margin] == 9:
                margin += 1
            indents[line] = margin - at
            line += 1
            at = margin
            while at < end and data[at] != 10:
                at += 1
            at += 1
    firsts[files] = line
    return line
