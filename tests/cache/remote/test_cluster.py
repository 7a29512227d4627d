"""The Redis layer on a cluster: each node is asked for what it has, and the whole is one store."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.remote_server import RedisServer
from hyper.cache.remote import Limits, RedisLayer
from hyper.cache.remote.cluster import SLOTS, ClusterWire, _ranges, slot_of
from hyper.cache.remote.settings import TLS, Address, entry_name, shown_address
from hyper.cache.remote.wire import OutageError
from hyper.cache.trust import Keyring
from tests.cache.conformance import LayerConformance
from tests.cache.entries import some_blobs
from tests.cache.test_census import seen
from tests.redis_cluster import RedisCluster

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hyper.cache.protocol import Layer

KEYS = Keyring.parse("k1:" + "ab" * 32)
PUT = some_blobs(60, 300)


class TestSigned(LayerConformance):
    @pytest.fixture
    def layer(self, cluster: RedisCluster) -> Iterator[Layer]:
        layer = RedisLayer(cluster.url, "shop", keyring=KEYS)
        yield layer
        layer.close()


@pytest.mark.parametrize(
    ("name", "slot"),
    [
        # The specification's own value of its CRC16, and its rules for braces.
        (b"123456789", 0x31C3),
        (b"{user1000}.following", slot_of(b"user1000")),
        (b"foo{}{bar}", slot_of(b"foo{}{bar}")),
        (b"foo{{bar}}zap", slot_of(b"{bar")),
        (b"foo{bar}{zap}", slot_of(b"bar")),
        (b"foo{bar", slot_of(b"foo{bar")),
    ],
)
def test_slots_are_those_of_the_server(cluster: RedisCluster, name: bytes, slot: int) -> None:
    assert slot_of(name) == slot % SLOTS == cluster.ask(0, "CLUSTER", "KEYSLOT", name)


def test_entries_lie_on_all_nodes_and_are_found_in_one_question(
    cluster: RedisCluster, opened: Callable[..., RedisLayer]
) -> None:
    opened(cluster.url).put_many("blob", PUT)
    assert sum(cluster.sizes()) == len(PUT)
    assert min(cluster.sizes()) > 0
    layer = opened(cluster.url)
    assert layer.get_many("blob", list(PUT)) == PUT
    # Who has what, and what each of the three has.
    assert layer.counters["round_trips"] == 4
    assert layer.counters["connects"] == 3
    assert layer.counters["errors"] == 0


def test_any_node_leads_to_all(cluster: RedisCluster, opened: Callable[..., RedisLayer]) -> None:
    opened(cluster.url).put_many("blob", PUT)
    for port in cluster.ports:
        found = opened(f"redis+cluster://127.0.0.1:{port}").get_many("blob", list(PUT))
        assert found == PUT


def test_writers_share_a_census(cluster: RedisCluster, opened: Callable[..., RedisLayer]) -> None:
    one, other = opened(cluster.url), opened(cluster.url)
    assert one.share_census(seen(units=5)) == seen(units=5)
    assert other.share_census(seen(machines=2)) == seen(units=5, machines=2) == one.census()


def test_a_slot_that_moved_is_looked_for_where_it_is(
    cluster: RedisCluster, opened: Callable[..., RedisLayer]
) -> None:
    layer = opened(cluster.url, key_filter=False)
    key, value = next(iter(PUT.items()))
    assert layer.get_many("blob", [key]) == {}
    slot = slot_of(entry_name("shop", "main", "blob", key))
    owner = slot * len(cluster.nodes) // SLOTS
    cluster.move(slot, (owner + 1) % len(cluster.nodes))
    try:
        layer.put_many("blob", {key: value})
        assert layer.get_many("blob", [key]) == {key: value}
        assert layer.counters["errors"] == layer.counters["refused"] == 0
    finally:
        cluster.empty()
        cluster.move(slot, owner)


def test_a_node_that_is_gone_is_an_outage_and_no_error(
    opened: Callable[..., RedisLayer],
) -> None:
    cluster = RedisCluster()
    told: list[str] = []
    try:
        limits = Limits(connect=0.5, off=0.0, off_longest=0.0)
        layer = opened(cluster.url, limits=limits, on_outage=told.append)
        layer.put_many("blob", PUT)
        cluster.nodes[0].kill()
        for _ in range(3):
            assert layer.get_many("blob", list(PUT)) == {}
        assert told == ["connection"]
        # Any other node tells of the rest, which is the address of one that is gone, too.
        layer.put_many("blob", PUT)
        assert layer.counters["hits"] == 0
    finally:
        cluster.close()


def test_a_server_that_is_no_cluster_is_told(opened: Callable[..., RedisLayer]) -> None:
    told: list[str] = []
    server = RedisServer(tcp=True)
    try:
        layer = opened(server.url.replace("redis://", "redis+cluster://"), on_outage=told.append)
        for _ in range(2):
            layer.put_many("blob", PUT)
        assert told == ["server"]
    finally:
        server.close()


def test_one_node_alone_is_refused_what_others_have(
    cluster: RedisCluster, opened: Callable[..., RedisLayer]
) -> None:
    told: list[str] = []
    layer = opened(cluster.url.replace("+cluster", ""), on_outage=told.append)
    for _ in range(2):
        layer.put_many("blob", PUT)
    assert told == ["server"]
    assert 0 < layer.counters["puts"] < 2 * len(PUT)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no fork")
def test_a_copy_of_a_process_has_connections_of_its_own(cluster: RedisCluster) -> None:
    program = f"""
