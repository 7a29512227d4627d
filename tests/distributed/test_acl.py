"""The access list of a fleet: each role does its work with the rules that are printed for it, and the server refuses all else."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
import redis

from hyper.base import digest
from hyper.distributed import roster
from hyper.distributed.acl import COMMANDS, ROLES, Role, users
from hyper.distributed.blobs import Blobs
from hyper.distributed.client import connect
from hyper.distributed.flights import lua
from hyper.distributed.flights.contract import Result
from hyper.distributed.flights.server import Flights
from hyper.distributed.messages import Check, Checked, Item, Job, Reply
from hyper.distributed.names import Names
from hyper.distributed.settings import FleetSettings
from hyper.engine.fleet.registry import registry
from tests.distributed.producing import outcome, send
from tests.distributed.workers import completed

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from benchmarks.remote_server import RedisServer
    from tests.distributed.workers import RunningWorker

NAMES: Final = Names("shop")
QUEUE: Final = NAMES.queue("ab" * 32, "any", 0)
OWN: Final = f"{NAMES.prefix}:{QUEUE}:wait"
CALLS: Final = re.compile(r"""(?:rcall|redis\.p?call)\(\s*["'](\w+)["']""")

SCRIPTS: Final[dict[Role, tuple[str, ...]]] = {
    "reader": (),
    "builder": (
        "addStandardJob",
        "addPrioritizedJob",
        "removeJob",
        "getState",
        "getStateV2",
        "isFinished",
    ),
    "worker": (
        "moveToActive",
        "moveToFinished",
        "extendLock",
        "extendLocks",
        "moveStalledJobsToWait",
        "retryJob",
        "releaseLock",
        "saveStacktrace",
        "updateProgress",
        "moveToDelayed",
    ),
    "producer": ("addStandardJob", "isFinished", "getState", "getStateV2"),
}
"""The scripts of BullMQ that a role runs."""
FLIGHTS: Final = (lua.CLOCK, lua.LIBRARY, lua.JOB)
OURS: Final[dict[Role, tuple[str, ...]]] = {
    "reader": (lua.CLOCK, lua.TRAIL),
    "builder": FLIGHTS,
    "worker": FLIGHTS,
    "producer": (),
}
"""The same of those that are our own."""
ALL: Final = frozenset({"eval", "evalsha", "select"})
LOADING: Final = frozenset({"client|setname", "script|exists", "script|load"})
DIRECT: Final[dict[Role, frozenset[str]]] = {
    "reader": ALL | {"exists", "getrange", "llen", "srandmember", "zcard"},
    "builder": ALL
    | LOADING
    | {"exec", "getrange", "multi", "ping", "set", "sadd", "srandmember", "srem", "xread"}
    | {"hmget", "xrevrange"},
    "worker": ALL
    | LOADING
    | {"bzpopmin", "exec", "getrange", "llen", "multi", "set", "sadd", "srandmember", "srem"}
    | {"exists", "zcard"},
    "producer": ALL | LOADING | {"hgetall", "xread", "xrevrange"},
}
"""What a role asks for outside of scripts: connections, transactions, contents, the roster, lengths, and how jobs end."""


@pytest.fixture
def fleet(server: RedisServer) -> RedisServer:
    """The server, with the users that are printed."""
    with redis.Redis.from_url(server.url) as client:
        client.execute_command("ACL", "LOG", "RESET")
        for user in users(NAMES):
            assert client.execute_command(*user.command().split()) in {True, b"OK"}
    return server


def password(role: Role) -> str:
    return f"{role.upper()}-PASSWORD"


def settings_of(server: RedisServer, role: Role) -> FleetSettings:
    return FleetSettings(f"unix://shop-fleet-{role}:{password(role)}@{server.path}", "shop")


def refusals(server: RedisServer) -> list[str]:
    """What the server has refused, as its log has it."""
    with redis.Redis.from_url(server.url) as client:
        log: Any = client.execute_command("ACL", "LOG")
    return [str(entry) for entry in log]


def test_the_commands_are_all_that_is_called_and_no_others() -> None:
    found = find_spec("bullmq")
    assert found is not None
    folder = Path(str(found.origin)).parent / "commands"
    for role in ROLES:
        texts = [*OURS[role]]
        for name in SCRIPTS[role]:
            (path,) = folder.glob(f"{name}-*.lua")
            texts.append(path.read_text(encoding="utf-8"))
        called = {command.lower() for text in texts for command in CALLS.findall(text)}
        # The one command whose name is worked out.
        called |= {"lpush", "rpush"} if any("pushCmd" in text for text in texts) else set()
        assert called | DIRECT[role] <= COMMANDS[role], role
        # Another version may do with fewer.
        if version("bullmq").startswith("3.4."):
            assert called | DIRECT[role] == COMMANDS[role], role


def test_the_lists_are_short() -> None:
    """None has what looks around, administers or listens to others."""
    everyone = frozenset[str]().union(*COMMANDS.values())
    assert not everyone & {
        "acl", "client", "config", "debug", "flushall", "flushdb", "info", "keys", "migrate", "module", "monitor",
        "psubscribe", "publish", "rename", "replicaof", "scan", "script", "shutdown", "slaveof", "subscribe", "sync",
    }  # fmt: skip
    assert COMMANDS["reader"] < COMMANDS["worker"] | {"lrange", "exists"} | COMMANDS["builder"]
    assert not COMMANDS["builder"] & {"bzpopmin", "rpoplpush", "zpopmin", "xtrim"}


class TestWork:
    def test_of_a_producer_and_a_worker(
        self, fleet: RedisServer, worker: Callable[..., RunningWorker]
    ) -> None:
        running = worker(HYPER_QUEUE_URL=settings_of(fleet, "worker").url)
        producer = settings_of(fleet, "producer")
        send(producer, producer.post.write(Check({"a.intent": ""}), "check-1"), "check-1")
        state, answer = outcome(fleet.url, producer, "check-1")
        assert state == "completed"
        assert producer.post.read(answer, "check-1", Checked).result["success"] is True
        assert running.stop() == 0
        assert refusals(fleet) == []

    def test_of_a_build(
        self, fleet: RedisServer, worker: Callable[..., RunningWorker], tmp_path: Path
    ) -> None:
        """Whatever share of it the worker gets, neither of them asks for anything that it may not."""
        keys = {"HYPER_CACHE_KEYS": "k1:" + "ab" * 32}
        running = worker(HYPER_QUEUE_URL=settings_of(fleet, "worker").url, **keys)
        running.until("ready")
        given = {"HYPER_QUEUE_URL": settings_of(fleet, "builder").url, **keys}
        (tmp_path / ".git").mkdir()
        hyper = [sys.executable, "-m", "hyper"]
        for words in (
            ["bench", "generate", "-o", "src", "8"],
            ["build", "src", "-o", "out", "--target", "python,native", "--tier", "insane"],
        ):
            done = completed([*hyper, *words], tmp_path, 300, **given)
            assert done.returncode == 0, done.stderr
            assert "without the fleet" not in done.stderr
        assert running.stop() == 0
        assert refusals(fleet) == []

    def test_of_a_builder_and_a_worker_under_the_eyes_of_a_reader(
        self,
        fleet: RedisServer,
        worker: Callable[..., RunningWorker],
        hyper_worker: Callable[..., subprocess.CompletedProcess[str]],
    ) -> None:
        running = worker("--name", "w1", HYPER_QUEUE_URL=settings_of(fleet, "worker").url)
        running.until("ready")
        builder, identity = settings_of(fleet, "builder"), registry().identity
        queue = NAMES.queue(identity, "any", 0)
        own = json.dumps({"a.intent": ""}).encode()
        job = Job("build-1", identity, "check", [], [Item(digest.of_bytes(own), "a.intent")])

        async def begin() -> None:
            client = connect(builder, text=False)
            await roster.announce(client, NAMES, roster.Build("build-1", identity))
            assert [each.name for each in await roster.read_workers(client, NAMES)] == ["w1"]
            await client.aclose()

        async def end() -> None:
            client = connect(builder, text=False)
            await roster.leave(client, NAMES, roster.Build("build-1", identity))
            await client.aclose()

        asyncio.run(begin())
        blobs = Blobs(builder)
        assert asyncio.run(blobs.put({job.items[0].own: own}))
        send(builder, builder.post.write(job, "build-1-1"), "build-1-1", queue)
        state, answer = outcome(fleet.url, builder, "build-1-1", queue)
        assert state == "completed"
        (done,) = builder.post.read(answer, "build-1-1", Reply).items
        assert done.state == "done"
        assert done.blob is not None
        assert json.loads(asyncio.run(blobs.get([done.blob]))[done.blob])["success"] is True
        blobs.close()
        asyncio.run(end())
        url = settings_of(fleet, "reader").url
        looked = hyper_worker("status", "--json", HYPER_QUEUE_URL=url)
        assert [each["name"] for each in json.loads(looked.stdout)["workers"]] == ["w1"]
        for name in ("build-1-1", done.key):
            looked = hyper_worker("trace", name, "--json", HYPER_QUEUE_URL=url)
            assert json.loads(looked.stdout)["events"], looked.stderr
        assert running.stop() == 0
        assert refusals(fleet) == []
        # A part of a key is looked for among the names of all projects.
        looked = hyper_worker("trace", done.key[:12], HYPER_QUEUE_URL=url)
        assert (looked.returncode, "NoPermissionError" in looked.stderr) == (1, True)

    def test_of_a_worker_that_looks_after_its_place(self, fleet: RedisServer) -> None:
        async def work() -> list[str]:
            settings = settings_of(fleet, "worker")
            member = roster.Worker("w", "ab" * 32, ("any",), 2)
            client = connect(settings, text=False)
            try:
                flights = Flights(client, NAMES)
                await roster.announce(client, NAMES, member)
                key = digest.of_bytes(b"action")
                claim = (await flights.claim("w", "job-1", [key], 10.0))[key]
                assert await flights.renew([(key, claim.token)], 10.0) == set()
                blob = {digest.of_bytes(b"result"): b"result"}
                blobs = Blobs(settings)
                assert await blobs.put(blob)
                assert await blobs.get(blob) == blob
                blobs.close()
                await flights.publish("w", [(key, claim.token, Result(next(iter(blob)), 6))])
                other = digest.of_bytes(b"other")
                claim = (await flights.claim("w", "job-1", [other], 10.0))[other]
                await flights.strike("w", [(other, claim.token, "it ended its process")])
                await flights.replied("w", "job-1", "1 done")
                there = [each.name for each in await roster.read_workers(client, NAMES)]
                await roster.leave(client, NAMES, member)
                return there
            finally:
                await client.aclose()

        assert asyncio.run(work()) == ["w"]
        assert refusals(fleet) == []

    def test_of_a_builder_that_asks_before_it_queues(self, fleet: RedisServer) -> None:
        async def build() -> None:
            client = connect(settings_of(fleet, "builder"), text=False)
            try:
                flights = Flights(client, NAMES)
                key, made = digest.of_bytes(b"action"), Result(digest.of_bytes(b"result"), 6)
                assert (await flights.ask("build-1", [key], 10.0))[key].state == "open"
                await flights.queued("build-1", "build-1-1", [key])
                assert await flights.withdraw("build-1", [key]) == {key}
                asked = (await flights.ask("build-1", [key], 10.0, local=True))[key]
                await flights.publish("build-1", [(key, asked.token, made)])
                assert await flights.forget("build-1", [(key, made)]) == {key}
            finally:
                await client.aclose()

        asyncio.run(build())
        assert refusals(fleet) == []

    def test_of_a_reader(self, fleet: RedisServer) -> None:
        """It sees who is there and what happened, and leaves the names of those that are gone."""
        with redis.Redis.from_url(fleet.url) as client:
            client.sadd(NAMES.members("workers"), "gone")

        async def read() -> int:
            client = connect(settings_of(fleet, "reader"), text=False)
            try:
                flights = Flights(client, NAMES)
                assert await roster.read_workers(client, NAMES, tidy=False) == []
                assert await flights.resolve("ab" * 32) == []
                assert await flights.job_trail("job-1") is None
                return len(await flights.trail("ab" * 32))
            finally:
                await client.aclose()

        assert asyncio.run(read()) == 0
        assert refusals(fleet) == []
        with redis.Redis.from_url(fleet.url) as client:
            assert client.smembers(NAMES.members("workers")) == {b"gone"}


REFUSED: Final = r"permission|user executing the script can't|command not allowed"
WRITES: Final = ("SET", "DEL", "LPUSH", "HSET", "SADD", "XADD", "UNLINK", "RPOPLPUSH", "EXPIRE")
ELSEWHERE: Final = (
    "hyper:other:fleet:blob:ab",
    "hyper:shop:main:action:ab",
    "hyper:shop:fleet2:blob:ab",
    "hyper:shop:flee",
    "other",
)


def forbidden() -> list[tuple[Role, tuple[str, ...]]]:
    everyone: list[tuple[str, ...]] = [
        ("FLUSHALL",),
        ("FLUSHDB",),
        ("CONFIG", "GET", "requirepass"),
        ("CONFIG", "SET", "maxmemory", "1"),
        ("KEYS", "*"),
        ("SCAN", "0"),
        ("RANDOMKEY",),
        ("ACL", "LIST"),
        ("ACL", "SETUSER", "me", "on"),
        ("CLIENT", "LIST"),
        ("CLIENT", "KILL", "TYPE", "normal"),
        ("SCRIPT", "FLUSH"),
        ("INFO",),
        ("MONITOR",),
        ("DEBUG", "SLEEP", "0"),
        ("SHUTDOWN", "NOSAVE"),
        ("REPLICAOF", "NO", "ONE"),
        ("MODULE", "LIST"),
        ("PUBLISH", "news", "1"),
        ("SUBSCRIBE", "news"),
        ("RENAME", OWN, "other"),
        ("DUMP", OWN),
        ("EVAL", "return redis.call('FLUSHALL')", "0"),
        ("EVAL", "return redis.call('KEYS', '*')", "0"),
    ]
    for place in ELSEWHERE:
        everyone.append(("EVAL", "return redis.call('EXISTS', ARGV[1])", "0", place))
        everyone.append(("EVAL", "return redis.call('EXISTS', KEYS[1])", "1", place))
    found: list[tuple[Role, tuple[str, ...]]] = [
        (role, command) for role in ROLES for command in everyone
    ]
    for place in ELSEWHERE:
        found += [
            ("reader", ("GETRANGE", place, "0", "9")),
            ("reader", ("LRANGE", place, "0", "9")),
        ]
        found += [(role, ("SET", place, "1")) for role in ("builder", "worker", "producer")]
    for command in WRITES:
        arguments = {
            "HSET": ("a", "b"),
            "XADD": ("*", "a", "b"),
            "RPOPLPUSH": (OWN,),
            "DEL": (),
            "UNLINK": (),
        }
        rest = arguments.get(command, ("1",))
        found.append(("reader", (command, OWN, *rest)))
        script = f"return redis.call('{command}', KEYS[1], unpack(ARGV))"
        found.append(("reader", ("EVAL", script, "1", OWN, *rest)))
    # A builder takes no jobs from others, and a producer has nothing but its queue.
    found += [("builder", ("RPOPLPUSH", OWN, OWN)), ("builder", ("BZPOPMIN", OWN, "1"))]
    for place in (OWN, NAMES.flight("ab" * 32), NAMES.worker("w"), f"{NAMES.prefix}:blob:ab"):
        found += [("producer", ("SET", place, "1")), ("producer", ("HGETALL", place))]
    return found


def test_all_else_is_refused(fleet: RedisServer) -> None:
    with redis.Redis.from_url(fleet.url) as client:
        client.rpush(OWN, "a")
        for place in ELSEWHERE:
            client.set(place, "kept")
        before = {name: client.dump(name) for name in (OWN, *ELSEWHERE)}
    refused = 0
    for role in ROLES:
        with _as(fleet, role) as client:
            for command in [command for who, command in forbidden() if who == role]:
                with pytest.raises(redis.ResponseError, match=REFUSED) as raised:
                    client.execute_command(*command)
                assert password(role) not in str(raised.value)
                refused += 1
    with redis.Redis.from_url(fleet.url) as client:
        assert {name: client.dump(name) for name in before} == before
    assert refused > 180


def test_a_wrong_password_and_nobody_are_refused(fleet: RedisServer) -> None:
    with redis.Redis.from_url(fleet.url) as client:
        client.execute_command("ACL", "SETUSER", "default", "off")
        try:
            for user in ({}, {"username": "shop-fleet-worker", "password": "wrong"}):
                with (
                    _client(fleet, **user) as other,
                    pytest.raises(redis.AuthenticationError),
                ):
                    other.execute_command("LLEN", OWN)
        finally:
            client.execute_command("ACL", "SETUSER", "default", "on")


def _as(server: RedisServer, role: Role) -> redis.Redis:
    return _client(server, username=f"shop-fleet-{role}", password=password(role))


def _client(server: RedisServer, **user: Any) -> redis.Redis:
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    return redis.Redis(unix_socket_path=server.path, retry=Retry(NoBackoff(), 0), **user)


def test_as_a_file(start: Callable[..., RedisServer], tmp_path: Path) -> None:
    """The lines are those of ``aclfile``, too."""
    path = tmp_path / "users.acl"
    lines = ["user default off", *(user.line() for user in users(NAMES))]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    server = start("--aclfile", str(path))
    with _as(server, "reader") as client:
        assert client.llen(OWN) == 0
