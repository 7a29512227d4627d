"""``hyper worker acl``: what is printed. What the rules allow is in ``tests/distributed/test_acl.py``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hyper.distributed.acl import COMMANDS, ROLES

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Done


def test_a_command_for_each_role(hyper: Callable[..., Done]) -> None:
    done = hyper("worker", "acl", "--project", "shop")
    assert done.code == 0
    lines = done.out.splitlines()
    assert [line.split()[2] for line in lines] == [f"shop-fleet-{role}" for role in ROLES]
    for role, line in zip(ROLES, lines, strict=True):
        assert line.startswith(f"ACL SETUSER shop-fleet-{role} reset on >{role.upper()}-PASSWORD ~")
        assert set(line.split(" +")[1:]) == COMMANDS[role]


def test_the_lines_of_a_file(hyper: Callable[..., Done]) -> None:
    done = hyper(
        "worker", "acl", "--project", "shop", "--fleet", "ci/a", "--file", "--role", "reader"
    )
    first, second = done.out.splitlines()
    assert first == "user default off"
    assert second.startswith("user shop-ci/a-reader reset on >READER-PASSWORD ~hyper:shop:ci/a:* +")


def test_one_object(hyper: Callable[..., Done], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYPER_PROJECT", "other")
    monkeypatch.setenv("HYPER_FLEET", "nightly")
    value = hyper("worker", "acl", "--json", "--role", "worker").json("worker-acl")
    (user,) = value["users"]
    assert (user["role"], user["name"]) == ("worker", "other-nightly-worker")


@pytest.mark.parametrize(
    "wrong",
    [("--project", "a b"), ("--project", "shop", "--fleet", "main"), ("--role", "owner")],
)
def test_wrong_words(hyper: Callable[..., Done], wrong: tuple[str, ...]) -> None:
    assert hyper("worker", "acl", *wrong).code == 2
