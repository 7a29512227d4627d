"""What the operations of the text engine give, one byte after another: slow, and plain enough to be believed."""

from __future__ import annotations

import itertools
from collections import deque
from typing import TYPE_CHECKING, Final

from hyper.base.token_table import STARTS, STARTS_BEFORE, TARGET

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hyper.base.token_table import TokenTable

_MASK: Final = 2**64 - 1
_PRIMES: Final = (
    0x9E3779B185EBCA87,
    0xC2B2AE3D27D4EB4F,
    0x165667B19E3779F9,
    0x85EBCA77C2B2AE63,
    0x27D4EB2F165667C5,
)


def lines(files: Sequence[bytes]) -> tuple[list[int], list[int], list[int]]:
    """Starts, indents, and the place of each file's first line."""
    starts: list[int] = []
    indents: list[int] = []
    firsts = [0]
    at = 0
    for file in files:
        for line in file.split(b"\n"):
            starts.append(at)
            indents.append(len(line) - len(line.lstrip(b" \t")))
            at += len(line) + 1
        firsts.append(len(starts))
    return starts, indents, firsts


def cut(files: Sequence[bytes], table: TokenTable) -> tuple[list[int], list[int]]:
    """Starts, with the size of the arena, and kinds."""
    moves = memoryview(table.moves).cast("H")
    starts: list[int] = []
    kinds: list[int] = []
    base = 0
    for file in files:
        state = 0
        for at, byte in enumerate((*file, 0xFF), base):
            entry = moves[state * table.width + table.classes[byte]]
            closed = [table.ended[state]]
            if entry & STARTS_BEFORE:
                starts.append(at - 1)
                closed.append(table.alone[state])
            if entry & STARTS:
                starts.append(at)
            # A piece is closed by the next one; the first one of a file closes the separator in front of it.
            kinds += closed[: len(starts) - len(kinds)]
            state = (entry & TARGET) // table.width
        base += len(file) + 1
    return [*starts, base], [*kinds[1:], table.ended[0]] if kinds else []


def search(
    files: Sequence[bytes], patterns: Sequence[bytes], *, ignore_case: bool
) -> list[tuple[int, int]]:
    """The end of each match and its pattern, sorted."""
    found = []
    base = 0
    for file in files:
        text = file.lower() if ignore_case else file
        for number, pattern in enumerate(patterns):
            wanted = pattern.lower() if ignore_case else pattern
            at = text.find(wanted)
            while at >= 0:
                found.append((base + at + len(wanted), number))
                at = text.find(wanted, at + 1)
        base += len(file) + 1
    return sorted(found)


def xxh64(data: bytes, seed: int) -> int:
    """XXH64 as its specification tells it (github.com/Cyan4973/xxHash, doc/xxhash_spec.md)."""
    one, two, three, four, five = _PRIMES
    words = [int.from_bytes(data[at : at + 8], "little") for at in range(0, len(data) - 7, 8)]
    whole = len(words) // 4 * 4
    if whole:
        lanes = [seed + one + two, seed + two, seed, seed - one]
        for place, word in enumerate(words[:whole]):
            lanes[place % 4] = _round(lanes[place % 4], word)
        turned = zip(lanes, (1, 7, 12, 18), strict=True)
        total = sum(_turn(lane & _MASK, by) for lane, by in turned)
        for lane in lanes:
            total = ((total ^ _round(0, lane)) * one + four) & _MASK
    else:
        total = seed + five
    total = (total + len(data)) & _MASK
    for word in words[whole:]:
        total = (_turn(total ^ _round(0, word), 27) * one + four) & _MASK
    rest = data[8 * len(words) :]
    if len(rest) >= 4:
        total ^= int.from_bytes(rest[:4], "little") * one & _MASK
        total = (_turn(total, 23) * two + three) & _MASK
        rest = rest[4:]
    for byte in rest:
        total = _turn(total ^ byte * five & _MASK, 11) * one & _MASK
    for by, prime in ((33, two), (29, three), (32, 1)):
        total = (total ^ total >> by) * prime & _MASK
    return total


def _round(lane: int, word: int) -> int:
    return _turn((lane + word * _PRIMES[1]) & _MASK, 31) * _PRIMES[0] & _MASK


def _turn(number: int, by: int) -> int:
    return (number << by | number >> (64 - by)) & _MASK


def reach(edges: Sequence[Sequence[int]], seeds: Sequence[int]) -> list[int]:
    """The fewest edges from any seed to each node, or -1."""
    distances = [-1] * len(edges)
    queue = deque(dict.fromkeys(seeds))
    for seed in queue:
        distances[seed] = 0
    while queue:
        node = queue.popleft()
        for target in edges[node]:
            if distances[target] < 0:
                distances[target] = distances[node] + 1
                queue.append(target)
    return distances


def histogram(files: Sequence[bytes]) -> list[int]:
    """How often each byte is in the files."""
    counts = [0] * 256
    for byte in itertools.chain.from_iterable(files):
        counts[byte] += 1
    return counts


def validate(files: Sequence[bytes]) -> list[int]:
    """Where each file first is no UTF-8, or -1."""
    found = []
    for file in files:
        try:
            file.decode("utf-8")
        except UnicodeDecodeError as error:
            found.append(error.start)
        else:
            found.append(-1)
    return found
