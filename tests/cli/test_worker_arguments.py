"""What is typed after ``hyper worker``: options of the daemon, and those of its actions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Done


def test_what_stands_before_an_action_holds_for_it(hyper: Callable[..., Done]) -> None:
    done = hyper("worker", "--json", "--project", "shop", "acl", "--role", "reader")
    (user,) = done.json("worker-acl")["users"]
    assert user["name"] == "shop-fleet-reader"
    assert hyper("worker", "--project", "x", "acl", "--project", "shop").out.count("shop-") == 4


@pytest.mark.parametrize(
    ("given", "option"),
    [
        (("--redis", "redis://x", "acl"), "--redis"),
        (("--min", "3", "acl"), "--min"),
        (("--once", "acl"), "--once"),
        (("--log", "json", "acl"), "--log"),
        (("--shards", "3", "simulate", "--units", "10", "--workers", "1"), "--shards"),
    ],
)
def test_what_does_nothing_for_an_action_is_refused(
    hyper: Callable[..., Done], given: tuple[str, ...], option: str
) -> None:
    done = hyper("worker", *given)
    assert done.code == 2
    assert done.err.startswith(f"hyper worker: {option} is for the worker itself")


@pytest.mark.parametrize("size", ["1", "999kB"])
def test_a_memory_that_ends_harmless_items_is_refused(
    hyper: Callable[..., Done], size: str
) -> None:
    done = hyper("worker", "--redis", "unix:///nowhere", "--memory", size)
    assert (done.code, done.err) == (2, f"hyper: --memory is at least 1MB, not {size!r}\n")


def test_the_least_memory_is_what_is_said(hyper: Callable[..., Done]) -> None:
    call = ("worker", "--redis", "unix:///nowhere", "--memory", "1MB", "--min", "2", "--max", "1")
    assert hyper(*call).err == "hyper: --min 2 is more than --max 1\n"


def test_an_address_that_is_none_is_named(
    hyper: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No name server is asked: a label of a name has 63 characters."""
    del monkeypatch
    place = f"{'x' * 70}:80"
    done = hyper("worker", "--redis", "unix:///nowhere", "--once", "--http", place)
    assert done.code == 1
    assert f"the worker cannot run: --http {place}: " in done.err
