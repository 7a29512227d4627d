"""What is done beside the jobs, and nobody waits for: notes on the server, of which one that is lost harms nothing."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, Final

from hyper.distributed.dispatch.cancelling import cancel

if TYPE_CHECKING:
    from collections.abc import Coroutine

_MOST: Final = 1000


class Aside:
    """Does things in the background, a thousand at most: a server that does not answer loses those that would come then."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def do(self, what: Coroutine[Any, Any, object]) -> None:
        """Do something, whatever comes of it."""
        if len(self._tasks) >= _MOST:
            what.close()
            return
        task = asyncio.create_task(_done(what))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self, seconds: float) -> None:
        """Wait for all that is under way, and break off what takes longer."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
        await cancel(self._tasks)


async def _done(what: Coroutine[Any, Any, object]) -> None:
    # BullMQ raises its own where a job is gone; nothing depends on any of it.
    with contextlib.suppress(Exception):
        await what
