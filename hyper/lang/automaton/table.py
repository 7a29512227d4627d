"""The table for text engines, made from the one definition of tokens.

A machine that finds one match at a time needs to go back: ``1..2`` begins like ``1.5``, and only the second point
tells. Here a state knows the byte it has read since the last match, so that it can begin again with it: there is
one pass, and no byte is read twice. Where more bytes than one would have to be read again, as in ``route GET x``,
the table is *unsure*: the language's own lexer then cuts that file.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

import msgspec

from hyper.base import token_table as roles
from hyper.base.token_table import SEPARATOR, STARTS, STARTS_BEFORE, TARGET, TokenTable
from hyper.lang import tokens as t
from hyper.lang.automaton.machine import DEAD, UNSURE, build_machine
from hyper.lang.automaton.patterns import HIGH

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hyper.lang.automaton.machine import Machine

_CLOSED: Final = HIGH + 1
"""The symbol of the byte that closes a file."""
_TROUBLE: Final = 255
"""The kind of a piece that the language has to look at."""
_LONGEST_NUMBER: Final = 1000
_NONE: Final = -1
_MANY: Final = -2


class _State(msgspec.Struct, frozen=True):
    """Where a machine is, the kind of its last match, and the symbol read since then: ``_NONE``, one, or ``_MANY``."""

    at: int
    kind: int
    pending: int


_START: Final = _State(0, _TROUBLE, _NONE)
_LOST: Final = _State(DEAD, _TROUBLE, _NONE)


@cache
def token_table() -> TokenTable:
    """The table of the language's tokens. It takes some 50 ms to make, and is a pure function of ``tokens``."""
    return make_table(t.RULES, t.FIXED)


def make_table(rules: Iterable[t.Rule], fixed: dict[str, int]) -> TokenTable:
    """Make the table of rows; the row of kind -1 stands for all spellings of ``fixed``."""
    spelled = sorted(fixed, key=lambda text: (-len(text), text))
    rows: list[t.Rule] = []
    for rule in rules:
        if rule.kind == _NONE:
            rows += [t.Rule(fixed[text], re.escape(text)) for text in spelled]
        else:
            rows.append(rule)
    maker = _Maker(build_machine(rows), rows)
    moves, ended, alone = maker.run()
    classes, columns = _classes(moves)
    width = 1 << (len(columns) - 1).bit_length()
    if len(ended) * width > TARGET + 1:
        message = f"{len(ended)} states of {width} classes do not fit a table of 16 bits"
        raise ValueError(message)
    packed = bytearray(2 * width * len(moves))
    for state, row in enumerate(moves):
        for place, symbol in enumerate(columns):
            target, flags = row[symbol]
            entry = (target * width | flags).to_bytes(2, "little")
            at = 2 * (state * width + place)
            packed[at : at + 2] = entry
    return TokenTable(
        classes=classes,
        width=width,
        moves=bytes(packed),
        ended=bytes(ended),
        alone=bytes(alone),
        roles=_roles(),
        longest=b"".join(
            (_LONGEST_NUMBER if kind in {t.INT, t.NUMBER} else 0).to_bytes(4, "little")
            for kind in range(256)
        ),
        newline=t.NEWLINE,
        indent=t.INDENT,
        dedent=t.DEDENT,
        end=t.END,
    )


