"""What a server does to a build that goes on: nothing but time, and little of it."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from hyper.cache.remote import Limits, RedisLayer
from hyper.cache.remote.breaker import Breaker
from tests.cache.entries import action, some_blobs
from tests.cache.remote.conftest import raw
from tests.cache.stores import Clock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.remote_server import RedisServer

PUT = {action(number): b"%d" % number for number in range(10)}


def test_a_server_that_dies_in_mid_build_and_comes_back_empty(
    start: Callable[..., RedisServer], opened: Callable[..., RedisLayer]
) -> None:
    server, clock, told = start(), Clock(), list[str]()
    layer = opened(server.url, clock=clock, on_outage=told.append)
    layer.put_many("action", PUT)
    assert layer.get_many("action", list(PUT)) == PUT
    server.kill()
    for _ in range(20):
        assert layer.get_many("action", list(PUT)) == {}
        layer.put_many("action", PUT)
    layer.flush()
    counters = layer.counters
    assert counters["errors"] == counters["off"] / 19 == 2
    assert counters["outages"] == 1
    assert counters["refused"] == 200
    server.start()
    assert layer.get_many("action", list(PUT)) == {}
    assert layer.counters["off"] == counters["off"] + 1
    clock.now += Limits().off
    assert layer.get_many("action", list(PUT)) == {}
    layer.put_many("action", PUT)
    assert layer.get_many("action", list(PUT)) == PUT
    assert told == ["connection"]


def test_a_server_that_was_restarted_between_two_questions_costs_no_question(
    start: Callable[..., RedisServer], opened: Callable[..., RedisLayer]
) -> None:
    server = start()
    layer = opened(server.url)
    layer.put_many("action", PUT)
    server.kill()
    server.start()
    layer.put_many("action", PUT)
    assert layer.get_many("action", list(PUT)) == PUT
    assert layer.counters["errors"] == 0
    assert layer.counters["connects"] == 2


def test_a_frozen_server_costs_what_was_granted(
    start: Callable[..., RedisServer], opened: Callable[..., RedisLayer]
) -> None:
    server, clock, told = start(), Clock(), list[str]()
    limits = Limits(stall=1.0, call=2.0)
    layer = opened(server.url, clock=clock, limits=limits, on_outage=told.append)
    layer.put_many("action", PUT)
    server.freeze()
    for _ in range(20):
        assert layer.get_many("action", list(PUT)) == {}
    layer.flush()
    assert layer.counters["errors"] == 2
    assert told == ["timeout"]
    server.thaw()
    clock.now += limits.off
    assert layer.get_many("action", list(PUT)) == PUT


def test_the_budget_of_a_build_is_all_that_it_waits(
    start: Callable[..., RedisServer], opened: Callable[..., RedisLayer]
) -> None:
    server, told = start(), list[str]()
    limits = Limits(stall=1.0, budget=1.5, failures=1000)
    layer = opened(server.url, limits=limits, on_outage=told.append)
    layer.put_many("action", PUT)
    server.freeze()
    for _ in range(20):
        layer.get_many("action", list(PUT))
    assert layer.counters["errors"] <= 2
    assert layer.counters["off"] >= 18
    assert told == ["budget"]
    server.thaw()
    layer.flush()
    assert layer.get_many("action", list(PUT)) == PUT


def test_a_spent_budget_is_no_failure_of_the_server(
    server: RedisServer, opened: Callable[..., RedisLayer]
) -> None:
    layer = opened(server.url, limits=Limits(failures=1))
    layer.put_many("action", PUT)
    layer._wire.spent = 1e9
    assert layer.get_many("action", list(PUT)) == {}
    layer.flush()
    assert layer.counters["errors"] == layer.counters["outages"] == 0
    assert layer.get_many("action", list(PUT)) == PUT


def test_a_full_server_is_still_read(
    start: Callable[..., RedisServer], opened: Callable[..., RedisLayer]
) -> None:
    server, clock = start("--maxmemory", "3mb", "--maxmemory-policy", "noeviction"), Clock()
    layer = opened(server.url, clock=clock)
    layer.put_many("action", PUT)
    for step in range(10):
        layer.put_many("blob", some_blobs(1, 500_000, step))
    layer.flush()
    counters = layer.counters
    assert 0 < counters["refused"] < 10
    assert counters["outages"] == 1
    assert counters["off"] > 0
    assert layer.get_many("action", list(PUT)) == PUT
    raw(server.url, "CONFIG", "SET", "maxmemory", "100mb")
    clock.now += Limits().off
    layer.put_many("blob", some_blobs(1, 1000))
    assert layer.get_many("blob", list(some_blobs(1, 1000)))


@pytest.fixture
def answering() -> Iterator[Callable[[bytes], str]]:
    """Starts what is no Redis server: it says something to everybody, a byte at a time if that is long."""
    ended = threading.Event()
    servers: list[tuple[socket.socket, threading.Thread]] = []

    def start(said: bytes, *, drops: bool = False) -> str:
        listener = socket.create_server(("127.0.0.1", 0))

        def serve() -> None:
            while not ended.is_set():
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                with client:
                    _say(client, said, drops=drops, ended=ended)

        servers.append((listener, threading.Thread(target=serve, daemon=True)))
        servers[-1][1].start()
        return f"redis://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    ended.set()
    for listener, thread in servers:
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
        listener.close()


def _say(client: socket.socket, said: bytes, *, drops: bool, ended: threading.Event) -> None:
    try:
        client.recv(100)
        client.sendall(said)
        while drops and not ended.wait(0.02):
            client.sendall(b"x")
    except OSError:
        return


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"$-5\r\n",
        b"$x\r\n",
        b":1\r\n",
        b"*1\r\n:1\r\n",
        b"-LOADING Redis is loading\r\n",
        b"-NOAUTH Authentication required.\r\n",
        b"-MOVED 1 10.0.0.1:6379\r\n",
        b"-MASTERDOWN no link\r\n",
        b"+OK\r\n",
        b"+OK\r\n" * 50,
        b":1\r\n" * 50,
        b"$-1\r\n" * 50,
        b"*0\r\n" * 50,
        b"*2\r\n$1\r\n1\r\n:5\r\n" * 50,
        b"\x00" * 1000,
        b"$5\r\nab",
        b"*1\r\n" * 20_000,
        b"$99999999999999999999\r\n",
        b"*99999999999999999999\r\n",
        b":1x\r\n",
        b"-\r\n",
        b"-\xff\xfe \xff\r\n",
        b"\r\n",
        b"\n",
    ],
)
def test_what_is_no_such_server(
    answering: Callable[[bytes], str], opened: Callable[..., RedisLayer], said: bytes
) -> None:
    layer = opened(answering(said), limits=Limits(stall=0.1, call=0.2))
    for _ in range(4):
        assert layer.get_many("action", [action(1)]) == {}
        layer.put_many("action", {action(1): b"result"})
    layer.flush()
    layer.close()
    assert layer.counters["hits"] == 0


def test_answers_in_drops_are_cut_off(
    answering: Callable[..., str], opened: Callable[..., RedisLayer]
) -> None:
    told = list[str]()
    layer = opened(
        answering(b"$60000\r\n", drops=True),
        limits=Limits(stall=5.0, call=0.2, failures=1),
        on_outage=told.append,
    )
    assert layer.get_many("action", [action(1)]) == {}
    assert told == ["timeout"]


@pytest.mark.parametrize(
    "url",
    [
        "redis://127.0.0.1:1",
        "unix:///nowhere/s",
        "redis://no-such-host.invalid",
        "rediss://127.0.0.1:1",
    ],
)
def test_nobody_is_there(opened: Callable[..., RedisLayer], url: str) -> None:
    layer = opened(url)
    assert layer.get_many("action", [action(1)]) == {}
    layer.put_many("action", {action(1): b"result"})
    layer.flush()
    assert layer.counters["errors"] == 2
    assert layer.counters["outages"] == 1


def test_the_breaker() -> None:
    clock = Clock()
    breaker = Breaker(2, 5.0, 12.0, clock)
    states = [breaker.on]
    turned_off = [breaker.failed()]
    states.append(breaker.on)
    turned_off.append(breaker.failed())
    states.append(breaker.on)
    assert states == [True, True, False]
    assert turned_off == [False, True]
    for off in (5.0, 10.0, 12.0, 12.0):
        clock.now += off - 0.5
        early = breaker.on
        clock.now += 0.5
        assert (early, breaker.on) == (False, True)
        assert breaker.failed()
    clock.now += 12.0
    breaker.succeeded()
    assert not breaker.failed()
    assert breaker.failed(surely=True)
    clock.now += 5.0
    assert breaker.on


def test_one_success_ends_a_row_of_failures() -> None:
    breaker = Breaker(2, 5.0, 12.0, Clock())
    for _ in range(5):
        breaker.failed()
        breaker.succeeded()
    assert breaker.on


def test_a_child_has_a_connection_of_its_own(server: RedisServer) -> None:
    program = f"""
import os
from hyper.cache.remote import RedisLayer
layer = RedisLayer({server.url!r}, "shop")
put = {{bytes([number]) * 32: b"%d" % number for number in range(50)}}
layer.put_many("action", put)
child = os.fork()
for _ in range(200):
    assert layer.get_many("action", list(put)) == put
layer.close()
if not child:
    os._exit(layer.counters["connects"] != 2)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert layer.counters["connects"] == 1
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_threads_share_a_layer(server: RedisServer, opened: Callable[..., RedisLayer]) -> None:
    layer = opened(server.url)

    def work(first: int) -> int:
        put = {action(first * 1000 + number): b"%d" % first for number in range(50)}
        layer.put_many("action", put)
        return sum(layer.get_many("action", [key]) == {key: put[key]} for key in put)

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(work, range(8))) == [50] * 8
    assert layer.counters["errors"] == 0
    assert layer.counters["connects"] == 1
