"""Seeded draws. Only ``random()`` is asked of Python, whose sequence is the same in every version."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")


class Draws:
    """The same seed gives the same draws on every machine."""

    __slots__ = ("_random",)

    def __init__(self, seed: str) -> None:
        # Nothing secret is made here. A text as seed is hashed by SHA-512, whatever the hash seed.
        self._random = random.Random(seed)  # noqa: S311

    def chance(self, share: float) -> bool:
        """True in that share of all draws."""
        return self._random.random() < share

    def below(self, bound: int) -> int:
        """A number from 0 to ``bound`` - 1, all alike."""
        return int(self._random.random() * bound)

    def popular(self, bound: int) -> int:
        """A number below ``bound`` whose density falls as one over its rank (Zipf)."""
        return min(int((bound + 1) ** self._random.random()) - 1, bound - 1)

    def one(self, items: Sequence[T]) -> T:
        """One of the items."""
        return items[self.below(len(items))]

    def some(self, items: Sequence[T], count: int) -> list[T]:
        """Different items, in the order in which they stand."""
        left = list(range(len(items)))
        taken = [left.pop(self.below(len(left))) for _ in range(min(count, len(items)))]
        return [items[at] for at in sorted(taken)]
