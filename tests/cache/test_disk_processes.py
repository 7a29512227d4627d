"""Several processes and one store: killed at any moment, two at once, and copies of one process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hyper.cache.disk import DiskLayer
from tests.cache import beside
from tests.cache.entries import action, some_blobs

ROOT = Path(__file__).resolve().parents[2]


def start(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def printed(process: subprocess.Popen[str]) -> str:
    text, _ = process.communicate(timeout=300)
    assert process.returncode == 0, text
    return text


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no fork")
def test_a_build_that_is_killed_at_any_moment_spoils_nothing(folder: str) -> None:
    words = printed(start("-m", "tests.cache.killed", folder, "60")).split()
    assert words[0] == "killed"
    assert int(words[1]) >= 55


def test_builds_at_once_share_a_store(folder: str) -> None:
    running = [start("-m", "tests.cache.beside", folder, str(number)) for number in range(3)]
    for process in running:
        counters = json.loads(printed(process))
        assert counters["errors"] == counters["dropped"] == counters["misses"] == 0
    store = DiskLayer(folder)
    assert store.stats().leased == 0
    for number in (0, 1, 2, 90):
        for each in range(beside.ROUNDS):
            put = some_blobs(4, 700, seed=100 * number + each)
            assert store.get_many("blob", list(put)) == put
    assert store.verify().dropped == 0
    store.close()


FORK = f"""
import os, sys
sys.path.insert(0, {str(ROOT)!r})
from hyper.cache.disk import DiskLayer
from tests.cache.entries import action
store = DiskLayer(sys.argv[1])
store.put_many("action", {{action(1): b"flushed"}})
store.flush()
store.put_many("action", {{action(2): b"pending"}})
process = os.fork()
if process == 0:
    assert store.get_many("action", [action(1), action(2)]) == {{action(1): b"flushed"}}
    store.put_many("action", {{action(3): b"the copy's"}})
    store.close()
    os._exit(0)
assert os.waitpid(process, 0)[1] == 0
process = os.fork()
if process == 0:
    assert store.stats().actions == 2
    assert store.verify().entries == 2
    store.close()
    os._exit(0)
assert os.waitpid(process, 0)[1] == 0
assert len(store.get_many("action", [action(1), action(2), action(3)])) == 3
assert len(os.listdir(sys.argv[1] + "/leases")) == 1
store.close()
assert store.counters["errors"] == 0
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no fork")
def test_a_copy_of_a_process_has_connections_of_its_own(folder: str) -> None:
    printed(start("-c", FORK, folder))
    store = DiskLayer(folder)
    assert len(store.get_many("action", [action(number) for number in (1, 2, 3)])) == 3
    store.close()
