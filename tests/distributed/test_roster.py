"""Who is there, as workers and builds say it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec
from redis.asyncio import Redis

from hyper.distributed.flights.server import Flights
from hyper.distributed.names import Names
from hyper.distributed.roster import (
    WORKER_SECONDS,
    Build,
    Worker,
    announce,
    fitting,
    leave,
    read_builds,
    read_workers,
)

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Awaitable, Callable

    from benchmarks.remote_server import RedisServer

NAMES = Names("shop")
ONE = Worker("one", "a" * 64, ("any", "llvmlite-0.48.0"), slots=4, shards=2)
TWO = Worker("two", "b" * 64, ("any",), slots=2)


def told(server: RedisServer, what: Callable[[Any], Awaitable[Any]]) -> Any:
    async def asking() -> Any:
        async with Redis.from_url(server.url) as client:
            return await what(client)

    return asyncio.run(asking())


def test_who_says_so_is_there_until_it_leaves_or_its_time_is_over(server: RedisServer) -> None:
    async def story(client: Any) -> None:
        assert await read_workers(client, NAMES) == []
        for each in (TWO, ONE):
            await announce(client, NAMES, each)
        assert 0 < await client.ttl(NAMES.worker("one")) <= WORKER_SECONDS
        assert await read_workers(client, NAMES) == [ONE, TWO]
        await leave(client, NAMES, ONE)
        assert await read_workers(client, NAMES) == [TWO]
        await client.delete(NAMES.worker("two"))
        assert await read_workers(client, NAMES) == []
        assert await client.scard(NAMES.members("workers")) == 0

    told(server, story)


def test_builds_are_apart_from_workers(server: RedisServer) -> None:
    async def story(client: Any) -> None:
        build = Build("b-1", "a" * 64, waits=False)
        await announce(client, NAMES, build)
        assert await read_builds(client, NAMES) == [build]
        assert await read_workers(client, NAMES) == []

    told(server, story)


def test_what_is_no_worker_is_passed_over(server: RedisServer) -> None:
    later = msgspec.to_builtins(ONE) | {"name": "later", "something": [1]}
    lies = {
        "no-json": b"{",
        "short": b'{"name": "short"}',
        "huge": msgspec.json.encode(msgspec.to_builtins(ONE) | {"x": "-" * 9000}),
        "another": msgspec.json.encode(ONE),
        "later": msgspec.json.encode(later),
    }

    async def story(client: Any) -> None:
        for name, data in lies.items():
            await client.set(NAMES.worker(name), data)
            await client.sadd(NAMES.members("workers"), name)
        assert [each.name for each in await read_workers(client, NAMES)] == ["later"]

    told(server, story)


def test_what_stands_in_the_place_of_a_worker_hides_no_other(server: RedisServer) -> None:
    async def story(client: Any) -> None:
        await announce(client, NAMES, ONE)
        await client.rpush(NAMES.worker("list"), "no text")
        await client.sadd(NAMES.members("workers"), "list")
        assert await read_workers(client, NAMES) == [ONE]
        # As one that is gone: nobody asks for it again.
        assert await client.smembers(NAMES.members("workers")) == {b"one"}

    told(server, story)


def test_what_stands_in_the_place_of_the_roster_is_removed(server: RedisServer) -> None:
    async def story(client: Any) -> None:
        await client.set(NAMES.members("workers"), "no set")
        await announce(client, NAMES, ONE)
        assert await read_workers(client, NAMES) == [ONE]

    told(server, story)


def test_those_fit_that_are_of_the_compiler_and_have_the_grade_and_take_more() -> None:
    draining = msgspec.structs.replace(ONE, name="three", draining=True)
    workers = [ONE, TWO, draining]
    assert fitting(workers, "a" * 64, "any") == [ONE]
    assert fitting(workers, "a" * 64, "llvmlite-0.48.0") == [ONE]
    assert fitting(workers, "b" * 64, "llvmlite-0.48.0") == []


def test_what_somebody_says_on_the_server_steers_no_terminal(
    server: RedisServer, hyper_worker: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    evil = "\x1b[2J\nfalse line"
    key = "a" * 64

    async def story(client: Any) -> None:
        await announce(client, NAMES, msgspec.structs.replace(ONE, version=evil))
        flights = Flights(client, NAMES)
        claims = await flights.claim("one", "j1", [key], 10.0, {key: evil})
        await flights.fail("one", [(key, claims[key].token, evil)])

    told(server, story)
    status = hyper_worker("status", HYPER_QUEUE_URL=server.url).stdout
    trace = hyper_worker("trace", key, HYPER_QUEUE_URL=server.url).stdout
    assert status.count("\\x1b[2J\\nfalse line") == 1
    assert trace.count("\\x1b[2J\\nfalse line") == 2
    assert "\x1b" not in status + trace
