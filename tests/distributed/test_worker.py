from __future__ import annotations

import asyncio
import io
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import redis

from hyper.base import digest
from hyper.distributed import roster
from hyper.distributed.flights.server import Flights
from hyper.distributed.messages import Check, Checked, Item, Job
from hyper.distributed.overview import look
from hyper.distributed.pool import PoolError
from hyper.distributed.settings import open_settings
from hyper.distributed.stages import action_key, action_keys, find_registry
from hyper.distributed.worker import consumers, daemon
from hyper.distributed.worker.daemon import Daemon, Options
from hyper.distributed.worker.log import Log
from hyper.distributed.worker.work import Work
from tests.distributed.fleets import BUILD, LIMITS, Fleet, fleet, until
from tests.distributed.registry import PLACE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

    from benchmarks.remote_server import RedisServer

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="children are forks")


@pytest.fixture
def restless(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker says that it is there, and tries again, as often as it can: what is told of it then need not be waited for."""
    monkeypatch.setattr(daemon, "_BEAT", 0.05)
    monkeypatch.setattr(consumers, "_AGAIN", 0.05)


def run(server: RedisServer, body: Callable[[Fleet], Awaitable[None]], **options: Any) -> None:
    async def whole() -> None:
        async with fleet(server.url, **options) as made:
            await body(made)

    asyncio.run(whole())


def test_a_job_is_done_and_its_results_are_on_the_server(server: RedisServer) -> None:
    async def body(there: Fleet) -> None:
        done = await there.do("j1", "echo", [b"one", b"two"], [b"of "])
        assert [each.state for each in done] == ["done", "done"]
        found = await there.blobs.get(each.blob or "" for each in done)
        assert sorted(found.values()) == [b"of one", b"of two"]
        assert done[0].blob == digest.of_bytes(b"of one")
        again = await there.do("j2", "echo", [b"one", b"two"], [b"of "])
        assert [each.blob for each in again] == [each.blob for each in done]
        assert there.daemon.figures()["items_echo_done"] == 4
        assert there.daemon._pool.started == 1

    run(server, body)


def test_the_trail_tells_what_happened(server: RedisServer) -> None:
    async def body(there: Fleet) -> None:
        job = await there.job("echo", [b"one"])
        await there.send("j1", job)
        flights = Flights(there.client, there.settings.names, there.settings.keyring)
        trail = await flights.trail(there.key(job))
        assert [(each.kind, each.who) for each in trail] == [("claimed", "w1"), ("published", "w1")]
        told = await flights.job_trail("j1")
        assert told is not None
        assert [(each.kind, each.text) for each in told.events] == [("replied", "1 done")]

    run(server, body)


def test_work_that_raises_is_told_and_open_again(server: RedisServer) -> None:
    async def body(there: Fleet) -> None:
        items = [b"say before", b"raise no such thing", b"say after"]
        done = {each.state: each for each in await there.do("j1", "act", items)}
        assert done["failed"].reason == "ValueError: no such thing"
        assert len(await there.do("j2", "act", items)) == 3

    run(server, body)


def test_what_ends_each_process_is_set_aside_and_nothing_else_with_it(server: RedisServer) -> None:
    async def body(there: Fleet) -> None:
        items = [b"say one", b"kill", b"say two"]
        job = await there.job("act", items)
        done = await there.send("j1", job)
        states = {item.label: each.state for item, each in zip(job.items, done, strict=True)}
        assert states == {"say one": "done", "kill": "deadly", "say two": "done"}
        (deadly,) = [each for each in done if each.state == "deadly"]
        assert deadly.reason.count("SIGKILL") == 3
        # Nobody tries it again.
        started = there.daemon._pool.started
        (again,) = await there.do("j2", "act", [b"kill"])
        assert again.state == "deadly"
        assert there.daemon._pool.started == started
        assert "an item ended its process" in there.log.getvalue()

    run(server, body)


def test_a_build_that_is_gone_gets_nothing(server: RedisServer) -> None:
    async def body(there: Fleet) -> None:
        job = await there.job("echo", [b"one"])
        gone = msgspec.structs.replace(job, build="gone")
        assert [each.state for each in await there.send("j1", gone)] == ["withdrawn"]

    run(server, body)


def test_what_is_not_on_the_server_is_missed(server: RedisServer) -> None:
    async def body(there: Fleet) -> None:
        job = await there.job("echo", [b"one"])
        more = msgspec.structs.replace(job, items=[*job.items, Item("f" * 64)])
        assert [each.state for each in await there.send("j1", more)] == ["done", "missing"]
        without = msgspec.structs.replace(more, context=["e" * 64])
        assert [each.state for each in await there.send("j2", without)] == ["missing", "missing"]

    run(server, body)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            {"version": 2},
            "refused (version): the message has version 2; this worker knows version 1",
        ),
        ({"type": "check"}, "refused (type): the message is no job"),
        ({"body": "{}"}, "refused (forged): the signature of the message is not right"),
        ({"signature": "00"}, "refused (forged): the signature of the message is not right"),
        (
            {"key": "k2"},
            "refused (unsigned): the message is not signed with a key that is known here",
        ),
        ({"body": 1}, "refused (shape): the message has no version, type and body"),
    ],
)
def test_a_message_that_is_not_as_it_should_be_is_refused(
    server: RedisServer, change: dict[str, Any], reason: str
) -> None:
    async def body(there: Fleet) -> None:
        job = await there.job("echo", [b"one"])
        data = there.settings.post.write(job, "j1") | change
        assert (await there.add("j1", data))["failedReason"] == reason
        # A message is signed for its own job.
        moved = await there.add("j3", there.settings.post.write(job, "j2"))
        assert moved["failedReason"].startswith("refused (forged)")
        assert [each.state for each in await there.send("j4", job)] == ["done"]

    run(server, body)


@pytest.mark.parametrize(
    ("change", "fault"), [({"identity": "1" * 64}, "identity"), ({"stage": "other"}, "stage")]
)
def test_a_job_for_another_compiler_is_refused(
    server: RedisServer, change: dict[str, Any], fault: str
) -> None:
    async def body(there: Fleet) -> None:
        job = msgspec.structs.replace(await there.job("echo", [b"one"]), **change)
        event = await there.add("j1", there.settings.post.write(job, "j1"))
        assert event["failedReason"].startswith(f"refused ({fault})")
        assert there.daemon.figures()[f"refused_{fault}"] == 1

    run(server, body)


def test_without_keys_messages_need_no_signature(server: RedisServer) -> None:
    async def body(there: Fleet) -> None:
        assert there.settings.keyring is None
        assert [each.state for each in await there.do("j1", "echo", [b"one"])] == ["done"]

    run(server, body, keys="")


def test_draining_finishes_the_item_at_work_and_hands_back_the_others(server: RedisServer) -> None:
    async def body(there: Fleet) -> None:
        job = await there.job("act", [b"pause", b"say two"])
        waiting = asyncio.ensure_future(there.send("j1", job))
        await until(lambda: there.daemon._pool.busy > 0)
        there.daemon.stop()
        there.daemon.stop()
        assert [each.state for each in await waiting] == ["returned", "returned"]
        flights = Flights(there.client, there.settings.names, there.settings.keyring)
        kinds = [each.kind for each in await flights.trail(there.key(job))]
        assert kinds == ["claimed", "released"]
        assert there.daemon.status.phase in {"draining", "stopped"}

    run(server, body)


def test_it_says_that_it_is_there_until_it_ends(server: RedisServer) -> None:
    async def whole() -> None:
        async with fleet(server.url, most=3) as there:
            found = await look(there.settings)
            (worker,) = found.workers
            assert (worker.name, worker.slots, worker.grades) == (
                "w1",
                3,
                ("any", "llvmlite-0.48.0"),
            )
            assert [build.name for build in found.builds] == [BUILD]
            assert {queue.waiting for queue in found.queues} == {0}
        assert not (await look(there.settings)).workers

    asyncio.run(whole())


def test_health_readiness_and_metrics(server: RedisServer) -> None:
    async def body(there: Fleet) -> None:
        line = there.log.getvalue().splitlines()[0]
        port = int(line.rpartition("http=")[2])
        base = f"http://127.0.0.1:{port}"
        status, text = await asyncio.to_thread(_get, f"{base}/healthz")
        told = json.loads(text)
        assert (status, told["phase"], told["worker"]) == (200, "ready", "w1")
        assert "rlimits" in told["sandbox"]
        assert (await asyncio.to_thread(_get, f"{base}/readyz"))[0] == 200
        await there.do("j1", "echo", [b"one"])
        _, metrics = await asyncio.to_thread(_get, f"{base}/metrics")
        assert 'hyper_worker_items_total{stage="echo",state="done"} 1.0' in metrics
        assert (await asyncio.to_thread(_get, f"{base}/other"))[0] == 404
        there.daemon.status.become("draining")
        assert (await asyncio.to_thread(_get, f"{base}/readyz"))[0] == 503
        assert (await asyncio.to_thread(_get, f"{base}/healthz"))[0] == 200
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /healthz HTTP/1.1\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 405 ")
        writer.close()

    run(server, body, port=0)


def test_health_is_told_beside_many_who_say_nothing(server: RedisServer) -> None:
    async def body(there: Fleet) -> None:
        port = int(there.log.getvalue().splitlines()[0].rpartition("http=")[2])
        idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(300)]
        for _, writer in idle:
            writer.write(b"GET /")
        async with asyncio.timeout(4):
            status, _ = await asyncio.to_thread(_get, f"http://127.0.0.1:{port}/healthz")
        assert status == 200
        # Those that came first were ended for it.
        assert not await idle[0][0].read()
        for _, writer in idle:
            writer.close()

    run(server, body, port=0)


@pytest.mark.usefixtures("restless")
@pytest.mark.parametrize("error", [redis.ConnectionError, ValueError, None])
def test_it_ends_though_a_call_was_broken_off_by_that(
    error: type[Exception] | None, server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """redis-py may come back from a call that is cancelled with something else."""

    async def body(_: Fleet) -> None:
        called = asyncio.Event()

        async def announce(*_: object) -> None:
            called.set()
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                if error is not None:
                    raise error("cut off") from None

        monkeypatch.setattr(roster, "announce", announce)
        await called.wait()

    run(server, body)


def _get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_sources_that_somebody_sends_are_checked(server: RedisServer) -> None:
    async def body(there: Fleet) -> None:
        post, queue = there.settings.post, there.settings.names.checks()
        wrong = Check({"shop/price.intent": "calc f(x: int) -> int: x + y\n"})
        event = await there.add("c1", post.write(wrong, "c1"), queue)
        result = post.read(event["returnvalue"], "c1", Checked).result
        assert not result["success"]
        (found,) = result["diagnostics"]
        assert (found["file"], found["line"]) == ("shop/price.intent", 1)
        outside = Check({"../price.intent": ""})
        event = await there.add("c2", post.write(outside, "c2"), queue)
        assert "is no path of an intent file" in event["failedReason"]

    run(server, body, place="hyper.engine.fleet.registry:registry")


def test_an_idle_worker_shrinks_and_grows_again_when_work_comes(server: RedisServer) -> None:
    async def body(there: Fleet) -> None:
        worker = there.daemon
        # As after an idle time: no process is left.
        worker._slots = 0
        await worker._pool.resize(0)
        assert [each.state for each in await there.do("j1", "echo", [b"one"])] == ["done"]
        assert worker._slots >= 1

    run(server, body, least=0)


@pytest.mark.usefixtures("restless")
def test_a_queue_that_bullmq_leaves_is_served_again(start: Callable[..., RedisServer]) -> None:
    server = start()
    with redis.Redis.from_url(server.url) as client:
        # BullMQ's loop begins with this command, and ends where it is refused.
        client.execute_command("ACL", "SETUSER", "default", "-client")

        async def body(there: Fleet) -> None:
            await until(lambda: "a queue is not served" in there.log.getvalue())
            client.execute_command("ACL", "SETUSER", "default", "+client")
            assert [each.state for each in await there.do("j1", "echo", [b"one"])] == ["done"]
            assert there.log.getvalue().count("a queue is not served") == 1

        run(server, body)


def test_a_worker_without_processes_ends_and_takes_no_more_jobs(server: RedisServer) -> None:
    async def whole() -> None:
        async with fleet(server.url) as there:
            pool = there.daemon._pool
            pool.place = "tests.distributed.registry:fails"
            assert pool._zygote is not None
            pool._zygote._process.kill()
            await pool._zygote.lost
            job = await there.job("echo", [b"one"])
            event = await there.add("j1", there.settings.post.write(job, "j1"))
            assert event == {"failedReason": "ValueError: no stages today"}
            await until(lambda: there.daemon.status.phase == "stopped")
            assert there.log.getvalue().count("no process can be had") == 1
            flights = Flights(there.client, there.settings.names, there.settings.keyring)
            kinds = [each.kind for each in await flights.trail(there.key(job))]
            assert kinds == ["claimed", "released"]

    with pytest.raises(PoolError, match="no stages today"):
        asyncio.run(whole())


def test_everything_on_the_server_has_an_end(server: RedisServer) -> None:
    async def body(there: Fleet) -> None:
        await there.do("j1", "echo", [b"one", b"two"], [b"of "])
        await there.do("j2", "act", [b"raise no such thing", b"kill"])
        wrong = there.settings.post.write(await there.job("echo", [b"one"]), "j3") | {"version": 2}
        assert "failedReason" in await there.add("j3", wrong)

    run(server, body)
    with redis.Redis.from_url(server.url) as client:
        names = list(client.scan_iter())
        assert len(names) > 15
        assert [name for name in names if client.ttl(name) < 0] == []


@pytest.mark.usefixtures("restless")
def test_once_waits_from_when_it_is_ready(start: Callable[..., RedisServer]) -> None:
    server = start()
    server.kill()

    async def whole() -> None:
        settings = open_settings("shop", {}, server.url)
        assert settings is not None
        chosen = Options("w1", 1, 1, once=True, idle=0.5, limits=LIMITS)
        log = io.StringIO()
        worker = Daemon(settings, find_registry(PLACE), chosen, Log("text", "debug", log), "1.0")
        await asyncio.wait_for(worker.run(), 60)
        # Nobody answers: it does not wait for ever.
        assert 'reason="the server does not answer"' in log.getvalue()
        assert "ready" not in log.getvalue()
        server.start()
        chosen = msgspec.structs.replace(chosen, idle=1.5)
        worker = Daemon(settings, find_registry(PLACE), chosen, Log("text", "debug", log), "1.0")
        # As where the stages took their time to load.
        worker._last -= 3600.0
        running = asyncio.ensure_future(worker.run())
        await until(lambda: worker.status.phase == "ready")
        ready = worker._last
        await asyncio.wait_for(running, 60)
        assert time.monotonic() - ready >= 1.5

    asyncio.run(whole())


def test_what_is_on_the_server_is_not_held(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[int] = []
    put = Work._put

    async def counted(work: Work, digests: Sequence[str]) -> set[str]:
        found = await put(work, digests)
        held.append(len(work._made))
        return found

    monkeypatch.setattr(Work, "_put", counted)

    async def body(there: Fleet) -> None:
        await there.do("j1", "echo", [b"one", b"two", b"three"])
        assert held
        assert set(held) == {0}

    run(server, body)


def test_the_keys_of_a_long_job_are_worked_out_in_one_pass_of_its_context() -> None:
    context = [digest.of_bytes(b"%d" % number) for number in range(50)]
    owns = [digest.of_bytes(b"own %d" % number) for number in range(20)]
    keys = action_keys("0" * 64, "echo", context, owns)
    assert keys == [action_key("0" * 64, "echo", context, own) for own in owns]
    assert keys[0] == digest.of_parts(
        part.encode() for part in ("hyper action 1", "0" * 64, "echo", *context, owns[0])
    )

    class Counted(list[str]):
        """Counts how often it is gone through."""

        passes = 0

        def __iter__(self) -> Iterator[str]:
            self.passes += 1
            return super().__iter__()

    counted = Counted(context)
    assert action_keys("0" * 64, "echo", counted, owns) == keys
    assert counted.passes == 1


def test_who_opens_many_connections_gets_no_more(server: RedisServer) -> None:
    async def body(there: Fleet) -> None:
        port = int(there.log.getvalue().splitlines()[0].rpartition("http=")[2])
        opened = [await asyncio.open_connection("127.0.0.1", port) for _ in range(33)]
        reads = [asyncio.ensure_future(reader.read()) for reader, _ in opened]
        # One more than are served at once: the oldest is ended.
        done, _ = await asyncio.wait(reads, return_when=asyncio.FIRST_COMPLETED)
        assert done == {reads[0]}
        for _, writer in opened:
            writer.close()
        await asyncio.gather(*reads, return_exceptions=True)

    run(server, body, port=0)


@pytest.mark.usefixtures("restless")
def test_a_lost_server_is_told_once_and_found_again(
    start: Callable[..., RedisServer],
) -> None:
    server = start()

    async def body(there: Fleet) -> None:
        phases = there.daemon.status
        await there.do("j1", "echo", [b"one"])
        server.kill()
        await until(lambda: phases.phase == "lost")
        await until(lambda: there.daemon._consumers.paused)
        server.start()
        await until(lambda: phases.phase == "ready")
        await roster.announce(
            there.client, there.settings.names, roster.Build(BUILD, there.registry.identity)
        )
        # It came back empty: what was on it is sent again.
        job = Job(BUILD, there.registry.identity, "echo", [], [Item(digest.of_bytes(b"two"))])
        assert [each.state for each in await there.send("j2", job)] == ["missing"]
        assert [each.state for each in await there.do("j3", "echo", [b"two"])] == ["done"]
        assert there.log.getvalue().count("the server is lost") == 1

    run(server, body)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--seconds", "0"), "--seconds is a number of seconds from 1 to 999,999, not '0'"),
        (("--memory", "2"), "--memory is at least 1MB, not '2'"),
    ],
)
def test_limits_that_nothing_keeps_are_refused(
    words: tuple[str, ...],
    said: str,
    hyper_worker: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    """Each item would end its process, and be set aside for the whole fleet."""
    done = hyper_worker("--redis", "redis://127.0.0.1:1", *words)
    assert done.returncode == 2
    assert said in done.stderr


def test_a_worker_without_any_streams_works(server: RedisServer) -> None:
    words = [sys.executable, "-m", "hyper", "worker", "--once", "--idle", "0.2"]
    closed = 'exec "$@" <&- >&- 2>&-'
    environment = {**os.environ, "HYPER_QUEUE_URL": server.url, "HYPER_PROJECT": "shop"}
    done = subprocess.run(
        ["/bin/sh", "-c", closed, "sh", *words], env=environment, timeout=60, check=False
    )
    assert done.returncode == 0
