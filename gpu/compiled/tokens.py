"""Cutting and laying out by compiled loops."""

from __future__ import annotations

import itertools
import mmap
import sys
from array import array
from bisect import bisect_left
from typing import TYPE_CHECKING, Any, Final

from hyper.base.token_table import COMMENT, COMMENTED_LINE, LINE, SPACE
from hyper.gpu.arena import LARGEST
from hyper.gpu.results import Pieces, PiecesError, TokenArrays, room

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hyper.base.token_table import TokenTable
    from hyper.gpu.arena import Arena
    from hyper.gpu.compiled.loops import Loops

PARTS: Final = 4
"""Parts that are cut together: a processor follows several tables while it waits for one."""
BLOCK: Final = 1 << 17
"""Bytes of a part that are cut by one call: what it writes to stays near the processor, and is used again."""
_APART: Final = 1 << 16
"""Bytes of an arena that is worth cutting in parts, and of memory that is worth asking the system for."""


def cut_arena(loops: Loops, arena: Arena, table: TokenTable) -> Pieces:
    """Cut the files of an arena into pieces."""
    parts = _parts(arena)
    # A table of the language starts one piece a byte at most; one that is made otherwise may start two.
    space = 2 * min(BLOCK, arena.size) + 2
    cutting = _Cutting(loops, arena, table, len(parts), space)
    if len(parts) == PARTS:
        cutting.together([begin for begin, _ in parts], min(end - begin for begin, end in parts))
    for part, (_, end) in enumerate(parts):
        cutting.alone(part, end)
    starts = _joined([*cutting.starts, [arena.size.to_bytes(4, sys.byteorder)]], "i")
    origins = _joined(cutting.origins, "H")
    count = len(origins)
    kinds = room("B", count)
    if count:
        # Where a piece starts, the kind of the one before is known.
        shift = table.width.bit_length() - 1
        loops.call("name_kinds", origins[1:], count - 1, shift, table.ended, table.alone, kinds)
        kinds[count - 1] = table.ended[0]
    return Pieces(starts, kinds)


def _parts(arena: Arena) -> list[tuple[int, int]]:
    """Where parts of about one size begin and end, all with a file."""
    bounds, size = arena.bounds, arena.size
    if size < _APART:
        return [(0, size)]
    places = [bounds[bisect_left(bounds, size * part // PARTS)] for part in range(PARTS + 1)]
    parts = list(itertools.pairwise(places))
    return parts if all(begin < end for begin, end in parts) else [(0, size)]


class _Cutting:
    """Parts of an arena while they are cut: where each is, and the pieces of its blocks as bytes."""

    def __init__(
        self, loops: Loops, arena: Arena, table: TokenTable, parts: int, space: int
    ) -> None:
        self.loops = loops
        self.arena = arena
        self.table = table
        self.space = space
        self.rows = array("i", bytes(4 * parts))
        self.places = array("i", bytes(4 * parts))
        self.starts: list[list[bytes]] = [[] for _ in range(parts)]
        self.origins: list[list[bytes]] = [[] for _ in range(parts)]
        self.working = scratch("i", parts * space), scratch("H", parts * space)

    def together(self, places: list[int], steps: int) -> None:
        """Cut so many bytes of each part."""
        self.places = array("i", places)
        first = [part * self.space for part in range(PARTS)]
        for done in range(0, steps, BLOCK):
            counts = array("i", first)
            self.loops.call(
                "cut_together",
                self.arena.data,
                min(BLOCK, steps - done),
                self.table.classes,
                self.table.moves,
                self.places,
                self.rows,
                counts,
                *self.working,
            )
            for part in range(PARTS):
                self._keep(part, first[part], counts[part])

    def alone(self, part: int, end: int) -> None:
        """Cut the rest of a part."""
        for begin in range(self.places[part], end, BLOCK):
            count = self.loops.call(
                "cut",
                self.arena.data,
                begin,
                min(begin + BLOCK, end),
                self.table.classes,
                self.table.moves,
                part,
                self.rows,
                *self.working,
            )
            self._keep(part, 0, count)

    def _keep(self, part: int, first: int, until: int) -> None:
        starts, origins = self.working
        self.starts[part].append(starts[first:until].tobytes())
        self.origins[part].append(origins[first:until].tobytes())


def lay_out(loops: Loops, arena: Arena, table: TokenTable, pieces: Pieces) -> TokenArrays:
    """Turn the pieces of an arena into tokens.

    :raises PiecesError: where the pieces do not tile the files.
    :raises ValueError: where tokens may be more than 32-bit integers count.
    """
    files = len(arena)
    places, sorts = memoryview(pieces.starts), memoryview(pieces.kinds)
    if (places.format, sorts.format) != ("i", "B") or len(places) != len(sorts) + 1:
        message = f"{len(sorts)} pieces have {len(places)} offsets"
        raise PiecesError(message)
    roles = sorts.tobytes().translate(table.roles)
    lines = roles.count(LINE) + roles.count(COMMENTED_LINE)
    # A line end may make a newline and an indent, which makes a dedent later; a file's end makes two tokens.
    most = len(roles) - roles.count(SPACE) + 2 * lines + 2 * files + 1
    if most > LARGEST:
        message = f"an arena of {files} files may have more than {LARGEST} tokens"
        raise ValueError(message)
    notes = roles.count(COMMENT)
    if COMMENTED_LINE in roles:
        notes += loops.call("count", arena.data, arena.size, ord("#"))
    # A kind without a longest piece has one that none exceeds.
    longest = array("i", [each or LARGEST for each in memoryview(table.longest).cast("i")])
    kinds, starts, ends = room("B", most), room("i", most), room("i", most)
    comments, own = room("i", 2 * notes), room("B", notes)
    until = room("i", 3 * files)
    tokens = loops.call(
        "lay_out",
        arena.data,
        arena.bounds,
        files,
        places,
        sorts,
        len(sorts),
        table.roles,
        longest,
        bytes((table.newline, table.indent, table.dedent, table.end)),
        room("i", lines + 1),
        kinds,
        starts,
        ends,
        comments,
        own,
        until,
    )
    if tokens < 0:
        message = "the pieces do not tile the files"
        raise PiecesError(message)
    noted = until[3 * files - 2] if files else 0
    return TokenArrays(
        kinds[:tokens], starts[:tokens], ends[:tokens], comments[: 2 * noted], own[:noted], until
    )


def scratch(form: str, count: int) -> memoryview:
    """Room to work in for so many numbers. Where that is much, it takes no memory but what is written to."""
    size = count * array(form).itemsize
    if size < _APART:
        return room(form, count)
    view: Any = memoryview(mmap.mmap(-1, size))
    found: memoryview = view.cast(form)
    return found


def _joined(parts: Sequence[Sequence[bytes]], form: str) -> memoryview:
    view: Any = memoryview(bytearray().join(each for part in parts for each in part))
    found: memoryview = view.cast(form)
    return found
