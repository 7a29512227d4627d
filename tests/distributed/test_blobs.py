"""What a worker keeps at hand of the contents of its fleet."""

from __future__ import annotations

import asyncio
from contextlib import closing
from typing import TYPE_CHECKING

from hyper.distributed.blobs import Blobs, named
from hyper.distributed.settings import FleetSettings

if TYPE_CHECKING:
    from benchmarks.remote_server import RedisServer


def test_many_small_contents_take_no_more_than_they_may(server: RedisServer) -> None:
    """The names alone of contents of a few bytes are many times as large."""
    contents = named(b"%d" % number for number in range(400))
    with closing(Blobs(FleetSettings(server.url, "shop"), held=1 << 16)) as blobs:

        async def fetch() -> None:
            assert await blobs.put(contents)
            assert await blobs.get(contents) == contents
            assert 50 < len(blobs._held) < 400
            last = list(blobs._held)
            held = sum(map(len, blobs._held.values())) + len(last) * 64
            assert held <= 1 << 16
            # What was used last is there, and nothing is asked for it.
            before = blobs.counters["round_trips"]
            assert len(await blobs.get(last)) == len(last)
            assert blobs.counters["round_trips"] == before

        asyncio.run(fetch())
