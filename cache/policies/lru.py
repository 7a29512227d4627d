"""LRU: the key that was not used for the longest time leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.cache.policies.protocol import bounded, weight
from hyper.cache.policies.queue import Queue

if TYPE_CHECKING:
    from collections.abc import Iterator


class LRU:
    """Least recently used, with sizes: as many of the oldest keys leave as make room.

    R. L. Mattson, J. Gecsei, D. R. Slutz, I. L. Traiger: "Evaluation techniques for storage hierarchies", IBM Systems
    Journal 9 (1970).
    """

    __slots__ = ("_keys", "capacity")

    def __init__(self, capacity: int) -> None:
        self.capacity = bounded(capacity)
        self._keys = Queue()

    @property
    def used(self) -> int:
        """How many bytes the resident keys have together."""
        return self._keys.used

    def admit(self, key: bytes, size: int) -> list[bytes]:
        """As in the protocol."""
        size = weight(size)
        keys = self._keys
        if keys.entries.get(key) == size:
            keys.entries.move_to_end(key)
            return []
        keys.take(key)
        if size > self.capacity:
            return [key]
        gone = []
        room = self.capacity - size
        while keys.used > room:
            gone.append(keys.pop()[0])
        keys.push(key, size)
        return gone

    def touch(self, key: bytes) -> None:
        """As in the protocol."""
        if key in self._keys.entries:
            self._keys.entries.move_to_end(key)

    def remove(self, key: bytes) -> None:
        """As in the protocol."""
        self._keys.take(key)

    def victims(self) -> Iterator[tuple[bytes, int]]:
        """As in the protocol; the order is exact."""
        return iter(self._keys.entries.items())

    def __contains__(self, key: object) -> bool:
        return key in self._keys.entries

    def __len__(self) -> int:
        return len(self._keys.entries)
