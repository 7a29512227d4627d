"""Flights on a real server whose clock is a number that the test sets, and what else tests of flights share."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeVar

from redis.asyncio import Redis

from hyper.cache.trust import Keyring
from hyper.distributed.flights.server import Flights
from hyper.distributed.names import Names

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine

    from benchmarks.remote_server import RedisServer

T = TypeVar("T")
START: Final = 1_800_000_000_000
KEYRING: Final = Keyring([("k1", b"one secret for us")])
OTHERS: Final = Keyring([("k1", b"a secret of others")])
NAMES: Final = Names("shop")


class ClockedFlights(Flights):
    """The scripts take the time from a name on the server."""

    CLOCK: ClassVar[str] = "local now = tonumber(redis.call('GET', 'clock'))"


def key_of(number: int) -> str:
    return f"{number:064x}"


def blob_of(number: int) -> str:
    return f"{number + 0xB0B:064x}"


@asynccontextmanager
async def connected(server: RedisServer, **options: Any) -> AsyncIterator[Redis]:
    client = Redis.from_url(server.url, **options)
    try:
        yield client
    finally:
        await client.aclose()


def complete(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)
