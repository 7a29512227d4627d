"""ARC: a balance between recency and frequency that adapts to what is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.cache.policies.protocol import bounded, weight
from hyper.cache.policies.queue import Queue

if TYPE_CHECKING:
    from collections.abc import Iterator


class ARC:
    """Adaptive replacement cache, with sizes.

    N. Megiddo, D. S. Modha: "ARC: a self-tuning, low overhead replacement cache", FAST 2003. ``once`` and ``often`` are T1 and T2
    of the paper: keys that were used once and more than once since they came; ``once_ghosts`` and ``often_ghosts`` are B1 and B2:
    keys that left the two, without values.

    Adapted to sizes: every length of the paper is a sum of bytes, and so are ``target`` (p) and its bounds. A hit in a ghost
    list moves the target by the size of that key, times the ratio of the ghost lists where that is above one. The paper's REPLACE
    runs until there is room. Ghost lists are trimmed after the insertion, to ``once + once_ghosts <= capacity`` and all four
    lists ``<= 2 * capacity``.
    """

    __slots__ = ("_often", "_often_ghosts", "_once", "_once_ghosts", "_target", "capacity")

    def __init__(self, capacity: int) -> None:
        self.capacity = bounded(capacity)
        self._once = Queue()
        self._often = Queue()
        self._once_ghosts = Queue()
        self._often_ghosts = Queue()
        self._target = 0

    @property
    def used(self) -> int:
        """How many bytes the resident keys have together."""
        return self._once.used + self._often.used

    def admit(self, key: bytes, size: int) -> list[bytes]:
        """As in the protocol."""
        size = weight(size)
        resident = self._once.entries.get(key) or self._often.entries.get(key)
        if resident == size:
            self.touch(key)
            return []
        if resident:
            self.remove(key)
        if size > self.capacity:
            return [key]
        recent = self._once_ghosts.take(key) is not None
        frequent = not recent and self._often_ghosts.take(key) is not None
        if recent or frequent:
            self._adapt(size, recent=recent)
        gone = self._make_room(size, frequent=frequent)
        (self._often if recent or frequent else self._once).push(key, size)
        self._trim_ghosts()
        return gone

    def touch(self, key: bytes) -> None:
        """As in the protocol."""
        if key in self._often.entries:
            self._often.entries.move_to_end(key)
            return
        size = self._once.take(key)
        if size is not None:
            self._often.push(key, size)

    def remove(self, key: bytes) -> None:
        """As in the protocol."""
        if self._once.take(key) is None:
            self._often.take(key)

    def victims(self) -> Iterator[tuple[bytes, int]]:
        """As in the protocol; the order is that of evictions without ghost hits between them."""
        once, often = iter(self._once.entries.items()), iter(self._often.entries.items())
        left = self._once.used
        for _ in range(len(self)):
            entry = next(once if left > self._target else often, None)
            # Whichever queue has no more gives way to the other.
            key, size = entry or next(often, None) or next(once)
            if key in self._once.entries:
                left -= size
            yield key, size

    def _adapt(self, size: int, *, recent: bool) -> None:
        """Move the target towards the list that would have had the key. The key has left its ghost list already."""
        ours, theirs = self._once_ghosts.used, self._often_ghosts.used
        if recent:
            step = max(size, size * theirs // (ours + size))
            self._target = min(self.capacity, self._target + step)
        else:
            step = max(size, size * ours // (theirs + size))
            self._target = max(0, self._target - step)

    def _make_room(self, size: int, *, frequent: bool) -> list[bytes]:
        gone = []
        once, often = self._once, self._often
        room = self.capacity - size
        while once.used + often.used > room:
            over = once.used > self._target or (frequent and once.used == self._target)
            if once.entries and (over or not often.entries):
                key, freed = once.pop()
                self._once_ghosts.push(key, freed)
            else:
                key, freed = often.pop()
                self._often_ghosts.push(key, freed)
            gone.append(key)
        return gone

    def _trim_ghosts(self) -> None:
        recent, frequent = self._once_ghosts, self._often_ghosts
        while recent.entries and self._once.used + recent.used > self.capacity:
            recent.pop()
        while frequent.entries and self.used + recent.used + frequent.used > 2 * self.capacity:
            frequent.pop()

    def __contains__(self, key: object) -> bool:
        return key in self._once.entries or key in self._often.entries

    def __len__(self) -> int:
        return len(self._once.entries) + len(self._often.entries)
