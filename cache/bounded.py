"""Values of any kind at hand, behind a bound in bytes: what a policy lets go of is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from hyper.cache.policies.protocol import Policy

V = TypeVar("V")


class Bounded(Generic[V]):
    """Values by key, each of a size in bytes that whoever puts it says. Not for two threads at once.

    ``counters``: ``hits`` and ``misses`` of ``get``; ``evicted`` (left for others) and ``refused`` (never came in).
    """

    __slots__ = ("_policy", "_values", "counters")

    def __init__(self, policy: Policy) -> None:
        """``policy`` is empty, and this one's own."""
        self._policy = policy
        self._values: dict[bytes, V] = {}
        self.counters = {"hits": 0, "misses": 0, "evicted": 0, "refused": 0}

    @property
    def used(self) -> int:
        """How many bytes the values have together."""
        return self._policy.used

    @property
    def capacity(self) -> int:
        """How many bytes they may have."""
        return self._policy.capacity

    def get(self, key: bytes) -> V | None:
        """The value under a key, which counts as a use of it; ``None`` where none is."""
        value = self._values.get(key)
        if value is None:
            self.counters["misses"] += 1
            return None
        self._policy.touch(key)
        self.counters["hits"] += 1
        return value

    def put(self, key: bytes, value: V, size: int) -> list[bytes]:
        """Keep a value in the place of an earlier one, if the policy admits it.

        Returns the keys that left for it, its own among them where it was refused. Raises ``ValueError`` for a negative size.
        """
        gone = self._policy.admit(key, size)
        self._values[key] = value
        for other in gone:
            self._values.pop(other, None)
        refused = key in gone
        self.counters["refused"] += refused
        self.counters["evicted"] += len(gone) - refused
        return gone

    def forget(self, key: bytes) -> None:
        """Let go of a value; of none is fine."""
        if self._values.pop(key, None) is not None:
            self._policy.remove(key)

    def clear(self) -> None:
        """Let go of all."""
        for key in self._values:
            self._policy.remove(key)
        self._values.clear()

    def __contains__(self, key: object) -> bool:
        """Whether a value is there; no use of it."""
        return key in self._values

    def __len__(self) -> int:
        return len(self._values)
