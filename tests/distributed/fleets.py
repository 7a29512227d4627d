"""A fleet for tests: a worker in this process, and a producer that adds jobs and waits for what becomes of them."""

from __future__ import annotations

import asyncio
import io
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import bullmq

from hyper.distributed import roster
from hyper.distributed.blobs import Blobs, named
from hyper.distributed.client import bullmq_options, connect
from hyper.distributed.messages import Item, Job, Reply
from hyper.distributed.pool import Limits
from hyper.distributed.settings import FleetSettings, open_settings
from hyper.distributed.stages import Registry, action_key, find_registry
from hyper.distributed.worker.daemon import Daemon, Options
from hyper.distributed.worker.log import Log
from tests.distributed.registry import PLACE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from hyper.distributed.messages import Done, Message

KEYS: Final = "k1:" + "ab" * 32
BUILD: Final = "b1"
LIMITS: Final = Limits(seconds=20.0, memory=256 << 20, result=1 << 20)


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds, for a minute at most."""
    async with asyncio.timeout(60):
        while not holds():  # noqa: ASYNC110  # what holds is told by no event
            await asyncio.sleep(0.01)


class Fleet:
    """A worker and a producer."""

    def __init__(self, settings: FleetSettings, daemon: Daemon, registry: Registry) -> None:
        self.settings = settings
        self.daemon = daemon
        self.registry = registry
        self.log = io.StringIO()
        self.client = connect(settings, text=False)
        self.blobs = Blobs(settings)
        self._queues: dict[str, Any] = {}

    async def ready(self) -> None:
        await until(lambda: self.daemon.status.phase == "ready")
        await roster.announce(
            self.client, self.settings.names, roster.Build(BUILD, self.registry.identity)
        )

    def queue_name(self) -> str:
        return self.settings.names.queue(self.registry.identity, "any", 0)

    async def add(self, name: str, data: Any, queue: str | None = None) -> dict[str, Any]:
        """Add a job, and wait for what becomes of it."""
        where = queue or self.queue_name()
        if where not in self._queues:
            self._queues[where] = bullmq.Queue(where, bullmq_options(self.settings))
        jobs: Any = self._queues[where]
        await jobs.add("job", data, {"jobId": name})
        async with asyncio.timeout(60):
            while True:
                job = await bullmq.Job.fromId(jobs, name)
                if job is not None and job.returnvalue is not None:
                    return {"returnvalue": job.returnvalue}
                if job is not None and job.failedReason:
                    return {"failedReason": job.failedReason}
                await asyncio.sleep(0.01)

    async def job(self, stage: str, items: Sequence[bytes], context: Sequence[bytes] = ()) -> Job:
        """A job whose contents are on the server."""
        own, around = named(items), named(context)
        assert await self.blobs.put({**own, **around})
        labels = [Item(digest, data.decode()[:50]) for digest, data in own.items()]
        return Job(BUILD, self.registry.identity, stage, list(around), labels)

    async def do(
        self, name: str, stage: str, items: Sequence[bytes], context: Sequence[bytes] = ()
    ) -> list[Done]:
        """What became of each item of a job."""
        return await self.send(name, await self.job(stage, items, context))

    async def send(self, name: str, job: Message) -> list[Done]:
        event = await self.add(name, self.settings.post.write(job, name))
        assert "returnvalue" in event, event
        return self.settings.post.read(event["returnvalue"], name, Reply).items

    def key(self, job: Job, at: int = 0) -> str:
        return action_key(job.identity, job.stage, job.context, job.items[at].own)

    async def close(self) -> None:
        for each in self._queues.values():
            await each.close()
        await self.client.aclose()
        self.blobs.close()


@asynccontextmanager
async def fleet(
    url: str, *, keys: str = KEYS, place: str = PLACE, project: str = "shop", **options: Any
) -> AsyncIterator[Fleet]:
    """A fleet whose worker is ready, and ends with it."""
    settings = open_settings(project, {"HYPER_CACHE_KEYS": keys} if keys else {}, url)
    assert settings is not None
    registry = find_registry(place)
    log = io.StringIO()
    chosen = {"name": "w1", "least": 1, "most": 2, "limits": LIMITS, **options}
    daemon = Daemon(settings, registry, Options(**chosen), Log("text", "debug", log), "1.0")
    made = Fleet(settings, daemon, registry)
    made.log = log
    running = asyncio.ensure_future(daemon.run())
    ready = asyncio.ensure_future(made.ready())
    try:
        await asyncio.wait({running, ready}, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            ready.cancel()
            running.result()
        yield made
    finally:
        daemon.stop()
        try:
            await asyncio.wait_for(running, 60)
        finally:
            await made.close()
