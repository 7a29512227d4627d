"""S3-FIFO: three queues, in which a hit only counts and nothing moves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hyper.cache.policies.protocol import bounded, weight
from hyper.cache.policies.queue import Queue

if TYPE_CHECKING:
    from collections.abc import Iterator

# From the paper: counts are two bits, and a tenth of the capacity is for what is new.
_MOST: Final = 3
_NEW: Final = 10
# How many keys that a second chance would save are passed over when victims are only looked at.
_AHEAD: Final = 16


class S3FIFO:
    """Simple, scalable FIFO caching with three static queues, with sizes.

    J. Yang, Y. Zhang, Z. Qiu, Y. Yue, K. V. Rashmi: "FIFO queues are all you need for cache eviction", SOSP 2023. New keys enter
    ``small``; those used more than once there go on to ``main``, the others leave and are remembered in ``ghosts``; a key that
    comes back while it is remembered enters ``main``. In ``main`` each use gives one more round.

    Adapted to sizes: the tenth that ``small`` gets is of bytes, and a bound that one large key may exceed, since only the
    capacity of both queues is hard; ``ghosts`` remembers keys worth as many bytes as ``main`` may have.
    """

    __slots__ = ("_counts", "_ghosts", "_main", "_share", "_small", "capacity")

    def __init__(self, capacity: int) -> None:
        self.capacity = bounded(capacity)
        self._share = capacity // _NEW
        self._small = Queue()
        self._main = Queue()
        self._ghosts = Queue()
        self._counts: dict[bytes, int] = {}

    @property
    def used(self) -> int:
        """How many bytes the resident keys have together."""
        return self._small.used + self._main.used

    def admit(self, key: bytes, size: int) -> list[bytes]:
        """As in the protocol."""
        size = weight(size)
        resident = self._small.entries.get(key) or self._main.entries.get(key)
        if resident == size:
            self.touch(key)
            return []
        if resident:
            self.remove(key)
        if size > self.capacity:
            return [key]
        known = self._ghosts.take(key) is not None
        gone: list[bytes] = []
        room = self.capacity - size
        while self._small.used + self._main.used > room:
            if self._small.used > self._share or not self._main.entries:
                self._evict_small(gone)
            else:
                self._evict_main(gone)
        (self._main if known else self._small).push(key, size)
        self._counts[key] = 0
        return gone

    def touch(self, key: bytes) -> None:
        """As in the protocol."""
        count = self._counts.get(key)
        if count is not None and count < _MOST:
            self._counts[key] = count + 1

    def remove(self, key: bytes) -> None:
        """As in the protocol."""
        if self._counts.pop(key, None) is not None and self._small.take(key) is None:
            self._main.take(key)

    def victims(self) -> Iterator[tuple[bytes, int]]:
        """As in the protocol; of the keys with a second chance only the first few of each queue are passed over."""
        small = self._doomed(self._small, 1)
        main = self._doomed(self._main, 0)
        first, then = (small, main) if self._small.used > self._share else (main, small)
        yield from first
        yield from then

    def _doomed(self, queue: Queue, spared_above: int) -> Iterator[tuple[bytes, int]]:
        later: list[tuple[bytes, int]] = []
        for key, size in queue.entries.items():
            if self._counts[key] > spared_above and len(later) < _AHEAD:
                later.append((key, size))
            else:
                yield key, size
        yield from later

    def _evict_small(self, gone: list[bytes]) -> None:
        """The oldest new key goes on to the main queue, or leaves."""
        key, size = self._small.pop()
        if self._counts[key] > 1:
            self._counts[key] = 0
            self._main.push(key, size)
            return
        del self._counts[key]
        gone.append(key)
        ghosts = self._ghosts
        ghosts.push(key, size)
        while ghosts.used > self.capacity - self._share:
            ghosts.pop()

    def _evict_main(self, gone: list[bytes]) -> None:
        """The oldest key of the main queue gets another round for one of its uses, or leaves."""
        key, size = self._main.pop()
        if self._counts[key]:
            self._counts[key] -= 1
            self._main.push(key, size)
            return
        del self._counts[key]
        gone.append(key)

    def __contains__(self, key: object) -> bool:
        return key in self._counts

    def __len__(self) -> int:
        return len(self._counts)
