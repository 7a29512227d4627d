"""Rows of decision tables in the order of how often they fit, where that changes nothing but how soon one is found.

Under ``unique``, ``first`` and ``any`` the first row that fits is taken, so that two rows may change places where no input fits
both. The others keep their order among each other.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import msgspec

from hyper.ir.analyse.tables import meeting_rows
from hyper.ir.program import TableDef

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hyper.ir.program import Module, Program

    Counts = Callable[[str, TableDef], Sequence[int] | None]
    """How often each row of a table of that qualified name was taken, where that is known."""

_FIRST_FIT: Final = frozenset({"unique", "first", "any"})
MOST_ROWS: Final = 10_000
"""Rows past which a table stays as it is: the proof looks at each pair."""


def order_module(module: Module, program: Program, counts: Counts) -> Module:
    """A module whose tables have their rows in the order of ``counts``."""
    if not any(isinstance(found, TableDef) for found in module.definitions):
        return module
    definitions = tuple(
        order_rows(found, program, counts(f"{module.name}.{found.name}", found))
        if isinstance(found, TableDef)
        else found
        for found in module.definitions
    )
    return msgspec.structs.replace(module, definitions=definitions)


def order_rows(table: TableDef, program: Program, counts: Sequence[int] | None) -> TableDef:
    """The table with the rows that were taken most first, as far as it is proved that they may stand there."""
    size = len(table.rows)
    if counts is None or table.policy not in _FIRST_FIT or not 1 < size <= MOST_ROWS:
        return table
    if all(before >= after for before, after in pairwise(counts)):
        return table
    meeting = meeting_rows(table, program)
    if meeting is None:
        return table
    order = _ordered(meeting, counts)
    if order == list(range(size)):
        return table
    return msgspec.structs.replace(table, rows=tuple(table.rows[place] for place in order))


def _ordered(meeting: list[int], counts: Sequence[int]) -> list[int]:
    """Places by count, each after those before it in the source that it meets."""
    waits = [(rows & ((1 << place) - 1)).bit_count() for place, rows in enumerate(meeting)]
    ready = [(-counts[place], place) for place, left in enumerate(waits) if not left]
    heapify(ready)
    order: list[int] = []
    while ready:
        _, place = heappop(ready)
        order.append(place)
        later = meeting[place] >> (place + 1) << (place + 1)
        while later:
            lowest = later & -later
            later ^= lowest
            other = lowest.bit_length() - 1
            waits[other] -= 1
            if not waits[other]:
                heappush(ready, (-counts[other], other))
    return order
