"""What every node of the syntax tree is, with comments and written names."""

from __future__ import annotations

import msgspec


class Node(msgspec.Struct, eq=False, gc=False, array_like=True, tag=True, tag_field="node"):
    """Anything with a place in the text.

    A tree has no cycles, so that the cycle collector need not follow its nodes: parsing is three times
    faster for it. Never let a node refer to one above it, nor stand at two places: a tree crosses between processes
    as arrays, each with the name of its class, and comes out with a node for each place.
    """

    start: int
    end: int


class Comment(Node):
    """A ``#`` comment. ``text`` begins with ``#``; ``own_line`` tells whether nothing stands before it."""

    text: str
    own_line: bool


class Ident(Node):
    """A name as written. ``name`` is without the backticks that may have quoted it."""

    name: str
    quoted: bool = False
