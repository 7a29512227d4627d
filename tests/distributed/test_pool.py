from __future__ import annotations

import os

import pytest

from tests.distributed.pools import BRIEF, act, outcomes, task

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="children are forks")


def test_results_come_in_order() -> None:
    found = outcomes(task("echo", "one", "two", "", context="of "))
    assert [(each.index, each.state, each.data) for each in found] == [
        (0, "done", b"of one"),
        (1, "done", b"of two"),
        (2, "done", b"of "),
    ]


@pytest.mark.parametrize(
    ("what", "state", "reason"),
    [
        ("raise no such thing", "failed", "ValueError: no such thing"),
        ("leave 3", "failed", "SystemExit: 3"),
        ("text of no bytes", "failed", "TypeError: the stage gave a str, and no bytes"),
        (
            f"large {(1 << 20) + 1}",
            "failed",
            "ValueError: the result has 1048577 bytes, and may have 1048576",
        ),
        ("allocate 1000", "memory", "it needs more memory than it may have"),
        ("exit 3", "died", "its process exited with 3"),
        ("kill", "died", "its process was ended by SIGKILL, as systems without memory do"),
        ("overflow", "died", "its process was ended by SIGSEGV"),
        ("scribble \x01\x00\x00\x00\x00\x00\x00\x00\xc1", "died", "it said what it should not"),
        ("close", "died", "its process closed its socket"),
        ("scribble \x00\x00\x00\x00\x00\x00\x00\x7f", "died", "it said what it should not"),
    ],
)
def test_what_becomes_of_an_item_is_its_own(what: str, state: str, reason: str) -> None:
    before, found, after = outcomes(act("say before", what, "say after"))
    assert (before.state, before.data) == ("done", b"before")
    assert (found.index, found.state, found.reason) == (1, state, reason)
    assert (after.index, after.state, after.data) == (2, "done", b"after")


@pytest.mark.parametrize("what", ["spin", "pause"])
def test_an_item_has_so_much_time(what: str) -> None:
    found, after = outcomes(act(what, "say after"), BRIEF)
    assert (found.index, found.state) == (0, "time")
    assert found.reason == "it took longer than 0.2 seconds"
    assert (after.index, after.state) == (1, "done")
