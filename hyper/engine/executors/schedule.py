"""Who does what next: a state machine without input or output, told what was measured and who died.

Workers take from the heavy end in batches that get smaller as less is left, so that all end at nearly the same time; this process
takes single items from the light end, by which it learns what an item of a weight costs.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Prices(msgspec.Struct, frozen=True):
    """What processes cost, in seconds: to start one, and of measured work before its cost is believed."""

    start: float
    sample: float = 0.008


FORK: Final = Prices(start=0.02)
"""A copy of this process: its page tables, and each page that either then writes to."""
SPAWN: Final = Prices(start=0.35)
"""A new Python that loads the compiler and reads the context."""

_SHARE: Final = 3
"""A batch is this part of what is left for each process."""
_SHORTEST: Final = 0.004
_LARGEST: Final = 200
"""Items of a batch: so many names fit into a pipe, so that asking never waits."""
_PATIENCE: Final = 2
"""Workers that an item may end."""


class Schedule:
    """The items of one run, by index."""

    def __init__(self, weights: Sequence[float], processes: int, prices: Prices) -> None:
        self._weights = [max(weight, 1e-9) for weight in weights]
        self._processes = processes
        self._prices = prices
        heavy_first = sorted(range(len(weights)), key=lambda index: -self._weights[index])
        self._waiting = deque(heavy_first)
        self._suspects: deque[int] = deque()
        self._deaths: dict[int, int] = {}
        self._left = sum(self._weights)
        self._seconds = 0.0
        self._done = 0.0

    @property
    def needs_worker(self) -> bool:
        """Whether there is something that waits, and none of it is for this process."""
        return bool(self._suspects) and not self._waiting

    def measured(self, index: int, seconds: float) -> None:
        """An item took so long."""
        self._seconds += seconds
        self._done += self._weights[index]

    def seconds_left(self) -> float:
        """What is predicted for all that waits, by one process; 0 while too little is measured."""
        if not self._done or self._seconds < self._prices.sample:
            return 0.0
        return self._left * self._seconds / self._done

    def helpers(self) -> int:
        """How many workers pay: each of them must save more time than starting it takes."""
        seconds = self.seconds_left()
        most = min(self._processes, len(self._waiting))
        processes = 1
        while (
            processes < most
            and seconds / processes - seconds / (processes + 1) > self._prices.start
        ):
            processes += 1
        return processes - 1

    def batch(self) -> list[int]:
        """Items for a worker; none where nothing waits. One that ended a worker comes alone."""
        if self._suspects:
            return [self._suspects.popleft()]
        rate = self._seconds / self._done if self._done else 0.0
        share = max(self._left / (_SHARE * self._processes), _SHORTEST / rate if rate else 0.0)
        taken: list[int] = []
        weight = 0.0
        while self._waiting and len(taken) < _LARGEST:
            following = self._weights[self._waiting[0]]
            if taken and weight + following > share:
                break
            weight += following
            taken.append(self._waiting.popleft())
        self._left -= weight
        return taken

    def own(self) -> int | None:
        """An item for this process, never one that ended a worker."""
        if not self._waiting:
            return None
        index = self._waiting.pop()
        self._left -= self._weights[index]
        return index

    def returned(self, indexes: Iterable[int]) -> None:
        """These were given out and not done."""
        for index in sorted(indexes, key=lambda index: self._weights[index]):
            if index in self._deaths:
                self._suspects.append(index)
                continue
            self._waiting.appendleft(index)
            self._left += self._weights[index]

    def ended(self, index: int) -> bool:
        """A worker died at an item. Returns whether it is given up."""
        self._deaths[index] = self._deaths.get(index, 0) + 1
        if self._deaths[index] >= _PATIENCE:
            return True
        self._suspects.append(index)
        return False

    def abandoned(self) -> list[int]:
        """The items that only a worker may do, for there is none any more."""
        found = list(self._suspects)
        self._suspects.clear()
        return found
