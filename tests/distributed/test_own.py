"""What builds do themselves: claimed before, published after, so that builds at once do nothing twice."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from hyper.distributed.dispatch.own import Own
from hyper.distributed.dispatch.protocol import Answers, Claim, End, Made, Open, Wanted, Withdraw
from hyper.distributed.flights.server import Flights
from hyper.distributed.flights.twin import Twin
from tests.distributed.fleets import until
from tests.distributed.test_dispatcher import Side, dispatching

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pytest

    from benchmarks.remote_server import RedisServer

KEYS = [f"{number:064x}" for number in range(3)]


class Shelf:
    """Contents, which may be full."""

    def __init__(self, *, full: bool = False) -> None:
        self.full = full
        self.contents: dict[str, bytes] = {}

    async def put(self, contents: Mapping[str, bytes]) -> bool:
        if not self.full:
            self.contents |= contents
        return not self.full


def states(flights: Twin, build: str, keys: Iterable[str]) -> list[str]:
    found = asyncio.run(flights.ask(build, keys, 60.0, local=True))
    return [found[key].state for key in keys]


def owning(shelf: Any) -> tuple[Own, Twin]:
    """What a build has claimed: three items of one run."""
    flights = Twin(lambda: 1000)
    own = Own("one", flights, shelf)
    found = asyncio.run(flights.ask("one", KEYS, 60.0, local=True))
    for index, key in enumerate(KEYS):
        own.claimed(7, index, key, found[key].token)
    return own, flights


def test_what_is_made_is_published_and_what_is_left_is_handed_back() -> None:
    shelf = Shelf()
    own, flights = owning(shelf)
    assert states(flights, "two", KEYS) == ["flying"] * 3
    assert own.made(Made(7, 0, b"result", 0.5, 0.25))
    assert not own.made(Made(7, 0, b"result", 0.5, 0.25))
    assert not own.made(Made(8, 1, b"result", 0.5, 0.25))
    assert own.leave(7, [1, 5])
    asyncio.run(own.settle(60.0))
    assert states(flights, "two", KEYS) == ["done", "open", "flying"]
    assert own.leave(7)
    assert not own.leave(7)
    asyncio.run(own.settle(60.0))
    assert states(flights, "two", KEYS[2:]) == ["open"]
    assert list(shelf.contents.values()) == [b"result"]


def test_what_a_full_server_does_not_take_is_not_said_to_be_there() -> None:
    own, flights = owning(Shelf(full=True))
    assert own.made(Made(7, 0, b"result", 0.5, 0.25))
    asyncio.run(own.settle(60.0))
    assert states(flights, "two", KEYS[:1]) == ["open"]


class Far(Shelf):
    """Contents behind a line that takes its time."""

    async def put(self, contents: Mapping[str, bytes]) -> bool:
        for _ in range(100):
            await asyncio.sleep(0)
        return await super().put(contents)


def test_results_that_take_long_to_get_there_are_no_outage() -> None:
    own, flights = owning(Far())
    own.made(Made(7, 0, b"result", 0.5, 0.25))
    asyncio.run(own.settle(1e-6))
    assert states(flights, "two", KEYS[:1]) == ["done"]


def test_what_is_too_large_is_handed_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hyper.distributed.dispatch.own.LARGEST", 5)
    own, flights = owning(Shelf())
    own.made(Made(7, 0, b"result", 0.5, 0.25))
    asyncio.run(own.settle(60.0))
    assert states(flights, "two", KEYS[:1]) == ["open"]


def test_many_results_go_together_and_not_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hyper.distributed.dispatch.own._TOGETHER", 12)
    own, flights = owning(Shelf())
    for index in range(3):
        own.made(Made(7, index, b"result", 0.5, 0.25))
    asyncio.run(own.settle(60.0))
    assert states(flights, "two", KEYS) == ["done"] * 3


def _claim(side: Side, run: int, *names: str) -> None:
    side.dispatcher.take(Open(run, "shout", [b"so: "]))
    wanted = [Wanted(at, name.encode(), name) for at, name in enumerate(names)]
    side.dispatcher.take(Claim(run, wanted))


def _data(side: Side) -> dict[int, bytes]:
    each = [item for said in side.said if isinstance(said, Answers) for item in said.items]
    return {item.index: item.data for item in each if item.state == "done"}


def test_two_builds_do_an_item_once(server: RedisServer) -> None:
    async def story() -> None:
        async with dispatching(server.url) as one, dispatching(server.url) as two:
            _claim(one, 1, "a", "b", "c")
            await until(lambda: one.answers == dict.fromkeys(range(3), "yours"))
            _claim(two, 1, "a", "b", "c")
            await until(lambda: two.answers == dict.fromkeys(range(3), "flying"))
            one.dispatcher.take(Made(1, 0, b"so: A", 0.1, 0.1))
            await until(lambda: two.answers.get(0) == "done")
            assert _data(two) == {0: b"so: A"}
            # What the first does not come to is nobody's any more, and becomes a job of the second.
            one.dispatcher.take(Withdraw(1, [1]))
            one.dispatcher.take(End(1))
            await until(lambda: len(two.dispatcher._jobs) > 0)
            assert {item.label for job in two.dispatcher._jobs.values() for item in job.items} <= {
                "b",
                "c",
            }

    asyncio.run(story())


def test_what_was_made_is_published_at_the_end_of_a_build(server: RedisServer) -> None:
    async def story() -> None:
        async with dispatching(server.url) as one:
            _claim(one, 1, "a", "b")
            await until(lambda: one.answers == dict.fromkeys(range(2), "yours"))
            one.dispatcher.take(Made(1, 0, b"so: A", 0.1, 0.1))
        async with dispatching(server.url) as two:
            _claim(two, 1, "a", "b")
            await until(lambda: two.answers == {0: "done", 1: "yours"})

    asyncio.run(story())


def test_what_was_claimed_before_an_outage_is_withdrawn_after_it(server: RedisServer) -> None:
    async def story() -> None:
        async with dispatching(server.url) as one, dispatching(server.url) as two:
            _claim(one, 1, "a", "b")
            await until(lambda: one.answers == dict.fromkeys(range(2), "yours"))
            await one.dispatcher._fail(TimeoutError())
            await until(lambda: one.news[-1].on)
            await until(lambda: not one.dispatcher._ours)
            _claim(two, 1, "a", "b")
            await until(lambda: two.answers != {})
            assert two.answers == dict.fromkeys(range(2), "yours")

    asyncio.run(story())


def test_a_build_that_ends_while_it_claims_leaves_nothing_held(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        asked = asyncio.Event()

        async def unanswered(self: Flights, *args: Any, **kinds: Any) -> Any:
            """The server does it, and the answer does not come before the end."""
            await ask(self, *args, **kinds)
            asked.set()
            await asyncio.get_running_loop().create_future()

        ask = Flights.ask
        async with dispatching(server.url) as one:
            with monkeypatch.context() as patch:
                patch.setattr(Flights, "ask", unanswered)
                _claim(one, 1, "a", "b")
                await asked.wait()
                await one.dispatcher.close()
        async with dispatching(server.url) as two:
            _claim(two, 1, "a", "b")
            await until(lambda: two.answers != {})
            assert two.answers == dict.fromkeys(range(2), "yours")

    asyncio.run(story())
