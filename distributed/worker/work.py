"""One job under way: the steps of ``distributed/flights/steps.py`` carried out with contents, flights and processes.

Keys of actions are worked out here of what they are made from; those of a message would have to be believed.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any, Final

from hyper.base import digest
from hyper.distributed.client import cancelled
from hyper.distributed.flights import Result
from hyper.distributed.flights import steps as s
from hyper.distributed.pool import Task
from hyper.distributed.stages import action_keys

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from bullmq import Job as QueuedJob

    from hyper.distributed.messages import Done, Job
    from hyper.distributed.pool import Ran
    from hyper.distributed.worker.equipment import Equipment

_TOGETHER: Final = 0.25
"""Seconds for which outcomes are gathered before they are published."""
_LAST: Final = 3.0
"""Seconds for handing back what was broken off: less than a worker that ends waits for it."""
BLAMED: Final = frozenset({"died", "time", "memory"})
"""What an item did to its process."""


class Work:
    """One job under way."""

    def __init__(self, equipment: Equipment, queued: QueuedJob, job: Job) -> None:
        self._with = equipment
        self._queued = queued
        self._id = str(queued.id)
        self._job = job
        identity = equipment.registry.identity
        keys = action_keys(identity, job.stage, job.context, [item.own for item in job.items])
        orders = [
            s.Order(key, item.own, item.label) for key, item in zip(keys, job.items, strict=True)
        ]
        self._labels = {order.key: order.label for order in orders}
        self._steps = s.JobSteps(self._id, job.build, job.context, orders)
        self._contents: dict[str, bytes] = {}
        """What was fetched for this round, by digest."""
        self._made: dict[str, bytes] = {}
        """Results that are not yet on the server, by digest."""
        self._begun: list[s.Order] = []
        """What has no outcome yet, in the order in which it is done."""
        self._running: AsyncGenerator[Ran, None] | None = None
        self._following: asyncio.Future[Ran | None] | None = None
        self._ahead: asyncio.Task[dict[str, bytes]] | None = None
        """Fetches what the job needs while it is being claimed."""
        self.waited = 0.0
        """Seconds that items waited for a process of the pool."""

    async def run(self) -> list[Done]:
        """What became of each item, in their order. Raises what redis-py raises; claims that are held then are let go of."""
        renewing = asyncio.create_task(self._renew())
        owns = (item.own for item in self._job.items)
        ahead = asyncio.create_task(self._with.blobs.get([*self._job.context, *owns]))
        self._ahead = ahead
        try:
            done = await s.follow(self._steps.steps(), self._act)
        finally:
            renewing.cancel()
            ahead.cancel()
            await asyncio.gather(renewing, ahead, return_exceptions=True)
            await self._stop()
            await self._hand_back()
        if done is None:
            done = self._steps.so_far()
        states = sorted({each.state for each in done})
        counts = (f"{sum(each.state == state for each in done)} {state}" for state in states)
        # The answer does not wait for what only the trail tells.
        flights = self._with.flights
        self._with.aside.do(flights.replied(self._with.name, self._id, ", ".join(counts)))
        return done

    async def _act(self, effect: s.Effect) -> Any:
        match effect:
            case s.Alive(build):
                return await self._with.builds.lives(build)
            case s.Fetch(digests):
                return await self._fetch(digests)
            case s.Begin(orders):
                return self._begin(orders)
            case s.Next():
                return await self._next()
            case s.Put(digests):
                return await self._put(digests)
            case s.Strike(strikes):
                self._with.status.deaths.inc(len(strikes))
                for key, _, reason in strikes:
                    self._tell("warning", "an item ended its process", key, reason)
        answer = await s.ask_flights(self._with.flights, self._with.name, self._with.lease, effect)
        if isinstance(effect, s.Publish):
            for key, state in answer.items():
                if state == "differs":
                    self._tell("error", "a stage gave two results", key, "")
            self._progress()
        return answer

    def _tell(self, level: Any, event: str, key: str, reason: str) -> None:
        self._with.log.seldom(
            level,
            event,
            job=self._id,
            stage=self._job.stage,
            action=key,
            label=self._labels.get(key),
            reason=reason or None,
        )

    async def _fetch(self, digests: Sequence[str]) -> set[str]:
        found: dict[str, bytes] = {}
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            found = await ahead
        if not found.keys() >= set(digests):
            found |= await self._with.blobs.get([name for name in digests if name not in found])
        self._with.status.bytes.labels("fetched").inc(sum(map(len, found.values())))
        # Of a round before, nothing is needed any more.
        self._contents = found
        return set(found)

    def _begin(self, orders: Sequence[s.Order]) -> None:
        context = [(name, self._contents[name]) for name in self._job.context]
        items = [self._contents[order.own] for order in orders]
        self._begun = list(orders)
        self._running = self._with.pool.run(Task(self._job.stage, context, items))
        self._following = None

    async def _next(self) -> list[s.Outcome]:
        """Wait for an outcome, and for those that come soon after it."""
        until = time.monotonic() + _TOGETHER
        outcomes: list[s.Outcome] = []
        while self._begun:
            left = max(until - time.monotonic(), 0.0) if outcomes else None
            ran = await self._following_one(left)
            if ran is None:
                break
            outcomes.append(self._outcome(ran))
        ending = self._with.halted if not outcomes else self._with.ending
        if self._begun and ending.is_set():
            await self._stop()
            outcomes += [s.Outcome(order.key, "stopped") for order in self._begun]
            self._begun = []
        return outcomes

    async def _following_one(self, seconds: float | None) -> Ran | None:
        """What comes next; nothing if that takes longer, or the worker ends."""
        assert self._running is not None
        if self._with.ending.is_set() and seconds is not None:
            return None
        if self._following is None:
            self._following = asyncio.ensure_future(anext(self._running, None))
        halted = asyncio.ensure_future(self._with.halted.wait())
        waits: set[asyncio.Future[Any]] = {self._following, halted}
        try:
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            halted.cancel()
        if not self._following.done():
            return None
        following, self._following = self._following, None
        ran = following.result()
        if ran is None:
            raise RuntimeError("the pool gave fewer outcomes than it was given items")
        return ran

    def _outcome(self, ran: Ran) -> s.Outcome:
        self.waited += ran.waited
        # Outcomes come in the order in which items were given.
        order = self._begun.pop(0)
        if ran.state != "done":
            return s.Outcome(order.key, ran.state, reason=ran.reason)
        name = digest.of_bytes(ran.data)
        self._made[name] = ran.data
        return s.Outcome(order.key, "done", Result(name, len(ran.data), ran.seconds, ran.cpu))

    async def _put(self, digests: Sequence[str]) -> set[str]:
        contents = {name: self._made.pop(name) for name in digests}
        if not await self._with.blobs.put(contents):
            self._with.log.once("warning", "the server takes no results")
            return set()
        self._with.log.over("the server takes no results")
        self._with.status.bytes.labels("put").inc(sum(map(len, contents.values())))
        return set(digests)

    def _progress(self) -> None:
        """Tell how far it is, where more is to come."""
        if self._begun:
            of = len(self._labels)
            done = of - len(self._steps.held)
            self._with.aside.do(self._queued.updateProgress({"done": done, "of": of}))

    async def _renew(self) -> None:
        """Keep what is claimed, as long as it is under way."""
        from hyper.distributed.dispatch.outages import TROUBLE

        while not cancelled():
            await asyncio.sleep(self._with.lease / 3)
            with contextlib.suppress(*TROUBLE):
                if self._steps.held:
                    held = list(self._steps.held.items())
                    await self._with.flights.renew(held, self._with.lease)

    async def _stop(self) -> None:
        """End what the pool is at."""
        following, self._following = self._following, None
        if following is not None:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
        running, self._running = self._running, None
        if running is not None:
            await running.aclose()

    async def _hand_back(self) -> None:
        """Let go of what has no outcome, because the steps were broken off."""
        from hyper.distributed.dispatch.outages import TROUBLE

        held = list(self._steps.held.items())
        if held:
            with contextlib.suppress(*TROUBLE):
                async with asyncio.timeout(_LAST):
                    await self._with.flights.release(self._with.name, held)
