"""A worker under a scaling machine and a trace of arrivals, in simulated time."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hyper.distributed.scaling import Observation, Scaling, Settings

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass
class Life:
    """What became of a trace: the number of processes after each change, how long jobs waited, and process-seconds paid."""

    changes: list[tuple[float, int]] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    paid: float = 0.0

    def most(self) -> int:
        return max(number for _, number in self.changes)

    def at_the_end(self) -> int:
        return self.changes[-1][1]


def live(
    jobs: Sequence[tuple[float, float]],
    settings: Settings,
    *,
    until: float,
    cores: int = 8,
    fork: float = 0.05,
    predicted: bool = True,
) -> Life:
    """Jobs as (time of arrival, seconds of work), sorted, are done by as many processes as the machine wants.

    The machine is asked when it said so, and whenever a job comes or ends, as a daemon does.
    """
    machine, life = Scaling(settings), Life()
    moments = [at for at, _ in jobs]
    heapq.heapify(moments)
    heapq.heappush(moments, 0.0)
    waiting: list[tuple[float, float]] = []
    ends: list[float] = []
    ready: list[float] = []
    processes, place, then = 0, 0, 0.0
    while moments and (now := heapq.heappop(moments)) <= until:
        life.paid += processes * (now - then)
        then = now
        while place < len(jobs) and jobs[place][0] <= now:
            waiting.append(jobs[place])
            place += 1
        ends = [end for end in ends if end > now]
        ready = [at for at in ready if at > now]
        while waiting and len(ends) < processes - len(ready):
            came, seconds = waiting.pop(0)
            life.waits.append(now - came)
            ends.append(now + seconds)
            heapq.heappush(moments, now + seconds)
        decision = machine.decide(
            Observation(
                now=now,
                processes=processes,
                busy=len(ends),
                waiting={"queue": len(waiting)},
                cores=cores,
                seconds=sum(seconds for _, seconds in waiting) if predicted else None,
                oldest=now - waiting[0][0] if waiting else 0.0,
            )
        )
        assert decision.look > now
        if not moments or decision.look < moments[0]:
            heapq.heappush(moments, decision.look)
        if decision.wanted != processes:
            for _ in range(decision.wanted - processes):
                ready.append(now + fork)
                heapq.heappush(moments, now + fork)
            assert decision.wanted >= len(ends), "nobody at work is let go"
            processes = decision.wanted
            life.changes.append((now, processes))
    assert place == len(jobs)
    assert not waiting
    return life
