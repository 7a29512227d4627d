"""Forged and flipped entries on a fleet's server: refused, counted, and made again; no build is wrong, and no worker ends."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import threading
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import msgspec
import pytest
import redis
from bullmq import Queue

from benchmarks.remote_server import RedisServer
from hyper.base import digest
from hyper.distributed.client import bullmq_options
from hyper.distributed.messages import Done, Item, Job, Reply
from hyper.distributed.settings import open_settings
from hyper.distributed.stages import action_key
from hyper.engine.identity import identity
from tests.redis_server import require_server
from tests.trials.attack import JUNK, Attacker
from tests.trials.fleet import OURS, PROJECT, SEED, UNITS, TrialFleet, eventually
from tests.trials.harm import flipped, harmed
from tests.trust.command import LONG

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator, Sequence

    from hyper.distributed.messages import Post

ROUNDS: Final = 25 if LONG else 1
TREE: Final = 22 if LONG else SEED
"""The seed of the tree that is built."""
HONEST: Final = 3 if LONG else 1
"""Builds of which each has workers do what was not done yet, to have much that can be forged."""
MEMBERS: Final = ("signed", "unsigned") if LONG else ("signed",)
THEIRS: Final = f"k1:{'cd' * 32}"
OTHER_NAME: Final = f"k2:{'cd' * 32}"
FORGERS: Final = {"another's secret": THEIRS, "a key that nobody knows": OTHER_NAME, "no key": None}


class Besieged:
    """A fleet of one worker, and somebody who may write all that it has on the server."""

    def __init__(self, fleet: TrialFleet, client: redis.Redis) -> None:
        self.fleet = fleet
        self.client: Any = client
        self._kept: dict[bytes, bytes] = {}
        fleet.expected()
        fleet.staffed(1)

    def attacker(self, seed: object, keys: str | None) -> Attacker:
        """Somebody whose deeds are drawn from a seed."""
        return Attacker(self.client, PROJECT, random.Random(str(seed)), keys)

    def honest(self) -> None:
        """Have on the server what honest builds left there, and nothing else but who is there."""
        self.fleet.forget()
        if not self._kept:
            for _ in range(HONEST):
                assert self.fleet.build().remote("items") > 0
            names = [name for name in self.client.scan_iter() if b":worker" not in name]
            self._kept = {name: self.client.dump(name) for name in names}
        for name, data in self._kept.items():
            self.client.restore(name, 3_600_000, data, replace=True)

    def refused(self) -> float:
        """Messages that the worker refused so far."""
        told = self.fleet.workers[0].metrics()
        return sum(each for name, each in told.items() if "refused_total" in name)

    def has_refused(self, least: float) -> bool:
        """Whether that many messages, or more, were refused."""
        return self.refused() >= least

    def holds(self) -> None:
        """The worker lives, and where all is tried it works for an honest build. Raises ``AssertionError``."""
        (worker,) = self.fleet.workers
        assert worker.code is None, worker.said[-5:]
        if LONG:
            self.works()

    def works(self) -> None:
        """The worker works for an honest build on a server that has nothing. Raises ``AssertionError``."""
        self.client.flushall()
        self.until_seen()
        self.fleet.helped()

    @contextmanager
    def kept(self) -> Iterator[None]:
        """The worker is on the roster, however long it says nothing."""
        self.client.persist(self._place)
        yield
        self.client.expire(self._place, 1)

    @property
    def _place(self) -> str:
        return f"hyper:{PROJECT}:fleet:worker:{self.fleet.workers[0].name}"

    def until_seen(self) -> None:
        """Wait until the worker has said that it is there."""
        eventually(lambda: bool(self.client.exists(self._place)), "the worker is there")


@contextmanager
def besieged(folder: Any, keys: str | None) -> Iterator[Besieged]:
    require_server()
    with ExitStack() as stack:
        server = RedisServer()
        stack.callback(server.close)
        fleet = stack.enter_context(TrialFleet(folder, server, UNITS, TREE, keys=keys))
        client = stack.enter_context(redis.Redis(unix_socket_path=server.path))
        yield Besieged(fleet, client)


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Besieged]:
    """A fleet whose members have a key."""
    with besieged(tmp_path_factory.mktemp("signed"), OURS) as made:
        yield made


@pytest.fixture(scope="module")
def unsigned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Besieged]:
    """A fleet whose members have none."""
    with besieged(tmp_path_factory.mktemp("unsigned"), None) as made:
        yield made


@pytest.mark.parametrize("forger", FORGERS if LONG else [*FORGERS][:1])
def test_forged_results(forger: str, signed: Besieged, did: Counter[str]) -> None:
    """Each action on the server has a result that an attacker sealed, whole in itself, or each content is such a one."""
    for number in range(ROUNDS):
        signed.honest()
        attacker = signed.attacker(f"{forger} {number}", FORGERS[forger])
        if number % 2:
            did["contents forged"] += attacker.forge_blobs()
        else:
            did["results forged"] += attacker.forge_flights()
        outcome = signed.fleet.build()
        assert outcome.remote("found") == 0
        did["refused by builds"] += outcome.remote("refused")
    assert did["refused by builds"] > 0
    signed.holds()


@pytest.mark.parametrize("members", MEMBERS)
def test_harmed_results_and_contents(
    members: str, request: pytest.FixtureRequest, did: Counter[str]
) -> None:
    """Bits, fields, types and ends are others; where results are signed, whole records are exchanged, too."""
    place: Besieged = request.getfixturevalue(members)
    for number in range(ROUNDS):
        place.honest()
        attacker = place.attacker(f"harm {members} {number}", None)
        did["contents harmed"] += attacker.harm_blobs()
        if number % 2 == 0:
            did["records harmed"] += attacker.harm_flights(exchange=members == "signed")
        did["refused by builds"] += place.fleet.build().remote("refused")
    assert did["refused by builds"] > 0
    place.holds()


def test_forged_workers(signed: Besieged, did: Counter[str]) -> None:
    """Nobody works, whoever says so: builds do not wait for them for long."""
    for number in range(ROUNDS):
        signed.fleet.forget()
        attacker = signed.attacker(f"roster {number}", None)
        did["workers forged"] += attacker.forge_roster(identity())
        signed.fleet.build()
        did["rosters ruined"] += attacker.ruin_roster()
        signed.fleet.build()
    # A name of another type stays so until somebody takes it away: nobody is found meanwhile.
    signed.client.flushall()
    signed.until_seen()
    signed.holds()


def test_queues_in_ruins(signed: Besieged, did: Counter[str]) -> None:
    for number in range(ROUNDS):
        signed.honest()
        attacker = signed.attacker(f"queues {number}", None)
        did["parts of queues ruined"] += attacker.ruin_queues()
        signed.fleet.build()
        signed.holds()


def test_forged_jobs(signed: Besieged, did: Counter[str]) -> None:
    """The worker refuses each, says so, and goes on."""
    signed.honest()
    for number in range(ROUNDS):
        jobs = forged_jobs(random.Random(f"jobs {number}"), signed.client)
        least = signed.refused() + len(jobs)
        asyncio.run(add(signed.fleet, jobs))
        did["jobs forged"] += len(jobs)
        eventually(partial(signed.has_refused, least), "all forged jobs are refused")
    signed.holds()


def test_jobs_that_are_no_json(signed: Besieged, did: Counter[str]) -> None:
    """What the queue's own library cannot read does not end the worker either."""
    worker = signed.fleet.workers[0]
    for number in range(ROUNDS):
        signed.honest()
        draws = random.Random(f"no json {number}")
        with stopped(worker.pid):
            asyncio.run(add(signed.fleet, forged_jobs(draws, signed.client)))
            for name in sorted(signed.client.scan_iter(match="*}:forged-*")):
                field = draws.choice((b"data", b"opts", b"name", b"timestamp", b"attemptsMade"))
                said = signed.client.hget(name, field) or b"x"
                signed.client.hset(name, field, harmed(said, draws))
                did["jobs harmed"] += 1
        signed.fleet.build()
    signed.holds()


