"""A Redis server, workers, and those who look at them."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from hyper.cli import main
from tests.distributed.workers import RunningWorker, environment
from tests.redis_server import cluster, server, shared_cluster, shared_server, start

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


__all__ = [
    "cluster",
    "hyper_worker",
    "server",
    "shared_cluster",
    "shared_server",
    "start",
    "worker",
]


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
