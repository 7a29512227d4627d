"""What a text engine has to know of a language to cut its files into tokens, as data.

A language makes the table from its definition of tokens; the engine knows nothing else of it. The *pieces* of a file tile it; each
kind of piece has a role in the *layout*, which drops spaces, joins the lines inside of brackets and turns indentation into tokens.
"""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec

SEPARATOR: Final = 0xFF
"""The byte that closes each file in an arena; no text in UTF-8 has it."""

# Roles of kinds.
TOKEN: Final = 0
SPACE: Final = 1
LINE: Final = 2
"""A line end, with the blank lines and the indentation behind it."""
COMMENTED_LINE: Final = 3
"""The same with comment lines."""
COMMENT: Final = 4
OPENING: Final = 5
CLOSING: Final = 6
TROUBLE: Final = 7
"""What only the language itself can judge: the file is left to it."""

STARTS: Final = 0x8000
"""In a move: a piece starts at the byte that was read."""
STARTS_BEFORE: Final = 0x4000
"""In a move: a piece starts at the byte before the one that was read."""
TARGET: Final = 0x3FFF
"""In a move: where the row of the next state begins."""


_BYTES: Final = 256


def _leads(move: int, rows: int, width: int) -> bool:
    """Whether a move leads to the beginning of a row."""
    target = move & TARGET
    return target < rows and target % width == 0


class TokenTable(msgspec.Struct, frozen=True):
    """A machine over bytes that cuts texts in UTF-8 into pieces, and what becomes of the pieces.

    ``classes`` has 256 bytes: the class of each byte. ``moves`` are unsigned 16-bit integers, little-endian,
    ``width`` (a power of two) for each state: ``moves[row + class]`` is the row of the next state, with ``STARTS``
    and ``STARTS_BEFORE``. ``ended`` has for each state the kind of the piece that ends when a piece starts;
    ``alone`` the kind of the last byte where that is a piece of its own. State 0 is that at the start of a file;
    every state comes back to it at ``SEPARATOR``.

    ``roles`` has 256 bytes: the role of each kind. ``longest`` are 256 signed 32-bit integers, little-endian: the
    most bytes of a piece of each kind, 0 for any number. ``newline``, ``indent``, ``dedent`` and ``end`` are the
    kinds of tokens that the layout makes.

    A table that is not of this form, so that an engine would read beyond it, is a ``ValueError``, also where it is decoded.
    """

    classes: bytes
    width: int
    moves: bytes
    ended: bytes
    alone: bytes
    roles: bytes
    longest: bytes
    newline: int
    indent: int
    dedent: int
    end: int

    def __post_init__(self) -> None:
        """Check the sizes of all parts, and where moves lead; not what they mean.

        :raises ValueError: where one is not as the class says.
        """
        rows = self.width * len(self.ended)
        made = (self.newline, self.indent, self.dedent, self.end)
        sound = (
            len(self.classes) == len(self.roles) == _BYTES
            and len(self.longest) == 4 * _BYTES
            and len(self.ended) == len(self.alone)
            and self.width.bit_count() == 1
            and max(self.classes) < self.width
            and 0 < 2 * rows == len(self.moves)
            and max(self.roles) <= TROUBLE
            and all(0 <= kind < _BYTES for kind in made)
        )
        if not sound or any(
            not _leads(low | high << 8, rows, self.width)
            for low, high in set(zip(self.moves[::2], self.moves[1::2], strict=True))
        ):
            message = "this is no token table: its parts do not fit together"
            raise ValueError(message)

    @property
    def states(self) -> int:
        """How many states the machine has."""
        return len(self.ended)

    def digest(self) -> str:
        """A name of the table's content: SHA-256, hexadecimal."""
        return hashlib.sha256(msgspec.msgpack.encode(self)).hexdigest()
