"""TinyLFU: a key gets in only if it is asked for more often than those that would leave for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from hyper.cache.policies.protocol import weight
from hyper.cache.sketches.count_min import CountMin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hyper.cache.policies.protocol import Policy

# As in the paper: counts are halved after ten uses for each key that fits.
_PERIOD: Final = 10
# Of the layer's values, where nobody says how many fit, and bounds of what follows from it: a megabyte of counters is enough.
_MEAN_SIZE: Final = 4096
_FEWEST: Final = 64
_MOST: Final = 1 << 17


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
    (2017): a count-min sketch that is halved in periods. The paper's window for new keys and its doorkeeper are left out, since
    they do not pay on traces of builds (``benchmarks/eviction.py`` measures both).

    Adapted to sizes as in G. Einziger, O. Eytan, R. Friedman, B. Manes: "Lightweight robust size aware cache management", ACM
    Transactions on Storage 18 (2022), aggregated victims: a key must be more frequent than all keys together that would leave
    for it, looked at one after the other until it loses or has room.
    """

    __slots__ = ("_counts", "_main", "_seen", "_span")

    def __init__(
        self, main: Policy, *, keys: int | None = None, counts: Frequencies | None = None
    ) -> None:
        """In front of an empty ``main``.

        Args:
            main: The policy that is guarded.
            keys: About how many keys fit; without it, as many as would if each had 4 KiB, but at most 131,072. Eight to sixteen
                bytes of counters are kept for each.
            counts: What counts instead of an empty count-min sketch of that size: those of an earlier process, for example.

        """
        keys = keys or min(_MOST, max(_FEWEST, main.capacity // _MEAN_SIZE))
        self._main = main
        self._counts: Frequencies = counts or CountMin(2 * keys)
        self._span = _PERIOD * keys
        self._seen = 0

    @property
    def capacity(self) -> int:
        """How many bytes the resident keys may have together."""
        return self._main.capacity

    @property
    def used(self) -> int:
        """How many bytes the resident keys have together."""
        return self._main.used

    def admit(self, key: bytes, size: int) -> list[bytes]:
        """As in the protocol."""
        main = self._main
        missing = main.used + weight(size) - main.capacity
        self._count(key)
        if (
            missing > 0
            and key not in main
            and size <= main.capacity
            and self._is_rarer(key, missing)
        ):
            return [key]
        return main.admit(key, size)

    def touch(self, key: bytes) -> None:
        """As in the protocol. A use of a key that is not resident counts when the key is offered."""
        if key in self._main:
            self._main.touch(key)
            self._count(key)

    def remove(self, key: bytes) -> None:
        """As in the protocol."""
        self._main.remove(key)

    def victims(self) -> Iterator[tuple[bytes, int]]:
        """As in the protocol."""
        return self._main.victims()

    def _is_rarer(self, key: bytes, missing: int) -> bool:
        """Whether the key is not more frequent than all that would leave for ``missing`` bytes."""
        estimate = self._counts.estimate
        wanted = estimate(key)
        for victim, freed in self._main.victims():
            wanted -= estimate(victim)
            if wanted <= 0:
                return True
            missing -= freed
            if missing <= 0:
                break
        return False

    def _count(self, key: bytes) -> None:
        self._seen += 1
        if self._seen >= self._span:
            self._seen >>= 1
            self._counts.halve()
        self._counts.add(key)

    def __contains__(self, key: object) -> bool:
        return key in self._main

    def __len__(self) -> int:
        return len(self._main)
