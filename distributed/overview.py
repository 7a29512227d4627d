"""What a fleet looks like at a moment: who is there, and what waits in the queues that they serve."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import msgspec

from hyper.distributed.client import connect, disconnect
from hyper.distributed.roster import Build, Worker, read_builds, read_workers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from redis.asyncio import Redis

    from hyper.distributed.names import Names
    from hyper.distributed.settings import FleetSettings


MOST_QUEUES: Final = 1000


class QueueDepth(msgspec.Struct, frozen=True):
    """Jobs of a queue: those that wait, and those that a worker has."""

    queue: str
    waiting: int
    active: int


class Overview(msgspec.Struct, frozen=True):
    """A fleet at a moment."""

    workers: list[Worker]
    builds: list[Build]
    queues: list[QueueDepth]


async def look(settings: FleetSettings) -> Overview:
    """Look at a fleet. Raises ``redis.RedisError`` and ``OSError`` where the server does not answer."""
    client = connect(settings, text=False, timeout=5.0)
    try:
        names = settings.names
        workers = await read_workers(client, names, tidy=False)
        builds = await read_builds(client, names, tidy=False)
        depths = await depths_of(client, names, [*_queues_of(workers, names), names.checks()])
        return Overview(workers, builds, depths)
    finally:
        await disconnect(client)


def _queues_of(workers: Iterable[Worker], names: Names) -> list[str]:
    """The queues that workers say they serve, in order: ``MOST_QUEUES`` of those that most do, as anybody may say that."""
    served: Counter[tuple[str, str]] = Counter()
    shards: dict[tuple[str, str], int] = {}
    for each in workers:
        for grade in each.grades:
            served[each.identity, grade] += 1
            shards[each.identity, grade] = max(shards.get((each.identity, grade), 0), each.shards)
    queues = (
        names.queue(*kind, shard)
        for kind, _ in served.most_common()
        for shard in range(shards[kind])
    )
    return sorted(set(islice(queues, MOST_QUEUES)))


async def depths_of(client: Redis, names: Names, queues: Iterable[str]) -> list[QueueDepth]:
    """How many jobs queues have, in one round trip. Raises ``redis.RedisError``."""
    asked = list(queues)
    pipeline: Any = client.pipeline(transaction=False)
    for queue in asked:
        base = f"{names.prefix}:{queue}"
        pipeline.llen(f"{base}:wait")
        pipeline.zcard(f"{base}:prioritized")
        pipeline.llen(f"{base}:active")
    found = await pipeline.execute()
    return [
        QueueDepth(queue, int(found[3 * at]) + int(found[3 * at + 1]), int(found[3 * at + 2]))
        for at, queue in enumerate(asked)
    ]
