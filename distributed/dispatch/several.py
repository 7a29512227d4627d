"""Many calls of a server, a few at the same time: each of them has a connection."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterable

AT_ONCE: Final = 16


async def all_of(calls: Iterable[Awaitable[Any]]) -> None:
    """Do them all, each to its end, and raise the first error of them."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def through(call: Awaitable[Any]) -> None:
        async with gate:
            await call

    for answer in await asyncio.gather(*map(through, calls), return_exceptions=True):
        if isinstance(answer, BaseException):
            raise answer
