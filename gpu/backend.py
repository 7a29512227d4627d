"""What a back end of the text engine does. Every back end gives the same bytes; ``tests/gpu/conformance.py`` holds each to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hyper.base.token_table import TokenTable
    from hyper.gpu.arena import Arena
    from hyper.gpu.graphs import Graph
    from hyper.gpu.patterns import Patterns
    from hyper.gpu.results import Lines, Matches, Pieces


class BackendError(Exception):
    """A back end could not do its work: the device is lost, or has too little memory. Another one does it again."""


class Backend(Protocol):
    """The operations. Each may raise ``BackendError`` and then has changed nothing."""

    name: str

    def lines(self, arena: Arena) -> Lines:
        """Where the lines of each file begin, and how far each is indented."""

    def cut(self, arena: Arena, table: TokenTable) -> Pieces:
        """The pieces that tile each file. No file may have the separator in it (``arena.plain()``)."""

    def search(self, arena: Arena, patterns: Patterns) -> Matches:
        """Every place where a pattern ends, overlapping ones too; none spans two files."""

    def hash(self, data: bytes, ranges: Sequence[int], seed: int = 0) -> memoryview:
        """XXH64 (``Q``) of each ``data[ranges[2 * r] : ranges[2 * r + 1]]``.

        :raises ValueError: where a range is not in the data, or the seed has not 64 bits (``hyper.gpu.hashing.check_ranges``).
        """

    def reach(self, graph: Graph, seeds: Sequence[int]) -> memoryview:
        """For each node (``i``) the fewest edges from any seed, -1 where no path leads.

        :raises ValueError: where a seed is no node (``hyper.gpu.graphs.check_seeds``).
        """

    def histogram(self, arena: Arena) -> memoryview:
        """How often each of the 256 bytes is in the files (``Q``), separators not counted."""

    def validate(self, arena: Arena) -> memoryview:
        """For each file (``i``) where it first is no UTF-8, as ``UnicodeDecodeError.start`` tells it; -1 where all of it is."""
