"""A fleet on a cluster of servers: queues, flights and contents lie on all nodes, and a node that is gone costs time only."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
import redis

from benchmarks.remote_server import RedisServer
from hyper.cache.remote.slots import SLOTS, slot_of
from hyper.distributed.acl import ROLES, users
from hyper.distributed.client import connect, disconnect
from hyper.distributed.dispatch.outages import TROUBLE, reason_of
from hyper.distributed.dispatch.protocol import Open
from hyper.distributed.flights.server import Flights
from hyper.distributed.names import Names, queue_tag
from hyper.distributed.overview import look
from hyper.distributed.roster import read_workers
from hyper.distributed.settings import FleetSettings
from tests.distributed.fleets import fleet, until
from tests.distributed.test_builds import ITEMS, build, hire, interrupt, left_behind
from tests.distributed.test_dispatcher import Side, dispatching
from tests.distributed.test_dispatcher import waiting as waiting_on
from tests.redis_cluster import RedisCluster

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from tests.distributed.test_builds import Build

__all__ = ["build", "hire"]

NAMES = Names("shop")

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="children are forks")


def left(cluster: RedisCluster) -> list[str]:
    return [name for node in cluster.nodes for name in left_behind(node)]


def trouble(url: str) -> str:
    """What goes wrong with looking who is there, in a word; empty where nothing does."""

    async def ask() -> str:
        client = connect(FleetSettings(url, "shop"), text=False, timeout=5.0)
        try:
            await read_workers(client, NAMES)
        except TROUBLE as error:
            return reason_of(error)
        finally:
            await disconnect(client)
        return ""

    return asyncio.run(ask())


def secured(cluster: RedisCluster, role: str) -> str:
    """The address for a user of a role."""
    return cluster.url.replace("//", f"//shop-fleet-{role}:{role.upper()}-PASSWORD@")


def test_jobs_of_all_shards_are_done(cluster: RedisCluster) -> None:
    shards = 4

    async def whole() -> None:
        async with fleet(cluster.url, shards=shards) as there:
            for shard in range(shards):
                queue = there.settings.names.queue(there.registry.identity, "any", shard)
                job = await there.job("echo", [b"one", b"two"], [b"of "])
                number = f"j{shard}"
                event = await there.add(number, there.settings.post.write(job, number), queue)
                assert "returnvalue" in event, event
            seen = await look(there.settings)
            assert [each.name for each in seen.workers] == ["w1"]
            # Of both grades of the worker, and that of documents.
            assert len(seen.queues) == 2 * shards + 1
            flights = Flights(there.client, NAMES)
            key = there.key(job)
            assert [each.kind for each in await flights.trail(key)][-1] == "published"
            assert await flights.resolve(key[:12]) == [key]

    asyncio.run(whole())
    assert min(cluster.sizes()) > 0


def test_what_a_fleet_does_is_the_same(
    cluster: RedisCluster, build: Callable[..., Build], hire: Callable[..., Any]
) -> None:
    hire(cluster.url)
    made = build(cluster.url)
    made.run()
    assert made.remote.items > 0
    assert (made.remote.lost, made.remote.workers) == (0, 1)
    assert made.heard.outages == []
    made.end()
    assert min(cluster.sizes()) > 0
    assert left(cluster) == []


def test_builds_at_once_do_nothing_twice(
    cluster: RedisCluster, build: Callable[..., Build]
) -> None:
    several = [build(cluster.url) for _ in range(2)]
    threads = [threading.Thread(target=each.run) for each in several]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(each.remote.found for each in several) > 0
    assert sum(each.count for each in several) < 2 * len(ITEMS)
    for each in several:
        each.end()
    assert left(cluster) == []


def test_an_interrupt_leaves_nothing_behind(
    cluster: RedisCluster, build: Callable[..., Build], hire: Callable[..., Any]
) -> None:
    hire(cluster.url).send_signal(signal.SIGSTOP)
    interrupt(build(cluster.url))
    assert left(cluster) == []


@pytest.mark.parametrize("node", range(3))
def test_a_node_that_dies_is_told_once_and_all_is_done(
    build: Callable[..., Build], hire: Callable[..., Any], node: int
) -> None:
    cluster = RedisCluster()
    try:
        hire(cluster.url)
        made = build(cluster.url)
        made.at[3] = cluster.nodes[node].kill
        made.run()
        assert len(made.heard.outages) == 1
        assert made.heard.outages[0] in {"connection", "timeout", "server"}
    finally:
        cluster.close()


def test_one_node_alone_says_that_it_is_of_a_cluster(
    cluster: RedisCluster, build: Callable[..., Build]
) -> None:
    found = [trouble(f"redis://127.0.0.1:{port}") for port in cluster.ports]
    # The set of all that are there is on one of them.
    assert sorted(found) == ["", "cluster", "cluster"]
    made = build(f"redis://127.0.0.1:{cluster.ports[found.index('cluster')]}")
    made.run()
    assert made.heard.outages == ["cluster"]


def test_nobody_there_is_no_connection() -> None:
    assert trouble("redis+cluster://127.0.0.1:1") == "connection"


def test_a_server_that_is_no_cluster_is_told() -> None:
    server = RedisServer("--requirepass", "right", tcp=True)
    try:
        where = server.url.removeprefix("redis://")
        assert trouble(f"redis+cluster://:right@{where}") == "single"
        assert trouble(f"redis+cluster://:wrong@{where}") == "authentication"
    finally:
        server.close()


def test_a_cluster_that_lost_slots_is_told(cluster: RedisCluster) -> None:
    """The set of workers is in one of them."""
    slot = slot_of(NAMES.members("workers").encode())
    owner = slot * len(cluster.nodes) // SLOTS
    cluster.ask(owner, "CLUSTER", "DELSLOTS", slot)
    try:
        assert trouble(cluster.url) == "down"
    finally:
        cluster.ask(owner, "CLUSTER", "ADDSLOTS", slot)
        cluster.heal()


def test_an_action_that_is_half_moved_is_told(cluster: RedisCluster) -> None:
    """Its record is at another node already, and its trail is not."""
    key = "ab" * 32
    slot = slot_of(key.encode())
    owner = slot * len(cluster.nodes) // SLOTS
    other = (owner + 1) % len(cluster.nodes)

    async def ask() -> str:
        client = connect(FleetSettings(cluster.url, "shop"), text=False, timeout=5.0)
        try:
            flights = Flights(client, NAMES)
            await flights.ask("build-1", [key], 10.0)
            cluster.ask(other, "CLUSTER", "SETSLOT", slot, "IMPORTING", cluster.name_of(owner))
            cluster.ask(owner, "CLUSTER", "SETSLOT", slot, "MIGRATING", cluster.name_of(other))
            port = cluster.ports[other]
            cluster.ask(owner, "MIGRATE", "127.0.0.1", port, NAMES.flight(key), 0, 5000)
            await flights.ask("build-2", [key], 10.0)
        except TROUBLE as error:
            return reason_of(error)
        finally:
            await disconnect(client)
        return ""

    try:
        assert asyncio.run(ask()) == "moving"
    finally:
        cluster.empty()
        for node in (owner, other):
            cluster.ask(node, "CLUSTER", "SETSLOT", slot, "STABLE")


def test_a_slot_that_a_client_knows_no_node_of_is_no_sign_of_a_single_server() -> None:
    """redis-py tells it while it handles an error of its own."""
    error = redis.exceptions.SlotNotCoveredError("no node")
    error.__context__ = IndexError()
    assert reason_of(error) == "down"


def test_a_list_without_what_a_cluster_takes_is_told(cluster: RedisCluster) -> None:
    (reader,) = users(NAMES, ["reader"])
    for node in range(len(cluster.nodes)):
        cluster.ask(node, *reader.command().split())
    try:
        assert trouble(secured(cluster, "reader")) == "authentication"
    finally:
        for node in range(len(cluster.nodes)):
            cluster.ask(node, "ACL", "DELUSER", reader.name)


def test_a_large_fleet_is_given_all_its_jobs(cluster: RedisCluster) -> None:
    """As many at once as a node has no connections for."""

    def waiting() -> int:
        return sum(map(waiting_on, cluster.nodes))

    async def whole() -> Side:
        async with dispatching(cluster.url, slots=200) as side:
            side.dispatcher.take(Open(1, "shout", [b"so: "]))
            for number in range(400):
                side.ask(1, f"item {number}", first=number)
            await until(lambda: waiting() == 400 or bool(side.outages))
        return side

    side = asyncio.run(whole())
    assert side.outages == []
    assert side.answers == {}
    assert waiting() == 0


def test_connections_are_closed_where_one_was_lost() -> None:
    cluster = RedisCluster()

    def connected() -> list[int]:
        return [len(cluster.ask(node, "CLIENT", "LIST").splitlines()) - 1 for node in (1, 2)]

    async def whole() -> list[int]:
        client: Any = connect(FleetSettings(cluster.url, "shop"), text=False, timeout=5.0)
        await client.ping()
        names = [f"name {number}" for number in range(30)]
        await asyncio.gather(*map(client.get, names))
        cluster.nodes[0].kill()
        answers = await asyncio.gather(*map(client.get, names), return_exceptions=True)
        assert any(isinstance(answer, TROUBLE) for answer in answers)
        await disconnect(client)
        return connected()

    try:
        assert asyncio.run(whole()) == [0, 0]
    finally:
        cluster.close()


@pytest.mark.parametrize("shards", [1, 2, 4, 8, 16, 32, 64])
def test_queues_lie_evenly_on_nodes(shards: int) -> None:
    for grade in ("any", "llvmlite-0.50.0"):
        tags = [queue_tag("ab" * 32, grade, shard) for shard in range(shards)]
        assert len({*tags}) == shards
        for nodes in range(1, min(shards, 16) + 1):
            each = Counter(slot_of(tag.encode()) * nodes // SLOTS for tag in tags)
            assert len(each) == nodes
            assert max(each.values()) - min(each.values()) <= 1


def test_each_role_does_its_work_with_the_rights_for_clusters(
    cluster: RedisCluster, build: Callable[..., Build], hire: Callable[..., Any]
) -> None:
    for node in range(len(cluster.nodes)):
        cluster.ask(node, "ACL", "LOG", "RESET")
        for user in users(NAMES, ROLES, cluster=True):
            cluster.ask(node, *user.command().split())
    try:
        hire(secured(cluster, "worker"))
        made = build(secured(cluster, "builder"))
        made.run()
        assert made.remote.items > 0
        assert made.heard.outages == []
        made.end()
        seen = asyncio.run(look(FleetSettings(secured(cluster, "reader"), "shop")))
        assert len(seen.workers) == 1
        for node in range(len(cluster.nodes)):
            assert cluster.ask(node, "ACL", "LOG") == []
        client: Any = redis.RedisCluster.from_url(
            secured(cluster, "reader").replace("+cluster", ""), protocol=2
        )
        with contextlib.closing(client), pytest.raises(redis.exceptions.NoPermissionError):
            client.set(NAMES.worker("x"), "y")
    finally:
        for node in range(len(cluster.nodes)):
            for user in users(NAMES):
                cluster.ask(node, "ACL", "DELUSER", user.name)


def test_the_list_for_nodes_has_what_a_cluster_takes(
    hyper_worker: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    one = hyper_worker("acl", "--role", "reader").stdout
    many = hyper_worker("acl", "--role", "reader", "--cluster").stdout
    assert set(many.split()) - set(one.split()) == {"+asking", "+cluster|slots", "+command"}
