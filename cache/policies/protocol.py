"""The protocol of an eviction policy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator


class Policy(Protocol):
    """Decides which keys, each of a size in bytes, a bounded store keeps.

    Pure: no clock, no randomness, no input or output; the same calls give the same answers. It knows keys, not values: the
    store that asks deletes what it is told to. ``used <= capacity`` holds after each call.
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
        """Make a key resident and return the keys that leave for it, each once.

        The key itself is among them if it is refused: it is larger than the capacity, or admission is against it. A key that
        was resident and gets another size is used, as by ``touch``, and keeps its place with the new size.

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

    def victims(self) -> Iterator[bytes]:
        """The resident keys, roughly in the order in which they would leave; nothing changes by asking.

        The iterator ends its life with the next change of the policy.
        """
        ...

    def __contains__(self, key: object) -> bool:
        """Whether the key is resident."""
        ...

    def __len__(self) -> int:
        """How many keys are resident."""
        ...
