"""TinyLFU: a key gets in only if it is asked for more often than those that would leave for it."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Final, Protocol

from hyper.cache.policies.protocol import weight
from hyper.cache.policies.queue import Queue
from hyper.cache.sketches.count_min import CountMin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hyper.cache.policies.protocol import Policy

# As in the paper: counts are halved after ten uses for each key that fits.
_PERIOD: Final = 10
# Of the layer's values, where nobody says how many fit.
_MEAN_SIZE: Final = 4096


class Frequencies(Protocol):
    """Counts of how often keys were used, which can be aged."""

    def add(self, key: bytes) -> object:
        """Count one use."""
        ...

    def estimate(self, key: bytes) -> int:
        """About how often the key was used."""
        ...

    def halve(self) -> None:
        """Age all counts."""
        ...


class TinyLFU:
    """Admission in front of any eviction policy, by the recent frequency of keys that are and that are not resident.

    G. Einziger, R. Friedman, B. Manes: "TinyLFU: a highly efficient cache admission policy", ACM Transactions on Storage 13
    (2017): a count-min sketch that is halved in periods, and a window in front: new keys stay in it, in the order of use, and
    only when they leave it they must show that they are wanted. The paper's doorkeeper is left out: a build cache is asked for
    most keys a few times, and it rounds small counts down to nothing.

    Adapted to sizes as in G. Einziger, O. Eytan, R. Friedman, B. Manes: "Lightweight robust size aware cache management", ACM
    Transactions on Storage 18 (2022), aggregated victims: a key must be more frequent than all keys together that would leave
    for it, looked at one after the other until it loses or has room.
    """

    __slots__ = ("_counts", "_main", "_room", "_seen", "_span", "_window")

    def __init__(
        self,
        main: Policy,
        *,
        keys: int | None = None,
        window: int = 0,
        counts: Frequencies | None = None,
    ) -> None:
        """In front of an empty ``main``.

        Args:
            main: The policy that is guarded.
            keys: About how many keys fit; without it, as many as would if each had 4 KiB. Eight to sixteen bytes of counters are
                kept for each.
            window: Bytes of the window, which come on top of the capacity of ``main``.
            counts: What counts instead of a count-min sketch of that size.

        """
        keys = keys or max(64, main.capacity // _MEAN_SIZE)
        self._main = main
        self._room = window
        self._window = Queue()
        self._counts: Frequencies = counts or CountMin(2 * keys)
        self._span = _PERIOD * keys
        self._seen = 0

    @property
    def capacity(self) -> int:
        """How many bytes the resident keys may have together: those of the window and of the policy behind it."""
        return self._main.capacity + self._room

    @property
    def used(self) -> int:
        """How many bytes the resident keys have together."""
        return self._main.used + self._window.used

    def admit(self, key: bytes, size: int) -> list[bytes]:
        """As in the protocol."""
        size = weight(size)
        self._count(key)
        window = self._window
        if window.entries.get(key) == size:
            window.entries.move_to_end(key)
            return []
        window.take(key)
        if key in self._main:
            return self._main.admit(key, size)
        if size > self._room:
            return self._offer(key, size)
        window.push(key, size)
        gone: list[bytes] = []
        while window.used > self._room:
            gone += self._offer(*window.pop())
        return gone

    def touch(self, key: bytes) -> None:
        """As in the protocol. Uses of keys that are not resident count when they are admitted."""
        if key in self._window.entries:
            self._window.entries.move_to_end(key)
        elif key in self._main:
            self._main.touch(key)
        else:
            return
        self._count(key)

    def remove(self, key: bytes) -> None:
        """As in the protocol."""
        if self._window.take(key) is None:
            self._main.remove(key)

    def victims(self) -> Iterator[tuple[bytes, int]]:
        """As in the protocol."""
        return chain(self._main.victims(), self._window.entries.items())

    def _offer(self, key: bytes, size: int) -> list[bytes]:
        """Let the key into the main policy if it is more frequent than what must leave."""
        main = self._main
        missing = main.used + size - main.capacity
        if missing > 0 and size <= main.capacity:
            estimate = self._counts.estimate
            wanted = estimate(key)
            for victim, freed in main.victims():
                wanted -= estimate(victim)
                if wanted <= 0:
                    return [key]
                missing -= freed
                if missing <= 0:
                    break
        return main.admit(key, size)

    def _count(self, key: bytes) -> None:
        self._seen += 1
        if self._seen >= self._span:
            self._seen >>= 1
            self._counts.halve()
        self._counts.add(key)

    def __contains__(self, key: object) -> bool:
        return key in self._window.entries or key in self._main

    def __len__(self) -> int:
        return len(self._window.entries) + len(self._main)
