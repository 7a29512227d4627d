"""What a worker keeps at hand of the contents of its fleet."""

from __future__ import annotations

import asyncio
from contextlib import closing
from threading import Event
from typing import TYPE_CHECKING, Any

from hyper.distributed.blobs import Blobs, named
from hyper.distributed.settings import FleetSettings

if TYPE_CHECKING:
    import pytest

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


def test_whoever_stops_waiting_takes_nothing_from_the_next(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its thread is still at it, and what it puts there is not counted as another's."""
    begun, both, ended = Event(), Event(), Event()
    with closing(Blobs(FleetSettings(server.url, "shop"))) as blobs:
        put = blobs._layer.put_many

        def late(kind: Any, entries: Any) -> None:
            if not begun.is_set():
                begun.set()
                both.wait(0.3)
                put(kind, entries)
                ended.set()
            else:
                both.set()
                assert ended.wait(10.0)
                put(kind, entries)

        monkeypatch.setattr(blobs._layer, "put_many", late)

        async def story() -> bool:
            first = asyncio.create_task(blobs.put(named([b"one"])))
            await asyncio.to_thread(begun.wait)
            first.cancel()
            await asyncio.wait({first})
            return await blobs.put(named([b"two"]))

        assert asyncio.run(story())
