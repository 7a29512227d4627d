"""A Redis server, and layers on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from hyper.cache.remote import RedisLayer
from tests.redis_server import cluster, server, shared_cluster, shared_server, start

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


__all__ = ["cluster", "opened", "raw", "server", "shared_cluster", "shared_server", "start"]


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
