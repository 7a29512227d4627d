"""The memory layer: what one process has at hand, bounded by an eviction policy."""

from __future__ import annotations

from threading import RLock
from typing import TYPE_CHECKING, Any

from hyper.cache.bounded import Bounded
from hyper.cache.policies.lru import LRU
from hyper.cache.protocol import fresh_counters, is_good

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hyper.cache.policies.protocol import Policy
    from hyper.cache.protocol import Kind


class MemoryLayer:
    """Entries in a dictionary, at most ``max_bytes`` of values. ``policy`` makes the eviction policy for a capacity.

    An entry is proved once, when it is put: nobody can change it afterwards. One that the policy does not admit is
    not kept, which is no error.
    """

    def __init__(
        self,
        max_bytes: int,
        policy: Callable[[int], Policy] = LRU,
        *,
        name: str = "memory",
        values: Bounded[Any] | None = None,
    ) -> None:
        """``values``: where the entries are kept, beside other things of the same process and within one bound with them."""
        self.name = name
        self._entries: Bounded[Any] = Bounded(policy(max_bytes)) if values is None else values
        self._counters = fresh_counters(("evicted", "refused"))
        self._lock = RLock()
        self._closed = False

    @property
    def counters(self) -> dict[str, int]:
        """Counts since the layer was made."""
        return dict(self._counters)

    def get_many(self, kind: Kind, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """See ``Layer``."""
        found = {}
        with self._lock:
            wanted = dict.fromkeys(keys)
            for key in wanted:
                name = _name(kind, key)
                value = self._entries.get(name)
                if value is not None:
                    found[key] = value
                    self._counters["bytes_out"] += len(value)
            self._counters["hits"] += len(found)
            self._counters["misses"] += len(wanted) - len(found)
        return found

    def put_many(self, kind: Kind, entries: Mapping[bytes, bytes], cost: float = 0.0) -> None:
        """See ``Layer``. The cost is not looked at."""
        del cost
        with self._lock:
            for key, value in {} if self._closed else entries.items():
                if not is_good(kind, key, value):
                    self._counters["dropped"] += 1
                    continue
                self._counters["puts"] += 1
                self._counters["bytes_in"] += len(value)
                self._keep(_name(kind, key), value)

    def _keep(self, name: bytes, value: bytes) -> None:
        gone = self._entries.put(name, value, len(value))
        refused = name in gone
        self._counters["refused"] += refused
        self._counters["evicted"] += len(gone) - refused

    def flush(self) -> None:
        """Nothing outlives the process."""

    def close(self) -> None:
        """See ``Layer``."""
        with self._lock:
            self._closed = True
            self._entries.clear()


def _name(kind: Kind, key: bytes) -> bytes:
    return (b"a" if kind == "action" else b"b") + key
