"""Clients of a fleet: what they leave behind, and what they say of themselves."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING, Any

import redis

from benchmarks.remote_server import Proxy
from hyper.distributed.client import connect
from hyper.distributed.settings import FleetSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.remote_server import RedisServer


def clients(server: RedisServer) -> list[dict[str, Any]]:
    """The connections of the server but the one that asks."""
    with redis.Redis.from_url(server.url) as client:
        own = client.client_id()
        listed: list[dict[str, Any]] = client.client_list()
        return [each for each in listed if int(each["id"]) != own]


def test_closing_closes_the_connections(server: RedisServer) -> None:
    async def ask() -> int:
        client = connect(FleetSettings(server.url, "shop"), text=False)
        await client.ping()
        during = len(await asyncio.to_thread(clients, server))
        await client.aclose()
        return during

    assert asyncio.run(ask()) == 1
    assert clients(server) == []


def test_nothing_is_said_of_the_library(server: RedisServer) -> None:
    """That would be commands that the access list has to allow."""

    async def ask(settings: FleetSettings) -> Any:
        client = connect(settings, text=True)
        try:
            return await client.ping()
        finally:
            await client.aclose()

    with redis.Redis.from_url(server.url) as client:
        client.execute_command("ACL", "LOG", "RESET")
        client.execute_command("ACL", "SETUSER", "pinger", "reset", "on", ">pw", "+ping")
    named = FleetSettings(f"unix://pinger:pw@{server.path}", "shop")
    assert asyncio.run(ask(named))
    with redis.Redis.from_url(server.url) as client:
        assert client.execute_command("ACL", "LOG") == []


def test_a_server_that_is_cut_off_is_told_by_the_system(start: Callable[..., RedisServer]) -> None:
    """Calls that block have no time of their own: without this they would wait for a machine that is gone, for ever."""
    with contextlib.closing(Proxy(start().path)) as proxy:

        async def ask() -> list[int]:
            client = connect(FleetSettings(f"redis://127.0.0.1:{proxy.port}", "shop"), text=False)
            pool: Any = client.connection_pool
            connection = await pool.get_connection()
            stream: Any = connection._writer.get_extra_info("socket")
            found = [
                stream.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE),
                *(
                    stream.getsockopt(socket.IPPROTO_TCP, getattr(socket, name))
                    for name in ("TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT", "TCP_USER_TIMEOUT")
                    if hasattr(socket, name)
                ),
            ]
            await pool.release(connection)
            await client.aclose()
            return found

        alive, *times = asyncio.run(ask())
    assert alive == 1
    assert times == [10, 5, 3, 25_000][: len(times)]
