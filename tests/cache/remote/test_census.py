"""The census on a server: merged by writers, believed of no one else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from hyper.cache.census import BYTES, Census
from hyper.cache.remote.wire import Wire
from hyper.cache.trust import Keyring
from tests.cache.remote.conftest import raw
from tests.cache.test_census import items, seen

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.remote_server import RedisServer
    from hyper.cache.remote import RedisLayer

NAME = "hyper:shop:main:census"


def test_writers_add_to_one_another(server: RedisServer, opened: Callable[..., RedisLayer]) -> None:
    one, other = opened(server.url), opened(server.url)
    assert one.census() is None
    assert one.share_census(seen(units=5)) == seen(units=5)
    merged = other.share_census(seen(machines=2))
    assert merged == seen(units=5, machines=2) == one.census()
    assert 0 < raw(server.url, "TTL", NAME) <= 14 * 24 * 3600
    assert len(raw(server.url, "GET", NAME)) <= BYTES + 256


def test_a_change_in_between_is_seen(
    server: RedisServer, opened: Callable[..., RedisLayer], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = opened(server.url), opened(server.url)
    real = Wire.go_on
    between = [seen(actions=7)]

    def go_on(self: Wire, commands: Any) -> list[Any]:
        if between:
            assert other.share_census(between.pop()) is not None
        return real(self, commands)

    monkeypatch.setattr(Wire, "go_on", go_on)
    assert one.share_census(seen(units=5)) == seen(units=5, actions=7)
    assert one.census() == seen(units=5, actions=7)


def test_who_only_reads_adds_nothing(
    server: RedisServer, opened: Callable[..., RedisLayer]
) -> None:
    opened(server.url).share_census(seen(units=5))
    reader = opened(server.url, mode="read-only")
    assert reader.share_census(seen(units=50)) is None
    assert reader.census() == seen(units=5)


def test_scopes_and_projects_are_apart(
    server: RedisServer, opened: Callable[..., RedisLayer]
) -> None:
    opened(server.url).share_census(seen(units=5))
    branch = opened(server.url, scope="feature")
    assert branch.share_census(seen(units=9)) == seen(units=9)
    assert branch.census() == seen(units=9)
    assert opened(server.url).census() == seen(units=5)
    assert opened(server.url, "another").census() is None


@pytest.mark.parametrize(
    "value", [b"", b"x", b"HYR1\0" + bytes(200), bytes(10**6), seen(units=9).to_bytes()]
)
def test_what_is_none_is_replaced(
    server: RedisServer, opened: Callable[..., RedisLayer], value: bytes
) -> None:
    raw(server.url, "SET", NAME, value)
    layer = opened(server.url)
    assert layer.census() is None
    assert layer.share_census(seen(units=5)) == seen(units=5)
    assert layer.census() == seen(units=5)


def test_another_type_is_left_alone(server: RedisServer, opened: Callable[..., RedisLayer]) -> None:
    raw(server.url, "LPUSH", NAME, b"x")
    layer = opened(server.url)
    assert layer.census() is None
    assert layer.share_census(seen(units=5)) is None


def test_one_that_nobody_with_a_key_signed_is_not_believed(
    server: RedisServer, opened: Callable[..., RedisLayer]
) -> None:
    flooded = Census()
    flooded.add("machines", items("made up", 10_000))
    opened(server.url).share_census(flooded)
    signing = opened(server.url, keyring=Keyring([("k1", bytes(16))]))
    assert signing.census() is None
    assert signing.share_census(seen(machines=1)) == seen(machines=1)
    other = opened(server.url, keyring=Keyring([("k1", bytes(range(16)))]))
    assert other.census() is None


def test_one_of_another_scope_is_forged(
    server: RedisServer, opened: Callable[..., RedisLayer]
) -> None:
    keys = Keyring([("k1", bytes(16))])
    opened(server.url, scope="feature", keyring=keys).share_census(seen(units=9))
    raw(server.url, "SET", NAME, raw(server.url, "GET", "hyper:shop:feature:census"))
    assert opened(server.url, keyring=keys).census() is None


def test_a_server_that_is_gone_costs_nothing_but_the_figure(
    start: Callable[..., RedisServer], opened: Callable[..., RedisLayer]
) -> None:
    server = start()
    told: list[str] = []
    layer = opened(server.url, on_outage=told.append)
    server.close()
    assert layer.share_census(seen(units=5)) is None
    assert layer.share_census(seen(units=5)) is None
    assert layer.share_census(seen(units=5)) is None
    assert layer.census() is None
    assert told == ["connection"]
    layer.close()
    assert layer.census() is None
    assert layer.share_census(seen(units=5)) is None
