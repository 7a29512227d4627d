"""A column as people have it, whatever it lies in: values, some not there, or records or lists of further columns."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

Shape: TypeAlias = Literal["list", "record"]

if TYPE_CHECKING:
    from hyper.jit.columns.formats import Array, Read, Wrong
    from hyper.jit.columns.texts import Texts
    from hyper.jit.kernel.ir import Format


class Node(ABC):
    """``len()`` values. What a method gives is for all of them; at those that are not there it means nothing."""

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def part(self, start: int, stop: int) -> Node:
        """The values from ``start`` up to ``stop``, which share its memory."""

    @abstractmethod
    def there(self, *, empty: bool) -> Array | None:
        """Which values are there, as bools; ``None`` where all are. ``empty``: an empty text is a value."""

    @abstractmethod
    def field(self, name: str) -> Node | None:
        """A field of records; ``None`` where they have none of that name."""

    @abstractmethod
    def fields(self) -> list[str]:
        """The names of the fields; none of what is no record."""

    @abstractmethod
    def items(self, there: Array | None) -> tuple[Array, Node]:
        """Of lists: where each begins and the last ends (int64, from 0, one more than lists), and all their items.

        Lists that are not ``there`` are empty. Raises ``TypeError`` for what is no list, ``ValueError`` for lists whose items are
        not all there.
        """

    def shaped(self, shape: Shape) -> tuple[Node, list[Wrong]]:
        """The same values as lists or as records, with those that are none; these are then not there."""
        del shape
        return self, []

    @abstractmethod
    def read(self, form: Format, texts: Texts) -> Read:
        """The values as numbers of a format. Raises ``WrongTypeError``."""

    @abstractmethod
    def objects(self) -> list[Any]:
        """The values as Python has them, ``None`` for what is not there."""

    @abstractmethod
    def kind(self) -> str:
        """What it is, for people."""


def spans(starts: Array, lengths: Array) -> Array:
    """The indexes of items that lie in pieces."""
    import numpy as np

    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    places: Array = np.arange(total) + np.repeat(starts - (ends - lengths), lengths)
    return places
