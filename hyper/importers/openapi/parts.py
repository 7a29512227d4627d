"""Parts of the tree to be: declarations that know each other before they have names."""

from __future__ import annotations

import msgspec

from hyper.importers.openapi.shapes import Shape
from hyper.lang import tree


class Hint(msgspec.Struct, eq=False, frozen=True):
    """Where an inline schema stands: the part around it and the words that tell its place."""

    owner: Part
    text: str
    title: str = ""


class Part(msgspec.Struct, eq=False):
    """One declaration. All references share ``ident``, so that naming it names them all."""

    kind: str
    """``entity``, ``enum``, ``union``, ``alias`` or ``action``."""
    ident: tree.Ident
    wire: str = ""
    """The name of a component; empty for an inline schema."""
    base: str = ""
    """What the names of inline schemas begin with; empty: the part's own name."""
    decl: tree.Declaration | None = None
    deps: dict[Part, None] = {}
    hints: list[Hint] = []
    members: dict[str | int | bool, str] = {}
    """``enum``: the member of each wire value."""
    module: str = ""
    tags: tuple[str, ...] = ()
    """``action``: where it belongs."""
    shape: Shape | None = None

    @property
    def name(self) -> str:
        """The name, empty until it is given."""
        return self.ident.name


class Spot(msgspec.Struct, frozen=True):
    """Where a type is used: the part that uses it, words for what is declared for it, and whether the
    place has a documentation string of its own."""

    owner: Part
    text: str
    noted: bool = False

    def inner(self, text: str) -> Spot:
        """A place within brackets of this one."""
        return Spot(self.owner, text)


def type_of(part: Part) -> tree.TypeName:
    """A reference to a part."""
    return tree.TypeName(0, 0, [part.ident], [], [])
