"""One job under way: claim its actions, have them done, publish what came of them.

Whatever goes wrong on the way, an action has at most one result: the flights see to that, not the queue, which delivers a job at
least once. Keys of actions are worked out here of what they are made from; those of a message would have to be believed.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any, Final

from hyper.base import digest
from hyper.distributed.flights import Result
from hyper.distributed.messages import Done
from hyper.distributed.pool import Task
from hyper.distributed.stages import action_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bullmq import Job as QueuedJob

    from hyper.distributed.flights import Claim
    from hyper.distributed.messages import Job
    from hyper.distributed.pool import Ran
    from hyper.distributed.stages import RemoteStage
    from hyper.distributed.worker.equipment import Equipment

_PUBLISHED_EACH: Final = 0.25
"""Seconds between two times that a job publishes what is done so far."""
BLAMED: Final = frozenset({"died", "time", "memory"})
"""What an item did to its process."""


class Work:
    """One job under way."""

    def __init__(
        self, equipment: Equipment, queued: QueuedJob, job: Job, stage: RemoteStage[Any]
    ) -> None:
        self._with = equipment
        self._queued = queued
        self._id = str(queued.id)
        self._job = job
        self._stage = stage
        identity = equipment.registry.identity
        self._keys = [action_key(identity, job.stage, job.context, item.own) for item in job.items]
        items = dict(zip(self._keys, job.items, strict=True))
        self._own = {key: item.own for key, item in items.items()}
        self._labels = {key: item.label for key, item in items.items()}
        self._done: dict[str, Done] = {}
        self._tokens: dict[str, int] = {}
        """Of what is claimed and has no outcome yet."""
        self._suspects: list[str] = []
        """What has ended a process: each is done alone, so that nothing else is blamed."""
        self._blobs: dict[str, bytes] = {}
        self._made: list[tuple[str, Ran]] = []
        """What is done and not yet published."""
        self._published = time.monotonic()

    async def run(self) -> list[Done]:
        """What became of each item, in their order."""
        if not await self._with.builds.lives(self._job.build):
            return [Done(key, "withdrawn", reason="its build is gone") for key in self._keys]
        claimed = await self._claim(list(self._own), fresh=True)
        renewing = asyncio.create_task(self._renew())
        try:
            if await self._fetch([*claimed, *self._suspects]):
                await self._work(claimed)
                while self._suspects and not self._with.ending.is_set():
                    alone = [self._suspects.pop(0)]
                    await self._work(await self._claim(alone, fresh=False))
        finally:
            renewing.cancel()
            await asyncio.gather(renewing, return_exceptions=True)
            await self._hand_back()
        done = [self._done[key] for key in self._keys]
        states = sorted({each.state for each in done})
        counts = (f"{sum(each.state == state for each in done)} {state}" for state in states)
        await self._with.flights.replied(self._with.name, self._id, ", ".join(counts))
        return done

    async def _claim(self, keys: Sequence[str], *, fresh: bool) -> list[str]:
        """Claim actions; gives those that are to be done here now."""
        answers = await self._with.flights.claim(
            self._with.name, self._id, keys, self._with.lease, self._labels, fresh=fresh
        )
        return [key for key in keys if self._is_ours(key, answers[key])]

    def _is_ours(self, key: str, claim: Claim) -> bool:
        if claim.state == "claimed":
            self._tokens[key] = claim.token
            return True
        if claim.state == "suspect":
            self._suspects.append(key)
        elif claim.state == "done" and claim.result is not None:
            found = claim.result
            self._done[key] = Done(key, "done", found.blob, found.size)
        elif claim.state == "deadly":
            self._done[key] = Done(key, "deadly", reason="; ".join(claim.reasons)[:1000])
        else:
            reason = f"{claim.holder} is at it"
            self._done[key] = Done(key, "busy", seconds=claim.left / 1000, reason=reason)
        return False

    async def _fetch(self, keys: Sequence[str]) -> bool:
        """Get what the actions are made from; whether there is something to do."""
        if not keys:
            return False
        context = self._job.context
        self._blobs = await self._with.blobs.get([*context, *(self._own[key] for key in keys)])
        self._with.status.bytes.labels("fetched").inc(sum(map(len, self._blobs.values())))
        lost = [name for name in context if name not in self._blobs]
        for key in keys:
            if lost or self._own[key] not in self._blobs:
                missing = lost[0] if lost else self._own[key]
                self._done[key] = Done(key, "missing", blob=missing, reason="it is not there")
        self._suspects = [key for key in self._suspects if key not in self._done]
        return len(self._done) < len(self._own)

    async def _work(self, keys: Iterable[str]) -> None:
        """Have claimed actions done, and publish them."""
        keys = [key for key in keys if key not in self._done]
        if not keys:
            return
        context = [(name, self._blobs[name]) for name in self._job.context]
        items = [self._blobs[self._own[key]] for key in keys]
        outcomes = self._with.pool.run(Task(self._job.stage, context, items))
        async with contextlib.aclosing(outcomes):
            following = asyncio.ensure_future(anext(outcomes, None))
            halted = asyncio.ensure_future(self._with.halted.wait())
            try:
                while True:
                    await asyncio.wait({following, halted}, return_when=asyncio.FIRST_COMPLETED)
                    if not following.done():
                        break
                    ran = following.result()
                    if ran is None:
                        break
                    await self._ended(keys[ran.index], ran)
                    if self._with.ending.is_set():
                        break
                    following = asyncio.ensure_future(anext(outcomes, None))
            finally:
                halted.cancel()
                following.cancel()
                await asyncio.gather(halted, following, return_exceptions=True)
        await self._publish()

    async def _ended(self, key: str, ran: Ran) -> None:
        """Note what became of an action."""
        flights, name = self._with.flights, self._with.name
        if ran.state == "done":
            self._made.append((key, ran))
            if time.monotonic() - self._published >= _PUBLISHED_EACH:
                await self._publish()
            return
        token = self._tokens.pop(key)
        if ran.state in BLAMED:
            self._with.status.deaths.inc()
            struck = (await flights.strike(name, [(key, token, ran.reason)]))[key]
            self._with.log.event(
                "warning", "an item ended its process",
                job=self._id, action=key, label=self._labels[key], reason=ran.reason,
                state=struck.state,
            )  # fmt: skip
            if struck.state != "deadly":
                self._suspects.append(key)
                return
            reason = "; ".join(struck.reasons)[:1000]
            self._done[key] = Done(key, "deadly", seconds=ran.seconds, cpu=ran.cpu, reason=reason)
            return
        await flights.fail(name, [(key, token, ran.reason)])
        self._done[key] = Done(
            key, "failed", seconds=ran.seconds, cpu=ran.cpu, reason=ran.reason[:1000]
        )

    async def _publish(self) -> None:
        """Put what is done where builds find it: the contents first, then that they are the results."""
        made, self._made = self._made, []
        self._published = time.monotonic()
        if not made:
            return
        results = {
            key: (Result(digest.of_bytes(ran.data), len(ran.data), ran.seconds, ran.cpu), ran)
            for key, ran in made
        }
        contents = {result.blob: ran.data for result, ran in results.values()}
        if not await self._with.blobs.put(contents):
            for key in results:
                self._done[key] = Done(key, "returned", reason="the server took no results")
            return
        self._with.status.bytes.labels("put").inc(sum(map(len, contents.values())))
        states = await self._with.flights.publish(
            self._with.name,
            [(key, self._tokens.pop(key), result) for key, (result, _) in results.items()],
        )
        for key, (result, ran) in results.items():
            if states[key] == "differs":
                self._with.log.event(
                    "error", "a stage gave two results",
                    stage=self._job.stage, action=key, label=self._labels[key],
                )  # fmt: skip
                self._done[key] = Done(key, "busy", reason="its results differ")
                continue
            self._done[key] = Done(
                key, "done", result.blob, result.size, seconds=ran.seconds, cpu=ran.cpu
            )
        if len(self._done) < len(self._own):
            await self._queued.updateProgress({"done": len(self._done), "of": len(self._own)})

    async def _renew(self) -> None:
        """Keep what is claimed, as long as it is under way."""
        from redis.exceptions import RedisError

        while True:
            await asyncio.sleep(self._with.lease / 3)
            with contextlib.suppress(RedisError, OSError):
                if self._tokens:
                    await self._with.flights.renew(list(self._tokens.items()), self._with.lease)

    async def _hand_back(self) -> None:
        """Let go of what has no outcome: it was not worked on, or not to its end."""
        from redis.exceptions import RedisError

        tokens, self._tokens = self._tokens, {}
        if tokens:
            with contextlib.suppress(RedisError, OSError):
                await self._with.flights.release(self._with.name, list(tokens.items()))
        for key in self._own:
            self._done.setdefault(key, Done(key, "returned", reason="the worker ends"))
