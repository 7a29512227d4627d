"""How long what BullMQ keeps on the server stays: by itself most of it has no end, and each version of the compiler has queues of
its own, which nobody looks at any more when there is another one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from redis.asyncio import Redis

    from hyper.distributed.names import Names

SECONDS: Final = 2 * 24 * 3600
"""A queue is gone so long after a build or a worker has used it last, and a job so long after it was added or taken last."""
_PARTS: Final = (
    "active", "completed", "delayed", "events", "failed", "id", "marker", "meta", "paused", "pc", "prioritized", "repeat",
    "stalled", "wait", "waiting-children",
)  # fmt: skip
"""The names of a queue; ``stalled-check``, ``limiter`` and locks end by themselves, soon."""


async def renew(
    client: Redis, names: Names, queues: Iterable[str], jobs: Iterable[tuple[str, str]] = ()
) -> None:
    """Let queues, and jobs by queue and id, stay for their time from now on. Raises ``redis.RedisError``."""
    pipeline: Any = client.pipeline(transaction=False)
    for queue in queues:
        for part in _PARTS:
            pipeline.pexpire(f"{names.prefix}:{queue}:{part}", SECONDS * 1000)
    for queue, job in jobs:
        pipeline.pexpire(f"{names.prefix}:{queue}:{job}", SECONDS * 1000)
    await pipeline.execute()