class _Maker:
    """The states of the table while they are found."""

    def __init__(self, machine: Machine, rows: Sequence[t.Rule]) -> None:
        self.machine = machine
        self.kinds = [None if label is None else _kind(rows, *label) for label in machine.labels]
        self.states = [_START, _LOST]
        self.numbers = {_START: 0, _LOST: 1}

    def run(self) -> tuple[list[list[tuple[int, int]]], list[int], list[int]]:
        """For each state and symbol the next state and the flags; for each state two kinds."""
        moves: list[list[tuple[int, int]]] = []
        while len(moves) < len(self.states):
            state = self.states[len(moves)]
            moves.append([self._move(state, symbol) for symbol in range(_CLOSED + 1)])
        # A file that ends where more than one byte would have to be read again is left to the lexer.
        ended = [_TROUBLE if each.pending == _MANY else each.kind for each in self.states]
        alone = [self._alone(state.pending) for state in self.states]
        return moves, ended, alone

    def _alone(self, pending: int) -> int:
        if pending < 0:
            return _TROUBLE
        kind = self.kinds[self.machine.moves[0][pending]]
        return _TROUBLE if kind is None else kind

    def _number(self, state: _State) -> int:
        found = self.numbers.get(state)
        if found is None:
            found = self.numbers[state] = len(self.states)
            self.states.append(state)
        return found

    def _move(self, state: _State, symbol: int) -> tuple[int, int]:
        """Read one symbol, or close the file: then a piece starts here in any case, and the machine begins anew."""
        if symbol == _CLOSED:
            return 0, STARTS | (STARTS_BEFORE if state.pending >= 0 else 0)
        if state == _LOST:
            return 1, 0
        onward = self._read(state, symbol)
        if onward is not None:
            return self._number(onward), 0 if state != _START else STARTS
        if state.pending == _MANY:
            return 1, 0
        again, flags = _START, STARTS
        if state.pending >= 0:
            flags = STARTS_BEFORE
            again = self._read(_START, state.pending) or _LOST
            further = self._read(again, symbol)
            if further is None and again.pending == _NONE:
                flags |= STARTS
                further = self._read(_START, symbol)
        else:
            further = self._read(again, symbol)
        if further is None or _LOST in {again, further}:
            return 1, 0
        return self._number(further), flags

    def _read(self, state: _State, symbol: int) -> _State | None:
        """The state after a symbol of the same piece; None where the piece has ended before it."""
        at = self.machine.moves[state.at][symbol]
        if at == UNSURE:
            return _LOST
        if at == DEAD:
            return None
        kind = self.kinds[at]
        if kind is not None:
            return _State(at, kind, _NONE)
        pending = symbol if state.pending == _NONE else _MANY
        return _State(at, state.kind, pending)


def _kind(rows: Sequence[t.Rule], rule: int, refinement: int) -> int:
    row = rows[rule]
    if row.kind == t.BAD or refinement < 0:
        return _TROUBLE
    return row.refined[refinement].kind if row.refined else row.kind


def _classes(moves: list[list[tuple[int, int]]]) -> tuple[bytes, list[int]]:
    """The class of each byte, and a symbol of each class: symbols that every state treats alike are one class."""
    places: dict[tuple[tuple[int, int], ...], int] = {}
    columns: list[int] = []
    of_symbol: list[int] = []
    for symbol in range(_CLOSED + 1):
        column = tuple(row[symbol] for row in moves)
        if column not in places:
            places[column] = len(columns)
            columns.append(symbol)
        of_symbol.append(places[column])
    classes = bytearray(of_symbol[min(byte, HIGH)] for byte in range(256))
    classes[SEPARATOR] = of_symbol[_CLOSED]
    return bytes(classes), columns


def _roles() -> bytes:
    found = bytearray([roles.TROUBLE] * 256)
    plain = {*t.FIXED.values(), t.NAME, t.INT, t.NUMBER, t.STRING, t.QUOTED, t.WORDY, t.ROUTE}
    for kind in plain:
        found[kind] = roles.TOKEN
    for kind in (t.LPAREN, t.LBRACKET, t.LBRACE):
        found[kind] = roles.OPENING
    for kind in (t.RPAREN, t.RBRACKET, t.RBRACE):
        found[kind] = roles.CLOSING
    found[t.SPACE] = roles.SPACE
    found[t.LINE] = roles.LINE
    found[t.COMMENTED] = roles.COMMENTED_LINE
    found[t.COMMENT] = roles.COMMENT
    return bytes(found)
