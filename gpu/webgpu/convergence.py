"""Which states of a machine soon become the same, whichever of them a text is read from."""

from __future__ import annotations

from array import array
from collections import Counter
from typing import TYPE_CHECKING, Final

from hyper.base.token_table import TARGET

if TYPE_CHECKING:
    from hyper.base.token_table import TokenTable

_STRETCHES: Final = 16
_LENGTH: Final = 256
_DEEPEST: Final = 16
"""Partners of partners: kernels follow them one by one."""


def find_partners(table: TokenTable, data: bytes) -> array[int]:
    """For each state a lower one that it is likely to meet soon in texts such as this (``I``); state 0 has itself.

    It is a guess, from some stretches of the text, by which work is saved; what is computed does not depend on it.
    """
    moves = memoryview(table.moves).cast("H")
    shift = table.width.bit_length() - 1
    votes: list[Counter[int]] = [Counter() for _ in range(table.states)]
    step = max(_LENGTH, len(data) // _STRETCHES)
    for begin in range(0, len(data), step):
        # Rows that are still different, each with the lowest state that leads to it.
        rows = {state << shift: state for state in range(table.states)}
        for at, byte in enumerate(data[begin : begin + _LENGTH]):
            symbol = table.classes[byte]
            onward: dict[int, int] = {}
            for row, state in rows.items():
                first = onward.setdefault(moves[row + symbol] & TARGET, state)
                if first != state:
                    votes[state][first] += _LENGTH - at
            rows = onward
            if len(rows) == 1:
                break
    partners = array("I", bytes(4 * table.states))
    depths = [0] * table.states
    for state in range(1, table.states):
        found = votes[state].most_common(1)
        partner = found[0][0] if found else 0
        if depths[partner] + 1 < _DEEPEST:
            partners[state] = partner
            depths[state] = depths[partner] + 1
        else:
            depths[state] = 1
    return partners
