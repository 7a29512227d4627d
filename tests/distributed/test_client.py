"""Clients of a fleet: what they leave behind, and what they say of themselves."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import redis

from hyper.distributed.client import connect
from hyper.distributed.settings import FleetSettings

if TYPE_CHECKING:
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
