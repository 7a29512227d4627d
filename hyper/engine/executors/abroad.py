"""What a fleet has of a run: a state machine without input or output, as the schedule is, told what was given and what came.

An item goes abroad where that is predicted to cost this machine less than doing it: the measured price of sending one is what this
process and its dispatcher computed for those that went, and until enough have gone a guess.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from hyper.distributed.shares import AHEAD, LEAST_SECONDS, Circumstances, items_of_a_job

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


class Terms(msgspec.Struct, frozen=True):
    """What a fleet costs, in seconds.

    ``start`` is what a dispatcher takes until it is there; ``job`` is what a job costs besides its items and the way there;
    ``item`` a guess of what an item costs here until ``sample`` were sent. What was out for ``patience`` times as long as expected,
    and for ``least``, is overdue.
    """

    start: float = 0.4
    job: float = 0.003
    item: float = 0.0015
    sample: int = 40
    patience: float = 3.0
    least: float = 0.5


TERMS: Final = Terms()
_SENDINGS: Final = 2
"""How often an item is sent: one that came back so often without a result stays here."""
_NEWEST: Final = 0.3
"""The part of the newest measurement in what is expected."""


class _Job(msgspec.Struct, eq=False):
    """Items that were sent together; or that another build has sent, or does."""

    given: float
    left: set[int]
    sent: bool = True


class Abroad:
    """The items of one run that a fleet has, by index."""

    def __init__(self, terms: Terms = TERMS) -> None:
        self.terms = terms
        self.slots = 0
        self._most = 0
        self._shards = 1
        self._trip = 0.0
        self._seconds = LEAST_SECONDS
        """The work of a job, of late."""
        self._jobs: list[_Job] = []
        self._job_of: dict[int, _Job] = {}
        self._sent: dict[int, int] = {}
        self._turn = 0.0
        """Seconds from asking to the whole answer of a job, as they were of late."""
        self._spent = 0.0
        self._count = 0
        self.hedged: set[int] = set()
        """Those that are done here too, since they are overdue."""

    def joined(self, slots: int, most: int = 0, shards: int = 1, trip: float = 0.0) -> None:
        """So many slots of workers are there, of which this build may have ``most`` jobs out, in queues of so many shards; a round
        trip to the server takes ``trip`` seconds."""
        self.slots, self._most, self._shards, self._trip = slots, most, shards, trip

    @property
    def room(self) -> int:
        """How many more jobs may be out."""
        return self._most - sum(job.sent for job in self._jobs) if self.slots else 0

    @property
    def share(self) -> float:
        """The slots that work for this build."""
        return min(float(self.slots), self._most / AHEAD)

    def items_of_a_job(self, item: float, left: int) -> int:
        """How many items the next job has, of ``left`` that take ``item`` seconds each."""
        way = self._trip * 2 + self.terms.job
        share = max(self.share, 1.0)
        how = Circumstances(
            item=item,
            round_trip=way,
            slots=round(share),
            shards=self._shards,
            builds=max(round(self.slots / share), 1),
        )
        count = items_of_a_job(how, left)
        self._seconds = count * item
        return count

    @property
    def expected(self) -> float:
        """Seconds that a job is expected to take until its answer is here."""
        return self._turn or self._trip * 4 + self._seconds * (AHEAD + 1)

    @property
    def soonest(self) -> float:
        """Seconds before which no answer can be here."""
        return self._trip * 4 + self.terms.job

    @property
    def price(self) -> float:
        """What sending an item costs this machine."""
        if self._count < self.terms.sample:
            return self.terms.item
        return self._spent / self._count

    def spent(self, seconds: float, items: int = 0) -> None:
        """Sending and taking back cost so much here; for so many more items."""
        self._spent += seconds
        self._count += items

    def may_go(self, index: int) -> bool:
        """Whether an item may be sent."""
        return self._sent.get(index, 0) < _SENDINGS and index not in self._job_of

    def gave(self, indexes: Sequence[int], now: float) -> None:
        """These were sent together."""
        job = _Job(now, set(indexes))
        self._jobs.append(job)
        for index in indexes:
            self._job_of[index] = job
            self._sent[index] = self._sent.get(index, 0) + 1

    def awaits(self, index: int, now: float) -> None:
        """Another build has this one done, whose result is to come."""
        job = _Job(now, {index}, sent=False)
        self._jobs.append(job)
        self._job_of[index] = job

    def has(self, index: int) -> bool:
        """Whether an item is out."""
        return index in self._job_of

    @property
    def out(self) -> int:
        """How many items are out."""
        return len(self._job_of)

    def came(self, indexes: Iterable[int], now: float | None = None) -> None:
        """These were answered; ``now`` is given where that was with results."""
        for index in indexes:
            job = self._forget(index)
            if job is not None and job.sent and not job.left and now is not None:
                taken = now - job.given
                self._turn += (taken - self._turn) * (_NEWEST if self._turn else 1.0)

    def drop(self, index: int) -> bool:
        """An item is done here, and no longer wanted; whether it was out."""
        return self._forget(index) is not None

    @property
    def items(self) -> list[int]:
        """All that is out."""
        return list(self._job_of)

    def overdue(self, now: float) -> Iterator[int]:
        """What is out for longer than expected and done nowhere else, the longest first."""
        patience = self._patience()
        # They are in the order in which they were sent.
        for job in self._jobs:
            # As ``wakes`` counts it, to the last bit.
            if now < job.given + patience:
                return
            yield from sorted(job.left - self.hedged)

    def wakes(self) -> float | None:
        """When something is overdue next; ``None`` where nothing will be."""
        patience = self._patience()
        given = [job.given for job in self._jobs if job.left - self.hedged]
        return min(given) + patience if given else None

    def _patience(self) -> float:
        return max(self.terms.least, self.terms.patience * self.expected)

    def _forget(self, index: int) -> _Job | None:
        job = self._job_of.pop(index, None)
        self.hedged.discard(index)
        if job is not None:
            job.left.discard(index)
            if not job.left:
                self._jobs.remove(job)
        return job
