"""What the operations give: flat memory, the same bytes from each back end.

A ``memoryview`` of 32-bit integers has the format ``i``, of bytes ``B``, of unsigned 64-bit integers ``Q``;
``numpy.asarray`` takes one without copying. Offsets are in bytes of the arena unless something else is said.
"""

from __future__ import annotations

from struct import calcsize
from typing import Any, NamedTuple


class Lines(NamedTuple):
    """Where lines begin. A file has one line more than it has line feeds.

    ``starts`` (``i``): the first byte of each line. ``indents`` (``i``): how many spaces and tabs it begins with.
    ``files`` (``i``, one more than files): the place of each file's first line, and the number of all lines.
    """

    starts: memoryview
    indents: memoryview
    files: memoryview


class Pieces(NamedTuple):
    """Arena cut by a table. ``starts`` (``i``): where each piece starts, and the size of the arena. ``kinds``
    (``B``): the kind of each.

    A separator is a piece too, of the kind that the table's ``ended`` has for state 0.
    """

    starts: memoryview
    kinds: memoryview


class PiecesError(ValueError):
    """Pieces that do not tile the files of an arena: the table that cut them is wrong, or what cut by it."""


class TokenArrays(NamedTuple):
    """The tokens of all files, laid out by a table.

    ``kinds`` (``B``), ``starts`` and ``ends`` (``i``): of each token, in characters from the start of its file.
    ``comments`` (``i``): the start and the end of each comment, two entries each; ``own`` (``B``): 1 where nothing
    stands before the comment on its line. ``files`` (``i``, three entries for each file): how many tokens and
    comments there are until its end, and 1 where the file is left to the language: its tokens mean nothing.
    """

    kinds: memoryview
    starts: memoryview
    ends: memoryview
    comments: memoryview
    own: memoryview
    files: memoryview


class Matches(NamedTuple):
    """Where patterns were found: ``ends`` (``i``), one past the last byte, in ascending order, and ``patterns``
    (``i``), ascending among those of one end."""

    ends: memoryview
    patterns: memoryview


def room(form: str, count: int) -> memoryview:
    """Room for so many numbers of a form, all 0."""
    view: Any = memoryview(bytearray(count * calcsize(form)))
    found: memoryview = view.cast(form)
    return found
