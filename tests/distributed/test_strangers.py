"""What workers, and those who look at a fleet, make of servers that are none and of what somebody else wrote on one."""

from __future__ import annotations

import json
import socket
import threading
from typing import TYPE_CHECKING, Any, Final

import pytest
import redis

from hyper.distributed.flights.contract import Event
from hyper.distributed.flights.lua import EVENTS
from hyper.distributed.names import Names
from hyper.distributed.overview import MOST_QUEUES
from hyper.engine.identity import identity

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator

    from benchmarks.remote_server import RedisServer
    from tests.distributed.workers import RunningWorker

NAMES: Final = Names("shop")
KEY: Final = "a" * 64
STEERS: Final = "\x1b[31mred\x07\x1b[2J"
ANSWERS: Final = {
    "fine": b"+OK\r\n",
    "nothing": b"$-1\r\n",
    "no text": b"$2\r\n\xff\xfe\r\n",
    "no number": b"$abc\r\n",
    "lists in lists": b"*1\r\n" * 20_000,
    "a line without end": b"x" * 200_000,
}


class Stranger:
    """A server that gives the same answer to each command; ``commands`` counts them, and ``many`` is set after some."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self._left = 8
        self.many = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self._listener.getsockname()[1]}"

    def close(self) -> None:
        for each in (self._listener, *self._open):
            each.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            while data := connection.recv(1 << 16):
                commands = max(data.count(b"*"), 1)
                self._left -= commands
                if self._left < 0:
                    self.many.set()
                connection.sendall(self._answer * commands)
        except OSError:
            return


@pytest.fixture
def strangers() -> Iterator[dict[str, Stranger]]:
    """One for each answer."""
    made = {name: Stranger(answer) for name, answer in ANSWERS.items()}
    yield made
    for each in made.values():
        each.close()


def test_a_worker_waits_for_a_server_that_is_one(
    strangers: dict[str, Stranger], worker: Callable[..., RunningWorker]
) -> None:
    running = {name: worker(HYPER_QUEUE_URL=stranger.url) for name, stranger in strangers.items()}
    for name, each in running.items():
        assert strangers[name].many.wait(60), (name, each.text)
        assert each.process.poll() is None, (name, each.text)
    for each in running.values():
        each.process.terminate()
    for name, each in running.items():
        assert each.wait() == 0, (name, each.text)


@pytest.mark.parametrize("action", [["status"], ["trace", KEY]])
@pytest.mark.parametrize("answer", list(ANSWERS))
def test_looking_at_what_is_no_server(
    strangers: dict[str, Stranger],
    hyper_worker: Callable[..., subprocess.CompletedProcess[str]],
    action: list[str],
    answer: str,
) -> None:
    done = hyper_worker(*action, HYPER_QUEUE_URL=strangers[answer].url)
    assert done.returncode in {0, 1}, done.stderr
    assert "internal error" not in done.stderr


@pytest.fixture
def client(server: RedisServer) -> Iterator[Any]:
    with redis.Redis.from_url(server.url) as made:
        yield made


def member(client: Any, name: str, **facts: object) -> None:
    said = {"name": name, "identity": identity(), "grades": ["any"], "slots": 1, **facts}
    client.sadd(NAMES.members("workers"), name)
    client.set(NAMES.worker(name), json.dumps(said))


def test_what_workers_say_steers_no_terminal(
    server: RedisServer,
    client: Any,
    hyper_worker: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    member(client, "w1", version=STEERS, platform="\u202egpj", processor="a\n")
    done = hyper_worker("status", HYPER_QUEUE_URL=server.url)
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 2
    assert "\\x1b" in done.stdout
    assert all(line.isprintable() for line in done.stdout.splitlines())


def test_a_name_that_is_no_text_hides_nobody(
    server: RedisServer,
    client: Any,
    hyper_worker: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    client.sadd(NAMES.members("workers"), b"\xff\xfe")
    client.sadd(NAMES.members("builds"), b"\xff")
    member(client, "w1")
    done = hyper_worker("status", "--json", HYPER_QUEUE_URL=server.url)
    assert [each["name"] for each in json.loads(done.stdout)["workers"]] == ["w1"]


def test_so_many_queues_are_looked_at(
    server: RedisServer,
    client: Any,
    hyper_worker: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    member(client, "w1")
    member(client, "w2")
    for number in range(20):
        grades = [f"g{each}" for each in range(20)]
        member(client, f"liar{number}", identity=f"{number:016x}" * 4, grades=grades, shards=64)
    done = hyper_worker("status", "--json", HYPER_QUEUE_URL=server.url)
    queues = [each["queue"] for each in json.loads(done.stdout)["queues"]]
    assert len(queues) == MOST_QUEUES + 1
    assert NAMES.queue(identity(), "any", 0) in queues


def test_what_a_trail_says_steers_no_terminal(
    server: RedisServer,
    client: Any,
    hyper_worker: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    text = json.dumps(f"{STEERS}\n")[1:-1]
    client.rpush(NAMES.trail(KEY), f"1700000000000;{EVENTS['claimed']};w1;1;{text}")
    done = hyper_worker("trace", KEY, HYPER_QUEUE_URL=server.url)
    assert done.returncode == 0, done.stderr
    assert "\\x1b" in done.stdout
    assert all(line.isprintable() for line in done.stdout.splitlines())


def test_a_trail_of_no_time(
    server: RedisServer,
    client: Any,
    hyper_worker: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    event = Event(at=999_999_999_999_999, kind="claimed", who="w1", token=1)
    client.rpush(NAMES.trail(KEY), f"{event.at};{EVENTS[event.kind]};{event.who};{event.token};")
    done = hyper_worker("trace", KEY, HYPER_QUEUE_URL=server.url)
    assert done.returncode == 0
    assert str(event.at) in done.stdout
