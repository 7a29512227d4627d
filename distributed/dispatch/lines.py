"""A queue of BullMQ as a dispatcher uses it: jobs go out, endings come back as events, or are asked for where events stay away."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING, Any, Final

import msgspec

from hyper.distributed import expiry
from hyper.distributed.client import bullmq_options, disconnect
from hyper.distributed.dispatch.cancelling import cancel
from hyper.distributed.dispatch.several import all_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hyper.distributed.settings import FleetSettings

_BLOCKS: Final = 5000
"""Milliseconds that waiting for events takes at a time."""
_PAUSE: Final = 0.5


class Ending(msgspec.Struct, frozen=True):
    """A job is over: what it returned, or why it failed."""

    job: str
    value: Any = None
    failure: str = ""


class Line:
    """One queue. ``heard`` is called with each ending that is told of, of this build's jobs or another's."""

    def __init__(
        self, settings: FleetSettings, name: str, heard: Callable[[Ending], None], *, waits: bool
    ) -> None:
        from bullmq import Queue

        self._settings = settings
        self._name = name
        self._heard = heard
        self._waits = waits
        options = bullmq_options(settings, skipVersionCheck=True)
        self._client: Any = options["connection"]
        self._queue: Any = Queue(name, options)
        self._listening: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Listen from now on. Raises ``redis.RedisError``."""
        newest = await self._client.xrevrange(self._queue.keys["events"], count=1)
        after = newest[0][0] if newest else "0-0"
        self._listening = asyncio.create_task(self._listen(after))

    async def add(self, jobs: Sequence[tuple[str, dict[str, Any]]], *, soon: bool = False) -> None:
        """Put jobs there, each with its id. Raises ``redis.RedisError``; some may be there then."""
        options = self._settings.rules.options(waits=self._waits, soon=soon)
        if self._settings.address.cluster:
            # Pipelines to a cluster take no scripts, which adding is.
            await all_of(
                self._queue.add("job", data, {**options, "jobId": job}) for job, data in jobs
            )
        else:
            await self._queue.addBulk(
                [
                    {"name": "job", "data": data, "opts": {**options, "jobId": job}}
                    for job, data in jobs
                ]
            )
        added = [(self._name, job) for job, _ in jobs]
        await expiry.renew(self._client, self._settings.names, [self._name], added)

    async def remove(self, jobs: Sequence[str]) -> None:
        """Take jobs back that nobody has taken. Raises ``redis.RedisError``."""
        await all_of(self._queue.backend.remove(job, True) for job in jobs)

    async def ending(self, job: str) -> Ending | None:
        """How a job ended; ``None`` while it is not over. Raises ``redis.RedisError``."""
        state = await self._queue.backend.getState(job)
        if state not in {"completed", "failed", "unknown"}:
            return None
        value, failure = await self._client.hmget(
            self._queue.toKey(job), "returnvalue", "failedReason"
        )
        if state == "completed" and value is not None:
            with contextlib.suppress(ValueError, RecursionError):
                return Ending(job, json.loads(value))
        return Ending(job, None, failure or "the job is gone")

    async def close(self) -> None:
        """Let go of the connections."""
        if self._listening is not None:
            await cancel([self._listening])
        await disconnect(self._client)

    async def _listen(self, after: str) -> None:
        """Hear of endings; where the connection is lost, from where it was."""
        from bullmq import QueueEvents

        at = after

        def completed(event: dict[str, Any], place: str) -> None:
            nonlocal at
            at = place
            self._heard(Ending(event.get("jobId", ""), event.get("returnvalue")))

        def failed(event: dict[str, Any], place: str) -> None:
            nonlocal at
            at = place
            self._heard(Ending(event.get("jobId", ""), None, event.get("failedReason") or "failed"))

        while True:
            options = bullmq_options(
                self._settings,
                skipVersionCheck=True,
                autorun=False,
                lastEventId=at,
                blockingTimeout=_BLOCKS,
            )
            events: Any = QueueEvents(self._name, options)
            events.on("completed", completed)
            events.on("failed", failed)
            try:
                # It comes back where it lost the connection.
                await events.run()
            finally:
                client: Any = options["connection"]
                with contextlib.suppress(Exception):
                    await disconnect(client)
            await asyncio.sleep(_PAUSE)
