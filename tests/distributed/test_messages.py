"""Messages that somebody wrote who means no good: each is refused with a word, and no more is said of it than has room."""

from __future__ import annotations

from typing import Any

import pytest

from hyper.cache.trust import Keyring
from hyper.distributed.messages import Job, MessageError, Post

SIGNED = Post("hyper:shop:fleet", Keyring.parse("k1:" + "ab" * 32), demands=True)
OPEN = Post("hyper:shop:fleet", None, demands=False)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"key": "\ud800"}, "unsigned"),
        ({"key": "é"}, "unsigned"),
        ({"key": "k1", "signature": "\ud800"}, "forged"),
        ({"key": "k1", "body": "\ud800"}, "forged"),
        ({"type": "\ud800"}, "type"),
    ],
)
def test_what_is_no_unicode_is_refused(change: dict[str, str], fault: str) -> None:
    message: dict[str, Any] = {"version": 1, "type": "job", "body": "{}", "signature": "00"}
    with pytest.raises(MessageError) as refused:
        SIGNED.read(message | change, "job-1", Job)
    assert refused.value.fault == fault


@pytest.mark.parametrize(
    "change", [{"version": 10**4000}, {"body": '{"%s": 1}' % ("x" * 1_000_000)}]
)
def test_what_is_said_of_a_message_is_short(change: dict[str, Any]) -> None:
    """It is kept beside the job, and written into logs."""
    with pytest.raises(MessageError) as refused:
        OPEN.read({"version": 1, "type": "job", "body": "{}"} | change, "job-1", Job)
    assert len(str(refused.value)) < 400
