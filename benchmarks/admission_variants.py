"""The parts of TinyLFU's papers that the product leaves out, to measure that it may."""

from __future__ import annotations

import struct
from itertools import chain
from typing import TYPE_CHECKING, Final

from hyper.cache.policies.protocol import weight
from hyper.cache.policies.queue import Queue
from hyper.cache.sketches.count_min import CountMin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hyper.cache.policies.protocol import Policy

# Of the doorkeeper, for each key that fits: four for each use in a period. Its positions are bytes of the digest that the
# sketch leaves.
BITS: Final = 40
POSITIONS: Final = struct.Struct("<16x3I")


class Doorkeeper:
    """A count-min sketch behind a Bloom filter that takes the first use of a key in a period."""

    def __init__(self, keys: int) -> None:
        self._counts = CountMin(2 * keys)
        self._bits = bytearray(BITS * keys // 8)

    def add(self, key: bytes) -> None:
        """Count one use."""
        if self._met(key):
            self._counts.add(key)
        for at in self._positions(key):
            self._bits[at >> 3] |= 1 << (at & 7)

    def estimate(self, key: bytes) -> int:
        """About how often the key was used."""
        return self._counts.estimate(key) + self._met(key)

    def halve(self) -> None:
        """Age: the doorkeeper starts over."""
        self._counts.halve()
        self._bits = bytearray(len(self._bits))

    def _met(self, key: bytes) -> bool:
        return all(self._bits[at >> 3] >> (at & 7) & 1 for at in self._positions(key))

    def _positions(self, key: bytes) -> list[int]:
        return [position % (8 * len(self._bits)) for position in POSITIONS.unpack_from(key)]


class Windowed:
    """A window of so many bytes in front of a policy: what is new stays there, in the order of use, before it is offered."""

    def __init__(self, main: Policy, window: int) -> None:
        self._main = main
        self._room = window
        self._window = Queue()

    @property
    def capacity(self) -> int:
        """Of the window and the policy."""
        return self._main.capacity + self._room

    @property
    def used(self) -> int:
        """Of the window and the policy."""
        return self._main.used + self._window.used

    def admit(self, key: bytes, size: int) -> list[bytes]:
        """As in the protocol."""
        size = weight(size)
        self._window.take(key)
        if key in self._main or size > self._room:
            return self._main.admit(key, size)
        self._window.push(key, size)
        gone: list[bytes] = []
        while self._window.used > self._room:
            gone += self._main.admit(*self._window.pop())
        return gone

    def touch(self, key: bytes) -> None:
        """As in the protocol."""
        if key in self._window.entries:
            self._window.entries.move_to_end(key)
        else:
            self._main.touch(key)

    def remove(self, key: bytes) -> None:
        """As in the protocol."""
        self._window.take(key)
        self._main.remove(key)

    def victims(self) -> Iterator[tuple[bytes, int]]:
        """As in the protocol."""
        return chain(self._main.victims(), self._window.entries.items())

    def __contains__(self, key: object) -> bool:
        return key in self._window.entries or key in self._main

    def __len__(self) -> int:
        return len(self._window.entries) + len(self._main)
