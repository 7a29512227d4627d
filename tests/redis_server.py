"""The Redis server that tests start, which the extra ``dev`` brings along. A conftest takes the fixtures that its tests need."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from benchmarks.remote_server import RedisServer, executable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.redis_cluster import RedisCluster


def require_server() -> None:
    """Skip where Redis does not run at all, and fail where it should be installed: its tests must not go missing unseen."""
    if executable() is not None:
        return
    if sys.platform == "win32":
        pytest.skip("Redis does not run on Windows")
    pytest.fail("no redis-server: the extra `dev` brings one, and REDIS_SERVER names another")


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


@pytest.fixture(scope="session")
def shared_cluster() -> Iterator[RedisCluster]:
    """Three nodes for all tests that do them no harm; emptied before each by ``cluster``."""
    require_server()
    from tests.redis_cluster import RedisCluster

    made = RedisCluster()
    yield made
    made.close()


@pytest.fixture
def cluster(shared_cluster: RedisCluster) -> RedisCluster:
    shared_cluster.empty()
    return shared_cluster


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
