"""Types of the IR compared: aliases and markers seen through, at every level."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.lang.types import (
    ANY_DECIMAL,
    BOOL,
    INT,
    NONE,
    STRING,
    Alias,
    Dec,
    ListOf,
    Lit,
    MapOf,
    Marked,
    Opt,
    Type,
    Union,
    Unknown,
)

if TYPE_CHECKING:
    from hyper.ir.program import Program


def bare(kind: Type, program: Program) -> Type:
    """The type without its own aliases and markers; what is inside keeps its own. An alias that is not defined stays."""
    while isinstance(kind, Marked | Alias):
        if isinstance(kind, Marked):
            kind = kind.inner
            continue
        target = program.alias_type(kind.name)
        if target is None:
            return kind
        kind = target
    return kind


class Kinds:
    """Looks through the aliases of one program."""

    def __init__(self, program: Program) -> None:
        self._program = program

    def bare(self, kind: Type) -> Type:
        """The type without its own aliases and markers; unknown where an alias is not defined."""
        found = bare(kind, self._program)
        return Unknown() if isinstance(found, Alias) else found

    def present(self, kind: Type) -> Type:
        """The bare type without its optionality."""
        kind = self.bare(kind)
        while isinstance(kind, Opt):
            kind = self.bare(kind.inner)
        return kind

    def same(self, left: Type, right: Type) -> bool:
        """Whether both mean the same. Aliases are opened only where their names differ, so recursive ones end."""
        waiting = [(left, right)]
        while waiting:
            left, right = waiting.pop()
            if left == right:
                continue
            left, right = self.bare(left), self.bare(right)
            match left, right:
                case (ListOf(one), ListOf(other)) | (Opt(one), Opt(other)):
                    waiting.append((one, other))
                case MapOf(one), MapOf(other):
                    waiting.append((one, other))
                case _ if left != right:
                    return False
                case _:
                    pass
        return True

    def fits(self, value: Type, place: Type) -> bool:
        """Whether a value of one type may stand in a place of another as it is, without a ``Convert``."""
        value, place = self.bare(value), self.bare(place)
        if isinstance(value, Unknown) or isinstance(place, Unknown):
            return False
        if self.same(value, place) or place == ANY_DECIMAL == _any_decimal(value):
            return True
        if isinstance(place, Opt):
            return value == NONE or self.fits(value, place.inner)
        if isinstance(value, Lit):
            return place == _own_type(value)
        if isinstance(place, Union):
            return any(self.fits(value, variant) for variant in self.variants(place.name))
        if isinstance(value, ListOf) and isinstance(place, ListOf):
            return self.fits(value.item, place.item)
        if isinstance(value, MapOf) and isinstance(place, MapOf):
            return self.fits(value.value, place.value)
        return False

    def variants(self, union: str) -> tuple[Type, ...]:
        """The variants of a union; none where there is no such union."""
        return self._program.variants(union) or ()


def _any_decimal(kind: Type) -> Type:
    return ANY_DECIMAL if isinstance(kind, Dec) else kind


def _own_type(kind: Lit) -> Type:
    if isinstance(kind.value, bool):
        return BOOL
    return INT if isinstance(kind.value, int) else STRING