def test_forged_answers(signed: Besieged, did: Counter[str]) -> None:
    """Nobody is there but who lies: each job that a build sends is answered at once, and no answer is believed."""
    worker = signed.fleet.workers[0]
    signed.honest()
    old = posted(signed.client)
    for number in range(ROUNDS):
        signed.until_seen()
        signed.fleet.forget()
        with (
            stopped(worker.pid),
            liar(signed, random.Random(f"answers {number}"), old) as told,
        ):
            outcome = signed.fleet.build()
        did["answers forged"] += told.told
        did["refused by builds"] += outcome.remote("refused")
        assert outcome.remote("items") == 0
    assert did["refused by builds"] > 0
    signed.holds()


@pytest.mark.skipif(not LONG, reason="with --full")
def test_a_lie_is_believed_only_where_nothing_is_signed(unsigned: Besieged) -> None:
    """What the trials show is shown by the keys: without them a result that is whole in itself is taken."""
    unsigned.honest()
    unsigned.attacker("believed", None).forge_flights()
    outcome = unsigned.fleet.start().end()
    assert outcome.remote("found") > 0
    with pytest.raises(AssertionError):
        unsigned.fleet.right(outcome)
    unsigned.holds()


@pytest.mark.parametrize("members", MEMBERS)
def test_after_all_that_the_worker_works(members: str, request: pytest.FixtureRequest) -> None:
    request.getfixturevalue(members).works()


def posted(client: Any) -> list[tuple[str, bytes, bytes]]:
    """Jobs that an honest build sent, as the server still has them: id, data, and the worker's answer."""
    found = []
    for name in sorted(client.scan_iter(match="*}:build-*")):
        if client.type(name) == b"hash":
            data, answer = client.hmget(name, "data", "returnvalue")
            if data and answer:
                found.append((name.decode().rpartition(":")[2], data, answer))
    return found


