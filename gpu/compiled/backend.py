"""The operations by compiled loops."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.gpu.results import Pieces, TokenArrays

if TYPE_CHECKING:
    from hyper.base.token_table import TokenTable
    from hyper.gpu.arena import Arena
    from hyper.gpu.compiled.loops import Loops


class CompiledBackend:
    """Operations whose loops are compiled."""

    def __init__(self, name: str, loops: Loops) -> None:
        self.name = name
        self.loops = loops

    def cut(self, arena: Arena, table: TokenTable) -> Pieces:
        """Cut the files of an arena into pieces."""
        size = arena.size
        starts = memoryview(bytearray(4 * (size + 1))).cast("i")
        kinds = memoryview(bytearray(size + 1))
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
        return Pieces(starts[: count + 1], kinds[1 : count + 1])


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
