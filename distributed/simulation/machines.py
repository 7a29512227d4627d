"""The machines of a simulated fleet: workers with their processes, and builds with what they have still to send."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from hyper.distributed.scaling import Observation, Scaling, Settings
from hyper.distributed.sharding import listening
from hyper.distributed.simulation.resources import Line

if TYPE_CHECKING:
    from hyper.distributed.scaling import Decision
    from hyper.distributed.simulation.costs import Work
    from hyper.distributed.simulation.plan import Plan

AHEAD: Final = 2
"""Jobs that a worker takes for each of its processes: one is worked on while the next is fetched."""


@dataclass(slots=True, eq=False)
class Job:
    """Actions of a build, in a queue. A job that is taken again is the same one, and has another ``turn``."""

    build: Build
    shard: int
    actions: int
    seconds: float
    """What its items take."""
    since: float = 0.0
    """When it was last put into its queue."""
    turn: int = 0
    done: bool = False


class Worker:
    """A machine that takes jobs. ``processes`` are there, of which ``ready`` have started; ``busy`` are at a job."""

    def __init__(self, number: int, plan: Plan) -> None:
        self.number = number
        self.loop = Line()
        self.processes = 0
        self.ready = 0
        self.busy = 0
        self.paid = 0.0
        self.fetched: deque[tuple[Job, int]] = deque()
        self.held: dict[tuple[Job, int], None] = {}
        """What it has taken, and the turn in which, in order."""
        self.idle = False
        self.looks = False
        """Whether a look is to come."""
        self.frozen = (0.0, 0.0)
        self.life = 0
        """Counts its crashes."""
        order = listening(f"worker-{number}", plan.shards)
        turn = number % max(len(order.first), 1)
        self.shards = [*order.first[turn:], *order.first[:turn], *order.then]
        self.first = frozenset(order.first)
        self._since = 0.0
        self._scaling = Scaling(
            Settings(least=plan.least, most=max(plan.slots, plan.least), look=1.0)
        )
        self._slots = plan.slots

    def room(self) -> int:
        """How many jobs more it would take."""
        return AHEAD * self.ready - len(self.held)

    def decide(
        self, now: float, waiting: int, seconds: float, oldest: float, workers: int
    ) -> Decision:
        """What its scaling machine wants; ``waiting`` jobs of so many seconds are in the queues."""
        return self._scaling.decide(
            Observation(
                now=now,
                processes=self.processes,
                busy=self.busy + len(self.fetched),
                waiting={"all": waiting},
                cores=self._slots,
                seconds=seconds,
                oldest=oldest,
                workers=workers,
            )
        )

    def resize(self, now: float, processes: int) -> None:
        """Have so many processes from now on; who starts some says when they are ready."""
        self.paid += self.processes * (now - self._since)
        self._since = now
        self.processes = processes
        self.ready = min(self.ready, processes)


@dataclass(slots=True, eq=False)
class Build:
    """One driver: it goes through its units, and its dispatcher then sends and receives their items."""

    name: str
    units: int
    actions: int
    work: Work
    dispatcher: Line = field(default_factory=Line)
    share: int = 0
    waiting: int = 0
    """Jobs that are on their way or in a queue."""
    sent: int = 0
    done: int = 0
    end: float = 0.0

    @property
    def made_at(self) -> float:
        """When its own process has been through its units: items are asked for all together, as the engine does it."""
        return self.units * self.work.build_seconds

    @property
    def left(self) -> int:
        """Actions that are not in a job yet."""
        return self.actions - self.sent
