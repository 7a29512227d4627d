"""The order in which entries leave a store on disk, as a policy that the traces of ``benchmarks.eviction`` are put to.

Unlike the policies of a memory layer, a disk takes everything in, and is pruned to nine tenths when it is over its bound.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.cache.disk.prune import DOWN_TO
from hyper.cache.disk.uses import SPAN, WIDTH, worth
from hyper.cache.policies.protocol import bounded, weight
from hyper.cache.sketches.count_min import CountMin

if TYPE_CHECKING:
    from collections.abc import Iterator


class DiskPruning:
    """Keys in the order of their last use; ``counts``: what is least worth leaves first, as the disk layer has it."""

    def __init__(self, capacity: int, *, counts: bool) -> None:
        self.capacity = bounded(capacity)
        self.used = 0
        self._sizes: dict[bytes, int] = {}
        self._counts = CountMin(WIDTH) if counts else None

    def admit(self, key: bytes, size: int) -> list[bytes]:
        """As in the protocol."""
        size = weight(size)
        if size > self.capacity:
            self.remove(key)
            return [key]
        self.remove(key)
        self._sizes[key] = size
        self.used += size
        self._count(key)
        gone = []
        if self.used > self.capacity:
            least = int(self.capacity * DOWN_TO)
            for other, freed in [each for each in self.victims() if each[0] != key]:
                if self.used <= least:
                    break
                self.used -= freed
                del self._sizes[other]
                gone.append(other)
        return gone

    def touch(self, key: bytes) -> None:
        """As in the protocol."""
        if key in self._sizes:
            self._sizes[key] = self._sizes.pop(key)
            self._count(key)

    def remove(self, key: bytes) -> None:
        """As in the protocol."""
        self.used -= self._sizes.pop(key, 0)

    def victims(self) -> Iterator[tuple[bytes, int]]:
        """As in the protocol."""
        if self._counts is None:
            yield from self._sizes.items()
            return
        estimate = self._counts.estimate
        yield from sorted(self._sizes.items(), key=lambda each: worth(estimate(each[0]), each[1]))

    def _count(self, key: bytes) -> None:
        if self._counts is not None:
            self._counts.add(key)
            if self._counts.total >= SPAN:
                self._counts.halve()

    def __contains__(self, key: object) -> bool:
        return key in self._sizes

    def __len__(self) -> int:
        return len(self._sizes)
