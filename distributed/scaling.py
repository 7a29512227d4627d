"""How many processes a worker has, between a least and a most: a machine that is told what is seen and says what to want.

It never reads a clock and starts nothing: times and figures are handed in (``Observation``), and a number comes back
(``Decision``). Under load it grows at once to what pays, since a process costs 20 to 50 ms; it shrinks one process at a time, each
after it was not needed for ``idle`` seconds. What holds over any trace:

- never fewer than the least, never more than the most, and no growth beyond what memory allows;
- with more waiting, all else equal, never fewer are wanted;
- two processes leave for want of work no closer than ``step`` seconds, so the changes in T seconds are at most 2 T / step, and as
  many as there may be processes: under a constant load it comes to rest, and stays there;
- where it had to grow again soon after it shrank, it waits twice as long the next time, up to ``doublings`` times.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

import msgspec

Reason: TypeAlias = Literal["steady", "work", "idle", "least", "most", "memory"]
"""Why so many: nothing changes; work waits; some were not needed for long; the bounds; memory is short."""
_CALM: Final = 60
"""After so many idle times without growth, half as much patience is enough again."""


class Settings(msgspec.Struct, frozen=True):
    """The bounds and the times in seconds.

    ``most`` is as many as there are cores where it is ``None``. ``worth`` is the work that a further process must find to pay;
    ``job`` is taken for what a job lasts where nobody predicted it. Work that waited for ``patience`` seconds is no longer left to
    other workers. ``look`` and ``rest`` are the times between two looks with work and without.
    """

    least: int = 1
    most: int | None = None
    worth: float = 0.25
    job: float = 0.5
    patience: float = 1.0
    idle: float = 10.0
    step: float = 1.0
    doublings: int = 5
    regret: float = 3.0
    """Growing again within so many idle times after a process left shows that it left too early."""
    settle: float = 5.0
    """A process is younger than that: it has not yet taken the memory that it will need. After memory was short, so long nothing
    grows."""
    process_memory: int = 256 << 20
    """Bytes that a process is expected to need, until more is measured."""
    reserve: int = 512 << 20
    """Bytes that are left free."""
    look: float = 0.25
    rest: float = 1.0
    looks: float = 2000.0
    """All workers together look at no more queues a second: a look costs their server some 10 µs."""

    def __post_init__(self) -> None:
        """Raises ``ValueError`` for bounds that no number lies between."""
        if self.least < 0 or (self.most is not None and self.most < max(self.least, 1)):
            raise ValueError("a worker has at least 0 processes, and at most no fewer than that")


class Observation(msgspec.Struct, frozen=True):
    """What is seen at ``now``, in seconds of any steady clock.

    ``processes`` are there or about to start, and not asked to leave; ``busy`` of them are at a job. ``waiting`` counts the jobs
    of each queue that this worker listens to, ``seconds`` is the work predicted for all of them, ``oldest`` the age of the one
    that waits longest. ``workers`` listen to these queues, this one included. ``memory`` is free, ``process_memory`` what a
    process of ours took at most so far, in bytes; ``None`` where it is not known.
    """

    now: float
    processes: int
    busy: int
    waiting: Mapping[str, int]
    cores: int
    seconds: float | None = None
    oldest: float = 0.0
    workers: int = 1
    memory: int | None = None
    process_memory: int | None = None


class Decision(msgspec.Struct, frozen=True):
    """Have ``wanted`` processes, and look again at ``look`` or when something happens before."""

    wanted: int
    look: float
    why: Reason


class Scaling:
    """The machine of one worker. Not for two threads at once."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self._now = -math.inf
        self._needed: list[float] = []
        """When as many processes as the place tells, from 1 on, were needed last."""
        self._left = -math.inf
        """When a process was last let go."""
        self._grew = -math.inf
        self._doublings = 0
        self._young: list[tuple[float, int]] = []
        """When how many were started."""
        self._short = -math.inf
        """When memory was last short."""

    @property
    def idle(self) -> float:
        """Seconds that a process is not needed before it leaves, as things are now."""
        return self.settings.idle * float(2**self._doublings)

    def decide(self, seen: Observation) -> Decision:
        """What to want. A time before that of the last call counts as that one."""
        now = self._now = max(self._now, seen.now)
        least, most = self.bounds(seen.cores)
        need = min(max(self._need(seen), least), most)
        self._note(now, need, min(seen.processes, most))
        wanted, why = self._aim(now, need, seen.processes)
        if wanted > most:
            wanted, why = most, "most"
        allowed = self._allowed(now, seen)
        if wanted > max(allowed, least):
            wanted, why = max(allowed, least), "memory"
        if wanted < least:
            wanted, why = least, "least"
        self._remember(now, seen.processes, wanted, why)
        return Decision(wanted, self._look(now, seen, wanted), why)

    def bounds(self, cores: int) -> tuple[int, int]:
        """The fewest and the most that may be wanted on a machine of so many cores."""
        settings = self.settings
        most = settings.most if settings.most is not None else max(cores, settings.least, 1)
        return settings.least, most

    def _need(self, seen: Observation) -> int:
        """How many have something to do: those at work, and those for whom enough waits."""
        settings = self.settings
        jobs = sum(seen.waiting.values())
        if jobs <= 0:
            return seen.busy
        seconds = seen.seconds if seen.seconds is not None else jobs * settings.job
        late = seen.oldest >= settings.patience
        extra = min(jobs, int(min(seconds / settings.worth, 1e9)))
        if not late:
            # The other workers see the same work.
            extra = -(-extra // max(seen.workers, 1))
        if late or seen.busy == 0:
            extra = max(extra, 1)
        return seen.busy + extra

    def _note(self, now: float, need: int, there: int) -> None:
        """Note up to which number processes are needed now. One that is new counts as needed when it is first seen."""
        self._needed[:need] = [now] * need
        self._needed += [now] * (there - len(self._needed))
        if self._doublings and now - max(self._grew, self._left) >= _CALM * self.idle:
            self._doublings -= 1
            self._grew = now

    def _aim(self, now: float, need: int, there: int) -> tuple[int, Reason]:
        if need > there:
            return need, "work"
        if need == there or there > len(self._needed):
            return there, "steady"
        if now < self._may_leave(there):
            return there, "steady"
        return there - 1, "idle"

    def _may_leave(self, there: int) -> float:
        """When the last of so many processes may go, if nothing happens."""
        return max(self._needed[there - 1] + self.idle, self._left + self.settings.step)

    def _allowed(self, now: float, seen: Observation) -> int:
        """How many processes memory allows."""
        settings = self.settings
        if seen.memory is None:
            return seen.processes + (1 << 20)
        each = max(settings.process_memory, seen.process_memory or 0, 1)
        self._young = [(at, count) for at, count in self._young if now < at + settings.settle]
        young = min(sum(count for _, count in self._young), seen.processes)
        room = (seen.memory - settings.reserve) // each
        # What is young has its memory still to come. That keeps others from starting, and ends nobody.
        room = room if room < 0 else max(room - young, 0)
        if room > 0 and now < self._short + settings.settle:
            room = 0
        return max(seen.processes + room, 0)

    def _remember(self, now: float, there: int, wanted: int, why: Reason) -> None:
        if wanted > there:
            if now - self._left < self.settings.regret * self.idle:
                self._doublings = min(self._doublings + 1, self.settings.doublings)
                self._left = -math.inf  # one regret for each that left
            self._grew = now
            self._young.append((now, wanted - there))
        elif wanted < there:
            if why == "memory":
                self._short = now
            else:
                self._left = now

    def _look(self, now: float, seen: Observation, wanted: int) -> float:
        settings = self.settings
        active = seen.busy > 0 or any(seen.waiting.values()) or wanted != seen.processes
        shortest = shortest_look(settings, seen.workers, len(seen.waiting))
        at = now + max(shortest, 0.0 if active else settings.rest)
        if settings.least < wanted <= len(self._needed):
            at = min(at, max(self._may_leave(wanted), now + shortest))
        return at


def shortest_look(settings: Settings, workers: int, queues: int) -> float:
    """Seconds between two looks while there is work, of each of so many workers at so many queues."""
    return max(settings.look, workers * queues / settings.looks)
