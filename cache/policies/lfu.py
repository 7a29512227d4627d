"""LFU: the key that was used the fewest times leaves; among equals, the one that was used least recently."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from hyper.cache.policies.protocol import bounded, weight

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Bucket:
    """The keys that were used equally often, oldest use first, between the next rarer and the next more frequent bucket."""

    __slots__ = ("count", "keys", "more", "rarer")

    def __init__(self, count: int) -> None:
        self.count = count
        self.keys: OrderedDict[bytes, None] = OrderedDict()
        self.rarer = self
        self.more = self


class LFU:
    """Least frequently used, in constant time, with sizes: as many of the rarest keys leave as make room.

    K. Shah, A. Mitra, D. Matani: "An O(1) algorithm for implementing the LFU cache eviction scheme" (2010). Counts live as long
    as the key is resident and are never aged.
    """

    __slots__ = ("_buckets", "_end", "_sizes", "capacity", "used")

    def __init__(self, capacity: int) -> None:
        self.capacity = bounded(capacity)
        self.used = 0
        self._sizes: dict[bytes, int] = {}
        self._buckets: dict[bytes, _Bucket] = {}
        # Head and tail of the ring of buckets, which is never taken out and holds no keys.
        self._end = _Bucket(0)

    def admit(self, key: bytes, size: int) -> list[bytes]:
        """As in the protocol."""
        size = weight(size)
        if self._sizes.get(key) == size:
            self.touch(key)
            return []
        self.remove(key)
        if size > self.capacity:
            return [key]
        gone = []
        room = self.capacity - size
        while self.used > room:
            rarest = next(iter(self._end.more.keys))
            self.remove(rarest)
            gone.append(rarest)
        self._sizes[key] = size
        self.used += size
        self._enter(key, self._end)
        return gone

    def touch(self, key: bytes) -> None:
        """As in the protocol."""
        bucket = self._buckets.get(key)
        if bucket is not None:
            del bucket.keys[key]
            self._enter(key, bucket)
            self._drop_if_empty(bucket)

    def remove(self, key: bytes) -> None:
        """As in the protocol."""
        bucket = self._buckets.pop(key, None)
        if bucket is not None:
            self.used -= self._sizes.pop(key)
            del bucket.keys[key]
            self._drop_if_empty(bucket)

    def victims(self) -> Iterator[tuple[bytes, int]]:
        """As in the protocol; the order is exact."""
        bucket = self._end.more
        while bucket is not self._end:
            for key in bucket.keys:
                yield key, self._sizes[key]
            bucket = bucket.more

    def _enter(self, key: bytes, after: _Bucket) -> None:
        """Put the key into the bucket of one use more than ``after`` has."""
        bucket = after.more
        if bucket.count != after.count + 1:
            bucket = _Bucket(after.count + 1)
            bucket.rarer, bucket.more = after, after.more
            after.more.rarer = bucket
            after.more = bucket
        bucket.keys[key] = None
        self._buckets[key] = bucket

    def _drop_if_empty(self, bucket: _Bucket) -> None:
        if not bucket.keys:
            bucket.rarer.more = bucket.more
            bucket.more.rarer = bucket.rarer

    def __contains__(self, key: object) -> bool:
        return key in self._sizes

    def __len__(self) -> int:
        return len(self._sizes)
