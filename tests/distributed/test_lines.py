"""Jobs go into queues, and their endings are heard, or asked for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from hyper.distributed.client import bullmq_options
from hyper.distributed.dispatch.lines import Ending, Line
from hyper.distributed.settings import open_settings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from benchmarks.remote_server import RedisServer

QUEUE = "{ab-any-0}"


class Side:
    """A build with a line, and a worker that does jobs when it is told to."""

    def __init__(self, url: str) -> None:
        settings = open_settings("shop", {}, url)
        assert settings is not None
        self.settings = settings
        self.endings: asyncio.Queue[Ending] = asyncio.Queue()
        self.order: list[str] = []

    def line(self, *, waits: bool = True) -> Line:
        return Line(self.settings, QUEUE, self.endings.put_nowait, waits=waits)

    async def work(self, count: int) -> None:
        """Do so many jobs."""
        import bullmq

        enough = asyncio.Event()

        async def process(job: Any, _token: str) -> Any:
            self.order.append(job.id)
            if len(self.order) >= count:
                enough.set()
            if job.data.get("fails"):
                raise bullmq.UnrecoverableError("no good")
            return {"did": job.id}

        options = bullmq_options(self.settings, skipVersionCheck=True)
        worker = bullmq.Worker(QUEUE, process, options)
        await asyncio.wait_for(enough.wait(), 10.0)
        await worker.close()
        await options["connection"].connection_pool.disconnect()

    async def heard(self, count: int) -> list[Ending]:
        async with asyncio.timeout(10.0):
            return [await self.endings.get() for _ in range(count)]


def tell(server: RedisServer, story: Callable[[Side], Awaitable[None]]) -> None:
    async def telling() -> None:
        await story(Side(server.url))

    asyncio.run(telling())


def test_people_go_before_automata_and_what_is_wanted_soon_before_both(
    server: RedisServer,
) -> None:
    async def story(side: Side) -> None:
        person, automaton = side.line(), side.line(waits=False)
        await automaton.add([("ci-1", {}), ("ci-2", {})])
        await person.add([("me-1", {}), ("me-2", {})])
        await person.add([("soon", {})], soon=True)
        await side.work(5)
        assert side.order == ["soon", "me-1", "me-2", "ci-1", "ci-2"]
        await person.close()
        await automaton.close()

    tell(server, story)


def test_endings_are_heard_and_can_be_asked_for(server: RedisServer) -> None:
    async def story(side: Side) -> None:
        line = side.line()
        await line.open()
        await line.add([("good", {}), ("bad", {"fails": True}), ("later", {})])
        assert await line.ending("good") is None
        await line.remove(["later", "never"])
        await side.work(2)
        expected = [Ending("good", {"did": "good"}), Ending("bad", None, "no good")]
        assert await side.heard(2) == expected
        assert [await line.ending(each.job) for each in expected] == expected
        assert await line.ending("later") == Ending("later", None, "the job is gone")
        await line.close()

    tell(server, story)


def test_what_ended_before_is_not_told(server: RedisServer) -> None:
    async def story(side: Side) -> None:
        first, second = side.line(), side.line()
        await first.add([("one", {})])
        await side.work(1)
        await second.open()
        await second.add([("two", {})])
        await side.work(2)
        assert [ending.job for ending in await side.heard(1)] == ["two"]
        await first.close()
        await second.close()

    tell(server, story)
