"""What goes wrong with a server, in one word."""

from __future__ import annotations

from typing import Final

import redis

from hyper.cache.remote.wire import NONSENSE
from hyper.distributed.client import root_of

_WORDS: Final = (
    (redis.exceptions.OutOfMemoryError, "full"),
    (redis.exceptions.AuthenticationError, "authentication"),
    (redis.exceptions.AuthorizationError, "authentication"),
    (redis.exceptions.NoPermissionError, "authentication"),
    (redis.exceptions.TimeoutError, "timeout"),
    (TimeoutError, "timeout"),
    (redis.exceptions.MovedError, "cluster"),
    (redis.exceptions.ClusterDownError, "down"),
    (redis.exceptions.ClusterError, "moving"),
    (redis.exceptions.TryAgainError, "moving"),
    (redis.exceptions.AskError, "moving"),
    (redis.exceptions.BusyLoadingError, "server"),
    (redis.exceptions.ConnectionError, "connection"),
    (OSError, "connection"),
    # Some of its slots are on no node.
    (redis.exceptions.RedisClusterException, "down"),
)


class FleetOutageError(Exception):
    """The server does not do what it is asked for; ``reason`` is one of the words."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


TROUBLE: Final = (
    *(redis.RedisError, redis.exceptions.RedisClusterException),
    *(OSError, FleetOutageError, TimeoutError),
    # Taking an answer apart that no server of this kind gives.
    *(*NONSENSE, AttributeError),
)
"""What anything on the server may raise: it may be something else altogether."""


def reason_of(error: BaseException) -> str:
    """``connection``, ``timeout``, ``authentication``, ``full``, ``server``, or what is about clusters (``cluster``, ``single``,
    ``down``, ``moving``), without a word of the server's or of an address."""
    if isinstance(error, FleetOutageError):
        return error.reason
    if "OOM" in str(error)[:200]:
        return "full"
    root = root_of(error)
    unclustered = isinstance(root, redis.exceptions.RedisClusterException)
    if unclustered and isinstance(root.__context__, redis.ResponseError):
        # It was asked what only a cluster knows.
        return "single"
    return next((word for kind, word in _WORDS if isinstance(root, kind)), "server")
