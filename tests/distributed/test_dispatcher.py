"""A dispatcher by itself, in an event loop of the test's, at a real server."""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import msgspec
import redis

from hyper.base import digest
from hyper.distributed.blobs import Blobs
from hyper.distributed.client import connect, disconnect
from hyper.distributed.dispatch.dispatcher import Dispatcher
from hyper.distributed.dispatch.lines import Line
from hyper.distributed.dispatch.protocol import Answers, Ask, End, Hello, News, Open, Wanted
from hyper.distributed.flights import Result
from hyper.distributed.flights.server import Flights
from hyper.distributed.roster import Worker, announce
from hyper.distributed.settings import open_settings
from hyper.distributed.stages import action_key
from tests.distributed.build_stages import PLACE, make
from tests.distributed.fleets import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    import pytest

    from benchmarks.remote_server import RedisServer
    from hyper.distributed.dispatch.protocol import Message

PROJECT = "shop"


class Side:
    """A dispatcher, and what it said."""

    def __init__(self, url: str, beat: float) -> None:
        settings = open_settings(PROJECT, {}, url)
        assert settings is not None
        self.settings = settings
        self.said: list[Message] = []
        self.broken = 0
        hello = Hello(place=PLACE, project=PROJECT, environment={}, url=url)
        self.dispatcher = Dispatcher(
            hello, make(), settings, self.said.append, broken=self._break, beat=beat
        )

    def _break(self) -> None:
        self.broken += 1

    @property
    def news(self) -> list[News]:
        return [each for each in self.said if isinstance(each, News)]

    @property
    def outages(self) -> list[str]:
        return [each.reason for each in self.news if not each.on and each.reason != "closed"]

    @property
    def answers(self) -> dict[int, str]:
        """What was answered, by the index of the item."""
        each = [item for said in self.said if isinstance(said, Answers) for item in said.items]
        return {item.index: item.state for item in each}

    def ask(self, run: int, *names: str, first: int = 0) -> None:
        wanted = [Wanted(first + at, name.encode(), name) for at, name in enumerate(names)]
        self.dispatcher.take(Ask(run, wanted, 0.1))


@asynccontextmanager
async def dispatching(url: str, *, slots: int = 2, beat: float = 0.2) -> AsyncIterator[Side]:
    """A dispatcher that knows of a worker, which does nothing."""
    side = Side(url, beat)
    client = connect(side.settings, text=False)
    worker = Worker("idle", make().identity, ("any",), slots=slots)
    await announce(client, side.settings.names, worker)
    await disconnect(client)
    side.dispatcher.begin()
    try:
        await until(lambda: bool(side.news))
        yield side
    finally:
        await asyncio.wait_for(side.dispatcher.close(), 30)


def tell(server: RedisServer, story: Callable[[Side], Awaitable[None]], **options: Any) -> Side:
    async def telling() -> Side:
        async with dispatching(server.url, **options) as side:
            await story(side)
        return side

    return asyncio.run(telling())


def waiting(server: RedisServer) -> int:
    """Jobs that wait."""
    with redis.Redis.from_url(server.url, decode_responses=True) as client:
        return sum(client.llen(name) for name in client.keys("*:wait"))


def test_a_large_fleet_is_given_all_its_jobs_over_few_connections(server: RedisServer) -> None:
    async def story(side: Side) -> None:
        side.dispatcher.take(Open(1, "shout", [b"so: "]))
        for number in range(400):
            side.ask(1, f"item {number}", first=number)
        await until(lambda: waiting(server) == 400 or bool(side.outages))
        with redis.Redis.from_url(server.url) as client:
            assert len(client.client_list()) < 30

    side = tell(server, story, slots=200)
    assert side.outages == []
    assert side.answers == {}
    assert waiting(server) == 0


def test_a_run_may_end_while_a_queue_is_opened_for_its_jobs(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Line.open

    async def story(side: Side) -> None:
        async def ending(line: Line) -> None:
            side.dispatcher.take(End(1))
            await opened(line)

        monkeypatch.setattr(Line, "open", ending)
        side.dispatcher.take(Open(1, "shout", [b"so: "]))
        for number in range(5):
            side.ask(1, f"item {number}", first=number)
        side.dispatcher.take(Open(2, "shout", [b"so: "]))
        side.ask(2, "item 9")
        await until(lambda: waiting(server) == 1 or side.broken > 0)

    side = tell(server, story)
    assert side.broken == 0
    assert side.outages == []


async def publish(side: Side, own: bytes) -> tuple[Flights, str]:
    """Say that there is a result of an item, which nobody has put there."""
    flights = Flights(side.dispatcher._client, side.settings.names)
    key = action_key(make().identity, "shout", [], digest.of_bytes(own))
    claim = (await flights.claim("w", "j", [key], 9.0))[key]
    await flights.publish("w", [(key, claim.token, Result(digest.of_bytes(b"gone"), 4))])
    return flights, key


def test_a_result_that_is_not_there_is_made_again(server: RedisServer) -> None:
    async def story(side: Side) -> None:
        flights, key = await publish(side, b"item")
        side.dispatcher.take(Open(1, "shout", []))
        side.ask(1, "item")
        await until(lambda: waiting(server) == 1)
        assert (await flights.ask("other", [key], 1.0))[key].state == "flying"

    assert tell(server, story).outages == []


def test_nothing_is_taken_from_others_where_a_server_does_not_answer(server: RedisServer) -> None:
    async def story(side: Side) -> None:
        flights, key = await publish(side, b"item")
        nowhere = msgspec.structs.replace(side.settings, url="unix:///nowhere/at/all")
        side.dispatcher._blobs = Blobs(nowhere)
        side.dispatcher.take(Open(1, "shout", []))
        side.ask(1, "item")
        await until(lambda: bool(side.outages))
        assert (await flights.ask("other", [key], 1.0))[key].state == "done"

    side = tell(server, story)
    assert side.answers == {0: "lost"}
    assert side.outages == ["timeout"]


def test_names_of_members_that_are_none_are_passed_over(server: RedisServer) -> None:
    with redis.Redis.from_url(server.url) as client:
        client.sadd("hyper:shop:fleet:workers", b"\xff\xfe", "a b")

    async def story(side: Side) -> None:
        await until(lambda: side.news[-1].workers == ["idle"] or side.broken > 0)

    side = tell(server, story)
    assert side.broken == 0
    assert side.outages == []


def test_a_loop_that_ends_by_itself_when_it_is_told_to_is_no_fault(server: RedisServer) -> None:
    async def story(side: Side) -> None:
        async def swallowing() -> None:
            """As redis-py may, which takes a cancellation for a lost connection."""
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.get_running_loop().create_future()

        task = asyncio.create_task(swallowing())
        task.add_done_callback(side.dispatcher._ended)
        await asyncio.sleep(0)
        task.cancel()
        await task

    assert tell(server, story).broken == 0
