"""The operations by NumPy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.gpu.vector import bytes as vector_bytes
from hyper.gpu.vector.cutting import cut
from hyper.gpu.vector.graphs import reach
from hyper.gpu.vector.hashes import xxh64
from hyper.gpu.vector.search import search

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hyper.base.token_table import TokenTable
    from hyper.gpu.arena import Arena
    from hyper.gpu.graphs import Graph
    from hyper.gpu.patterns import Patterns
    from hyper.gpu.results import Lines, Matches, Pieces


class VectorBackend:
    """Operations on whole arrays. It keeps nothing between calls: threads may share one."""

    name = "numpy"

    def lines(self, arena: Arena) -> Lines:
        """Find the lines of the files of an arena."""
        return vector_bytes.lines(arena)

    def cut(self, arena: Arena, table: TokenTable) -> Pieces:
        """Cut the files of an arena into pieces."""
        return cut(arena, table)

    def search(self, arena: Arena, patterns: Patterns) -> Matches:
        """Find patterns in the files of an arena."""
        return search(arena, patterns)

    def hash(self, data: bytes, ranges: Sequence[int], seed: int = 0) -> memoryview:
        """Hash ranges of bytes by XXH64."""
        return xxh64(data, ranges, seed)

    def reach(self, graph: Graph, seeds: Sequence[int]) -> memoryview:
        """Find the distance of each node of a graph from the nearest seed."""
        return reach(graph, seeds)

    def histogram(self, arena: Arena) -> memoryview:
        """Count the bytes of the files of an arena."""
        return vector_bytes.histogram(arena)

    def validate(self, arena: Arena) -> memoryview:
        """Find in each file of an arena where it first is no UTF-8."""
        return vector_bytes.validate(arena)
