"""A Redis server, and layers on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.remote_server import RedisServer
from hyper.cache.remote import RedisLayer
from tests.redis_server import require_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(scope="session")
def shared_server() -> Iterator[RedisServer]:
    """One for all tests that do it no harm; emptied before each by ``server``."""
    require_server()
    server = RedisServer()
    yield server
    server.close()


@pytest.fixture
def server(shared_server: RedisServer) -> RedisServer:
    raw(shared_server.url, "FLUSHALL")
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
def opened() -> Iterator[Callable[..., RedisLayer]]:
    """Makes layers that are closed after the test."""
    layers: list[RedisLayer] = []

    def opening(url: str, project: str = "shop", **options: Any) -> RedisLayer:
        layers.append(RedisLayer(url, project, **options))
        return layers[-1]

    yield opening
    for layer in layers:
        layer.close()


def raw(url: str, *command: str | bytes) -> Any:
    """The server's own answer."""
    import redis

    with redis.Redis.from_url(url) as client:
        return client.execute_command(*command)
