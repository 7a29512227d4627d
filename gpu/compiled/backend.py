"""The operations by compiled loops."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from hyper.gpu.compiled.tokens import cut_arena, lay_out
from hyper.gpu.graphs import check_seeds
from hyper.gpu.hashing import PRIMES, check_ranges
from hyper.gpu.inputs import as_bytes
from hyper.gpu.results import Lines, Matches, room

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hyper.base.token_table import TokenTable
    from hyper.gpu.arena import Arena
    from hyper.gpu.compiled.loops import Loops
    from hyper.gpu.graphs import Graph
    from hyper.gpu.patterns import Patterns
    from hyper.gpu.results import Pieces

__all__ = ["CompiledBackend", "lay_out"]


class CompiledBackend:
    """Operations whose loops are compiled. It keeps nothing between calls: threads may share one."""

    def __init__(self, name: str, loops: Loops) -> None:
        self.name = name
        self.loops = loops

    def lines(self, arena: Arena) -> Lines:
        """Find the lines of the files of an arena."""
        files = len(arena)
        count = files + self.loops.call("count", arena.data, arena.size, ord("\n"))
        starts, indents, firsts = room("i", count), room("i", count), room("i", files + 1)
        self.loops.call("lines", arena.data, arena.bounds, files, starts, indents, firsts)
        return Lines(starts, indents, firsts)

    def cut(self, arena: Arena, table: TokenTable) -> Pieces:
        """Cut the files of an arena into pieces."""
        return cut_arena(self.loops, arena, table)

    def search(self, arena: Arena, patterns: Patterns) -> Matches:
        """Find patterns in the files of an arena: once more where matches are more than there was room for."""
        count, space = 1, arena.size // 64
        ends = numbers = room("i", 0)
        while count > len(ends):
            space = max(space, count)
            ends, numbers = room("i", space), room("i", space)
            count = self.loops.call(
                "search",
                arena.data,
                arena.bounds,
                len(arena),
                patterns.classes,
                patterns.moves,
                patterns.width.bit_length() - 1,
                patterns.offsets,
                patterns.found,
                space,
                ends,
                numbers,
            )
        return Matches(ends[:count], numbers[:count])

    def hash(self, data: bytes, ranges: Sequence[int], seed: int = 0) -> memoryview:
        """Hash ranges of bytes by XXH64."""
        data = as_bytes(data)
        places = check_ranges(data, ranges, seed)
        count = len(places) // 2
        hashes = room("Q", count)
        primes = array("Q", (*PRIMES, seed))
        self.loops.call("xxh64", data, places, count, primes, room("Q", 5), hashes)
        return hashes

    def reach(self, graph: Graph, seeds: Sequence[int]) -> memoryview:
        """Find the distance of each node of a graph from the nearest seed."""
        nodes = graph.nodes
        begin = check_seeds(graph, seeds)
        distances, queue = room("i", nodes), room("i", nodes)
        self.loops.call(
            "reach", graph.offsets, graph.targets, nodes, begin, len(begin), queue, distances
        )
        return distances

    def histogram(self, arena: Arena) -> memoryview:
        """Count the bytes of the files of an arena."""
        counts = room("Q", 1024)
        self.loops.call("histogram", arena.data, arena.size, counts)
        counts[255] -= len(arena)
        return counts[:256]

    def validate(self, arena: Arena) -> memoryview:
        """Find in each file of an arena where it first is no UTF-8."""
        wrong = room("i", len(arena))
        self.loops.call("validate", arena.data, arena.data, arena.bounds, len(arena), wrong)
        return wrong
