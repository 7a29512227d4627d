"""Workers as services: where their health is told, and how they end that cannot run."""

from __future__ import annotations

import json
import sys
import urllib.request
from typing import TYPE_CHECKING, Any, Final

import pytest

from hyper.cli import main
from hyper.distributed.pool import PoolError
from hyper.distributed.worker.daemon import Daemon

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
