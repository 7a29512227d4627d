"""The line index."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from hyper.gpu.results import Lines
from hyper.gpu.webgpu.device import ROUNDS
from hyper.gpu.webgpu.windows import windows
from hyper.gpu.webgpu.work import Scan, Work

if TYPE_CHECKING:
    from hyper.gpu.arena import Arena
    from hyper.gpu.webgpu.device import Device


def lines(device: Device, arena: Arena) -> Lines:
    """Find the lines of the files of an arena."""
    starts, indents, files = bytearray(), bytearray(), bytearray()
    chunk = device.limits.chunk
    with Work(device) as work:
        # Text, starts and indents, these once more to be read, bounds and files; counts and blanks of chunks.
        # A line of nothing but blanks may take a step for each chunk.
        size = min(work.window(4, 26 + -(-12 // chunk)), chunk * ROUNDS, arena.size)
        chunks = -(-size // chunk)
        bounds_most = min(len(arena.bounds), size + 1)
        data, bounds = work.room(size), work.words(bounds_most)
        counts, leads, status = work.words(chunks), work.words(chunks), work.words(2)
        out_starts, out_indents = work.words(size), work.words(size)
        out_files = work.words(bounds_most)
        scan = Scan(work, chunks)
        for window in windows(arena, size, work.limits.binding):
            many = window.end - window.begin
            chunks = -(-many // chunk)
            opens = window.opens(arena) or window.starts_file(arena)
            work.write(data, window.data(arena))
            work.write(bounds, window.bounds)
            found = len(starts) // 4
            shape = (many, chunk, chunks, window.begin, len(window.bounds), int(opens))
            work.run("lines_count", chunks, shape, data, bounds, counts, leads)
            scan.run(counts, chunks, status)
            outputs = (out_starts, out_indents, out_files, status)
            work.run("lines_emit", chunks, (*shape, found), data, bounds, counts, leads, *outputs)
            # A line may be open since the window before: what it was told of blanks is not all.
            open_line = found > 0 and _reach(starts, indents) == window.begin
            own = _begun_here(window.bounds, window.begin, window.end)
            parts = [(status, 8), (out_files, 4 * own[1])]
            told, views = work.counted(parts, many, (out_starts, 4), (out_indents, 4))
            if open_line and not opens:
                last = memoryview(indents).cast("i")
                last[-1] += int.from_bytes(told[0][4:], "little")
                last.release()
            starts += views[0]
            indents += views[1]
            files += told[1][4 * own[0] :]
    files += array("i", [len(starts) // 4]).tobytes()
    return Lines(
        memoryview(starts).cast("i"), memoryview(indents).cast("i"), memoryview(files).cast("i")
    )


def _reach(starts: bytearray, indents: bytearray) -> int:
    """Where the blanks of the last line end."""
    return int.from_bytes(starts[-4:], "little") + int.from_bytes(indents[-4:], "little")


def _begun_here(bounds: memoryview, begin: int, end: int) -> tuple[int, int]:
    """The places of the bounds of files that begin in a window: the first, and one past the last."""
    first = 0 if bounds[0] >= begin else 1
    return first, len(bounds) - (1 if bounds[-1] >= end else 0)
