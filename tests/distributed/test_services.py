"""Workers as services: where their health is told, and how they end that cannot run."""

from __future__ import annotations

import asyncio
import json
import sys
import urllib.request
from typing import TYPE_CHECKING, Any, Final

import pytest

from hyper.cli import main
from hyper.distributed.pool import PoolError
from hyper.distributed.worker.daemon import Daemon
from tests.cli.conftest import Done
from tests.distributed.fleets import fleet

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from benchmarks.remote_server import RedisServer
    from tests.distributed.workers import RunningWorker

# The loopback of Linux has more addresses than one.
ELSEWHERE: Final = "127.0.0.2" if sys.platform == "linux" else "127.0.0.1"


@pytest.mark.parametrize(
    ("place", "host"), [("0", "127.0.0.1"), (":0", "127.0.0.1"), ("0.0.0.0:0", ELSEWHERE)]
)
def test_health_is_told_where_it_is_asked_for(
    server: RedisServer, worker: Callable[..., RunningWorker], place: str, host: str
) -> None:
    running = worker("--http", place, HYPER_QUEUE_URL=server.url)
    port = running.until("starting")["http"]
    running.until("ready")
    for page, key in (("healthz", "worker"), ("readyz", "phase")):
        with urllib.request.urlopen(f"http://{host}:{port}/{page}", timeout=30) as answer:
            assert key in json.loads(answer.read())
    assert running.stop() == 0


@pytest.mark.parametrize("place", ["x", "127.0.0.1:x", "127.0.0.1:70000", "127.0.0.1:"])
def test_a_place_that_is_none_is_a_wrong_call(
    hyper_worker: Callable[..., subprocess.CompletedProcess[str]], place: str
) -> None:
    done = hyper_worker("--http", place, HYPER_QUEUE_URL="redis://127.0.0.1:1")
    assert done.returncode == 2
    assert "--http is a number" in done.stderr


def test_an_address_of_another_machine_is_told(
    hyper_worker: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    done = hyper_worker("--http", "203.0.113.7:0", HYPER_QUEUE_URL="redis://127.0.0.1:1")
    assert done.returncode == 1
    assert "the worker cannot run: " in done.stderr


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (("--idle", "3"), "--idle is for --once"),
        (("--fleet", "a:b"), "a fleet is named with up to 100 letters"),
        (("--redis", "http://queue:6379"), "(--redis, HYPER_QUEUE_URL) is redis://HOST:PORT"),
    ],
)
def test_wrong_values_are_told_with_what_is_right(
    capsys: pytest.CaptureFixture[str], wrong: tuple[str, ...], said: str
) -> None:
    assert main(["worker", "--redis", "redis://127.0.0.1:1", *wrong]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("action", [(), ("status",), ("trace", "ab" * 32)])
def test_a_project_that_is_none_is_no_other_project(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], action: tuple[str, ...]
) -> None:
    monkeypatch.setenv("HYPER_PROJECT", "a b")
    assert main(["worker", "--redis", "redis://127.0.0.1:1", *action]) == 2
    assert capsys.readouterr().err.startswith("hyper: HYPER_PROJECT: a project is named with")


def test_objects_are_as_their_schemas_say(
    server: RedisServer,
    worker: Callable[..., RunningWorker],
    hyper_worker: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    running = worker("--name", "one", "--json", HYPER_QUEUE_URL=server.url)
    running.until("ready")

    def told(schema: str, *words: str) -> dict[str, Any]:
        done = hyper_worker(*words, "--json", HYPER_QUEUE_URL=server.url)
        return Done(done.returncode, done.stdout, done.stderr).json(schema)

    status = told("worker-status", "status")
    assert [each["name"] for each in status["workers"]] == ["one"]
    assert told("error", "trace", "ab" * 32)["error"]["code"] == "fleet"
    assert running.stop() == 0
    ended = Done(0, running.text[running.text.index("{\n") :], "").json("worker")
    assert ended["worker"] == "one"


def test_a_trace_is_as_its_schema_says(
    server: RedisServer, hyper_worker: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    async def do() -> str:
        async with fleet(server.url) as there:
            job = await there.job("echo", [b"one"])
            await there.send("j1", job)
            assert there.daemon.status.done == 1
            return there.key(job)

    key = asyncio.run(do())
    for name in ("j1", key, key[:12]):
        done = hyper_worker("trace", name, "--json", HYPER_QUEUE_URL=server.url)
        found = Done(done.returncode, done.stdout, done.stderr).json("worker-trace")
        assert found["kind"] == ("job" if name == "j1" else "action")
        assert found["events"]


def test_a_pool_that_does_not_start_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    async def fail(_: Any) -> None:
        raise PoolError("no process can be started: no room")

    monkeypatch.setattr(Daemon, "run", fail)
    monkeypatch.chdir(tmp_path)
    assert main(["worker", "--redis", "redis://127.0.0.1:1", "--project", "shop"]) == 1
    said = capsys.readouterr().err
    assert said == "hyper: the worker cannot run: no process can be started: no room\n"
