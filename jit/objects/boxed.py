"""What wrappers take and give: Python's objects, and how each becomes numbers of a kernel."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import msgspec

DECIMAL_SLOT: Final = 0
DATE_SLOT: Final = 1
FIRST_SLOT: Final = 2
"""Slots from here on are members of enums."""

Kind: TypeAlias = Literal[
    "bool", "int", "float", "date", "decimal", "wide", "label", "text", "present",
    "list", "ints", "floats", "items", "self",
]  # fmt: skip
Stored: TypeAlias = Literal["i8", "i32", "i64", "i128", "double"]
"""How an item lies in memory."""


class Boxed(msgspec.Struct, frozen=True):
    """What a Python object is as a number. ``place`` is that of the argument;a decimal, and ``wide``, one of two
    words, have ``precision`` and ``scale``; a label is one of ``count`` members from slot ``slot`` on; a text is its place in
    ``texts``, or their number for any other.

    A ``list``, or one of ``ints`` or ``floats``, is where its items begin and end; ``items`` is the address of ``item`` of each,
    ``place`` being that of the list among the arguments of the wrapper, which comes first. ``self``, as a result, is the
    argument itself.

    ``path`` are the attributes that lead to the object; after as many steps as ``maybe`` names it may be ``None``, and the number
    is then 0. ``present`` tells whether it is not ``None``. Where a wrapper takes several texts, ``among`` numbers this one from
    1: of those that are not in ``texts``, equal ones get the same number and others another."""

    kind: Kind
    place: int = 0
    precision: int = 0
    scale: int = 0
    slot: int = 0
    count: int = 0
    path: tuple[str, ...] = ()
    maybe: tuple[int, ...] = ()
    texts: tuple[str, ...] = ()
    item: Boxed | None = None
    among: int = 0

    @property
    def stored(self) -> Stored:
        """How an item of a list of these lies in memory."""
        match self.kind:
            case "bool" | "present":
                return "i8"
            case "label" | "text":
                return "i32"
            case "float":
                return "double"
            case "wide":
                return "i128"
            case _:
                return "i64"


class Wrapper(msgspec.Struct, frozen=True):
    """A function: its name and documentation in Python, the symbol that it calls, how many arguments it has, those that the
    kernel takes in its order, and its result. ``names`` are those by which arguments can be given; without them all are given
    by place."""

    name: str
    doc: str
    symbol: str
    arity: int
    arguments: tuple[Boxed, ...]
    result: Boxed
    names: tuple[str, ...] = ()
