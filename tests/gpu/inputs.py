"""Inputs of the text engine: files of sizes around every boundary, tables, graphs."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, NamedTuple

from hypothesis import strategies as st

from hyper.base.token_table import SEPARATOR, STARTS, STARTS_BEFORE, TokenTable

if TYPE_CHECKING:
    from collections.abc import Sequence

BITS: Final = (
    *(
        bytes((byte,))
        for byte in b'ab \t\n\r"\\#(\x00\x7f\x80\xbf\xc0\xc1\xe0\xed\xf0\xf4\xf5\xfe\xff'
    ),
    b"\n    ",
    b"abab",
    b"a\n\n b",
    "é".encode(),
    "日本".encode(),
    "🜨".encode(),
    b"\xe2\x82",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\xe0\x9f\xbf",
    b"\xf0\x8f\xbf\xbf",
)
"""Of these files are made: text, and all ways in which bytes are no UTF-8."""


def sizes(boundaries: Sequence[int]) -> st.SearchStrategy[int]:
    """Sizes at, before and behind each boundary and its double, and small ones."""
    around = {
        times * boundary + off
        for boundary in boundaries
        for times in (1, 2)
        for off in (-2, -1, 0, 1)
    }
    return st.sampled_from(sorted({0, 1, 2, 3, 4, 5, 7, 8, 9, *around}))


def files(
    boundaries: Sequence[int], bits: Sequence[bytes] = BITS
) -> st.SearchStrategy[list[bytes]]:
    """Some files, empty ones among them. One of a size near a boundary repeats a few bits, and may begin or end otherwise."""
    some = st.lists(st.sampled_from(bits), max_size=12).map(b"".join)
    filler = st.lists(st.sampled_from(bits), min_size=1, max_size=5).map(b"".join)
    stretched = st.builds(_stretched, some, filler, sizes(boundaries), some)
    return st.lists(some | stretched, max_size=5)


def _stretched(head: bytes, filler: bytes, size: int, tail: bytes) -> bytes:
    body = filler * (size // len(filler) + 1)
    return (head + body)[: max(0, size - len(tail))] + tail


class Ranges(NamedTuple):
    """Bytes, and pairs of places in them."""

    data: bytes
    ranges: list[int]


def ranges(boundaries: Sequence[int]) -> st.SearchStrategy[Ranges]:
    """Ranges of any size, overlapping, empty and at odd places."""
    return st.builds(_ranges, st.integers(0, 2**32), st.lists(_pairs(boundaries), max_size=40))


def _pairs(boundaries: Sequence[int]) -> st.SearchStrategy[tuple[int, int]]:
    usual = st.sampled_from((31, 32, 33, 63, 64, 65)) | st.integers(0, 100)
    return st.tuples(st.integers(0, 70), usual | sizes(boundaries))


def _ranges(seed: int, pairs: list[tuple[int, int]]) -> Ranges:
    end = max((start + size for start, size in pairs), default=0)
    flat = [place for start, size in pairs for place in (start, start + size)]
    return Ranges(sanity_bytes(end, seed), flat)


def sanity_bytes(size: int, seed: int = 2654435761) -> bytes:
    """The bytes of which xxHash's published test vectors are hashes."""
    made = bytearray()
    for _ in range(size):
        made.append(seed >> 56 & 0xFF)
        seed = seed * 11400714785074694797 & (2**64 - 1)
    return bytes(made)


@st.composite
def tables(draw: st.DrawFn) -> TokenTable:
    """Any machine that cuts: of states in which the last byte may yet start a piece, and of others."""
    states = draw(st.integers(1, 9))
    symbols = draw(st.integers(1, 5))
    width = 1 << symbols.bit_length()
    classes = bytearray(draw(st.lists(st.integers(0, symbols - 1), min_size=256, max_size=256)))
    classes[SEPARATOR] = symbols
    settled = draw(st.integers(1, states))
    moves = [0] * (states * width)
    for state in range(states):
        before = [0] if state < settled else [0, STARTS_BEFORE]
        for symbol in range(symbols):
            flags = draw(st.sampled_from(before)) | draw(st.sampled_from([0, STARTS]))
            if state == 0:
                flags = STARTS
            target = draw(st.integers(0, (settled if flags & STARTS else states) - 1))
            moves[state * width + symbol] = target * width | flags
        moves[state * width + symbols] = STARTS | draw(st.sampled_from(before))
    kinds = st.binary(min_size=states, max_size=states)
    return TokenTable(
        classes=bytes(classes),
        width=width,
        moves=struct.pack(f"<{len(moves)}H", *moves),
        ended=draw(kinds),
        alone=draw(kinds),
        roles=bytes(256),
        longest=bytes(1024),
        newline=0,
        indent=1,
        dedent=2,
        end=3,
    )


class Edges(NamedTuple):
    """A graph, and nodes to begin at."""

    edges: list[list[int]]
    seeds: list[int]


@st.composite
def edges(draw: st.DrawFn, boundaries: Sequence[int]) -> Edges:
    """A graph of any shape: what a few numbers make of each node, and edges of its own."""
    nodes = draw(sizes(boundaries))
    if not nodes:
        return Edges([], [])
    steps = draw(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 70)), max_size=3))
    made = [[(node * times + off) % nodes for times, off in steps] for node in range(nodes)]
    node = st.integers(0, nodes - 1)
    for start, target in draw(st.lists(st.tuples(node, node), max_size=20)):
        made[start].append(target)
    return Edges(made, draw(st.lists(node, max_size=4)))