def forgers(project: str = PROJECT) -> list[Post]:
    """Those who write messages and have not the keys of the fleet, and one of another project who has the same."""
    theirs: tuple[dict[str, str], ...] = (
        {"HYPER_CACHE_KEYS": THEIRS},
        {"HYPER_CACHE_KEYS": OTHER_NAME},
        {},
    )
    settings = [open_settings(project, each, "redis://x") for each in theirs]
    settings.append(open_settings("else", {"HYPER_CACHE_KEYS": OURS}, "redis://x"))
    return [each.post for each in settings if each is not None]


def forged_jobs(draws: random.Random, client: Any) -> list[tuple[str, Any]]:
    """Messages that no member of the fleet wrote, or not under that id, with their ids."""
    number = draws.randrange(1 << 40)
    made: list[Any] = [1, "x", [], {}, {"version": 1}, [[[[]]]]]
    job = Job("build-x", identity(), "check", [], [Item("0" * 64)])
    names = [f"forged-{number}-{at}" for at in range(99)]
    made += [post.write(job, names[len(made) + at]) for at, post in enumerate(forgers())]
    honest = draws.choice(posted(client))
    data = json.loads(honest[1])
    body = data["body"]
    made.append(data)
    made += [
        data | {"version": 2},
        data | {"type": "reply"},
        data | {"body": body[:-1]},
        data | {"body": "9" * (3 << 20)},
        data | {"signature": "zz"},
        data | {"key": "k2"},
        json.loads(honest[2]),
    ]
    flips = (flipped(body.encode(), draws).decode("utf-8", "replace") for _ in range(5))
    made += [data | {"body": each} for each in flips]
    return list(zip(names, made, strict=False))


async def add(fleet: TrialFleet, jobs: Sequence[tuple[str, Any]]) -> None:
    """Put jobs into the queues that the fleet's workers serve, in turn."""
    settings = open_settings(PROJECT, {}, fleet.server.url)
    assert settings is not None
    queues = [settings.names.queue(identity(), "any", 0), settings.names.checks()]
    for at, name in enumerate(queues):
        options = bullmq_options(settings, skipVersionCheck=True)
        queue = Queue(name, options)
        await queue.addBulk(
            [{"name": "job", "data": data, "opts": {"jobId": job}} for job, data in jobs[at::2]]
        )
        await options["connection"].aclose()


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """A process that stands still meanwhile."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


class Liar(threading.Thread):
    """Answers each job that is sent, at once and in several ways, none of them the truth."""

    def __init__(
        self, path: str, draws: random.Random, old: Sequence[tuple[str, bytes, bytes]]
    ) -> None:
        super().__init__(daemon=True)
        self._path = path
        self._draws = draws
        self._old = old
        self.over = threading.Event()
        self.told = 0
        self.error: BaseException | None = None

    def run(self) -> None:
        """Lie until it is over."""
        answered: set[bytes] = set()
        with redis.Redis(unix_socket_path=self._path) as client:
            while not self.over.wait(0.01):
                try:
                    for name in set(client.scan_iter(match="*}:build-*", count=1000)) - answered:
                        if client.type(name) == b"hash":
                            answered.add(name)
                            self._answer(client, name)
                except BaseException as error:
                    self.error = error
                    raise

    def _answer(self, client: Any, name: bytes) -> None:
        queue, _, job = name.decode().rpartition(":")
        data = client.hget(name, "data")
        if data is None:
            # The build has taken it back.
            return
        sent = json.loads(data)
        for lie in self._lies(client, job, sent):
            event = {"event": "completed", "jobId": job, "returnvalue": lie, "prev": "active"}
            client.xadd(f"{queue}:events", event)
            client.hset(name, mapping={"returnvalue": lie, "finishedOn": "1"})
            self.told += 1
        client.zadd(f"{queue}:completed", {job: 1})

    def _lies(self, client: Any, job: str, sent: dict[str, Any]) -> Iterator[bytes]:
        asked = msgspec.json.decode(sent["body"], type=Job)
        lie = self._draws.randbytes(99)
        blob = digest.of_bytes(lie)
        attacker = Attacker(client, PROJECT, self._draws, THEIRS)
        attacker.put(blob, lie)
        keys = [
            action_key(asked.identity, asked.stage, asked.context, item.own) for item in asked.items
        ]
        reply = Reply("worker-1", [Done(key, "done", blob, len(lie)) for key in keys])
        messages = [post.write(reply, job) for post in forgers()]
        old = json.loads(self._draws.choice(self._old)[2])
        messages += [
            old,
            sent,
            old | {"body": flipped(old["body"].encode(), self._draws).decode("utf-8", "replace")},
        ]
        yield from (json.dumps(each).encode() for each in messages)
        yield from JUNK


@contextmanager
def liar(
    place: Besieged, draws: random.Random, old: Sequence[tuple[str, bytes, bytes]]
) -> Iterator[Liar]:
    made = Liar(place.fleet.server.path, draws, old)
    made.start()
    try:
        yield made
    finally:
        made.over.set()
        made.join()
    assert made.error is None
