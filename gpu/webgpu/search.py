"""Pattern search."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hyper.gpu.results import Matches
from hyper.gpu.webgpu.device import ROUNDS
from hyper.gpu.webgpu.faults import TooSmallError
from hyper.gpu.webgpu.windows import windows
from hyper.gpu.webgpu.work import Scan, Work

if TYPE_CHECKING:
    from hyper.gpu.arena import Arena
    from hyper.gpu.patterns import Patterns
    from hyper.gpu.webgpu.device import Device
    from hyper.gpu.webgpu.work import Buffer

_FIRST = 4096
"""Matches of a window that are read together with their number."""


class _Automaton(NamedTuple):
    states: Buffer
    moves: Buffer
    found: Buffer


def search(device: Device, arena: Arena, patterns: Patterns) -> Matches:
    """Find patterns in the files of an arena."""
    ends, numbers = bytearray(), bytearray()
    if patterns.longest:
        with Work(device) as work:
            _search(work, arena, patterns, ends, numbers)
    return Matches(memoryview(ends).cast("i"), memoryview(numbers).cast("i"))


def _search(
    work: Work, arena: Arena, patterns: Patterns, ends: bytearray, numbers: bytearray
) -> None:
    lead = patterns.longest - 1
    chunk = _chunk(work, patterns)
    automaton = _Automaton(
        work.upload(patterns.classes + patterns.offsets.tobytes()),
        work.upload(patterns.moves),
        work.upload(patterns.found),
    )
    size = _window(work, arena, patterns)
    chunks = -(-size // chunk)
    status, counts = work.words(1), work.words(chunks)
    most = min(len(arena.bounds), size + lead + 1, work.limits.binding // 4)
    data, bounds = work.room(size + lead), work.words(most)
    scan = Scan(work, chunks)
    # A match a byte is much; where there are more, they are written in parts.
    room = max(1, min(work.limits.binding // 8, work.left // 20, max(size, _FIRST)))
    matches = work.words(2 * room)
    first = min(room, _FIRST)
    for window in windows(arena, size, work.limits.binding, before=lead):
        many = window.end - window.begin
        chunks = -(-many // chunk)
        work.write(data, window.data(arena))
        work.write(bounds, window.bounds)
        own = window.begin - window.low
        shape = (own + many, own, chunk, chunks, window.low, len(window.bounds))
        params = (*shape, patterns.longest, patterns.width.bit_length() - 1)
        text = (data, bounds, automaton.states, automaton.moves)
        work.run("search_count", chunks, params, *text, counts)
        scan.run(counts, chunks, status)
        outputs = (*text, automaton.found, counts, matches)
        work.run("search_emit", chunks, (*params, 0, first), *outputs)
        state, found = work.read((status, 4), (matches, 8 * first))
        total = state.cast("I")[0]
        done = min(total, first)
        ends += found[: 4 * done]
        numbers += found[4 * first : 4 * (first + done)]
        while done < total:
            part = min(room, total - done)
            work.run("search_emit", chunks, (*params, done, part), *outputs)
            found = work.read((matches, 8 * part))[0]
            ends += found[: 4 * part]
            numbers += found[4 * part :]
            done += part


def _chunk(work: Work, patterns: Patterns) -> int:
    """Bytes an invocation: not less than it reads before them, unless each may end too many matches."""
    lead = patterns.longest - 1
    # Each byte is a round of the loop over bytes and one of that over matches, which a software adapter goes through even where
    # none is looked for; each match is another.
    most = (2 * ROUNDS - 1024 - 2 * lead) // (2 + _most(patterns))
    chunk = min(max(work.limits.chunk, lead), most)
    if chunk < 1:
        message = f"patterns of {lead + 1} bytes are too long for one invocation"
        raise TooSmallError(message)
    return chunk


def _window(work: Work, arena: Arena, patterns: Patterns) -> int:
    """Bytes a window: its matches have to be counted in 32 bits."""
    # Text, bounds and counts, and matches once more to be read.
    size = work.window(1, 30, patterns.longest)
    return min(size, (2**31 - 1) // max(1, _most(patterns)), max(4, arena.size))


def _most(patterns: Patterns) -> int:
    """Matches that end with one byte at most."""
    offsets = patterns.offsets
    return max(map(int.__sub__, offsets[1:], offsets[:-1]))
