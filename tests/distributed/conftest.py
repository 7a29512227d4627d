"""A Redis server for the tests of a fleet."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from benchmarks.remote_server import RedisServer
from hyper.cli import main
from tests.distributed.workers import RunningWorker, environment
from tests.redis_server import require_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def shared_server() -> Iterator[RedisServer]:
    """One for all tests that do it no harm; emptied before each by ``server``."""
    require_server()
    server = RedisServer()
    yield server
    server.close()


@pytest.fixture
def server(shared_server: RedisServer) -> RedisServer:
    import redis

    with redis.Redis.from_url(shared_server.url) as client:
        client.flushall()
    return shared_server


@pytest.fixture
def start() -> Iterator[Callable[..., RedisServer]]:
    """Starts servers that are ended after the test."""
    require_server()
    started: list[RedisServer] = []

    def starting(*options: str) -> RedisServer:
        started.append(RedisServer(*options))
        return started[-1]

    yield starting
    for each in started:
        each.close()


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Callable[..., RunningWorker]]:
    """Starts workers in a folder of their own, which are ended after the test."""
    folder = tmp_path / "worker"
    folder.mkdir()
    started: list[RunningWorker] = []

    def starting(*arguments: str, **variables: str) -> RunningWorker:
        started.append(RunningWorker(folder, *arguments, **variables))
        return started[-1]

    yield starting
    for each in started:
        each.stop()


@pytest.fixture
def hyper_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs ``hyper worker`` with words until it ends, in an empty folder, with variables of its environment."""

    def run(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        with monkeypatch.context() as given:
            given.chdir(tmp_path)
            for name in os.environ.keys() - environment().keys():
                given.delenv(name)
            for name, value in environment(**variables).items():
                given.setenv(name, value)
            capsys.readouterr()
            code = main(["worker", *words])
        told = capsys.readouterr()
        return subprocess.CompletedProcess(words, code, told.out, told.err)

    return run
