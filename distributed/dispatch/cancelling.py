"""The end of tasks that talk to a server."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Collection

_AGAIN: Final = 0.1


async def cancel(tasks: Collection[asyncio.Task[Any]]) -> None:
    """Cancel tasks until they have ended: redis-py may take a cancellation for an error of the connection, and go on."""
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=_AGAIN)
