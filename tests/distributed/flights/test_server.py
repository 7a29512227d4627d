"""Flights on a real server: its own clock, one round trip, what is kept, and what is not believed."""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING, Any, Final

import pytest
from redis import exceptions

from hyper.distributed.flights.contract import Answer, Claim, Result, Rules
from hyper.distributed.flights.scripts import Call, Script, run
from hyper.distributed.flights.server import Flights
from tests.distributed.flights.clocked import (
    KEYRING,
    NAMES,
    OTHERS,
    blob_of,
    complete,
    connected,
    key_of,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from redis.asyncio import Redis

    from benchmarks.remote_server import RedisServer
    from hyper.cache.trust import Keyring

KEY: Final = key_of(7)
MADE: Final = Result(blob_of(1), 123, 0.25, 0.5)
FLIGHT: Final = NAMES.flight(KEY)
TRAIL: Final = NAMES.trail(KEY)


def played(
    server: RedisServer,
    play: Callable[[Flights, Redis], Awaitable[None]],
    keyring: Keyring | None = KEYRING,
    **options: Any,
) -> None:
    async def whole() -> None:
        async with connected(server, **options) as client:
            await play(Flights(client, NAMES, keyring), client)

    complete(whole())


async def published(flights: Flights, key: str = KEY, result: Result = MADE) -> None:
    token = (await flights.claim("w1", "j1", [key], 10.0))[key].token
    assert await flights.publish("w1", [(key, token, result)]) == {key: "published"}


@pytest.mark.parametrize("decodes", [False, True])
def test_an_action_is_done_once(server: RedisServer, *, decodes: bool) -> None:
    async def play(flights: Flights, _client: Redis) -> None:
        assert await flights.ask("b1", [KEY], 30.0) == {KEY: Answer("open")}
        other = (await flights.ask("b2", [KEY], 30.0))[KEY]
        assert (other.state, other.holder) == ("flying", "b1")
        assert 0 < other.left <= 30_000
        await flights.queued("b1", "j1", [KEY])
        claim = (await flights.claim("w1", "j1", [KEY], 30.0, {KEY: "Größe"}))[KEY]
        assert claim.state == "claimed"
        assert (await flights.claim("w2", "j1", [KEY], 30.0))[KEY].holder == "w1"
        assert await flights.renew([(KEY, claim.token)], 60.0) == set()
        assert await flights.renew([(KEY, claim.token - 1)], 60.0) == {KEY}
        assert await flights.publish("w1", [(KEY, claim.token, MADE)]) == {KEY: "published"}
        assert await flights.publish("w1", [(KEY, claim.token, MADE)]) == {KEY: "published"}
        assert await flights.publish("w2", [(KEY, 0, MADE)]) == {KEY: "same"}
        other_bytes = Result(blob_of(2), 1)
        assert await flights.publish("w2", [(KEY, 0, other_bytes)]) == {KEY: "differs"}
        assert await flights.ask("b2", [KEY], 30.0) == {KEY: Answer("done", MADE)}
        assert await flights.claim("w2", "j2", [KEY], 1.0) == {KEY: Claim("done", result=MADE)}
        trail = await flights.trail(KEY)
        assert [each.kind for each in trail] == [
            *("asked", "queued", "claimed", "published", "differs"),
        ]
        assert trail[2].text == "j1 Größe"
        told = await flights.job_trail("j1")
        assert told is not None
        assert told.keys == (KEY,)
        assert await flights.resolve(KEY[:12]) == [KEY]
        assert await flights.resolve(KEY) == [KEY]
        assert await flights.resolve("f" * 20) == []
        assert await flights.resolve("f" * 64) == []
        assert {**flights.counters} == {"damaged": 0, "unsigned": 0, "forged": 0, "differs": 1}

    played(server, play, decode_responses=decodes)


def test_each_script_touches_one_slot(server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cluster finds the slot of a name by what stands in its braces, and takes no script with names of two."""
    tags: list[set[str]] = []

    async def noted(client: Redis, script: Script, calls: Sequence[Call]) -> list[Any]:
        tags.extend({name[name.index("{") : name.index("}")] for name in c.names} for c in calls)
        assert not re.search(r"call\('\w+', '|hyper:", script.text)
        return await run(client, script, calls)

    async def play(flights: Flights, _client: Redis) -> None:
        monkeypatch.setattr("hyper.distributed.flights.server.run", noted)
        await _all_asked(flights)

    played(server, play)
    assert len(tags) >= 12
    assert {len(each) for each in tags} == {1}


def test_the_time_is_that_of_the_server(server: RedisServer) -> None:
    async def play(flights: Flights, client: Redis) -> None:
        before = await client.time()
        token = (await flights.claim("w1", "j1", [KEY], 10.0))[KEY].token
        after = await client.time()
        bounds = [seconds * 1000 + micro // 1000 for seconds, micro in (before, after)]
        assert bounds[0] <= token <= bounds[1]

    played(server, play)


def test_many_actions_are_one_round_trip(server: RedisServer) -> None:
    """The scripts are known after the first use; then the server sees one batch of calls by digest."""

    async def play(flights: Flights, client: Redis) -> None:
        keys = [key_of(number) for number in range(50)]
        for _ in range(2):
            await flights.ask("b1", keys, 30.0)
        stats = (await client.info("commandstats"))["cmdstat_evalsha"]
        assert stats["calls"] == 50 + 49 + 50
        assert (await client.info("commandstats"))["cmdstat_eval"]["calls"] == 1
        await client.script_flush()
        assert {each.state for each in (await flights.ask("b1", keys, 30.0)).values()} == {"open"}

    async def fresh() -> None:
        async with connected(server) as client:
            await client.config_resetstat()
            await client.script_flush()

    complete(fresh())
    played(server, play)


def test_everything_ends(server: RedisServer) -> None:
    async def play(flights: Flights, client: Redis) -> None:
        rules = Rules()
        keys = [key_of(number) for number in range(5)]
        await flights.ask("b1", keys[:1], 30.0)
        claims = await flights.claim("w1", "j1", keys[1:4], 60.0)
        tokens = {key: claim.token for key, claim in claims.items()}
        await flights.publish("w1", [(keys[1], tokens[keys[1]], MADE)])
        await flights.fail("w1", [(keys[2], tokens[keys[2]], "it raised")])
        for _ in range(3):
            token = (await flights.claim("w1", "j1", keys[4:], 60.0))[keys[4]].token
            await flights.strike("w1", [(keys[4], token, "it died")])
        await flights.queued("b1", "j1", keys)
        kept = [
            rules.unfinished + 30,
            rules.result,
            rules.unfinished,
            rules.unfinished + 60,
            rules.deadly,
        ]
        for key, most in zip(keys, kept, strict=True):
            assert most - 20 < await client.ttl(NAMES.flight(key)) <= most
            assert 0 < await client.ttl(NAMES.trail(key)) <= rules.trail
        assert 0 < await client.ttl(NAMES.job_trail("j1")) <= rules.trail
        assert await client.dbsize() == 11

    played(server, play)


def test_a_trail_is_of_bounded_length(server: RedisServer) -> None:
    async def play(flights: Flights, client: Redis) -> None:
        for number in range(80):
            await flights.queued("b1", f"j{number}", [KEY])
        count: Any = client.llen(TRAIL)
        assert await count == Rules().events
        assert [event.text for event in await flights.trail(KEY)][-1] == "j79"

    played(server, play)


def test_a_deadly_action_is_set_aside_with_its_reasons(server: RedisServer) -> None:
    async def play(flights: Flights, _client: Redis) -> None:
        for number in range(3):
            claim = (await flights.claim(f"w{number}", "j1", [KEY], 60.0))[KEY]
            struck = (await flights.strike(f"w{number}", [(KEY, claim.token, "signal 9")]))[KEY]
        assert struck.state == "deadly"
        reasons = ("w0 signal 9", "w1 signal 9", "w2 signal 9")
        assert struck.reasons == reasons
        assert (await flights.ask("b1", [KEY], 1.0))[KEY] == Answer("deadly", reasons=reasons)
        assert (await flights.claim("w9", "j", [KEY], 1.0))[KEY] == Claim("deadly", reasons=reasons)

    played(server, play)


def test_what_has_a_strike_is_claimed_alone(server: RedisServer) -> None:
    async def play(flights: Flights, _client: Redis) -> None:
        claim = (await flights.claim("w1", "j1", [KEY], 60.0, fresh=True))[KEY]
        await flights.strike("w1", [(KEY, claim.token, "signal 9")])
        found = (await flights.claim("w1", "j1", [KEY], 60.0, fresh=True))[KEY]
        assert found == Claim("suspect", reasons=("w1 signal 9",))
        assert (await flights.claim("w1", "j1", [KEY], 60.0))[KEY].state == "claimed"

    played(server, play)


def test_a_call_that_is_sent_again_is_no_second_claim(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client sends a batch again when the connection ends before the answer."""

    async def play(flights: Flights, _client: Redis) -> None:
        monkeypatch.setattr("secrets.token_hex", lambda _count: "abcd1234")
        first = await flights.claim("w1", "j1", [KEY], 60.0)
        assert await flights.claim("w1", "j1", [KEY], 60.0) == first
        own = await flights.ask("b1", [key_of(8)], 60.0, local=True)
        assert await flights.ask("b1", [key_of(8)], 60.0, local=True) == own

    played(server, play)


@pytest.mark.parametrize(
    ("writer", "fault"), [(OTHERS, "forged"), (None, "unsigned")], ids=["forged", "unsigned"]
)
def test_what_others_wrote_is_made_anew(
    server: RedisServer, writer: Keyring | None, fault: str
) -> None:
    lie = Result(blob_of(66), 123)

    async def lied(flights: Flights, _client: Redis) -> None:
        for number in range(3):
            await published(flights, key_of(number), lie)

    async def play(flights: Flights, _client: Redis) -> None:
        assert await flights.ask("b1", [key_of(0)], 9.0) == {key_of(0): Answer("open")}
        assert (await flights.claim("w1", "j1", [key_of(1)], 9.0))[key_of(1)].state == "claimed"
        assert await flights.publish("w1", [(key_of(2), 0, MADE)]) == {key_of(2): "published"}
        assert (await flights.ask("b1", [key_of(2)], 9.0))[key_of(2)].result == MADE
        assert flights.counters[fault] == 3
        assert flights.counters["differs"] == 0
        assert "refused" in [event.kind for event in await flights.trail(key_of(0))]

    played(server, lied, writer)
    played(server, play)


def test_a_result_of_another_action_is_forged(server: RedisServer) -> None:
    async def play(flights: Flights, client: Redis) -> None:
        await published(flights)
        record: Any = await client.hgetall(FLIGHT)
        await client.hset(NAMES.flight(key_of(8)), mapping=record)
        assert (await flights.ask("b1", [key_of(8)], 9.0))[key_of(8)].state == "open"
        assert flights.counters["forged"] == 1

    played(server, play)


def test_a_blob_that_is_gone_opens_its_action(server: RedisServer) -> None:
    async def play(flights: Flights, _client: Redis) -> None:
        await published(flights)
        assert await flights.forget("b1", [(KEY, Result(blob_of(2), 1))]) == set()
        assert await flights.forget("b1", [(KEY, MADE)]) == {KEY}
        assert (await flights.ask("b1", [KEY], 9.0))[KEY].state == "open"

    played(server, play)


async def _all_asked(flights: Flights) -> None:
    await flights.renew([(KEY, 5)], 1.0)
    await flights.fail("w1", [(KEY, 5, "x")])
    await flights.release("w1", [(KEY, 5)])
    await flights.strike("w1", [(KEY, 5, "x")])
    await flights.withdraw("b1", [KEY])
    await flights.forget("b1", [(KEY, MADE)])
    await flights.queued("b1", "j1", [KEY])
    await flights.ask("b1", [KEY], 9.0)
    await flights.claim("w1", "j1", [KEY], 9.0)
    await flights.publish("w1", [(KEY, 5, MADE)])
    await flights.trail(KEY)
    await flights.job_trail("j1")
    await flights.resolve(KEY[:12])


def _hostile(draw: random.Random) -> bytes:
    choices = [
        *(b"", b"0", b"-1", b"1e9", b"nan", b"9" * 15, b"9" * 400, b"w:w1:ab", b"b:", b"b1"),
        *(b"\xff\x00\xfe", b"x" * 300_000, b"a" * 64, b"A" * 64, b"1:2:3:k1", b"::::", b"1;A;;0;"),
    ]
    return draw.choice(choices)


@pytest.mark.parametrize("decodes", [False, True])
def test_hostile_values_are_counted_and_dropped(server: RedisServer, *, decodes: bool) -> None:
    draw = random.Random(5)
    fields = [b"t", b"h", b"u", b"a", b"v", b"b", b"m", b"s", b"p", b"k7", b"k", b"\xff", b"zz"]

    async def play(flights: Flights, client: Redis) -> None:
        for _ in range(60):
            await client.flushdb()
            chosen = draw.sample(fields, draw.randint(1, 5))
            await client.hset(FLIGHT, mapping={name: _hostile(draw) for name in chosen})
            for name in (TRAIL, NAMES.job_trail("j1")):
                await client.rpush(name, *(_hostile(draw) for _ in range(5)))
            await _all_asked(flights)
            assert (await flights.ask("b1", [KEY], 9.0))[KEY].state in {"flying", "done"}
        assert flights.counters["damaged"] > 60

    played(server, play, decode_responses=decodes)


def test_reasons_of_others_are_cut(server: RedisServer) -> None:
    async def play(flights: Flights, client: Redis) -> None:
        record: Any = {f"k{number}": "w1 " + "x" * 3900 for number in range(1, 90)}
        await client.hset(FLIGHT, mapping={"t": "90", **record})
        answer = (await flights.ask("b1", [KEY], 9.0))[KEY]
        assert answer.state == "deadly"
        assert [len(reason) for reason in answer.reasons] == [400] * 16

    played(server, play)


@pytest.mark.parametrize("kind", ["string", "set", "zset", "hash", "list", "long"])
def test_names_of_the_wrong_type_are_replaced(server: RedisServer, kind: str) -> None:
    async def play(flights: Flights, client: Redis) -> None:
        for name in (FLIGHT, TRAIL, NAMES.job_trail("j1")):
            match kind:
                case "string":
                    await client.set(name, b"\xff" * 1000)
                case "set":
                    await client.sadd(name, "a")
                case "zset":
                    await client.zadd(name, {"a": 1.0})
                case "hash":
                    await client.hset(name, "t", "x")
                case "list":
                    await client.rpush(name, b"\xff")
                case _:
                    await client.hset(name, mapping={f"k{n}": "x" for n in range(2000)})
        claim = (await flights.claim("w1", "j1", [KEY], 9.0))[KEY]
        assert await flights.publish("w1", [(KEY, claim.token, MADE)]) == {KEY: "published"}
        assert [each.kind for each in await flights.trail(KEY)][-2:] == ["claimed", "published"]
        await flights.queued("b1", "j1", [KEY])
        told = await flights.job_trail("j1")
        assert told is not None
        assert told.keys == (KEY,)
        assert flights.counters["damaged"] > 0

    played(server, play)


def test_a_liar_who_never_stops_ends_no_question(server: RedisServer) -> None:
    """Somebody writes a forged result whenever one is removed."""

    async def play(flights: Flights, client: Redis) -> None:
        await published(flights)
        record: Any = await client.hgetall(FLIGHT)
        record[b"s"] = b"0" * 64
        each = flights._each

        async def lying(body: str, asked: Any) -> Any:
            await client.hset(FLIGHT, mapping=record)
            return await each(body, asked)

        flights._each = lying  # type: ignore[method-assign]
        assert (await flights.ask("b1", [KEY], 9.0))[KEY].state == "open"
        assert (await flights.claim("w1", "j1", [KEY], 9.0))[KEY].state == "busy"
        assert (await flights.publish("w1", [(KEY, 0, MADE)])) == {KEY: "stale"}

    played(server, play)


def test_names_are_checked_before_anything_is_sent(server: RedisServer) -> None:
    async def play(flights: Flights, client: Redis) -> None:
        for bad in ("a b", "x;y", "é", "", "a" * 81):
            with pytest.raises(ValueError, match="name"):
                await flights.ask(bad, [KEY], 1.0)
        with pytest.raises(ValueError, match="name"):
            await flights.ask("b1", ["*"], 1.0)
        with pytest.raises(ValueError, match="digits"):
            await flights.resolve("abc*")
        for span in (0.0, -1.0, float("nan"), 1e9):
            with pytest.raises(ValueError, match="lease"):
                await flights.claim("w1", "j1", [KEY], span)
        with pytest.raises(ValueError, match="result"):
            await flights.publish("w1", [(KEY, 0, Result("x", 5))])
        assert await client.dbsize() == 0

    played(server, play)


def test_a_server_that_refuses_is_an_error(start: Callable[..., RedisServer]) -> None:
    async def play(flights: Flights, client: Redis) -> None:
        await client.acl_setuser("default", enabled=True, categories=["-@scripting"])
        with pytest.raises(exceptions.NoPermissionError):
            await flights.ask("b1", [KEY], 1.0)

    played(start(), play)


def test_an_action_costs_little_memory(server: RedisServer) -> None:
    """With the names, the record and the trail of an action that was asked for, queued, claimed and published."""

    async def play(flights: Flights, client: Redis) -> None:
        count = 500
        keys = [key_of(number) for number in range(count)]
        before = (await client.info("memory"))["used_memory"]
        await flights.ask("b" * 16, keys, 60.0)
        await flights.queued("b" * 16, "j" * 20, keys)
        claims = await flights.claim("w" * 16, "j" * 20, keys, 60.0)
        results = [(key, claims[key].token, MADE) for key in keys]
        await flights.publish("w" * 16, results)
        after = (await client.info("memory"))["used_memory"]
        assert await client.object("ENCODING", NAMES.flight(keys[0])) in {b"ziplist", b"listpack"}
        assert (after - before) / count < 1500

    played(server, play)
