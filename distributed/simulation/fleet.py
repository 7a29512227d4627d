"""The events of a simulated fleet, in their order.

The life of a job: *sent* by the dispatcher of its build, *queued* on a server, taken by a worker and *fetched*, *computed* by one
of its processes, *returned* to the server and *heard* of. Whatever one core or line does for it makes others wait. The same plan
and costs give the same outcome, to the last digit.
"""

from __future__ import annotations

import heapq
import random
from collections import deque
from hashlib import sha256
from math import ceil
from typing import TYPE_CHECKING, Any

from hyper.distributed.sharding import shard_of
from hyper.distributed.shares import Circumstances, Claim, items_of_a_job, shares
from hyper.distributed.simulation.machines import Build, Job, Worker
from hyper.distributed.simulation.plan import Outcome, Plan, connections
from hyper.distributed.simulation.resources import Servers

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.distributed.simulation.costs import Costs


def simulate(plan: Plan, costs: Costs) -> Outcome:
    """What comes of a plan. Raises ``KeyError`` for work that has no costs."""
    return _Fleet(plan, costs).run()


class _Fleet:
    def __init__(self, plan: Plan, costs: Costs) -> None:
        self.plan = plan
        self.costs = costs
        self.work = work = costs.works[plan.work]
        self.servers = Servers(plan, costs.server)
        self.workers = [Worker(number, plan) for number in range(plan.workers)]
        self.builds = [self._build(number) for number in range(min(plan.drivers, plan.units))]
        self.queues: list[deque[Job]] = [deque() for _ in range(plan.shards)]
        self.waiting = 0
        self.seconds = 0.0
        """What is predicted for all jobs that wait."""
        self._idle: list[deque[Worker]] = [deque() for _ in range(plan.shards + 1)]
        """By the shard that they take from first; at the end those that take from any."""
        self._resting: list[Worker] = []
        """Those that have as few processes as they may, and nothing to do."""
        self._draw = random.Random(plan.seed)  # noqa: S311  # no secret: the same seed gives the same outcome
        self._events: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._number = 0
        self._now = 0.0
        self._item = work.seconds * plan.group
        """Seconds of an action, on average."""
        self._half = plan.round_trip / 2
        self._jobs = 0
        self._worked = 0.0
        self._repeated = 0
        self._waited = 0.0
        self._open = len(self.builds)
        server = costs.server
        size_in, size_out = work.bytes_in * plan.group, work.bytes_out * plan.group
        self._size_in, self._size_out = size_in, size_out
        # For each action: asked and its source written; claimed and read; its result written and published; read.
        self._send = server.ask + server.write + server.write_byte * size_in
        self._fetch = server.claim + server.read + server.read_byte * size_in
        self._return = server.publish + server.write + server.write_byte * size_out
        self._read = server.read + server.read_byte * size_out
        self._how = Circumstances(
            item=self._item,
            round_trip=4 * plan.round_trip + costs.dispatch_job + costs.worker_job,
            slots=max(plan.workers * plan.slots // len(self.builds), 1),
            builds=len(self.builds),
            shards=plan.shards,
        )
        shape = (work.seconds / work.deviation) ** 2 if work.deviation else 0.0
        self._shape = shape * plan.group

    def _build(self, number: int) -> Build:
        plan = self.plan
        count = min(plan.drivers, plan.units)
        units = plan.units * (number + 1) // count - plan.units * number // count
        actions = max(ceil(units * self.work.items / plan.group), 1)
        return Build(f"build-{number}", units, actions, self.work)

    def run(self) -> Outcome:
        slots = self.plan.workers * self.plan.slots
        given = shares(slots, [Claim(build.name) for build in self.builds])
        for worker in self.workers:
            self._look(worker)
            self._trouble(worker)
        for build in self.builds:
            build.share = given[build.name]
            self._at(build.made_at, self._top_up, build)
        events, pop = self._events, heapq.heappop
        while self._open:
            self._now, _, handle, what = pop(events)
            handle(*what)
        return self._outcome(max(build.end for build in self.builds))

    def _at(self, when: float, handle: Callable[..., None], *what: Any) -> None:
        self._number += 1
        heapq.heappush(self._events, (when, self._number, handle, what))

    # What a build does.

    def _top_up(self, build: Build) -> None:
        """Send jobs until the build has as many waiting as is its share, or nothing is left."""
        while build.waiting < build.share and build.left:
            actions = items_of_a_job(self._how, build.left)
            self._jobs += 1
            key = sha256(f"{build.name} {build.sent}".encode()).hexdigest()
            job = Job(build, shard_of(key, self.plan.shards), actions, self._drawn(actions))
            build.sent += actions
            build.waiting += 1
            spent = (
                self.costs.dispatch_job + actions * self.plan.group * self.costs.dispatch_item
            ) / 2
            self._at(build.dispatcher.serve(self._now, spent), self._sent, job)

    def _drawn(self, actions: int) -> float:
        """What the items of so many actions take: the sum of draws that are gamma distributed is, too."""
        if not self._shape:
            return actions * self._item
        shape = self._shape * actions
        return self._draw.gammavariate(shape, self._item / self._shape)

    def _sent(self, job: Job) -> None:
        end = self.servers.ask(
            self._now + self._half,
            job.shard,
            queue=self.costs.server.add,
            each=job.actions * self._send,
            size=job.actions * self._size_in,
        )
        self._at(end, self._queued, job)

    def _heard(self, job: Job) -> None:
        build = job.build
        self.servers.ask(
            self._now + self._half,
            job.shard,
            queue=0.0,
            each=job.actions * self._read,
            size=job.actions * self._size_out,
        )
        spent = (
            self.costs.dispatch_job + job.actions * self.plan.group * self.costs.dispatch_item
        ) / 2
        end = build.dispatcher.serve(self._now + 2 * self._half, spent)
        build.done += job.actions
        build.end = max(build.end, end)
        self._open -= build.done == build.actions

    # What a queue does.

    def _queued(self, job: Job) -> None:
        self._wait(job)
        self._offer(job.shard)

    def _offer(self, shard: int) -> None:
        worker = self._somebody(shard)
        if worker is not None:
            self._take(worker)
        elif self._resting:
            # Those with few processes see that work waits when they look next, each in its own time.
            for each in self._resting:
                each.looks = True
                self._at(self._now + self._draw.random(), self._look, each)
            self._resting.clear()

    def _wait(self, job: Job, *, first: bool = False) -> None:
        queue = self.queues[job.shard]
        if first:
            queue.appendleft(job)
        else:
            queue.append(job)
        job.since = self._now
        self.waiting += 1
        self.seconds += job.actions * self._item

    def _somebody(self, shard: int) -> Worker | None:
        """A worker that waits for a job of this shard: the one that waits longest, of those that take from it first."""
        for idle in (self._idle[shard], self._idle[-1]):
            while idle:
                worker = idle.popleft()
                if worker.idle and worker.room() > 0:
                    worker.idle = False
                    return worker
        return None

    def _rest(self, worker: Worker) -> None:
        """Nothing is there for it: it waits at all its queues."""
        if worker.idle:
            return
        worker.idle = True
        if len(worker.first) < self.plan.shards:
            for shard in worker.first:
                self._idle[shard].append(worker)
        self._idle[-1].append(worker)
        self._look_soon(worker)

    def _look_soon(self, worker: Worker) -> None:
        if not worker.looks:
            worker.looks = True
            self._at(self._now + 1.0, self._look, worker)

    # What a worker does.

    def _take(self, worker: Worker) -> None:
        """Take jobs for as many as there is room for."""
        while worker.room() > 0 and self._now >= worker.frozen[1]:
            shard = next((each for each in worker.shards if self.queues[each]), None)
            if shard is None:
                self._rest(worker)
                return
            job = self.queues[shard].popleft()
            self.waiting -= 1
            self.seconds -= job.actions * self._item
            self._waited += self._now - job.since
            if job.done:
                continue
            job.turn += 1
            if job.turn == 1:
                job.build.waiting -= 1
                self._top_up(job.build)
            else:
                self._repeated += 1
            worker.held[job, job.turn] = None
            end = self.servers.ask(
                self._now + self._half,
                shard,
                queue=self.costs.server.job / 2,
                each=job.actions * self._fetch,
                size=job.actions * self._size_in,
            )
            # One way to take it, another to claim and fetch what it is made from.
            self._at(end + 3 * self._half, self._fetched, worker, job, job.turn, worker.life)

    def _fetched(self, worker: Worker, job: Job, turn: int, life: int) -> None:
        if life != worker.life or self._later(worker, self._fetched, job, turn, life):
            return
        spent = self.costs.worker_job + job.actions * self.plan.group * self.costs.worker_item
        ready = worker.loop.serve(self._now, spent / 2)
        if worker.busy < worker.ready:
            self._compute(worker, job, turn, ready)
        else:
            worker.fetched.append((job, turn))

    def _compute(self, worker: Worker, job: Job, turn: int, begin: float) -> None:
        worker.busy += 1
        spent = job.seconds + job.actions * self.plan.group * self.costs.process_item
        self._at(begin + spent, self._computed, worker, job, turn, worker.life)

    def _computed(self, worker: Worker, job: Job, turn: int, life: int) -> None:
        if life != worker.life or self._later(worker, self._computed, job, turn, life):
            return
        worker.busy -= 1
        self._begin_fetched(worker)
        spent = self.costs.worker_job + job.actions * self.plan.group * self.costs.worker_item
        end = worker.loop.serve(self._now, spent / 2)
        self._at(end, self._returned, worker, job, turn, life)

    def _begin_fetched(self, worker: Worker) -> None:
        while worker.fetched and worker.busy < worker.ready:
            job, turn = worker.fetched.popleft()
            self._compute(worker, job, turn, self._now)

    def _returned(self, worker: Worker, job: Job, turn: int, life: int) -> None:
        if life != worker.life:
            return
        del worker.held[job, turn]
        end = self.servers.ask(
            self._now + self._half,
            job.shard,
            queue=self.costs.server.job / 2,
            each=job.actions * self._return,
            size=job.actions * self._size_out,
        )
        self._at(end + self._half, self._take, worker)
        if not job.done:
            job.done = True
            self._worked += job.seconds
            self._at(end + self._half, self._heard, job)

    # How many processes a worker has.

    def _look(self, worker: Worker) -> None:
        worker.looks = False
        oldest = max((self._now - queue[0].since for queue in self.queues if queue), default=0.0)
        decision = worker.decide(
            self._now, self.waiting, max(self.seconds, 0.0), oldest, len(self.workers)
        )
        more = decision.wanted - worker.processes
        if more:
            worker.resize(self._now, decision.wanted)
        if more > 0:
            self._at(self._now + self.costs.start, self._started, worker, more, worker.life)
        if self.waiting == 0 and not worker.held and worker.processes <= self.plan.least:
            self._resting.append(worker)
        elif worker.processes < self.plan.slots or not self.waiting:
            # One that has all its processes at work would be told to have them; it looks again when it finds nothing to take.
            worker.looks = True
            self._at(decision.look, self._look, worker)

    def _started(self, worker: Worker, more: int, life: int) -> None:
        if life == worker.life:
            worker.ready = min(worker.ready + more, worker.processes)
            self._begin_fetched(worker)
            self._take(worker)

    # What goes wrong.

    def _trouble(self, worker: Worker) -> None:
        if self.plan.crashes:
            self._at(
                self._now + self._draw.expovariate(self.plan.crashes / 3600.0), self._crash, worker
            )
        if self.plan.stalls:
            self._at(
                self._now + self._draw.expovariate(self.plan.stalls / 3600.0), self._stall, worker
            )

    def _crash(self, worker: Worker) -> None:
        """It is gone with all that it had taken, and comes back without it."""
        worker.life += 1
        for job, turn in worker.held:
            self._at(self._now + self.plan.lock, self._expired, job, turn)
        worker.held.clear()
        worker.fetched.clear()
        worker.busy = 0
        worker.resize(self._now, 0)
        worker.looks = True
        self._at(self._now + self.plan.restart, self._look, worker)
        self._at(
            self._now + self._draw.expovariate(self.plan.crashes / 3600.0), self._crash, worker
        )

    def _stall(self, worker: Worker) -> None:
        """It does nothing for a while, and then goes on as if nothing had been."""
        until = self._now + self.plan.stall
        worker.frozen = (self._now, until)
        if self.plan.stall > self.plan.lock:
            for job, turn in worker.held:
                self._at(self._now + self.plan.lock, self._expired, job, turn)
        self._at(until, self._take, worker)
        self._at(until + self._draw.expovariate(self.plan.stalls / 3600.0), self._stall, worker)

    def _later(self, worker: Worker, handle: Callable[..., None], *what: Any) -> bool:
        """Whether the worker stands still: then this happens when it goes on."""
        began, until = worker.frozen
        if self._now >= until:
            return False
        self._at(until + self._now - began, handle, worker, *what)
        return True

    def _expired(self, job: Job, turn: int) -> None:
        if not job.done and job.turn == turn:
            self._wait(job, first=True)
            self._offer(job.shard)

    def _outcome(self, wall: float) -> Outcome:
        plan = self.plan
        for worker in self.workers:
            worker.resize(wall, worker.processes)
        server, line = self.servers.loads(wall)
        build = max(each.made_at for each in self.builds) / wall
        dispatch = max(each.dispatcher.busy for each in self.builds) / wall
        efficiency = self._worked / (plan.workers * plan.slots * wall)
        loads = {
            "workers": efficiency,
            "server": server,
            "line": line,
            "build": build,
            "dispatch": dispatch,
        }
        return Outcome(
            units=plan.units,
            items=round(plan.units * self.work.items),
            actions=sum(each.actions for each in self.builds),
            jobs=self._jobs,
            wall=wall,
            work=self._worked,
            efficiency=efficiency,
            server=server,
            line=line,
            build=build,
            dispatch=dispatch,
            limit=max(loads, key=loads.__getitem__),
            machine_hours=plan.workers * wall / 3600.0,
            process_hours=sum(worker.paid for worker in self.workers) / 3600.0,
            repeated=self._repeated,
            connections=connections(plan),
            wait=self._waited / max(self._jobs, 1),
            speed_up=(self._worked + sum(each.made_at for each in self.builds)) / wall,
        )
