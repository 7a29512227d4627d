"""Which builds are there: the jobs of one that is gone are not worked on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from hyper.distributed.names import Names

_BELIEVED: Final = 0.5
_MOST: Final = 10_000


class Builds:
    """Looks for the signs of life of builds; one that was seen is believed for half a second."""

    def __init__(self, client: Redis, names: Names) -> None:
        self._client = client
        self._names = names
        self._seen: dict[str, float] = {}

    async def lives(self, build: str) -> bool:
        """Whether a build is there. Raises ``redis.RedisError``."""
        now = time.monotonic()
        if now - self._seen.get(build, -_BELIEVED) < _BELIEVED:
            return True
        answer: Any = self._client.exists(self._names.build(build))
        there = bool(await answer)
        if len(self._seen) > _MOST:
            self._seen.clear()
        if there:
            self._seen[build] = now
        return there
