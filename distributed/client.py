"""Clients of the server for event loops: BullMQ's queues, flights, rosters."""

from __future__ import annotations

import asyncio
import inspect
import socket
from functools import cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from hyper.cache.remote.settings import TLS
    from hyper.distributed.settings import FleetSettings

_CONNECT: Final = 2.0
_AGAIN: Final = 0.05
_PROBES: Final = {
    "TCP_KEEPIDLE": 10,
    "TCP_KEEPINTVL": 5,
    "TCP_KEEPCNT": 3,
    "TCP_USER_TIMEOUT": 25_000,
}
"""Calls that block wait for an answer for ever: a server whose machine is gone, or is cut off, is told by the system instead, some
25 seconds later. The last is in milliseconds, and for what was sent and not heard of; systems lack some."""
_LIVELY: Final[dict[str, Any]] = {
    "socket_keepalive": True,
    "socket_keepalive_options": {
        getattr(socket, name): value for name, value in _PROBES.items() if hasattr(socket, name)
    },
}
_MOST_OF_NODE: Final = 1000
_LEAST_RETRIES: Final = 3
"""Of a client of a cluster."""
_MOST: Final = 16
"""Connections of a client whose calls do not block: whoever asks for more at once waits for one."""


def connect(
    settings: FleetSettings,
    *,
    text: bool,
    timeout: float | None = None,
    retries: int = 0,
) -> Redis:
    """A client with a pool of connections, or one for each node of a cluster; nothing is asked yet.

    Args:
        settings: Where, and as whom.
        text: Whether answers are texts (as BullMQ wants them) or bytes.
        timeout: Seconds without an answer; ``None`` for calls that block, as those of BullMQ do.
        retries: How often a call is tried again after the connection was lost.

    """
    from redis.asyncio import BlockingConnectionPool, Connection, Redis, SSLConnection
    from redis.asyncio.connection import UnixDomainSocketConnection
    from redis.asyncio.retry import Retry
    from redis.backoff import ConstantBackoff

    address = settings.address
    if address.cluster:
        # Whoever uses it while another call finds out who has what meets connections that are being closed.
        retries = max(retries, _LEAST_RETRIES)
    options: dict[str, Any] = {
        "db": address.database,
        "username": address.username,
        "password": address.password,
        "decode_responses": text,
        "socket_connect_timeout": _CONNECT,
        "socket_timeout": timeout,
        "retry": Retry(ConstantBackoff(_AGAIN), retries),
        "protocol": 2,
        **_nameless(),
    }
    if address.cluster:
        return _of_cluster(settings, options)
    kind: Any = Connection
    if address.path:
        kind = UnixDomainSocketConnection
        options["path"] = address.path
        options.pop("socket_connect_timeout")
    else:
        options |= {"host": address.host, "port": address.port, **_LIVELY}
        if address.tls:
            kind = SSLConnection
            options |= _secure(settings.tls)
    most = _MOST if timeout is not None else 10 * _MOST
    # Closing the client closes its connections. How long to wait for one is for whoever waits.
    return Redis.from_pool(BlockingConnectionPool(most, None, connection_class=kind, **options))


def _of_cluster(settings: FleetSettings, options: dict[str, Any]) -> Redis:
    from redis.asyncio.cluster import RedisCluster

    address = settings.address
    options |= {"host": address.host, "port": address.port, **_LIVELY}
    # A node of a cluster has no pool that waits for a connection: one too many is an error.
    options |= {"max_connections": _MOST_OF_NODE}
    if address.tls:
        options |= {"ssl": True, **_secure(settings.tls)}
    options.pop("db")
    # It has the methods of the other that are used here, and BullMQ takes both.
    client: Any = RedisCluster(**options)
    found: Redis = client
    return found


def _secure(tls: TLS) -> dict[str, Any]:
    return {
        "ssl_cert_reqs": "required",
        "ssl_check_hostname": True,
        "ssl_ca_certs": tls.authorities,
        "ssl_certfile": tls.certificate,
        "ssl_keyfile": tls.key,
    }


async def disconnect(client: Redis) -> None:
    """Close the connections of a client, which opens others where it is asked again. Raises what asking it does."""
    pool: Any = getattr(client, "connection_pool", None)
    if pool is not None:
        await pool.disconnect()
        return
    cluster: Any = client
    await cluster.aclose()
    # One that lost a connection takes itself for closed, and keeps those to other nodes.
    for nodes in ("nodes_cache", "startup_nodes"):
        await cluster.nodes_manager.aclose(nodes)


def bullmq_options(settings: FleetSettings, **options: Any) -> dict[str, Any]:
    """What BullMQ's classes are made with: a client of its own each, with the fleet's prefix."""
    client = connect(settings, text=True, retries=3)
    return {"connection": client, "prefix": settings.names.prefix, **options}


def cancelled() -> bool:
    """Whether this task is to end: a call that is broken off by that may come back with an error of its own, or an answer."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def root_of(error: BaseException) -> BaseException:
    """What went wrong with the server: redis-py tells a wrong password as a lost connection, and the password as its cause; and as
    the cause of having no cluster what the last of its nodes said."""
    from redis.exceptions import AuthenticationError, NoPermissionError, RedisClusterException

    cause = error.__cause__
    if isinstance(error, RedisClusterException) and cause is not None:
        return root_of(cause)
    if isinstance(error, RedisClusterException) and isinstance(
        error.__context__, NoPermissionError
    ):
        return error.__context__
    return cause if isinstance(cause, AuthenticationError) else error


def kind_of(error: BaseException) -> str:
    """The same in a word, which has neither an address nor a password in it."""
    return type(root_of(error)).__name__


@cache
def _nameless() -> dict[str, None]:
    """That nothing is said of the library and its version: that would be commands more in the access list."""
    from redis.asyncio.connection import AbstractConnection

    known = inspect.signature(AbstractConnection.__init__).parameters
    return dict.fromkeys(["driver_info"] if "driver_info" in known else ["lib_name", "lib_version"])
