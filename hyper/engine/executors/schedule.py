"""Who does what next: a state machine without input or output, told what was measured and who died.

Workers take from the heavy end in batches that get smaller as less is left, so that all end at nearly the same time; this process
takes single items from the light end, by which it learns what an item of a weight costs. A fleet takes from the heavy end what is
worth sending; when nothing waits any more, what it has had for too long is done here too, and the first result counts. Where other
builds may want the same, what is done here is claimed before (``turns``).
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from hyper.engine.executors.turns import AT_HAND, WORTH, Turns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from hyper.engine.executors.abroad import Abroad


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
_NEARLY: Final = 1 - 1e-9
"""Sums of weights are not exact."""
_PATIENCE: Final = 2
"""Workers that an item may end."""


class Over(NamedTuple):
    """Who is to hear that an item has its outcome: a fleet that still had it, others for whom this machine claimed it."""

    abroad: bool
    ours: bool


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
        self._over: set[int] = set()
        self.abroad: Abroad | None = None
        """What a fleet has of them, where one may help."""
        self.turns = Turns()
        """What is claimed for this machine."""
        self._claims = 0
        self.unpaid = False
        """Whether something was not sent because that would have cost more than it saves."""

    @property
    def needs_worker(self) -> bool:
        """Whether there is something that waits, and none of it is for this process."""
        return bool(self._suspects) and not self._waits()

    def measured(self, index: int, seconds: float) -> None:
        """An item took so long."""
        self._seconds += seconds
        self._done += self._weights[index]

    def seconds_left(self) -> float:
        """What is predicted for all that waits, by one process; 0 while too little is measured."""
        if not self._done or self._seconds < self._prices.sample:
            return 0.0
        return self._left * self._seconds / self._done

    def predicted(self, indexes: Iterable[int]) -> float:
        """Seconds that items are predicted to take one process."""
        return sum(self._weights[index] for index in indexes) * self._rate()

    def helpers(self) -> int:
        """How many workers pay: each of them must save more time than starting it takes."""
        seconds = self.seconds_left() / self._lanes() * self._processes
        most = min(self._processes, len(self._waiting) + self.turns.pending)
        processes = 1
        while (
            processes < most
            and seconds / processes - seconds / (processes + 1) > self._prices.start
        ):
            processes += 1
        return processes - 1

    def batch(self, now: float = 0.0) -> list[int]:
        """Items for a worker; none where nothing waits. One that ended a worker comes alone."""
        while self._suspects:
            index = self._suspects.popleft()
            if index not in self._over:
                return [index]
        rate = self._rate()
        share = self._left / (_SHARE * self._lanes())
        share = max(share, _SHORTEST / rate if rate else 0.0)
        taken = self._turn(now, share)
        if not taken and not self._claimable(0):
            taken = self._heaviest(share, _LARGEST)
        return taken or self._late(now)

    def own(self, now: float = 0.0) -> int | None:
        """An item for this process, never one that ended a worker."""
        index = self._take_turn(now, self._weights.__getitem__)
        if index is not None:
            return index
        if self._waits() and not self._claimable(-1):
            index = self._waiting.pop()
            self._left -= self._weights[index]
            return index
        late = self._late(now)
        return late[0] if late else None

    def wants_fleet(self) -> bool:
        """Whether a fleet pays that is not there yet: starting what leads to it takes less time than is left."""
        abroad = self.abroad
        if abroad is None or not self._waits():
            return False
        if self.seconds_left() / self._processes <= abroad.terms.start:
            return False
        self.unpaid = self._weights[self._waiting[0]] * self._rate() <= abroad.price
        return not self.unpaid

    def job(self, now: float) -> list[int]:
        """Items for a fleet; none where there is no room, or it does not pay."""
        abroad, rate = self.abroad, self._rate()
        seconds = self.seconds_left()
        if abroad is None or abroad.room <= 0 or seconds / self._processes <= abroad.soonest:
            return []
        count = len(self._waiting)
        if not count:
            return []
        everything = count + self.turns.pending
        most = abroad.items_of_a_job(seconds / everything, count)
        taken = self._heaviest(most * self._left / everything, _LARGEST, abroad.price / rate)
        if taken:
            abroad.gave(taken, now)
        return taken

    def claims(self, now: float) -> list[int]:
        """Items to claim before this machine does them; none where there is nobody to ask, or that does not pay."""
        taken: list[int] = []
        room = self.turns.room(AT_HAND * self._processes)
        while len(taken) < room:
            # Of so many as there are processes, this one takes a light one, and its workers take heavy ones.
            ends = (0, -1) if self._claims % self._processes else (-1, 0)
            end = next((end for end in ends if self._claimable(end)), None)
            if end is None:
                break
            self._claims += 1
            index = self._waiting.pop() if end else self._waiting.popleft()
            self.turns.ask(index, now)
            taken.append(index)
        return taken

    def granted(self, index: int) -> bool:
        """An item is this machine's to do; whether it still is to be done."""
        if index in self._over:
            return False
        self.turns.grant(index)
        return True

    def elsewhere(self, index: int, now: float) -> bool:
        """Another build has this one done; whether its result is waited for, and it is not begun here already."""
        if self.abroad is None or not self.turns.refuse(index):
            return False
        self._left -= self._weights[index]
        self.abroad.awaits(index, now)
        return True

    def unclaimed(self, indexes: Iterable[int]) -> None:
        """There is no answer for these: they wait as if there was nobody to ask."""
        self._wait_again([index for index in indexes if self.turns.refuse(index)])

    def ask_nobody(self) -> None:
        """There is nobody to ask whose turn it is."""
        self._wait_again(self.turns.left())

    def over(self, index: int) -> Over:
        """An item has its outcome."""
        self._over.add(index)
        pending, ours = self.turns.over(index)
        if pending:
            self._left -= self._weights[index]
        return Over(self.abroad is not None and self.abroad.drop(index), ours)

    def came_back(self, indexes: Iterable[int]) -> None:
        """A fleet gives these back without a result: they wait again, but for those that are done here already."""
        abroad = self.abroad
        assert abroad is not None
        lost = [index for index in indexes if abroad.has(index)]
        here = [index for index in lost if index in abroad.hedged]
        abroad.came(lost)
        self.returned(index for index in lost if index not in here)

    def _waits(self) -> bool:
        """Whether anything waits that has no outcome."""
        for end, take in ((-1, self._waiting.pop), (0, self._waiting.popleft)):
            while self._waiting and self._waiting[end] in self._over:
                self._left -= self._weights[take()]
        return bool(self._waiting)

    def _claimable(self, end: int) -> bool:
        """Whether what waits at this end, 0 the heavy one and -1 the other, is to be claimed before it is begun."""
        if not self.turns.asks or self.abroad is None or not self._waits():
            return False
        index = self._waiting[end]
        worth = self._weights[index] * self._rate() > WORTH * self.abroad.price
        return worth and self.turns.may_ask(index)

    def _take_turn(self, now: float, weight: Callable[[int], float]) -> int | None:
        """An item that was claimed, if it is to be begun now: of those at hand the one of the least weight."""
        index = self.turns.take(now, weight)
        if index is not None:
            self._left -= self._weights[index]
        return index

    def _wait_again(self, indexes: Sequence[int]) -> None:
        """These were to be claimed, and wait like others now."""
        self._left -= sum(self._weights[index] for index in indexes)
        self.returned(indexes)

    def _turn(self, now: float, share: float) -> list[int]:
        """Items whose turn it is, the heaviest first, as heavy together as ``share`` or a single one."""
        taken: list[int] = []
        weight = 0.0
        while weight < share:
            index = self._take_turn(now, lambda index: -self._weights[index])
            if index is None:
                break
            taken.append(index)
            weight += self._weights[index]
        return taken

    def _heaviest(self, share: float, most: int, least: float | None = None) -> list[int]:
        """Items of the heavy end, as heavy together as ``share`` or a single one; ``least`` is for those that go abroad, which are
        as heavy as ``share`` at least, and what an item has to weigh more than there."""
        taken: list[int] = []
        stay: list[int] = []
        weight = 0.0
        while self._waits() and len(taken) < most:
            index = self._waiting[0]
            following = self._weights[index]
            if least is not None and following <= least:
                self.unpaid = True
                break
            full = weight + following > share if least is None else weight >= share * _NEARLY
            if taken and full:
                break
            self._waiting.popleft()
            if least is not None and not self._may_go(index):
                stay.append(index)
                continue
            weight += following
            taken.append(index)
        self._waiting.extendleft(reversed(stay))
        self._left -= weight
        return taken

    def _may_go(self, index: int) -> bool:
        return self.abroad is not None and self.abroad.may_go(index) and not self.turns.ours(index)

    def _late(self, now: float) -> list[int]:
        """One item that a fleet has had for too long, to do it here too."""
        if self.abroad is None or self.turns.pending:
            return []
        for index in self.abroad.overdue(now):
            if index not in self._deaths:
                self.abroad.hedged.add(index)
                return [index]
        return []

    def _rate(self) -> float:
        """Seconds for each weight."""
        return self._seconds / self._done if self._done else 0.0

    def _lanes(self) -> float:
        """How many work on it, a fleet's slots among them."""
        return self._processes + (self.abroad.share if self.abroad is not None else 0.0)

    def returned(self, indexes: Iterable[int]) -> None:
        """These were given out and not done."""
        for index in sorted(indexes, key=lambda index: self._weights[index]):
            if index in self._over:
                continue
            if index in self._deaths:
                self._suspects.append(index)
                continue
            if self.abroad is not None and self.abroad.has(index):
                self.abroad.hedged.discard(index)
                continue
            self._waiting.appendleft(index)
            self._left += self._weights[index]

    def ended(self, index: int) -> bool:
        """A worker died at an item, here or far away. Returns whether it is given up."""
        if index in self._over:
            return False
        if self.turns.refuse(index):
            self._left -= self._weights[index]
        self._deaths[index] = self._deaths.get(index, 0) + 1
        if self._deaths[index] >= _PATIENCE:
            return True
        self._suspects.append(index)
        return False

    def abandoned(self) -> list[int]:
        """The items that only a worker may do, for there is none any more."""
        found = [index for index in self._suspects if index not in self._over]
        self._suspects.clear()
        return found
