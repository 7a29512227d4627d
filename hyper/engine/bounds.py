"""Sums of products of sizes: how the bound of a cost is written, ``12 + 9 * length(order.lines)``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

# Past this many products a bound says nothing to anybody.
_TERMS: Final = 60
# Past these many products, or factors of one, it is not worked out either: both can double with every line.
_MOST_TERMS: Final = 4096
_MOST_FACTORS: Final = 256


class Atom(msgspec.Struct, frozen=True, order=True):
    """An unknown number: the length of a list at a path, or the value of an int there.

    A path is a parameter and the fields from it; ``[]`` is any element.
    """

    path: str
    kind: Literal["length", "value"] = "length"

    def __str__(self) -> str:
        return f"length({self.path})" if self.kind == "length" else self.path


class Bound(msgspec.Struct, frozen=True):
    """A sum. Each key is a sorted product of atoms, the empty one the constant; coefficients are positive."""

    terms: dict[tuple[Atom, ...], int]

    def __add__(self, other: Bound) -> Bound:
        return total((self, other))

    def __mul__(self, other: Bound) -> Bound:
        many = len(self.terms) * len(other.terms) > _MOST_TERMS
        if many or self._factors() + other._factors() > _MOST_FACTORS:
            return VAST
        terms: dict[tuple[Atom, ...], int] = {}
        for left, one in self.terms.items():
            for right, two in other.terms.items():
                product = tuple(sorted((*left, *right)))
                terms[product] = terms.get(product, 0) + one * two
        return Bound(terms)

    def _factors(self) -> int:
        return max(map(len, self.terms), default=0)

    def either(self, other: Bound) -> Bound:
        """What is no smaller than both, whatever the sizes are."""
        return greatest((self, other))

    def replace(self, change: Callable[[Atom], Bound]) -> Bound:
        """The sum with each atom replaced."""
        parts = []
        for product, count in self.terms.items():
            part = number(count)
            for atom in product:
                part *= change(atom)
            parts.append(part)
        return total(parts)

    def maximum(self, limits: Mapping[Atom, int]) -> int | None:
        """The greatest value under limits of the atoms; ``None`` where one has none."""
        total = 0
        for product, count in self.terms.items():
            for atom in product:
                if atom not in limits:
                    return None
                count *= limits[atom]  # noqa: PLW2901  # the product, factor by factor
            total += count
        return total

    def __str__(self) -> str:
        parts = [_term(product, count) for product, count in sorted(self.terms.items()) if count]
        if len(parts) > _TERMS:
            parts = [*parts[:_TERMS], f"{len(parts) - _TERMS} more terms"]
        return " + ".join(parts) or "0"


def _term(product: tuple[Atom, ...], count: int) -> str:
    shown = (
        f"{count:,}" if count < 10**15 else f"{count:.3e}" if count < 10**300 else "a huge number"
    )
    factors = [str(atom) for atom in product]
    return " * ".join(([shown] if count != 1 or not factors else []) + factors)


def number(value: int) -> Bound:
    """A constant."""
    return Bound({(): value} if value else {})


def unknown(atom: Atom) -> Bound:
    """One atom."""
    return Bound({(atom,): 1})


VAST: Final = unknown(Atom("…", "value"))
"""What is too long to be worked out: an unknown number without a limit."""


def total(parts: Iterable[Bound]) -> Bound:
    """The sum of bounds."""
    terms: dict[tuple[Atom, ...], int] = {}
    for part in parts:
        for product, count in part.terms.items():
            terms[product] = terms.get(product, 0) + count
        if len(terms) > _MOST_TERMS:
            return VAST
    return Bound(terms)


def greatest(parts: Iterable[Bound]) -> Bound:
    """What is no smaller than each of the bounds, whatever the sizes are."""
    terms: dict[tuple[Atom, ...], int] = {}
    for part in parts:
        for product, count in part.terms.items():
            terms[product] = max(terms.get(product, 0), count)
        if len(terms) > _MOST_TERMS:
            return VAST
    return Bound(terms)