import os
from hyper.cache.remote import RedisLayer
layer = RedisLayer({cluster.url!r}, "shop")
put = {{bytes([number]) * 32: b"%d" % number for number in range(50)}}
layer.put_many("action", put)
child = os.fork()
for _ in range(100):
    assert layer.get_many("action", list(put)) == put
layer.close()
if not child:
    os._exit(layer.counters["connects"] != 6)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert layer.counters["connects"] == 3
"""
    subprocess.run([sys.executable, "-W", "ignore", "-c", program], check=True, timeout=60)


WHOLE = [0, 16383, [b"10.0.0.1", 7000, b"id"]]


def test_ranges_as_servers_tell_them() -> None:
    second = [5000, 16383, [None, 7001, b"id", []], [b"10.0.0.9", 7002, b"id"]]
    first = [0, 4999, [b"", 7000]]
    assert _ranges([second, first], "h") == [(4999, ("h", 7000)), (16383, ("h", 7001))]
    assert _ranges([WHOLE], "h") == [(16383, ("10.0.0.1", 7000))]


@pytest.mark.parametrize(
    "answer",
    [
        None,
        b"OK",
        [],
        [None],
        [[0, 16383]],
        [[0, 16383, []]],
        [[0, 16383, [b"h"]]],
        [[0, 16383, [b"h", 0]]],
        [[0, 16383, [b"h", 65536]]],
        [[0, 16383, [7, 7000]]],
        [[0, b"16383", [b"h", 7000]]],
        [[0, 16382, [b"h", 7000]]],
        [[1, 16383, [b"h", 7000]]],
        [[0, 16384, [b"h", 7000]]],
        [[-1, 16383, [b"h", 7000]]],
        [WHOLE, WHOLE],
        [[0, 9, [b"h", 7000]], [11, 16383, [b"h", 7000]]],
        [[number, number, [b"h", 1 + number]] for number in range(SLOTS)],
        [WHOLE] * (SLOTS + 1),
    ],
)
def test_what_no_cluster_says_is_not_believed(answer: Any) -> None:
    with pytest.raises(OutageError):
        _ranges(answer, "h")


def test_nothing_is_asked_before_there_is_something_to_ask() -> None:
    wire = ClusterWire(Address.parse("redis+cluster://127.0.0.1:1"), TLS(), Limits())
    wire.spent = 3.0
    assert (wire.spent, wire.round_trips, wire.connects) == (3.0, 0, 0)
    with pytest.raises(OutageError):
        wire.go_on([(b"EXEC",)])
    wire.close()


@pytest.mark.parametrize("scheme", ["redis+cluster", "rediss+cluster"])
def test_addresses(scheme: str) -> None:
    url = f"{scheme}://user:secret@cluster.example.com:7000"
    address = Address.parse(url)
    assert address.cluster
    assert address.tls is scheme.startswith("rediss")
    assert (address.host, address.port, address.password) == ("cluster.example.com", 7000, "secret")
    assert shown_address(url) == f"{scheme}://cluster.example.com:7000"
    assert Address.parse(f"{url}/0").cluster


@pytest.mark.parametrize(
    "url", ["redis+cluster://h:1/2", "redis+other://h:1", "redis+://h:1/1x", "unix+cluster:///s"]
)
def test_what_is_no_address_of_a_cluster(url: str) -> None:
    with pytest.raises(ValueError, match="shared cache"):
        Address.parse(url)
