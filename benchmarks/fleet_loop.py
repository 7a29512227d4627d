"""A queue of BullMQ as a fleet uses it, at its barest: jobs that are added, and workers that take them."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from multiprocessing.queues import Queue as Told
    from multiprocessing.synchronize import Event, Semaphore

QUEUE: Final = "{0123456789abcdef-any-0}"
PREFIX: Final = "hyper:costs:fleet"
BULK: Final = 20
ITEMS: Final = 10
CONCURRENCY: Final = 4


def options(url: str, **further: Any) -> dict[str, Any]:
    """What BullMQ's classes are made with."""
    from redis.asyncio import Redis

    client: Any = Redis.from_url(url, decode_responses=True, socket_timeout=None)
    return {"connection": client, "prefix": PREFIX, "skipVersionCheck": True, **further}


def job(number: int, items: int = ITEMS) -> dict[str, Any]:
    """A job as it is added: a message with the digests of its items."""
    body = ",".join(
        f'{{"own":"{number * 100 + each:064x}","label":"unit"}}' for each in range(items)
    )
    data = {"version": 1, "type": "job", "body": body, "key": "k", "signature": "0" * 64}
    kept = {"removeOnComplete": True, "attempts": 3}
    return {"name": "job", "data": data, "opts": {**kept, "jobId": f"build-{number}"}}


async def adding(url: str, jobs: int) -> None:
    """Add jobs, a few at a time."""
    from bullmq import Queue

    queue: Any = Queue(QUEUE, options(url))
    for first in range(0, jobs, BULK):
        await queue.addBulk([job(number) for number in range(first, first + BULK)])
    await queue.close()


def consumer(url: str, ready: Semaphore, go: Event, told: Told[float]) -> None:
    """A worker process that does jobs without any work until the queue is empty; tells its seconds of the processor."""
    asyncio.run(_consume(url, ready, go, told))


async def _consume(url: str, ready: Semaphore, go: Event, told: Told[float]) -> None:
    from bullmq import Worker

    async def process(_job: object, _token: str) -> dict[str, int]:
        return {"version": 1}

    worker: Any = Worker(
        QUEUE,
        process,
        options(url, concurrency=CONCURRENCY, autorun=False, drainDelay=1, lockDuration=10_000),
    )
    counter = options(url)["connection"]
    ready.release()
    await asyncio.to_thread(go.wait)
    own = time.process_time()
    running = asyncio.ensure_future(worker.run())
    while await _left(counter):  # noqa: ASYNC110  # other processes work, too
        await asyncio.sleep(0.05)
    told.put(time.process_time() - own)
    await worker.close(force=True)
    running.cancel()
    await counter.aclose()


async def _left(client: Any) -> int:
    waiting = int(await client.llen(f"{PREFIX}:{QUEUE}:wait"))
    return waiting + int(await client.llen(f"{PREFIX}:{QUEUE}:active"))
