"""The protocol of an eviction policy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator


class Policy(Protocol):
    """Decides which keys, each of a size in bytes, a bounded store keeps.

    Pure: no clock, no randomness, no input or output; the same calls give the same answers. It knows keys, not values: the
    store that asks deletes what it is told to. ``used <= capacity`` holds after each call. An empty value counts as one byte,
    so that the number of keys is bounded too.
    """

    @property
    def capacity(self) -> int:
        """How many bytes the resident keys may have together."""
        ...

    @property
    def used(self) -> int:
        """How many bytes the resident keys have together."""
        ...

    def admit(self, key: bytes, size: int) -> list[bytes]:
        """Make a key resident and return the keys that leave for it, each once; none of them is resident afterwards.

        The key itself is among them if it is refused: it is larger than the capacity, or admission is against it. A resident
        key of the same size is touched; one of another size is removed and admitted anew.

        Raises:
            ValueError: The size is negative.

        """
        ...

    def touch(self, key: bytes) -> None:
        """A hit. A key that is not resident is passed over."""
        ...

    def remove(self, key: bytes) -> None:
        """The store has lost or deleted the key: forget it. A key that is not resident is passed over."""
        ...

    def victims(self) -> Iterator[tuple[bytes, int]]:
        """The resident keys with their sizes, roughly in the order in which they would leave; asking changes nothing.

        The iterator is spent with the next change of the policy.
        """
        ...

    def __contains__(self, key: object) -> bool:
        """Whether the key is resident."""
        ...

    def __len__(self) -> int:
        """How many keys are resident."""
        ...


def weight(size: int) -> int:
    """What a value of ``size`` bytes counts for: an empty one counts as one byte.

    Raises:
        ValueError: The size is negative.

    """
    if size < 0:
        raise ValueError(f"a size of {size} bytes")
    return size or 1


def bounded(capacity: int) -> int:
    """The capacity, in bytes.

    Raises:
        ValueError: It is not positive.

    """
    if capacity < 1:
        raise ValueError(f"a capacity of {capacity} bytes")
    return capacity
