"""The operations by compiled loops."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from hyper.gpu.graphs import check_seeds
from hyper.gpu.hashing import PRIMES, check_ranges
from hyper.gpu.results import Lines, Matches, Pieces, TokenArrays, room

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hyper.base.token_table import TokenTable
    from hyper.gpu.arena import Arena
    from hyper.gpu.compiled.loops import Loops
    from hyper.gpu.graphs import Graph
    from hyper.gpu.patterns import Patterns


class CompiledBackend:
    """Operations whose loops are compiled. It keeps nothing between calls: threads may share one."""

    def __init__(self, name: str, loops: Loops) -> None:
        self.name = name
        self.loops = loops

    def lines(self, arena: Arena) -> Lines:
        """Find the lines of the files of an arena."""
        files = len(arena)
        count = arena.data.count(b"\n") + files
        starts, indents, firsts = room("i", count), room("i", count), room("i", files + 1)
        self.loops.call("lines", arena.data, arena.bounds, files, starts, indents, firsts)
        return Lines(starts, indents, firsts)

    def cut(self, arena: Arena, table: TokenTable) -> Pieces:
        """Cut the files of an arena into pieces."""
        size = arena.size
        starts = room("i", size + 1)
        kinds = room("B", size + 1)
        count = self.loops.call(
            "cut",
            arena.data,
            size,
            table.classes,
            table.moves,
            table.width.bit_length() - 1,
            table.ended,
            table.alone,
            starts,
            kinds,
        )
        kinds[count] = table.ended[0]
        return Pieces(starts[: count + 1], kinds[1 : count + 1])

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
        places = check_ranges(data, ranges)
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


def lay_out(loops: Loops, arena: Arena, table: TokenTable, pieces: Pieces) -> TokenArrays:
    """Turn the pieces of an arena into tokens."""
    count = len(pieces.kinds)
    files = len(arena)
    most = 3 * count + 3 * files
    largest = max((b - a for a, b in zip(arena.bounds, arena.bounds[1:], strict=False)), default=0)
    kinds = memoryview(bytearray(most))
    starts, ends, comments = (
        memoryview(bytearray(4 * size)).cast("i")
        for size in (most, most, 2 * arena.data.count(b"#") + 2)
    )
    own = memoryview(bytearray(arena.data.count(b"#") + 1))
    until = memoryview(bytearray(12 * files)).cast("i")
    working = 4 * (largest + 1)
    loops.call(
        "lay_out",
        arena.data,
        pieces.starts,
        pieces.kinds,
        count,
        table.roles,
        table.longest,
        bytes((table.newline, table.indent, table.dedent, table.end)),
        bytearray(working),
        bytearray(working),
        kinds,
        starts,
        ends,
        comments,
        own,
        until,
    )
    tokens, notes = (until[3 * files - 3], until[3 * files - 2]) if files else (0, 0)
    return TokenArrays(
        kinds[:tokens], starts[:tokens], ends[:tokens], comments[: 2 * notes], own[:notes], until
    )
