"""The server and its twin in memory say the same, whatever is asked in whatever order and at whatever time."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any, Final

from hypothesis import example, given, settings
from hypothesis import strategies as st

from hyper.distributed.flights.contract import Result, Rules
from hyper.distributed.flights.twin import Twin
from tests.distributed.flights.clocked import (
    KEYRING,
    NAMES,
    START,
    ClockedFlights,
    blob_of,
    connected,
    key_of,
)

if TYPE_CHECKING:
    from benchmarks.remote_server import RedisServer

EXAMPLES: Final = 2000 if os.environ.get("HYPER_LONG") else 60
RULES: Final = Rules(strikes=2, events=12)
BUILDS: Final = st.sampled_from(["b1", "b2"])
WORKERS: Final = st.sampled_from(["w1", "w2"])
KEYS: Final = st.sampled_from([[0], [0], [0], [1], [0, 1]])
SPANS: Final = st.sampled_from([0.001, 1.0, 3.0])
TEXTS: Final = st.sampled_from(["", 'no\nmore; \\ "é" \ud800', "x" * 400, "it, ended"])
PICKS: Final = st.integers(0, 7)

STEPS: Final = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.sampled_from([0, 1, 999, 1000, 2001, 50_000])),
        st.tuples(st.just("ask"), BUILDS, KEYS, SPANS, st.booleans()),
        st.tuples(
            st.just("claim"),
            *(WORKERS, KEYS, SPANS, TEXTS, st.sampled_from(["worker", "worker", "local"])),
            st.booleans(),
        ),
        st.tuples(st.just("renew"), KEYS, PICKS, SPANS),
        st.tuples(st.just("publish"), WORKERS, KEYS, PICKS, st.integers(0, 1)),
        st.tuples(st.just("fail"), WORKERS, KEYS, PICKS, TEXTS),
        st.tuples(st.just("release"), WORKERS, KEYS, PICKS),
        st.tuples(st.just("strike"), WORKERS, KEYS, PICKS, TEXTS),
        st.tuples(st.just("withdraw"), BUILDS, KEYS),
        st.tuples(st.just("forget"), WORKERS, KEYS, st.integers(0, 1)),
        st.tuples(st.just("queued"), BUILDS, KEYS),
        st.tuples(st.just("replied"), WORKERS, TEXTS),
        st.tuples(st.just("expire"), KEYS),
    ),
    min_size=25,
    max_size=50,
)
STRUCK_LATE: Final = [
    ("claim", "w1", [0], 1.0, "", "worker", False),
    ("wait", 2001),
    ("claim", "w2", [0], 3.0, "", "worker", False),
    ("strike", "w1", [0], 3, "while another is at it, with as many strikes as there may be"),
    ("release", "w2", [0], 2),
    ("ask", "b1", [0], 1.0, False),
]

LAPSED: Final = [
    ("claim", "w1", [0], 1.0, "", "worker", False),
    ("wait", 2001),
    ("ask", "b1", [0], 1.0, False),
    ("ask", "b1", [0], 1.0, False),
    ("renew", [0], 2, 1.0),
    ("release", "w1", [0], 2),
    ("ask", "b1", [0], 1.0, True),
    ("publish", "w1", [0], 3, 0),
]

LOCAL: Final = [
    ("ask", "b1", [0, 1], 3.0, False),
    ("claim", "b2", [0], 1.0, "", "local", False),
    ("ask", "b2", [0], 1.0, True),
    ("claim", "b1", [0], 1.0, "", "local", False),
    ("withdraw", "b2", [0, 1]),
    ("withdraw", "b1", [0, 1]),
    ("claim", "b2", [0, 1], 1.0, "", "local", False),
]


def results(blob: int) -> Result:
    return Result(blob_of(blob), 10 + blob, 0.25, 0.125)


class Pair:
    """The two, which are asked the same; tokens are picked among those that were given out, and some that were not."""

    def __init__(self, server: ClockedFlights, client: Any) -> None:
        self.now = START
        self.server = server
        self.client = client
        self.twin = Twin(lambda: self.now, RULES)
        self.tokens: dict[str, list[int]] = {}

    def token(self, key: str, pick: int) -> int:
        known = [*self.tokens.get(key, []), 0, START + 10**6]
        return known[-1 - pick % len(known)]

    async def step(self, name: str, *parts: Any) -> tuple[Any, Any]:
        if name == "wait":
            self.now += parts[0]
            await self.client.set("clock", self.now)
            return None, None
        if name == "expire":
            for key in map(key_of, parts[0]):
                self.twin.expire(key)
                await self.client.delete(NAMES.flight(key), NAMES.trail(key))
            return None, None
        ours = await self.told(self.server, name, *parts)
        theirs = await self.told(self.twin, name, *parts)
        if name in {"ask", "claim"}:
            for key, answer in theirs.items():
                if answer.token:
                    self.tokens.setdefault(key, []).append(answer.token)
        return ours, theirs

    async def told(self, side: ClockedFlights | Twin, name: str, *parts: Any) -> Any:
        match name:
            case "ask":
                who, keys, span, local = parts
                return await side.ask(who, map(key_of, keys), span, local=local)
            case "claim":
                who, keys, span, text, kind, fresh = parts
                each = [key_of(number) for number in keys]
                labels = dict.fromkeys(each, text)
                return await side.claim(who, "j1", each, span, labels, kind=kind, fresh=fresh)
            case "renew":
                keys, pick, span = parts
                return await side.renew(self.picked(keys, pick), span)
            case "publish":
                who, keys, pick, blob = parts
                made = [(key, token, results(blob)) for key, token in self.picked(keys, pick)]
                return await side.publish(who, made)
            case "release":
                who, keys, pick = parts
                return await side.release(who, self.picked(keys, pick))
            case "fail" | "strike":
                who, keys, pick, text = parts
                ends = [(key, token, text) for key, token in self.picked(keys, pick)]
                return await getattr(side, name)(who, ends)
            case "withdraw":
                return await side.withdraw(parts[0], map(key_of, parts[1]))
            case "forget":
                who, keys, blob = parts
                return await side.forget(who, [(key_of(number), results(blob)) for number in keys])
            case "queued":
                return await side.queued(parts[0], "j1", map(key_of, parts[1]))
            case _:
                return await side.replied(parts[0], "j1", parts[1])

    def picked(self, keys: list[int], pick: int) -> list[tuple[str, int]]:
        return [(key_of(number), self.token(key_of(number), pick)) for number in keys]

    async def compared(self) -> None:
        for number in (0, 1):
            key = key_of(number)
            assert await self.server.trail(key) == await self.twin.trail(key)
        assert await self.server.job_trail("j1") == await self.twin.job_trail("j1")
        assert await self.server.resolve("0" * 12) == await self.twin.resolve("0" * 12)
        assert not any(self.server.counters[name] for name in ("damaged", "unsigned", "forged"))


def test_the_twin_says_what_the_server_says(shared_server: RedisServer) -> None:
    with asyncio.Runner() as runner:

        async def played(steps: list[Any]) -> None:
            async with connected(shared_server) as client:
                await client.flushall()
                await client.set("clock", START)
                pair = Pair(ClockedFlights(client, NAMES, KEYRING, rules=RULES), client)
                for step in steps:
                    ours, theirs = await pair.step(*step)
                    assert ours == theirs, step
                await pair.compared()

        @settings(max_examples=EXAMPLES)
        @given(STEPS)
        @example(STRUCK_LATE)
        @example(LAPSED)
        @example(LOCAL)
        def holds(steps: list[Any]) -> None:
            runner.run(played(steps))

        holds()
