"""The Redis layer on a cluster: each node is asked for what it has, and the whole is one store."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
from bisect import bisect_left
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.remote_server import RedisServer
from hyper.cache.remote import Limits, RedisLayer
from hyper.cache.remote.cluster import ClusterWire, _ranges
from hyper.cache.remote.settings import TLS, Address, entry_name, shown_address
from hyper.cache.remote.slots import SLOTS, slot_of
from hyper.cache.remote.wire import OutageError, Wire
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
        assert told == ["single"]
    finally:
        server.close()


def test_one_node_alone_is_refused_what_others_have(
    cluster: RedisCluster, opened: Callable[..., RedisLayer]
) -> None:
    told: list[str] = []
    layer = opened(cluster.url.replace("+cluster", ""), on_outage=told.append)
    for _ in range(2):
        layer.put_many("blob", PUT)
    assert told == ["cluster"]
    assert 0 < layer.counters["puts"] < 2 * len(PUT)


def test_a_user_without_the_right_for_clusters_is_told(
    cluster: RedisCluster, opened: Callable[..., RedisLayer]
) -> None:
    told: list[str] = []
    for node in range(len(cluster.nodes)):
        cluster.ask(
            node,
            *["ACL", "SETUSER", "some", "reset", "on", ">word", "~*", "+get", "+getrange", "+set"],
        )
    try:
        layer = opened(cluster.url.replace("//", "//some:word@"), on_outage=told.append)
        for _ in range(2):
            layer.put_many("blob", PUT)
        assert told == ["authentication"]
    finally:
        for node in range(len(cluster.nodes)):
            cluster.ask(node, "ACL", "DELUSER", "some")


def test_slots_that_no_node_has_are_missed_and_no_more(
    opened: Callable[..., RedisLayer],
) -> None:
    cluster = RedisCluster(options=("--cluster-require-full-coverage", "no"))
    try:
        layer = opened(cluster.url)
        layer.put_many("blob", PUT)
        lost = next(iter(PUT))
        slot = slot_of(entry_name("shop", "main", "blob", lost))
        for node in range(len(cluster.nodes)):
            cluster.ask(node, "CLUSTER", "DELSLOTS", slot)
        layer = opened(cluster.url)
        found = layer.get_many("blob", list(PUT))
        assert found == {key: value for key, value in PUT.items() if key != lost}
        layer.put_many("blob", {lost: PUT[lost]})
        assert layer.counters["refused"] == 1
        assert layer.counters["errors"] == 0
    finally:
        cluster.close()


def test_what_is_on_its_way_to_another_node_is_found_there(
    cluster: RedisCluster, opened: Callable[..., RedisLayer]
) -> None:
    layer = opened(cluster.url)
    layer.put_many("blob", PUT)
    lost = next(iter(PUT))
    name = entry_name("shop", "main", "blob", lost)
    slot = slot_of(name)
    owner = slot * len(cluster.nodes) // SLOTS
    other = (owner + 1) % len(cluster.nodes)
    cluster.ask(other, "CLUSTER", "SETSLOT", slot, "IMPORTING", cluster.name_of(owner))
    cluster.ask(owner, "CLUSTER", "SETSLOT", slot, "MIGRATING", cluster.name_of(other))
    try:
        cluster.ask(owner, "MIGRATE", "127.0.0.1", cluster.ports[other], name, 0, 5000)
        assert layer.get_many("blob", list(PUT)) == PUT
        layer.put_many("blob", {lost: PUT[lost]})
        assert layer.counters["errors"] == layer.counters["refused"] == 0
    finally:
        cluster.empty()
        for node in (owner, other):
            cluster.ask(node, "CLUSTER", "SETSLOT", slot, "STABLE")


class Slow:
    """In the place of a wire: answers each command with its second word when it may."""

    spent = 0.0
    round_trips = 1
    connects = 1

    def __init__(self, may: threading.Event | None, error: BaseException | None = None) -> None:
        self.may = may
        self.error = error
        self.under_way = 0
        self.closed = False

    def ask(self, commands: list[tuple[bytes, ...]]) -> list[Any]:
        self.under_way += 1
        assert self.under_way == 1, "two questions at once on one wire"
        try:
            if self.error is not None:
                raise self.error
            assert self.may is None or self.may.wait(20)
            return [command[1] for command in commands]
        finally:
            self.under_way -= 1

    def close(self) -> None:
        self.closed = True


NAMES = [b"{%d}" % number for number in range(300)]
COMMANDS: list[tuple[bytes, ...]] = [(b"GET", name) for name in NAMES]


LASTS = [5460, 10922, 16383]
FIRST = bisect_left(LASTS, slot_of(NAMES[0]))
"""Who is asked by the thread that asks."""


def of_three(wires: list[Slow]) -> ClusterWire:
    """A cluster of which these are the nodes."""
    made: Any = ClusterWire(Address.parse("redis+cluster://h:1"), TLS(), Limits())
    made._lasts = LASTS
    made._nodes = [("h", port) for port in (1, 2, 3)]
    made._wires = {("h", 1 + at): wire for at, wire in enumerate(wires)}
    wire: ClusterWire = made
    return wire


def test_all_nodes_have_answered_before_an_outage_is_told() -> None:
    may = threading.Event()
    slow = Slow(may)
    wire = of_three([Slow(None, OutageError("timeout")), slow, Slow(None)])
    threading.Timer(0.05, may.set).start()
    with pytest.raises(OutageError):
        wire.ask(COMMANDS)
    assert slow.under_way == 0
    assert wire.round_trips == wire.connects == 3
    wire.close()


def test_an_interrupted_question_leaves_no_answers_to_the_next() -> None:
    may = threading.Event()
    slow = Slow(may)
    others = [slow, Slow(None)]
    wire = of_three([*others[:FIRST], Slow(None, KeyboardInterrupt()), *others[FIRST:]])
    with pytest.raises(KeyboardInterrupt):
        wire.ask(COMMANDS)
    made: Any = wire
    assert slow not in made._wires.values()
    may.set()
    wire.close()
    assert slow.closed
    assert wire.round_trips == 3


def test_nodes_are_asked_one_by_one_where_there_is_no_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def submit(*_: Any) -> None:
        raise RuntimeError("cannot schedule new futures after interpreter shutdown")

    monkeypatch.setattr(ThreadPoolExecutor, "submit", submit)
    wire = of_three([Slow(None), Slow(None), Slow(None)])
    assert wire.ask(COMMANDS) == NAMES
    wire.close()


def test_the_budget_is_one_for_all_nodes() -> None:
    """None of them answers, and each is waited for until what is granted is spent."""
    with contextlib.ExitStack() as open_ones:
        silent = [
            open_ones.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(12)
        ]
        ports = [each.getsockname()[1] for each in silent]
        limits = Limits(stall=0.1, call=0.1, budget=0.35)
        wire = ClusterWire(Address.parse(f"redis+cluster://127.0.0.1:{ports[0]}"), TLS(), limits)
        made: Any = wire
        for port in ports:
            made._wire(("127.0.0.1", port))
        reasons = []
        for _ in range(3):
            with pytest.raises(OutageError) as raised:
                wire.ask(COMMANDS)
            reasons.append(raised.value.reason)
        assert reasons[1:] == ["budget", "budget"]
        assert limits.budget <= wire.spent < 2 * limits.budget
        assert wire.connects <= 5
        wire.close()


def test_who_says_that_a_slot_moved_is_asked_who_has_what(
    cluster: RedisCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not the node of the address, which is behind the times."""
    asked: list[int] = []
    ask = Wire.ask

    def noted(self: Wire, commands: Any) -> list[Any]:
        if commands[0][0] == b"CLUSTER":
            asked.append(self._address.port)
        return ask(self, commands)

    monkeypatch.setattr(Wire, "ask", noted)
    wire = ClusterWire(Address.parse(cluster.url), TLS(), Limits())
    made: Any = wire
    made._lasts, made._nodes = [SLOTS - 1], [("127.0.0.1", cluster.ports[0])]
    (name,) = [name for name in NAMES if slot_of(name) > SLOTS * 0.9][:1]
    assert wire.ask([(b"GET", name)]) == [None]
    assert asked == [cluster.ports[2]]
    wire.close()


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
    holes = [[5, 9, [b"", 7000]], [11, 11, [b"", 7001]]]
    expected = [(4, None), (9, ("h", 7000)), (10, None), (11, ("h", 7001)), (16383, None)]
    assert _ranges(holes, "h") == expected


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
        [[0, 16384, [b"h", 7000]]],
        [[-1, 16383, [b"h", 7000]]],
        [WHOLE, WHOLE],
        [[0, 9, [b"h", 7000]], [9, 16383, [b"h", 7000]]],
        [[9, 8, [b"h", 7000]]],
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
